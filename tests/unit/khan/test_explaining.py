"""`khan explain` says in lines what a stored round holds."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dispatch.decision import Decision, StoredBytes
from dispatch.matching import decide
from dispatch.matching.shared.joining import Wish, encode, join
from dispatch.matching.shared.run import Run, Stop, StopKind
from foundation.identifiers import UUID, RoundId
from khan.console import ArgumentUnusable
from khan.explaining import NotInRound, explained, table_of
from tests.matching_world import driver, driver_id, round_of, trip, trip_id
from tests.shared_runs import line_of, ride

AT = datetime(2030, 1, 1, tzinfo=UTC)
ROUND = RoundId(UUID(int=7))


@pytest.fixture
def decision() -> Decision:
    """Trip 1 goes to driver 1; driver 2 is further; nobody has a lift for trip 2."""
    given = round_of(
        [trip(1), trip(2, needs=("wheelchair",))],
        [driver(1), driver(2)],
        {(1, 1): 60, (1, 2): 300},
    )
    return Decision.read(
        StoredBytes(round_id=ROUND, at=AT, input=given.encode(), plan=decide(given).encode())
    )


@pytest.fixture
def joined() -> Decision:
    """Trip 9 joins the run of driver 1; nothing else is open, and driver 2 is free."""
    given = round_of([], [driver(2)], {})
    roads = line_of(20)
    run = Run(
        driver_id=driver_id(1), place=0, free_at_ms=0, seats=4, trips=(ride(1, 1, 10, roads=roads),),
        stops=(Stop(StopKind.PICKUP, trip_id(1)), Stop(StopKind.DROPOFF, trip_id(1))),
    )  # fmt: skip
    wishes = [Wish(trip=ride(9, 3, 7, roads=roads), runs=(run,), roads=roads)]
    return Decision.read(
        StoredBytes(
            round_id=ROUND, at=AT, input=given.encode(), plan=decide(given).encode(),
            joins=encode(wishes, join(wishes)),
        )
    )  # fmt: skip


def said(decision: Decision, *asked: object) -> str:
    return "\n".join(explained(decision, [str(one) for one in asked]))


def test_the_round_names_its_trips_and_drivers(decision: Decision) -> None:
    told = said(decision)
    assert "2 open trips, 2 drivers, 2 pairs weighed, 1 paired" in told
    assert f"trip {trip_id(1)} to driver {driver_id(1)}, there in 60 s" in told
    assert "No driver on shift has on board what the rider needs." in told


def test_an_offered_trip_says_what_its_driver_was_told_and_why_no_other(
    decision: Decision,
) -> None:
    told = said(decision, trip_id(1))
    assert "You can be there soonest: in 60 s; another driver would need 5 min." in told
    assert "Another driver could be there in 60 s; you would have needed 5 min." in told
    assert "cost 60.0 s (drive +60.0)" in told
    assert "cost 300.0 s (drive +300.0)" in told


def test_an_open_trip_says_why(decision: Decision) -> None:
    told = said(decision, trip_id(2))
    assert "stayed open" in told
    assert "No driver on shift has on board what the rider needs." in told


def test_a_driver_without_an_offer_is_told_of_each_trip(decision: Decision) -> None:
    told = said(decision, driver_id(2))
    assert "Another driver could be there in 60 s" in told
    assert "The rider needs something that your vehicle does not have on board." in told


def test_a_driver_is_not_told_of_hundreds_of_trips_one_by_one() -> None:
    given = round_of([trip(n) for n in range(1, 12)], [driver(1)], {})
    stored = StoredBytes(round_id=ROUND, at=AT, input=given.encode(), plan=decide(given).encode())
    told = list(explained(Decision.read(stored), [str(driver_id(1))]))
    assert told[-1] == "... and 3 trips more; name one of them to ask of it"


def test_a_pair_is_explained_in_either_order(decision: Decision) -> None:
    assert said(decision, trip_id(1), driver_id(2)) == said(decision, driver_id(2), trip_id(1))


@pytest.mark.parametrize(
    ("asked", "refusal", "told"),
    [
        (["nonsense"], ArgumentUnusable, "nonsense: is not an identifier."),
        ([str(trip_id(9))], NotInRound, str(trip_id(9))),
        ([str(trip_id(1)), str(trip_id(2))], ArgumentUnusable, "two trips are named"),
        ([str(driver_id(1)), str(driver_id(2))], ArgumentUnusable, "two drivers are named"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_a_sentence(
    decision: Decision, asked: list[str], refusal: type[Exception], told: str
) -> None:
    with pytest.raises(refusal, match=told):
        list(explained(decision, asked))


def test_who_joined_a_run_is_explained_too(joined: Decision) -> None:
    assert f"trip {trip_id(9)} joins the run of driver {driver_id(1)}" in said(joined)
    for asked in (trip_id(9), driver_id(1)):
        told = said(joined, asked)
        assert f"Trip {trip_id(9)} was offered to driver {driver_id(1)}, who is told:" in told
        assert "was offered to you, to join those you were on the way with." in told
    told = said(joined, trip_id(9), driver_id(2))
    assert "offered to a driver who was on the way with others who do." in told


def test_who_was_asked_to_take_one_more_is_told_so_of_any_other_trip(decision: Decision) -> None:
    also = replace(decision, joined={trip_id(9): driver_id(2)})
    assert "offered another rider in this round" in said(also, trip_id(1), driver_id(2))


def test_no_rounds_is_said_in_words() -> None:
    assert list(table_of([])) == ["No round has had anything to decide yet."]
