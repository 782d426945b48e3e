"""Suppliers, what they have shown, purchases by voted weights, and what was paid to whom."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Office
from doorway.schemas import problems
from doorway.services import services_of
from foundation.identifiers import UUID
from foundation.money import Currency, Money
from governance.commons import documents
from governance.commons.service import purchases
from governance.counting.lots import SeededLots
from office_api.commons import done, today
from office_api.commons_schemas import (
    AdoptedIn,
    AwardOut,
    BidIn,
    MadeOut,
    SeedIn,
    SpendIn,
    SupplierIn,
    TagIn,
)
from storage.work import UnitOfWork

router = APIRouter(prefix="/commons", tags=["the commons"])


@router.post(
    "/suppliers",
    status_code=201,
    responses={201: {"model": MadeOut}, **problems(409)},
    summary="Take a supplier into the record",
)
async def add_supplier(request: Request, body: SupplierIn, caller: Office) -> Response:
    """By name; what counts for them is shown and tagged."""

    async def act(work: UnitOfWork) -> Any:
        supplier_id = work.new_id()
        await purchases.add_supplier(work, supplier_id=supplier_id, name=body.name)
        return MadeOut(id=supplier_id)

    return await done(request, caller, act, status=201)


@router.post(
    "/suppliers/{supplier_id}/tags",
    status_code=204,
    responses=problems(409),
    summary="Write down what a supplier has shown",
)
async def tag(request: Request, supplier_id: UUID, body: TagIn, caller: Office) -> Response:
    """For a year at most; then it is shown again."""

    async def act(work: UnitOfWork) -> Any:
        await purchases.tag_supplier(
            work,
            supplier_id=supplier_id,
            tag=body.tag,
            since=body.since,
            until=body.until,
            evidence=body.evidence,
        )

    return await done(request, caller, act)


@router.post(
    "/purchases",
    status_code=201,
    responses={201: {"model": MadeOut}, **problems(409)},
    summary="Open a purchase",
)
async def open_purchase(request: Request, body: AdoptedIn, caller: Office) -> Response:
    """By weights that members voted."""

    async def act(work: UnitOfWork) -> Any:
        purchase_id = work.new_id()
        terms = documents.purchase_terms_of(body.terms)
        await purchases.open_purchase(
            work, purchase_id=purchase_id, adoption_id=body.adoption_id, terms=terms
        )
        return MadeOut(id=purchase_id)

    return await done(request, caller, act, status=201)


@router.post(
    "/purchases/{purchase_id}/bids",
    status_code=204,
    responses=problems(404, 409),
    summary="Write down a bid",
)
async def record_bid(request: Request, purchase_id: UUID, body: BidIn, caller: Office) -> Response:
    """As it was opened, with the panel's points; before the award."""

    async def act(work: UnitOfWork) -> Any:
        await purchases.record_bid(
            work,
            purchase_id=purchase_id,
            supplier_id=body.supplier_id,
            price_minor=body.price_minor,
            quality_points=body.quality_points,
            carbon_grams=body.carbon_grams,
        )

    return await done(request, caller, act)


@router.post(
    "/purchases/{purchase_id}/award",
    responses={200: {"model": AwardOut}, **problems(404, 409)},
    summary="Score the bids",
)
async def award(request: Request, purchase_id: UUID, body: SeedIn, caller: Office) -> Response:
    """By the tags of today; the table is published, and its first row has won."""

    async def act(work: UnitOfWork) -> Any:
        table = await purchases.award_purchase(
            work,
            purchase_id=purchase_id,
            today=await today(work),
            lots=SeededLots(bytes.fromhex(body.seed)),
        )
        winner = None if table.winner is None else UUID(table.winner)
        return AwardOut(winner=winner, table=documents.plain(table))

    return await done(request, caller, act)


@router.post(
    "/spends", status_code=204, responses=problems(409), summary="Count a payment to a supplier"
)
async def record_spend(request: Request, body: SpendIn, caller: Office) -> Response:
    """In the city's currency; each payment's reference counts once."""
    currency = Currency(services_of(request).city.pack.currency)

    async def act(work: UnitOfWork) -> Any:
        await purchases.record_spend(
            work,
            reference=body.reference,
            supplier_id=body.supplier_id,
            paid_on=body.paid_on,
            amount=Money(body.amount_minor, currency),
        )

    return await done(request, caller, act)
