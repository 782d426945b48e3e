"""Cars and riders that move about a town and add up, for the stand-in only.

A car drives on at random, straight on by preference, and goes from free to a pick-up, to a
trip, and to free again by the clock. Nothing is dispatched here: the figures are of the right
size and agree with one another, and that is all.
"""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from public_api.live_frames import (
    CarState,
    DriverFigures,
    Figures,
    History,
    OfferFigures,
    RoundFigures,
    TripFigures,
    WaitFigures,
    ZoneQueue,
    encode_cars,
    encode_figures,
    gather_riders,
    queues,
)
from tests.browser.town import Town, zone_of

STARTS = datetime(2014, 12, 22, 1, 0, tzinfo=UTC)  # 20:00 on 21 December in New York
# How long a car stays in each state, service seconds, and how often on the whole.
STAYS = {
    CarState.FREE: 260.0,
    CarState.TO_PICKUP: 210.0,
    CarState.ON_TRIP: 620.0,
    CarState.OTHER: 400.0,
}


@dataclass(slots=True)
class Rider:
    """Somebody waiting: where, since when, for how long."""

    place: tuple[float, float]
    zone: str
    asked: float
    leaves: float


class Traffic:
    """A town with cars in it; `advance` moves everything on."""

    def __init__(self, town: Town, *, cars: int, rate: float = 10.0, seed: int = 7) -> None:
        self.town, self.rate, self.seconds = town, rate, 0.0
        self._chance = np.random.default_rng(seed)
        self._out: list[list[int]] = [[] for _ in range(len(town.nodes))]
        for arc, tail in enumerate(town.tails.tolist()):
            self._out[tail].append(arc)
        steps = (town.nodes[town.heads] - town.nodes[town.tails]) * (
            np.cos(np.radians(town.nodes[town.tails, 1]))[:, None] ** np.array([1.0, 0.0])
        )
        self._bearings = np.degrees(np.arctan2(steps[:, 0], steps[:, 1])) % 360
        live = np.array([arc for arc, head in enumerate(town.heads.tolist()) if self._out[head]])
        self._arcs = self._chance.choice(live, cars)
        self._metres = self._chance.uniform(0, town.metres[self._arcs])
        self._numbers = self._chance.integers(0, 2**32, cars, dtype=np.uint32)
        self._states = self._chance.choice(4, cars, p=[0.34, 0.2, 0.43, 0.03]).astype(np.uint8)
        self._changes = self._chance.uniform(0, 600, cars)
        self._riders: list[Rider] = []
        self._history: deque[tuple[float, int]] = deque(maxlen=60)
        self._completed, self._rounds = 1874, 7200
        for minute in range(50):
            self._history.append(
                (
                    float(200 + 45 * np.sin(minute / 7) + self._chance.normal(0, 9)),
                    int(cars * (0.58 + 0.06 * np.sin(minute / 9))),
                )
            )
        self._ask(max(3, cars // 20))
        self._stay()

    def _stay(self) -> None:
        """Let three wait at one place for ever, so that there is always a queue to look at."""
        places = [(float(lon), float(lat)) for lon, lat in self.town.demand]
        place, zone = next(
            (place, zone) for place in places if (zone := zone_of(self.town, place)) is not None
        )
        self._riders += [Rider(place, zone.code, self.seconds, float("inf")) for _ in range(3)]

    def _ask(self, count: int) -> None:
        for place in self._chance.choice(self.town.demand, count):
            zone = zone_of(self.town, (float(place[0]), float(place[1])))
            stays = float(self._chance.exponential(160.0))
            self._riders.append(
                Rider(
                    (float(place[0]), float(place[1])),
                    zone.code if zone else "",
                    self.seconds,
                    self.seconds + stays,
                )
            )

    def advance(self, seconds: float) -> None:
        """Move on by service seconds."""
        before, self.seconds = self.seconds, self.seconds + seconds
        for car in range(len(self._arcs)):
            self._drive(car, seconds)
        for car in np.flatnonzero(self._changes < self.seconds).tolist():
            state = int(self._states[car])
            self._completed += state == CarState.ON_TRIP
            self._states[car] = (1, 2, 0, 0)[state]
            self._changes[car] = self.seconds + float(
                self._chance.exponential(STAYS[CarState(int(self._states[car]))])
            )
        self._riders = [rider for rider in self._riders if rider.leaves > self.seconds]
        self._ask(int(self._chance.poisson(len(self._arcs) / 20 / 160 * seconds)))
        self._rounds += max(1, int(seconds / self.rate))
        if int(before // 60) != int(self.seconds // 60):
            self._history.append((self._wait(), self._under_way() + len(self._riders)))

    def _drive(self, car: int, seconds: float) -> None:
        left = float(seconds) * (0.0 if self._states[car] == CarState.OTHER else 1.0)
        while left > 0:
            arc = int(self._arcs[car])
            speed = float(self.town.speeds[arc]) * 0.75
            ahead = float(self.town.metres[arc]) - float(self._metres[car])
            if ahead > left * speed:
                self._metres[car] += left * speed
                return
            left -= ahead / speed
            choices = self._out[int(self.town.heads[arc])]
            turns = np.abs((self._bearings[choices] - self._bearings[arc] + 180) % 360 - 180)
            weights = np.exp(-turns / 40) + 1e-4
            self._arcs[car] = choices[
                int(self._chance.choice(len(choices), p=weights / weights.sum()))
            ]
            self._metres[car] = 0.0

    def _under_way(self) -> int:
        return int(np.isin(self._states, (CarState.TO_PICKUP, CarState.ON_TRIP)).sum())

    def _wait(self) -> float:
        return float(214 + 40 * np.sin(self.seconds / 900) + self._chance.normal(0, 6))

    @property
    def now(self) -> datetime:
        """Service time."""
        return STARTS + timedelta(seconds=self.seconds)

    def cars_frame(self) -> bytes:
        """The binary frame as it stands."""
        share = (self._metres / self.town.metres[self._arcs])[:, None]
        tails, heads = (
            self.town.nodes[self.town.tails[self._arcs]],
            self.town.nodes[self.town.heads[self._arcs]],
        )
        return encode_cars(
            self.now,
            self.rate,
            cars=self._numbers,
            lonlat=tails + (heads - tails) * share,
            headings=self._bearings[self._arcs],
            states=self._states,
        )

    def figures_frame(self) -> bytes:
        """The text frame as it stands."""
        by_state = np.bincount(self._states, minlength=4).tolist()
        waits = [wait for wait, _ in self._history]
        return encode_figures(
            Figures(
                now=self.now,
                rate=self.rate,
                demonstration=True,
                drivers=DriverFigures(
                    on_shift=len(self._states),
                    free=by_state[0],
                    to_pickup=by_state[1],
                    on_trip=by_state[2],
                    other=by_state[3],
                ),
                trips=TripFigures(
                    waiting=len(self._riders),
                    under_way=self._under_way(),
                    completed_today=self._completed,
                    unserved_today=23,
                    cancelled_today=61,
                ),
                waits=WaitFigures(
                    mean_seconds=round(waits[-1], 1),
                    p95_seconds=round(waits[-1] * 2.05, 1),
                    trips=131,
                    window_seconds=900,
                ),
                offers=OfferFigures(
                    made_today=int(self._completed * 1.19),
                    accepted_today=int(self._completed * 1.07),
                    declined_today=int(self._completed * 0.09),
                    lapsed_today=int(self._completed * 0.03),
                ),
                round=RoundFigures(
                    number=self._rounds,
                    ms=round(float(self._chance.gamma(9, 4)), 1),
                    degraded=False,
                ),
                history=History(
                    step_seconds=60,
                    mean_wait_seconds=tuple(round(wait, 1) for wait in waits),
                    open_trips=tuple(trips for _, trips in self._history),
                ),
                zones=self._queues(),
            ),
            gather_riders(np.array([rider.place for rider in self._riders]).reshape(-1, 2)),
        )

    def _queues(self) -> tuple[ZoneQueue, ...]:
        found = {}
        for zone in self.town.zones:
            here = [rider for rider in self._riders if rider.zone == zone.code]
            if here:
                waited = sum(self.seconds - rider.asked for rider in here) / len(here)
                found[zone.code] = ZoneQueue(
                    code=zone.code,
                    name=zone.name,
                    waiting=len(here),
                    free=(int(zone.code) * 7) % 9,
                    mean_wait_seconds=round(waited + 120, 1),
                )
        return queues(found)
