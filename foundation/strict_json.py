"""JSON as two readers would read it alike, or not at all."""

import json
from typing import Any


def read_json(text: str) -> Any:
    """The value that a text holds.

    Raises
    ------
    ValueError
        If it is no JSON (RFC 8259), holds NaN or an infinity, or gives a field twice: of those two
        readers may keep different ones.
    RecursionError
        If it nests too deeply to be read.
    """
    return json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not a number of JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is given twice")
    return fields
