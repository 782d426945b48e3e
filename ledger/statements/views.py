"""The rows that a statement is made of, with one query for each kind, however many there are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from fares.pay import parse_pay_floors
from foundation.identifiers import UUID, DriverId, RuleId, ShiftId, TransferId, TripId
from foundation.money import Currency, Money
from ledger.errors import StatementTooLong
from ledger.statements.facts import Charged, Entered, FloorRule, Worked
from ledger.statements.period import Week
from ledger.transfer import Kind
from ledger.views import STATEMENT_LINES_MAX
from storage.work import Reading

LONGEST_SHIFT = timedelta(days=7)
"""A shift that began in a week is found if it ended so long after it."""

_SELECTED = """
    SELECT entry.made_at, entry.transfer_id, entry.line,
           coalesce(transfer.trip_id, taken.trip_id) AS trip_id, transfer.kind, entry.code,
           -entry.amount_minor AS amount_minor, transfer.currency, entry.share_of_minor,
           entry.share_bps, transfer.reason
    FROM ledger.account
    JOIN ledger.entry USING (account_id)
    JOIN ledger.transfer USING (transfer_id)
    LEFT JOIN ledger.transfer AS taken ON taken.transfer_id = transfer.reverses
    WHERE account.role = 'driver' AND account.owner_id = :driver_id AND transfer.state = 'posted'
"""
_ORDERED = " ORDER BY entry.made_at, entry.transfer_id, entry.line LIMIT :limit"
_OF_A_TIME = text(f"{_SELECTED} AND entry.made_at >= :starts AND entry.made_at < :ends {_ORDERED}")
_OF_TRIPS = text(
    f"{_SELECTED} AND coalesce(transfer.trip_id, taken.trip_id) = ANY(CAST(:trips AS uuid[]))"
    f" {_ORDERED}"
)
_OPENING = text("""
    SELECT account.currency, CAST(-sum(entry.amount_minor) AS bigint) AS minor
    FROM ledger.account
    JOIN ledger.entry USING (account_id)
    JOIN ledger.transfer USING (transfer_id)
    WHERE account.role = 'driver' AND account.owner_id = :driver_id
      AND entry.made_at < :starts AND transfer.state = 'posted'
    GROUP BY account.currency ORDER BY account.currency
""")
_CHARGED = text("""
    SELECT charge.trip_id, charge.kind, charge.made_at, charge.total_minor, charge.currency,
           charge.document -> 'driver_pay' AS pay, quote.pay_floor_rule_id
    FROM ledger.charge LEFT JOIN fares.quote USING (quote_id)
    WHERE charge.trip_id = ANY(CAST(:trips AS uuid[])) AND charge.driver_id = :driver_id
""")
_RULES = text("""
    SELECT rule_id, version, CAST(body AS jsonb) AS body FROM rulebook.rule WHERE rule_id = ANY(CAST(:rules AS uuid[]))
""")
_WORKED_COLUMNS = """
    SELECT made_at, shift_id, trip_id, seconds_on_shift, seconds_engaged, metres, trips
    FROM ledger.work_record WHERE driver_id = :driver_id
"""
# A shift's end and its trips lie in the time, reach into it, or are of a trip that is asked for.
_WORKED_IN = text(f"""
    {_WORKED_COLUMNS} AND (
        made_at >= :starts AND made_at < :latest
        AND made_at - seconds_on_shift * interval '1 second' < :ends
        OR trip_id = ANY(CAST(:trips AS uuid[])))
    ORDER BY made_at, work_record_id
""")
_WORKED_ON = text(f"{_WORKED_COLUMNS} AND shift_id = :shift_id ORDER BY made_at, work_record_id")
_WORKED_FOR = text(f"{_WORKED_COLUMNS} AND trip_id = :trip_id ORDER BY made_at, work_record_id")
_CHANGE = text("""
    SELECT account.currency,
           CAST(-coalesce(sum(entry.amount_minor) FILTER (WHERE transfer.made_at < :starts), 0)
               AS bigint) AS opening,
           CAST(-coalesce(sum(entry.amount_minor), 0) AS bigint) AS closing
    FROM ledger.account
    JOIN ledger.entry USING (account_id)
    JOIN ledger.transfer USING (transfer_id)
    WHERE account.role = 'driver' AND account.owner_id = :driver_id
      AND transfer.state = 'posted' AND transfer.made_at < :ends
    GROUP BY account.currency ORDER BY account.currency
""")


async def entered_in(
    work: Reading, driver_id: DriverId, starts: datetime, ends: datetime
) -> list[Entered]:
    """The posted entries of a driver's accounts in a time, first to last.

    Raises
    ------
    StatementTooLong
        If there are more than 20,000.
    """
    return await _entered(
        work, _OF_A_TIME, {"driver_id": driver_id, "starts": starts, "ends": ends}
    )


async def entered_for(work: Reading, driver_id: DriverId, trips: Sequence[TripId]) -> list[Entered]:
    """The posted entries of a driver's accounts that are of some trips, whenever they were made."""
    return await _entered(work, _OF_TRIPS, {"driver_id": driver_id, "trips": list(trips)})


async def opening_of(work: Reading, driver_id: DriverId, starts: datetime) -> list[Money]:
    """What the driver was owed before an instant, one for each currency that has any entry."""
    rows = await work.execute(_OPENING, {"driver_id": driver_id, "starts": starts})
    return [Money(row.minor, Currency(row.currency)) for row in rows]


async def charged_for(work: Reading, driver_id: DriverId, trips: Sequence[TripId]) -> list[Charged]:
    """What these trips were charged, with the pay that the fare's document says."""
    rows = await work.execute(_CHARGED, {"driver_id": driver_id, "trips": list(trips)})
    return [_charged(row) for row in rows]


async def floor_rules(work: Reading, charged: Sequence[Charged]) -> dict[RuleId, FloorRule]:
    """The pay floors that these trips were quoted by, each read once."""
    wanted = sorted({one.floor_rule_id for one in charged if one.floor_rule_id is not None})
    rows = await work.execute(_RULES, {"rules": wanted})
    return {
        RuleId(row.rule_id): FloorRule(
            rule_id=RuleId(row.rule_id), version=row.version, floors=parse_pay_floors(row.body)
        )
        for row in rows
    }


async def worked_in(
    work: Reading, driver_id: DriverId, week: Week, trips: Sequence[TripId]
) -> list[Worked]:
    """The work record of a week, with shifts that reach into it and what it says of the trips."""
    asked = {
        "driver_id": driver_id,
        "starts": week.start,
        "ends": week.end,
        "latest": week.end + LONGEST_SHIFT,
        "trips": list(trips),
    }
    return [_worked(row) for row in await work.execute(_WORKED_IN, asked)]


async def worked_on(work: Reading, driver_id: DriverId, shift_id: UUID) -> list[Worked]:
    """The work record of a shift."""
    asked = {"driver_id": driver_id, "shift_id": shift_id}
    return [_worked(row) for row in await work.execute(_WORKED_ON, asked)]


async def worked_for(work: Reading, driver_id: DriverId, trip_id: UUID) -> list[Worked]:
    """The work record of a trip."""
    asked = {"driver_id": driver_id, "trip_id": trip_id}
    return [_worked(row) for row in await work.execute(_WORKED_FOR, asked)]


async def balances_around(
    work: Reading, driver_id: DriverId, week: Week
) -> dict[Currency, tuple[int, int]]:
    """What was owed at the week's beginning and end, by the transfers' own instants: for the check."""
    asked = {"driver_id": driver_id, "starts": week.start, "ends": week.end}
    rows = await work.execute(_CHANGE, asked)
    return {Currency(row.currency): (row.opening, row.closing) for row in rows}


async def _entered(work: Reading, query: Any, asked: dict[str, Any]) -> list[Entered]:
    rows = (await work.execute(query, asked | {"limit": STATEMENT_LINES_MAX + 1})).all()
    if len(rows) > STATEMENT_LINES_MAX:
        raise StatementTooLong(STATEMENT_LINES_MAX)
    return [
        Entered(
            made_at=row.made_at,
            transfer_id=TransferId(row.transfer_id),
            line=row.line,
            trip_id=None if row.trip_id is None else TripId(row.trip_id),
            kind=Kind(row.kind),
            code=row.code,
            amount_minor=row.amount_minor,
            currency=Currency(row.currency),
            share_of_minor=row.share_of_minor,
            share_bps=row.share_bps,
            reason=row.reason,
        )
        for row in rows
    ]


def _charged(row: Row[Any]) -> Charged:
    charged = Charged(
        trip_id=TripId(row.trip_id),
        kind=Kind(row.kind),
        made_at=row.made_at,
        total=Money(row.total_minor, Currency(row.currency)),
    )
    if charged.kind is not Kind.FARE:
        return charged
    pay = row.pay
    return Charged(
        trip_id=charged.trip_id,
        kind=charged.kind,
        made_at=charged.made_at,
        total=charged.total,
        pay_minor=pay["pay_minor"],
        reimbursed_minor=pay["reimbursed_minor"],
        share_minor=pay["share_minor"],
        top_up_minor=pay["top_up_minor"],
        floor_name=pay["floor_name"],
        floor_minor=pay["floor_minor"],
        metres=pay["metres"],
        seconds=pay["seconds"],
        floor_rule_id=None if row.pay_floor_rule_id is None else RuleId(row.pay_floor_rule_id),
    )


def _worked(row: Row[Any]) -> Worked:
    return Worked(
        ended_at=row.made_at,
        shift_id=ShiftId(row.shift_id),
        trip_id=None if row.trip_id is None else TripId(row.trip_id),
        seconds_on_shift=row.seconds_on_shift,
        seconds_engaged=row.seconds_engaged,
        metres=row.metres,
        trips=row.trips,
    )
