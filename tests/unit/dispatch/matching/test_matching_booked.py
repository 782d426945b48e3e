"""Trips booked ahead: neither much too early nor late, and the promise before a fresh request."""

from typing import Any

import pytest

from dispatch.matching import (
    Lost,
    OpenBecause,
    RoundInput,
    decide,
    sentence,
    why_not_me,
    why_open,
    why_this_offer,
)
from dispatch.matching.cost import CostTerms
from dispatch.matching.limits import Limit, broken_before_roads, broken_on_roads
from dispatch.matching.weighing import weigh
from tests.matching_world import (
    AT_MS,
    driver,
    driver_id,
    paired,
    policy,
    round_of,
    trip,
    trip_id,
)

RULE = policy(early_seconds_max=600)


def wanted_in(seconds: int, number: int = 1, **changes: Any) -> Any:
    return trip(number, wanted_at_ms=AT_MS + seconds * 1000, **changes)


def terms_of(asked: Any, drive_seconds: int) -> CostTerms:
    given = round_of([asked], [driver(1)], {(1, 1): drive_seconds}, rule=RULE)
    return weigh(given).costs.of(0)


@pytest.mark.parametrize(
    ("wanted", "drive", "early_ms", "late_ms"),
    [
        (300, 300, 0, 0),
        (300, 100, 50_000, 0),  # a quarter of the 200 s that the driver would stand waiting
        (600, 60, 120_000, 0),  # capped
        (300, 360, 0, 60_000),
        (300, 800, 0, 120_000),  # capped
        (0, 60, 0, 60_000),
        (-400, 60, 0, 60_000),  # what is lost already is lost with every driver
    ],
)
def test_coming_early_and_coming_late_cost_by_the_policys_weights(
    wanted: int, drive: int, early_ms: int, late_ms: int
) -> None:
    terms = terms_of(wanted_in(wanted), drive)
    assert (terms.early_ms, terms.late_ms) == (early_ms, late_ms)
    assert terms.total_ms == drive * 1000 + early_ms + late_ms


def test_a_trip_for_now_is_neither_early_nor_late() -> None:
    terms = terms_of(trip(1), 400)
    assert (terms.early_ms, terms.late_ms) == (0, 0)


def test_the_near_driver_serves_who_waits_now_and_the_far_one_the_booking() -> None:
    """Both trips at one corner: the driver around it need not stand waiting for the booking."""
    given = round_of(
        [trip(1), wanted_in(500, 2)],
        [driver(1), driver(2)],
        {(1, 1): 60, (1, 2): 480, (2, 1): 60, (2, 2): 480},
        rule=RULE,
    )
    assert paired(decide(given)) == {1: 1, 2: 2}


def test_nobody_is_asked_to_stand_waiting_longer_than_the_policy_allows() -> None:
    given = round_of([wanted_in(900)], [driver(1)], {(1, 1): 299}, rule=RULE)
    plan = decide(given)
    assert plan.pairings == ()
    (left,) = plan.unmatched
    assert left.because is OpenBecause.BOOKED_LATER
    assert left.limits == {"too_early": 1}
    assert [sentence(reason) for reason in why_open(left)] == [
        "It is booked for later; drivers near it are asked when the time is near."
    ]
    reason, *_ = why_not_me(given, plan, trip_id=trip_id(1), driver_id=driver_id(1))
    assert reason.code == "limit_too_early"
    on_time = round_of([wanted_in(900)], [driver(1)], {(1, 1): 300}, rule=RULE)
    assert paired(decide(on_time)) == {1: 1}


def test_before_the_roads_nobody_is_too_early() -> None:
    """A driver around the corner by straight line may have a long way by road."""
    given = round_of([wanted_in(3000)], [driver(1)], {(1, 1): 2500}, rule=RULE)
    columns = weigh(given).columns
    rows = {
        "trips": given.pairs[:, 0].astype("int64"),
        "drivers": given.pairs[:, 1].astype("int64"),
    }
    before = broken_before_roads(columns, given.snapshot.policy, **rows)
    after = broken_on_roads(
        columns, given.snapshot.policy, **rows, drive_ms=rows["trips"] * 0 + 100_000
    )
    assert not before[0] & Limit.TOO_EARLY
    assert after[0] & Limit.TOO_EARLY


def test_a_shift_must_last_until_the_booking_is_done_and_not_only_the_drive() -> None:
    ends = {"shift_ends_at_ms": AT_MS + 1_199_000}
    given = round_of([wanted_in(600)], [driver(1, **ends)], {(1, 1): 60}, rule=RULE)
    plan = decide(given)
    assert plan.unmatched[0].because is OpenBecause.HOURS
    long_enough = driver(1, shift_ends_at_ms=AT_MS + 1_200_000)
    given = round_of([wanted_in(600)], [long_enough], {(1, 1): 60}, rule=RULE)
    assert paired(decide(given)) == {1: 1}


def test_a_promise_goes_before_a_trip_asked_for_just_now() -> None:
    fresh_nearer = {(1, 1): 60, (2, 1): 100}
    booked = round_of([trip(1), wanted_in(100, 2)], [driver(1)], fresh_nearer, rule=RULE)
    plain = round_of([trip(1), trip(2)], [driver(1)], fresh_nearer, rule=RULE)
    assert paired(decide(booked)) == {2: 1}
    assert paired(decide(plain)) == {1: 1}


def test_the_driver_is_told_when_the_rider_wants_the_car() -> None:
    given = round_of(
        [wanted_in(420, asked_at_ms=AT_MS - 300_000)], [driver(1)], {(1, 1): 60}, rule=RULE
    )
    (pairing,) = decide(given).pairings
    said = [sentence(reason) for reason in why_this_offer(pairing)]
    assert "The rider booked ahead and wants the car in 7 min." in said
    assert not any("has been waiting" in one for one in said)


def test_whoever_would_have_stood_waiting_longer_is_told_so() -> None:
    rule = policy(weights={"early": 5}, caps={"booked": 600}, early_seconds_max=600)
    given = round_of(
        [wanted_in(300)], [driver(1), driver(2)], {(1, 1): 290, (1, 2): 240}, rule=rule
    )
    plan = decide(given)
    assert paired(plan) == {1: 1}
    (pairing,) = plan.pairings
    assert [other.lost for other in pairing.other_drivers] == [Lost.EARLY]
    assert next(reason.code for reason in why_this_offer(pairing)) == "though_sooner_early"
    assert codes(given, 2) == ["not_you_early"]


def codes(given: RoundInput, number: int) -> list[str]:
    reasons = why_not_me(given, decide(given), trip_id=trip_id(1), driver_id=driver_id(number))
    return [reason.code for reason in reasons]


def test_no_cost_of_a_booking_reaches_its_price() -> None:
    rule = RULE
    dearest = rule.pair_ms_max + rule.caps_seconds.booked * 1000
    given = round_of([wanted_in(0)], [driver(1)], {(1, 1): 900}, rule=rule)
    (price,) = weigh(given).problem.price_ms.tolist()
    assert price == (rule.unmatched_seconds + rule.caps_seconds.booked) * 1000 > dearest
    assert paired(decide(given)) == {1: 1}
