"""A driver's run: the stops ahead in their order, and who sits where between them.

Pure: no clock, no database, no chance. A run changes in four ways only: a trip joins it, leaves it
before its rider boarded, boards, or ends. The database holds the same laws (I2): stops are done in
their order, and no seat is two riders' between the same stops. A rider who does not share claims
the whole car; so a next job begins where the trip before it ends.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from dispatch.errors import OutOfTurn, PlanOvertaken
from foundation.identifiers import UUID, DriverId, RunId, TripId
from foundation.measures import Point


class StopKind(StrEnum):
    """What happens at a stop."""

    PICKUP = "pickup"
    DROPOFF = "dropoff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One stop of a plan: whose, what, and when the car is expected there (service time)."""

    trip_id: TripId
    kind: StopKind
    expected_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One stop of a run.

    Attributes
    ----------
    place
        Its number in the run, from 1; those that are done keep theirs.
    expected_at
        When the car was expected there as the stop was last planned.
    latest_at
        What a rider who shares was promised; None for others.
    """

    trip_id: TripId
    kind: StopKind
    place: int
    expected_at: datetime
    latest_at: datetime | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The riders of one trip, as the seats are concerned; `is_shared` if others may ride along."""

    riders: int
    is_shared: bool


Block = tuple[int, int]
"""Seats side by side: the first, and the one after the last, counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Seats that are one trip's from the stop at `from_place` to before the one at `to_place`."""

    trip_id: TripId
    nth: int
    block: Block
    from_place: int
    to_place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as it stands.

    Attributes
    ----------
    seats
        Of the car, for riders.
    counted_until
        Until when the driver's work on this run is in the books.
    stops
        Done and ahead, by place.
    parties
        By trip, for each trip with a stop.
    blocks
        Seats of each trip, as last claimed.
    is_new
        Whether it begins with the trip that joins it now.
    """

    run_id: RunId
    seats: int
    counted_until: datetime
    stops: tuple[Stop, ...] = ()
    parties: Mapping[TripId, Party] = field(default_factory=dict)
    blocks: Mapping[TripId, tuple[Block, ...]] = field(default_factory=dict)
    is_new: bool = False

    @property
    def ahead(self) -> tuple[Stop, ...]:
        """The stops not done yet, in their order."""
        return tuple(stop for stop in self.stops if stop.done_at is None)

    @property
    def trips_ahead(self) -> tuple[TripId, ...]:
        """Trips with a stop ahead, each once, by their next stop."""
        return tuple(dict.fromkeys(stop.trip_id for stop in self.ahead))

    def claims(self, *, also: TripId | None = None) -> tuple[Claim, ...]:
        """Seats for every trip with a stop ahead, and one just delivered (I2).

        Who is on board stays seated. The others take the lowest seats free over their whole way,
        in the order in which they board: seats enough between any two stops are then enough for
        all, for intervals are coloured in the order of their beginnings without waste.

        Raises
        ------
        PlanOvertaken
            If there are more riders than seats between two stops, or company for who does not share.
        """
        delivered_now = () if also is None else (also,)
        spans = {trip_id: self._span(trip_id) for trip_id in (*delivered_now, *self.trips_ahead)}
        taken: list[tuple[int, int, set[int]]] = []
        seated: dict[TripId, set[int]] = {}
        boarded = [trip_id for trip_id in spans if self._is_on_board(trip_id)]
        waiting = [trip_id for trip_id in spans if not self._is_on_board(trip_id)]
        for trip_id in boarded + sorted(waiting, key=lambda one: spans[one][0]):
            begins, ends = spans[trip_id]
            if self._is_on_board(trip_id):
                chosen = {seat for low, high in self.blocks[trip_id] for seat in range(low, high)}
            else:
                busy = set[int]().union(*(s for a, b, s in taken if a < ends and begins < b))
                free = [seat for seat in range(1, self.seats + 1) if seat not in busy]
                party = self.parties[trip_id]
                needed = party.riders if party.is_shared else self.seats
                if needed > len(free):
                    raise PlanOvertaken(trip_id)
                chosen = set(free[:needed])
            taken.append((begins, ends, chosen))
            seated[trip_id] = chosen
        return tuple(
            Claim(
                trip_id=trip_id,
                nth=nth,
                block=block,
                from_place=spans[trip_id][0],
                to_place=spans[trip_id][1],
            )
            for trip_id in spans
            for nth, block in enumerate(_blocks(seated[trip_id]), start=1)
        )

    def _span(self, trip_id: TripId) -> tuple[int, int]:
        own = {stop.kind: stop.place for stop in self.stops if stop.trip_id == trip_id}
        return own[StopKind.PICKUP], own[StopKind.DROPOFF]

    def _is_on_board(self, trip_id: TripId) -> bool:
        return any(
            stop.trip_id == trip_id and stop.kind is StopKind.PICKUP and stop.done_at is not None
            for stop in self.stops
        )


def _blocks(seats: Iterable[int]) -> list[Block]:
    """Seats as runs of neighbours."""
    blocks: list[Block] = []
    for seat in sorted(seats):
        if blocks and blocks[-1][1] == seat:
            blocks[-1] = (blocks[-1][0], seat + 1)
        else:
            blocks.append((seat, seat + 1))
    return blocks


def joined(
    run: Run,
    plan: Sequence[Planned],
    *,
    trip_id: TripId,
    party: Party,
    promised: Mapping[StopKind, datetime] | None = None,
) -> Run:
    """The run with a trip more, its stops ahead in the order of `plan`.

    Parameters
    ----------
    plan
        As offered to the driver. What was done or given up since is passed over.
    promised
        The latest times of the new trip's stops, if its rider was promised any.

    Raises
    ------
    PlanOvertaken
        If the run has stops that the plan does not know, or a stop would come later than promised.
    """
    known = {(stop.trip_id, stop.kind): stop for stop in run.ahead}
    order: list[Stop] = []
    for planned in plan:
        stop = known.pop((planned.trip_id, planned.kind), None)
        if stop is None and planned.trip_id == trip_id:
            latest = (promised or {}).get(planned.kind)
            stop = Stop(
                trip_id=trip_id, kind=planned.kind, place=1, expected_at=planned.expected_at,
                latest_at=latest,
            )  # fmt: skip
        if stop is None:
            continue
        if stop.latest_at is not None and planned.expected_at > stop.latest_at:
            raise PlanOvertaken(trip_id)
        order.append(replace(stop, expected_at=planned.expected_at))
    if known:
        raise PlanOvertaken(trip_id)
    return replace(
        run,
        stops=_numbered(run, order),
        parties={**run.parties, trip_id: party},
    )


def without(run: Run, trip_id: TripId) -> Run:
    """The run after a trip left it before its rider boarded; the others keep their order."""
    return replace(
        run,
        stops=_numbered(
            run, [stop for stop in run.ahead if stop.trip_id != trip_id], but_for=trip_id
        ),
    )


def delivered(run: Run, trip_id: TripId, *, now: datetime) -> Run:
    """The run after a rider on board got out, at whatever place.

    Their drop-off becomes the last stop done. Getting out before it was one's turn frees a seat
    sooner than planned, so nothing else has to move.
    """
    ahead = run.ahead
    out = [stop for stop in ahead if (stop.trip_id, stop.kind) == (trip_id, StopKind.DROPOFF)]
    rest = [stop for stop in ahead if stop not in out]
    return replace(run, stops=_numbered(run, [*(replace(s, done_at=now) for s in out), *rest]))


def share_counted(run: Run, trip_id: TripId, *, boarded_at: datetime, now: datetime) -> Fraction:
    """How much of a ride that ends now no other trip of the run has counted, by time: 0 to 1.

    The ride less the times in which riders were in the car, too, who have got out already: their
    trips counted them. For a rider alone it is 1. Over the rides of a run, the shares of their times
    sum to the time in which anybody was in the car.
    """
    whole = (now - boarded_at) // timedelta(milliseconds=1)
    if whole <= 0:
        return Fraction(1)
    counted, until = 0, boarded_at
    for got_in, got_out in sorted(_rides_done(run, but_for=trip_id)):
        begin, end = max(got_in, until), min(got_out, now)
        if begin < end:
            counted += (end - begin) // timedelta(milliseconds=1)
            until = end
    return Fraction(whole - counted, whole)


def _rides_done(run: Run, *, but_for: TripId) -> Iterator[tuple[datetime, datetime]]:
    """When riders got in and out who have left the car."""
    boarded = {
        stop.trip_id: stop.done_at
        for stop in run.stops
        if stop.kind is StopKind.PICKUP and stop.done_at is not None
    }
    for stop in run.stops:
        if stop.trip_id == but_for or stop.kind is not StopKind.DROPOFF or stop.done_at is None:
            continue
        if stop.trip_id in boarded:
            yield boarded[stop.trip_id], stop.done_at


def check_turn(run: Run, trip_id: TripId) -> None:
    """Refuse to come to a pick-up before the stops ahead of it are done.

    Raises
    ------
    OutOfTurn
    """
    if run.ahead and run.ahead[0].trip_id != trip_id:
        raise OutOfTurn(trip_id, run.ahead[0].trip_id)


def _numbered(
    run: Run, order: Sequence[Stop], *, but_for: TripId | None = None
) -> tuple[Stop, ...]:
    """The stops done, then `order`, numbered on from them."""
    done = tuple(s for s in run.stops if s.done_at is not None and s.trip_id != but_for)
    last = max((stop.place for stop in done), default=0)
    return (*done, *(replace(s, place=last + n) for n, s in enumerate(order, start=1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAhead:
    """A stop ahead as a round sees it: where, for whom, and what of their trip is known.

    `at` is longitude and latitude; `direct_seconds` the way from pick-up to drop-off by road;
    `asked_at` from when the rider waited; `boarded_at` None while they still do.
    """

    trip_id: TripId
    kind: StopKind
    at: Point
    expected_at: datetime
    latest_at: datetime | None
    party: Party
    direct_seconds: int
    asked_at: datetime
    boarded_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """A run under way as a round sees it: the car's seats, and the stops ahead in their order."""

    driver_id: DriverId
    run_id: RunId
    seats: int
    stops: tuple[StopAhead, ...]

    @property
    def trips(self) -> tuple[TripId, ...]:
        """Its trips, each once, by their next stop."""
        return tuple(dict.fromkeys(stop.trip_id for stop in self.stops))

    @property
    def is_on_last_leg(self) -> bool:
        """Whether all that is left is to bring one rider, or one party, to their end."""
        return len(self.stops) == 1 and self.stops[0].kind is StopKind.DROPOFF


def plan_from_json(plan: list[dict[str, str]]) -> tuple[Planned, ...]:
    """The stops that an offer keeps, in their order."""
    return tuple(
        Planned(
            trip_id=TripId(UUID(stop["trip_id"])),
            kind=StopKind(stop["kind"]),
            expected_at=datetime.fromisoformat(stop["expected_at"]),
        )
        for stop in plan
    )
