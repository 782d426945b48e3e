"""A person's month under two rules: the sums that receipts and statements come to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fares.errors import ConcessionUnknown
from fares.fare import Driven, Extras
from fares.levy import parse_levy, with_levy
from fares.month import PriceBy, TripMade, fare_of, month_under_both, trip_of_receipt
from fares.pay import parse_pay_floors
from fares.price import Journey
from fares.tariff import parse_tariff
from foundation.identifiers import QuoteId, RuleId, TransferId
from foundation.money import Money
from ledger.account import account_of_driver, account_of_rider
from ledger.settlement import fare_transfer
from ledger.statement import Entered, totals_of
from ledger.transfer import Entry, Kind
from tests.fare_builders import eventful_receipt
from tests.impact_town import FLOOR, TARIFF, tariff
from tests.money import USD, numbered, parties
from tests.rules import example_pay_floor, example_tariff

AT = datetime(2014, 12, 21, 13, tzinfo=UTC)
BY = PriceBy(tariff=parse_tariff(example_tariff()), floors=parse_pay_floors(example_pay_floor()))


def town_rules(body: dict[str, Any]) -> PriceBy:
    return PriceBy(tariff=parse_tariff(body), floors=parse_pay_floors(FLOOR))


def made(metres: int, seconds: int, *, driven: Driven | None = None, **extras: Any) -> TripMade:
    return TripMade(
        quote_id=QuoteId(numbered(3)),
        tariff_rule_id=RuleId(numbered(1)),
        journey=Journey(metres=metres, seconds=seconds, vehicle_class="standard"),
        priced_at=AT,
        extras=Extras(**extras),
        driven=driven or Driven(metres=metres, seconds=seconds),
    )


def test_three_trips_and_two_tariffs_by_hand() -> None:
    # By 1.00 + 1.00/km: 2.00, 4.00, 2.00; driver 1.60, 3.20 raised to 3.90, 1.60.
    # By 1.50/km: 1.50, 4.50, 1.50; driver 1.20 raised to 1.30, 3.60 to 3.90, 1.20 to 1.30.
    trips = [made(1000, 100), made(3000, 300), made(1000, 100)]
    month = month_under_both(
        trips,
        today=town_rules(TARIFF),
        proposed=town_rules(tariff(flag_minor=0, kilometre_mills=150_000)),
    )
    assert (month.today.trips, month.today.fares, month.today.pay) == (3, Money(800, USD), Money(710, USD))  # fmt: skip
    assert (month.proposed.fares, month.proposed.pay) == (Money(750, USD), Money(650, USD))
    assert (month.fares_change, month.pay_change) == (Money(-50, USD), Money(-60, USD))


def test_a_month_without_trips_is_zero() -> None:
    month = month_under_both([], today=BY, proposed=BY)
    assert (month.today.trips, month.pay_change, month.today.fares) == (0, Money(0, USD), Money(0, USD))  # fmt: skip


def test_the_facts_of_a_receipt_come_to_the_receipts_own_sums() -> None:
    receipt = eventful_receipt()
    fare = fare_of(trip_of_receipt(receipt), BY)
    assert fare.as_json() == receipt["fare"]
    month = month_under_both([trip_of_receipt(receipt)], today=BY, proposed=BY)
    assert month.today.fares.minor == receipt["fare"]["total_minor"]
    assert month.today.pay.minor == receipt["fare"]["driver_pay"]["pay_minor"]


def test_a_trip_that_the_proposal_has_no_price_for_is_said() -> None:
    trip = trip_of_receipt(eventful_receipt())
    body = example_tariff()
    body["concessions"] = []
    proposed = PriceBy(tariff=parse_tariff(body), floors=BY.floors)
    with pytest.raises(ConcessionUnknown):
        month_under_both([trip], today=BY, proposed=proposed)


@st.composite
def trips(draw: st.DrawFn) -> TripMade:
    """Any trip that the example tariff has a price for, with what may happen on the way."""
    metres, seconds = draw(st.integers(0, 60_000)), draw(st.integers(0, 9_000))
    trip = made(
        metres,
        seconds,
        driven=Driven(metres=draw(st.integers(0, 60_000)), seconds=draw(st.integers(0, 9_000))),
        waiting_seconds=draw(st.integers(0, 2_000)),
        added_stops=draw(st.integers(0, 3)),
        outlays_minor=draw(st.sampled_from([{}, {"toll": 650}])),
    )
    return replace(trip, priced_at=AT + timedelta(hours=draw(st.integers(0, 400))))


@settings(max_examples=60, deadline=None)
@given(st.lists(trips(), max_size=5))
def test_a_months_sums_are_those_of_the_books_statement(month_trips: list[TripMade]) -> None:
    who = parties()
    driver, rider = account_of_driver(who.driver_id, USD), account_of_rider(who.rider_id, USD)
    entered, charged = [], 0
    for trip in month_trips:
        transfer = fare_transfer(who, fare_of(trip, BY))
        entered += [_entered(entry) for entry in transfer.entries if entry.account == driver]
        charged += sum(one.amount_minor for one in transfer.entries if one.account == rider)
    month = month_under_both(month_trips, today=BY, proposed=BY)
    (totals,) = totals_of(entered, opening=[Money(0, USD)])
    assert month.today.pay == totals.pay
    assert month.today.fares.minor == charged
    assert month.pay_change.minor == month.fares_change.minor == 0


def _entered(entry: Entry) -> Entered:
    transfer = TransferId(numbered(1))
    return Entered(
        made_at=AT, transfer_id=transfer, trip_id=parties().trip_id, kind=Kind.FARE,
        code=entry.code, amount_minor=-entry.amount_minor, currency=USD,
        share_of_minor=entry.share_of_minor, share_bps=entry.share_bps,
    )  # fmt: skip


def test_a_levy_is_a_line_of_the_riders_fare_or_part_of_the_cooperatives_share() -> None:
    today = town_rules(TARIFF)
    levy = {"name": "Levy", "currency": "USD", "borne_by": "rider", "bps": 1000}
    borne_by_riders = replace(today, tariff=with_levy(today.tariff, parse_levy(levy)))
    borne_by_us = replace(
        today, tariff=with_levy(today.tariff, parse_levy(levy | {"borne_by": "coop"}))
    )
    trip = made(3000, 300)
    on_top, within = fare_of(trip, borne_by_riders), fare_of(trip, borne_by_us)
    assert [line.code for line in on_top.lines] == ["flag", "distance", "surcharge.levy"]
    assert (on_top.total.minor, on_top.shares.city_minor) == (440, 20 + 40)
    assert (within.total.minor, within.shares.coop_minor, within.shares.city_minor) == (400, 20, 60)
    assert on_top.pay == within.pay == fare_of(trip, today).pay
