"""A city whose commons are in use: a pact, a divided fund, an open offer, a year's spend."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg

from foundation.chance import SeededChance
from foundation.identifiers import PersonId
from foundation.money import Currency, Money
from governance.commons.pact import Answer, PactTerms
from governance.commons.purchasing import Tag
from governance.commons.service import fund, offers, pacts, purchases
from governance.counting.budget import BudgetPaper
from storage.engine import Database
from storage.work import UnitOfWork
from tests.commons import LOTS, START, budget_terms, offer_terms, pact_terms, project


async def use_the_commons(address: str, *, currency: Currency) -> None:
    """Write all of it as the service would, by the charter's adoption, for the founded city."""
    with psycopg.connect(address) as connection:
        people = [
            PersonId(row[0])
            for row in connection.execute(
                "SELECT person_id FROM registry.person ORDER BY 1 LIMIT 3"
            )
        ]
        (adoption,) = connection.execute("SELECT adoption_id FROM rulebook.adoption").fetchone()
    database = Database(address, chance=SeededChance(11), pool_size=1)
    async with database.work() as work:
        await _a_pact(work, people, currency)
        await _a_fund(work, people, currency, adoption)
        await _an_offer(work, people, currency, adoption)
        await _a_year_s_spend(work, currency)
    await database.dispose()


def _in(terms: PactTerms, currency: Currency, later: timedelta = timedelta()) -> PactTerms:
    """The same in another currency and at another time."""
    return replace(
        terms,
        payments=tuple(
            replace(one, amount=Money(one.amount.minor, currency), due_on=one.due_on + later)
            for one in terms.payments
        ),
        duties=tuple(replace(one, due_on=one.due_on + later) for one in terms.duties),
        starts_on=terms.starts_on + later,
        review_on=terms.review_on + later,
        ends_on=terms.ends_on + later,
    )


async def _a_pact(work: UnitOfWork, people: list[PersonId], currency: Currency) -> None:
    """Begun so long ago that one duty is overdue."""
    today = work.now.date()
    proposal_id = work.new_id()
    await pacts.lodge_proposal(
        work, proposal_id=proposal_id, proposer_id=people[0], title="Two benches at the rank",
        body="Drivers and riders wait standing.", today=today - timedelta(days=60), answer_days=30,
    )  # fmt: skip
    answer = Answer(accepted=True, reasons="There is room.", answered_on=today - timedelta(days=50))
    await pacts.answer_proposal(work, proposal_id=proposal_id, by=people[1], answer=answer)
    begun = today - timedelta(days=40) - START
    await pacts.agree_pact(
        work, pact_id=work.new_id(), proposal_id=proposal_id,
        terms=_in(pact_terms(), currency, begun),
    )  # fmt: skip


async def _a_fund(
    work: UnitOfWork, people: list[PersonId], currency: Currency, adoption: UUID
) -> None:
    terms = replace(budget_terms(), pot=Money(100_00, currency))
    budget_id = work.new_id()
    await fund.open_budget(work, budget_id=budget_id, adoption_id=adoption, terms=terms)
    members = frozenset(people)
    for name, cost in (("a", 60_00), ("b", 30_00)):
        lodged = project(name, cost, proposer_id=people[0], cost=Money(cost, currency))
        lodged = replace(lodged, terms=_in(lodged.terms, currency))
        await fund.lodge_project(work, budget_id=budget_id, project=lodged, members=members)
    papers = [BudgetPaper(projects=("a", "b"), count=2)]
    await fund.divide_budget(work, budget_id=budget_id, papers=papers, members=members, lots=LOTS)


async def _an_offer(
    work: UnitOfWork, people: list[PersonId], currency: Currency, adoption: UUID
) -> None:
    terms = offer_terms(
        currency=currency, opens_at=work.now - timedelta(days=1),
        closes_at=work.now + timedelta(days=49),
    )  # fmt: skip
    offer_id = work.new_id()
    await offers.open_offer(work, offer_id=offer_id, adoption_id=adoption, terms=terms)
    await offers.make_pledge(
        work, offer_id=offer_id, pledge_id=work.new_id(), person_id=people[0],
        amount_minor=150_00, resident=True,
    )  # fmt: skip


async def _a_year_s_spend(work: UnitOfWork, currency: Currency) -> None:
    """A quarter of it in the city."""
    begin = work.now.date().replace(month=1, day=1)
    local, other = work.new_id(), work.new_id()
    for supplier_id, name in ((local, "Corner Garage"), (other, "Chain of Tyres")):
        await purchases.add_supplier(work, supplier_id=supplier_id, name=name)
    await purchases.tag_supplier(
        work, supplier_id=local, tag=Tag.LOCAL, since=begin, until=begin + timedelta(days=365),
        evidence="Register of companies.",
    )  # fmt: skip
    for reference, supplier_id, minor in (("1", local, 100_00), ("2", other, 300_00)):
        await purchases.record_spend(
            work, reference=reference, supplier_id=supplier_id, paid_on=begin + timedelta(days=9),
            amount=Money(minor, currency),
        )  # fmt: skip
