"""The house's own adapter: money that goes over the office's desk by hand.

The officer who records it has the money already, so that every answer follows from what is asked.
"""

from typing import ClassVar

from foundation.identifiers import UUID
from ledger.payments.payment import Payment, PaymentState, Said
from ledger.payments.provider import Tokens


class DeskProvider:
    """Payments at the desk; it asks nobody."""

    name: ClassVar[str] = "desk"

    async def authorise(self, payment: Payment, tokens: Tokens | None, *, key: UUID) -> Said:
        """The money lies on the desk."""
        assert tokens is None, "no card is used at the desk"
        return _said(payment, PaymentState.AUTHORISED, authorised=payment.wanted_minor)

    async def capture(self, payment: Payment, amount_minor: int, *, key: UUID) -> Said:
        """It goes into the drawer."""
        return _said(payment, PaymentState.CAPTURED, captured=amount_minor)

    async def cancel(self, payment: Payment, *, key: UUID) -> Said:
        """It is taken up again."""
        return _said(payment, PaymentState.CANCELLED)

    async def refund(self, payment: Payment, total_minor: int, *, key: UUID) -> Said:
        """It is given back by hand."""
        return _said(payment, payment.state, refunded=total_minor)

    async def find(self, payment: Payment) -> Said | None:
        """The books are all that is known of it."""
        return _said(payment, payment.state)


def _said(
    payment: Payment,
    state: PaymentState,
    *,
    authorised: int = 0,
    captured: int = 0,
    refunded: int = 0,
) -> Said:
    captured = payment.captured_minor or captured
    refunded = max(payment.refunded_minor, refunded)
    if captured:
        state = PaymentState.REFUNDED if refunded == captured else PaymentState.CAPTURED
    return Said(
        ref=None,
        state=state,
        authorised_minor=max(payment.authorised_minor, authorised),
        captured_minor=captured,
        refunded_minor=refunded,
    )
