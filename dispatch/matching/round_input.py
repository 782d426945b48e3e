"""The whole input of a round as one stored value: a snapshot, and road times of its pairs.

Owns its canonical bytes. Refuses pairs that make no sense.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dispatch.matching.codec import UNREADABLE, WHOLE, canonical, digest_of, read_object
from dispatch.matching.errors import RoundUnreadable
from dispatch.matching.packing import Packer, Unpacker
from dispatch.matching.snapshot import Snapshot

FORM_ROUND = "khan-cars matching round 2"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoundInput:
    """A snapshot with the travel times of its candidate pairs: all that a plan depends on.

    Stored as it is, a round can be decided again without any road engine (I15). Make it with
    `RoundInput.of`.

    Attributes
    ----------
    pairs
        int32, (pairs, 2): index of the trip and of the driver in the snapshot; sorted, none twice.
    pickup_ms
        int32, (pairs,): the driver's road time in milliseconds from `place` to the pick-up,
        without the time until the driver is free; `UNREACHABLE` where there is no way.
    """

    snapshot: Snapshot
    pairs: NDArray[np.int32]
    pickup_ms: NDArray[np.int32]
    _encoded: list[bytes] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def of(cls, snapshot: Snapshot, pairs: ArrayLike, pickup_ms: ArrayLike) -> "RoundInput":
        """Pairs and times in any order, put into canonical order and made read-only.

        A pair given twice, an index out of the snapshot or a negative time is a mistake of the
        programmer and fails an assertion.
        """
        pairs = np.asarray(pairs, dtype=np.int32).reshape(-1, 2)
        times = np.asarray(pickup_ms, dtype=np.int32).reshape(-1)
        assert len(pairs) == len(times), "one time for each pair"
        assert len(times) == 0 or times.min() >= 0, "a time is never negative"
        for column, rows in enumerate((snapshot.trips, snapshot.drivers)):
            side = pairs[:, column]
            assert len(side) == 0 or (side.min() >= 0 and side.max() < len(rows)), "index out of it"
        keys = pairs[:, 0].astype(np.int64) * max(1, len(snapshot.drivers)) + pairs[:, 1]
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        assert not (keys[1:] == keys[:-1]).any(), "a pair twice"
        pairs, times = pairs[order], times[order]
        pairs.setflags(write=False)
        times.setflags(write=False)
        return cls(snapshot=snapshot, pairs=pairs, pickup_ms=times)

    def encode(self) -> bytes:
        """The canonical bytes, equal for equal inputs on every machine; worked out once.

        A line with the form and one with what there is once, as JSON; then the columns of trips,
        drivers and pairs, packed.
        """
        if not self._encoded:
            packer = Packer()
            self.snapshot.pack(packer)
            for column in (self.pairs[:, 0], self.pairs[:, 1], self.pickup_ms):
                packer.whole(column)
            head = {"form": FORM_ROUND, **self.snapshot.head(), "pairs": len(self.pairs)}
            self._encoded.append(canonical(head) + b"\n" + packer.packed)
        return self._encoded[0]

    @classmethod
    def decode(cls, encoded: bytes) -> "RoundInput":
        """The round that `encode` wrote.

        Raises
        ------
        RoundUnreadable
            If the bytes are damaged, not canonical or of another form.
        """
        line, _, packed = encoded.partition(b"\n")
        head = read_object(line, form=FORM_ROUND)
        try:
            _, pairs = head.pop("form"), WHOLE.read([head.pop("pairs")])[0]
            unpacker = Unpacker(packed)
            snapshot = Snapshot.unpack(head, unpacker)
            sides = [unpacker.whole(pairs) for _ in range(3)]
            unpacker.close()
            found = cls.of(snapshot, np.stack(sides[:2], axis=1), sides[2])
        except (*UNREADABLE, OverflowError) as broken:
            raise RoundUnreadable(str(broken)) from broken
        if found.encode() != encoded:
            raise RoundUnreadable("it is not in canonical form")
        return found

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical bytes, in hexadecimal."""
        return digest_of(self.encode())
