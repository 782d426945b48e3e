"""One turn of advice: what was asked for lately, who is free where, who would be worth more where.

Reads in one unit of work, decides without the database, in a thread, as a round does. Four
statements a turn, however many drivers there are; nothing is written.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

import rulebook.service
from dispatch.advice import AdviceBoard, Turn, ends_soon
from dispatch.matching.advice import Scene, advise_cars, place_worth_ms
from dispatch.matching.columns import Whole
from dispatch.matching.demand import Forecast, RecentRequests, as_lately
from dispatch.matching.policy import Policy, parse_policy
from dispatch.position import OnShift, Phase, PositionBoard
from dispatch.store.demand import AskedLately, asked_lately
from dispatch.store.rounds import epoch_ms, list_runs_under_way
from dispatch.waiting_zones import WaitingZones
from foundation.collector import undisturbed
from foundation.identifiers import DriverId
from foundation.measures import Point
from roads.engine import RoadEngine
from roads.network import FloatArray
from roads.pack import CityPack
from rulebook.rule import RuleKind
from storage.engine import Database
from storage.work import UnitOfWork

COUNTED_SECONDS_MIN = 600
"""What was asked for in less time than this is taken for that of so long: of a city that has just
begun, the first request says little."""

SOON_SHARE = 4
"""Who is free within a quarter of the horizon is counted where their run ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Car:
    """A driver without a rider, and where; `moves` if they may be advised."""

    driver_id: DriverId
    place: Point
    moves: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What a turn read: free drivers by identifier, the places where runs end soon."""

    at: datetime
    policy: Policy
    asked: AskedLately
    cars: tuple[_Car, ...]
    soon: tuple[Point, ...]


class Adviser:
    """Works out advice over one database, one city and one board of positions."""

    def __init__(
        self,
        database: Database,
        advice: AdviceBoard,
        *,
        pack: CityPack,
        roads: RoadEngine,
        board: PositionBoard,
        stale_seconds: int,
        forecast: Forecast = as_lately,
    ) -> None:
        self._database, self._advice = database, advice
        self._pack, self._roads, self._board = pack, roads, board
        self._stale = timedelta(seconds=stale_seconds)
        self._forecast = forecast
        self._zones: WaitingZones | None = None

    async def turn_if_due(self) -> bool:
        """Work advice out if the policy's time for it has come; whether it had."""
        async with self._database.work() as work:
            rule = await rulebook.service.in_force(work, RuleKind.MATCHING_POLICY, work.now)
            policy = parse_policy(rule.body)
            latest = self._advice.latest
            every = timedelta(seconds=policy.repositioning.every_seconds)
            if latest is not None and work.now - latest.at < every:
                return False
            seen = await self._see(work, policy)
        turn = await asyncio.to_thread(self._decide, seen)
        self._advice.publish(turn)
        return True

    async def _see(self, work: UnitOfWork, policy: Policy) -> _Seen:
        rule = policy.repositioning
        runs = await list_runs_under_way(work)
        soon = work.now + timedelta(seconds=rule.horizon_seconds // SOON_SHARE)
        there = sorted(
            (known for known in self._board if self._is_there(known, work.now)),
            key=lambda known: known.driver_id,
        )
        return _Seen(
            at=work.now,
            policy=policy,
            asked=await asked_lately(work, seconds=rule.memory_seconds),
            cars=tuple(
                _Car(
                    driver_id=known.driver_id,
                    place=known.position.point,
                    moves=not ends_soon(known, rule, now=work.now),
                )
                for known in there
                if known.position is not None
                and known.phase is Phase.FREE
                and known.driver_id not in runs
            ),
            soon=tuple(
                runs[known.driver_id].stops[-1].at
                for known in there
                if known.driver_id in runs
                and runs[known.driver_id].stops[-1].expected_at <= min(soon, known.ends_by)
            ),
        )

    def _is_there(self, known: OnShift, now: datetime) -> bool:
        """On shift, within hours, and heard of lately: whom a round sees."""
        return (
            known.ends_by > now
            and known.position is not None
            and now - known.position.at <= self._stale
        )

    def _decide(self, seen: _Seen) -> Turn:
        """Zones, roads and the flow; runs in a thread and touches nothing that the loop writes."""
        with undisturbed():
            if self._zones is None:
                self._zones = WaitingZones.of(self._pack, self._roads)
            return self._decide_on(self._zones, seen)

    def _decide_on(self, zones: WaitingZones, seen: _Seen) -> Turn:
        rule, at_ms = seen.policy.repositioning, epoch_ms(seen.at)
        recent = recent_requests(zones, seen.asked, at=seen.at, memory_seconds=rule.memory_seconds)
        moving = [car for car in seen.cars if car.moves]
        staying = [car.place for car in seen.cars if not car.moves]
        scene = Scene(
            zone_map=zones.zone_map,
            expected=self._forecast(recent, at_ms=at_ms, horizon_seconds=rule.horizon_seconds),
            there=_counted(zones, [*staying, *seen.soon]),
            zone_of_car=zones.each_at(_lonlat([car.place for car in moving])),
        )
        snaps = self._roads.snap(_lonlat([car.place for car in moving]))

        def drives(pairs: Whole) -> Whole:
            times = self._roads.pair_times(snaps, zones.snaps, pairs.astype(np.int32))
            return times.astype(np.int64)

        told = advise_cars(scene, drives, rule)
        return Turn(
            at=seen.at,
            zones=zones,
            rule=rule,
            cars={car.driver_id: one for car, one in zip(moving, told, strict=True)},
            place_worth_ms=place_worth_ms(scene, rule),
            recent=recent,
            expected_hour=self._forecast(recent, at_ms=at_ms, horizon_seconds=3600),
        )


def recent_requests(
    zones: WaitingZones, asked: AskedLately, *, at: datetime, memory_seconds: int
) -> RecentRequests:
    """Requests by zone; a city younger than the memory is counted from its first request."""
    zone_of = zones.each_at(asked.middles)
    counts = np.zeros(len(zones), dtype=np.int64)
    np.add.at(counts, zone_of, asked.counts)
    lived = 0 if asked.first_at is None else int((at - asked.first_at).total_seconds())
    seconds = min(memory_seconds, max(COUNTED_SECONDS_MIN, lived))
    return RecentRequests(counts=counts, within_ms=seconds * 1000)


def _counted(zones: WaitingZones, places: list[Point]) -> Whole:
    return np.bincount(zones.each_at(_lonlat(places)), minlength=len(zones))


def _lonlat(places: list[Point]) -> FloatArray:
    return np.array([(place.lon, place.lat) for place in places], dtype=np.float64).reshape(-1, 2)
