"""One dispatch round: what is known, who is paired, what is offered.

Reads a snapshot in one unit of work, decides without the database (roads and matching, in a
thread), and offers in another. What changed in between is left out there and seen by the next
round. Every round that had anything to decide is stored with its input (I15).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import rulebook.service
from dispatch import matching
from dispatch.deciding import Decided, decide_on_roads
from dispatch.matching.explanation import sentence, why_this_offer
from dispatch.matching.plan import Pairing
from dispatch.matching.policy import Policy, parse_policy
from dispatch.matching.snapshot import FreeDriver, OpenTrip, Snapshot
from dispatch.position import OnShift, Phase, PositionBoard
from dispatch.store import offers as offer_store
from dispatch.store import rounds as store
from dispatch.store.rounds import StoredRound, epoch_ms
from foundation.clock import stopwatch_ms
from foundation.collector import undisturbed
from foundation.identifiers import DriverId, OfferId, RoundId, RuleId
from roads.engine import RoadEngine
from rulebook.booking_policy import BookingPolicy
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The round's view of the world, as read in one unit of work."""

    at: datetime
    policy_rule_id: RuleId
    policy: Policy
    booking: BookingPolicy
    trips: Sequence[OpenTrip]
    drivers: Sequence[OnShift]


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
        matching.prepare()  # compiles now rather than in the first round

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
        rules = await rulebook.service.all_in_force(
            work, {RuleKind.MATCHING_POLICY: work.now, RuleKind.BOOKING_POLICY: work.now}
        )
        rule = rules[RuleKind.MATCHING_POLICY]
        trips = await store.list_open_trips(work, most=TRIPS_MAX)
        drivers: list[OnShift] = []
        if trips:
            busy = await store.list_busy_drivers(work)
            drivers = [known for known in self._board if self._may_serve(known, busy, work.now)]
        return _Seen(
            at=work.now,
            policy_rule_id=rule.rule_id,
            policy=parse_policy(rule.body),
            booking=rulebook.service.booking_policy_of(rules[RuleKind.BOOKING_POLICY]),
            trips=trips,
            drivers=drivers,
        )

    def _may_serve(self, known: OnShift, busy: frozenset[DriverId], now: datetime) -> bool:
        """On shift, free, within hours, and heard of lately."""
        return (
            known.phase is Phase.FREE
            and known.driver_id not in busy
            and known.ends_by > now
            and known.position is not None
            and now - known.position.at <= self._stale
        )

    def _decide(self, seen: _Seen) -> Decided:
        """Roads and matching; runs in a thread and touches nothing that the loop writes."""
        with undisturbed():
            snapshot = Snapshot.of(
                at_ms=epoch_ms(seen.at),
                trips=seen.trips,
                drivers=[_free_driver(known, seen) for known in seen.drivers],
                policy=seen.policy,
                network_digest=self._network_digest,
            )
            return decide_on_roads(snapshot, self._roads)

    async def _offer(
        self, work: UnitOfWork, seen: _Seen, decided: Decided, *, began: float, read_ms: float
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
                offers=len(made), read_ms=read_ms,
                roads_ms=decided.candidates_ms + decided.roads_ms,
                solve_ms=decided.solve_ms + decided.encode_ms, total_ms=stopwatch_ms() - began,
            ),
        )  # fmt: skip
        return len(made)


def _free_driver(known: OnShift, seen: _Seen) -> FreeDriver:
    assert known.position is not None
    at_ms = epoch_ms(seen.at)
    return FreeDriver(
        driver_id=known.driver_id,
        place=known.position.point,
        heading=known.position.heading,
        free_at_ms=min(at_ms, epoch_ms(known.free_since)),
        seats=known.seats,
        vehicle_class=known.vehicle_class,
        equipment=known.equipment,
        shift_ends_at_ms=epoch_ms(known.ends_by),
        driving_seconds_left=known.driving.seconds_left(
            seen.at,
            most_seconds=seen.booking.driving_max_s,
            window_seconds=seen.booking.driving_window_s,
        ),
        homeward=known.homeward if _ends_soon(known, seen) else None,
        range_metres=None if known.range_metres is None else int(known.range_metres),
        earned_minor=max(0, known.earned_minor),
        shift_seconds=max(0, int((seen.at - known.started_at).total_seconds())),
        last_offered_at_ms=(
            None if known.last_offered_at is None else epoch_ms(known.last_offered_at)
        ),
    )


def _ends_soon(known: OnShift, seen: _Seen) -> bool:
    """Whether the place a driver would like to end at counts yet; before, no round keeps it."""
    left = (known.ends_by - seen.at).total_seconds()
    return left <= seen.policy.homeward_within_seconds


def _why(pairing: Pairing) -> dict[str, Any]:
    """The stored reasons of an offer: codes and numbers for any language, and plain English."""
    reasons = why_this_offer(pairing)
    return {
        "reasons": [{"code": reason.code, "facts": dict(reason.facts)} for reason in reasons],
        "words": [sentence(reason) for reason in reasons],
    }
