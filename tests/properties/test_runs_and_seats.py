"""I2 for every life of a run: whoever joins, boards, leaves or gets out, no seat is two riders'."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from dispatch.errors import PlanOvertaken
from dispatch.run import Party, Planned, Run, StopKind, delivered, joined, without
from foundation.identifiers import UUID, RunId, TripId

START = datetime(2030, 1, 1, tzinfo=UTC)

PARTIES = st.builds(Party, riders=st.integers(1, 3), is_shared=st.sampled_from([True, True, False]))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("join"), PARTIES, st.integers(0, 9), st.integers(0, 9)),
        st.tuples(st.just("next")),
        st.tuples(st.just("leave"), st.integers(0, 9)),
        st.tuples(st.just("get out"), st.integers(0, 9)),
    ),
    max_size=25,
)


def seated(run: Run) -> Run:
    """The run as it is stored and read again: its claims become its blocks."""
    blocks: dict[TripId, tuple[tuple[int, int], ...]] = {}
    for claim in run.claims():
        blocks[claim.trip_id] = (*blocks.get(claim.trip_id, ()), claim.block)
    return replace(run, blocks=blocks)


def is_on_board(run: Run, trip_id: TripId) -> bool:
    own = {stop.kind: stop for stop in run.stops if stop.trip_id == trip_id}
    return own[StopKind.PICKUP].done_at is not None


def after(run: Run, step: tuple[object, ...], number: int) -> Run:
    """The run after a step; as it was where the step makes no sense or is refused."""
    ahead = run.ahead
    match step:
        case ("join", Party() as party, int(first), int(last)):
            trip_id = TripId(UUID(int=number + 1))
            first, last = sorted((min(first, len(ahead)), min(last, len(ahead))))
            order = [(stop.trip_id, stop.kind) for stop in ahead]
            order.insert(last, (trip_id, StopKind.DROPOFF))
            order.insert(first, (trip_id, StopKind.PICKUP))
            plan = [Planned(trip_id=one, kind=kind, expected_at=START) for one, kind in order]
            try:
                return seated(joined(run, plan, trip_id=trip_id, party=party))
            except PlanOvertaken:
                return run
        case ("next",) if ahead and ahead[0].kind is StopKind.PICKUP:
            return replace(
                run,
                stops=tuple(
                    replace(stop, done_at=START) if stop == ahead[0] else stop for stop in run.stops
                ),
            )
        case ("next",) if ahead:
            return seated(delivered(run, ahead[0].trip_id, now=START))
        case ("leave", int(which)):
            waiting = [one for one in run.trips_ahead if not is_on_board(run, one)]
            return seated(without(run, waiting[which % len(waiting)])) if waiting else run
        case ("get out", int(which)):
            aboard = [one for one in run.trips_ahead if is_on_board(run, one)]
            if not aboard:
                return run
            return seated(delivered(run, aboard[which % len(aboard)], now=START))
        case _:
            return run


@given(st.integers(1, 6), STEPS)
def test_I02_no_seat_is_two_riders_whatever_happens(seats: int, steps: list) -> None:  # type: ignore[type-arg]
    run = Run(run_id=RunId(UUID(int=999)), seats=seats, counted_until=START)
    for number, step in enumerate(steps):
        before = {trip_id: run.blocks.get(trip_id) for trip_id in run.trips_ahead
                  if is_on_board(run, trip_id)}  # fmt: skip
        run = after(run, step, number)
        taken = Counter(
            (seat, place)
            for claim in run.claims()
            for seat in range(*claim.block)
            for place in range(claim.from_place, claim.to_place)
        )
        assert not taken or max(taken.values()) == 1
        assert all(1 <= seat <= seats for seat, _ in taken)
        for trip_id in run.trips_ahead:
            party = run.parties[trip_id]
            own = sum(high - low for low, high in run.blocks[trip_id])
            assert own == (party.riders if party.is_shared else seats)
        for trip_id, blocks in before.items():
            if trip_id in run.trips_ahead:
                assert run.blocks[trip_id] == blocks, "who is on board stays seated"
        assert [stop.place for stop in run.ahead] == sorted({stop.place for stop in run.ahead})
        done = [stop.place for stop in run.stops if stop.done_at is not None]
        assert not run.ahead or max(done, default=0) < run.ahead[0].place
