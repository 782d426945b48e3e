"""What everybody may see of the commons: no name, no pledge with its person."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import text

from foundation.identifiers import UUID, PersonId
from foundation.money import Currency
from governance.commons import store
from governance.commons.budget import ProjectProposal
from governance.commons.local_spend import Spend, SpendShares, TagPeriod, spend_shares
from governance.commons.offers import Pledge
from governance.commons.pact import Duty, Pact, PactState, overdue_duties, state_of
from governance.commons.purchasing import Tag
from storage.work import Reading

_OFFERS = text("""
    SELECT offer.offer_id, CAST(terms AS jsonb) ->> 'title' AS title, currency, target_minor,
           threshold_minor, opens_at, closes_at, settlement.outcome, settlement.match_minor,
           coalesce(sum(pledge.amount_minor), 0) AS pledged, count(pledge.pledge_id) AS pledges
    FROM commons.offer LEFT JOIN commons.settlement USING (offer_id)
    LEFT JOIN commons.standing_pledge AS pledge USING (offer_id)
    GROUP BY offer.offer_id, settlement.offer_id
    ORDER BY opens_at, offer.offer_id LIMIT 1000
""")

_BUDGETS = text("""
    SELECT budget_id, CAST(terms AS jsonb) ->> 'title' AS title, pot_minor, currency, lodge_by,
           vote_by, document FROM commons.budget LEFT JOIN commons.budget_result USING (budget_id)
    ORDER BY budget.made_at, budget_id LIMIT 1000
""")

_PROPOSALS = text("""
    SELECT proposal_id, title, body, proposal.lodged_on, answer_by, accepted, reasons
    FROM commons.proposal LEFT JOIN commons.answer USING (proposal_id)
    ORDER BY proposal.made_at DESC, proposal_id DESC LIMIT :limit
""")

_PURCHASES = text("""
    SELECT purchase_id, terms, document,
           (SELECT count(*) FROM commons.bid AS one
            WHERE one.purchase_id = purchase.purchase_id) AS bids
    FROM commons.purchase LEFT JOIN commons.award USING (purchase_id)
    ORDER BY purchase.made_at, purchase_id LIMIT 1000
""")

# The member with whom a pact was made: who proposed it to the board, or lodged it with the fund.
_PROPOSER = text("""
    SELECT coalesce(proposal.proposer_id, project.proposer_id) FROM commons.pact
    LEFT JOIN commons.proposal USING (proposal_id)
    LEFT JOIN commons.project ON (project.budget_id, project.project_id)
                               = (pact.budget_id, pact.project_id)
    WHERE pact_id = :id
""")

_SPEND = text("""
    SELECT supplier_id, paid_on, amount_minor FROM commons.spend
    WHERE currency = :currency AND extract(year FROM paid_on) = :year
""")

_TAGS = text("SELECT supplier_id, tag, since, until FROM commons.supplier_tag")


@dataclass(frozen=True, slots=True, kw_only=True)
class PactView:
    """A pact as everybody sees it; `progress` is the share of duties done, 0 to 1."""

    pact_id: UUID
    title: str
    aim: str
    state: PactState
    progress: Fraction
    overdue: tuple[Duty, ...]
    review_on: date
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferView:
    """An offer as everybody sees it; amounts in minor units. `outcome` is None until settled."""

    offer_id: UUID
    title: str
    currency: Currency
    target_minor: int
    threshold_minor: int
    pledged_minor: int
    pledges: int
    opens_at: datetime
    closes_at: datetime
    outcome: str | None
    match_minor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetView:
    """A fund as everybody sees it; `result` is the published count, ballots without names."""

    budget_id: UUID
    title: str
    currency: Currency
    pot_minor: int
    lodge_by: date
    vote_by: date
    result: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseView:
    """A purchase as everybody sees it: its terms, how many bid, and once awarded the whole table."""

    purchase_id: UUID
    terms: Mapping[str, Any]
    bids: int
    table: Mapping[str, Any] | None


async def list_purchases(work: Reading) -> tuple[PurchaseView, ...]:
    """Every purchase, the oldest first; one statement."""
    return tuple(
        PurchaseView(
            purchase_id=row.purchase_id, terms=json.loads(row.terms), bids=row.bids,
            table=None if row.document is None else json.loads(row.document),
        )
        for row in (await work.execute(_PURCHASES)).all()
    )  # fmt: skip


async def list_pacts(work: Reading, today: date) -> tuple[PactView, ...]:
    """Every pact as it stands on the city's day `today`, the oldest first."""
    return tuple(
        PactView(
            pact_id=pact_id, title=pact.terms.title, aim=pact.terms.aim,
            state=state_of(pact, today), progress=pact.progress,
            overdue=overdue_duties(pact, today), review_on=pact.review_on, ends_on=pact.ends_on,
        )
        for pact_id, pact in (await store.list_pacts(work)).items()
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalView:
    """A proposal with the board's answer; `accepted` and `reasons` are None until there is one."""

    proposal_id: UUID
    title: str
    body: str
    lodged_on: date
    answer_by: date
    accepted: bool | None
    reasons: str | None


async def list_proposals(work: Reading, *, limit: int) -> tuple[ProposalView, ...]:
    """Proposals to the board, the newest first."""
    return tuple(
        ProposalView(
            proposal_id=row.proposal_id, title=row.title, body=row.body, lodged_on=row.lodged_on,
            answer_by=row.answer_by, accepted=row.accepted, reasons=row.reasons,
        )
        for row in (await work.execute(_PROPOSALS, {"limit": limit})).all()
    )  # fmt: skip


async def get_pact(work: Reading, pact_id: UUID) -> Pact:
    """A pact with what was done; raises `CommonsNotFound`."""
    return await store.get_pact(work, pact_id)


async def proposer_of(work: Reading, pact_id: UUID) -> PersonId:
    """With whom a pact was made; there is such a pact."""
    return PersonId((await work.execute(_PROPOSER, {"id": pact_id})).scalar_one())


async def list_projects(work: Reading, budget_id: UUID) -> tuple[ProjectProposal, ...]:
    """What was lodged with a fund, by identifier; raises `CommonsNotFound`."""
    terms = await store.get_budget(work, budget_id)
    return tuple(await store.list_projects(work, budget_id, terms))


async def currency_of(work: Reading, budget_id: UUID) -> Currency:
    """The currency of a fund; raises `CommonsNotFound`."""
    return (await store.get_budget(work, budget_id)).pot.currency


async def pledges_of(work: Reading, offer_id: UUID, person_id: PersonId) -> tuple[Pledge, ...]:
    """A person's pledges to an offer, oldest first; raises `CommonsNotFound`."""
    await store.get_offer(work, offer_id)
    return await store.list_pledges(work, offer_id, by=person_id)


async def list_offers(work: Reading) -> tuple[OfferView, ...]:
    """Every matched offer with what stands pledged, by opening."""
    return tuple(
        OfferView(
            offer_id=row.offer_id, title=row.title, currency=Currency(row.currency),
            target_minor=row.target_minor, threshold_minor=row.threshold_minor,
            pledged_minor=int(row.pledged), pledges=row.pledges, opens_at=row.opens_at,
            closes_at=row.closes_at, outcome=row.outcome, match_minor=row.match_minor,
        )
        for row in (await work.execute(_OFFERS)).all()
    )  # fmt: skip


async def list_budgets(work: Reading) -> tuple[BudgetView, ...]:
    """Every community fund, the oldest first."""
    return tuple(
        BudgetView(
            budget_id=row.budget_id, title=row.title, currency=Currency(row.currency),
            pot_minor=row.pot_minor, lodge_by=row.lodge_by, vote_by=row.vote_by,
            result=None if row.document is None else json.loads(row.document),
        )
        for row in (await work.execute(_BUDGETS)).all()
    )  # fmt: skip


async def local_spend(work: Reading, *, year: int, currency: Currency) -> SpendShares:
    """The share of a year's spend that stays in the city, as CLES measures it."""
    rows = (await work.execute(_SPEND, {"year": year, "currency": currency})).all()
    tags: dict[str, list[TagPeriod]] = {}
    for one in (await work.execute(_TAGS)).all():
        period = TagPeriod(tag=Tag(one.tag), since=one.since, until=one.until)
        tags.setdefault(str(one.supplier_id), []).append(period)
    spends: Sequence[Spend] = [
        Spend(supplier_id=str(row.supplier_id), paid_on=row.paid_on, amount_minor=row.amount_minor)
        for row in rows
    ]
    return spend_shares(
        spends, lambda supplier: tags.get(supplier, []), year=year, currency=currency
    )
