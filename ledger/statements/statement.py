"""From facts to a driver's statement: every line with its why, what each trip and shift came to, and what
that is by the hour and the kilometre, before and after costs. Pure.

A trip's money, engaged seconds and metres count in the week in which it ended, which is when the books
have it; time on shift is cut at the week's ends.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from foundation.identifiers import ShiftId, TransferId, TripId
from foundation.money import Currency, Money
from ledger.statements.facts import Charged, Entered, Facts, Of, Worked
from ledger.statements.floor import FloorCheck, check_floor
from ledger.statements.period import Week, seconds_within
from ledger.statements.values import (
    HOUR,
    KILOMETRE,
    AfterCosts,
    CostLine,
    Line,
    Rate,
    Rates,
    ShiftSum,
    Statement,
    Sum,
    Total,
    TripSum,
    What,
    Work,
)
from ledger.transfer import CHARGES, Kind

_SUM_OF = {
    What.SHARE: Sum.PAY,
    What.EXTRA: Sum.PAY,
    What.TOP_UP: Sum.PAY,
    What.TIP: Sum.TIPS,
    What.OUTLAY: Sum.OUTLAYS,
    What.CASH: Sum.CASH,
    What.PAYOUT: Sum.PAYOUTS,
    What.PAYOUT_RETURNED: Sum.PAYOUTS,
}
_OF_KIND = {
    Kind.TIP: What.TIP,
    Kind.CASH_COLLECTED: What.CASH,
    Kind.PAYOUT_SENT: What.PAYOUT,
    Kind.PAYOUT_RETURNED: What.PAYOUT_RETURNED,
    Kind.ALLOCATION: What.ALLOCATION,
    Kind.REVOLVED: What.ALLOCATION,
    Kind.ALLOCATION_PAID: What.ALLOCATION,
}
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_OF_CODE = {"share": What.SHARE, "top_up": What.TOP_UP}


def make_statement(facts: Facts) -> Statement:
    """The statement that the facts come to."""
    shift_of = {one.trip_id: one.shift_id for one in facts.worked if one.trip_id is not None}
    charged = {one.trip_id: one for one in facts.charged}
    floors = {
        trip_id: check_floor(one, facts.floor_rules)
        for trip_id, one in charged.items()
        if one.kind is Kind.FARE
    }
    taken_back = {one.transfer_id: one for one in facts.entered}
    lines = tuple(
        _line(one, shift_of=shift_of, floors=floors, known=taken_back) for one in facts.entered
    )
    within = [one for one in facts.worked if _counts(one, facts.week)]
    shifts = _shifts(facts, lines, within)
    work = Work(
        seconds_on_shift=sum(one.seconds_on_shift for one in shifts),
        seconds_engaged=sum(one.seconds_engaged for one in within),
        metres=sum(one.metres for one in within),
        trips=sum(one.trips for one in within),
    )
    costs = _costs(facts)
    return Statement(
        driver_id=facts.driver_id,
        of=facts.of,
        name=facts.name,
        week=facts.week,
        lines=lines,
        trips=_trips(lines, within, charged=charged, floors=floors),
        shifts=shifts,
        totals=_totals(facts, lines, work, costs),
        work=work,
        costs=costs,
    )


def sums_of(lines: Iterable[Line]) -> dict[Sum, int]:
    """Minor units of lines in one currency, by what they are."""
    sums = dict.fromkeys(Sum, 0)
    for line in lines:
        sums[line.sum] += line.amount.minor
    return sums


def rates_of(pay: Money, work: Work) -> Rates:
    """An amount by the hour and the kilometre of some work."""

    def rate(per: int, over: int) -> Rate | None:
        if over <= 0:
            return None
        return Rate(minor=pay.minor, currency=pay.currency, per=per, over=over)

    return Rates(
        engaged_hour=rate(HOUR, work.seconds_engaged),
        shift_hour=rate(HOUR, work.seconds_on_shift),
        kilometre=rate(KILOMETRE, work.metres),
    )


def _line(
    one: Entered,
    *,
    shift_of: Mapping[TripId, ShiftId],
    floors: Mapping[TripId, FloorCheck],
    known: Mapping[TransferId, Entered],
) -> Line:
    what = _what(one)
    added_to = _SUM_OF.get(what, Sum.OTHER)
    if what is What.REVERSAL and one.code == "tip":
        added_to = Sum.TIPS  # a tip that is taken back was never one
    return Line(
        entered=one,
        what=what,
        sum=added_to,
        amount=Money(one.amount_minor, one.currency),
        shift_id=None if one.trip_id is None else shift_of.get(one.trip_id),
        floor=floors.get(one.trip_id) if what is What.TOP_UP and one.trip_id is not None else None,
    )


def _what(one: Entered) -> What:
    if one.kind is Kind.REVERSAL:
        return What.REVERSAL
    if one.kind not in CHARGES:
        return _OF_KIND.get(one.kind, What.OTHER)
    if one.code.startswith("pass_through."):
        return What.OUTLAY
    return _OF_CODE.get(one.code, What.EXTRA)


def _counts(one: Worked, week: Week | None) -> bool:
    """Whether what a row counts but time on shift is of this time."""
    return week is None or week.start <= one.ended_at < week.end


def _trips(
    lines: Sequence[Line],
    worked: Sequence[Worked],
    *,
    charged: Mapping[TripId, Charged],
    floors: Mapping[TripId, FloorCheck],
) -> tuple[TripSum, ...]:
    """Every trip with money in this time, first to last."""
    of_trip: defaultdict[tuple[TripId, Currency], list[Line]] = defaultdict(list)
    for line in lines:
        if line.entered.trip_id is not None:
            of_trip[line.entered.trip_id, line.amount.currency].append(line)
    seconds: defaultdict[TripId, int] = defaultdict(int)
    metres: defaultdict[TripId, int] = defaultdict(int)
    for one in worked:
        if one.trip_id is not None:
            seconds[one.trip_id] += one.seconds_engaged
            metres[one.trip_id] += one.metres
    found = [
        TripSum(
            trip_id=trip_id,
            shift_id=its[0].shift_id,
            ended_at=its[0].entered.made_at,
            charged=charged.get(trip_id),
            currency=currency,
            sums=sums_of(its),
            seconds_engaged=seconds[trip_id],
            metres=metres[trip_id],
            floor=floors.get(trip_id),
        )
        for (trip_id, currency), its in of_trip.items()
    ]
    return tuple(sorted(found, key=lambda one: (one.ended_at, one.trip_id, one.currency)))


def _shifts(facts: Facts, lines: Sequence[Line], within: Sequence[Worked]) -> tuple[ShiftSum, ...]:
    """Every shift with time or money in this time, first to last; of no shift is what no trip has."""
    spans = _spans(facts)
    named = {line.shift_id for line in lines if line.shift_id is not None}
    named |= {one.shift_id for one in within}
    named |= {
        shift_id
        for shift_id, (begins, ends, _) in spans.items()
        if seconds_within(begins, ends, facts.week)
    }
    found = []
    for shift_id in named:
        its = [line for line in lines if line.shift_id == shift_id]
        rows = [one for one in within if one.shift_id == shift_id]
        begins, ends, is_over = spans.get(shift_id, (None, None, False))
        found.append(
            ShiftSum(
                shift_id=shift_id,
                started_at=begins,
                ended_at=ends if is_over else None,
                seconds_on_shift=0
                if begins is None or ends is None
                else seconds_within(begins, ends, facts.week),
                seconds_engaged=sum(one.seconds_engaged for one in rows),
                metres=sum(one.metres for one in rows),
                trips=sum(one.trips for one in rows),
                sums=_by_currency(its),
            )
        )
    return tuple(sorted(found, key=lambda one: (_first(one, lines), one.shift_id)))


def _spans(facts: Facts) -> dict[ShiftId, tuple[datetime, datetime, bool]]:
    """When each shift began and ended, and whether it is over.

    The record of a shift's end has its whole seconds: its beginning is told to the second.
    """
    spans = {
        one.shift_id: (
            one.ended_at - timedelta(seconds=one.seconds_on_shift),
            one.ended_at,
            True,
        )
        for one in facts.worked
        if one.seconds_on_shift
    }
    if facts.open_shift is not None:
        going = facts.open_shift
        spans[going.shift_id] = (going.started_at, max(going.started_at, going.until), False)
    return spans


def _first(shift: ShiftSum, lines: Sequence[Line]) -> datetime:
    """The instant that a shift is sorted by: its beginning, or its first line."""
    its = (line.entered.made_at for line in lines if line.shift_id == shift.shift_id)
    return shift.started_at or min(its, default=_LONG_AGO)


def _by_currency(lines: Sequence[Line]) -> dict[Currency, dict[Sum, int]]:
    return {
        currency: sums_of([line for line in lines if line.amount.currency == currency])
        for currency in sorted({line.amount.currency for line in lines})
    }


def _costs(facts: Facts) -> tuple[CostLine, ...] | None:
    """Costs of the week; None where there is no week or they are not shown."""
    if facts.costs is None or facts.week is None:
        return None
    week = facts.week
    found = (CostLine(cost=one, minor=one.minor_in(week.first, week.last)) for one in facts.costs)
    return tuple(one for one in found if one.minor)


def _totals(
    facts: Facts, lines: Sequence[Line], work: Work, costs: Sequence[CostLine] | None
) -> tuple[Total, ...]:
    before = {money.currency: money.minor for money in facts.opening}
    spent: defaultdict[Currency, int] = defaultdict(int)
    for cost in costs or ():
        spent[cost.cost.amount.currency] += cost.minor
    sums = _by_currency(lines)
    found = []
    for currency in sorted(before.keys() | sums.keys() | spent.keys()):
        its = sums.get(currency, dict.fromkeys(Sum, 0))
        pay = Money(its[Sum.PAY], currency)
        opening = Money(before.get(currency, 0), currency)
        own = Money(spent[currency], currency)
        has_balance = facts.of is Of.WEEK
        found.append(
            Total(
                currency=currency,
                opening=opening if has_balance else None,
                sums=its,
                closing=opening + Money(sum(its.values()), currency) if has_balance else None,
                rates=rates_of(pay, work),
                after_costs=None
                if costs is None
                else AfterCosts(costs=own, pay=pay - own, rates=rates_of(pay - own, work)),
            )
        )
    return tuple(found)
