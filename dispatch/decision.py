"""A stored round, read back to be asked: who was offered what, and why not somebody else.

Owns the way from a round's bytes to its values, which is the same for the command line, the
driver's API and a replay. Nothing is read here, and nothing is decided but what `replay` decides
again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dispatch.matching.explanation import Reason, why_not_me, why_open
from dispatch.matching.plan import Plan
from dispatch.matching.round_input import RoundInput
from dispatch.matching.shared.joining import joined_of
from dispatch.matching.solo import decide
from foundation.identifiers import DriverId, RoundId, TripId


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBytes:
    """What a round left behind: its input and its plan, in canonical form.

    `joins` tells who joined whose run, if anybody could.
    """

    round_id: RoundId
    at: datetime
    input: bytes
    plan: bytes
    joins: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One round as it was decided.

    `joined` holds, by trip, the driver whose run a rider who shares was to join.
    """

    round_id: RoundId
    at: datetime
    round_input: RoundInput
    plan: Plan
    joined: Mapping[TripId, DriverId] = field(default_factory=dict)

    @classmethod
    def read(cls, stored: StoredBytes) -> "Decision":
        """The decision in these bytes; RoundUnreadable if they are damaged."""
        return cls(
            round_id=stored.round_id,
            at=stored.at,
            round_input=RoundInput.decode(stored.input),
            plan=Plan.decode(stored.plan),
            joined={} if stored.joins is None else joined_of(stored.joins),
        )

    def knows_trip(self, trip_id: TripId) -> bool:
        """Whether the trip was open in this round."""
        return trip_id in self.joined or any(
            trip.trip_id == trip_id for trip in self.round_input.snapshot.trips
        )

    def knows_driver(self, driver_id: DriverId) -> bool:
        """Whether the driver was free, or soon free, or joined, in this round."""
        return driver_id in self.joined.values() or any(
            one.driver_id == driver_id for one in self.round_input.snapshot.drivers
        )

    def of_trip(self, trip_id: TripId) -> Sequence[Reason]:
        """Why the trip stayed open; nothing if it was offered to somebody, or was not open."""
        for row in self.plan.unmatched:
            if row.trip_id == trip_id:
                return why_open(row)
        return ()

    def why_not(self, trip_id: TripId, driver_id: DriverId) -> Sequence[Reason]:
        """Why the driver was not offered the trip; every limit broken, or what decided."""
        driver = self.joined.get(trip_id)
        if driver is not None:
            return (
                Reason(code="joins_yours" if driver == driver_id else "joins_another", facts={}),
            )
        if driver_id in self.joined.values():
            return (Reason(code="asked_to_share", facts={}),)
        return why_not_me(self.round_input, self.plan, trip_id=trip_id, driver_id=driver_id)

    def replay(self) -> Plan:
        """The plan decided again from the stored input (I15)."""
        return decide(self.round_input)
