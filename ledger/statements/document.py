"""A statement as JSON values, `khan-statement/1`: docs/reference/statement.md tells each field. Pure."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from ledger.costs.cost import Cost
from ledger.statements.floor import FloorCheck
from ledger.statements.values import (
    Line,
    Rate,
    Rates,
    ShiftSum,
    Statement,
    Sum,
    Total,
    TripSum,
)
from ledger.statements.words import spoken, why

FORMAT = "khan-statement/1"


def document_of(statement: Statement, *, zone: ZoneInfo, language: str) -> dict[str, Any]:
    """The statement; amounts are whole minor units, rates also as exact fractions of them."""
    week = statement.week
    return {
        "format": FORMAT,
        "language": spoken(language),
        "timezone": zone.key,
        "of": statement.of.value,
        "name": statement.name,
        "driver_id": str(statement.driver_id),
        "start": None if week is None else week.start.isoformat(),
        "end": None if week is None else week.end.isoformat(),
        "first_day": None if week is None else week.first.isoformat(),
        "last_day": None if week is None else week.last.isoformat(),
        "totals": [_total(one) for one in statement.totals],
        "work": {
            "seconds_on_shift": statement.work.seconds_on_shift,
            "seconds_engaged": statement.work.seconds_engaged,
            "metres": statement.work.metres,
            "trips": statement.work.trips,
        },
        "shifts": [_shift(one) for one in statement.shifts],
        "trips": [_trip(one) for one in statement.trips],
        "lines": [_line(one, language) for one in statement.lines],
        "costs": None
        if statement.costs is None
        else [cost_document(one.cost) | {"minor_here": one.minor} for one in statement.costs],
    }


def cost_document(cost: Cost) -> dict[str, Any]:
    """A cost as its driver wrote it down."""
    return {
        "cost_id": str(cost.cost_id),
        "kind": cost.kind.value,
        "amount_minor": cost.amount.minor,
        "currency": cost.amount.currency,
        "spent_on": cost.spent_on.isoformat(),
        "covers_until": None if cost.covers_until is None else cost.covers_until.isoformat(),
        "metres": cost.metres,
        "per_km_mills": cost.per_km_mills,
        "note": cost.note,
        "replaces": None if cost.replaces is None else str(cost.replaces),
        "made_at": None if cost.made_at is None else cost.made_at.isoformat(),
    }


def _line(line: Line, language: str) -> dict[str, Any]:
    entered = line.entered
    return {
        "made_at": entered.made_at.isoformat(),
        "transfer_id": str(entered.transfer_id),
        "trip_id": None if entered.trip_id is None else str(entered.trip_id),
        "shift_id": None if line.shift_id is None else str(line.shift_id),
        "kind": entered.kind.value,
        "code": entered.code,
        "what": line.what.value,
        "sum": line.sum.value,
        "amount_minor": line.amount.minor,
        "currency": line.amount.currency,
        "share_of_minor": entered.share_of_minor,
        "share_bps": entered.share_bps,
        "why": why(line, language),
    }


def _trip(trip: TripSum) -> dict[str, Any]:
    return {
        "trip_id": str(trip.trip_id),
        "shift_id": None if trip.shift_id is None else str(trip.shift_id),
        "ended_at": trip.ended_at.isoformat(),
        "charge": None if trip.charged is None else trip.charged.kind.value,
        "charged_minor": None if trip.charged is None else trip.charged.total.minor,
        "currency": trip.currency,
        "sums": _sums(trip.sums),
        "seconds_engaged": trip.seconds_engaged,
        "metres": trip.metres,
        "floor": None if trip.floor is None else _floor(trip.floor),
    }


def _floor(floor: FloorCheck) -> dict[str, Any]:
    return {
        "name": floor.name,
        "rule_id": None if floor.rule_id is None else str(floor.rule_id),
        "version": floor.version,
        "source": floor.source,
        "metres": floor.metres,
        "seconds": floor.seconds,
        "distance_mills": floor.distance_mills,
        "unit": floor.unit,
        "minute_mills": floor.minute_mills,
        "per_trip_min_minor": floor.per_trip_min_minor,
        "floor_minor": floor.floor_minor,
        "computed_minor": floor.computed_minor,
        "share_minor": floor.share_minor,
        "top_up_minor": floor.top_up_minor,
        "holds": floor.holds,
    }


def _shift(shift: ShiftSum) -> dict[str, Any]:
    return {
        "shift_id": str(shift.shift_id),
        "started_at": None if shift.started_at is None else shift.started_at.isoformat(),
        "ended_at": None if shift.ended_at is None else shift.ended_at.isoformat(),
        "seconds_on_shift": shift.seconds_on_shift,
        "seconds_engaged": shift.seconds_engaged,
        "metres": shift.metres,
        "trips": shift.trips,
        "sums": [
            {"currency": currency, "sums": _sums(sums)} for currency, sums in shift.sums.items()
        ],
    }


def _total(total: Total) -> dict[str, Any]:
    after = total.after_costs
    return {
        "currency": total.currency,
        "opening_minor": None if total.opening is None else total.opening.minor,
        "sums": _sums(total.sums),
        "closing_minor": None if total.closing is None else total.closing.minor,
        "rates": _rates(total.rates),
        "after_costs": None
        if after is None
        else {
            "costs_minor": after.costs.minor,
            "pay_minor": after.pay.minor,
            "rates": _rates(after.rates),
        },
    }


def _sums(sums: Mapping[Sum, int]) -> dict[str, int]:
    """By what they are, and all of them."""
    named = {one.value: sums[one] for one in Sum}
    return named | {"all": sum(named.values())}


def _rates(rates: Rates) -> dict[str, Any]:
    return {
        "engaged_hour": _rate(rates.engaged_hour),
        "shift_hour": _rate(rates.shift_hour),
        "kilometre": _rate(rates.kilometre),
    }


def _rate(rate: Rate | None) -> dict[str, int] | None:
    if rate is None:
        return None
    return {
        "amount_minor": rate.amount.minor,
        "numerator": rate.numerator,
        "denominator": rate.over,
    }
