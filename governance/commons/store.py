"""The SQL of the commons: facts put in, and read back as the values they were."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError

from foundation.identifiers import UUID, PersonId
from foundation.money import Money
from governance.commons.budget import BudgetTerms, ProjectProposal
from governance.commons.documents import (
    budget_terms_of,
    offer_terms_of,
    pact_terms_of,
    purchase_terms_of,
)
from governance.commons.errors import CommonsNotFound, CommonsRefused
from governance.commons.offers import OfferTerms, Pledge
from governance.commons.pact import DutyDone, Outcome, Pact, Review
from governance.commons.purchasing import Bid, PurchaseTerms, Supplier, Tag
from storage.refusals import constraint_of
from storage.work import Reading, UnitOfWork

_LOCK = text("SELECT commons.one_at_a_time(:of)")

_PROPOSAL = text("""
    SELECT lodged_on, answer.accepted FROM commons.proposal
    LEFT JOIN commons.answer USING (proposal_id, lodged_on) WHERE proposal_id = :id
""")
_WANTED = "CAST(:id AS uuid) IS NULL OR pact_id = :id"
_PACTS = text(f"""
    SELECT pact_id, terms FROM commons.pact WHERE {_WANTED} ORDER BY made_at, pact_id LIMIT 1000
""")
_DONE = text(f"SELECT * FROM commons.duty_done WHERE {_WANTED} ORDER BY made_at, number")
_REVIEWS = text(f"SELECT * FROM commons.pact_review WHERE {_WANTED} ORDER BY ordinal")
_BUDGET = text("SELECT terms FROM commons.budget WHERE budget_id = :id")
_IS_SETTLED = text("""
    SELECT commons.is_voted_on(:id)
        OR EXISTS (SELECT FROM commons.budget_result WHERE budget_id = :id)
""")
_PROJECTS = text("""
    SELECT project.*, coalesce(
        (SELECT array_agg(person_id ORDER BY person_id) FROM commons.project_support AS behind
         WHERE behind.budget_id = project.budget_id AND behind.project_id = project.project_id),
        CAST(ARRAY[] AS uuid[])) AS supporters
    FROM commons.project WHERE budget_id = :id ORDER BY project_id
""")
_OFFER = text("SELECT terms FROM commons.offer WHERE offer_id = :id")
_PLEDGES = text("""
    SELECT pledge.*, withdrawn_at FROM commons.pledge LEFT JOIN commons.pledge_withdrawal
    USING (pledge_id) WHERE offer_id = :id AND (CAST(:by AS uuid) IS NULL OR person_id = :by)
    ORDER BY made_at, pledge_id
""")
_BOOKED = text("""
    SELECT pledge_id FROM commons.pledge
    JOIN ledger.transfer ON subject_id = pledge_id AND transfer.kind = 'pledge'
    WHERE offer_id = :id
""")
_BENEFICIARIES = text("SELECT person_id FROM commons.offer_beneficiary WHERE offer_id = :id")
_PURCHASE = text("SELECT terms FROM commons.purchase WHERE purchase_id = :id")
_BIDS = text("""
    SELECT bid.*, supplier.name, coalesce(
        (SELECT array_agg(tag) FROM commons.supplier_tag AS shown
         WHERE shown.supplier_id = bid.supplier_id AND since <= :today AND :today < until),
        CAST(ARRAY[] AS text[])) AS tags
    FROM commons.bid JOIN commons.supplier USING (supplier_id) WHERE purchase_id = :id
    ORDER BY supplier_id
""")


async def put(work: UnitOfWork, table: str, **row: object) -> None:
    """Insert one row; `table` and the columns are names of the program's own.

    Raises
    ------
    CommonsRefused
        If a rule of the database stands against it.
    """
    await put_all(work, table, [row])


async def put_all(work: UnitOfWork, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows of the same columns together; raises as `put`."""
    if not rows:
        return
    columns = ", ".join(rows[0])
    values = ", ".join(f":{name}" for name in rows[0])
    insert = text(f"INSERT INTO commons.{table} ({columns}) VALUES ({values})")
    try:
        await work.execute(insert, rows)
    except IntegrityError as error:
        raise CommonsRefused(constraint_of(error) or "integrity") from None


async def lock(work: UnitOfWork, of: UUID) -> None:
    """Wait for whoever acts on this pact, budget, offer or purchase now."""
    await work.execute(_LOCK, {"of": of})


async def _one(work: Reading, statement: Any, wanted: UUID, what: str) -> Row[Any]:
    row = (await work.execute(statement, {"id": wanted})).one_or_none()
    if row is None:
        raise CommonsNotFound(what)
    return row


async def get_proposal(work: Reading, proposal_id: UUID) -> Row[Any]:
    """`lodged_on`, and `accepted` if it is answered.

    Raises
    ------
    CommonsNotFound
        If there is none.
    """
    return await _one(work, _PROPOSAL, proposal_id, "proposal")


async def get_pact(work: Reading, pact_id: UUID) -> Pact:
    """A pact with what was done and found.

    Raises
    ------
    CommonsNotFound
        If there is none.
    """
    pacts = await list_pacts(work, pact_id)
    if pact_id not in pacts:
        raise CommonsNotFound("pact")
    return pacts[pact_id]


async def list_pacts(work: Reading, pact_id: UUID | None = None) -> Mapping[UUID, Pact]:
    """Every pact, or the one of that identifier, the oldest first: three statements."""
    wanted = {"id": pact_id}
    done: dict[UUID, list[DutyDone]] = {}
    for one in (await work.execute(_DONE, wanted)).all():
        reported = DutyDone(number=one.number, done_on=one.done_on)
        done.setdefault(one.pact_id, []).append(reported)
    reviews: dict[UUID, list[Review]] = {}
    for one in (await work.execute(_REVIEWS, wanted)).all():
        found = Review(
            outcome=Outcome(one.outcome), findings=one.findings, reviewed_on=one.reviewed_on,
            next_review_on=one.next_review_on, ends_on=one.ends_on,
        )  # fmt: skip
        reviews.setdefault(one.pact_id, []).append(found)
    return {
        row.pact_id: Pact(
            terms=pact_terms_of(json.loads(row.terms)),
            done=tuple(done.get(row.pact_id, ())),
            reviews=tuple(reviews.get(row.pact_id, ())),
        )
        for row in (await work.execute(_PACTS, wanted)).all()
    }


async def get_budget(work: Reading, budget_id: UUID) -> BudgetTerms:
    """A fund's terms.

    Raises
    ------
    CommonsNotFound
        If there is none.
    """
    row = await _one(work, _BUDGET, budget_id, "budget")
    return budget_terms_of(json.loads(row.terms))


async def is_divided_or_voted_on(work: UnitOfWork, budget_id: UUID) -> bool:
    """Whether a fund is divided, or a vote that divides it is under way; nobody begins one now."""
    await lock(work, budget_id)
    return bool((await work.execute(_IS_SETTLED, {"id": budget_id})).scalar_one())


async def list_projects(
    work: Reading, budget_id: UUID, terms: BudgetTerms
) -> tuple[ProjectProposal, ...]:
    """Every project that was lodged, by id, with who stands behind it."""
    rows = (await work.execute(_PROJECTS, {"id": budget_id})).all()
    return tuple(
        ProjectProposal(
            project_id=row.project_id, proposer_id=PersonId(row.proposer_id),
            cost=Money(row.cost_minor, terms.pot.currency), lodged_on=row.lodged_on,
            supporters=frozenset(PersonId(one) for one in row.supporters),
            terms=pact_terms_of(json.loads(row.terms)),
        )
        for row in rows
    )  # fmt: skip


async def get_offer(work: Reading, offer_id: UUID) -> OfferTerms:
    """An offer's terms.

    Raises
    ------
    CommonsNotFound
        If there is none.
    """
    return offer_terms_of(json.loads((await _one(work, _OFFER, offer_id, "offer")).terms))


async def list_pledges(
    work: Reading, offer_id: UUID, *, by: PersonId | None = None
) -> tuple[Pledge, ...]:
    """Every pledge, or every one of a person's; withdrawn ones too, the earliest first."""
    rows = (await work.execute(_PLEDGES, {"id": offer_id, "by": by})).all()
    return tuple(
        Pledge(
            pledge_id=row.pledge_id, person_id=PersonId(row.person_id),
            amount_minor=row.amount_minor, made_at=row.made_at, resident=row.resident,
            withdrawn_at=row.withdrawn_at,
        )
        for row in rows
    )  # fmt: skip


async def list_booked(work: Reading, offer_id: UUID) -> frozenset[UUID]:
    """Which pledges of the offer are set aside in the books, or were."""
    rows = (await work.execute(_BOOKED, {"id": offer_id})).all()
    return frozenset(row.pledge_id for row in rows)


async def list_beneficiaries(work: Reading, offer_id: UUID) -> frozenset[PersonId]:
    """Who gets something from the offer."""
    rows = (await work.execute(_BENEFICIARIES, {"id": offer_id})).all()
    return frozenset(PersonId(row.person_id) for row in rows)


async def get_purchase(work: Reading, purchase_id: UUID) -> PurchaseTerms:
    """A purchase's terms.

    Raises
    ------
    CommonsNotFound
        If there is none.
    """
    row = await _one(work, _PURCHASE, purchase_id, "purchase")
    return purchase_terms_of(json.loads(row.terms))


async def list_bids(work: Reading, purchase_id: UUID, today: object) -> Sequence[Bid]:
    """The bids, each supplier with the tags that hold on the day `today`."""
    rows = (await work.execute(_BIDS, {"id": purchase_id, "today": today})).all()
    return [
        Bid(
            supplier=Supplier(
                supplier_id=str(row.supplier_id), name=row.name,
                tags=frozenset(Tag(one) for one in row.tags),
            ),
            price_minor=row.price_minor, quality_points=row.quality_points,
            carbon_grams=row.carbon_grams,
        )
        for row in rows
    ]  # fmt: skip
