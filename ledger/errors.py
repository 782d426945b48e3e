"""Refusals of the books."""

from datetime import date, datetime

from foundation.errors import Conflict, Forbidden, Invalid, NotFound
from foundation.identifiers import UUID, TransferId, TripId
from foundation.money import Money


class HoldNotFound(NotFound):
    """No money was ever held for this trip."""

    code = "hold_not_found"

    def __init__(self, trip_id: TripId) -> None:
        super().__init__(f"No money is held for trip {trip_id}.", trip_id=trip_id)


class HoldOpen(Conflict):
    """Another amount, or another rider's, is held for this trip already."""

    code = "hold_open"

    def __init__(self, trip_id: TripId, held: Money) -> None:
        super().__init__(
            f"For trip {trip_id} {held} is held already; release that first.",
            trip_id=trip_id,
            held=str(held),
        )


class HoldReleased(Conflict):
    """The trip's money was let go, so the trip cannot be charged."""

    code = "hold_released"

    def __init__(self, trip_id: TripId) -> None:
        super().__init__(
            f"The money held for trip {trip_id} was released; the trip cannot be charged.",
            trip_id=trip_id,
        )


class TripAlreadyCharged(Conflict):
    """The trip has its one fare or fee, and another was asked for."""

    code = "trip_already_charged"

    def __init__(self, trip_id: TripId, kind: str, charged: Money) -> None:
        what = kind.replace("_", " ")
        super().__init__(
            f"Trip {trip_id} has been charged already: a {what} of {charged}.",
            trip_id=trip_id,
            kind=kind,
            charged=str(charged),
        )


class FareNotFound(NotFound):
    """The trip has no fare, or it is somebody else's trip."""

    code = "fare_not_found"

    def __init__(self, trip_id: TripId) -> None:
        super().__init__(f"There is no fare for trip {trip_id}.", trip_id=trip_id)


class TipAlreadyGiven(Conflict):
    """A trip has one tip, and it was another amount."""

    code = "tip_already_given"

    def __init__(self, trip_id: TripId, given: Money) -> None:
        super().__init__(
            f"A tip of {given} was given for trip {trip_id} already.",
            trip_id=trip_id,
            given=str(given),
        )


class RefundTooLarge(Conflict):
    """All refunds of a trip together would exceed what it was charged (I21)."""

    code = "refund_too_large"

    def __init__(self, trip_id: TripId, left: Money) -> None:
        super().__init__(
            f"At most {left} of trip {trip_id} can still be refunded.",
            trip_id=trip_id,
            left=str(left),
        )


class RefundAtTheSameMoment(Conflict):
    """Two refunds of one trip met; the other one was written."""

    code = "refund_at_the_same_moment"

    def __init__(self, trip_id: TripId) -> None:
        super().__init__(
            f"Another refund of trip {trip_id} was just made; look at the trip and try again.",
            trip_id=trip_id,
        )


class AmountNotPositive(Invalid):
    """An amount of money must be more than nothing here."""

    code = "amount_not_positive"

    def __init__(self, amount: Money) -> None:
        super().__init__(f"{amount} is not an amount to pay: it must be above zero.")


class CurrencyOfTheTrip(Invalid):
    """The amount is in another currency than the trip was charged in."""

    code = "currency_of_the_trip"

    def __init__(self, amount: Money, currency: str) -> None:
        super().__init__(
            f"The trip was charged in {currency}, so {amount} cannot be booked for it.",
            currency=currency,
        )


class StatementTooLong(Invalid):
    """More lines than one statement holds; a shorter time will do."""

    code = "statement_too_long"

    def __init__(self, lines_max: int) -> None:
        super().__init__(
            f"A statement holds {lines_max} lines at most; ask for a shorter time.",
            lines_max=lines_max,
        )


class TransferNotFound(NotFound):
    """There is no transfer of that identifier."""

    code = "transfer_not_found"

    def __init__(self, transfer_id: TransferId) -> None:
        super().__init__(f"There is no transfer {transfer_id}.", transfer_id=transfer_id)


class NotReversible(Invalid):
    """Some kinds of transfer stand; what is done instead is said with each."""

    code = "not_reversible"

    def __init__(self, transfer_id: TransferId, kind: str, because: str) -> None:
        super().__init__(
            f"Transfer {transfer_id} is a {kind.replace('_', ' ')}, which is not taken back: "
            f"{because}.",
            transfer_id=transfer_id,
            kind=kind,
        )


class SpentMeanwhile(Conflict):
    """An account that may never owe has less than would be taken back."""

    code = "spent_meanwhile"

    def __init__(self, transfer_id: UUID) -> None:
        super().__init__(
            f"Transfer {transfer_id} cannot be taken back: what it gave has been spent since. Put it "
            "right with an entry of its own.",
            transfer_id=transfer_id,
        )


class ReversedAlready(Conflict):
    """A transfer is taken back once."""

    code = "reversed_already"

    def __init__(self, transfer_id: TransferId) -> None:
        super().__init__(
            f"Transfer {transfer_id} has been taken back already.", transfer_id=transfer_id
        )


class DayNotSealed(Conflict):
    """A period ends with a sealed day."""

    code = "day_not_sealed"

    def __init__(self, ends_at: datetime) -> None:
        super().__init__(
            f"No sealed day ends at {ends_at.isoformat()}; a day is sealed some minutes after it ends.",
            ends_at=ends_at.isoformat(),
        )


class PeriodClosedAlready(Conflict):
    """A closed period is never opened again."""

    code = "period_closed_already"

    def __init__(self, closed_until: datetime) -> None:
        super().__init__(
            f"The books are closed until {closed_until.isoformat()}; put it right in an open period.",
            closed_until=closed_until.isoformat(),
        )


class BankAccountWrong(Invalid):
    """A field of a bank account is missing, or its check digits do not fit."""

    code = "bank_account_wrong"

    def __init__(self, field: str, wanted: str) -> None:
        super().__init__(f"The bank account's {field} is not {wanted}.", field=field)
        self.field, self.wanted = field, wanted


class DestinationInUse(Conflict):
    """A payout destination is taken back while it waits, not afterwards."""

    code = "destination_in_use"

    def __init__(self, number: int) -> None:
        super().__init__(
            f"Destination {number} does not wait to be used; set another one instead.",
            number=number,
        )


class NothingToPay(Conflict):
    """A payout file has one payee at least."""

    code = "nothing_to_pay"

    def __init__(self, currency: str, without_destination: int) -> None:
        super().__init__(
            f"Nobody who is owed so much in {currency} has a bank account in use "
            f"({without_destination} without one).",
            currency=currency,
            without_destination=without_destination,
        )


class PayoutFileNotFound(NotFound):
    """There is no such payout file."""

    code = "payout_file_not_found"

    def __init__(self, payout_file_id: UUID) -> None:
        super().__init__(f"There is no payout file {payout_file_id}.")


class PayoutFileChanged(Conflict):
    """The file that was made cannot be written again as it was."""

    code = "payout_file_changed"

    def __init__(self, payout_file_id: UUID) -> None:
        super().__init__(
            f"Payout file {payout_file_id} would not be what it was: the co-operative's account has "
            "changed, or a payee was erased. Use the copy that went to the bank."
        )


class PayoutNotFound(NotFound):
    """There is no such payout."""

    code = "payout_not_found"

    def __init__(self, payout_id: UUID) -> None:
        super().__init__(f"There is no payout {payout_id}.")


class PayoutEnded(Conflict):
    """A payout is refused by the bank, or comes back, once."""

    code = "payout_ended"

    def __init__(self, payout_id: UUID, state: str) -> None:
        super().__init__(f"Payout {payout_id} is {state} already.", state=state)


class PayerUnset(Conflict):
    """The operator has not said from which account drivers are paid."""

    code = "payer_unset"

    def __init__(self) -> None:
        super().__init__(
            "The account that drivers are paid from is not set; the operator sets KHAN_PAYER_NAME and "
            "KHAN_PAYER_IBAN (or KHAN_PAYER_ROUTING_NUMBER and KHAN_PAYER_ACCOUNT_NUMBER)."
        )


class PayoutFileExists(Conflict):
    """A file of that identifier was made for another day or currency."""

    code = "payout_file_exists"

    def __init__(self, payout_file_id: UUID, execute_on: date, currency: str) -> None:
        super().__init__(
            f"Payout file {payout_file_id} was made already, in {currency} for {execute_on}; "
            "give another identifier.",
            execute_on=execute_on.isoformat(),
            currency=currency,
        )


class ExecutionDayPast(Invalid):
    """A bank carries nothing out on a day that is over."""

    code = "execution_day_past"

    def __init__(self, execute_on: date, today: date) -> None:
        super().__init__(
            f"The bank cannot carry anything out on {execute_on}; give {today} or a later day.",
            today=today.isoformat(),
        )


class WithdrawalsClosed(Conflict):
    """Drivers are paid by regular runs here, and cannot ask in between."""

    code = "withdrawals_closed"

    def __init__(self) -> None:
        super().__init__("Payouts between the regular runs are not offered; wait for the next run.")


class DestinationMissing(Conflict):
    """Who asks for a payout needs an account that is in use."""

    code = "destination_missing"

    def __init__(self, usable_from: datetime | None) -> None:
        told = (
            "give one first; it is used 72 hours later"
            if usable_from is None
            else f"yours is used from {usable_from.isoformat()}"
        )
        super().__init__(f"You have no bank account in use: {told}.")


class NothingOwed(Conflict):
    """There is nothing to ask for: all that was owed is paid, or on its way."""

    code = "nothing_owed"

    def __init__(self, currency: str) -> None:
        super().__init__(f"You are owed nothing in {currency} that is not on its way already.")


class AuditorNeeded(Forbidden):
    """Only whoever is an auditor at that moment looks at the books as one."""

    code = "auditor_needed"

    def __init__(self) -> None:
        super().__init__("You are no auditor now; the office appoints auditors.")
