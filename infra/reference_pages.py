"""Writes the reference pages that the code itself knows: errors, events, settings.

`python3 dev.py docs` runs it; tests/house compares, so that a page cannot fall behind.
"""

import importlib
import inspect
import pkgutil
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_WRITTEN_BY = "<!-- Written by `python3 dev.py docs`; change the code instead. -->"


def rooms() -> list[str]:
    """The packages of the product, from the layers down: import-linter's own list."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names: list[str] = settings["tool"]["importlinter"]["root_packages"]
    return names


def import_everything() -> None:
    """Import every module of every room, so that all their classes are known."""
    for room in rooms():
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, prefix=f"{room}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def refusals() -> list[Any]:
    """Every refusal but the kinds, by room and code."""
    base = importlib.import_module("foundation.errors").Refusal
    return _ours(found for found in _below(base) if found.__module__ != base.__module__)


def events() -> list[Any]:
    """Every fact that can be announced, by room and name."""
    base = importlib.import_module("foundation.events").Event
    return _ours(found for found in _below(base) if vars(found).get("kind"))


def settings_classes() -> list[Any]:
    """What operators can set."""
    base = importlib.import_module("pydantic_settings").BaseSettings
    return _ours(found for found in _below(base) if found.__module__.startswith("khan."))


def kind_of(refusal: type) -> type:
    """The kind in `foundation.errors` that a refusal derives from."""
    return next(one for one in refusal.__mro__ if one.__module__ == "foundation.errors")


def first_line(thing: Any) -> str:
    """What a docstring promises, fit for a cell of a table."""
    lines = (inspect.getdoc(thing) or "").strip().split("\n\n")[0].splitlines()
    return " ".join(line.strip() for line in lines).replace("|", "\\|")


def status_of(kind: type) -> str:
    """The HTTP status that a kind's docstring names, in brackets."""
    found = re.search(r"\((\d{3})\)", inspect.getdoc(kind) or "")
    assert found is not None, f"{kind.__name__} does not say its status"
    return found[1]


def errors_page() -> str:
    """docs/reference/errors.md."""
    rows = (
        (f"`{refusal.code}`", status_of(kind_of(refusal)), _room(refusal), first_line(refusal))
        for refusal in refusals()
    )
    return _page(
        "Errors",
        "Every refusal, by room. An answer of the service carries the code as `code` of its "
        "problem document (RFC 9457), and one sentence that a person can act on.",
        _table(("code", "status", "room", "what it says"), rows),
    )


def events_page() -> str:
    """docs/reference/events.md."""
    rows = (
        (
            f"`{event.kind}`",
            f"`{event.topic}`",
            _room(event),
            first_line(event),
            ", ".join(f"`{name}`" for name in _own_fields(event)),
        )
        for event in events()
    )
    return _page(
        "Events",
        "Every fact that the outbox carries, by room. Each also has `event_id` and "
        "`occurred_at` (service time, UTC). A fact is delivered at least once: dedupe by "
        "`event_id`.",
        _table(("kind", "topic", "room", "what happened", "fields"), rows),
    )


def settings_page() -> str:
    """docs/reference/settings.md."""
    rows = (
        (f"`{_variable(found, name)}`", _default(field), str(field.description or ""))
        for found in settings_classes()
        for name, field in found.model_fields.items()
        if name in vars(found)["__annotations__"]  # not again what another class tells
    )
    return _page(
        "Settings",
        "What an operator sets, from the environment. What members vote on is a rule in force, "
        "not a setting.",
        _table(("variable", "default", "what it decides"), rows),
    )


def pages() -> dict[Path, str]:
    """Each generated page's path and text."""
    import_everything()
    folder = ROOT / "docs" / "reference"
    return {
        folder / "errors.md": errors_page(),
        folder / "events.md": events_page(),
        folder / "settings.md": settings_page(),
    }


def _below(base: type) -> Iterator[type]:
    found: type
    for found in base.__subclasses__():
        yield found
        yield from _below(found)


def _ours(found: Iterable[type]) -> list[Any]:
    # A dataclass with slots is a second class; the first, which nobody can name, is passed over.
    known = (
        one for one in found if getattr(sys.modules[one.__module__], one.__name__, None) is one
    )
    ours = (one for one in known if _room(one) in rooms())
    return sorted(ours, key=lambda one: (_room(one), one.__name__))


def _room(found: type) -> str:
    return found.__module__.partition(".")[0]


def _own_fields(event: type) -> list[str]:
    return [one.name for one in fields(event) if one.name not in ("event_id", "occurred_at")]


def _variable(found: Any, name: str) -> str:
    field = found.model_fields[name]
    alias = field.validation_alias or field.alias
    if isinstance(alias, str):
        return alias.upper()
    return f"{found.model_config.get('env_prefix', '')}{name}".upper()


def _default(field: Any) -> str:
    if field.is_required():
        return "(must be set)"
    default = field.get_default(call_default_factory=True)
    return "(none)" if default is None else f"`{default}`"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _page(title: str, introduction: str, table: str) -> str:
    return f"{_WRITTEN_BY}\n\n# {title}\n\n{introduction}\n\n{table}\n"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    for path, page in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
