"""Who is advised to wait where, and why: every free car of a city at once.

Owns what one driver is told: a zone to go to or that they stay, with the numbers it rests on. It is
advice that each driver gains by: as everybody stands who did as advised, a car there is worth more
than the same car where it was, by more than its own drive counts. (A cheapest flow promises that of
the drives between hearts of zones; a car that stands further away is left where it is.)

Refuses to know who followed: there is no such field.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.columns import Whole
from dispatch.matching.explanation import Reason
from dispatch.matching.policy import Repositioning
from dispatch.matching.reposition import STAY, ZoneMap, advise, worth_ms

Drives = Callable[[Whole], Whole]
"""Road times in milliseconds, (pairs,), of pairs (pairs, 2) of a car and the zone it drives to."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """What advice is worked out from.

    Attributes
    ----------
    zone_map
        The zones and the drives between neighbours.
    expected
        float64, (zones,): requests expected within the horizon.
    there
        int64, (zones,): cars that will be there anyway, and are not advised.
    zone_of_car
        int64, (cars,): where each car is that may be advised.
    """

    zone_map: ZoneMap
    expected: NDArray[np.float64]
    there: Whole
    zone_of_car: Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneTerms:
    """A zone as it counts for one car, everybody having done as advised.

    Attributes
    ----------
    requests_hour
        Requests expected there, by the hour, rounded.
    cars
        Cars that will be there free or soon free, this one among them.
    worth_ms
        Milliseconds of waiting that this car saves there.
    """

    requests_hour: int
    cars: int
    worth_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CarAdvice:
    """What one car is advised, and what that rests on.

    Attributes
    ----------
    zone
        The zone to go to, or `STAY`.
    here, there
        Where it is, and where it is to go; `there` is None for who stays.
    drive_ms, drive_counts_ms
        The drive, and the waiting that it must save; 0 for who stays.
    """

    zone: int
    here: ZoneTerms
    there: ZoneTerms | None = None
    drive_ms: int = 0
    drive_counts_ms: int = 0

    @property
    def gain_ms(self) -> int:
        """Milliseconds of waiting that the move saves beyond what it counts; 0 for who stays."""
        if self.there is None:
            return 0
        return self.there.worth_ms - self.here.worth_ms - self.drive_counts_ms


def place_worth_ms(scene: Scene, rule: Repositioning) -> Whole:
    """What the last car of each zone is worth there now; of an empty one, what the first would be.

    Returns
    -------
    numpy.ndarray
        int64, (zones,): what a snapshot says of a driver who stands there (`place_worth_ms`).
    """
    now = scene.there + np.bincount(scene.zone_of_car, minlength=scene.zone_map.zones)
    return worth_ms(scene.expected, np.maximum(0, now - 1), rule)[:, 0]


def advise_cars(scene: Scene, drives: Drives, rule: Repositioning) -> tuple[CarAdvice, ...]:
    """What each car is advised, in the order of the cars.

    Parameters
    ----------
    drives
        Asked twice: for the cars and the zones next to theirs, and for the ways that come of it.
    """
    goal = _wanted(scene, drives, rule)
    leaving = np.flatnonzero(goal != STAY)
    drive_ms = np.zeros(len(goal), dtype=np.int64)
    if len(leaving):
        drive_ms[leaving] = drives(np.stack([leaving, goal[leaving]], axis=1))
    worth = worth_ms(scene.expected, scene.there, rule)
    while True:
        told = _told(scene, goal, drive_ms, worth, rule)
        losers = [row for row in np.flatnonzero(goal != STAY).tolist() if told[row].gain_ms <= 0]
        if not losers:
            return told
        # Whoever stays after all is one more in a zone that others may have been sent to.
        goal[losers] = STAY


def _wanted(scene: Scene, drives: Drives, rule: Repositioning) -> Whole:
    """The cheapest flow's zone for each car, with road times of the cars to the zones beside."""
    zone_map, zone_of_car = scene.zone_map, scene.zone_of_car
    if not len(zone_of_car):
        return np.zeros(0, dtype=np.int64)
    by_tail = np.argsort(zone_map.tails, kind="stable")
    first = np.searchsorted(zone_map.tails[by_tail], np.arange(zone_map.zones + 1))
    counts = np.diff(first)[zone_of_car]
    cars = np.repeat(np.arange(len(zone_of_car)), counts)
    within = np.arange(len(cars)) - np.repeat(np.cumsum(counts) - counts, counts)
    beside = zone_map.heads[by_tail][first[zone_of_car][cars] + within]
    drive_ms = np.zeros((len(zone_of_car), zone_map.zones), dtype=np.int64)
    if len(cars):
        drive_ms[cars, beside] = drives(np.stack([cars, beside], axis=1))
    return advise(
        zone_map, zone_of_car=zone_of_car, drive_ms=drive_ms,
        expected=scene.expected, there=scene.there, rule=rule,
    )  # fmt: skip


def _told(
    scene: Scene, goal: Whole, drive_ms: Whole, worth: Whole, rule: Repositioning
) -> tuple[CarAdvice, ...]:
    """What each car is told when they go to these zones."""
    ends = np.where(goal == STAY, scene.zone_of_car, goal)
    further = np.bincount(ends, minlength=scene.zone_map.zones)
    hourly = np.rint(scene.expected * (3600 / rule.horizon_seconds)).astype(np.int64)

    def terms(zone: int, *, more: int) -> ZoneTerms:
        """Of the last car there, when `more` come than do as advised."""
        last = int(further[zone]) + more - 1
        return ZoneTerms(
            requests_hour=int(hourly[zone]),
            cars=int(scene.there[zone]) + last + 1,
            worth_ms=int(worth[zone, last]) if last < worth.shape[1] else 0,
        )

    told = []
    for here, zone, drive in zip(
        scene.zone_of_car.tolist(), goal.tolist(), drive_ms.tolist(), strict=True
    ):
        if zone == STAY:
            told.append(CarAdvice(zone=STAY, here=terms(here, more=0)))
            continue
        stay = CarAdvice(zone=zone, here=terms(here, more=1))
        counts_ms = drive * rule.drive // 1000
        told.append(
            replace(stay, there=terms(zone, more=0), drive_ms=drive, drive_counts_ms=counts_ms)
        )
    return tuple(told)


def why_advised(advice: CarAdvice) -> tuple[Reason, ...]:
    """The reasons of one car's advice: the main one first."""
    here = {
        "requests_hour_here": advice.here.requests_hour,
        "cars_here": advice.here.cars,
        "worth_here_seconds": advice.here.worth_ms // 1000,
    }
    if advice.there is None:
        return (Reason(code="advice_best_here", facts=here),)
    there = advice.there
    return (
        Reason(
            code="advice_worth_more_there",
            facts={
                "worth_there_seconds": there.worth_ms // 1000,
                "worth_here_seconds": here["worth_here_seconds"],
                "drive_seconds": -(-advice.drive_ms // 1000),
                "drive_counts_seconds": -(-advice.drive_counts_ms // 1000),
            },
        ),
        Reason(
            code="advice_requests",
            facts={
                "requests_hour_there": there.requests_hour,
                "requests_hour_here": here["requests_hour_here"],
            },
        ),
        Reason(
            code="advice_cars", facts={"cars_there": there.cars, "cars_here": here["cars_here"]}
        ),
    )


def why_none(because: str) -> Reason:
    """Why there is no advice at all: `not_yet`, `off_shift`, `under_way`, ... as `advice_...`."""
    return Reason(code=f"advice_{because}", facts={})
