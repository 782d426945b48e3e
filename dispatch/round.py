"""One dispatch round: what is known, who is paired, what is offered.

Reads a snapshot in one unit of work, decides without the database (roads and matching, in a
thread), and offers in another. What changed in between is left out there and seen by the next
round. Every round that had anything to decide is stored with its input (I15).
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

import rulebook.service
from dispatch import matching
from dispatch.advice import AdviceBoard, worth_of_places
from dispatch.asking import Seen, alone_offer, free_driver, is_candidate, join_offer, place_of
from dispatch.company import Scene, Sharing, may_be_joined, wishes_of
from dispatch.matching.policy import parse_policy
from dispatch.matching.shared.joining import Join, Wish, encode, join
from dispatch.matching.snapshot import Snapshot
from dispatch.on_roads import Decided, decide_on_roads
from dispatch.position import OnShift, PositionBoard
from dispatch.store import offers as offer_store
from dispatch.store import rounds as store
from dispatch.store.rounds import StoredRound, epoch_ms
from foundation.clock import stopwatch_ms
from foundation.collector import undisturbed
from foundation.identifiers import DriverId, OfferId, RoundId
from registry.views import list_zone_limits
from roads.engine import RoadEngine
from rulebook.rule import RuleKind
from storage.engine import Database
from storage.work import UnitOfWork

TRIPS_MAX = 2_000
"""Trips a round looks at; more wait for the next, longest waiting first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundReport:
    """What a round came to; the `*_ms` are wall time.

    `pause_seconds` is the longest pace that the policy allows (`dispatch.pace`).
    """

    trips: int
    drivers: int
    pairings: int
    offers: int
    degraded: bool
    total_ms: float
    pause_seconds: float


@dataclass(slots=True)
class RoundLog:
    """The latest round, for the live view and the health page."""

    number: int | None = None
    ms: float | None = None
    degraded: bool = False

    def note(self, report: RoundReport) -> None:
        """Another round was run."""
        self.number = (self.number or 0) + 1
        self.ms, self.degraded = round(report.total_ms, 1), report.degraded


class Dispatcher:
    """Runs rounds over one database, one road network and one board.

    Parameters
    ----------
    stale_seconds
        A driver not heard of for longer is not asked.
    answer_seconds_min
        An offer stands at least so long, whatever the policy says: where service time runs faster
        than people and machines can answer.
    """

    def __init__(
        self,
        database: Database,
        *,
        roads: RoadEngine,
        network_digest: str,
        board: PositionBoard,
        stale_seconds: int,
        advice: AdviceBoard | None = None,
        answer_seconds_min: int = 0,
    ) -> None:
        self._database = database
        self._roads = roads
        self._network_digest = network_digest
        self._board = board
        self._advice = AdviceBoard() if advice is None else advice
        self._stale = timedelta(seconds=stale_seconds)
        self._answer_seconds_min = answer_seconds_min
        matching.prepare()  # compiles now rather than in the first round

    async def run_round(self) -> RoundReport:
        """Decide once, and offer what was decided."""
        began = stopwatch_ms()
        async with self._database.work() as work:
            seen = await self._see(work)
        read_ms = stopwatch_ms() - began
        pause = seen.policy.round_ms / 1000
        if not seen.trips or not (seen.drivers or seen.sharing):
            return RoundReport(
                trips=len(seen.trips), drivers=len(seen.drivers), pairings=0, offers=0,
                degraded=False, total_ms=stopwatch_ms() - began, pause_seconds=pause,
            )  # fmt: skip
        decided = await asyncio.to_thread(self._decide, seen)
        async with self._database.work() as work:
            made = await self._offer(work, seen, decided, began=began, read_ms=read_ms)
        return RoundReport(
            trips=len(seen.trips), drivers=len(seen.drivers), pairings=len(decided.alone.plan.pairings) + len(decided.joins),
            offers=made, degraded=decided.alone.plan.degraded, total_ms=stopwatch_ms() - began,
            pause_seconds=pause,
        )  # fmt: skip

    async def _see(self, work: UnitOfWork) -> Seen:
        rules = await rulebook.service.all_in_force(
            work, {RuleKind.MATCHING_POLICY: work.now, RuleKind.BOOKING_POLICY: work.now}
        )
        rule = rules[RuleKind.MATCHING_POLICY]
        booking = rulebook.service.booking_policy_of(rules[RuleKind.BOOKING_POLICY])
        trips = await store.list_open_trips(work, most=TRIPS_MAX)
        policy = parse_policy(rule.body)
        answer_seconds = max(policy.offer_seconds, self._answer_seconds_min)
        if not trips:
            return Seen(
                at=work.now, policy_rule_id=rule.rule_id, policy=policy, booking=booking,
                trips={}, drivers={}, runs={}, answer_seconds=answer_seconds,
            )  # fmt: skip
        offered = await store.list_offered_drivers(work)
        runs = await store.list_runs_under_way(work)
        there = [
            known
            for known in self._board
            if known.driver_id not in offered and self._is_there(known, work.now)
        ]
        shares = await store.list_sharing_trips(work)
        return Seen(
            at=work.now,
            policy_rule_id=rule.rule_id,
            policy=policy,
            booking=booking,
            trips={trip.trip_id: trip for trip in trips},
            drivers={
                one.driver_id: one
                for one in there
                if is_candidate(one, runs.get(one.driver_id), policy)
            },
            runs=runs,
            answer_seconds=answer_seconds,
            shares=shares,
            # Who was advised what is not asked, nor known: only what a car in each zone is worth.
            advice=self._advice.latest if policy.weights.place else None,
            zones=await list_zone_limits(work),
            sharing={
                known.driver_id: Sharing(known=known, run=runs[known.driver_id])
                for known in there
                if shares and may_be_joined(known, runs.get(known.driver_id), policy.shared)
            },
        )

    def _is_there(self, known: OnShift, now: datetime) -> bool:
        """On shift, within hours, and heard of lately."""
        return (
            known.ends_by > now
            and known.position is not None
            and now - known.position.at <= self._stale
        )

    def _decide(self, seen: Seen) -> "_WithJoins":
        """Roads and matching; runs in a thread and touches nothing that the loop writes."""
        with undisturbed():
            return self._decide_all(seen)

    def _decide_all(self, seen: Seen) -> "_WithJoins":
        """First who joins whom, then the others by themselves."""
        began = stopwatch_ms()
        scene = Scene(
            at=seen.at,
            caps=seen.policy.shared,
            reserve=seen.reserve,
            zones=seen.zones,
            sharing=tuple(seen.sharing.values()),
        )
        wishes = wishes_of(tuple(seen.trips.values()), seen.shares, scene=scene, roads=self._roads)
        joins = join(wishes)
        joined = {one.trip_id for one in joins}
        busy = {one.driver_id for one in joins}
        left_ms, worth_ms = self._left_ms(seen), _worth_ms(seen)
        snapshot = Snapshot.of(
            at_ms=epoch_ms(seen.at),
            trips=[trip for trip in seen.trips.values() if trip.trip_id not in joined],
            drivers=[
                free_driver(
                    known,
                    seen,
                    left_ms=left_ms.get(known.driver_id, 0),
                    worth_ms=worth_ms[known.driver_id],
                )
                for known in seen.drivers.values()
                if known.driver_id not in busy
            ],
            policy=seen.policy,
            network_digest=self._network_digest,
        )
        joins_ms = stopwatch_ms() - began
        return _WithJoins(
            wishes=wishes,
            joins=joins,
            joins_ms=joins_ms,
            alone=decide_on_roads(snapshot, self._roads),
        )

    def _left_ms(self, seen: Seen) -> dict[DriverId, int]:
        """Road time in milliseconds that each driver still needs to where their run ends."""
        ends = [
            (known, seen.runs[known.driver_id].stops[-1].at)
            for known in seen.drivers.values()
            if known.driver_id in seen.runs
        ]
        if not ends:
            return {}
        places = [known.position.point for known, _ in ends if known.position is not None]
        rows = np.arange(len(ends), dtype=np.int32)
        times = self._roads.pair_times(
            self._roads.snap(np.array([(p.lon, p.lat) for p in places])),
            self._roads.snap(np.array([(p.lon, p.lat) for _, p in ends])),
            np.stack([rows, rows], axis=1),
        )
        return {known.driver_id: int(left) for (known, _), left in zip(ends, times, strict=True)}

    async def _offer(
        self, work: UnitOfWork, seen: Seen, decided: "_WithJoins", *, began: float, read_ms: float
    ) -> int:
        """Store the round and make its offers; how many were made."""
        alone = decided.alone
        plan, snapshot = alone.plan, alone.round_input.snapshot
        round_id = RoundId(work.new_id())
        deadline = work.now + timedelta(seconds=seen.answer_seconds)
        offers = [
            *(
                alone_offer(OfferId(work.new_id()), pairing, seen, now=work.now)
                for pairing in plan.pairings
            ),
            *(
                join_offer(OfferId(work.new_id()), one, decided.wishes[one.wish], seen)
                for one in decided.joins
            ),
        ]
        made: set[OfferId] = set()
        if offers:
            made = await offer_store.insert_offers(
                work, offers, round_id=round_id, deadline=deadline
            )
        await store.insert_round(
            work,
            StoredRound(
                round_id=round_id, at=seen.at, policy_rule_id=seen.policy_rule_id, matcher=f"{plan.method} {plan.solver} {plan.version}",
                input=alone.round_input.encode(), input_digest=alone.round_input.digest,
                plan=plan.encode(), plan_digest=plan.digest, degraded=plan.degraded,
                trips=len(snapshot.trips), drivers=len(snapshot.drivers),
                pairs=len(alone.round_input.pairs),
                pairings=len(plan.pairings) + len(decided.joins),
                joins=encode(decided.wishes, decided.joins) if decided.wishes else None,
                offers=len(made), read_ms=read_ms, roads_ms=decided.joins_ms + alone.candidates_ms + alone.roads_ms,
                solve_ms=alone.solve_ms + alone.encode_ms, total_ms=stopwatch_ms() - began,
            ),
        )  # fmt: skip
        return len(made)


def _worth_ms(seen: Seen) -> dict[DriverId, int]:
    """What each driver is worth where they are free; 0 for all if the policy weighs no place."""
    places = [place_of(known, seen) for known in seen.drivers.values()]
    return dict(zip(seen.drivers, worth_of_places(seen.advice, places), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class _WithJoins:
    """Who joins whom, and what was decided for the others; `joins_ms` by the stopwatch."""

    wishes: tuple[Wish, ...]
    joins: tuple[Join, ...]
    joins_ms: float
    alone: Decided
