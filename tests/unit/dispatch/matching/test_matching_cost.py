"""Each part of a cost, alone: what it is worth, which way it pulls, and where it is capped."""

import doctest
from typing import Any

import numpy as np
import pytest

import dispatch.matching.assignment
import dispatch.matching.fairness
from dispatch.matching import CostTerms, FreeDriver, Policy, fairness_of, gini
from dispatch.matching.columns import columns_of
from dispatch.matching.cost import unmatched_prices
from dispatch.matching.weighing import weigh
from tests.matching_world import (
    AT_MS,
    charter_policy,
    driver,
    place,
    policy,
    round_of,
    snapshot,
    trip,
)


def terms_of(*drivers: FreeDriver, rule: Any = None, asked: Any = None) -> CostTerms:
    """The parts of the cost of trip 1 with driver 1, 100 s away, in the company of others."""
    given = round_of([asked or trip(1)], drivers, {(1, 1): 100}, rule=rule or policy())
    return weigh(given).costs.of(0)


def test_a_fresh_driver_at_the_start_of_a_shift_costs_the_drive_and_nothing_else() -> None:
    terms = terms_of(driver(1))

    assert terms == CostTerms(
        drive_ms=100_000,
        busy_ms=0,
        chaining_ms=0,
        earnings_ms=0,
        idle_ms=0,
        place_ms=0,
        homeward_ms=0,
        early_ms=0,
        late_ms=0,
    )
    assert terms.total_ms == terms.pickup_ms == 100_000


def test_a_driver_still_busy_costs_the_time_until_they_are_free_and_a_quarter_more() -> None:
    terms = terms_of(driver(1, free_at_ms=AT_MS + 60_000))

    assert (terms.busy_ms, terms.chaining_ms) == (60_000, 15_000)
    assert terms.pickup_ms == 160_000
    assert terms.total_ms == 175_000


def test_earning_twice_the_average_counts_as_the_weight_once_the_rate_has_settled() -> None:
    rule = policy(earnings_settle_seconds=0)
    others = [driver(n, earned_minor=2000, shift_seconds=3600) for n in range(2, 10)]
    rich = driver(1, earned_minor=4500, shift_seconds=3600)
    poor = driver(1, earned_minor=500, shift_seconds=3600)

    # With 8 others at 2000 the average is 20500 / 9 and 16500 / 9.
    assert terms_of(rich, *others, rule=rule).earnings_ms == round(60_000 * (4500 * 9 / 20_500 - 1))
    assert terms_of(poor, *others, rule=rule).earnings_ms == round(60_000 * (500 * 9 / 16_500 - 1))


def test_a_newcomer_counts_as_average_and_not_as_poor() -> None:
    others = [driver(n, earned_minor=3000, shift_seconds=3600) for n in range(2, 5)]

    assert terms_of(driver(1), *others).earnings_ms == 0
    an_hour_for_nothing = terms_of(driver(1, shift_seconds=3600), *others).earnings_ms
    # Two thirds of the rate are the driver's own by then: 3600 / (3600 + 1800).
    assert an_hour_for_nothing == -40_000


def test_earnings_move_a_driver_no_further_than_the_cap() -> None:
    others = [driver(n, earned_minor=1, shift_seconds=36_000) for n in range(2, 50)]
    rule = policy(caps={"earnings": 30}, earnings_settle_seconds=0)

    assert (
        terms_of(driver(1, earned_minor=10**6, shift_seconds=10), *others, rule=rule).earnings_ms
        == 30_000
    )
    assert terms_of(driver(1, shift_seconds=36_000), driver(2, earned_minor=10**9, shift_seconds=9), rule=rule).earnings_ms == -30_000  # fmt: skip


@pytest.mark.parametrize(
    ("shift_seconds", "free_seconds_ago", "offered_seconds_ago", "idle_seconds"),
    [
        (3600, 1200, 600, 600),  # an offer since the last trip, whatever became of it
        (3600, 600, 1200, 600),  # a trip since the last offer
        (600, 5000, None, 600),  # no offer yet on this shift
        (3600, -60, 1200, 0),  # still on a trip
        (36_000, 36_000, None, 2400),  # capped: 120 s are 2400 s at 0.05
    ],
)
def test_waiting_counts_from_the_shift_the_last_trip_or_the_last_offer(
    shift_seconds: int, free_seconds_ago: int, offered_seconds_ago: int | None, idle_seconds: int
) -> None:
    offered = None if offered_seconds_ago is None else AT_MS - offered_seconds_ago * 1000
    one = driver(
        1,
        shift_seconds=shift_seconds,
        free_at_ms=AT_MS - free_seconds_ago * 1000,
        last_offered_at_ms=offered,
    )

    assert terms_of(one).idle_ms == -50 * idle_seconds


def test_a_trip_towards_home_counts_near_the_end_of_the_shift_only() -> None:
    ending = {"shift_ends_at_ms": AT_MS + 3_600_000, "driving_seconds_left": 20_000}
    homeward = driver(1, homeward=place(5000), **ending)
    away = driver(1, homeward=place(-5000), **ending)
    early = driver(1, homeward=place(5000), shift_ends_at_ms=AT_MS + 3_600_001)
    two_kilometres = trip(1, to=place(2000))

    assert terms_of(homeward, asked=two_kilometres).homeward_ms == pytest.approx(-40_000, abs=20)
    assert terms_of(away, asked=two_kilometres).homeward_ms == pytest.approx(40_000, abs=20)
    assert terms_of(early, asked=two_kilometres).homeward_ms == 0
    assert terms_of(homeward, asked=trip(1, to=place(4900))).homeward_ms == -60_000
    assert terms_of(driver(1, **ending), asked=two_kilometres).homeward_ms == 0


@pytest.mark.parametrize(
    ("waited_seconds", "price_seconds"),
    [
        (-30, 1200),
        (0, 1200),
        (60, 1230),
        (300, 1350),
        (400, 1900),
        (86_400, 1200 + 43_200 + 430_500),
    ],
)
def test_the_price_of_waiting_grows_with_age_and_faster_once_overdue(
    waited_seconds: int, price_seconds: int
) -> None:
    seen = snapshot([trip(1, asked_at_ms=AT_MS - waited_seconds * 1000)], [], rule=policy())

    prices = unmatched_prices(columns_of(seen), seen.policy, at_ms=AT_MS)

    assert prices.tolist() == [price_seconds * 1000]


@pytest.mark.parametrize("rule", [policy(), charter_policy()], ids=["town", "charter"])
def test_no_cost_a_policy_allows_reaches_the_price_of_a_fresh_trip(rule: Policy) -> None:
    # The dearest pair: as late as allowed, capped both ways, as busy as allowed.
    ending = {"shift_ends_at_ms": AT_MS + 3_000_000, "driving_seconds_left": 20_000}
    dear = driver(1, earned_minor=10**6, shift_seconds=9000, homeward=place(-20_000),
                  free_at_ms=AT_MS + 180_000, **ending)  # fmt: skip
    given = round_of(
        [trip(1, to=place(9000))],
        [dear, *(driver(n, shift_seconds=9000) for n in range(2, 90))],
        {(1, 1): 720},
        rule=rule,
    )

    assert weigh(given).costs.of(0).total_ms == rule.pair_ms_max < rule.unmatched_seconds * 1000


def test_the_published_measure_of_fairness() -> None:
    recent = AT_MS - 5000
    even = [
        driver(n, earned_minor=2000, shift_seconds=3600, last_offered_at_ms=recent)
        for n in range(4)
    ]
    newcomer = driver(9, shift_seconds=60, last_offered_at_ms=AT_MS - 20_000)
    one_takes_all = [driver(n, shift_seconds=3600) for n in range(3)]
    one_takes_all.append(driver(4, earned_minor=9000, shift_seconds=3600))

    measured = fairness_of([*even, newcomer], at_ms=AT_MS)

    assert measured.drivers == 5
    assert measured.earnings_gini == 0
    assert measured.earnings_hour_minor == 8000 * 3600 // (4 * 3600 + 60)
    assert measured.idle_seconds_max == 20
    assert fairness_of(one_takes_all, at_ms=AT_MS).earnings_gini == 0.75
    assert fairness_of([], at_ms=AT_MS).idle_seconds_max == 0


def test_the_longest_wait_counts_free_drivers_only() -> None:
    waiting = driver(1, shift_seconds=5000, free_at_ms=AT_MS - 700_000)
    driving = driver(2, shift_seconds=9000, free_at_ms=AT_MS + 1000)

    assert fairness_of([waiting, driving], at_ms=AT_MS).idle_seconds_max == 700


@pytest.mark.parametrize(
    ("values", "expected"), [([], 0), ([0, 0], 0), ([3], 0), ([1, 2, 3], 2 / 9), ([3, 1, 2], 2 / 9)]
)
def test_the_gini_coefficient_of_small_sums(values: list[int], expected: float) -> None:
    assert gini(values) == pytest.approx(expected)


def test_the_longest_idle_driver_in_columns_is_the_one_in_rows() -> None:
    rows = [
        driver(1, shift_seconds=900, last_offered_at_ms=AT_MS - 30_000, free_at_ms=AT_MS - 80_000),
        driver(2, shift_seconds=100, free_at_ms=AT_MS - 900_000),
        driver(3, shift_seconds=100, free_at_ms=AT_MS + 5000),
    ]
    columns = columns_of(snapshot([], rows)).drivers

    idle = [dispatch.matching.fairness.idle_since_ms(row, at_ms=AT_MS) for row in rows]

    assert np.array_equal(columns.idle_since_ms, idle)


@pytest.mark.parametrize("module", [dispatch.matching.assignment, dispatch.matching.fairness])
def test_the_examples_in_the_docstrings_hold(module: Any) -> None:
    result = doctest.testmod(module)

    assert result.attempted > 0
    assert result.failed == 0
