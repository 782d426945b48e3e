"""Which runs a rider who shares could join now: from the fleet and the tables to matching's words.

Owns who is asked at all: runs whose riders all share, with a seat, near enough, standing at nobody's
kerb. Roads are asked for the few nearest only.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nsmallest

import numpy as np

from dispatch.matching.limits import CROW_METRES_PER_SECOND
from dispatch.matching.policy import SharedCaps
from dispatch.matching.shared.joining import Join, Wish
from dispatch.matching.shared.run import Caps, Roads, Run, SharedTrip, Stop, schedule
from dispatch.matching.shared.run import StopKind as Kind
from dispatch.matching.shared.run_kernel import NEVER
from dispatch.matching.snapshot import OpenTrip
from dispatch.position import OnShift, Phase
from dispatch.promise import Reserve, guarded
from dispatch.run import Planned, StopAhead, StopKind, Underway
from dispatch.store.rounds import epoch_ms, instant_of
from foundation.identifiers import DriverId, TripId
from foundation.measures import Point, distance_metres
from roads.engine import RoadEngine

RUNS_LOOKED_AT = 8
"""Of the runs nearest to a rider by straight line."""
WISHES_MAX = 40
"""Riders who share that one round looks at, longest waiting first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """A driver whose run somebody could join."""

    known: OnShift
    run: Underway


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the choice of company depends on beside roads.

    `zones` are those in which a driver may pick up, of drivers whose licence names them.
    """

    at: datetime
    caps: SharedCaps
    reserve: Reserve
    sharing: Sequence[Sharing]
    zones: Mapping[DriverId, frozenset[str]] = field(default_factory=dict)

    def may_pick_up(self, driver_id: DriverId, zone: str | None) -> bool:
        """Whether the driver's licence allows picking up in a zone; None is outside all."""
        return driver_id not in self.zones or zone in self.zones[driver_id]


def may_be_joined(known: OnShift, run: Underway | None, caps: SharedCaps) -> bool:
    """Whether everybody in or awaited by the car shares, there is a seat, and it is on its way."""
    if run is None or known.position is None or set(known.trips) != set(run.trips):
        return False
    if any(held.phase in (Phase.AT_PICKUP, Phase.AT_STOP) for held in known.trips.values()):
        return False
    return all(stop.party.is_shared for stop in run.stops) and min(run.seats, caps.riders_max) > 1


def wishes_of(
    trips: Sequence[OpenTrip], shares: Collection[TripId], *, scene: Scene, roads: RoadEngine
) -> tuple[Wish, ...]:
    """The riders who share, longest waiting first, each with the runs they could join."""
    asking = sorted(
        (trip for trip in trips if trip.trip_id in shares),
        key=lambda trip: (trip.asked_at_ms, trip.trip_id.int),
    )
    drafts = [draft for trip in asking[:WISHES_MAX] if (draft := _draft(trip, scene)) is not None]
    if not drafts:
        return ()
    # One table for all: a row costs far less than a question of its own.
    places = list(dict.fromkeys(place for draft in drafts for place in draft.places))
    number = {place: row for row, place in enumerate(places)}
    snaps = roads.snap(np.array([(place.lon, place.lat) for place in places]))
    table = np.asarray(roads.times(snaps, snaps), dtype=np.int32)
    own = [[number[place] for place in draft.places] for draft in drafts]
    dwell_ms = scene.caps.stop_seconds * 1000
    return tuple(
        draft.wish(Roads(table[np.ix_(rows, rows)], dwell_ms), scene.reserve)
        for draft, rows in zip(drafts, own, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A wish before the roads are asked; its trip and runs speak of `places` by their number."""

    trip: SharedTrip
    runs: tuple[Run, ...]
    places: tuple[Point, ...]

    def wish(self, roads: Roads, reserve: Reserve) -> Wish:
        """The wish on its roads, the promises of each run with their reserve."""
        runs = tuple(guarded(run, roads, reserve) for run in self.runs)
        return Wish(trip=self.trip, runs=runs, roads=roads)


def _draft(trip: OpenTrip, scene: Scene) -> _Draft | None:
    left_s = scene.caps.wait_seconds_max - (epoch_ms(scene.at) - _wanted_at_ms(trip)) / 1000
    near = nsmallest(
        RUNS_LOOKED_AT,
        (
            (metres, one.known.driver_id, one)
            for one in scene.sharing
            if _fits(trip, one)
            and scene.may_pick_up(one.known.driver_id, trip.pickup_zone)
            and (metres := distance_metres(_place(one), trip.pickup))
            <= left_s * CROW_METRES_PER_SECOND
        ),
        key=lambda item: item[:2],
    )
    if not near:
        return None
    places: list[Point] = [trip.pickup, trip.dropoff]
    runs = tuple(_run(one, scene, places) for _, _, one in near)
    caps = Caps(
        wait_ms_max=scene.caps.wait_seconds_max * 1000,
        detour_percent_max=scene.caps.detour_percent_max,
    )
    asked = caps.trip(
        trip.trip_id, (0, 1), seats=trip.seats, wanted_at_ms=_wanted_at_ms(trip),
        direct_ms=trip.trip_seconds * 1000,
    )  # fmt: skip
    return _Draft(trip=asked, runs=runs, places=tuple(places))


def _wanted_at_ms(trip: OpenTrip) -> int:
    """From when the rider counts as waiting: the time booked, or when they asked."""
    return trip.asked_at_ms if trip.wanted_at_ms is None else trip.wanted_at_ms


def _place(one: Sharing) -> Point:
    assert one.known.position is not None
    return one.known.position.point


def _fits(trip: OpenTrip, one: Sharing) -> bool:
    """Class, needs and exclusions; seats and times are asked of each place in the run."""
    known = one.known
    return (
        known.vehicle_class == trip.vehicle_class
        and set(trip.needs) <= set(known.equipment)
        and known.driver_id not in trip.excluded
    )


def _run(one: Sharing, scene: Scene, places: list[Point]) -> Run:
    """The run in matching's words; its places are added to `places`."""
    car = len(places)
    places.append(_place(one))
    at: dict[tuple[TripId, StopKind], int] = {}
    by_trip: dict[TripId, dict[StopKind, StopAhead]] = {}
    for stop in one.run.stops:
        at[stop.trip_id, stop.kind] = len(places)
        places.append(stop.at)
        by_trip.setdefault(stop.trip_id, {})[stop.kind] = stop
    trips = [
        _shared_trip(stops, caps=scene.caps,
                     places=(at.get((trip_id, StopKind.PICKUP), car), at[trip_id, StopKind.DROPOFF]))
        for trip_id, stops in by_trip.items()
    ]  # fmt: skip
    return Run(
        driver_id=one.known.driver_id,
        place=car,
        free_at_ms=epoch_ms(scene.at),
        seats=min(one.run.seats, scene.caps.riders_max),
        trips=tuple(sorted(trips, key=lambda trip: trip.trip_id)),
        stops=tuple(Stop(_kind(stop.kind), stop.trip_id) for stop in one.run.stops),
        finish_by_ms=epoch_ms(one.known.ends_by),
    )


def _shared_trip(
    stops: Mapping[StopKind, StopAhead], *, caps: SharedCaps, places: tuple[int, int]
) -> SharedTrip:
    last = stops[StopKind.DROPOFF]
    first = stops.get(StopKind.PICKUP)
    wanted = epoch_ms(last.asked_at)
    pickup_by = wanted + caps.wait_seconds_max * 1000
    if first is not None and first.latest_at is not None:
        pickup_by = epoch_ms(first.latest_at)
    return SharedTrip(
        trip_id=last.trip_id,
        pickup=places[0],
        dropoff=places[1],
        seats=last.party.riders,
        wanted_at_ms=wanted,
        pickup_by_ms=pickup_by,
        dropoff_by_ms=NEVER if last.latest_at is None else epoch_ms(last.latest_at),
        direct_ms=last.direct_seconds * 1000,
        ride_ms_max=last.direct_seconds * 1000 * caps.detour_percent_max // 100,
        boarded_at_ms=None if last.boarded_at is None else epoch_ms(last.boarded_at),
    )


def _kind(kind: StopKind) -> Kind:
    return Kind.PICKUP if kind is StopKind.PICKUP else Kind.DROPOFF


def plan_of(one: Join, wish: Wish) -> tuple[tuple[Planned, ...], int]:
    """A join as it is offered: the stops ahead with their times, and how many seconds it adds."""
    run = one.insertion.run
    begins = schedule(run, wish.roads).begins_ms
    before = next(old for old in wish.runs if old.driver_id == one.driver_id)
    ended = schedule(before, wish.roads).begins_ms[-1]
    plan = tuple(
        Planned(
            trip_id=stop.trip_id,
            kind=StopKind.PICKUP if stop.kind is Kind.PICKUP else StopKind.DROPOFF,
            expected_at=instant_of(begin),
        )
        for stop, begin in zip(run.stops, begins, strict=True)
    )
    return plan, max(0, -(-(begins[-1] - ended) // 1000))
