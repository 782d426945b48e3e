"""Advice where to wait, as drivers and rounds find it: the latest turn, in memory.

Owns what a driver is told at an instant. Reading it leaves no trace: nothing here knows who asked,
who was told, or who went. It is not stored either; after a restart the next turn works it out.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from dispatch.demand_figures import DemandLog
from dispatch.matching.advice import CarAdvice, why_advised, why_none
from dispatch.matching.columns import Whole
from dispatch.matching.demand import RecentRequests
from dispatch.matching.explanation import Reason
from dispatch.matching.policy import Repositioning
from dispatch.matching.reposition import STAY
from dispatch.position import OnShift, Phase
from dispatch.waiting_zones import WaitingZones
from foundation.identifiers import DriverId
from foundation.measures import Point, distance_metres

RANGE_TIMES = 3
"""Nobody is sent so far that less range would be left than the drive and a trip as long need."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Turn:
    """Advice as it was worked out at one instant.

    Attributes
    ----------
    cars
        What each driver is advised who was free and heard of.
    place_worth_ms
        int64, (zones,): what the last car of each zone is worth there.
    recent
        The requests that were counted.
    expected_hour
        float64, (zones,): requests expected within the next hour.
    """

    at: datetime
    zones: WaitingZones
    rule: Repositioning
    cars: Mapping[DriverId, CarAdvice]
    place_worth_ms: Whole
    recent: RecentRequests
    expected_hour: NDArray[np.float64]

    @property
    def advised(self) -> int:
        """How many drivers are advised to go somewhere."""
        return sum(car.zone != STAY for car in self.cars.values())

    def goal_of(self, driver_id: DriverId) -> int | None:
        """The zone a driver was advised to go to; None for nobody and for who stays."""
        car = self.cars.get(driver_id)
        return None if car is None or car.zone == STAY else car.zone

    @property
    def stands_until(self) -> datetime:
        """Newer advice replaces it before; if none comes, it lapses then."""
        return self.at + timedelta(seconds=2 * self.rule.every_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class WayToGo:
    """Where a driver is advised to wait: a zone, the place on the road to drive to, how long."""

    zone: int
    name: str
    place: Point
    drive_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a driver is told now; `goes_to` is None for "stay where you are".

    `as_of` and `stands_until` are None where nothing was worked out for this driver.
    """

    goes_to: WayToGo | None
    reasons: tuple[Reason, ...]
    as_of: datetime | None = None
    stands_until: datetime | None = None


@dataclass(slots=True)
class AdviceBoard:
    """The latest turn, for drivers who ask, for rounds that weigh places, for everybody."""

    latest: Turn | None = None
    demand: DemandLog = field(default_factory=DemandLog)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self, turn: Turn) -> None:
        """Another turn was worked out; whoever waits for it hears so."""
        self.latest = turn
        self.demand.note(turn.recent, turn.expected_hour, at=turn.at)
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def next_turn(self) -> Turn:
        """Wait for the next turn."""
        await self._news.wait()
        assert self.latest is not None
        return self.latest

    def tell(self, known: OnShift | None, *, now: datetime) -> Told:
        """What a driver is told, as the fleet knows them at this instant; None is off shift."""
        if known is None or known.phase is not Phase.FREE:
            return _none("off_shift" if known is None else "under_way")
        if known.position is None:
            return _none("no_position")
        turn = self.latest
        if turn is not None and ends_soon(known, turn.rule, now=now):
            return _none("shift_ends")
        car = None if turn is None else turn.cars.get(known.driver_id)
        if turn is None or car is None or now >= turn.stands_until:
            return _none("not_yet")
        return _told(turn, car, known)


def ends_soon(known: OnShift, rule: Repositioning, *, now: datetime) -> bool:
    """Whether a shift ends before the requests that advice provides for."""
    return known.ends_by <= now + timedelta(seconds=rule.horizon_seconds)


def worth_of_places(turn: Turn | None, places: list[Point]) -> list[int]:
    """What standing at each place is worth, in milliseconds; 0 before the first turn."""
    if turn is None or not places:
        return [0] * len(places)
    lonlat = np.array([(place.lon, place.lat) for place in places])
    worth: list[int] = turn.place_worth_ms[turn.zones.each_at(lonlat)].tolist()
    return worth


def _is_beyond_range(known: OnShift, place: Point) -> bool:
    """Whether the range a driver told of is too little to be sent there."""
    assert known.position is not None
    metres = distance_metres(known.position.point, place)
    return known.range_metres is not None and known.range_metres < RANGE_TIMES * metres


def _none(because: str) -> Told:
    return Told(goes_to=None, reasons=(why_none(because),))


def _told(turn: Turn, car: CarAdvice, known: OnShift) -> Told:
    assert known.position is not None
    goes_to = None
    reasons = why_advised(car)
    if car.zone != STAY and turn.zones.at(known.position.point) == car.zone:
        reasons = (why_none("there"),)
    elif car.zone != STAY and _is_beyond_range(known, turn.zones.hearts[car.zone]):
        reasons = (why_none("range"),)
    elif car.zone != STAY:
        goes_to = WayToGo(
            zone=car.zone,
            name=turn.zones.names[car.zone],
            place=turn.zones.hearts[car.zone],
            drive_seconds=-(-car.drive_ms // 1000),
        )
    return Told(goes_to=goes_to, reasons=reasons, as_of=turn.at, stands_until=turn.stands_until)
