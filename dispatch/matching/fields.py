"""Many rows as packed columns: the rows of a stored round and of its plan.

Owns the walk through the rows and the kinds that are only ever packed. How numbers become bytes is
`packing`, what a kind is `codec`.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.codec import Kind, Row, Some, never, spread_whole
from dispatch.matching.packing import Packer, Unpacker


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
            if self._order is not None:
                spread = self._in_order(name, spread, self._order)
            self._spread[name] = spread
        return self._spread[name]

    def _in_order(self, name: str, spread: Any, order: NDArray[np.int64]) -> Any:
        if isinstance(spread, np.ndarray):
            return spread[order]
        if isinstance(spread, Some):
            return spread.take(order)
        return self._kinds[name].spread(self.values(name))

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
        never,
        never,
        lambda packer, rows: Fields(rows, kinds).pack(packer),
        lambda unpacker, count: list(unpack_columns(make, unpacker, count, kinds=kinds)),
    )


def choice_of(kind: type[StrEnum]) -> Kind:
    """One of a few words; only packed."""
    return Kind(
        never,
        never,
        lambda packer, values: packer.words([value._value_ for value in values]),
        lambda unpacker, count: list(map(kind, unpacker.words(count))),
    )


def _pack_counts(packer: Packer, counts: Sequence[Mapping[str, int]]) -> None:
    pairs = [sorted(counted.items()) for counted in counts]
    packer.whole(list(map(len, pairs)))
    packer.words([word for row in pairs for word, _ in row])
    packer.whole(spread_whole([number for row in pairs for _, number in row]))


def _unpack_counts(unpacker: Unpacker, count: int) -> list[dict[str, int]]:
    lengths = unpacker.whole(count).tolist()
    words, numbers = unpacker.words(sum(lengths)), unpacker.whole(sum(lengths)).tolist()
    pairs = iter(zip(words, numbers, strict=True))
    return [dict(islice(pairs, length)) for length in lengths]


COUNTS = Kind(never, never, _pack_counts, _unpack_counts)
"""Whole numbers by words, in the order of the words; only packed."""
