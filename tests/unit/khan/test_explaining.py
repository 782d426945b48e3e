"""`khan explain` says in lines what a stored round holds."""

from datetime import UTC, datetime

import pytest

from dispatch.decision import Decision, StoredBytes
from dispatch.matching import decide
from foundation.identifiers import UUID, RoundId
from khan.console import ArgumentUnusable
from khan.explaining import NotInRound, explained, table_of
from tests.matching_world import driver, driver_id, round_of, trip, trip_id

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


def test_no_rounds_is_said_in_words() -> None:
    assert list(table_of([])) == ["No round has had anything to decide yet."]
