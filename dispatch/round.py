"""One dispatch round: what is known, who is paired, what is offered.

Reads a snapshot in one unit of work, decides without the database (roads and matching, in a
thread), and offers in another. What changed in between is left out there and seen by the next
round. Every round that had anything to decide is stored with its input (I15).
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

import rulebook.service
from dispatch.matching.candidates import candidate_pairs
from dispatch.matching.explanation import sentence, why_this_offer
from dispatch.matching.limits import CROW_METRES_PER_SECOND
from dispatch.matching.plan import Pairing, Plan
from dispatch.matching.policy import Policy, parse_policy
from dispatch.matching.snapshot import FreeDriver, OpenTrip, RoundInput, Snapshot
from dispatch.matching.solo import decide
from dispatch.position import OnShift, Phase, PositionBoard
from dispatch.run import Underway
from dispatch.store import offers as offer_store
from dispatch.store import rounds as store
from dispatch.store.rounds import StoredRound, epoch_ms
from foundation.clock import stopwatch_ms
from foundation.identifiers import DriverId, OfferId, RoundId, RuleId, TripId
from foundation.measures import distance_metres
from roads.engine import RoadEngine
from rulebook.rule import RuleKind
from storage.engine import Database
from storage.work import UnitOfWork

TRIPS_MAX = 2_000
"""Trips a round looks at; more wait for the next, longest waiting first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundReport:
    """What a round came to; the `*_ms` are wall time."""

    trips: int
    drivers: int
    pairings: int
    offers: int
    degraded: bool
    total_ms: float
    pause_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The round's view of the world, as read in one unit of work."""

    at: datetime
    policy_rule_id: RuleId
    policy: Policy
    trips: Sequence[OpenTrip]
    drivers: Sequence[OnShift]
    runs: Mapping[DriverId, Underway]


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
    """Runs rounds over one database, one road network and one board."""

    def __init__(
        self,
        database: Database,
        *,
        roads: RoadEngine,
        network_digest: str,
        board: PositionBoard,
        stale_seconds: int,
    ) -> None:
        self._database = database
        self._roads = roads
        self._network_digest = network_digest
        self._board = board
        self._stale = timedelta(seconds=stale_seconds)

    async def run_round(self) -> RoundReport:
        """Decide once, and offer what was decided."""
        began = stopwatch_ms()
        async with self._database.work() as work:
            seen = await self._see(work)
        read_ms = stopwatch_ms() - began
        pause = seen.policy.round_ms / 1000
        if not seen.trips or not seen.drivers:
            return RoundReport(
                trips=len(seen.trips), drivers=len(seen.drivers), pairings=0, offers=0,
                degraded=False, total_ms=stopwatch_ms() - began, pause_seconds=pause,
            )  # fmt: skip
        decided = await asyncio.to_thread(self._decide, seen)
        async with self._database.work() as work:
            made = await self._offer(work, seen, decided, began=began, read_ms=read_ms)
        return RoundReport(
            trips=len(seen.trips), drivers=len(seen.drivers), pairings=len(decided.plan.pairings),
            offers=made, degraded=decided.plan.degraded, total_ms=stopwatch_ms() - began,
            pause_seconds=pause,
        )  # fmt: skip

    async def _see(self, work: UnitOfWork) -> _Seen:
        rule = await rulebook.service.in_force(work, RuleKind.MATCHING_POLICY, work.now)
        trips = await store.list_open_trips(work, most=TRIPS_MAX)
        policy = parse_policy(rule.body)
        drivers: list[OnShift] = []
        runs: Mapping[DriverId, Underway] = {}
        if trips:
            offered = await store.list_offered_drivers(work)
            runs = await store.list_runs_under_way(work)
            drivers = [
                known
                for known in self._board
                if known.driver_id not in offered
                and self._is_there(known, work.now)
                and is_candidate(known, runs.get(known.driver_id), policy)
            ]
        return _Seen(
            at=work.now, policy_rule_id=rule.rule_id, policy=policy, trips=trips, drivers=drivers,
            runs=runs,
        )  # fmt: skip

    def _is_there(self, known: OnShift, now: datetime) -> bool:
        """On shift, within hours, and heard of lately."""
        return (
            known.ends_by > now
            and known.position is not None
            and now - known.position.at <= self._stale
        )

    def _decide(self, seen: _Seen) -> "_Decided":
        """Roads and matching; runs in a thread and touches nothing that the loop writes."""
        began = stopwatch_ms()
        left_ms = self._left_ms(seen)
        snapshot = Snapshot.of(
            at_ms=epoch_ms(seen.at),
            trips=seen.trips,
            drivers=[
                free_driver(
                    known,
                    seen.runs.get(known.driver_id),
                    at=seen.at,
                    left_ms=left_ms.get(known.driver_id, 0),
                )
                for known in seen.drivers
            ],
            policy=seen.policy,
            network_digest=self._network_digest,
        )
        pairs = candidate_pairs(snapshot)
        pickup_ms = self._pickup_ms(snapshot, pairs)
        # Known only now: an engine that fails answers by straight line, and says so afterwards.
        snapshot = replace(snapshot, degraded=self._roads.degraded)
        roads_ms = stopwatch_ms() - began
        round_input = RoundInput.of(snapshot, pairs, pickup_ms)
        plan = decide(round_input)
        return _Decided(
            round_input=round_input,
            plan=plan,
            roads_ms=roads_ms,
            solve_ms=stopwatch_ms() - began - roads_ms,
        )

    def _left_ms(self, seen: _Seen) -> dict[DriverId, int]:
        """Road time in milliseconds that each driver still needs to where their run ends."""
        ends = [
            (known, seen.runs[known.driver_id].stops[-1].at)
            for known in seen.drivers
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

    def _pickup_ms(self, snapshot: Snapshot, pairs: NDArray[np.int32]) -> NDArray[np.int32]:
        """Road time of each pair in milliseconds; only drivers and trips in a pair are snapped."""
        trip_rows, trip_of = np.unique(pairs[:, 0], return_inverse=True)
        driver_rows, driver_of = np.unique(pairs[:, 1], return_inverse=True)
        places = [snapshot.drivers[row].place for row in driver_rows]
        pickups = [snapshot.trips[row].pickup for row in trip_rows]
        return self._roads.pair_times(
            self._roads.snap(np.array([(p.lon, p.lat) for p in places]).reshape(-1, 2)),
            self._roads.snap(np.array([(p.lon, p.lat) for p in pickups]).reshape(-1, 2)),
            np.stack([driver_of, trip_of], axis=1).astype(np.int32),
        )

    async def _offer(
        self, work: UnitOfWork, seen: _Seen, decided: "_Decided", *, began: float, read_ms: float
    ) -> int:
        """Store the round and make its offers; how many were made."""
        plan, snapshot = decided.plan, decided.round_input.snapshot
        round_id = RoundId(work.new_id())
        on_shift = {known.driver_id: known for known in seen.drivers}
        deadline = work.now + timedelta(seconds=seen.policy.offer_seconds)
        offers = [
            offer_store.NewOffer(
                offer_id=OfferId(work.new_id()),
                trip_id=pairing.trip_id,
                attempt=pairing.attempt,
                driver_id=pairing.driver_id,
                vehicle_id=on_shift[pairing.driver_id].vehicle_id,
                shift_id=on_shift[pairing.driver_id].shift_id,
                pickup_seconds=pairing.pickup_seconds,
                why=_why(pairing),
                run_trips=_trips_of(seen.runs.get(pairing.driver_id)),
                added_seconds=_added_seconds(pairing, snapshot),
            )
            for pairing in plan.pairings
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
                input=decided.round_input.encode(), input_digest=decided.round_input.digest,
                plan=plan.encode(), plan_digest=plan.digest, degraded=plan.degraded,
                trips=len(snapshot.trips), drivers=len(snapshot.drivers),
                pairs=len(decided.round_input.pairs), pairings=len(plan.pairings),
                offers=len(made), read_ms=read_ms, roads_ms=decided.roads_ms,
                solve_ms=decided.solve_ms, total_ms=stopwatch_ms() - began,
            ),
        )  # fmt: skip
        return len(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    round_input: RoundInput
    plan: Plan
    roads_ms: float
    solve_ms: float


def is_candidate(known: OnShift, run: Underway | None, policy: Policy) -> bool:
    """Whether a trip alone may be offered to a driver: free, or on the last leg and free soon.

    The picture of the fleet and the tables must agree: what one has heard and the other not yet is
    seen alike by the next round.
    """
    if run is None:
        return known.phase is Phase.FREE
    if not run.is_on_last_leg or known.phase is not Phase.ON_TRIP or known.position is None:
        return False
    if set(known.trips) != set(run.trips):
        return False
    # What no road could take less time for need not be asked of the roads.
    metres = distance_metres(known.position.point, run.stops[-1].at)
    return metres <= policy.free_within_seconds * CROW_METRES_PER_SECOND


def free_driver(known: OnShift, run: Underway | None, *, at: datetime, left_ms: int) -> FreeDriver:
    """A driver as matching sees them: where and when they are free, now or after their run.

    Parameters
    ----------
    left_ms
        Road time in milliseconds to the end of the run; 0 without one.
    """
    assert known.position is not None
    at_ms = epoch_ms(at)
    left = int((known.ends_by - at).total_seconds()) - (0 if run is None else -(-left_ms // 1000))
    return FreeDriver(
        driver_id=known.driver_id,
        place=known.position.point if run is None else run.stops[-1].at,
        heading=known.position.heading if run is None else None,
        free_at_ms=(min(at_ms, epoch_ms(known.free_since)) if run is None else at_ms + left_ms),
        seats=known.seats,
        vehicle_class=known.vehicle_class,
        equipment=known.equipment,
        shift_ends_at_ms=epoch_ms(known.ends_by),
        driving_seconds_left=max(0, left),
        earned_minor=max(0, known.earned_minor),
        shift_seconds=max(0, int((at - known.started_at).total_seconds())),
        last_offered_at_ms=(
            None if known.last_offered_at is None else epoch_ms(known.last_offered_at)
        ),
    )


def _trips_of(run: Underway | None) -> tuple[TripId, ...]:
    return () if run is None else run.trips


def _added_seconds(pairing: Pairing, snapshot: Snapshot) -> int:
    """How much longer the driver would be under way: from where they are free to the drop-off."""
    trip = next(one for one in snapshot.trips if one.trip_id == pairing.trip_id)
    return pairing.pickup_seconds - pairing.terms.busy_ms // 1000 + trip.trip_seconds


def _why(pairing: Pairing) -> dict[str, Any]:
    """The stored reasons of an offer: codes and numbers for any language, and plain English."""
    reasons = why_this_offer(pairing)
    return {
        "reasons": [{"code": reason.code, "facts": dict(reason.facts)} for reason in reasons],
        "words": [sentence(reason) for reason in reasons],
    }
