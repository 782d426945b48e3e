"""Pacts, the fund, offers and purchases from the first step to what everybody sees."""

import asyncio
from datetime import date
from fractions import Fraction
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import event, text

from foundation.identifiers import PersonId
from governance.commons import views
from governance.commons.errors import (
    CommonsNotFound,
    CommonsRefused,
    DutyNotOpen,
    OfferNotOpen,
    OfferStillOpen,
    PledgeNotStanding,
    PledgeOutOfBounds,
    ProjectUnfit,
)
from governance.commons.offers import End
from governance.commons.pact import Answer, DutyDone, Outcome, PactState, Review
from governance.commons.purchasing import Tag
from governance.commons.service import fund, offers, pacts, purchases
from governance.counting.budget import BudgetPaper
from storage.engine import Database
from tests.commons import (
    EUR,
    LOTS,
    MEMBERS,
    START,
    budget_terms,
    money,
    offer_terms,
    pact_terms,
    person,
    project,
    purchase_terms,
)
from tests.integration.governance.commons.conftest import ADOPTION
from tests.service_time import move_time

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))
ADA, BO, CEM, ZOE = (person(name) for name in ("ada", "bo", "cem", "zoe"))
DAYS_50 = 50 * 86400
pytestmark = pytest.mark.usefixtures("scene")


async def agreed(database: Database) -> UUID:
    """A pact from an accepted proposal."""
    async with database.work() as work:
        due = await pacts.lodge_proposal(
            work, proposal_id=ONE, proposer_id=ADA, title="Benches", body="Two of them.",
            today=date(2030, 3, 1), answer_days=30,
        )  # fmt: skip
        assert due == date(2030, 3, 31)
        answer = Answer(accepted=True, reasons="They fit.", answered_on=date(2030, 3, 2))
        await pacts.answer_proposal(work, proposal_id=ONE, by=BO, answer=answer)
        await pacts.agree_pact(work, pact_id=TWO, proposal_id=ONE, terms=pact_terms())
    return TWO


async def test_a_pact_from_the_proposal_to_its_review(database: Database) -> None:
    pact_id = await agreed(database)
    async with database.reading() as look:
        (seen,) = await views.list_pacts(look, date(2030, 4, 16))
    assert (seen.state, seen.progress, len(seen.overdue)) == (PactState.IN_FORCE, 0, 1)
    async with database.work() as work:
        for number in (1, 2):
            done = DutyDone(number=number, done_on=date(2030, 4, 20))
            await pacts.report_duty(work, pact_id=pact_id, by=ADA, done=done)
        kept = Review(outcome=Outcome.KEPT, findings="They stand.", reviewed_on=date(2030, 10, 1))
        await pacts.review_pact(work, pact_id=pact_id, by=BO, found=kept)
    async with database.work() as work:
        (seen,) = await views.list_pacts(work, date(2030, 10, 2))
        told = await work.execute(
            text("SELECT kind FROM storage.outbox WHERE topic = 'commons' ORDER BY outbox_id")
        )
        assert told.scalars().all() == [
            "proposal_lodged", "proposal_answered", "pact_agreed", "duty_done", "duty_done",
            "pact_reviewed",
        ]  # fmt: skip
    assert (seen.state, seen.progress, seen.overdue) == (PactState.KEPT, 1, ())


async def test_a_refused_proposal_becomes_no_pact_and_is_answered_once(database: Database) -> None:
    no = Answer(accepted=False, reasons="The tram stops there.", answered_on=date(2030, 3, 2))
    async with database.work() as work:
        await pacts.lodge_proposal(
            work, proposal_id=ONE, proposer_id=ADA, title="Benches", body="Two of them.",
            today=date(2030, 3, 1), answer_days=30,
        )  # fmt: skip
        await pacts.answer_proposal(work, proposal_id=ONE, by=BO, answer=no)
    with pytest.raises(CommonsRefused, match="only what was accepted becomes a pact"):
        async with database.work() as work:
            await pacts.agree_pact(work, pact_id=TWO, proposal_id=ONE, terms=pact_terms())
    with pytest.raises(CommonsRefused, match="answered once"):
        async with database.work() as work:
            await pacts.answer_proposal(work, proposal_id=ONE, by=BO, answer=no)
    with pytest.raises(CommonsNotFound, match="no such proposal"):
        async with database.work() as work:
            await pacts.answer_proposal(work, proposal_id=THREE, by=BO, answer=no)


async def test_a_duty_reported_twice_is_told_as_done(database: Database) -> None:
    pact_id = await agreed(database)
    done = DutyDone(number=1, done_on=START)
    async with database.work() as work:
        await pacts.report_duty(work, pact_id=pact_id, by=ADA, done=done)
    with pytest.raises(DutyNotOpen, match="done already"):
        async with database.work() as work:
            await pacts.report_duty(work, pact_id=pact_id, by=ADA, done=done)


async def test_the_fund_is_divided_and_its_projects_are_pacts(database: Database) -> None:
    terms = budget_terms(supporters_min=1)
    async with database.work() as work:
        await fund.open_budget(work, budget_id=ONE, adoption_id=ADOPTION, terms=terms)
        for one in (project("a", 60_00), project("b", 30_00), project("lonely", 5_00)):
            await fund.lodge_project(work, budget_id=ONE, project=one, members=MEMBERS)
        for name in ("a", "b"):
            await fund.support_project(work, budget_id=ONE, project_id=name, person_id=BO)
        with pytest.raises(ProjectUnfit, match="more than the pot"):
            await fund.lodge_project(
                work, budget_id=ONE, project=project("huge", 100_01), members=MEMBERS
            )
        with pytest.raises(CommonsNotFound, match="no such project"):
            await fund.support_project(work, budget_id=ONE, project_id="x", person_id=BO)
    papers = [BudgetPaper(projects=("a",), count=3), BudgetPaper(projects=("b", "a"), count=1)]
    async with database.work() as work:
        count, _ = await fund.divide_budget(
            work, budget_id=ONE, papers=papers, members=MEMBERS, lots=LOTS
        )
    assert count.selected == ("a", "b")
    async with database.reading() as look:
        assert {one.title for one in await views.list_pacts(look, START)} == {
            "Project a", "Project b",
        }  # fmt: skip
        (seen,) = await views.list_budgets(look)
    assert seen.result is not None
    assert seen.result["left_out"] == {"lonely": ["0 members stand behind it and 1 are asked for"]}
    assert seen.result["papers"][0] == {"projects": ["a"], "points": [], "count": 3}
    with pytest.raises(CommonsRefused, match="divided once"):
        async with database.work() as work:
            await fund.divide_budget(work, budget_id=ONE, papers=papers, members=MEMBERS, lots=LOTS)


async def test_nobody_stands_behind_their_own_project_or_twice(database: Database) -> None:
    async with database.work() as work:
        await fund.open_budget(work, budget_id=ONE, adoption_id=ADOPTION, terms=budget_terms())
        await fund.lodge_project(work, budget_id=ONE, project=project("a", 1_00), members=MEMBERS)
        await fund.support_project(work, budget_id=ONE, project_id="a", person_id=BO)
    for who, rule in ((ADA, "nobody supports their own"), (BO, "supported once a person")):
        with pytest.raises(CommonsRefused, match=rule):
            async with database.work() as work:
                await fund.support_project(work, budget_id=ONE, project_id="a", person_id=who)


async def opened(database: Database, **changes: object) -> UUID:
    async with database.work() as work:
        await offers.open_offer(
            work, offer_id=ONE, adoption_id=ADOPTION, terms=offer_terms(**changes)
        )
    return ONE


async def pledged(
    database: Database, number: int, who: PersonId, minor: int, *, resident: bool = True
) -> UUID:
    async with database.work() as work:
        made = await offers.make_pledge(
            work, offer_id=ONE, pledge_id=UUID(int=number), person_id=who, amount_minor=minor,
            resident=resident,
        )  # fmt: skip
    return made.pledge_id


async def test_an_offer_reached_to_the_cent_is_posted_with_the_city_s_part(
    database: Database, database_address: str
) -> None:
    offer_id = await opened(database)
    await pledged(database, 10, ADA, 300_00)
    await pledged(database, 11, BO, 100_00)
    await pledged(database, 12, ZOE, 50_00, resident=False)
    async with database.work() as work:
        await offers.name_beneficiary(work, offer_id=offer_id, person_id=CEM, why="Runs it.")
    await pledged(database, 13, CEM, 10_00)
    with pytest.raises(OfferStillOpen):
        async with database.work() as work:
            await offers.settle_offer(work, offer_id=offer_id)
    move_time(database_address, DAYS_50)
    async with database.work() as work:
        found = await offers.settle_offer(work, offer_id=offer_id)
    assert (found.end, found.eligible_minor, found.match_minor) == (End.POSTED, 400_00, 540_00)
    assert [line.match_minor for line in found.lines] == [405_00, 135_00, 0, 0]
    async with database.reading() as look:
        (seen,) = await views.list_offers(look)
    assert (seen.outcome, seen.pledged_minor, seen.pledges, seen.match_minor) == (
        "posted", 460_00, 4, 540_00,
    )  # fmt: skip
    with pytest.raises(CommonsRefused, match="settled once"):
        async with database.work() as work:
            await offers.settle_offer(work, offer_id=offer_id)


async def test_a_pledge_withdrawn_in_the_last_second_voids_the_offer(
    database: Database, database_address: str
) -> None:
    offer_id = await opened(database)
    await pledged(database, 10, ADA, 300_00)
    late = await pledged(database, 11, BO, 100_00)
    move_time(database_address, DAYS_50 - 1)
    with pytest.raises(PledgeNotStanding):
        async with database.work() as work:
            await offers.withdraw_pledge(work, offer_id=offer_id, pledge_id=late, person_id=ADA)
    async with database.work() as work:
        await offers.withdraw_pledge(work, offer_id=offer_id, pledge_id=late, person_id=BO)
    move_time(database_address, 1)
    with pytest.raises(OfferNotOpen):
        await pledged(database, 12, BO, 100_00)
    async with database.work() as work:
        found = await offers.settle_offer(work, offer_id=offer_id)
    assert (found.end, found.match_minor, len(found.lines)) == (End.VOIDED, 0, 1)
    assert found.lines[0].person_id == ADA


async def test_many_pledges_are_settled_as_one_and_a_pledge_reads_ones_own(
    database: Database, database_address: str
) -> None:
    """Neither a statement a pledge, nor a look at everybody's pledges for each new one."""
    offer_id = await opened(database)
    for number in range(10, 30):
        await pledged(database, number, BO, 1_00)
    read: list[int] = []

    def note(_: object, cursor: psycopg.Cursor[object], *rest: object) -> None:
        read.append(cursor.rowcount)

    async with database.work() as work:
        engine = work.connection.sync_engine
        event.listen(engine, "after_cursor_execute", note)
        try:
            await offers.make_pledge(
                work, offer_id=ONE, pledge_id=ONE, person_id=ADA, amount_minor=1_00, resident=True
            )
            assert max(read) <= 1
            read.clear()
            move_time(database_address, DAYS_50)
        finally:
            event.remove(engine, "after_cursor_execute", note)
    async with database.work() as work:
        event.listen(engine, "after_cursor_execute", note)
        try:
            settled = await offers.settle_offer(work, offer_id=offer_id)
        finally:
            event.remove(engine, "after_cursor_execute", note)
    assert len(settled.lines) == 21
    assert len(read) <= 8


async def test_of_two_pledges_at_once_the_bounds_of_a_person_hold(database: Database) -> None:
    await opened(database, person_max_minor=100)
    both = await asyncio.gather(
        pledged(database, 10, ADA, 60), pledged(database, 11, ADA, 60), return_exceptions=True
    )
    assert sorted(type(one) for one in both if isinstance(one, Exception)) == [PledgeOutOfBounds]


async def test_a_purchase_is_awarded_by_the_tags_of_the_day(database: Database) -> None:
    async with database.work() as work:
        for supplier_id, name in ((ONE, "Garage"), (TWO, "Chain")):
            await purchases.add_supplier(work, supplier_id=supplier_id, name=name)
        for tag in (Tag.LOCAL, Tag.CO_OP):
            await purchases.tag_supplier(
                work, supplier_id=ONE, tag=tag, since=date(2030, 1, 1), until=date(2031, 1, 1),
                evidence="Register of companies, 2029-12-30.",
            )  # fmt: skip
        await purchases.open_purchase(
            work, purchase_id=THREE, adoption_id=ADOPTION, terms=purchase_terms()
        )
        for supplier_id, price in ((ONE, 990_00), (TWO, 900_00)):
            await purchases.record_bid(
                work, purchase_id=THREE, supplier_id=supplier_id, price_minor=price,
                quality_points=50, carbon_grams=None,
            )  # fmt: skip
    async with database.work() as work:
        table = await purchases.award_purchase(
            work, purchase_id=THREE, today=date(2030, 12, 31), lots=LOTS
        )
    assert table.winner == str(ONE)
    assert [len(row.scores) for row in table.rows] == [5, 5]
    with pytest.raises(CommonsRefused, match="no bid after the award"):
        async with database.work() as work:
            await purchases.record_bid(
                work, purchase_id=THREE, supplier_id=ONE, price_minor=1,
                quality_points=50, carbon_grams=None,
            )  # fmt: skip


async def test_the_share_of_spend_that_stays_in_the_city(database: Database) -> None:
    async with database.work() as work:
        for supplier_id, name in ((ONE, "Garage"), (TWO, "Chain")):
            await purchases.add_supplier(work, supplier_id=supplier_id, name=name)
        await purchases.tag_supplier(
            work, supplier_id=ONE, tag=Tag.LOCAL, since=date(2030, 1, 1), until=date(2030, 7, 1),
            evidence="Register of companies.",
        )  # fmt: skip
        for reference, supplier_id, on, minor in (
            ("1", ONE, date(2030, 6, 30), 100), ("2", ONE, date(2030, 7, 1), 100),
            ("3", TWO, date(2030, 5, 1), 200), ("4", ONE, date(2029, 5, 1), 999),
        ):  # fmt: skip
            await purchases.record_spend(
                work, reference=reference, supplier_id=supplier_id, paid_on=on, amount=money(minor)
            )
    async with database.reading() as look:
        shares = await views.local_spend(look, year=2030, currency=EUR)
    assert (shares.total_minor, shares.local_share) == (400, Fraction(1, 4))
    with pytest.raises(CommonsRefused, match="counted once"):
        async with database.work() as work:
            await purchases.record_spend(
                work, reference="1", supplier_id=ONE, paid_on=date(2030, 6, 30), amount=money(1)
            )


async def test_nothing_is_opened_without_an_adoption(
    database: Database, scene: psycopg.Connection
) -> None:
    for verb, key, terms in (
        (fund.open_budget, "budget_id", budget_terms()),
        (offers.open_offer, "offer_id", offer_terms()),
        (purchases.open_purchase, "purchase_id", purchase_terms()),
    ):
        with pytest.raises(CommonsRefused, match="names what adopted it"):
            async with database.work() as work:
                await verb(work, **{key: ONE}, adoption_id=THREE, terms=terms)
    assert scene.execute("SELECT count(*) FROM storage.outbox").fetchone() == (0,)
