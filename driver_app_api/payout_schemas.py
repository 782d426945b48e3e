"""What drivers say and hear about where their money goes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from doorway.schemas import Model, MoneyOut
from ledger.store.payouts import Destination, Payout, PayoutState

_Number = Annotated[str, StringConstraints(strip_whitespace=True, max_length=50)]


class BankAccountIn(Model):
    """A bank account: an IBAN, or a routing number and an account number. Check digits are tried."""

    holder: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=70)]
    iban: _Number | None = Field(default=None, examples=["ES9121000418450200051332"])
    bic: _Number | None = None
    routing_number: _Number | None = None
    account_number: _Number | None = None


class DestinationOut(Model):
    """An account that your money goes to, by its last four characters.

    It is used from `usable_from` on, until a later one is; one that was taken back never is.
    """

    number: int
    tail: str
    set_at: datetime
    usable_from: datetime
    taken_back_at: datetime | None
    state: Literal["in_use", "waits", "taken_back", "replaced"]


class DestinationsOut(Model):
    """Your destinations, the latest first."""

    destinations: list[DestinationOut]


class DestinationSetOut(Model):
    """Your new destination waits 72 hours before it is used."""

    number: int
    tail: str
    usable_from: datetime


class MyPayoutOut(MoneyOut):
    """A payment to your account; `reason` is why it was refused or came back."""

    payout_id: UUID
    made_at: datetime
    state: PayoutState
    tail: str | None
    reason: str | None

    @classmethod
    def of_payout(cls, one: Payout) -> "MyPayoutOut":
        """A payout as it is sent."""
        return cls(
            amount_minor=one.amount_minor, currency=one.currency, payout_id=one.payout_id,
            made_at=one.made_at, state=one.state, tail=one.tail, reason=one.reason,
        )  # fmt: skip


class MyPayoutsOut(Model):
    """What you are owed and is not on its way; when you asked for it; your payouts, the latest first."""

    owed: MoneyOut
    asked_at: datetime | None
    payouts: list[MyPayoutOut]


class AskedOut(Model):
    """What you asked for; it goes out with the next file."""

    owed: MoneyOut


def destinations_out(found: list[Destination], now: datetime) -> DestinationsOut:
    """Destinations as they are sent, with the state of each at `now`."""
    kept = [one for one in found if one.withdrawn_at is None and one.usable_from <= now]
    in_use = max((one.number for one in kept), default=None)
    return DestinationsOut(
        destinations=[
            DestinationOut(
                number=one.number,
                tail=one.tail,
                set_at=one.set_at,
                usable_from=one.usable_from,
                taken_back_at=one.withdrawn_at,
                state=_state(one, now, in_use=in_use),
            )
            for one in found
        ]
    )


def _state(
    one: Destination, now: datetime, *, in_use: int | None
) -> Literal["in_use", "waits", "taken_back", "replaced"]:
    if one.withdrawn_at is not None:
        return "taken_back"
    if one.usable_from > now:
        return "waits"
    return "in_use" if one.number == in_use else "replaced"
