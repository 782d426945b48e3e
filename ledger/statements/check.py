"""Whether a statement comes to what the books say: what it adds up to is added up otherwise. Pure.

Of a week, opening and closing balance are held against sums over the transfers' own instants; of every
trip with its fare in it, pay against the fare's document and the floor against its rule.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from foundation.money import Currency
from ledger.statements.facts import Of
from ledger.statements.values import Statement, Sum, TripSum
from ledger.transfer import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a statement and the books differ.

    Attributes
    ----------
    rule
        What does not hold.
    where
        The trip, shift or currency.
    what
        In one sentence.
    """

    rule: str
    where: str
    what: str


def differences(
    statement: Statement, balances: Mapping[Currency, tuple[int, int]] | None = None
) -> tuple[Difference, ...]:
    """Everything in which a statement is wrong, rule by rule.

    Parameters
    ----------
    balances
        Of a week, what was owed before and after, by currency, asked of the books apart.
    """
    found = [*_lines_sum(statement), *_groups_sum(statement), *_trips(statement)]
    if statement.of is Of.WEEK and balances is not None:
        found += _balances(statement, balances)
    return tuple(found)


def _lines_sum(statement: Statement) -> Iterator[Difference]:
    sums: defaultdict[Currency, int] = defaultdict(int)
    seen = set()
    for line in statement.lines:
        key = (line.entered.transfer_id, line.entered.line)
        if key in seen:
            yield Difference(rule="a_line_once", where=str(key[0]), what="it is listed twice")
        seen.add(key)
        sums[line.amount.currency] += line.amount.minor
    told = {total.currency: total.change.minor for total in statement.totals}
    for currency in sums.keys() | told.keys():
        if sums[currency] != told.get(currency, 0):
            yield Difference(
                rule="lines_sum_to_the_total",
                where=currency,
                what=f"the lines come to {sums[currency]} minor units, "
                f"the total to {told.get(currency, 0)}",
            )


def _groups_sum(statement: Statement) -> Iterator[Difference]:
    """Lines of trips and what trips came to; lines of shifts and what shifts came to."""
    of_trips: defaultdict[str, int] = defaultdict(int)
    of_shifts: defaultdict[str, int] = defaultdict(int)
    for line in statement.lines:
        if line.entered.trip_id is not None:
            of_trips[str(line.entered.trip_id)] += line.amount.minor
        if line.shift_id is not None:
            of_shifts[str(line.shift_id)] += line.amount.minor
    for trip in statement.trips:
        of_trips[str(trip.trip_id)] -= sum(trip.sums.values())
    for shift in statement.shifts:
        of_shifts[str(shift.shift_id)] -= sum(sum(one.values()) for one in shift.sums.values())
    for rule, sums in (
        ("lines_sum_to_the_trip", of_trips),
        ("lines_sum_to_the_shift", of_shifts),
    ):
        for where, minor in sums.items():
            if minor:
                what = f"its lines and its sum are {minor} minor units apart"
                yield Difference(rule=rule, where=where, what=what)


def _trips(statement: Statement) -> Iterator[Difference]:
    whole = {line.entered.trip_id for line in statement.lines if line.entered.kind is Kind.FARE}
    for trip in statement.trips:
        if trip.trip_id in whole:
            yield from _paid_as_the_fare_says(trip)
        if trip.floor is not None and not trip.floor.holds:
            floor = trip.floor
            yield Difference(
                rule="the_floor_is_reached",
                where=str(trip.trip_id),
                what=f"the floor is {floor.floor_minor} and computes to {floor.computed_minor}, the "
                f"share is {floor.share_minor}, the top-up {floor.top_up_minor}",
            )


def _paid_as_the_fare_says(trip: TripSum) -> Iterator[Difference]:
    if trip.charged is None or trip.charged.pay_minor is None:
        yield Difference(
            rule="paid_as_the_fare_says", where=str(trip.trip_id), what="it has no fare's document"
        )
    elif (trip.sums[Sum.PAY], trip.sums[Sum.OUTLAYS]) != (
        trip.charged.pay_minor,
        trip.charged.reimbursed_minor,
    ):
        yield Difference(
            rule="paid_as_the_fare_says",
            where=str(trip.trip_id),
            what=f"the lines pay {trip.sums[Sum.PAY]} and give back {trip.sums[Sum.OUTLAYS]}, the "
            f"fare says {trip.charged.pay_minor} and {trip.charged.reimbursed_minor}",
        )


def _balances(
    statement: Statement, balances: Mapping[Currency, tuple[int, int]]
) -> Iterator[Difference]:
    told = {
        total.currency: (total.opening.minor, total.closing.minor)
        for total in statement.totals
        if total.opening is not None and total.closing is not None
    }
    for currency in sorted(told.keys() | balances.keys()):
        books, said = balances.get(currency, (0, 0)), told.get(currency, (0, 0))
        if books != said:
            yield Difference(
                rule="the_lines_are_the_change_of_the_balance",
                where=currency,
                what=f"from {said[0]} to {said[1]} minor units; the books go "
                f"from {books[0]} to {books[1]}",
            )
