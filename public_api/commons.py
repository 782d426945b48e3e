"""The commons: pacts, community funds, matched offers, and how much spend stays in the city."""

from datetime import date, datetime
from fractions import Fraction
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.requests import Request

from doorway.schemas import Model, problems
from doorway.services import services_of
from foundation.money import Currency, round_half_up
from governance.commons import views
from governance.commons.local_spend import SpendShares

router = APIRouter(prefix="/public/v1/commons", tags=["the commons"])

Bps = Annotated[int | None, Field(description="Ten-thousandths; null if nothing was paid.")]


class DutyOut(Model):
    """What a party of a pact does by a day."""

    number: int
    party: str = Field(description="proposers, cooperative or city")
    what: str
    due_on: date


class PactOut(Model):
    """A pact as it stands today."""

    pact_id: UUID
    title: str
    aim: str
    state: str = Field(description="agreed, in_force, review_due, kept or ended")
    duties_done_bps: int = Field(description="Ten-thousandths of the duties.")
    overdue: list[DutyOut]
    review_on: date
    ends_on: date


class PactsOut(Model):
    """Every pact, the oldest first."""

    pacts: list[PactOut]


class BudgetOut(Model):
    """A community fund; `result` is its whole count, ballots without names, once divided."""

    budget_id: UUID
    title: str
    currency: str
    pot_minor: int
    lodge_by: date
    vote_by: date
    result: dict[str, Any] | None


class BudgetsOut(Model):
    """Every community fund, the oldest first."""

    budgets: list[BudgetOut]


class MatchedOfferOut(Model):
    """A matched offer with what stands pledged; nothing is said of who pledged."""

    offer_id: UUID
    title: str
    currency: str
    target_minor: int
    threshold_minor: int = Field(description="What eligible pledges must reach.")
    pledged_minor: int
    pledges: int
    opens_at: datetime
    closes_at: datetime
    outcome: str | None = Field(description="posted or voided; null until settled")
    match_minor: int | None = Field(description="What the city adds; null until settled.")


class MatchedOffersOut(Model):
    """Every matched offer, by opening."""

    offers: list[MatchedOfferOut]


class LocalSpendOut(Model):
    """A year's spend by the suppliers' seats, as CLES measures it, in minor units."""

    year: int
    currency: str
    total_minor: int
    in_city_minor: int
    in_region_minor: int = Field(description="Around the city, without it.")
    elsewhere_minor: int = Field(description="Or no seat shown.")
    local_bps: Bps
    regional_bps: Annotated[Bps, Field(description="City and region together.")]
    co_op_bps: Bps
    living_wage_bps: Bps


@router.get("/pacts", responses=problems(), summary="Who does what with whom")
async def pacts(request: Request) -> PactsOut:
    """Every pact with its state, the share of duties done and those overdue."""
    services = services_of(request)
    today = services.now().astimezone(services.city.pack.zone_info).date()
    async with services.database.reading() as work:
        found = await views.list_pacts(work, today)
    return PactsOut(pacts=[pact_out(one) for one in found])


@router.get("/budgets", responses=problems(), summary="What the community fund pays for")
async def budgets(request: Request) -> BudgetsOut:
    """Every fund; once divided with the whole count, so that anyone can count again."""
    async with services_of(request).database.reading() as work:
        found = await views.list_budgets(work)
    return BudgetsOut(
        budgets=[
            BudgetOut(
                budget_id=one.budget_id, title=one.title, currency=one.currency,
                pot_minor=one.pot_minor, lodge_by=one.lodge_by, vote_by=one.vote_by,
                result=None if one.result is None else dict(one.result),
            )
            for one in found
        ]
    )  # fmt: skip


@router.get("/offers", responses=problems(), summary="What the city matches")
async def offers(request: Request) -> MatchedOffersOut:
    """Every matched offer and how far it has come."""
    async with services_of(request).database.reading() as work:
        found = await views.list_offers(work)
    return MatchedOffersOut(
        offers=[
            MatchedOfferOut(
                offer_id=one.offer_id, title=one.title, currency=one.currency,
                target_minor=one.target_minor, threshold_minor=one.threshold_minor,
                pledged_minor=one.pledged_minor, pledges=one.pledges, opens_at=one.opens_at,
                closes_at=one.closes_at, outcome=one.outcome, match_minor=one.match_minor,
            )
            for one in found
        ]
    )  # fmt: skip


@router.get("/local-spend/{year}", responses=problems(), summary="How much spend stays here")
async def local_spend(
    request: Request, year: Annotated[int, Path(ge=2000, le=2999)]
) -> LocalSpendOut:
    """The share of a year's payments to suppliers that went to those with their seat in the city."""
    services = services_of(request)
    currency = Currency(services.city.pack.currency)
    async with services.database.reading() as work:
        return spend_out(await views.local_spend(work, year=year, currency=currency))


def pact_out(one: views.PactView) -> PactOut:
    """A pact as everybody reads it."""
    return PactOut(
        pact_id=one.pact_id, title=one.title, aim=one.aim, state=one.state.value,
        duties_done_bps=_bps(one.progress),
        overdue=[
            DutyOut(
                number=duty.number, party=duty.party.value, what=duty.what, due_on=duty.due_on
            )
            for duty in one.overdue
        ],
        review_on=one.review_on, ends_on=one.ends_on,
    )  # fmt: skip


def spend_out(found: SpendShares) -> LocalSpendOut:
    """A year's spend as everybody reads it."""

    def share(of: Fraction | None) -> int | None:
        return None if of is None else _bps(of)

    return LocalSpendOut(
        year=found.year, currency=found.currency, total_minor=found.total_minor,
        in_city_minor=found.in_city_minor, in_region_minor=found.in_region_minor,
        elsewhere_minor=found.elsewhere_minor, local_bps=share(found.local_share),
        regional_bps=share(found.regional_share), co_op_bps=share(found.co_op_share),
        living_wage_bps=share(found.living_wage_share),
    )  # fmt: skip


def _bps(share: Fraction) -> int:
    return round_half_up(share.numerator * 10_000, share.denominator)
