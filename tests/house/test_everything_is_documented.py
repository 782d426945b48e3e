"""Each refusal, fact, setting and public name says what it is, where people look for it."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import reference_pages
from tests.house.sources import ROOT, Function, product_modules


def _undocumented(node: ast.Module | ast.ClassDef, name: str) -> Iterator[str]:
    """Public names below `node` without a docstring, and `node` itself."""
    if ast.get_docstring(node) is None:
        yield name
    for child in node.body:
        if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            yield from _undocumented(child, f"{name}:{child.name}")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and _owes(child):
            yield f"{name}:{child.name}"


def _owes(function: Function) -> bool:
    """Whether a function lacks a docstring that it should have.

    An attribute that a protocol asks for is a property without a body; its class speaks for it.
    """
    if function.name.startswith("_") or ast.get_docstring(function) is not None:
        return False
    is_property = any(ast.unparse(one) == "property" for one in function.decorator_list)
    return not (is_property and ast.unparse(function.body[0]) == "...")


def test_every_public_module_class_and_function_says_what_it_promises() -> None:
    silent = [one for name, tree in product_modules().items() for one in _undocumented(tree, name)]
    assert not silent


@pytest.fixture(scope="module")
def pages() -> dict[Path, str]:
    return reference_pages.pages()


def test_the_reference_pages_are_what_the_code_says(pages: dict[Path, str]) -> None:
    behind = [
        str(path.relative_to(ROOT))
        for path, page in pages.items()
        if not path.exists() or path.read_text(encoding="utf-8") != page
    ]
    assert not behind, "run `python3 dev.py docs`"


@pytest.mark.usefixtures("pages")
def test_every_refusal_has_a_code_of_its_own() -> None:
    without = [one.__name__ for one in reference_pages.refusals() if "code" not in vars(one)]
    assert not without
    codes = Counter(one.code for one in reference_pages.refusals())
    assert not [code for code, times in codes.items() if times > 1]


@pytest.mark.usefixtures("pages")
def test_every_fact_has_a_kind_of_its_own() -> None:
    kinds = Counter(one.kind for one in reference_pages.events())
    assert not [kind for kind, times in kinds.items() if times > 1]
    assert not [one.__name__ for one in reference_pages.events() if not one.topic]


@pytest.mark.usefixtures("pages")
def test_every_setting_says_what_it_decides() -> None:
    silent = [
        f"{found.__name__}.{name}"
        for found in reference_pages.settings_classes()
        for name, field in found.model_fields.items()
        if not field.description
    ]
    assert not silent
