"""Laws of statements: over any history, weeks follow on one another and every minor unit is told once."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.identifiers import DriverId, ShiftId, TransferId, TripId
from foundation.money import Currency, Money
from ledger.statements.check import differences
from ledger.statements.facts import Entered, Facts, Of, Worked
from ledger.statements.period import Week, week_of
from ledger.statements.statement import make_statement
from ledger.statements.values import Statement
from ledger.transfer import Kind
from tests.money import numbered

BERLIN = ZoneInfo("Europe/Berlin")
BEGINS = datetime(2030, 3, 18, 12, tzinfo=UTC)
"""Two weeks before and after the clocks change."""
CURRENCIES = [Currency("EUR"), Currency("JPY")]
KINDS = [
    (Kind.FARE, "share"), (Kind.FARE, "surcharge.airport"), (Kind.TIP, "tip"),
    (Kind.FARE, "pass_through.toll"), (Kind.PAYOUT_SENT, "payout"), (Kind.REVERSAL, "tip"),
    (Kind.CASH_COLLECTED, "cash"), (Kind.NO_SHOW_FEE, "share"), (Kind.ALLOCATION, "cash"),
]  # fmt: skip


@st.composite
def entries(draw: st.DrawFn) -> list[Entered]:
    """Entries over four weeks, of some trips, in two currencies."""
    made = []
    for number in range(draw(st.integers(0, 25))):
        kind, code = draw(st.sampled_from(KINDS))
        minor = draw(st.integers(-5_000, 20_000))
        is_share = code == "share"
        made.append(
            Entered(
                made_at=BEGINS + timedelta(seconds=draw(st.integers(0, 28 * 86_400))),
                transfer_id=TransferId(numbered(1_000 + number)),
                line=1,
                trip_id=draw(
                    st.sampled_from([None, *(TripId(numbered(one)) for one in range(1, 6))])
                ),
                kind=kind,
                code=code,
                amount_minor=minor,
                currency=draw(st.sampled_from(CURRENCIES)),
                share_of_minor=minor if is_share else None,
                share_bps=10_000 if is_share else None,
                reason="wrong" if kind is Kind.REVERSAL else None,
            )
        )
    return sorted(made, key=lambda one: (one.made_at, one.transfer_id))


shifts = st.lists(
    st.builds(
        lambda after, seconds, number: Worked(
            ended_at=BEGINS + timedelta(seconds=after),
            shift_id=ShiftId(numbered(number)),
            seconds_on_shift=seconds,
        ),
        st.integers(0, 28 * 86_400),
        st.integers(1, 20 * 3_600),
        st.integers(1, 10**6),
    ),
    max_size=6,
    unique_by=lambda one: one.shift_id,
)


def weeks() -> list[Week]:
    """Those that the history can touch, in order."""
    first = week_of(BEGINS - timedelta(days=2), BERLIN)
    found = [first]
    while found[-1].end <= BEGINS + timedelta(days=29):
        found.append(week_of(found[-1].end, BERLIN))
    return found


def balance(history: list[Entered], before: datetime) -> dict[Currency, int]:
    """What is owed before an instant, added up plainly."""
    found: dict[Currency, int] = {}
    for one in history:
        if one.made_at < before:
            found[one.currency] = found.get(one.currency, 0) + one.amount_minor
    return found


def statement_of(history: list[Entered], worked: list[Worked], week: Week) -> Statement:
    opening = balance(history, week.start)
    return make_statement(
        Facts(
            driver_id=DriverId(numbered(1)),
            of=Of.WEEK,
            name=week.name,
            week=week,
            entered=[one for one in history if week.start <= one.made_at < week.end],
            opening=[Money(minor, currency) for currency, minor in opening.items()],
            charged=(),
            worked=worked,
        )
    )


@settings(max_examples=150, deadline=None)
@given(entries(), shifts)
def test_weeks_follow_on_one_another_and_agree_with_the_books(
    history: list[Entered], worked: list[Worked]
) -> None:
    closing: dict[Currency, int] = {}
    told = []
    seconds = 0
    for week in weeks():
        statement = statement_of(history, worked, week)
        for total in statement.totals:
            assert total.opening is not None
            assert total.closing is not None
            assert total.opening.minor == closing.get(total.currency, 0)
            closing[total.currency] = total.closing.minor
        before, after = balance(history, week.start), balance(history, week.end)
        books = {one: (before.get(one, 0), after[one]) for one in after}
        wrong = {one.rule for one in differences(statement, books)}
        # These trips have no fares' documents; nothing else may differ.
        assert wrong <= {"paid_as_the_fare_says"}
        told += [line.entered.transfer_id for line in statement.lines]
        seconds += statement.work.seconds_on_shift
    assert closing == balance(history, weeks()[-1].end)
    assert told == [one.transfer_id for one in history], "each line in one week, and in one only"
    assert seconds == sum(one.seconds_on_shift for one in worked), "each second on shift likewise"


@settings(max_examples=80, deadline=None)
@given(entries(), st.data())
def test_a_changed_or_missing_entry_is_found(history: list[Entered], data: st.DataObject) -> None:
    week = week_of(BEGINS + timedelta(days=10), BERLIN)
    inside = [one for one in history if week.start <= one.made_at < week.end and one.amount_minor]
    if not inside:
        return
    gone = data.draw(st.sampled_from(inside))
    before, after = balance(history, week.start), balance(history, week.end)
    books = {one: (before.get(one, 0), after[one]) for one in after}
    statement = statement_of([one for one in history if one is not gone], [], week)
    rules = {one.rule for one in differences(statement, books)}
    assert "the_lines_are_the_change_of_the_balance" in rules
