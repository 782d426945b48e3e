"""Read models of the books: statements, earnings, charges, and whether all sums to zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from foundation.identifiers import UUID, DriverId, QuoteId, RiderId, RuleId, TransferId, TripId
from foundation.money import Currency, Money
from ledger.account import Role
from ledger.errors import FareNotFound, StatementTooLong
from ledger.statement import (
    DriverStatement,
    Earnings,
    Entered,
    RiderStatement,
    Worked,
    closing_of,
    line_of,
    totals_of,
)
from ledger.store.sums import BALANCES, IMBALANCE, OPENING
from ledger.transfer import Kind
from storage.work import Reading, UnitOfWork

STATEMENT_LINES_MAX = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedTrip:
    """What a trip was charged, and what came after.

    Attributes
    ----------
    document
        Of a fare, `Fare.as_json()`; of a fee, its line under `lines`.
    refunded
        What was given back in all.
    transfers
        The transfers of the charge, the tip and the refunds, in the order they were made.
    """

    trip_id: TripId
    kind: Kind
    rider_id: RiderId
    driver_id: DriverId
    total: Money
    tariff_rule_id: RuleId
    quote_id: QuoteId | None
    document: dict[str, Any]
    made_at: datetime
    tip: Money
    refunded: Money
    transfers: tuple[TransferId, ...]


async def find_charge(work: UnitOfWork, trip_id: TripId) -> ChargedTrip | None:
    """The trip's fare or fee, if it was charged."""
    row = (await work.execute(_CHARGE, {"trip_id": trip_id})).one_or_none()
    if row is None:
        return None
    currency = Currency(row.currency)
    return ChargedTrip(
        trip_id=trip_id,
        kind=Kind(row.kind),
        rider_id=RiderId(row.rider_id),
        driver_id=DriverId(row.driver_id),
        total=Money(row.total_minor, currency),
        tariff_rule_id=RuleId(row.tariff_rule_id),
        quote_id=None if row.quote_id is None else QuoteId(row.quote_id),
        document=row.document,
        made_at=row.made_at,
        tip=Money(row.tip_minor, currency),
        refunded=Money(row.refunded_minor, currency),
        transfers=tuple(TransferId(transfer_id) for transfer_id in row.transfers),
    )


async def fare_of_trip(work: UnitOfWork, trip_id: TripId) -> ChargedTrip:
    """The trip's fare, for its receipt.

    Raises
    ------
    FareNotFound
        If it has none.
    """
    charge = await find_charge(work, trip_id)
    if charge is None or charge.kind is not Kind.FARE:
        raise FareNotFound(trip_id)
    return charge


async def fares_made(
    work: Reading, role: Role, owner_id: UUID, start: datetime, end: datetime
) -> list[tuple[QuoteId, dict[str, Any]]]:
    """The fares of a rider or a driver from `start` to before `end`, oldest first: quote, document."""
    mine = {Role.RIDER: _FARES_OF_RIDER, Role.DRIVER: _FARES_OF_DRIVER}[role]
    rows = await work.execute(mine, {"owner_id": owner_id, "start": start, "end": end})
    return [(QuoteId(row.quote_id), row.document) for row in rows]


async def driver_statement(
    work: UnitOfWork, driver_id: DriverId, start: datetime, end: datetime
) -> DriverStatement:
    """The driver's lines from `start` to before `end`, why each is there, and what was worked.

    Raises
    ------
    StatementTooLong
        If there are more than 20,000 lines.
    """
    entered = await _entered(work, Role.DRIVER, driver_id, start, end)
    opening = await _opening(work, Role.DRIVER, driver_id, start)
    worked = (
        await work.execute(_WORKED, {"driver_id": driver_id, "start": start, "end": end})
    ).one()
    return DriverStatement(
        start=start,
        end=end,
        lines=tuple(line_of(one) for one in entered),
        totals=totals_of(entered, opening),
        worked=_worked(worked),
    )


async def rider_statement(
    work: UnitOfWork, rider_id: RiderId, start: datetime, end: datetime
) -> RiderStatement:
    """The rider's lines from `start` to before `end`, and what is owed then.

    Raises
    ------
    StatementTooLong
        If there are more than 20,000 lines.
    """
    entered = await _entered(work, Role.RIDER, rider_id, start, end)
    opening = await _opening(work, Role.RIDER, rider_id, start)
    return RiderStatement(
        start=start,
        end=end,
        lines=tuple(line_of(one) for one in entered),
        opening=tuple(opening),
        owed=closing_of(entered, opening),
    )


async def driver_earnings(
    work: Reading,
    driver_id: DriverId,
    *,
    currency: Currency,
    periods: Mapping[str, tuple[datetime, datetime]],
) -> dict[str, Earnings]:
    """The driver's earnings in each named time ("today", "shift", ...), from start to before end.

    One query for all of them; the caller knows the city's midnight and the shift's begin.
    """
    names = list(periods)
    rows = await work.execute(
        _EARNINGS,
        {
            "names": names,
            "starts": [periods[name][0] for name in names],
            "ends": [periods[name][1] for name in names],
            "driver_id": driver_id,
            "currency": currency,
        },
    )
    return {
        row.name: Earnings(
            pay=Money(row.pay_minor, currency),
            tips=Money(row.tips_minor, currency),
            reimbursed=Money(row.reimbursed_minor, currency),
            worked=_worked(row),
        )
        for row in rows
    }


async def earnings_since(
    work: UnitOfWork, driver_ids: Sequence[DriverId], since: datetime, *, currency: Currency
) -> dict[DriverId, int]:
    """Minor units of pay (no tips, no outlays) of each driver since `since`; 0 for none.

    For the matcher, every round: one index range for each driver.
    """
    rows = await work.execute(
        _EARNINGS_SINCE, {"driver_ids": list(driver_ids), "since": since, "currency": currency}
    )
    earned = dict.fromkeys(driver_ids, 0)
    earned.update({DriverId(row.driver_id): row.pay_minor for row in rows})
    return earned


@dataclass(frozen=True, slots=True, kw_only=True)
class EngagedWork:
    """One entry of the work record: engaged for a trip until `ended_at`, so many seconds."""

    ended_at: datetime
    seconds: int


async def engaged_since(
    work: UnitOfWork, driver_id: DriverId, since: datetime
) -> list[EngagedWork]:
    """What a driver was engaged in trips since `since`, oldest first."""
    rows = await work.execute(_ENGAGED_SINCE, {"driver_id": driver_id, "since": since})
    return [EngagedWork(ended_at=row.made_at, seconds=row.seconds_engaged) for row in rows]


async def imbalance(work: UnitOfWork) -> dict[Currency, int]:
    """For each currency, by how much all transfers together miss zero: 0 in good books.

    Each transfer counts by itself, so that two faults never hide one another.
    """
    return {Currency(row.currency): row.minor for row in await work.execute(IMBALANCE)}


async def balances(work: UnitOfWork) -> dict[tuple[Role, Currency], int]:
    """Posted minor units by role and currency, debits above zero; they sum to zero."""
    rows = await work.execute(BALANCES)
    return {(Role(row.role), Currency(row.currency)): row.minor for row in rows}


async def _entered(
    work: UnitOfWork, role: Role, owner_id: UUID, start: datetime, end: datetime
) -> list[Entered]:
    rows = (
        await work.execute(
            _ENTERED,
            {
                "role": role.value,
                "owner_id": owner_id,
                "start": start,
                "end": end,
                "limit": STATEMENT_LINES_MAX + 1,
            },
        )
    ).all()
    if len(rows) > STATEMENT_LINES_MAX:
        raise StatementTooLong(STATEMENT_LINES_MAX)
    sign = 1 if role is Role.RIDER else -1
    return [
        Entered(
            made_at=row.made_at,
            transfer_id=TransferId(row.transfer_id),
            trip_id=None if row.trip_id is None else TripId(row.trip_id),
            kind=Kind(row.kind),
            code=row.code,
            amount_minor=sign * row.amount_minor,
            currency=Currency(row.currency),
            share_of_minor=row.share_of_minor,
            share_bps=row.share_bps,
            floor_name=row.floor_name,
            floor_minor=row.floor_minor,
            reason=row.reason,
        )
        for row in rows
    ]


async def _opening(work: UnitOfWork, role: Role, owner_id: UUID, start: datetime) -> list[Money]:
    rows = await work.execute(OPENING, {"role": role.value, "owner_id": owner_id, "start": start})
    sign = 1 if role is Role.RIDER else -1
    return [Money(sign * row.minor, Currency(row.currency)) for row in rows]


def _worked(row: Row[Any]) -> Worked:
    return Worked(
        seconds_on_shift=row.seconds_on_shift,
        seconds_engaged=row.seconds_engaged,
        metres=row.metres,
        trips=row.trips,
    )


_CHARGE = text("""
    SELECT charge.kind, charge.rider_id, charge.driver_id, charge.currency, charge.total_minor,
           charge.tariff_rule_id, charge.quote_id, charge.document, charge.made_at,
           CAST(coalesce(sum(entry.amount_minor) FILTER (
               WHERE transfer.kind = 'tip' AND NOT EXISTS (
                   SELECT FROM ledger.transfer AS taking
                   WHERE taking.subject_id = transfer.transfer_id AND taking.kind = 'reversal')),
               0) AS bigint) AS tip_minor,
           CAST(coalesce(sum(entry.amount_minor) FILTER (WHERE transfer.kind = 'refund'), 0)
               AS bigint) AS refunded_minor,
           array_agg(transfer.transfer_id ORDER BY transfer.made_at, transfer.ordinal) AS transfers
    FROM ledger.charge
    JOIN ledger.transfer ON transfer.subject_id = charge.trip_id AND transfer.state = 'posted'
    JOIN ledger.entry ON entry.transfer_id = transfer.transfer_id AND entry.line = 1
    WHERE charge.trip_id = :trip_id
    GROUP BY charge.trip_id
""")

_FARES_OF_RIDER, _FARES_OF_DRIVER = (
    text(f"""
    SELECT quote_id, document FROM ledger.charge
    WHERE {whose} = :owner_id AND kind = 'fare' AND made_at >= :start AND made_at < :end
    ORDER BY made_at, trip_id
""")
    for whose in ("rider_id", "driver_id")
)

_ENTERED = text("""
    SELECT entry.made_at, entry.transfer_id, transfer.trip_id, transfer.kind, entry.code,
           entry.amount_minor, transfer.currency, entry.share_of_minor, entry.share_bps,
           transfer.reason, charge.document #>> '{driver_pay,floor_name}' AS floor_name,
           CAST(charge.document #>> '{driver_pay,floor_minor}' AS bigint) AS floor_minor
    FROM ledger.account
    JOIN ledger.entry USING (account_id)
    JOIN ledger.transfer USING (transfer_id)
    LEFT JOIN ledger.charge ON entry.code = 'top_up' AND charge.trip_id = transfer.trip_id
    WHERE account.role = :role AND account.owner_id = :owner_id
      AND entry.made_at >= :start AND entry.made_at < :end AND transfer.state = 'posted'
    ORDER BY entry.made_at, entry.transfer_id, entry.line
    LIMIT :limit
""")

_SUMS_OF_WORK = """
    CAST(coalesce(sum(seconds_on_shift), 0) AS bigint) AS seconds_on_shift,
    CAST(coalesce(sum(seconds_engaged), 0) AS bigint) AS seconds_engaged,
    CAST(coalesce(sum(metres), 0) AS bigint) AS metres,
    CAST(coalesce(sum(trips), 0) AS bigint) AS trips
"""
_WORKED = text(f"""
    SELECT {_SUMS_OF_WORK}
    FROM ledger.work_record
    WHERE driver_id = :driver_id AND made_at >= :start AND made_at < :end
""")

_EARNINGS = text(f"""
    SELECT period.name,
           CAST(coalesce(earned.pay, 0) AS bigint) AS pay_minor,
           CAST(coalesce(earned.tips, 0) AS bigint) AS tips_minor,
           CAST(coalesce(earned.reimbursed, 0) AS bigint) AS reimbursed_minor,
           worked.*
    FROM unnest(CAST(:names AS text[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
        AS period (name, starts, ends)
    CROSS JOIN LATERAL (
        SELECT -sum(amount_minor) FILTER (WHERE ledger.is_pay(code)) AS pay,
               -sum(amount_minor) FILTER (WHERE code = 'tip') AS tips,
               -sum(amount_minor) FILTER (WHERE starts_with(code, 'pass_through.')) AS reimbursed
        FROM ledger.account JOIN ledger.entry USING (account_id)
        WHERE account.role = 'driver' AND account.owner_id = CAST(:driver_id AS uuid)
          AND account.currency = :currency
          AND entry.made_at >= period.starts AND entry.made_at < period.ends
    ) AS earned
    CROSS JOIN LATERAL (
        SELECT {_SUMS_OF_WORK}
        FROM ledger.work_record
        WHERE driver_id = CAST(:driver_id AS uuid)
          AND made_at >= period.starts AND made_at < period.ends
    ) AS worked
""")

_EARNINGS_SINCE = text("""
    SELECT account.owner_id AS driver_id, CAST(-sum(entry.amount_minor) AS bigint) AS pay_minor
    FROM unnest(CAST(:driver_ids AS uuid[])) AS asked (driver_id)
    JOIN ledger.account ON account.role = 'driver' AND account.owner_id = asked.driver_id
                       AND account.currency = :currency
    JOIN ledger.entry USING (account_id)
    WHERE entry.made_at >= :since AND ledger.is_pay(entry.code)
    GROUP BY account.owner_id
""")

_ENGAGED_SINCE = text("""
    SELECT made_at, seconds_engaged FROM ledger.work_record
    WHERE driver_id = :driver_id AND made_at > :since AND seconds_engaged > 0 ORDER BY made_at
""")
