"""How a trip is to be paid, as it is sent with a booking."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from doorway.schemas import Model
from ledger.customers.way import Chosen, Way
from ledger.payments.provider import Providers

CostCentre = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Pin = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]
VoucherCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{4,40}$")]


class PaysIn(Model):
    """Who pays: fixed with the booking. Left out, it is your own account."""

    payment: Way = Way.ACCOUNT
    customer_id: UUID | None = Field(
        default=None, description="With `customer`: a company or the city, whose account pays."
    )
    cost_centre: CostCentre | None = None
    pin: Pin | None = Field(default=None, description="Where you are not on the customer's list.")
    voucher: VoucherCode | None = Field(
        default=None,
        description="With `voucher`: its code. Your account pays what it leaves.",
    )

    card_id: UUID | None = Field(
        default=None, description="With `card`: one of your cards; left out, the newest."
    )

    def chosen(self, providers: Providers) -> Chosen:
        """As a choice.

        Raises
        ------
        ledger.payments.errors.CardNotOffered
            If it is by card, and no provider takes cards.
        """
        if self.payment is Way.CARD:
            providers.need_cards()
        return Chosen(
            way=self.payment,
            customer_id=self.customer_id,
            cost_centre=self.cost_centre,
            pin=self.pin,
            voucher=self.voucher,
            card_id=self.card_id,
        )
