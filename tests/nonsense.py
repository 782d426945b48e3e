"""Requests that make no sense, made from ones that do: a body with one thing wrong, a path, a query."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

VALUES: tuple[object, ...] = (
    None, True, 0, -1, 1.5, 10**30, 1e308, "", "x", "\0", "\ud800", "9" * 40, "0" * 3000,
    "2030-02-30T25:00:00Z", "0001-01-01T00:00:00+00:00", [], {}, [[]],
)  # fmt: skip
WORDS = ("x", "-1", "9" * 40, "\0", "'; --", "..", "0001-01-01T00:00:00Z", "é" * 300)
NOBODYS = "019b5e3c-7a10-7f00-8000-000000000001"
Place = tuple[str | int, ...]
"""The way to a thing in a document: names of fields, places in lists."""


def places_in(value: object, way: Place = ()) -> Iterator[Place]:
    """The way to everything in a document, itself first; of a list the first is enough."""
    yield way
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places_in(inner, (*way, name))
    elif isinstance(value, list) and value:
        yield from places_in(value[0], (*way, 0))


def changed(document: Any, way: Place, value: object) -> Any:
    """A document with something else at one place."""
    if not way:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[way[0]] = changed(document[way[0]], way[1:], value)
    return copy


def without(document: Any, way: Place) -> Any:
    """A document that lacks what stands at one place."""
    copy = dict(document) if isinstance(document, dict) else list(document)
    if len(way) == 1:
        del copy[way[0]]  # type: ignore[arg-type]
    else:
        copy[way[0]] = without(document[way[0]], way[1:])
    return copy


def bodies(example: Any) -> Iterator[tuple[str, str]]:
    """What is wrong, and the body: another value at each place, each field missing, a strange one."""
    for way in places_in(example):
        for value in VALUES:
            told = repr(value) if len(repr(value)) < 50 else f"{repr(value)[:20]}..."
            yield f"{way} = {told}", json.dumps(changed(example, way, value))
        if way:
            yield f"without {way}", json.dumps(without(example, way))
    if isinstance(example, dict):
        yield "a strange field", json.dumps({**example, "strange": 1})


def paths(template: str, known: Mapping[str, str]) -> Iterator[str]:
    """A path with each of its parameters wrong in turn, and last with all of them as they are known."""
    names = [part.split("}")[0] for part in template.split("{")[1:]]
    good = {name: known.get(name, NOBODYS) for name in names}
    for name in names:
        for word in (*WORDS, NOBODYS):
            yield filled(template, good | {name: quote(word, safe="")})
    yield filled(template, good)


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its parameters in place."""
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template
