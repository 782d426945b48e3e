"""Canonical bytes: the same value gives the same bytes on every machine, for storing and digests.

Owns the form: JSON with sorted keys, no spaces, UTF-8, and whole numbers only (a coordinate is
written in units of 1e-7 degree, about a centimetre). Many rows of one kind are written as
columns, which is smaller and quicker than a list of objects, and those of a stored round are packed
(`packing`). Refuses binary fractions, so that no digest depends on how a machine prints them.
"""

import hashlib
import json
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.errors import RoundUnreadable
from dispatch.matching.packing import Packer, Unpacker
from foundation.errors import Invalid
from foundation.identifiers import UUID
from foundation.measures import Point

Row = TypeVar("Row")

UNREADABLE = (AssertionError, AttributeError, KeyError, TypeError, ValueError, Invalid)
"""What reading damaged bytes into values can raise: each becomes `RoundUnreadable`."""

DEGREE = 10_000_000
"""Units of a coordinate in a degree."""


def canonical(value: Any) -> bytes:
    """The canonical bytes of a JSON value made of objects, lists, texts, integers and null."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_refuse
    ).encode()


def digest_of(encoded: bytes) -> str:
    """SHA-256 of canonical bytes, in hexadecimal."""
    return hashlib.sha256(encoded).hexdigest()


def read_object(encoded: bytes, *, form: str) -> dict[str, Any]:
    """The JSON object that `canonical` wrote, if it is of the named form.

    Raises
    ------
    RoundUnreadable
        If the bytes are no JSON object, hold a fraction, or are of another form.
    """
    try:
        value = json.loads(encoded, parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, TypeError) as broken:
        raise RoundUnreadable("it is not JSON of whole numbers") from broken
    if not isinstance(value, dict) or value.get("form") != form:
        raise RoundUnreadable(f"it is not of the form {form!r}")
    return value


def _refuse(value: Any) -> Any:
    raise TypeError(f"{value!r} has no canonical form")


def e7(degrees: float) -> int:
    """A coordinate as a whole number of 1e-7 degrees."""
    return round(degrees * DEGREE)


def to_centimetre(point: Point) -> Point:
    """The point on the grid of 1e-7 degrees that is stored, so that reading gives it back."""
    lon, lat = e7(point.lon) / DEGREE, e7(point.lat) / DEGREE
    return point if (lon, lat) == (point.lon, point.lat) else Point(lon, lat)


def _never(*_: Any) -> Any:
    raise TypeError("values of this kind are not written so")


@dataclass(frozen=True, slots=True)
class Kind:
    """How values of one kind are written and read back, a whole column at a time.

    As JSON, for people and for what is small; packed, for the rows of a stored round. What is
    packed was spread first: whole numbers as int64, (values,), places as int64, (values, 2).
    """

    write: Callable[[list[Any]], list[Any]]
    read: Callable[[list[Any]], list[Any]]
    pack: Callable[[Packer, Any], None] = _never
    unpack: Callable[[Unpacker, int], list[Any]] = _never
    spread: Callable[[Sequence[Any]], Any] = lambda values: values


def _all_of(kind: type, values: list[Any]) -> list[Any]:
    """The values as they are, if each is exactly of the type: true is not a whole number."""
    for found in set(map(type, values)):
        if found is not kind:
            raise TypeError(f"a value is of the type {found.__name__} and not {kind.__name__}")
    return values


def _plain(
    kind: type,
    pack: Callable[[Packer, Any], None],
    unpack: Callable[[Unpacker, int], list[Any]],
    spread: Callable[[Sequence[Any]], Any],
) -> Kind:
    def check(values: list[Any]) -> list[Any]:
        return _all_of(kind, values)

    return Kind(check, check, pack, unpack, spread)


def _spread_whole(values: Sequence[int]) -> NDArray[np.int64]:
    # Refuses a fraction and what is out of range, quicker than asking each value for its type.
    return np.frombuffer(array("q", values), dtype=np.int64)


def _spread_truth(values: Sequence[bool]) -> NDArray[np.int64]:
    return np.array(_all_of(bool, list(values)), dtype=np.int64)


def _spread_words(words: Sequence[str]) -> list[str]:
    return _all_of(str, list(words))


def _write_points(points: list[Any]) -> list[Any]:
    return [[round(point.lon * DEGREE), round(point.lat * DEGREE)] for point in points]


def _read_points(written: list[Any]) -> list[Any]:
    _all_of(int, [unit for pair in written for unit in pair])
    return [Point(lon / DEGREE, lat / DEGREE) for lon, lat in written]


def _pack_points(packer: Packer, places: NDArray[np.int64]) -> None:
    packer.whole(places[:, 0])
    packer.whole(places[:, 1])


def _unpack_points(unpacker: Unpacker, count: int) -> list[Any]:
    sides = [unpacker.whole(count).tolist() for _ in range(2)]
    return _read_points(list(zip(*sides, strict=True)))


def _spread_points(points: Sequence[Any]) -> NDArray[np.int64]:
    sides = (
        array("d", [point.lon for point in points]),
        array("d", [point.lat for point in points]),
    )
    degrees = np.stack([np.frombuffer(side, dtype=np.float64) for side in sides], axis=1)
    return np.rint(degrees * DEGREE).astype(np.int64)


def optional(kind: Kind) -> Kind:
    """The same kind, or null."""

    def given(work: Callable[[list[Any]], list[Any]], values: list[Any]) -> list[Any]:
        some = iter(work([value for value in values if value is not None]))
        return [None if value is None else next(some) for value in values]

    def pack(packer: Packer, values: Sequence[Any]) -> None:
        packer.whole([value is not None for value in values])
        kind.pack(packer, kind.spread([value for value in values if value is not None]))

    def unpack(unpacker: Unpacker, count: int) -> list[Any]:
        there = unpacker.whole(count).tolist()
        some = iter(kind.unpack(unpacker, sum(there)))
        return [next(some) if is_there else None for is_there in there]

    return Kind(
        lambda values: given(kind.write, values),
        lambda values: given(kind.read, values),
        pack,
        unpack,
    )


def several(kind: Kind) -> Kind:
    """A tuple of the kind."""

    def pack(packer: Packer, rows: Sequence[Any]) -> None:
        packer.whole(list(map(len, rows)))
        kind.pack(packer, kind.spread([value for row in rows for value in row]))

    def unpack(unpacker: Unpacker, count: int) -> list[Any]:
        lengths = unpacker.whole(count).tolist()
        flat = iter(kind.unpack(unpacker, sum(lengths)))
        return [tuple(islice(flat, length)) for length in lengths]

    return Kind(
        lambda rows: [kind.write(list(row)) if row else [] for row in rows],
        lambda rows: [tuple(kind.read(row)) if row else () for row in _all_of(list, rows)],
        pack,
        unpack,
    )


def one(write: Callable[[Any], Any], read: Callable[[Any], Any]) -> Kind:
    """A kind whose values are worked on one by one, and never packed."""
    return Kind(
        lambda values: [write(value) for value in values],
        lambda values: [read(value) for value in values],
    )


WHOLE = _plain(
    int, Packer.whole, lambda unpacker, count: unpacker.whole(count).tolist(), _spread_whole
)
WORD = _plain(str, Packer.words, Unpacker.words, _spread_words)
TRUTH = _plain(
    bool,
    Packer.whole,
    lambda unpacker, count: list(map(bool, unpacker.whole(count).tolist())),
    _spread_truth,
)
IDENTIFIER = Kind(
    lambda values: [value.hex for value in values],
    lambda written: [UUID(hex=value) for value in written],
    Packer.identifiers,
    Unpacker.identifiers,
)
KNOWN_IDENTIFIER = Kind(_never, _never, Packer.known_identifiers, Unpacker.known_identifiers)
"""An identifier that stands in a column many times; only packed."""
PLACE = Kind(_write_points, _read_points, _pack_points, _unpack_points, _spread_points)


def write_row(row: Any, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """One row as a JSON object of its fields."""
    return {name: kind.write([getattr(row, name)])[0] for name, kind in kinds.items()}


def read_row(
    make: Callable[..., Row], written: Mapping[str, Any], kinds: Mapping[str, Kind]
) -> Row:
    """The row that `write_row` wrote.

    Raises
    ------
    RoundUnreadable
        If a field is missing, unknown or of another kind, or if the row makes no sense.
    """
    try:
        if set(written) != set(kinds):
            raise TypeError(f"fields differ by {sorted(set(written) ^ set(kinds))}")
        return make(**{name: kind.read([written[name]])[0] for name, kind in kinds.items()})
    except UNREADABLE as broken:
        raise RoundUnreadable(str(broken)) from broken


def write_form(row: Any, *, form: str, name: str, kinds: Mapping[str, Kind]) -> bytes:
    """The canonical bytes of a document of the named form that holds one row."""
    return canonical({"form": form, name: write_row(row, kinds)})


def read_form(
    make: Callable[..., Row], encoded: bytes, *, form: str, name: str, kinds: Mapping[str, Kind]
) -> Row:
    """The row that `write_form` wrote.

    Raises
    ------
    RoundUnreadable
        If the bytes are damaged, not canonical or of another form.
    """
    row = read_row(make, read_object(encoded, form=form).get(name, {}), kinds)
    if write_form(row, form=form, name=name, kinds=kinds) != encoded:
        raise RoundUnreadable("it is not in canonical form")
    return row


def _column(written: Any) -> list[Any]:
    if type(written) is not list:
        raise TypeError("a column is not a list")
    return written


def write_columns(rows: Sequence[Any], kinds: Mapping[str, Kind]) -> dict[str, list[Any]]:
    """Rows as one JSON list for each field."""
    return {name: kind.write(list(map(attrgetter(name), rows))) for name, kind in kinds.items()}


def read_columns(
    make: Callable[..., Row], written: Mapping[str, Any], kinds: Mapping[str, Kind]
) -> tuple[Row, ...]:
    """The rows that `write_columns` wrote.

    Raises
    ------
    RoundUnreadable
        If a column is missing, unknown, of another kind or of another length than the others.
    """
    try:
        if set(written) != set(kinds):
            raise TypeError(f"columns differ by {sorted(set(written) ^ set(kinds))}")
        columns = [kind.read(_column(written[name])) for name, kind in kinds.items()]
        names = list(kinds)
        return tuple(
            make(**dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)
        )
    except UNREADABLE as broken:
        raise RoundUnreadable(str(broken)) from broken


class Fields:
    """Rows turned into one sequence for each field, once for all who need them so.

    Thousands of rows lie scattered in memory. They are walked through once and as they come, and
    only what was found is put in order.
    """

    def __init__(
        self, rows: Sequence[Any], kinds: Mapping[str, Kind], order: Sequence[int] | None = None
    ) -> None:
        """The fields of the rows, in the order given by their places, or as they stand."""
        columns = zip(*map(attrgetter(*kinds), rows), strict=True) if rows else [()] * len(kinds)
        self._found: dict[str, Sequence[Any]] = dict(zip(kinds, columns, strict=True))
        self._kinds = kinds
        self._order = None if order is None else np.array(order, dtype=np.int64)
        self._spread: dict[str, Any] = {}
        self._values: dict[str, Sequence[Any]] = {}

    def values(self, name: str) -> Sequence[Any]:
        """A field's values as they are."""
        if self._order is None:
            return self._found[name]
        if name not in self._values:
            found = self._found[name]
            self._values[name] = [found[place] for place in self._order.tolist()]
        return self._values[name]

    def spread(self, name: str) -> Any:
        """A field as its kind spreads it; TypeError for a value of another kind."""
        if name not in self._spread:
            spread = self._kinds[name].spread(self._found[name])
            if isinstance(spread, np.ndarray) and self._order is not None:
                spread = spread[self._order]
            elif self._order is not None:
                spread = self._kinds[name].spread(self.values(name))
            self._spread[name] = spread
        return self._spread[name]

    def pack(self, packer: Packer) -> None:
        """One packed column for each field, in the order of the kinds."""
        for name, kind in self._kinds.items():
            kind.pack(packer, self.spread(name))


def unpack_columns(
    make: Callable[..., Row], unpacker: Unpacker, count: int, *, kinds: Mapping[str, Kind]
) -> tuple[Row, ...]:
    """The rows that `Fields.pack` packed; raises what is in `UNREADABLE`."""
    columns = [kind.unpack(unpacker, count) for kind in kinds.values()]
    names = list(kinds)
    return tuple(
        make(**dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)
    )


def rows_of(make: Callable[..., Any], kinds: Mapping[str, Kind]) -> Kind:
    """A row of further fields; only packed."""
    return Kind(
        _never,
        _never,
        lambda packer, rows: Fields(rows, kinds).pack(packer),
        lambda unpacker, count: list(unpack_columns(make, unpacker, count, kinds=kinds)),
    )


def choice_of(kind: type[StrEnum]) -> Kind:
    """One of a few words; only packed."""
    return Kind(
        _never,
        _never,
        lambda packer, values: packer.words([value._value_ for value in values]),
        lambda unpacker, count: list(map(kind, unpacker.words(count))),
    )


def _pack_counts(packer: Packer, counts: Sequence[Mapping[str, int]]) -> None:
    pairs = [sorted(counted.items()) for counted in counts]
    packer.whole(list(map(len, pairs)))
    packer.words([word for row in pairs for word, _ in row])
    packer.whole(_spread_whole([number for row in pairs for _, number in row]))


def _unpack_counts(unpacker: Unpacker, count: int) -> list[dict[str, int]]:
    lengths = unpacker.whole(count).tolist()
    words, numbers = unpacker.words(sum(lengths)), unpacker.whole(sum(lengths)).tolist()
    pairs = iter(zip(words, numbers, strict=True))
    return [dict(islice(pairs, length)) for length in lengths]


COUNTS = Kind(_never, _never, _pack_counts, _unpack_counts)
"""Whole numbers by words, in the order of the words; only packed."""
