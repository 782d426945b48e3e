"""Refusals of payments."""

from foundation.errors import Conflict, Forbidden, Invalid, NotFound
from foundation.identifiers import UUID
from foundation.money import Money


class CardNotOffered(Conflict):
    """This co-operative takes no cards: no payment provider is set up."""

    code = "card_not_offered"

    def __init__(self) -> None:
        super().__init__("Cards are not taken here; pay in cash, on account or at the office.")


class CardNotFound(NotFound):
    """The rider keeps no such card."""

    code = "card_not_found"

    def __init__(self, card_id: UUID) -> None:
        super().__init__(f"You keep no card {card_id}.")


class CardNeeded(Conflict):
    """To pay by card, a rider keeps one first."""

    code = "card_needed"

    def __init__(self) -> None:
        super().__init__("You keep no card here; add one first.")


class CardNumberRefused(Invalid):
    """Something that looks like a card's number was sent; only the provider may know it."""

    code = "card_number_refused"

    def __init__(self) -> None:
        super().__init__(
            "That looks like a card's number, which must go to the payment provider alone; "
            "send the token that it gives."
        )


class CardRefused(Conflict):
    """The payment provider does not keep that card."""

    code = "card_refused"

    def __init__(self, why: str) -> None:
        super().__init__(f"The payment provider does not take this card: {why}.", why=why)


class CardKeptBefore(Conflict):
    """The token was given for a card that is kept already, or was."""

    code = "card_kept_before"

    def __init__(self) -> None:
        super().__init__("This token was used before; give the card anew.")


class PaymentNotFound(NotFound):
    """There is no such payment."""

    code = "payment_not_found"

    def __init__(self, payment_id: UUID) -> None:
        super().__init__(f"There is no payment {payment_id}.")


class PaymentIdTaken(Conflict):
    """Another payment has this identifier."""

    code = "payment_id_taken"

    def __init__(self, payment_id: UUID) -> None:
        super().__init__(f"Payment {payment_id} is another one; choose a new identifier.")


class TripPaidOtherwise(Conflict):
    """The trip is paid by card already, with another card, sum or rider."""

    code = "trip_paid_otherwise"

    def __init__(self, trip_id: UUID) -> None:
        super().__init__(f"Trip {trip_id} is paid by another card or sum already.")


class AboveWhatIsOwed(Conflict):
    """More would be paid than is owed."""

    code = "above_what_is_owed"

    def __init__(self, owed: Money) -> None:
        super().__init__(f"{owed} are owed and not being paid yet.", owed=str(owed))


class AboveWhatWasPaid(Conflict):
    """More would be given back than was paid."""

    code = "above_what_was_paid"

    def __init__(self, left: Money) -> None:
        super().__init__(f"At most {left} of this payment can be given back.", left=str(left))


class PaymentBusy(Conflict):
    """The provider is being asked about this payment."""

    code = "payment_busy"

    def __init__(self, payment_id: UUID) -> None:
        super().__init__(f"Payment {payment_id} is with its provider; try again in a moment.")


class NothingToRetry(Conflict):
    """Nothing that was asked of the provider was given up."""

    code = "nothing_to_retry"

    def __init__(self, payment_id: UUID) -> None:
        super().__init__(f"Nothing of payment {payment_id} was given up.")


class RetryTooLate(Conflict):
    """An authorisation is asked for again within a day; later it could be made twice."""

    code = "retry_too_late"

    def __init__(self, payment_id: UUID) -> None:
        super().__init__(
            f"Payment {payment_id} was begun more than 23 hours ago; ask the rider to pay what is owed."
        )


class WebhookNotOurs(Forbidden):
    """The message does not bear the payment provider's signature, or is too old."""

    code = "webhook_not_ours"

    def __init__(self) -> None:
        super().__init__("This does not bear the payment provider's signature of now.")


class WebhookUnreadable(Invalid):
    """The message is signed and is no event."""

    code = "webhook_unreadable"

    def __init__(self) -> None:
        super().__init__("This is no event of the payment provider.")
