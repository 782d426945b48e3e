"""A statement says why each line is there, and what it comes to by the hour."""

from datetime import UTC, datetime

import pytest

from foundation.identifiers import TransferId, TripId
from foundation.money import Currency, Money
from ledger.statement import (
    DriverStatement,
    Entered,
    Worked,
    closing_of,
    line_of,
    per_hour,
    totals_of,
)
from ledger.transfer import Kind
from tests.money import USD, numbered

AT = datetime(2014, 12, 21, 20, tzinfo=UTC)


def entered(code: str, minor: int, *, currency: Currency = USD, **more: object) -> Entered:
    fields = {
        "made_at": AT, "transfer_id": TransferId(numbered(1)), "trip_id": TripId(numbered(2)),
        "kind": Kind.FARE, "code": code, "amount_minor": minor, "currency": currency,
    } | more  # fmt: skip
    return Entered(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (
            entered("share", 1000, share_of_minor=1250, share_bps=8000),
            "80 % of 12.50 USD of the fare",
        ),
        (
            entered("share", 400, kind=Kind.NO_SHOW_FEE, share_of_minor=500, share_bps=8000),
            "80 % of 5.00 USD of the no-show fee",
        ),
        (
            entered("top_up", 50, floor_name="New York 2024", floor_minor=1050),
            "from the co-operative, to reach the pay floor New York 2024 of 10.50 USD",
        ),
        (entered("tip", 200, kind=Kind.TIP), "a tip, whole to the driver"),
        (entered("pass_through.toll", 650), "an outlay given back: toll"),
        (entered("surcharge.wheelchair", 100), "whole to the driver: surcharge.wheelchair"),
        (entered("fare", 500, kind=Kind.CANCELLATION_FEE), "the cancellation fee"),
        (entered("refund", -90, kind=Kind.REFUND, reason="wrong way"), "given back: wrong way"),
    ],
)
def test_each_line_says_why_it_is_there(one: Entered, why: str) -> None:
    assert line_of(one).why == why


def test_tips_and_outlays_are_not_pay() -> None:
    lines = [
        entered("share", 1000, share_of_minor=1250, share_bps=8000),
        entered("top_up", 50, floor_name="x", floor_minor=1050),
        entered("surcharge.wheelchair", 25),
        entered("pass_through.toll", 650),
        entered("tip", 200),
    ]
    (totals,) = totals_of(lines, [Money(7, USD)])
    assert (totals.pay.minor, totals.tips.minor, totals.reimbursed.minor) == (1075, 200, 650)
    assert (totals.opening.minor, totals.other.minor, totals.closing.minor) == (7, 0, 1932)
    statement = DriverStatement(
        start=AT, end=AT, lines=(), totals=(totals,),
        worked=Worked(seconds_on_shift=7200, seconds_engaged=3600),
    )  # fmt: skip
    assert statement.pay_per_engaged_hour(totals) == Money(1075, USD)
    assert statement.pay_per_hour_on_shift(totals) == Money(538, USD)


def test_currencies_are_totalled_apart() -> None:
    yen = Currency("JPY")
    lines = [entered("tip", 200), entered("tip", 90, currency=yen)]
    assert [totals.tips for totals in totals_of(lines, [])] == [Money(90, yen), Money(200, USD)]
    assert closing_of(lines, [Money(1, USD)]) == (Money(90, yen), Money(201, USD))


def test_nothing_is_earned_by_the_hour_in_no_time() -> None:
    assert per_hour(Money(100, USD), 0) is None
    assert per_hour(Money(100, USD), 3601) == Money(100, USD)
