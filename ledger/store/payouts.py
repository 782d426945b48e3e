"""SQL of payouts and their destinations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import text

from foundation.identifiers import UUID, DriverId, SessionId
from foundation.money import Currency
from ledger.payout_plan import Due
from registry.vault import SealedPrivate
from storage.work import Reading, UnitOfWork

PayoutState = Literal["pending", "sent", "voided", "returned"]
DRIVERS_MAX = 1_000_000
"""More than any city has; every query says where it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a driver's money goes, as its owner may see it.

    Attributes
    ----------
    number
        1 for the first, then one more with each change.
    tail
        The last four characters of the account.
    usable_from
        When it begins to be used: 72 hours after it was set.
    withdrawn_at
        When its owner took it back, before it was used.
    """

    number: int
    tail: str
    set_at: datetime
    usable_from: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutFile:
    """A file for the bank, as the books keep it.

    Attributes
    ----------
    digest
        SHA-256 of its bytes, in hexadecimal.
    """

    payout_file_id: UUID
    currency: Currency
    execute_on: date
    payouts: int
    total_minor: int
    digest: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """One payment of a file.

    Attributes
    ----------
    state
        `pending`, `sent`, `voided` (the bank refused it) or `returned` (it came back).
    tail, account
        Where it went; None once the payee was forgotten.
    reason
        Why it was refused or came back.
    """

    payout_id: UUID
    payout_file_id: UUID
    driver_id: DriverId
    currency: Currency
    amount_minor: int
    state: PayoutState
    made_at: datetime
    tail: str | None
    account: SealedPrivate | None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStates:
    """A file, and how many of its payouts the bank sent, refused and gave back; the others pend."""

    file: PayoutFile
    sent: int
    voided: int
    returned: int

    @property
    def pending(self) -> int:
        """Payouts that the bank has said nothing of."""
        return self.file.payouts - self.sent - self.voided - self.returned


async def insert_destination(
    work: UnitOfWork,
    driver_id: DriverId,
    *,
    session_id: SessionId,
    account: SealedPrivate,
    tail: str,
    usable_from: datetime,
) -> int:
    """Write the driver's next destination, after whoever writes one of theirs now; its number."""
    await work.execute(_LOCK_DESTINATIONS, {"driver_id": str(driver_id)})
    number: int = (
        await work.execute(
            _INSERT_DESTINATION,
            {
                "driver_id": driver_id,
                "data_key": account.data_key,
                "account": account.sealed,
                "tail": tail,
                "session_id": session_id,
                "set_at": work.now,
                "usable_from": usable_from,
            },
        )
    ).scalar_one()
    return number


async def insert_withdrawal(work: UnitOfWork, driver_id: DriverId, number: int) -> bool:
    """Take a waiting destination back; whether it was not taken back before."""
    values = {"driver_id": driver_id, "number": number, "at": work.now}
    return (await work.execute(_INSERT_WITHDRAWAL, values)).rowcount > 0


async def list_destinations(work: Reading, driver_id: DriverId) -> list[Destination]:
    """The driver's destinations, the latest first."""
    rows = await work.execute(_DESTINATIONS, {"driver_id": driver_id})
    return [Destination(**row._mapping) for row in rows]


async def list_due(
    work: Reading, currency: Currency, *, driver_id: DriverId | None = None
) -> list[Due]:
    """Drivers who are owed something, in the order of their identifiers; one of them, if named."""
    asked = {"currency": currency, "driver_id": driver_id, "limit": DRIVERS_MAX}
    return [
        Due(
            driver_id=DriverId(row.driver_id),
            available_minor=row.available_minor,
            destination=row.destination,
            tail=row.tail,
            account=_sealed(row),
            waits_until=row.waits_until,
            asked_at=row.asked_at,
        )
        for row in await work.execute(_DUE, asked)
    ]


async def lock_runs(work: UnitOfWork) -> None:
    """Wait for whoever makes a file or marks payouts now; until the end of the unit of work."""
    await work.execute(_LOCK_RUNS)


async def insert_file(work: UnitOfWork, file: PayoutFile, *, made_by: UUID) -> None:
    """Write a file's row."""
    await work.execute(
        _INSERT_FILE,
        {
            "payout_file_id": file.payout_file_id,
            "currency": file.currency,
            "execute_on": file.execute_on,
            "payouts": file.payouts,
            "total_minor": file.total_minor,
            "digest": file.digest,
            "made_by": made_by,
            "made_at": file.made_at,
        },
    )


async def insert_payouts(work: UnitOfWork, rows: Sequence[dict[str, Any]]) -> None:
    """Write the payouts of a file, whose transfers are written."""
    await work.execute(_INSERT_PAYOUT, rows)


async def find_file(work: Reading, payout_file_id: UUID) -> PayoutFile | None:
    """A file by its identifier."""
    row = (await work.execute(_FILE, {"payout_file_id": payout_file_id})).one_or_none()
    return None if row is None else PayoutFile(**row._mapping)


async def list_files(work: Reading, *, limit: int) -> list[FileStates]:
    """The latest files with the states of their payouts, the latest first."""
    return [
        FileStates(
            file=PayoutFile(**{name: getattr(row, name) for name in _COLUMNS_OF_FILE.split(", ")}),
            sent=row.sent - row.returned,
            voided=row.voided,
            returned=row.returned,
        )
        for row in await work.execute(_FILES, {"limit": limit})
    ]


async def list_payouts_of_file(work: Reading, payout_file_id: UUID) -> list[Payout]:
    """The payouts of a file, in the order in which the file has them."""
    rows = await work.execute(_PAYOUTS_OF_FILE, {"payout_file_id": payout_file_id})
    return [_payout(row) for row in rows]


async def list_payouts_of_driver(work: Reading, driver_id: DriverId, *, limit: int) -> list[Payout]:
    """A driver's payouts, the latest first."""
    rows = await work.execute(_PAYOUTS_OF_DRIVER, {"driver_id": driver_id, "limit": limit})
    return [_payout(row) for row in rows]


async def find_payout(work: Reading, payout_id: UUID) -> Payout | None:
    """A payout by its identifier."""
    row = (await work.execute(_PAYOUT, {"payout_id": payout_id})).one_or_none()
    return None if row is None else _payout(row)


def _payout(row: Any) -> Payout:
    return Payout(
        payout_id=row.payout_id,
        payout_file_id=row.payout_file_id,
        driver_id=DriverId(row.driver_id),
        currency=Currency(row.currency),
        amount_minor=row.amount_minor,
        state=row.state,
        made_at=row.made_at,
        tail=row.tail,
        account=_sealed(row),
        reason=row.reason,
    )


def _sealed(row: Any) -> SealedPrivate | None:
    if row.account is None:
        return None
    return SealedPrivate(data_key=bytes(row.data_key), sealed=bytes(row.account))


_LOCK_DESTINATIONS = text("""
    SELECT pg_advisory_xact_lock(hashtextextended('ledger.payout_destination ' || :driver_id, 0))
""")
_INSERT_DESTINATION = text("""
    INSERT INTO ledger.payout_destination (driver_id, number, data_key, account, tail, session_id,
                                           set_at, usable_from)
    SELECT :driver_id, coalesce(max(number), 0) + 1, :data_key, :account, :tail, :session_id,
           CAST(:set_at AS timestamptz), CAST(:usable_from AS timestamptz)
    FROM ledger.payout_destination WHERE driver_id = :driver_id
    RETURNING number
""")
_INSERT_WITHDRAWAL = text("""
    INSERT INTO ledger.payout_destination_withdrawn (driver_id, number, withdrawn_at)
    VALUES (:driver_id, :number, :at) ON CONFLICT DO NOTHING
""")
_DESTINATIONS = text("""
    SELECT number, tail, set_at, usable_from, withdrawn_at
    FROM ledger.payout_destination
    LEFT JOIN ledger.payout_destination_withdrawn USING (driver_id, number)
    WHERE driver_id = :driver_id ORDER BY number DESC
""")
_LOCK_RUNS = text("SELECT pg_advisory_xact_lock(hashtextextended('ledger.payouts', 0))")
_DUE = text("""
    SELECT account.owner_id AS driver_id, owed.available_minor,
           destination.number AS destination, destination.tail, destination.data_key,
           destination.account, request.asked_at,
           (SELECT min(usable_from) FROM ledger.payout_destination AS next
            WHERE next.driver_id = account.owner_id AND next.usable_from > public.service_now()
              AND NOT EXISTS (SELECT FROM ledger.payout_destination_withdrawn AS withdrawn
                              WHERE withdrawn.driver_id = next.driver_id
                                AND withdrawn.number = next.number)) AS waits_until
    FROM ledger.account
    CROSS JOIN LATERAL (SELECT ledger.available(account.account_id) AS available_minor OFFSET 0) AS owed
    LEFT JOIN ledger.payout_destination AS destination
        ON destination.driver_id = account.owner_id
       AND destination.number = ledger.destination_in_use(account.owner_id)
    LEFT JOIN ledger.payout_request AS request
        ON request.driver_id = account.owner_id AND request.currency = account.currency
       AND request.number = ledger.next_payout(account.owner_id, account.currency)
    WHERE account.role = 'driver' AND account.currency = :currency
      AND (CAST(:driver_id AS uuid) IS NULL
           OR account.account_id = ledger.account_id('driver', :driver_id, :currency))
      AND owed.available_minor > 0
    ORDER BY account.owner_id LIMIT :limit
""")
_INSERT_FILE = text("""
    INSERT INTO ledger.payout_file (payout_file_id, currency, execute_on, payouts, total_minor,
                                    digest, made_by, made_at)
    VALUES (:payout_file_id, :currency, :execute_on, :payouts, :total_minor, :digest, :made_by,
            :made_at)
""")
_INSERT_PAYOUT = text("""
    INSERT INTO ledger.payout (payout_id, payout_file_id, driver_id, destination, currency,
                               amount_minor, made_at)
    VALUES (:payout_id, :payout_file_id, :driver_id, :destination, :currency, :amount_minor,
            :made_at)
""")
_COLUMNS_OF_FILE = "payout_file_id, currency, execute_on, payouts, total_minor, digest, made_at"
_FILE = text(f"""
    SELECT {_COLUMNS_OF_FILE} FROM ledger.payout_file WHERE payout_file_id = :payout_file_id
""")
_FILES = text(f"""
    WITH latest AS (
        SELECT {_COLUMNS_OF_FILE} FROM ledger.payout_file
        ORDER BY made_at DESC, payout_file_id LIMIT :limit
    )
    SELECT latest.*, answers.* FROM latest
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE transfer.kind = 'payout_sent') AS sent,
               count(*) FILTER (WHERE transfer.kind = 'void') AS voided,
               count(*) FILTER (WHERE transfer.kind = 'payout_returned') AS returned
        FROM ledger.payout JOIN ledger.transfer ON transfer.subject_id = payout.payout_id
        WHERE payout.payout_file_id = latest.payout_file_id
    ) AS answers
    ORDER BY latest.made_at DESC, latest.payout_file_id
""")
_OF_PAYOUT = """
    SELECT payout.payout_id, payout.payout_file_id, payout.driver_id, payout.currency,
           payout.amount_minor, payout.made_at, destination.data_key, destination.account,
           destination.tail,
           (SELECT reason FROM ledger.transfer WHERE subject_id = payout.payout_id
            AND kind IN ('void', 'payout_returned') ORDER BY kind LIMIT 1) AS reason,
           CASE WHEN EXISTS (SELECT FROM ledger.transfer WHERE subject_id = payout.payout_id
                             AND kind = 'payout_returned') THEN 'returned'
                ELSE coalesce((SELECT CASE kind WHEN 'void' THEN 'voided' ELSE 'sent' END
                               FROM ledger.transfer WHERE subject_id = payout.payout_id
                               AND kind IN ('void', 'payout_sent')), 'pending') END AS state
    FROM ledger.payout
    LEFT JOIN ledger.payout_destination AS destination
        ON destination.driver_id = payout.driver_id AND destination.number = payout.destination
"""
_PAYOUTS_OF_FILE = text(f"""
    {_OF_PAYOUT} WHERE payout.payout_file_id = :payout_file_id ORDER BY payout.driver_id
""")
_PAYOUTS_OF_DRIVER = text(f"""
    {_OF_PAYOUT} WHERE payout.driver_id = :driver_id
    ORDER BY payout.made_at DESC, payout.payout_id LIMIT :limit
""")
_PAYOUT = text(f"{_OF_PAYOUT} WHERE payout.payout_id = :payout_id")
