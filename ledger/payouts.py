"""What drivers are owed goes to their banks: destinations, files, and what the bank answers.

A payout is pending from the file on; the bank's word posts it, voids it, or brings it back. Nobody
here commits.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from foundation.identifiers import UUID, DriverId, PersonId, SessionId, TransferId
from foundation.money import Currency, Money
from ledger.account import Account, Role, account_of_driver
from ledger.bank_account import BankAccount
from ledger.derived import derived_id
from ledger.errors import (
    DestinationInUse,
    NothingToPay,
    PayoutEnded,
    PayoutFileChanged,
    PayoutFileExists,
    PayoutFileNotFound,
    PayoutNotFound,
)
from ledger.events import (
    PayoutDestinationSet,
    PayoutDestinationWithdrawn,
    PayoutOrdered,
    PayoutSettled,
)
from ledger.pain001 import CreditTransfer, PaymentInitiation, payment_initiation_xml
from ledger.payout_file import faults_of
from ledger.payout_plan import Due, Plan, plan_of
from ledger.store import payouts as store
from ledger.store.payouts import Payout, PayoutFile
from ledger.store.transfers import insert_transfer, insert_transfers
from ledger.transfer import Entry, Kind, Transfer, transfer_id
from registry.vault import SealedPrivate, Vault
from storage.work import Reading, UnitOfWork

WAIT = timedelta(hours=72)
"""A new destination is used after so long (I22)."""

_PURPOSE = "bank_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMade:
    """A file that was made, and who is owed something and gave no account."""

    file: PayoutFile
    without_destination: Sequence[DriverId]


async def set_destination(
    work: UnitOfWork,
    vault: Vault,
    driver_id: DriverId,
    account: BankAccount,
    *,
    session_id: SessionId,
) -> int:
    """Send the driver's money to `account` from 72 hours on; the destination's number (I22).

    The session is one in which a passkey was used within five minutes: the database refuses others.
    """
    sealed = vault.seal_private(
        PersonId(driver_id), _PURPOSE, orjson.dumps(account.document()), work.chance
    )
    usable_from = work.now + WAIT
    number = await store.insert_destination(
        work, driver_id, session_id=session_id, account=sealed, tail=account.tail,
        usable_from=usable_from,
    )  # fmt: skip
    work.announce(
        PayoutDestinationSet(
            event_id=work.new_id(), occurred_at=work.now, driver_id=driver_id, number=number,
            tail=account.tail, usable_from=usable_from,
        )
    )  # fmt: skip
    return number


async def withdraw_destination(work: UnitOfWork, driver_id: DriverId, number: int) -> None:
    """Take a destination back that is not used yet; what was used before stays in use.

    Raises
    ------
    DestinationInUse
        If it is used already, or there is none of that number.
    """
    waiting = [
        one for one in await store.list_destinations(work, driver_id)
        if one.number == number and one.usable_from > work.now
    ]  # fmt: skip
    if not waiting:
        raise DestinationInUse(number)
    if await store.insert_withdrawal(work, driver_id, number):
        work.announce(
            PayoutDestinationWithdrawn(
                event_id=work.new_id(),
                occurred_at=work.now,
                driver_id=driver_id,
                number=number,
                tail=waiting[0].tail,
            )
        )


async def preview(
    work: Reading, currency: Currency, *, least_minor: int, only_asked: bool = False
) -> Plan:
    """Whom a run would pay now, and who would be held and why; nothing is written."""
    due = await store.list_due(work, currency)
    return plan_of(due, least_minor=least_minor, only_asked=only_asked)


async def make_file(
    work: UnitOfWork,
    vault: Vault,
    payout_file_id: UUID,
    *,
    payer: BankAccount,
    currency: Currency,
    execute_on: date,
    least_minor: int,
    made_by: UUID,
    only_asked: bool = False,
) -> FileMade:
    """Pay everybody whom `preview` names all that they are owed.

    Doing it again with the same identifier gives the file that was made. Of two runs at once the
    second waits, and pays what the first has left.

    Raises
    ------
    NothingToPay
        If nobody is owed so much, or nobody of them gave an account.
    PayoutFileExists
        If that file was made for another day or currency.
    """
    await store.lock_runs(work)
    made = await store.find_file(work, payout_file_id)
    if made is not None:
        if (made.execute_on, made.currency) != (execute_on, currency):
            raise PayoutFileExists(payout_file_id, made.execute_on, made.currency)
        return FileMade(file=made, without_destination=())
    plan = await preview(work, currency, least_minor=least_minor, only_asked=only_asked)
    if not plan.payees:
        raise NothingToPay(currency, len(plan.without_destination))
    pays = [(_payout_id(payout_file_id, one.driver_id), one) for one in plan.payees]
    asked = _Asked(
        payout_file_id=payout_file_id, currency=currency, execute_on=execute_on, payer=payer,
        made_at=work.now,
        payments=[
            (payout_id, one.driver_id, one.account, one.available_minor) for payout_id, one in pays
        ],
    )  # fmt: skip
    document = await asyncio.to_thread(_document, vault, asked, is_new=True)
    file = PayoutFile(
        payout_file_id=payout_file_id, currency=currency, execute_on=execute_on,
        payouts=len(pays), total_minor=plan.total_minor,
        digest=sha256(document).hexdigest(), made_at=work.now,
    )  # fmt: skip
    await store.insert_file(work, file, made_by=made_by)
    await _order(work, pays, currency, made_by=made_by)
    await store.insert_payouts(work, [_row(payout_id, file, one) for payout_id, one in pays])
    return FileMade(file=file, without_destination=plan.without_destination)


async def file_text(
    work: UnitOfWork, vault: Vault, payout_file_id: UUID, *, payer: BankAccount
) -> bytes:
    """The file for the bank, written anew and compared with the digest that was kept.

    Raises
    ------
    PayoutFileNotFound
        If there is none.
    PayoutFileChanged
        If it would not be the same: the co-operative's account is another now, or a payee's was
        erased.
    """
    file = await store.find_file(work, payout_file_id)
    if file is None:
        raise PayoutFileNotFound(payout_file_id)
    payouts = await store.list_payouts_of_file(work, payout_file_id)
    if any(one.account is None for one in payouts):
        raise PayoutFileChanged(payout_file_id)
    asked = _Asked(
        payout_file_id=payout_file_id, currency=file.currency, execute_on=file.execute_on,
        payer=payer, made_at=file.made_at,
        payments=[
            (one.payout_id, one.driver_id, one.account, one.amount_minor) for one in payouts
        ],
    )  # fmt: skip
    document = await asyncio.to_thread(_document, vault, asked, is_new=False)
    if sha256(document).hexdigest() != file.digest:
        raise PayoutFileChanged(payout_file_id)
    return document


async def mark_sent(work: UnitOfWork, payout_file_id: UUID, *, made_by: UUID) -> int:
    """The bank carried the file out: post every payout that still pends; how many.

    Raises
    ------
    PayoutFileNotFound
        If there is none.
    """
    if await store.find_file(work, payout_file_id) is None:
        raise PayoutFileNotFound(payout_file_id)
    await store.lock_runs(work)
    pending = [
        one
        for one in await store.list_payouts_of_file(work, payout_file_id)
        if one.state == "pending"
    ]
    endings = [_ending(one, Kind.PAYOUT_SENT, reason=None, made_by=made_by) for one in pending]
    await insert_transfers(work, [(ending, work.now) for ending in endings])
    for one, ending in zip(pending, endings, strict=True):
        _tell_settled(work, one, ending)
    return len(pending)


async def mark_returned(work: UnitOfWork, payout_id: UUID, *, reason: str, made_by: UUID) -> None:
    """The bank refused a payout, or it came back: the driver is owed it again.

    Raises
    ------
    PayoutNotFound, PayoutEnded
        If there is none, or it was refused or came back before.
    """
    await store.lock_runs(work)
    payout = await store.find_payout(work, payout_id)
    if payout is None:
        raise PayoutNotFound(payout_id)
    if payout.state in ("voided", "returned"):
        raise PayoutEnded(payout_id, payout.state)
    kind = Kind.VOID if payout.state == "pending" else Kind.PAYOUT_RETURNED
    ending = _ending(payout, kind, reason=reason, made_by=made_by)
    if not await insert_transfer(work, ending):
        raise PayoutEnded(payout.payout_id, payout.state)
    _tell_settled(work, payout, ending)


async def _order(
    work: UnitOfWork, pays: Sequence[tuple[UUID, Due]], currency: Currency, *, made_by: UUID
) -> None:
    transfers = [
        Transfer(
            kind=Kind.PAYOUT, subject_id=payout_id, currency=currency, made_by=made_by,
            entries=_sides(one.driver_id, Money(one.available_minor, currency)),
        )
        for payout_id, one in pays
    ]  # fmt: skip
    await insert_transfers(work, [(transfer, work.now) for transfer in transfers])
    for (_, one), transfer in zip(pays, transfers, strict=True):
        work.announce(
            PayoutOrdered(
                event_id=work.new_id(), occurred_at=work.now, transfer_id=transfer.transfer_id,
                currency=currency, driver_id=one.driver_id, amount_minor=one.available_minor,
            )
        )  # fmt: skip


def _ending(payout: Payout, kind: Kind, *, reason: str | None, made_by: UUID) -> Transfer:
    amount = Money(payout.amount_minor, payout.currency)
    back = kind is Kind.PAYOUT_RETURNED
    return Transfer(
        kind=kind, subject_id=payout.payout_id, currency=payout.currency,
        entries=() if kind is Kind.VOID else _sides(payout.driver_id, -amount if back else amount),
        resolves=None if back else TransferId(transfer_id(Kind.PAYOUT, payout.payout_id)),
        reason=reason, made_by=made_by,
    )  # fmt: skip


def _tell_settled(work: UnitOfWork, payout: Payout, ending: Transfer) -> None:
    work.announce(
        PayoutSettled(
            event_id=work.new_id(), occurred_at=work.now, transfer_id=ending.transfer_id,
            currency=payout.currency, driver_id=payout.driver_id,
            amount_minor=payout.amount_minor, how=ending.kind.value, reason=ending.reason,
        )
    )  # fmt: skip


def _row(payout_id: UUID, file: PayoutFile, one: Due) -> dict[str, Any]:
    return {
        "payout_id": payout_id,
        "payout_file_id": file.payout_file_id,
        "driver_id": one.driver_id,
        "destination": one.destination,
        "currency": file.currency,
        "amount_minor": one.available_minor,
        "made_at": file.made_at,
    }


def _sides(driver_id: DriverId, amount: Money) -> tuple[Entry, ...]:
    """From what the driver is owed to the bank; the other way round if the amount is below zero."""
    driver = account_of_driver(driver_id, amount.currency)
    bank = Account(role=Role.BANK, currency=amount.currency)
    return (
        Entry(account=driver, amount_minor=amount.minor, code="payout"),
        Entry(account=bank, amount_minor=-amount.minor, code="payout"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a file is written from; of each payment its identifier, payee, account and amount."""

    payout_file_id: UUID
    currency: Currency
    execute_on: date
    payer: BankAccount
    made_at: datetime
    payments: Sequence[tuple[UUID, DriverId, SealedPrivate | None, int]]


def _document(vault: Vault, asked: _Asked, *, is_new: bool) -> bytes:
    """The file's bytes; a new one is held to its schema before it is kept. Seconds, for thousands."""
    transfers = []
    for payout_id, driver_id, account, amount_minor in asked.payments:
        assert account is not None
        opened = vault.open_private(PersonId(driver_id), _PURPOSE, account)
        transfers.append(
            CreditTransfer(
                end_to_end_id=_bank_id(payout_id), amount_minor=amount_minor,
                payee=BankAccount.of(orjson.loads(opened)), remittance="Khan Cars: pay",
            )
        )  # fmt: skip
    order = PaymentInitiation(
        message_id=_bank_id(asked.payout_file_id), made_at=asked.made_at,
        execute_on=asked.execute_on, payer=asked.payer, currency=asked.currency,
        transfers=transfers,
    )  # fmt: skip
    document = payment_initiation_xml(order)
    assert not is_new or not faults_of(document), "the file departs from its schema"
    return document


def _payout_id(payout_file_id: UUID, driver_id: DriverId) -> UUID:
    return derived_id("payout", str(payout_file_id), str(driver_id))


def _bank_id(identifier: UUID) -> str:
    """32 letters: what ISO 20022's Max35Text has room for."""
    return identifier.hex
