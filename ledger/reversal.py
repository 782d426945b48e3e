"""What takes posted transfers back: the same entries with the other sign. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from foundation.identifiers import UUID, TransferId
from foundation.money import Currency
from ledger.derived import derived_id
from ledger.transfer import CHARGES, PENDING, Entry, Kind, Link, Transfer

_IS_VOIDED = "nothing has moved yet, so it is voided"
_IS_REFUNDED = "what a trip was charged is refunded"
_IS_DECIDED = "members decided it, and only a decision of theirs moves it again"

NEVER_REVERSED: Mapping[Kind, str] = {
    **dict.fromkeys(sorted(PENDING), _IS_VOIDED),
    Kind.VOID: "it moved nothing; what it let go is set aside anew",
    **dict.fromkeys(sorted(CHARGES), _IS_REFUNDED),
    # Otherwise the trip would be nobody's to pay, or a voucher's money somewhere else than it says.
    **dict.fromkeys((Kind.CASH_COLLECTED, Kind.ASSIGNED, Kind.VOUCHER_USED), _IS_REFUNDED),
    Kind.VOUCHER_ISSUED: "what is left of it goes back when its time is over",
    Kind.VOUCHER_LAPSED: "its time is over; another is issued",
    Kind.REFUND_PASSED_ON: "it went on to whoever paid",
    Kind.REFUND: "the rider was told of it, and what was refunded counts against the charge (I21)",
    Kind.REVERSAL: "what was taken back by mistake is entered anew",
    Kind.CLOSING: "a closed period is never opened again",
    Kind.ALLOCATION: _IS_DECIDED,
    Kind.REVOLVED: _IS_DECIDED,
    Kind.ALLOCATION_PAID: "the member was paid, and may have been sent it",
    # What happened at a bank or with the payment provider did happen. What undoes it there has a kind
    # of its own, and is entered when they say so.
    Kind.PAYMENT: "it came in; what goes back is a refund of the payment",
    Kind.PAYMENT_REFUND: "it went back to whoever paid",
    Kind.PAYOUT_SENT: "the bank sent it; what comes back is a returned payout",
    Kind.PAYOUT_RETURNED: "the bank gave it back; it is paid out anew",
}
"""Kinds that are never taken back, and of each why not and what is done instead. The database says
the same (`ledger.is_never_reversed`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A transfer as it stands in the books, and whether it was taken back."""

    transfer_id: TransferId
    kind: Kind
    currency: Currency
    entries: tuple[Entry, ...]
    link_id: UUID | None
    is_reversed: bool


def reversals_of(
    written: Sequence[Written], *, reason: str, made_by: UUID | None
) -> list[Transfer]:
    """What takes transfers back, whole; of several, linked as they were.

    Parameters
    ----------
    written
        One transfer, or all that came by one link: half of an act is never taken back.
    """
    assert all(one.kind not in NEVER_REVERSED for one in written)
    link_id = written[0].link_id
    assert all(one.link_id == link_id for one in written)
    link = None
    if link_id is not None:
        link = Link(link_id=derived_id("reversal of a link", str(link_id)), count=len(written))
    return [
        Transfer(
            kind=Kind.REVERSAL,
            subject_id=one.transfer_id,
            currency=one.currency,
            entries=tuple(
                Entry(account=entry.account, amount_minor=-entry.amount_minor, code=entry.code)
                for entry in one.entries
            ),
            reverses=one.transfer_id,
            link=link,
            reason=reason,
            made_by=made_by,
        )
        for one in written
    ]
