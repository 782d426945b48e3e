"""Nothing grows past what a person reads at once. What already is too large may only shrink."""

import ast
import json
from pathlib import Path

import pytest

from tests.house.sources import Function, functions, line_count, product_modules

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
POSITIONAL_MAX = 5
EXCEPTIONS = Path(__file__).with_name("size_exceptions.json")


def lines_of(function: Function) -> int:
    """From `def` to the end, without the docstring: explaining much is no fault."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def _is_called_by_name(function: Function) -> bool:
    """Whether a framework calls it: numba knows no keyword-only arguments, Typer makes options."""
    decorators = " ".join(ast.unparse(one) for one in function.decorator_list)
    return any(word in decorators for word in ("jit", "compiled", ".command(", ".callback("))


def too_large() -> dict[str, int]:
    """Everything over a limit, by name, with its size."""
    sizes = {}
    for name, tree in product_modules().items():
        if (lines := line_count(name)) > MODULE_LINES_MAX:
            sizes[name] = lines
        for function_name, function in functions(tree):
            if (lines := lines_of(function)) > FUNCTION_LINES_MAX:
                sizes[f"{name}:{function_name}"] = lines
    return sizes


def test_no_module_or_function_is_too_large_and_the_old_ones_only_shrink() -> None:
    allowed = json.loads(EXCEPTIONS.read_text(encoding="utf-8"))
    found = too_large()
    new_or_grown = {name: size for name, size in found.items() if size > allowed.get(name, 0)}
    assert not new_or_grown, f"split these (modules 400 lines, functions 50): {new_or_grown}"
    shrunk = {name: found.get(name, 0) for name in allowed if found.get(name, 0) < allowed[name]}
    assert not shrunk, (
        f"well done; write the new sizes into {EXCEPTIONS.name} (0: remove): {shrunk}"
    )


def test_functions_take_few_arguments_by_place() -> None:
    crowded = {}
    for name, tree in product_modules().items():
        for function_name, function in functions(tree):
            if _is_called_by_name(function):
                continue
            by_place = [*function.args.posonlyargs, *function.args.args]
            count = len([one for one in by_place if one.arg not in ("self", "cls")])
            if count > POSITIONAL_MAX:
                crowded[f"{name}:{function_name}"] = count
    assert not crowded, f"make these keyword-only after the second: {crowded}"


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("def f():\n    return 1\n", 2),
        ('def f():\n    """A.\n\n    B.\n    """\n    return 1\n', 2),
    ],
)
def test_a_docstring_does_not_count(source: str, lines: int) -> None:
    ((_, function),) = functions(ast.parse(source))
    assert lines_of(function) == lines
