"""The commons one by one: a pact with its duties, a fund's projects, purchases with their tables."""

from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request

from doorway.schemas import Model, problems
from doorway.services import services_of
from governance.commons import documents, views
from governance.commons.pact import Outcome, state_of

router = APIRouter(prefix="/public/v1/commons", tags=["the commons"])


class DoneOut(Model):
    """A duty that was reported as done."""

    number: int
    done_on: date


class ReviewOut(Model):
    """What a look back on a pact found."""

    outcome: Outcome
    findings: str
    reviewed_on: date
    next_review_on: date | None
    ends_on: date | None


class WholePactOut(Model):
    """A pact whole: `terms` as they were agreed, what was done, what reviews found."""

    pact_id: UUID
    state: str = Field(description="agreed, in_force, review_due, kept or ended")
    terms: dict[str, Any]
    done: list[DoneOut]
    reviews: list[ReviewOut]


class FundProjectOut(Model):
    """A project lodged with a fund; nothing is said of whose it is and who stands behind it."""

    project_id: str
    title: str
    aim: str
    cost_minor: int
    currency: str
    lodged_on: date
    supporters: int


class FundProjectsOut(Model):
    """By identifier."""

    projects: list[FundProjectOut]


class PurchaseOut(Model):
    """A purchase; `table` has every score with its reason, the best first, once it is awarded."""

    purchase_id: UUID
    terms: dict[str, Any]
    bids: int
    table: dict[str, Any] | None


class PurchasesOut(Model):
    """Every purchase, the oldest first."""

    purchases: list[PurchaseOut]


@router.get("/pacts/{pact_id}", responses=problems(404), summary="One pact, whole")
async def get_pact(request: Request, pact_id: UUID) -> WholePactOut:
    """Who does what until when, who pays whom, what was done, what reviews found."""
    services = services_of(request)
    today = services.now().astimezone(services.city.pack.zone_info).date()
    async with services.database.reading() as work:
        pact = await views.get_pact(work, pact_id)
    return WholePactOut(
        pact_id=pact_id,
        state=state_of(pact, today).value,
        terms=documents.plain(pact.terms),
        done=[DoneOut(number=one.number, done_on=one.done_on) for one in pact.done],
        reviews=[
            ReviewOut(
                outcome=one.outcome, findings=one.findings, reviewed_on=one.reviewed_on,
                next_review_on=one.next_review_on, ends_on=one.ends_on,
            )
            for one in pact.reviews
        ],
    )  # fmt: skip


@router.get(
    "/budgets/{budget_id}/projects", responses=problems(404), summary="What a fund might pay for"
)
async def fund_projects(request: Request, budget_id: UUID) -> FundProjectsOut:
    """Every project lodged with it, and how many stand behind each."""
    async with services_of(request).database.reading() as work:
        found = await views.list_projects(work, budget_id)
    return FundProjectsOut(
        projects=[
            FundProjectOut(
                project_id=one.project_id, title=one.terms.title, aim=one.terms.aim,
                cost_minor=one.cost.minor, currency=one.cost.currency, lodged_on=one.lodged_on,
                supporters=len(one.supporters),
            )
            for one in found
        ]
    )  # fmt: skip


@router.get("/purchases", responses=problems(), summary="What is bought, and by which scores")
async def purchases(request: Request) -> PurchasesOut:
    """Every purchase with the weights that members voted, and once awarded the whole table."""
    async with services_of(request).database.reading() as work:
        found = await views.list_purchases(work)
    return PurchasesOut(
        purchases=[
            PurchaseOut(
                purchase_id=one.purchase_id, terms=dict(one.terms), bids=one.bids,
                table=None if one.table is None else dict(one.table),
            )
            for one in found
        ]
    )  # fmt: skip
