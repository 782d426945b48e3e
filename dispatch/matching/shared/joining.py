"""Who joins whom in one round of the service: riders who share, and runs that have room.

Owns the choice and its canonical form, so that it can be stored and decided again. Each rider, in
the order given, gets the cheapest place in a run that nobody else of this round joins; only where
the driving it adds is less than their own direct way, for else two cars drive less. Insertion is
`best_insertion`, with the limits of `run`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dispatch.matching.codec import UNREADABLE, canonical, read_object
from dispatch.matching.errors import RoundUnreadable
from dispatch.matching.shared.insertion import Insertion, Weights, best_insertion
from dispatch.matching.shared.run import Roads, Run, SharedTrip, Stop, StopKind
from foundation.errors import Invalid
from foundation.identifiers import UUID, DriverId, TripId

FORM = "khan-cars matching joins 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A rider who shares and looks for a car, with the runs near enough to be asked.

    `roads` holds the times between the places of this rider and these runs alone.
    """

    trip: SharedTrip
    runs: tuple[Run, ...]
    roads: Roads


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """A rider in their place of a run; `wish` is the number of theirs."""

    wish: int
    trip_id: TripId
    driver_id: DriverId
    insertion: Insertion


def join(wishes: Sequence[Wish]) -> tuple[Join, ...]:
    """Who joins which run; at most one rider a run, for the driver answers for each.

    Equal costs: the driver with the lower identifier.
    """
    joins: list[Join] = []
    taken: set[DriverId] = set()
    for number, wish in enumerate(wishes):
        best: Join | None = None
        for run in sorted(wish.runs, key=lambda run: run.driver_id):
            if run.driver_id in taken:
                continue
            found = best_insertion(run, wish.trip, roads=wish.roads, weights=Weights())
            if found is None or found.terms.added_drive_ms >= wish.trip.direct_ms:
                continue
            if best is None or found.cost < best.insertion.cost:
                best = Join(
                    wish=number,
                    trip_id=wish.trip.trip_id,
                    driver_id=run.driver_id,
                    insertion=found,
                )
        if best is not None:
            joins.append(best)
            taken.add(best.driver_id)
    return tuple(joins)


def encode(wishes: Sequence[Wish], joins: Sequence[Join]) -> bytes:
    """The canonical bytes of what was asked and what came of it."""
    return canonical(
        {
            "form": FORM,
            "wishes": [_wish_as_json(wish) for wish in wishes],
            "joins": [_join_as_json(one) for one in joins],
        }
    )


def decided_again(encoded: bytes) -> bytes:
    """The canonical bytes that the stored wishes give when they are decided again.

    Raises
    ------
    RoundUnreadable
        If the bytes are damaged or of another form.
    """
    written = read_object(encoded, form=FORM)
    try:
        wishes = [_wish_from_json(wish) for wish in written["wishes"]]
    except (*UNREADABLE, Invalid) as broken:
        raise RoundUnreadable(str(broken)) from broken
    return encode(wishes, join(wishes))


def joined_of(encoded: bytes) -> dict[TripId, DriverId]:
    """Whose run each rider was to join, of the joins that `encode` wrote.

    Raises
    ------
    RoundUnreadable
        If the bytes are damaged or of another form.
    """
    written = read_object(encoded, form=FORM)
    try:
        return {
            TripId(UUID(hex=one["trip_id"])): DriverId(UUID(hex=one["driver_id"]))
            for one in written["joins"]
        }
    except UNREADABLE as broken:
        raise RoundUnreadable(str(broken)) from broken


_WHOLE = (
    "pickup", "dropoff", "seats", "wanted_at_ms", "pickup_by_ms", "dropoff_by_ms", "direct_ms",
    "ride_ms_max", "boarded_at_ms",
)  # fmt: skip


def _trip_as_json(trip: SharedTrip) -> dict[str, Any]:
    return {"trip_id": trip.trip_id.hex, **{name: getattr(trip, name) for name in _WHOLE}}


def _trip_from_json(written: dict[str, Any]) -> SharedTrip:
    return SharedTrip(
        trip_id=TripId(UUID(hex=written["trip_id"])), **{name: written[name] for name in _WHOLE}
    )


def _stops_as_json(stops: Sequence[Stop]) -> list[list[Any]]:
    return [[int(stop.kind), stop.trip_id.hex] for stop in stops]


def _wish_as_json(wish: Wish) -> dict[str, Any]:
    return {
        "trip": _trip_as_json(wish.trip),
        "travel_ms": wish.roads.travel_ms.tolist(),
        "dwell_ms": wish.roads.dwell_ms,
        "runs": [
            {
                "driver_id": run.driver_id.hex, "place": run.place, "free_at_ms": run.free_at_ms,
                "seats": run.seats, "finish_by_ms": run.finish_by_ms,
                "trips": [_trip_as_json(trip) for trip in run.trips],
                "stops": _stops_as_json(run.stops),
            }
            for run in wish.runs
        ],
    }  # fmt: skip


def _wish_from_json(written: dict[str, Any]) -> Wish:
    return Wish(
        trip=_trip_from_json(written["trip"]),
        roads=Roads(np.array(written["travel_ms"], np.int32), written["dwell_ms"]),
        runs=tuple(
            Run(
                driver_id=DriverId(UUID(hex=run["driver_id"])),
                place=run["place"],
                free_at_ms=run["free_at_ms"],
                seats=run["seats"],
                finish_by_ms=run["finish_by_ms"],
                trips=tuple(_trip_from_json(trip) for trip in run["trips"]),
                stops=tuple(
                    Stop(StopKind(kind), TripId(UUID(hex=trip_id)))
                    for kind, trip_id in run["stops"]
                ),
            )
            for run in written["runs"]
        ),
    )


def _join_as_json(one: Join) -> dict[str, Any]:
    terms = one.insertion.terms
    return {
        "trip_id": one.trip_id.hex,
        "driver_id": one.driver_id.hex,
        "stops": _stops_as_json(one.insertion.run.stops),
        "cost": one.insertion.cost,
        "added_drive_ms": terms.added_drive_ms,
        "others_delay_ms": terms.others_delay_ms,
        "wait_ms": terms.wait_ms,
        "detour_ms": terms.detour_ms,
    }
