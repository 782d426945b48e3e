"""Suppliers and their tags, purchases, bids, awards, and what was spent."""

from datetime import date

from foundation.identifiers import UUID
from foundation.money import Money
from governance.commons import store
from governance.commons.documents import plain
from governance.commons.events import PurchaseAwarded
from governance.commons.purchasing import PurchaseTerms, ScoreTable, Tag, score
from governance.counting.lots import Lots
from rulebook.rule import canonical, digest_of
from storage.work import UnitOfWork


async def add_supplier(work: UnitOfWork, *, supplier_id: UUID, name: str) -> None:
    """Take a supplier into the record.

    Raises
    ------
    CommonsRefused
        If the identifier is taken.
    """
    await store.put(work, "supplier", supplier_id=supplier_id, name=name)


async def tag_supplier(
    work: UnitOfWork, *, supplier_id: UUID, tag: Tag, since: date, until: date, evidence: str
) -> None:
    """Write down what a supplier has shown; `until` is the first day on which it no longer counts.

    Raises
    ------
    CommonsRefused
        If it holds for more than a year, overlaps the same tag, or gives the supplier two seats.
    """
    await store.put(
        work, "supplier_tag", supplier_id=supplier_id, tag=tag.value, since=since, until=until,
        evidence=evidence,
    )  # fmt: skip


async def open_purchase(
    work: UnitOfWork, *, purchase_id: UUID, adoption_id: UUID, terms: PurchaseTerms
) -> None:
    """Open a purchase by weights that an adoption names.

    Raises
    ------
    CommonsRefused
        If there is no such adoption.
    """
    body = plain(terms)
    await store.put(
        work, "purchase", purchase_id=purchase_id, adoption_id=adoption_id,
        terms=canonical(body).decode(), digest=digest_of(body), currency=terms.currency,
        ceiling_minor=terms.ceiling_minor,
    )  # fmt: skip


async def record_bid(
    work: UnitOfWork,
    *,
    purchase_id: UUID,
    supplier_id: UUID,
    price_minor: int,
    quality_points: int,
    carbon_grams: int | None,
) -> None:
    """Write down a bid as it was opened, with the panel's points.

    Raises
    ------
    CommonsNotFound
        If there is no such purchase.
    CommonsRefused
        If the supplier has bid, is not in the record, or the purchase is awarded.
    """
    await store.get_purchase(work, purchase_id)
    await store.put(
        work, "bid", purchase_id=purchase_id, supplier_id=supplier_id, price_minor=price_minor,
        quality_points=quality_points, carbon_grams=carbon_grams,
    )  # fmt: skip


async def award_purchase(
    work: UnitOfWork, *, purchase_id: UUID, today: date, lots: Lots
) -> ScoreTable:
    """Score the bids by the tags of today and publish the table; the first row has won.

    Raises
    ------
    CommonsNotFound
        If there is no such purchase.
    CommonsRefused
        If it is awarded already.
    """
    await store.lock(work, purchase_id)
    terms = await store.get_purchase(work, purchase_id)
    bids = await store.list_bids(work, purchase_id, today)
    table = score(terms, bids, lots)
    winner = None if table.winner is None else UUID(table.winner)
    document = plain(table)
    await store.put(
        work, "award", purchase_id=purchase_id, supplier_id=winner, bids=len(bids),
        document=canonical(document).decode(), digest=digest_of(document),
    )  # fmt: skip
    work.announce(
        PurchaseAwarded(
            event_id=work.new_id(), occurred_at=work.now,
            purchase_id=purchase_id, supplier_id=winner,
        )
    )  # fmt: skip
    return table


async def record_spend(
    work: UnitOfWork, *, reference: str, supplier_id: UUID, paid_on: date, amount: Money
) -> None:
    """Count a payment to a supplier; the reference is the payment's own, so that it counts once.

    Raises
    ------
    CommonsRefused
        If the reference is counted, or the supplier is not in the record.
    """
    await store.put(
        work, "spend", reference=reference, supplier_id=supplier_id, paid_on=paid_on,
        amount_minor=amount.minor, currency=amount.currency,
    )  # fmt: skip
