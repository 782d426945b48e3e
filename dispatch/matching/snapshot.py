"""What one round of dispatch knows: open trips, drivers on shift, the policy; nothing else.

Owns the round's input as values in canonical order and its canonical bytes. Refuses duplicates,
and refuses to know how often a driver declined: there is no such field, so no plan can depend on
it. Times are whole milliseconds since the Unix epoch (service time) or whole seconds, money is in
minor units of the city's currency, coordinates are longitude and latitude (WGS 84) on a grid of
1e-7 degree.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter, lt
from typing import Any

from dispatch.matching.codec import (
    IDENTIFIER,
    PLACE,
    TRUTH,
    WHOLE,
    WORD,
    Fields,
    Kind,
    digest_of,
    one,
    optional,
    read_columns,
    read_form,
    read_row,
    several,
    to_centimetre,
    unpack_columns,
    write_columns,
    write_form,
    write_row,
)
from dispatch.matching.packing import Packer, Unpacker
from dispatch.matching.policy import Caps, Policy, Repositioning, Weights
from foundation.identifiers import DriverId, TripId
from foundation.measures import Point

UNREACHABLE = 2_147_483_647
"""A pick-up time that says there is no way (the largest int32, as the road engine has it)."""

FORM_SNAPSHOT = "khan-cars matching snapshot 2"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTrip:
    """A trip that waits for a driver.

    Attributes
    ----------
    pickup_zone, dropoff_zone
        Codes of the zones, or None outside every zone.
    needs
        What the vehicle must have on board, such as "wheelchair".
    asked_at_ms
        From when the rider waits: when they asked, or for a booking when its turn came. A trip
        that a driver gave back keeps it, and so its place in the queue.
    attempt
        Counts the drivers who had the trip, from 1.
    excluded
        Drivers who declined this trip or gave it back: they are not asked again for it.
    wanted_at_ms
        When a rider who booked ahead wants the car; None for a trip for now.
    trip_seconds, trip_metres
        From pick-up to drop-off, by road.
    fare_minor, pay_minor
        What the rider was quoted and what the driver would get.
    """

    trip_id: TripId
    pickup: Point
    dropoff: Point
    pickup_zone: str | None
    dropoff_zone: str | None
    seats: int
    vehicle_class: str
    needs: tuple[str, ...] = ()
    asked_at_ms: int
    wanted_at_ms: int | None = None
    attempt: int = 1
    excluded: tuple[DriverId, ...] = ()
    trip_seconds: int
    trip_metres: int
    fare_minor: int
    pay_minor: int

    def __post_init__(self) -> None:
        assert self.seats >= 1
        assert self.attempt >= 1
        assert min(self.trip_seconds, self.trip_metres, self.fare_minor, self.pay_minor) >= 0
        _settle(self, "pickup", to_centimetre(self.pickup))
        _settle(self, "dropoff", to_centimetre(self.dropoff))
        _settle(self, "needs", tuple(sorted(set(self.needs))))
        _settle(self, "excluded", tuple(sorted(set(self.excluded))))


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeDriver:
    """A driver on shift who is free, or will be soon.

    Attributes
    ----------
    place
        Where the driver is; for one still on a trip, where that trip ends.
    heading
        Degrees clockwise from north, or None. For the road engine; matching does not read it.
    free_at_ms
        When the driver became free, or will be.
    equipment
        What the vehicle has on board; a trip's `needs` must all be among it.
    zones
        Where the driver is licensed to pick up; None is everywhere.
    shift_ends_at_ms, driving_seconds_left
        The end of the shift and what the law leaves of today's driving time.
    earned_minor, shift_seconds
        Earnings and time of this shift so far.
    last_offered_at_ms
        When the driver was last shown an offer, whatever became of it; None in a fresh shift.
    homeward
        Where the driver would like to be at the end of the shift, if they said so.
    range_metres
        How far the vehicle still goes; None for no limit worth counting.
    """

    driver_id: DriverId
    place: Point
    heading: int | None = None
    free_at_ms: int
    seats: int
    vehicle_class: str
    equipment: tuple[str, ...] = ()
    zones: tuple[str, ...] | None = None
    shift_ends_at_ms: int
    driving_seconds_left: int
    earned_minor: int = 0
    shift_seconds: int = 0
    last_offered_at_ms: int | None = None
    homeward: Point | None = None
    range_metres: int | None = None

    def __post_init__(self) -> None:
        assert self.seats >= 1
        assert self.heading is None or 0 <= self.heading < 360
        assert min(self.driving_seconds_left, self.earned_minor, self.shift_seconds) >= 0
        assert self.range_metres is None or self.range_metres >= 0
        _settle(self, "place", to_centimetre(self.place))
        _settle(self, "equipment", tuple(sorted(set(self.equipment))))
        if self.zones is not None:
            _settle(self, "zones", tuple(sorted(set(self.zones))))
        if self.homeward is not None:
            _settle(self, "homeward", to_centimetre(self.homeward))


def _settle(row: Any, name: str, value: Any) -> None:
    """Put a field into its canonical form while the frozen row is being made."""
    if getattr(row, name) is not value:
        object.__setattr__(row, name, value)


_TRIP: Mapping[str, Kind] = {
    "trip_id": IDENTIFIER,
    "pickup": PLACE,
    "dropoff": PLACE,
    "pickup_zone": optional(WORD),
    "dropoff_zone": optional(WORD),
    "seats": WHOLE,
    "vehicle_class": WORD,
    "needs": several(WORD),
    "asked_at_ms": WHOLE,
    "wanted_at_ms": optional(WHOLE),
    "attempt": WHOLE,
    "excluded": several(IDENTIFIER),
    "trip_seconds": WHOLE,
    "trip_metres": WHOLE,
    "fare_minor": WHOLE,
    "pay_minor": WHOLE,
}
_DRIVER: Mapping[str, Kind] = {
    "driver_id": IDENTIFIER,
    "place": PLACE,
    "heading": optional(WHOLE),
    "free_at_ms": WHOLE,
    "seats": WHOLE,
    "vehicle_class": WORD,
    "equipment": several(WORD),
    "zones": optional(several(WORD)),
    "shift_ends_at_ms": WHOLE,
    "driving_seconds_left": WHOLE,
    "earned_minor": WHOLE,
    "shift_seconds": WHOLE,
    "last_offered_at_ms": optional(WHOLE),
    "homeward": optional(PLACE),
    "range_metres": optional(WHOLE),
}


def _part(make: Any, names: Iterable[str]) -> Kind:
    kinds = dict.fromkeys(names, WHOLE)
    return one(
        lambda value: write_row(value, kinds), lambda written: read_row(make, written, kinds)
    )


_POLICY: Mapping[str, Kind] = {
    **dict.fromkeys(
        set(Policy.__dataclass_fields__) - {"weights", "caps_seconds", "repositioning"}, WHOLE
    ),
    "weights": _part(Weights, Weights.__dataclass_fields__),
    "caps_seconds": _part(Caps, Caps.__dataclass_fields__),
    "repositioning": _part(Repositioning, Repositioning.__dataclass_fields__),
}
_SNAPSHOT: Mapping[str, Kind] = {
    "at_ms": WHOLE,
    "trips": one(
        lambda rows: write_columns(rows, _TRIP), lambda table: read_columns(OpenTrip, table, _TRIP)
    ),
    "drivers": one(
        lambda rows: write_columns(rows, _DRIVER),
        lambda table: read_columns(FreeDriver, table, _DRIVER),
    ),
    "policy": one(
        lambda policy: write_row(policy, _POLICY),
        lambda written: read_row(Policy, written, _POLICY),
    ),
    "network_digest": WORD,
    "degraded": TRUTH,
}
_HEAD = {name: kind for name, kind in _SNAPSHOT.items() if name not in {"trips", "drivers"}}
"""What a snapshot has once."""


def _order(numbers: list[int]) -> list[int]:
    return sorted(range(len(numbers)), key=numbers.__getitem__)


_TRIP_NUMBER = attrgetter("trip_id.int")
_DRIVER_NUMBER = attrgetter("driver_id.int")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that is known when a round begins. Make it with `Snapshot.of`, in any order.

    Attributes
    ----------
    at_ms
        The instant of the round.
    trips, drivers
        Sorted by identifier, none twice. An array of a round speaks of them by their index here.
    policy
        The matching policy in force.
    network_digest
        The road network on which the round's times are taken.
    degraded
        Whether those times are straight-line guesses, the road engine being down.
    """

    at_ms: int
    trips: tuple[OpenTrip, ...]
    drivers: tuple[FreeDriver, ...]
    policy: Policy
    network_digest: str
    degraded: bool
    _fields: list[Fields] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        trips = list(map(_TRIP_NUMBER, self.trips))
        drivers = list(map(_DRIVER_NUMBER, self.drivers))
        for name, identifiers in (("trip", trips), ("driver", drivers)):
            ascends = all(map(lt, identifiers, identifiers[1:]))
            assert ascends, f"a {name} twice in a snapshot, or not sorted (use Snapshot.of)"

    @classmethod
    def of(
        cls,
        *,
        at_ms: int,
        trips: Iterable[OpenTrip],
        drivers: Iterable[FreeDriver],
        policy: Policy,
        network_digest: str,
        degraded: bool = False,
    ) -> "Snapshot":
        """A snapshot of trips and drivers in any order; a duplicate is a programmer's mistake."""
        asked, there = list(trips), list(drivers)
        # The rows are walked through as they come, which is how they lie in memory.
        trip_order = _order(list(map(_TRIP_NUMBER, asked)))
        driver_order = _order(list(map(_DRIVER_NUMBER, there)))
        made = cls(
            at_ms=at_ms,
            trips=tuple([asked[place] for place in trip_order]),
            drivers=tuple([there[place] for place in driver_order]),
            policy=policy,
            network_digest=network_digest,
            degraded=degraded,
        )
        made._fields.append(Fields(asked, _TRIP, trip_order))
        made._fields.append(Fields(there, _DRIVER, driver_order))
        return made

    @property
    def trip_fields(self) -> Fields:
        """The trips, field by field; worked out once."""
        return self._both_fields()[0]

    @property
    def driver_fields(self) -> Fields:
        """The drivers, field by field; worked out once."""
        return self._both_fields()[1]

    def _both_fields(self) -> list[Fields]:
        if not self._fields:
            self._fields.extend([Fields(self.trips, _TRIP), Fields(self.drivers, _DRIVER)])
        return self._fields

    def on_roads(self, *, degraded: bool) -> "Snapshot":
        """The same, marked by how its road times were got, which is known only afterwards."""
        if degraded == self.degraded:
            return self
        marked = replace(self, degraded=degraded)
        marked._fields.extend(self._fields)
        return marked

    def head(self) -> dict[str, Any]:
        """What there is once, as a JSON object: all but the rows, and how many those are."""
        counts = {"trips": len(self.trips), "drivers": len(self.drivers)}
        return {**write_row(self, _HEAD), **counts}

    def pack(self, packer: Packer) -> None:
        """The rows, field by field."""
        self.trip_fields.pack(packer)
        self.driver_fields.pack(packer)

    @classmethod
    def unpack(cls, head: Mapping[str, Any], unpacker: Unpacker) -> "Snapshot":
        """The snapshot of which `head` and `pack` told; raises what is in `codec.UNREADABLE`."""
        once = dict(head)
        trips, drivers = WHOLE.read([once.pop("trips"), once.pop("drivers")])
        make = partial(
            cls,
            trips=unpack_columns(OpenTrip, unpacker, trips, kinds=_TRIP),
            drivers=unpack_columns(FreeDriver, unpacker, drivers, kinds=_DRIVER),
        )
        return read_row(make, once, _HEAD)

    def encode(self) -> bytes:
        """The canonical JSON, for people to read; equal for equal snapshots on every machine."""
        return write_form(self, form=FORM_SNAPSHOT, name="snapshot", kinds=_SNAPSHOT)

    @classmethod
    def decode(cls, encoded: bytes) -> "Snapshot":
        """The snapshot that `encode` wrote; RoundUnreadable if the bytes are not such."""
        return read_form(cls, encoded, form=FORM_SNAPSHOT, name="snapshot", kinds=_SNAPSHOT)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical bytes, in hexadecimal."""
        return digest_of(self.encode())
