"""What the office says and hears about payouts."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from doorway.schemas import Model, MoneyOut, Reason
from foundation.money import Currency
from ledger.payout_plan import Due, Held, Plan
from ledger.store.payouts import FileStates, Payout, PayoutFile, PayoutState


class RunIn(Model):
    """A run: its identifier is yours, and made twice it is one file.

    `least_minor` left out is what the operator set; with `only_asked` those are paid who asked.
    """

    payout_file_id: UUID
    execute_on: date
    least_minor: Annotated[int, Field(strict=True, ge=1, le=10**12)] | None = None
    only_asked: bool = False


class ReturnedIn(Model):
    """Why the bank refused a payout, or sent it back; the driver reads it."""

    reason: Reason


class PayeeOut(Model):
    """A driver who would be paid: all that is owed, to the account that ends with `tail`."""

    driver_id: UUID
    amount_minor: int
    tail: str
    asked_at: datetime | None

    @classmethod
    def of_due(cls, one: Due) -> "PayeeOut":
        """A payee as it is sent."""
        assert one.tail is not None
        return cls(
            driver_id=one.driver_id,
            amount_minor=one.available_minor,
            tail=one.tail,
            asked_at=one.asked_at,
        )


class HeldOut(Model):
    """A driver who is owed something and would not be paid, and why.

    `usable_from` is when the account begins to be used that the driver gave.
    """

    driver_id: UUID
    amount_minor: int
    why: Held
    usable_from: datetime | None


class PreviewOut(Model):
    """What a run would do now; nothing is written."""

    total: MoneyOut
    least_minor: int
    payees: list[PayeeOut]
    held: list[HeldOut]

    @classmethod
    def of_plan(cls, plan: Plan, currency: Currency, *, least_minor: int) -> "PreviewOut":
        """A plan as it is sent."""
        return cls(
            total=MoneyOut(amount_minor=plan.total_minor, currency=currency),
            least_minor=least_minor,
            payees=[PayeeOut.of_due(one) for one in plan.payees],
            held=[
                HeldOut(
                    driver_id=one.driver_id,
                    amount_minor=one.available_minor,
                    why=why,
                    usable_from=one.waits_until,
                )
                for one, why in plan.held
            ],
        )


class FileOut(Model):
    """A file for the bank; `digest` is the SHA-256 of its bytes."""

    payout_file_id: UUID
    made_at: datetime
    execute_on: date
    payouts: int
    total: MoneyOut
    digest: str

    @classmethod
    def of_file(cls, file: PayoutFile) -> "FileOut":
        """A file as it is sent."""
        return cls(
            payout_file_id=file.payout_file_id,
            made_at=file.made_at,
            execute_on=file.execute_on,
            payouts=file.payouts,
            total=MoneyOut(amount_minor=file.total_minor, currency=file.currency),
            digest=file.digest,
        )


class FileMadeOut(Model):
    """The file that was made, and who was not paid for want of an account in use."""

    file: FileOut
    without_destination: list[UUID]


class FileStatesOut(Model):
    """A file, and what the bank said of its payouts."""

    file: FileOut
    pending: int
    sent: int
    voided: int
    returned: int

    @classmethod
    def of_states(cls, one: FileStates) -> "FileStatesOut":
        """A file with its states as it is sent."""
        return cls(
            file=FileOut.of_file(one.file),
            pending=one.pending,
            sent=one.sent,
            voided=one.voided,
            returned=one.returned,
        )


class FilesOut(Model):
    """The latest files, the latest first."""

    files: list[FileStatesOut]


class PayoutOut(MoneyOut):
    """One payment of a file."""

    payout_id: UUID
    driver_id: UUID
    state: PayoutState
    tail: str | None
    reason: str | None

    @classmethod
    def of_payout(cls, one: Payout) -> "PayoutOut":
        """A payout as it is sent."""
        return cls(
            amount_minor=one.amount_minor, currency=one.currency, payout_id=one.payout_id,
            driver_id=one.driver_id, state=one.state, tail=one.tail, reason=one.reason,
        )  # fmt: skip


class FileContentOut(Model):
    """A file and its payouts, in the order in which it has them."""

    file: FileOut
    payouts: list[PayoutOut]


class SentOut(Model):
    """How many payouts were posted; none if all were before."""

    sent: int
