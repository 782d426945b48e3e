"""The only SQL that writes customers, vouchers, ways to pay, invoices and disputes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, TextClause, text

from foundation.identifiers import UUID, DriverId, RiderId, TransferId, TripId
from foundation.money import Currency, Money
from ledger.customers.way import Limits, Payer, Terms, Way
from ledger.transfer import Kind
from storage.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A customer as it stands: its terms, its latest limits, whether it is closed."""

    customer_id: UUID
    terms: Terms
    limits: Limits
    limits_number: int
    is_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """A voucher and what is left of it, what bookings were promised taken off."""

    voucher_id: UUID
    customer_id: UUID
    amount: Money
    left: Money
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What limits leave for one trip, what it was promised included; None for no limit."""

    minor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """Whose charge a trip's is, how much, and what came of it."""

    kind: Kind
    rider_id: RiderId
    driver_id: DriverId
    total: Money
    cash: TransferId | None
    short_minor: int
    paid_minor: int
    passed_on_minor: int


async def insert(work: UnitOfWork, table: str, values: Mapping[str, Any]) -> bool:
    """Write one row of a register; whether it was not there under its key."""
    result = await work.execute(_INSERTS[table], values)
    return result.rowcount > 0


async def find_customer(work: UnitOfWork, customer_id: UUID) -> Opened | None:
    """A customer with its limits of now."""
    row = (await work.execute(_CUSTOMER, {"customer_id": customer_id})).one_or_none()
    if row is None:
        return None
    return Opened(
        customer_id=customer_id,
        terms=Terms(
            kind=row.kind, legal_name=row.legal_name, address=row.address, vat_id=row.vat_id,
            currency=Currency(row.currency), zone=row.zone, terms_days=row.terms_days,
        ),
        limits=Limits(per_trip_minor=row.per_trip_minor, per_month_minor=row.per_month_minor),
        limits_number=row.number,
        is_closed=row.is_closed,
    )  # fmt: skip


async def lock_payer(work: UnitOfWork, payer: UUID) -> None:
    """Wait for whoever takes from this customer's limits or this voucher now."""
    await work.execute(_LOCK, {"payer": payer})


async def taken_of_month(work: UnitOfWork, customer_id: UUID, month: date) -> int:
    """Minor units of a customer's month that are paid, or promised to bookings."""
    found = await work.execute(_TAKEN, {"customer_id": customer_id, "month": month})
    taken: int = found.scalar_one()
    return taken


async def find_leave(work: UnitOfWork, customer_id: UUID, rider_id: RiderId) -> Row[Any] | None:
    """The rider's row on the customer's list: their `cost_centre`, None for any."""
    values = {"customer_id": customer_id, "rider_id": rider_id}
    return (await work.execute(_LISTED, values)).one_or_none()


async def find_pin(work: UnitOfWork, customer_id: UUID, digest: bytes) -> Row[Any] | None:
    """A PIN of the customer that stands: its `cost_centre`, None for any."""
    values = {"customer_id": customer_id, "digest": digest, "now": work.now}
    return (await work.execute(_PIN, values)).one_or_none()


async def end_rider(work: UnitOfWork, customer_id: UUID, rider_id: RiderId, *, by: UUID) -> bool:
    """Take a rider off a customer's list; whether they were on it."""
    values = {"customer_id": customer_id, "rider_id": rider_id, "by": by, "now": work.now}
    return (await work.execute(_END_RIDER, values)).rowcount > 0


async def find_voucher(
    work: UnitOfWork, *, voucher_id: UUID | None = None, digest: bytes | None = None
) -> Voucher | None:
    """A voucher by its identifier or by its code's digest."""
    values = {"voucher_id": voucher_id, "digest": digest}
    row = (await work.execute(_VOUCHER, values)).one_or_none()
    if row is None:
        return None
    currency = Currency(row.currency)
    return Voucher(
        voucher_id=row.voucher_id,
        customer_id=row.customer_id,
        amount=Money(row.amount_minor, currency),
        left=Money(row.amount_minor - row.taken_minor, currency),
        valid_until=row.valid_until,
    )


async def find_payer(work: UnitOfWork, trip_id: TripId) -> Payer | None:
    """How a trip is paid; None by the rider's own account."""
    row = (await work.execute(_PAYER, {"trip_id": trip_id})).one_or_none()
    if row is None:
        return None
    return Payer(
        trip_id=trip_id,
        way=Way(row.way),
        rider_id=RiderId(row.rider_id),
        promised=Money(row.promised_minor, Currency(row.currency)),
        owner_id=row.owner_id,
        voucher_id=row.voucher_id,
    )


async def find_room(work: UnitOfWork, payer: Payer) -> Room:
    """What is left for the trip by the limits of its booking; whoever asks holds the payer's lock."""
    row = (await work.execute(_ROOM[payer.way], {"trip_id": payer.trip_id})).one()
    return Room(minor=row.room)


async def find_charged(work: UnitOfWork, trip_id: TripId) -> Charged | None:
    """A trip's charge with what paid it."""
    row = (await work.execute(_CHARGED, {"trip_id": trip_id})).one_or_none()
    if row is None:
        return None
    return Charged(
        kind=Kind(row.kind),
        rider_id=RiderId(row.rider_id),
        driver_id=DriverId(row.driver_id),
        total=Money(row.total_minor, Currency(row.currency)),
        cash=None if row.cash is None else TransferId(row.cash),
        short_minor=row.short_minor,
        paid_minor=row.paid_minor,
        passed_on_minor=row.passed_on_minor,
    )


async def has_open_booking(work: UnitOfWork, voucher_id: UUID) -> bool:
    """Whether a trip that was booked on a voucher is neither charged nor let go."""
    found = await work.execute(_OPEN_BOOKING, {"voucher_id": voucher_id})
    is_open: bool = found.scalar_one()
    return is_open


async def find_paid(work: UnitOfWork, payment_id: UUID) -> tuple[UUID, int] | None:
    """Whose payment it is, and of how many minor units; None if there is none."""
    row = (await work.execute(_PAID, {"payment_id": payment_id})).one_or_none()
    return None if row is None else (row.customer_id, row.amount_minor)


async def driver_got(work: UnitOfWork, trip_id: TripId) -> int:
    """Minor units that the driver got of a trip's charge, less what they bore of refunds."""
    got: int = (await work.execute(_DRIVER_GOT, {"trip_id": trip_id})).scalar_one()
    return got


_PAID = text("""
    SELECT customer_id, amount_minor FROM customers.paid WHERE payment_id = :payment_id
""")


def _insert(table: str, columns: str) -> TextClause:
    values = ", ".join(f":{name.strip()}" for name in columns.split(","))
    return text(
        f"INSERT INTO customers.{table} ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING"
    )


_INSERTS = {
    table: _insert(table, columns)
    for table, columns in {
        "customer": "customer_id, kind, legal_name, address, vat_id, currency, zone, terms_days,"
        " opened_by, opened_at",
        "closed": "customer_id, closed_by, closed_at",
        "limits": "customer_id, number, per_trip_minor, per_month_minor, set_by, set_at",
        "cost_centre": "customer_id, code, name, added_by, added_at",
        "rider": "customer_id, rider_id, cost_centre, added_by, added_at",
        "pin": "digest, customer_id, cost_centre, made_by, made_at, valid_until",
        "voucher": "voucher_id, customer_id, digest, currency, amount_minor, valid_until,"
        " issued_by, issued_at",
        "payment": "trip_id, way, rider_id, currency, promised_minor, customer_id, cost_centre,"
        " limits_number, month, pin_digest, voucher_id, made_at",
        "document": "document_id, number, kind, customer_id, month, corrects, currency, lines,"
        " total_minor, due_on, said, digest, issued_by, issued_at",
        "document_line": "document_id, line, transfer_id, trip_id, amount_minor",
        "paid": "payment_id, customer_id, document_id, currency, amount_minor, made_by, made_at",
        "dispute": "dispute_id, trip_id, about, rider_id, asked_minor, currency, words, opened_at",
        "decision": "dispute_id, outcome, borne_by, amount_minor, transfer_id, reason, decided_by,"
        " decided_at",
    }.items()
}

_CUSTOMER = text("""
    SELECT customer.*, limits.number, limits.per_trip_minor, limits.per_month_minor,
           EXISTS (SELECT FROM customers.closed WHERE closed.customer_id = customer.customer_id)
               AS is_closed
    FROM customers.customer JOIN customers.limits USING (customer_id)
    WHERE customer_id = :customer_id ORDER BY number DESC LIMIT 1
""")
_LOCK = text("SELECT customers.lock_payer(CAST(:payer AS uuid))")
_TAKEN = text("SELECT customers.taken_of_month(CAST(:customer_id AS uuid), CAST(:month AS date))")
_LISTED = text("""
    SELECT cost_centre FROM customers.rider
    WHERE customer_id = :customer_id AND rider_id = :rider_id AND ended_at IS NULL
""")
_PIN = text("""
    SELECT cost_centre FROM customers.pin
    WHERE customer_id = :customer_id AND digest = :digest AND valid_until > :now
""")
_END_RIDER = text("""
    UPDATE customers.rider SET ended_by = :by, ended_at = :now
    WHERE customer_id = :customer_id AND rider_id = :rider_id AND ended_at IS NULL
""")
_VOUCHER = text("""
    SELECT voucher_id, customer_id, currency, amount_minor, valid_until,
           customers.taken_of_voucher(voucher_id) AS taken_minor
    FROM customers.voucher
    WHERE voucher_id = CAST(:voucher_id AS uuid) OR digest = CAST(:digest AS bytea)
""")
_PAYER = text("""
    SELECT payment.way, payment.rider_id, payment.currency, payment.promised_minor,
           payment.voucher_id, coalesce(payment.customer_id, voucher.customer_id) AS owner_id
    FROM customers.payment LEFT JOIN customers.voucher USING (voucher_id)
    WHERE trip_id = :trip_id
""")
# The trip is charged already and nothing is paid of it: it counts nothing itself.
_ROOM = {
    Way.CUSTOMER: text("""
        SELECT least(per_trip_minor, per_month_minor
                     - customers.taken_of_month(payment.customer_id, month)) AS room
        FROM customers.payment
        JOIN customers.limits ON limits.customer_id = payment.customer_id
                             AND limits.number = payment.limits_number
        WHERE trip_id = :trip_id
    """),
    Way.VOUCHER: text("""
        SELECT voucher.amount_minor - customers.taken_of_voucher(voucher_id) AS room
        FROM customers.payment JOIN customers.voucher USING (voucher_id) WHERE trip_id = :trip_id
    """),
}
_CHARGED = text("""
    SELECT kind, rider_id, driver_id, total_minor, currency,
           (SELECT transfer_id FROM ledger.transfer
            WHERE subject_id = charge.trip_id AND kind = 'cash_collected') AS cash,
           (SELECT coalesce(sum(entry.amount_minor), 0) FROM ledger.transfer
            JOIN ledger.entry USING (transfer_id)
            WHERE subject_id = charge.trip_id AND kind = 'cash_short' AND line = 1) AS short_minor,
           customers.paid_of(trip_id) AS paid_minor,
           customers.passed_on(trip_id) AS passed_on_minor
    FROM ledger.charge WHERE trip_id = :trip_id
""")
_OPEN_BOOKING = text("""
    SELECT EXISTS (
        SELECT FROM customers.payment
        WHERE voucher_id = :voucher_id AND customers.counted(trip_id, 1) > 0
          AND NOT EXISTS (SELECT FROM ledger.charge WHERE charge.trip_id = payment.trip_id))
""")
_DRIVER_GOT = text("""
    SELECT CAST(coalesce(-sum(entry.amount_minor), 0) AS bigint)
    FROM ledger.charge
    JOIN ledger.transfer ON transfer.subject_id = charge.trip_id
                        AND transfer.kind IN (charge.kind, 'refund')
    JOIN ledger.entry USING (transfer_id)
    WHERE charge.trip_id = :trip_id
      AND account_id = ledger.account_id('driver', charge.driver_id, charge.currency)
""")
