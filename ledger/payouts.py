"""What drivers are owed goes to their banks: destinations, files, and what the bank answers.

A payout is pending from the file on; the bank's word posts it, voids it, or brings it back. Nobody
here commits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
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
from ledger.store import payouts as store
from ledger.store.payouts import Payable, Payout, PayoutFile
from ledger.store.transfers import insert_transfer
from ledger.transfer import Entry, Kind, Transfer, transfer_id
from registry.vault import Vault
from storage.work import UnitOfWork

WAIT = timedelta(hours=72)
"""A new destination is used after so long (I22)."""

PAYOUTS_A_FILE_MAX = 50_000

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
                event_id=work.new_id(), occurred_at=work.now, driver_id=driver_id, number=number
            )
        )


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
) -> FileMade:
    """Pay everybody who is owed at least `least_minor` and gave an account: all that they are owed.

    Doing it again with the same identifier gives the file that was made.

    Raises
    ------
    NothingToPay
        If nobody is owed so much, or nobody of them gave an account.
    """
    made = await store.find_file(work, payout_file_id)
    if made is not None:
        return FileMade(file=made, without_destination=())
    payable = await store.list_payable(
        work, currency, least_minor=max(1, least_minor), limit=PAYOUTS_A_FILE_MAX
    )
    payees = [one for one in payable if one.destination is not None]
    if not payees:
        raise NothingToPay(currency, len(payable))
    ids = [derived_id("payout", str(payout_file_id), str(one.driver_id)) for one in payees]
    order = PaymentInitiation(
        message_id=_bank_id(payout_file_id), made_at=work.now, execute_on=execute_on, payer=payer,
        currency=currency,
        transfers=[
            _credit_transfer(vault, one, payout_id)
            for payout_id, one in zip(ids, payees, strict=True)
        ],
    )  # fmt: skip
    document = payment_initiation_xml(order)
    assert not faults_of(document), "the file departs from its schema"
    file = PayoutFile(
        payout_file_id=payout_file_id, currency=currency, execute_on=execute_on,
        payouts=len(payees), total_minor=sum(one.available_minor for one in payees),
        digest=sha256(document).hexdigest(), made_at=work.now,
    )  # fmt: skip
    await store.insert_file(work, file, made_by=made_by)
    rows = []
    for payout_id, one in zip(ids, payees, strict=True):
        await _order(work, payout_id, one, currency, made_by=made_by)
        rows.append(_row(payout_id, file, one))
    await store.insert_payouts(work, rows)
    without = [one.driver_id for one in payable if one.destination is None]
    return FileMade(file=file, without_destination=without)


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
    order = PaymentInitiation(
        message_id=_bank_id(payout_file_id), made_at=file.made_at, execute_on=file.execute_on,
        payer=payer, currency=file.currency,
        transfers=[
            _transfer_to(_opened(vault, one), one.payout_id, one.amount_minor) for one in payouts
        ],
    )  # fmt: skip
    document = payment_initiation_xml(order)
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
    pending = [
        one
        for one in await store.list_payouts_of_file(work, payout_file_id)
        if one.state == "pending"
    ]
    for one in pending:
        await _end(work, one, Kind.PAYOUT_SENT, reason=None, made_by=made_by)
    return len(pending)


async def mark_returned(work: UnitOfWork, payout_id: UUID, *, reason: str, made_by: UUID) -> None:
    """The bank refused a payout, or it came back: the driver is owed it again.

    Raises
    ------
    PayoutNotFound, PayoutEnded
        If there is none, or it was refused or came back before.
    """
    payout = await store.find_payout(work, payout_id)
    if payout is None:
        raise PayoutNotFound(payout_id)
    if payout.state in ("voided", "returned"):
        raise PayoutEnded(payout_id, payout.state)
    kind = Kind.VOID if payout.state == "pending" else Kind.PAYOUT_RETURNED
    await _end(work, payout, kind, reason=reason, made_by=made_by)


async def _order(
    work: UnitOfWork, payout_id: UUID, one: Payable, currency: Currency, *, made_by: UUID
) -> None:
    transfer = Transfer(
        kind=Kind.PAYOUT, subject_id=payout_id, currency=currency, made_by=made_by,
        entries=_sides(one.driver_id, Money(one.available_minor, currency)),
    )  # fmt: skip
    written = await insert_transfer(work, transfer)
    assert written, "a payout's identifier follows from its file, which is new"
    work.announce(
        PayoutOrdered(
            event_id=work.new_id(), occurred_at=work.now, transfer_id=transfer.transfer_id,
            currency=currency, driver_id=one.driver_id, amount_minor=one.available_minor,
        )
    )  # fmt: skip


async def _end(
    work: UnitOfWork, payout: Payout, kind: Kind, *, reason: str | None, made_by: UUID
) -> None:
    amount = Money(payout.amount_minor, payout.currency)
    back = kind is Kind.PAYOUT_RETURNED
    transfer = Transfer(
        kind=kind, subject_id=payout.payout_id, currency=payout.currency,
        entries=() if kind is Kind.VOID else _sides(payout.driver_id, -amount if back else amount),
        resolves=None if back else TransferId(transfer_id(Kind.PAYOUT, payout.payout_id)),
        reason=reason, made_by=made_by,
    )  # fmt: skip
    if not await insert_transfer(work, transfer):
        raise PayoutEnded(payout.payout_id, payout.state)
    work.announce(
        PayoutSettled(
            event_id=work.new_id(), occurred_at=work.now, transfer_id=transfer.transfer_id,
            currency=payout.currency, driver_id=payout.driver_id,
            amount_minor=payout.amount_minor, how=kind.value, reason=reason,
        )
    )  # fmt: skip


def _row(payout_id: UUID, file: PayoutFile, one: Payable) -> dict[str, Any]:
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


def _credit_transfer(vault: Vault, one: Payable, payout_id: UUID) -> CreditTransfer:
    assert one.account is not None
    opened = vault.open_private(PersonId(one.driver_id), _PURPOSE, one.account)
    return _transfer_to(BankAccount.of(orjson.loads(opened)), payout_id, one.available_minor)


def _opened(vault: Vault, payout: Payout) -> BankAccount:
    assert payout.account is not None
    opened = vault.open_private(PersonId(payout.driver_id), _PURPOSE, payout.account)
    return BankAccount.of(orjson.loads(opened))


def _transfer_to(payee: BankAccount, payout_id: UUID, amount_minor: int) -> CreditTransfer:
    return CreditTransfer(
        end_to_end_id=_bank_id(payout_id), amount_minor=amount_minor, payee=payee,
        remittance="Khan Cars: pay",
    )  # fmt: skip


def _bank_id(identifier: UUID) -> str:
    """32 letters: what ISO 20022's Max35Text has room for."""
    return identifier.hex
