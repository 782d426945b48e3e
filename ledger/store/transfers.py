"""The only SQL that writes the books. Each act is one statement.

Balances are sums over `ledger.entry`, never rows: a balance row of the co-operative would be locked
by every settlement until its commit (docs/decisions/0301).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from foundation.identifiers import UUID, DriverId, RiderId, RuleId, TransferId, TripId
from foundation.money import Currency, Money
from ledger.errors import HoldReleased
from ledger.transfer import Kind, Transfer
from storage.refusals import constraint_of
from storage.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRow:
    """What a trip was charged, as one row.

    Attributes
    ----------
    document
        With `lines`, each with `code` and `amount_minor`; of a fare, the whole of it.
    quote_id
        Of a fare.
    """

    trip_id: TripId
    kind: Kind
    rider_id: RiderId
    driver_id: DriverId
    total: Money
    tariff_rule_id: RuleId
    document: Mapping[str, Any]
    quote_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRow:
    """A trip's latest hold, and what ended it."""

    ordinal: int
    transfer_id: TransferId
    rider_id: RiderId
    amount: Money
    has_run_out: bool
    ended_by: Kind | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidRow:
    """A hold that was just let go."""

    rider_id: RiderId
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What a trip was charged, what was given back, and how often."""

    rider_id: RiderId
    charged: Money
    refunded_minor: int
    refunds: int


async def insert_transfer(work: UnitOfWork, transfer: Transfer) -> bool:
    """Write a transfer with its entries, unless it is there; whether it was written."""
    written: int = (
        await work.execute(_INSERT_TRANSFER, _transfer_values(work, transfer))
    ).scalar_one()
    return written > 0


async def insert_charge(work: UnitOfWork, charge: ChargeRow, transfer: Transfer) -> bool:
    """Write a charge with its transfer, posting the trip's open hold; whether it was written.

    It is not if the trip is charged already, or its hold was let go for another reason than time.

    Raises
    ------
    HoldReleased
        If the hold was let go at the same moment; the unit of work is lost.
    """
    values = _charge_values(work, charge, transfer)
    try:
        result = await work.execute(_INSERT_CHARGE, values)
    except IntegrityError as error:
        if constraint_of(error) == "a_hold_ends_once":
            raise HoldReleased(charge.trip_id) from error
        raise
    return result.rowcount > 0


async def insert_transfers(
    work: UnitOfWork, transfers: Sequence[tuple[Transfer, datetime]]
) -> None:
    """Write transfers as made at their own times, sent together."""
    values = [_transfer_values(work, transfer) | {"made_at": at} for transfer, at in transfers]
    if values:
        await work.execute(_INSERT_TRANSFER, values)


async def insert_charges(
    work: UnitOfWork, charges: Sequence[tuple[ChargeRow, Transfer, datetime]]
) -> None:
    """Write charges as made at their own times, each posting its trip's hold; sent together."""
    values = [
        _charge_values(work, charge, transfer) | {"made_at": at} for charge, transfer, at in charges
    ]
    if values:
        await work.execute(_INSERT_CHARGE, values)


async def insert_void(
    work: UnitOfWork, trip_id: TripId, *, ordinal: int, void_id: TransferId, reason: str
) -> VoidRow | None:
    """Void the trip's hold of that number; None if it is not open."""
    result = await work.execute(
        _INSERT_VOID,
        {
            "trip_id": trip_id,
            "ordinal": ordinal,
            "void_id": void_id,
            "reason": reason,
            "made_at": work.now,
        },
    )
    row = result.one_or_none()
    if row is None:
        return None
    return VoidRow(
        rider_id=RiderId(row.rider_id),
        amount=Money(row.amount_minor, Currency(row.currency)),
    )


async def find_latest_hold(work: UnitOfWork, trip_id: TripId) -> HoldRow | None:
    """The trip's hold with the highest number."""
    row = (await work.execute(_LATEST_HOLD, {"trip_id": trip_id})).one_or_none()
    if row is None:
        return None
    return HoldRow(
        ordinal=row.ordinal,
        transfer_id=TransferId(row.transfer_id),
        rider_id=RiderId(row.rider_id),
        amount=Money(row.amount_minor, Currency(row.currency)),
        has_run_out=row.has_run_out,
        ended_by=None if row.ended_by is None else Kind(row.ended_by),
    )


async def list_holds_run_out(work: UnitOfWork, *, limit: int) -> list[tuple[TripId, int]]:
    """Trip and number of holds that ran out and were not ended yet, the longest past first."""
    rows = await work.execute(_HOLDS_RUN_OUT, {"limit": limit})
    return [(TripId(row.trip_id), row.ordinal) for row in rows]


async def find_captured(work: UnitOfWork, trip_id: TripId) -> Captured | None:
    """What the trip was charged and given back so far."""
    row = (await work.execute(_CAPTURED, {"trip_id": trip_id})).one_or_none()
    if row is None:
        return None
    return Captured(
        rider_id=RiderId(row.rider_id),
        charged=Money(row.total_minor, Currency(row.currency)),
        refunded_minor=row.refunded_minor,
        refunds=row.refunds,
    )


async def insert_work_record(work: UnitOfWork, values: Mapping[str, Any]) -> None:
    """Write a work record, unless it counts a trip that is counted."""
    await insert_work_records(work, [{**values, "made_at": work.now}])


async def insert_work_records(work: UnitOfWork, records: Sequence[Mapping[str, Any]]) -> None:
    """Write work records with their own `made_at`, sent together."""
    if records:
        await work.execute(_INSERT_WORK_RECORD, records)


def _charge_values(work: UnitOfWork, charge: ChargeRow, transfer: Transfer) -> dict[str, Any]:
    return _transfer_values(work, transfer) | {
        "rider_id": charge.rider_id,
        "driver_id": charge.driver_id,
        "total_minor": charge.total.minor,
        "tariff_rule_id": charge.tariff_rule_id,
        "quote_id": charge.quote_id,
        "document": orjson.dumps(charge.document).decode(),
    }


def _transfer_values(work: UnitOfWork, transfer: Transfer) -> dict[str, Any]:
    """The parameters of a transfer and of its entries, the accounts in one order for all."""
    entries = transfer.entries
    account_ids = [entry.account.account_id for entry in entries]
    named = dict(zip(account_ids, (entry.account for entry in entries), strict=True))
    accounts = [(one, named[one]) for one in sorted(named, key=_number)]
    is_shared = any(entry.share_bps is not None for entry in entries)
    return {
        "transfer_id": transfer.transfer_id,
        "kind": transfer.kind.value,
        "subject_id": transfer.subject_id,
        "trip_id": transfer.trip_id,
        "ordinal": transfer.ordinal,
        "currency": transfer.currency,
        "resolves": transfer.resolves,
        "reverses": transfer.reverses,
        "link_id": transfer.link and transfer.link.link_id,
        "links": transfer.link and transfer.link.count,
        "adoption_id": transfer.adoption_id,
        "expires_at": transfer.expires_at,
        "reason": transfer.reason,
        "made_by": transfer.made_by,
        "made_at": work.now,
        "entries": len(entries),
        "opened_ids": [account_id for account_id, _ in accounts],
        "opened_roles": [account.role.value for _, account in accounts],
        "opened_owners": [account.owner_id for _, account in accounts],
        "account_ids": account_ids,
        "amounts": [entry.amount_minor for entry in entries],
        "codes": [entry.code for entry in entries],
        # Nothing, where nothing is shared: what is shorter is filled up with nulls.
        "share_of": [entry.share_of_minor for entry in entries] if is_shared else [],
        "share_bps": [entry.share_bps for entry in entries] if is_shared else [],
    }


_number = attrgetter("int")  # of an identifier; far cheaper to compare than the identifier

# Accounts are opened in the order of their identifiers, so that two settlements that open the
# same ones wait for each other in one direction only. Look-ups are scalar or LATERAL, so that they
# go by index: a plan that was made when the tables were empty would otherwise join them whole.
_OPENED = """opened AS (
        INSERT INTO ledger.account (account_id, role, owned_by, owner_id, currency, opened_at)
        SELECT account_id, role, ledger.owner_of(role), owner_id,
               CAST(:currency AS text), CAST(:made_at AS timestamptz)
        FROM unnest(CAST(:opened_ids AS uuid[]), CAST(:opened_roles AS text[]),
                    CAST(:opened_owners AS uuid[])) AS new (account_id, role, owner_id)
        WHERE (SELECT true FROM ledger.account WHERE account.account_id = new.account_id) IS NULL
        ON CONFLICT DO NOTHING
    )"""
_ENTRIES = """
    INSERT INTO ledger.entry (transfer_id, line, account_id, amount_minor, code, share_of_minor,
                              share_bps, made_at)
    SELECT written.transfer_id, entry.line, entry.account_id, entry.amount_minor, entry.code,
           entry.share_of_minor, entry.share_bps, :made_at
    FROM written, unnest(
        CAST(:account_ids AS uuid[]), CAST(:amounts AS bigint[]), CAST(:codes AS text[]),
        CAST(:share_of AS bigint[]), CAST(:share_bps AS integer[])
    ) WITH ORDINALITY AS entry (account_id, amount_minor, code, share_of_minor, share_bps, line)
"""
_INSERT_TRANSFER = text(f"""
    WITH {_OPENED}, written AS (
        INSERT INTO ledger.transfer (transfer_id, kind, subject_id, trip_id, ordinal, currency,
                                     entries, resolves, reverses, link_id, links, adoption_id,
                                     expires_at, reason, made_by, made_at)
        SELECT CAST(:transfer_id AS uuid), CAST(:kind AS text), CAST(:subject_id AS uuid),
               CAST(:trip_id AS uuid), CAST(:ordinal AS smallint), CAST(:currency AS text),
               CAST(:entries AS integer), CAST(:resolves AS uuid), CAST(:reverses AS uuid),
               CAST(:link_id AS uuid), CAST(:links AS smallint), CAST(:adoption_id AS uuid),
               CAST(:expires_at AS timestamptz), CAST(:reason AS text), CAST(:made_by AS uuid),
               CAST(:made_at AS timestamptz)
        ON CONFLICT DO NOTHING
        RETURNING transfer_id
    ), entered AS ({_ENTRIES})
    SELECT count(*) FROM written""")

_INSERT_CHARGE = text(f"""
    WITH {_OPENED}, hold AS (
        SELECT hold.transfer_id, hold.expires_at, ending.kind AS ended_by, ending.reason
        FROM ledger.transfer AS hold
        LEFT JOIN LATERAL (
            SELECT kind, reason FROM ledger.transfer WHERE resolves = hold.transfer_id LIMIT 1
        ) AS ending ON true
        WHERE hold.subject_id = CAST(:trip_id AS uuid) AND hold.kind = 'hold'
        ORDER BY hold.ordinal DESC LIMIT 1
    ), charged AS (
        INSERT INTO ledger.charge (trip_id, kind, rider_id, driver_id, currency, total_minor,
                                   tariff_rule_id, quote_id, document, made_at)
        SELECT CAST(:trip_id AS uuid), CAST(:kind AS text), CAST(:rider_id AS uuid),
               CAST(:driver_id AS uuid), CAST(:currency AS text), CAST(:total_minor AS bigint),
               CAST(:tariff_rule_id AS uuid), CAST(:quote_id AS uuid), CAST(:document AS jsonb),
               CAST(:made_at AS timestamptz)
        WHERE NOT EXISTS (
            SELECT FROM hold WHERE hold.ended_by = 'void' AND hold.reason <> 'expired')
        ON CONFLICT DO NOTHING
        RETURNING trip_id
    ), written AS (
        INSERT INTO ledger.transfer (transfer_id, kind, subject_id, trip_id, ordinal, currency,
                                     entries, link_id, links, resolves, made_at)
        SELECT CAST(:transfer_id AS uuid), CAST(:kind AS text), charged.trip_id, charged.trip_id,
               CAST(:ordinal AS smallint), CAST(:currency AS text), CAST(:entries AS integer),
               CAST(:link_id AS uuid), CAST(:links AS smallint),
               (SELECT hold.transfer_id FROM hold
                WHERE hold.ended_by IS NULL
                  AND (hold.expires_at IS NULL OR hold.expires_at > service_now())),
               CAST(:made_at AS timestamptz)
        FROM charged
        RETURNING transfer_id
    )
    {_ENTRIES}""")

_INSERT_VOID = text("""
    WITH voided AS (
        INSERT INTO ledger.transfer (transfer_id, kind, subject_id, trip_id, ordinal, currency,
                                     entries, resolves, reason, made_at)
        SELECT CAST(:void_id AS uuid), 'void', hold.subject_id, hold.trip_id, hold.ordinal,
               hold.currency, 0, hold.transfer_id, CAST(:reason AS text),
               CAST(:made_at AS timestamptz)
        FROM ledger.transfer AS hold
        WHERE hold.subject_id = CAST(:trip_id AS uuid) AND hold.kind = 'hold'
          AND hold.ordinal = CAST(:ordinal AS smallint)
          AND (SELECT true FROM ledger.transfer WHERE resolves = hold.transfer_id) IS NULL
        ON CONFLICT DO NOTHING
        RETURNING resolves, currency
    )
    SELECT account.owner_id AS rider_id, entry.amount_minor, voided.currency
    FROM voided
    JOIN ledger.entry ON entry.transfer_id = voided.resolves AND entry.line = 1
    JOIN ledger.account USING (account_id)
""")

_LATEST_HOLD = text("""
    SELECT hold.ordinal, hold.transfer_id, account.owner_id AS rider_id, entry.amount_minor,
           hold.currency, coalesce(hold.expires_at <= service_now(), false) AS has_run_out,
           ending.kind AS ended_by
    FROM ledger.transfer AS hold
    JOIN ledger.entry ON entry.transfer_id = hold.transfer_id AND entry.line = 1
    JOIN ledger.account USING (account_id)
    LEFT JOIN ledger.transfer AS ending ON ending.resolves = hold.transfer_id
    WHERE hold.subject_id = :trip_id AND hold.kind = 'hold'
    ORDER BY hold.ordinal DESC LIMIT 1
""")

_HOLDS_RUN_OUT = text("""
    SELECT hold.trip_id, hold.ordinal
    FROM ledger.transfer AS hold
    WHERE hold.kind = 'hold' AND hold.expires_at <= service_now()
      AND NOT EXISTS (SELECT FROM ledger.transfer AS ending WHERE ending.resolves = hold.transfer_id)
    ORDER BY hold.expires_at, hold.trip_id LIMIT :limit
""")

_CAPTURED = text("""
    SELECT charge.rider_id, charge.total_minor, charge.currency,
           CAST(coalesce(sum(entry.amount_minor), 0) AS bigint) AS refunded_minor,
           count(entry.amount_minor) AS refunds
    FROM ledger.charge
    LEFT JOIN ledger.transfer ON transfer.subject_id = charge.trip_id AND transfer.kind = 'refund'
    LEFT JOIN ledger.entry ON entry.transfer_id = transfer.transfer_id AND entry.line = 1
    WHERE charge.trip_id = :trip_id
    GROUP BY charge.rider_id, charge.total_minor, charge.currency
""")

_INSERT_WORK_RECORD = text("""
    INSERT INTO ledger.work_record (work_record_id, driver_id, shift_id, trip_id, seconds_on_shift,
                                    seconds_engaged, metres, trips, made_at)
    VALUES (:work_record_id, :driver_id, :shift_id, :trip_id, :seconds_on_shift, :seconds_engaged,
            :metres, :trips, :made_at)
    ON CONFLICT DO NOTHING
""")
