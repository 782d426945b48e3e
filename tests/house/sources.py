"""What the house rules look at: the product's modules as syntax trees, and every tracked text."""

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

from infra.reference_pages import rooms

ROOT = Path(__file__).resolve().parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def tracked_files() -> tuple[Path, ...]:
    """Every file under version control, and those about to be."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = sorted(set(listing.stdout.decode().split("\0")) - {""})
    return tuple(path for path in (ROOT / name for name in names) if path.is_file())


def tracked_texts() -> Iterator[tuple[str, str]]:
    """Name and text of every tracked file that is text."""
    for path in tracked_files():
        raw = path.read_bytes()
        if b"\0" not in raw[:8000]:
            yield str(path.relative_to(ROOT)), raw.decode("utf-8", errors="replace")


@functools.cache
def product_modules() -> dict[str, ast.Module]:
    """The syntax tree of every module of the product and of its tools, by file name; no tests."""
    homes = (*rooms(), "infra", "clients")
    found = {}
    for path in tracked_files():
        name = str(path.relative_to(ROOT))
        if name.endswith(".py") and ("/" not in name or Path(name).parts[0] in homes):
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
    assert len(found) > 50, "the house tests must not pass on an empty house"
    return found


def line_count(name: str) -> int:
    """How many lines a tracked file has."""
    return (ROOT / name).read_text(encoding="utf-8").count("\n")


def functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Every function of a module with its dotted name, nested ones and methods too."""
    yield from _functions(tree, "")


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + child.name, child
            yield from _functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)
