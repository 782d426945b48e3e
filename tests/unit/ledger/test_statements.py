"""A driver's statement: weeks by the city's clocks, sums that add up, floors with their numbers."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

from fares.pay import PayFloor, PayFloors
from foundation.identifiers import DriverId, RuleId, ShiftId, TransferId, TripId
from foundation.money import Currency, Money
from ledger.costs.cost import Cost, CostKind, allowance, standing
from ledger.costs.errors import CostDatesWrong, CostIncomplete
from ledger.statements.check import differences
from ledger.statements.document import document_of
from ledger.statements.errors import WeekUnreadable
from ledger.statements.facts import Charged, Entered, Facts, FloorRule, Of, OpenShift, Worked
from ledger.statements.paper import statement_pdf
from ledger.statements.period import seconds_within, week_named, week_of
from ledger.statements.statement import make_statement
from ledger.statements.table import statement_csv
from ledger.statements.values import Statement, Sum
from ledger.statements.words import CHARGE, LABELS, LANGUAGES, WHY, why
from ledger.transfer import Kind
from tests.money import USD, numbered

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
WEEK = week_named("2030-W05", NEW_YORK)
AT = WEEK.start + timedelta(hours=20)
SHIFT, TRIP, RULE = ShiftId(numbered(5)), TripId(numbered(6)), RuleId(numbered(7))
DRIVER = DriverId(numbered(2001))
FLOOR = PayFloor(
    name="city", priority=1, vehicle_classes=frozenset(), start_zones=frozenset(),
    distance_mills=100_000, unit="km", minute_mills=50_000, per_trip_min_minor=300, source="motion 1",
)  # fmt: skip
FLOORS = {
    RULE: FloorRule(
        rule_id=RULE, version=3, floors=PayFloors(name="f", currency=USD, floors=(FLOOR,))
    )
}


def entered(code: str, minor: int, **more: Any) -> Entered:
    fields: dict[str, Any] = {
        "made_at": AT, "transfer_id": TransferId(numbered(1)), "line": 1, "trip_id": TRIP,
        "kind": Kind.FARE, "code": code, "amount_minor": minor, "currency": USD,
    }  # fmt: skip
    return Entered(**fields | more)


def a_fare(**changes: Any) -> Charged:
    """4 km in 10 minutes: 4.00 and 5.00 make a floor of 9.00; the share is 8.00 of 10.00."""
    fields: dict[str, Any] = {
        "trip_id": TRIP, "kind": Kind.FARE, "made_at": AT, "total": Money(1_065, USD),
        "pay_minor": 900, "reimbursed_minor": 65, "share_minor": 800, "top_up_minor": 100,
        "floor_name": "city", "floor_minor": 900, "metres": 4_000, "seconds": 600,
        "floor_rule_id": RULE,
    }  # fmt: skip
    return Charged(**fields | changes)


ENTRIES = [
    entered("share", 800, share_of_minor=1_000, share_bps=8_000),
    entered("pass_through.toll", 65, line=2),
    entered("top_up", 100, line=3),
    entered("tip", 200, kind=Kind.TIP, transfer_id=TransferId(numbered(2))),
    entered(
        "payout", -5_000, kind=Kind.PAYOUT_SENT, trip_id=None, transfer_id=TransferId(numbered(3))
    ),
]
WORKED = [
    Worked(ended_at=AT, shift_id=SHIFT, trip_id=TRIP, seconds_engaged=900, metres=4_000, trips=1),
    Worked(ended_at=AT + timedelta(hours=1), shift_id=SHIFT, seconds_on_shift=7_200),
]


def facts(**changes: Any) -> Facts:
    fields: dict[str, Any] = {
        "driver_id": DRIVER, "of": Of.WEEK, "name": WEEK.name, "week": WEEK, "entered": ENTRIES,
        "opening": [Money(6_000, USD)], "charged": [a_fare()], "worked": WORKED, "costs": (),
        "floor_rules": FLOORS,
    }  # fmt: skip
    return Facts(**fields | changes)


def made(**changes: Any) -> Statement:
    return make_statement(facts(**changes))


def cost(minor: int = 700, spent_on: date = WEEK.first, **more: Any) -> Cost:
    fields: dict[str, Any] = {
        "cost_id": numbered(31), "driver_id": DRIVER, "kind": CostKind.FUEL,
        "amount": Money(minor, USD), "spent_on": spent_on,
    }  # fmt: skip
    return Cost(**fields | more)


# --- weeks


@pytest.mark.parametrize(
    ("name", "zone", "start", "hours"),
    [
        ("2030-W05", NEW_YORK, datetime(2030, 1, 28, 5, tzinfo=UTC), 168),
        ("2030-W13", BERLIN, datetime(2030, 3, 24, 23, tzinfo=UTC), 167),
        ("2030-W43", BERLIN, datetime(2030, 10, 20, 22, tzinfo=UTC), 169),
        ("2020-W53", BERLIN, datetime(2020, 12, 27, 23, tzinfo=UTC), 168),
    ],
)
def test_a_week_is_the_citys_from_monday_to_monday_also_when_clocks_change(
    name: str, zone: ZoneInfo, start: datetime, hours: int
) -> None:
    week = week_named(name, zone)
    assert (week.start, week.end - week.start) == (start, timedelta(hours=hours))
    assert (week.first.isoweekday(), week.last - week.first) == (1, timedelta(days=6))
    assert week_of(week.start, zone) == week == week_of(week.end - timedelta(microseconds=1), zone)
    assert week_of(week.end, zone).start == week.end


@pytest.mark.parametrize(
    "word", ["2021-W53", "2030-W00", "2030-5", "2030-W5", "1999-W05", "", "２０３０-W05"]
)
def test_what_is_no_week_is_refused(word: str) -> None:
    with pytest.raises(WeekUnreadable):
        week_named(word, BERLIN)


def test_time_on_shift_is_cut_at_the_weeks_ends_to_the_second() -> None:
    week = week_named("2030-W13", BERLIN)
    hour = timedelta(hours=1)
    assert seconds_within(week.start - hour, week.start + hour, week) == 3_600
    assert seconds_within(week.end - hour, week.end + hour, week) == 3_600
    assert seconds_within(week.start - 2 * hour, week.start - hour, week) == 0
    whole = seconds_within(week.start.astimezone(BERLIN), week.end.astimezone(BERLIN), week)
    assert whole == 167 * 3_600, "the night of the change has one hour less"


# --- sums and rates


def test_a_week_says_what_every_line_adds_up_to() -> None:
    (total,) = made().totals
    assert {name.value: minor for name, minor in total.sums.items()} == {
        "pay": 900, "tips": 200, "outlays": 65, "cash": 0, "payouts": -5_000, "other": 0,
    }  # fmt: skip
    assert (total.opening, total.closing) == (Money(6_000, USD), Money(2_165, USD))
    assert total.change == Money(-3_835, USD)


def test_pay_by_the_hour_and_the_kilometre_is_exact_and_rounded_once() -> None:
    (total,) = made().totals
    rates = total.rates
    assert rates.engaged_hour is not None
    assert rates.shift_hour is not None
    assert rates.kilometre is not None
    assert (rates.engaged_hour.numerator, rates.engaged_hour.over) == (900 * 3_600, 900)
    assert rates.engaged_hour.amount == Money(3_600, USD)
    assert rates.shift_hour.amount == Money(450, USD)
    assert rates.kilometre.amount == Money(225, USD)


def test_costs_lower_pay_and_what_is_left_may_be_below_zero() -> None:
    (total,) = made(costs=[cost(150), cost(1_000, cost_id=numbered(32))]).totals
    after = total.after_costs
    assert after is not None
    assert (after.costs, after.pay) == (Money(1_150, USD), Money(-250, USD))
    assert after.rates.shift_hour is not None
    assert after.rates.shift_hour.amount == Money(-125, USD)
    assert total.sums[Sum.PAY] == 900, "the books know nothing of them"


def test_costs_are_left_out_for_others_and_for_trips_and_shifts() -> None:
    assert made(costs=None).costs is None
    assert made(costs=None).totals[0].after_costs is None
    one = made(of=Of.TRIP, week=None, opening=(), costs=[cost()])
    assert (one.costs, one.totals[0].after_costs, one.totals[0].opening) == (None, None, None)


def test_nothing_is_said_by_the_hour_without_an_hour() -> None:
    rates = made(worked=[]).totals[0].rates
    assert (rates.engaged_hour, rates.shift_hour, rates.kilometre) == (None, None, None)


def test_trips_and_shifts_have_their_own_sums() -> None:
    statement = made()
    (trip,), (shift,) = statement.trips, statement.shifts
    assert (trip.sums[Sum.PAY], trip.sums[Sum.TIPS], trip.shift_id) == (900, 200, SHIFT)
    assert shift.started_at == AT - timedelta(hours=1)
    assert (shift.seconds_on_shift, shift.seconds_engaged, shift.trips) == (7_200, 900, 1)
    assert sum(shift.sums[USD].values()) == 1_165


def test_a_shift_that_goes_on_counts_until_now() -> None:
    going = OpenShift(shift_id=SHIFT, started_at=AT - timedelta(hours=3), until=AT)
    (shift,) = made(worked=WORKED[:1], open_shift=going).shifts
    assert (shift.seconds_on_shift, shift.ended_at) == (3 * 3_600, None)


def test_a_tip_for_an_older_trip_counts_for_its_shift_and_not_its_work() -> None:
    before = replace(WORKED[0], ended_at=WEEK.start - timedelta(hours=1))
    statement = made(entered=ENTRIES[3:4], worked=[before])
    assert statement.work.seconds_engaged == 0
    (shift,) = statement.shifts
    assert (shift.shift_id, shift.started_at, shift.sums[USD][Sum.TIPS]) == (SHIFT, None, 200)


def test_a_tip_that_is_taken_back_is_no_tip() -> None:
    back = entered(
        "tip", -200, kind=Kind.REVERSAL, reason="by mistake", transfer_id=TransferId(numbered(9))
    )
    (total,) = made(entered=[ENTRIES[3], back]).totals
    assert total.sums[Sum.TIPS] == 0


def test_currencies_are_never_added() -> None:
    yen = Currency("JPY")
    more = [
        *ENTRIES,
        entered("tip", 90, kind=Kind.TIP, currency=yen, transfer_id=TransferId(numbered(8))),
    ]
    assert [(one.currency, one.sums[Sum.TIPS]) for one in made(entered=more).totals] == [
        ("JPY", 90), ("USD", 200),
    ]  # fmt: skip


# --- the floor


def test_a_top_up_says_the_floor_with_its_numbers_and_version() -> None:
    (line,) = [one for one in made().lines if one.what == "top_up"]
    assert why(line, "en") == (
        "from the co-operative, to reach the pay floor city, version 3: 4000 m at 1 USD a km and "
        "600 s at 0.5 USD a minute, at least 3.00 USD, come to 9.00 USD; your share was 8.00 USD"
    )
    floor = made().trips[0].floor
    assert floor is not None
    assert (floor.computed_minor, floor.holds, floor.source) == (900, True, "motion 1")


@pytest.mark.parametrize(
    "changes", [{"top_up_minor": 99}, {"floor_minor": 901, "top_up_minor": 101}, {"metres": 5_000}]
)
def test_a_floor_that_does_not_hold_is_found(changes: dict[str, int]) -> None:
    wrong = {one.rule for one in differences(made(charged=[a_fare(**changes)]))}
    assert "the_floor_is_reached" in wrong


# --- held against the books


def test_a_good_statement_differs_from_the_books_in_nothing() -> None:
    assert differences(made(), {USD: (6_000, 2_165)}) == ()


def test_what_was_planted_is_found() -> None:
    good = made()
    balances = {USD: (6_000, 2_165)}

    def rules(statement: Statement, of: dict[Currency, tuple[int, int]] = balances) -> set[str]:
        return {one.rule for one in differences(statement, of)}

    assert "lines_sum_to_the_total" in rules(replace(good, lines=good.lines[1:]))
    assert "a_line_once" in rules(replace(good, lines=(*good.lines, good.lines[0])))
    dearer = replace(good.trips[0], sums={**good.trips[0].sums, Sum.PAY: 901})
    assert rules(replace(good, trips=(dearer,))) >= {
        "lines_sum_to_the_trip", "paid_as_the_fare_says",
    }  # fmt: skip
    longer = replace(good.shifts[0], sums={USD: {**good.shifts[0].sums[USD], Sum.TIPS: 1}})
    assert rules(replace(good, shifts=(longer,))) == {"lines_sum_to_the_shift"}
    assert rules(good, {USD: (6_000, 2_164)}) == {"the_lines_are_the_change_of_the_balance"}
    assert rules(good, {USD: (6_001, 2_165)}) == {"the_lines_are_the_change_of_the_balance"}
    assert rules(make_statement(facts(charged=[]))) == {"paid_as_the_fare_says"}


# --- words and files


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_and_label_is_in_every_language(language: str) -> None:
    assert all(said[language] for said in (*WHY.values(), *CHARGE.values()))
    assert all(len(said) == len(LANGUAGES) and all(said) for said in LABELS.values())
    assert all("{" not in why(line, language) for line in made().lines)
    document = document_of(made(), zone=NEW_YORK, language=language)
    assert document["language"] == language


def test_the_table_adds_up_and_computes_nothing_that_people_wrote() -> None:
    evil = entered(
        "x", 5, kind=Kind.REVERSAL, reason="=1+1", trip_id=None, transfer_id=TransferId(numbered(4))
    )
    written = statement_csv(made(entered=[*ENTRIES, evil]), zone=NEW_YORK, language="en")
    rows = list(csv.DictReader(io.StringIO(written.decode())))
    assert next(one["what"] for one in rows) == "opening"
    cents = [round(float(one["amount"]) * 100) for one in rows]
    assert sum(cents[:-1]) == cents[-1]
    assert not [one for one in rows if one["why"].startswith(("=", "+", "-", "@"))]
    assert rows[1]["when"] == "2030-01-28T20:00:00-05:00"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_paper_says_every_line_in_letters_that_it_has(language: str) -> None:
    statement = made(costs=[cost()])
    written = statement_pdf(statement, zone=NEW_YORK, language=language, made_at=AT)
    assert written.startswith(b"%PDF-")
    assert written == statement_pdf(statement, zone=NEW_YORK, language=language, made_at=AT)
    said = "".join(page.extract_text() for page in PdfReader(io.BytesIO(written)).pages)
    assert "[U+" not in said, "a letter that no font has"
    for figure in ("8.00 USD", "21.65 USD", "2030-W05", "36.00 USD"):
        assert figure in said


def test_an_empty_week_says_so_on_paper() -> None:
    empty = made(entered=(), charged=(), worked=(), opening=())
    written = statement_pdf(empty, zone=NEW_YORK, language="en", made_at=AT)
    assert "There are no lines" in PdfReader(io.BytesIO(written)).pages[0].extract_text()


# --- costs


def test_a_cost_over_many_days_falls_into_weeks_that_sum_to_it() -> None:
    year = cost(100_00, date(2029, 12, 31), covers_until=date(2030, 12, 29))
    weeks = [week_of(WEEK.start + timedelta(days=7 * number), NEW_YORK) for number in range(-4, 48)]
    parts = [year.minor_in(week.first, week.last) for week in weeks]
    assert sum(parts) == 100_00
    assert max(parts) - min(parts) <= 1
    assert year.minor_in(date(2031, 1, 1), date(2031, 1, 7)) == 0


def test_a_correction_stands_for_what_it_replaces_and_nothing_takes_back() -> None:
    first, second = cost(), cost(800, cost_id=numbered(32), replaces=numbered(31))
    gone = cost(0, cost_id=numbered(33), replaces=numbered(32))
    assert standing([first, second]) == (second,)
    assert standing([first, second, gone]) == ()


def test_an_allowance_is_rounded_once() -> None:
    assert allowance(123_456, 30_000, USD) == Money(3_704, USD)  # 123.456 km at 0.30: 37.0368
    assert allowance(50, 10_000, USD) == Money(1, USD)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"covers_until": date(2030, 1, 27)}, CostDatesWrong),
        ({"covers_until": date(2031, 1, 30)}, CostDatesWrong),
        ({"spent_on": date(1999, 12, 31)}, CostDatesWrong),
        ({"minor": 0}, CostIncomplete),
    ],
)
def test_a_cost_that_makes_no_sense_is_refused(
    changes: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        cost(**changes)
