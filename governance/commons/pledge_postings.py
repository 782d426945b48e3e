"""Pledges as transfers: set aside when made; at the close all taken with the city's part, or all let go.

Pure. What a supporter owes is entered for good only when the offer is posted, so that an offer that
fails leaves no balance anywhere. The city's part of a pledge is linked with the taking of it.
"""

from foundation.identifiers import UUID
from foundation.money import Currency
from governance.commons.offers import End, Pledge, PledgeLine, Settlement
from ledger.account import Account, Role
from ledger.derived import derived_id
from ledger.transfer import Entry, Kind, Link, Transfer, transfer_id

WITHDRAWN = "withdrawn"
NOT_REACHED = "not_reached"


def pledge_transfer(offer_id: UUID, pledge: Pledge, currency: Currency) -> Transfer:
    """Set what was pledged aside: pending, so that no balance changes yet."""
    return Transfer(
        kind=Kind.PLEDGE, subject_id=pledge.pledge_id, currency=currency,
        entries=_of_supporter(offer_id, pledge, currency),
    )  # fmt: skip


def let_go(pledge_id: UUID, currency: Currency, *, reason: str) -> Transfer:
    """Void what was set aside for a pledge."""
    return Transfer(
        kind=Kind.VOID, subject_id=pledge_id, currency=currency, entries=(),
        resolves=transfer_id(Kind.PLEDGE, pledge_id), reason=reason,
    )  # fmt: skip


def settlement_transfers(
    offer_id: UUID, settlement: Settlement, currency: Currency
) -> tuple[Transfer, ...]:
    """Everything that a settlement does in the books, pledge by pledge: for all of them, or for none."""
    if settlement.end is End.VOIDED:
        return tuple(
            let_go(line.pledge_id, currency, reason=NOT_REACHED) for line in settlement.lines
        )
    return tuple(
        transfer for line in settlement.lines for transfer in _taken(offer_id, line, currency)
    )


def _taken(offer_id: UUID, line: PledgeLine, currency: Currency) -> tuple[Transfer, ...]:
    matched = line.match_minor > 0
    # A link for each pledge and not one for all: the database counts the linked for each of them.
    link = Link(link_id=derived_id("pledge", str(line.pledge_id)), count=2) if matched else None
    taken = Transfer(
        kind=Kind.PLEDGE_TAKEN, subject_id=line.pledge_id, currency=currency,
        entries=_of_supporter(offer_id, line, currency),
        resolves=transfer_id(Kind.PLEDGE, line.pledge_id), link=link,
    )  # fmt: skip
    if not matched:
        return (taken,)
    funder = Account(role=Role.FUNDER, currency=currency)
    match = Transfer(
        kind=Kind.MATCH, subject_id=line.pledge_id, currency=currency, link=link,
        entries=_moved(funder, _raised(offer_id, currency), minor=line.match_minor, code="match"),
    )  # fmt: skip
    return taken, match


def _of_supporter(
    offer_id: UUID, one: Pledge | PledgeLine, currency: Currency
) -> tuple[Entry, Entry]:
    supporter = Account(role=Role.SUPPORTER, owner_id=one.person_id, currency=currency)
    return _moved(supporter, _raised(offer_id, currency), minor=one.amount_minor, code="pledge")


def _raised(offer_id: UUID, currency: Currency) -> Account:
    return Account(role=Role.OFFER, owner_id=offer_id, currency=currency)


def _moved(debit: Account, credit: Account, *, minor: int, code: str) -> tuple[Entry, Entry]:
    return (
        Entry(account=debit, amount_minor=minor, code=code),
        Entry(account=credit, amount_minor=-minor, code=code),
    )
