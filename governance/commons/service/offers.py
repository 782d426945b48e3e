"""Matched offers: opening, pledges and their withdrawal, and settling when the window ends."""

from foundation.identifiers import UUID, PersonId
from governance.commons import store
from governance.commons.documents import plain
from governance.commons.errors import PledgeNotStanding
from governance.commons.events import MatchedOfferOpened, MatchedOfferSettled
from governance.commons.offers import (
    OfferTerms,
    Pledge,
    Settlement,
    check_pledge,
    check_withdrawal,
    settle,
)
from governance.commons.service import pledge_books
from rulebook.rule import canonical, digest_of
from storage.work import UnitOfWork


async def open_offer(
    work: UnitOfWork, *, offer_id: UUID, adoption_id: UUID, terms: OfferTerms
) -> None:
    """Put up an offer by terms that an adoption names.

    Raises
    ------
    CommonsRefused
        If there is no such adoption.
    """
    body = plain(terms)
    await store.put(
        work, "offer", offer_id=offer_id, adoption_id=adoption_id,
        terms=canonical(body).decode(), digest=digest_of(body), currency=terms.currency,
        target_minor=terms.target_minor, threshold_minor=terms.threshold_minor,
        cap_minor=terms.cap_minor, pledge_min_minor=terms.pledge_min_minor,
        person_max_minor=terms.person_max_minor, opens_at=terms.opens_at,
        closes_at=terms.closes_at,
    )  # fmt: skip
    work.announce(
        MatchedOfferOpened(
            event_id=work.new_id(), occurred_at=work.now, offer_id=offer_id,
            target_minor=terms.target_minor, currency=terms.currency,
        )
    )  # fmt: skip


async def name_beneficiary(
    work: UnitOfWork, *, offer_id: UUID, person_id: PersonId, why: str
) -> None:
    """Say who gets something from an offer: their pledges stand and draw no city money.

    Raises
    ------
    CommonsRefused
        If the person is named already, or the offer is settled.
    """
    await store.put(work, "offer_beneficiary", offer_id=offer_id, person_id=person_id, why=why)


async def make_pledge(
    work: UnitOfWork,
    *,
    offer_id: UUID,
    pledge_id: UUID,
    person_id: PersonId,
    amount_minor: int,
    resident: bool,
) -> Pledge:
    """Pledge money: set aside in the books, and none of it moves before the offer is settled.

    Parameters
    ----------
    resident
        Whether the person has shown now that they live in the city.

    Raises
    ------
    CommonsNotFound
        If there is no such offer.
    OfferNotOpen, PledgeOutOfBounds
        If the pledge cannot be taken.
    """
    await store.lock(work, offer_id)
    terms = await store.get_offer(work, offer_id)
    standing = [
        one
        for one in await store.list_pledges(work, offer_id, by=person_id)
        if one.withdrawn_at is None
    ]
    pledge = check_pledge(
        terms,
        standing,
        Pledge(
            pledge_id=pledge_id, person_id=person_id, amount_minor=amount_minor,
            made_at=work.now, resident=resident,
        ),
    )  # fmt: skip
    await store.put(
        work, "pledge", pledge_id=pledge_id, offer_id=offer_id, person_id=person_id,
        amount_minor=amount_minor, resident=resident,
    )  # fmt: skip
    await pledge_books.book_pledge(work, offer_id, pledge, terms.currency)
    return pledge


async def withdraw_pledge(
    work: UnitOfWork, *, offer_id: UUID, pledge_id: UUID, person_id: PersonId
) -> None:
    """Take one's own pledge back, until the offer closes.

    Raises
    ------
    CommonsNotFound
        If there is no such offer.
    PledgeNotStanding
        If the pledge is somebody else's, or withdrawn, or not there.
    OfferNotOpen
        If the offer has closed.
    """
    await store.lock(work, offer_id)
    terms = await store.get_offer(work, offer_id)
    for pledge in await store.list_pledges(work, offer_id, by=person_id):
        if pledge.pledge_id == pledge_id:
            check_withdrawal(terms, pledge, work.now)
            await store.put(work, "pledge_withdrawal", pledge_id=pledge_id)
            await pledge_books.book_withdrawal(work, offer_id, pledge, terms.currency)
            return
    raise PledgeNotStanding


async def settle_offer(work: UnitOfWork, *, offer_id: UUID) -> Settlement:
    """Decide on an offer that has closed: everything is posted or everything is voided.

    Raises
    ------
    CommonsNotFound
        If there is no such offer.
    OfferStillOpen
        If it has not closed.
    CommonsRefused
        If it is settled already.
    """
    await store.lock(work, offer_id)
    terms = await store.get_offer(work, offer_id)
    pledges = await store.list_pledges(work, offer_id)
    found = settle(
        terms,
        pledges,
        beneficiaries=await store.list_beneficiaries(work, offer_id),
        at=work.now,
    )
    document = plain(found)
    await store.put(
        work, "settlement", offer_id=offer_id, outcome=found.end.value,
        pledged_minor=found.pledged_minor, eligible_minor=found.eligible_minor,
        match_minor=found.match_minor, document=canonical(document).decode(),
        digest=digest_of(document),
    )  # fmt: skip
    await store.put_all(
        work,
        "settlement_line",
        [
            {
                "offer_id": offer_id,
                "pledge_id": line.pledge_id,
                "amount_minor": line.amount_minor,
                "eligible_minor": line.eligible_minor,
                "match_minor": line.match_minor,
            }
            for line in found.lines
        ],
    )
    await pledge_books.book_settlement(
        work, offer_id, pledges=pledges, settlement=found, currency=terms.currency
    )
    work.announce(
        MatchedOfferSettled(
            event_id=work.new_id(), occurred_at=work.now, offer_id=offer_id,
            outcome=found.end.value, pledged_minor=found.pledged_minor,
            match_minor=found.match_minor,
        )
    )  # fmt: skip
    return found
