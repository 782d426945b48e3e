"""A period's result through the steps of a policy."""

from typing import Any

import pytest

from governance.surplus.errors import AllocationPolicyInvalid
from governance.surplus.policy import parse_allocation_policy
from governance.surplus.waterfall import Allocation, allocate
from rulebook.errors import BodyInvalid
from tests.patronage import figures, patron, policy_body

DRIVERS = (
    patron(1, fares=60_000, hours=100, trips=10),
    patron(2, fares=40_000, hours=300, trips=30),
)
POLICY = parse_allocation_policy(policy_body())


def taken(found: Allocation) -> dict[str, int]:
    return {
        one.step.code if one.step else str(one.fund): one.minor
        for one in found.taken
    }  # fmt: skip


def test_each_step_takes_of_what_those_before_it_left() -> None:
    found = allocate(
        figures(
            1_000_000, income=2_500_000, deficit=50_000, funds={"prudential": 100_000},
            drivers=DRIVERS, riders=[patron(3, fares=5)], savers=[patron(1, capital=200_000)],
        ),
        POLICY,
    )  # fmt: skip
    assert taken(found) == {
        "deficit": 50_000,
        "indivisible": 200_000,  # 20 % of the whole surplus
        "prudential": 150_000,  # what it lacks of 10 % of the income
        "interest": 6_000,  # 3 % of 2,000.00 for a year
        "education": 1_000,
        "drivers": 474_400,  # 80 % of 593,000
        "riders": 59_300,
        "collective": 59_300,
    }
    assert sum(taken(found).values()) == 1_000_000


def test_cash_is_at_least_its_part_and_the_rest_is_retained() -> None:
    found = allocate(figures(100_000, drivers=[patron(1, trips=1)]), POLICY)
    [share] = found.shares
    assert (share.part.minor, share.cash_minor, share.retained_minor) == (63_200, 15_800, 47_400)
    [odd] = allocate(figures(5_003, drivers=[patron(1, trips=1)]), POLICY).shares
    assert odd.cash_minor == -(-odd.part.minor // 4)
    assert odd.cash_minor + odd.retained_minor == odd.part.minor


def test_steps_that_come_too_late_get_what_there_is() -> None:
    found = allocate(figures(1_500, drivers=DRIVERS, deficit=1_000), POLICY)
    assert taken(found)["deficit"] == 1_000
    assert taken(found)["indivisible"] == 300
    assert taken(found)["education"] == 200
    assert taken(found)["drivers"] == taken(found)["collective"] == 0


def test_a_fund_is_filled_no_further_than_to_its_mark() -> None:
    rich = allocate(figures(1_000, income=1_000, funds={"prudential": 100}), POLICY)
    assert taken(rich)["prudential"] == 0
    capped = allocate(figures(10_000_000, income=100_000_000), POLICY)
    assert taken(capped)["prudential"] == 500_000


def test_a_fund_that_an_earlier_step_filled_is_full() -> None:
    body = policy_body()
    body["steps"][1]["fund"] = "prudential"
    found = allocate(figures(1_000, income=2_000), parse_allocation_policy(body))
    assert (taken(found)["indivisible"], taken(found)["prudential"]) == (200, 0)


def test_without_patrons_their_part_goes_on_to_the_rest() -> None:
    found = allocate(figures(100_000), POLICY)
    assert taken(found) == {
        "deficit": 0, "indivisible": 20_000, "prudential": 0, "interest": 0, "education": 1_000,
        "drivers": 0, "riders": 0, "collective": 79_000,
    }  # fmt: skip
    assert found.shares == ()


def test_no_surplus_divides_into_nothing() -> None:
    found = allocate(figures(0, drivers=DRIVERS, deficit=10), POLICY)
    assert set(taken(found).values()) == {0}
    assert all(one.part.minor == 0 for one in found.shares)


def test_a_loss_is_charged_to_funds_in_their_order_and_the_rest_is_carried() -> None:
    found = allocate(
        figures(-10_000, drivers=DRIVERS, funds={"collective": 3_000, "prudential": 2_000,
                                                 "indivisible": 99_000}),
        POLICY,
    )  # fmt: skip
    assert taken(found) == {"collective": -3_000, "prudential": -2_000}
    assert found.carried_minor == 5_000
    assert found.shares == ()


def test_a_loss_that_the_first_fund_bears_leaves_the_second_alone() -> None:
    found = allocate(figures(-10, funds={"collective": 30, "prudential": 20}), POLICY)
    assert taken(found) == {"collective": -10, "prudential": 0}
    assert found.carried_minor == 0


def step(**changes: Any) -> dict[str, Any]:
    whole = {
        "code": "a",
        "title": "A",
        "bylaw": "1",
        "fund": "x",
        "amount": {"bps": 1, "of": "rest"},
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"steps": [step(), step()]}, r"steps\[1\].code is that of an earlier step"),
        ({"steps": [step(min_minor=2, max_minor=1)]}, "is less than min_minor"),
        (
            {"steps": [step(fund=None, amount=None, deficit=True, min_minor=1)]},
            "says itself how much it takes",
        ),
        (
            {"steps": [step(fund=None, amount=None, deficit=True),
                       step(code="b", fund=None, amount=None, deficit=True)]},
            "does again what an earlier step does",
        ),
        (
            {"steps": [step(fund=None, patronage={"class": "driver", "weights": {"fares": "1/2"}})]},
            "do not sum to one",
        ),
        (
            {"steps": [step(fund=None, patronage={"class": "rider", "weights": {"hours": "1"}})]},
            "riders have none",
        ),
        (
            {"steps": [step(fund=None, amount={"fund_reaches_bps": 1, "of": "income"},
                            patronage={"class": "rider", "weights": {"trips": "1"}})]},
            "names none",
        ),
        (
            {"steps": [step(fund=None, amount=None,
                            interest={"rate_bps": 301, "base_rate_bps": 100, "base_rate": "x"})]},
            "is above 300: interest is limited",
        ),
    ],
)  # fmt: skip
def test_a_policy_that_means_nothing_is_refused_by_its_field(
    wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(AllocationPolicyInvalid, match=said):
        parse_allocation_policy(policy_body(**wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": []},
        {"rest_to": "Not A Code"},
        {"steps": [step(amount=None)]},
        {"steps": [step(deficit=True)]},
        {"steps": [step(amount={"bps": 1.0, "of": "rest"})]},
        {"steps": [step(amount={"bps": 10_001, "of": "rest"})]},
        {"currency": "usd"},
        {"extra": 1},
    ],
)
def test_a_policy_of_another_shape_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BodyInvalid):
        parse_allocation_policy(policy_body(**wrong))
