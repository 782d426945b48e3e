"""Pledges in the books, written in the unit of work that makes, takes back or settles them."""

from collections.abc import Iterable

from foundation.identifiers import UUID
from foundation.money import Currency
from governance.commons import store
from governance.commons.offers import Pledge, Settlement
from governance.commons.pledge_postings import (
    WITHDRAWN,
    let_go,
    pledge_transfer,
    settlement_transfers,
)
from ledger.events import PledgeBooked
from ledger.store import transfers as books
from ledger.transfer import Transfer
from storage.work import UnitOfWork


async def book_pledge(work: UnitOfWork, offer_id: UUID, pledge: Pledge, currency: Currency) -> None:
    """Set aside what was pledged, unless it is set aside."""
    transfer = pledge_transfer(offer_id, pledge, currency)
    if await books.insert_transfer(work, transfer):
        announce(work, [transfer])


async def book_withdrawal(
    work: UnitOfWork, offer_id: UUID, pledge: Pledge, currency: Currency
) -> None:
    """Let go what was set aside for a pledge that is taken back."""
    # A pledge older than its entry in the books gets one, so that the books tell of its end too.
    await book_pledge(work, offer_id, pledge, currency)
    void = let_go(pledge.pledge_id, currency, reason=WITHDRAWN)
    if await books.insert_transfer(work, void):
        announce(work, [void])


async def book_settlement(
    work: UnitOfWork,
    offer_id: UUID,
    *,
    pledges: Iterable[Pledge],
    settlement: Settlement,
    currency: Currency,
) -> None:
    """Take all pledges with the city's part, or let all go; as many statements however many they are."""
    settled = {line.pledge_id for line in settlement.lines}
    missing = settled - await store.list_booked(work, offer_id)
    late = [pledge_transfer(offer_id, one, currency) for one in pledges if one.pledge_id in missing]
    ended = settlement_transfers(offer_id, settlement, currency)
    for transfers in (late, ended):
        await books.insert_transfers(work, [(one, work.now) for one in transfers])
        announce(work, transfers)


def announce(work: UnitOfWork, transfers: Iterable[Transfer]) -> None:
    """Tell of transfers of pledges, a fact each."""
    for one in transfers:
        work.announce(
            PledgeBooked(
                event_id=work.new_id(), occurred_at=work.now, transfer_id=one.transfer_id,
                currency=one.currency, pledge_id=one.subject_id, what=one.kind.value,
                amount_minor=max((entry.amount_minor for entry in one.entries), default=0),
            )
        )  # fmt: skip
