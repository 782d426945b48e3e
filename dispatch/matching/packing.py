"""Columns as few bytes: a stored round holds thousands of rows of whole numbers.

Owns the form: a number is its column's least plus a distance of as many bytes as the widest
distance needs (none if all are alike), little-endian, distances one after the other. It is
canonical, because least and width follow from the numbers. Packing a column is a handful of array
operations, where writing it as text costs a step for each number. Refuses nothing by itself: what
does not unpack raises ValueError.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foundation.identifiers import UUID

WIDTHS = (0, 1, 2, 4, 8)
"""Bytes that a distance may have."""

COUNT_MAX = 1 << 26
"""Numbers in a column: a damaged count must not fill the memory."""

_IDENTIFIER_BYTES = 16
_HEAD_BYTES = 9


class Packer:
    """Gathers columns; `packed` is all of them, one after the other.

    Identifiers that many columns name are written once, before all columns, in the order in which
    they were first named.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._known: dict[UUID, int] = {}
        self._by_address: dict[int, int] = {}
        self._held: list[UUID] = []

    @property
    def known_count(self) -> int:
        """How many identifiers stand before the columns: `Unpacker` must be told."""
        return len(self._known)

    @property
    def packed(self) -> bytes:
        """What was gathered so far."""
        return b"".join([bytes_of(self._known), *self._parts])

    def raw(self, data: bytes) -> None:
        """Bytes as they are; whoever reads them knows how many."""
        self._parts.append(data)

    def whole(self, numbers: ArrayLike) -> None:
        """A column of whole numbers, each within int64."""
        column = np.asarray(numbers, dtype=np.int64)
        least = int(column.min()) if len(column) else 0
        # In the arithmetic of uint64, where the distance between any two int64 has its place.
        distances = column.view(np.uint64) - np.int64(least).view(np.uint64)
        widest = int(distances.max()) if len(column) else 0
        width = next(width for width in WIDTHS if widest < 1 << 8 * width)
        self._parts.append(bytes([width]) + least.to_bytes(8, "little", signed=True))
        if width:
            self._parts.append(distances.astype(f"<u{width}").tobytes())

    def words(self, words: Sequence[str]) -> None:
        """A column of words: the different ones in order, then each by its number."""
        different = sorted(set(words))
        code = {word: number for number, word in enumerate(different)}
        written = [word.encode() for word in different]
        self.whole([len(different)])
        self.whole([len(word) for word in written])
        self.raw(b"".join(written))
        self.whole([code[word] for word in words])

    def known_identifiers(self, identifiers: Sequence[UUID]) -> None:
        """A column of identifiers of which many are named elsewhere, each by its number."""
        numbers = self._by_address
        # Most are the very same objects: known by their address without a look at them.
        addresses = list(map(id, identifiers))
        if not numbers.keys() >= set(addresses):
            for address, identifier in zip(addresses, identifiers, strict=True):
                if address not in numbers:
                    numbers[address] = self._known.setdefault(identifier, len(self._known))
                    self._held.append(identifier)  # as long as its address speaks for it
        codes = map(numbers.__getitem__, addresses)
        self.whole(np.fromiter(codes, dtype=np.int64, count=len(addresses)))


def bytes_of(identifiers: Iterable[UUID]) -> bytes:
    """Identifiers one after the other, 16 bytes each."""
    return b"".join([one.int.to_bytes(_IDENTIFIER_BYTES, "big") for one in identifiers])


class Unpacker:
    """Reads columns in the order in which they were gathered; ValueError if they end too soon."""

    def __init__(self, packed: bytes, known_count: int = 0) -> None:
        self._packed = packed
        self._at = 0
        self._known = self.identifiers(known_count)

    def close(self) -> None:
        """Nothing is left; ValueError if something is."""
        if self._at != len(self._packed):
            raise ValueError("there is more than it says")

    def raw(self, size: int) -> bytes:
        """So many bytes."""
        data = self._packed[self._at : self._at + size]
        if len(data) != size:
            raise ValueError("it ends too soon")
        self._at += size
        return data

    def whole(self, count: int) -> NDArray[np.int64]:
        """A column of so many whole numbers."""
        if not 0 <= count <= COUNT_MAX:
            raise ValueError("a column is too long")
        head = self.raw(_HEAD_BYTES)
        width, least = head[0], int.from_bytes(head[1:], "little", signed=True)
        if width not in WIDTHS:
            raise ValueError("a column has no such width")
        if width == 0:
            return np.full(count, least, dtype=np.int64)
        distances = np.frombuffer(self.raw(width * count), dtype=f"<u{width}").astype(np.uint64)
        return (distances + np.int64(least).view(np.uint64)).view(np.int64)

    def words(self, count: int) -> list[str]:
        """A column of so many words."""
        sizes = self.whole(int(self.whole(1)[0])).tolist()
        different = [self.raw(max(0, size)).decode() for size in sizes]
        return [different[code] for code in self._codes(count, below=len(different))]

    def identifiers(self, count: int) -> list[UUID]:
        """A column of so many identifiers."""
        data = self.raw(_IDENTIFIER_BYTES * max(0, count))
        return [
            UUID(bytes=data[at : at + _IDENTIFIER_BYTES])
            for at in range(0, len(data), _IDENTIFIER_BYTES)
        ]

    def known_identifiers(self, count: int) -> list[UUID]:
        """A column of so many identifiers of which many are alike."""
        return [self._known[code] for code in self._codes(count, below=len(self._known))]

    def _codes(self, count: int, *, below: int) -> list[int]:
        codes: list[int] = self.whole(count).tolist()
        if codes and not 0 <= min(codes) <= max(codes) < below:
            raise ValueError("nothing has such a number")
        return codes
