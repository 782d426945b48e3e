"""Whatever single thing is changed in a receipt, `verify` notices; a forger too is found out."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fares.receipt import verify
from rulebook.rule import digest_of
from tests.fare_builders import eventful_receipt

RECEIPT = eventful_receipt()
INPUTS = {
    ("quote", "metres"), ("quote", "seconds"), ("quote", "stops"), ("quote", "vehicle_class"),
    ("quote", "concession"), ("fare", "waiting_seconds"), ("fare", "added_stops"),
    ("fare", "driven_metres"), ("fare", "driven_seconds"),
}  # fmt: skip


def resealed(changed: dict[str, Any]) -> dict[str, Any]:
    """As a forger would: with a digest that fits the changed text."""
    rest = {name: value for name, value in changed.items() if name != "digest"}
    return rest | {"digest": digest_of(rest)}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every number, text, truth value and null in a document."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from places(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))
    else:
        yield path


def other(value: Any) -> Any:
    """Something else of the same type."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case None:
            return "x"
        case str() if value[-1] in "0123456789abcdef":
            return value[:-1] + ("1" if value[-1] == "0" else "0")
        case _:
            return value + "x"


def with_change(path: tuple[Any, ...]) -> dict[str, Any]:
    changed = eventful_receipt()
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = other(inner[path[-1]])
    return changed


ALL = list(places(RECEIPT))
HELD_BY_ARITHMETIC = [
    path
    for path in ALL
    if path[:2] in INPUTS or (str(path[-1]).endswith("_minor") and path[0] in ("quote", "fare"))
]


def test_there_is_enough_to_change() -> None:
    assert len(ALL) > 200
    assert len(HELD_BY_ARITHMETIC) > 40


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ALL))
def test_every_single_change_is_noticed(path: tuple[Any, ...]) -> None:
    assert verify(with_change(path))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(HELD_BY_ARITHMETIC))
def test_a_forger_who_reseals_is_found_by_the_arithmetic(path: tuple[Any, ...]) -> None:
    """Every amount of quote and fare, and every input of theirs, is held by another number."""
    assert verify(resealed(with_change(path)))
