"""Pledges in the books: set aside, taken back, and at the close all taken or all let go."""

import asyncio
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from foundation.identifiers import PersonId
from governance.commons import store
from governance.commons.errors import CommonsRefused, OfferNotOpen
from governance.commons.events import MatchedOfferSettled
from governance.commons.offers import End, settle
from governance.commons.pledge_postings import let_go, settlement_transfers
from governance.commons.service import offers
from governance.commons.service.pledge_books import announce, book_pledge
from governance.commons.store_checks import RULES, faults
from ledger.store import transfers as books
from rulebook.rule import digest_of
from storage.engine import Database
from storage.refusals import constraint_of
from storage.work import UnitOfWork
from tests.commons import EUR, offer_terms, person
from tests.integration.governance.commons.conftest import ADOPTION
from tests.service_time import move_time

OFFER = UUID(int=1)
ADA, BO, CEM, ZOE = (person(name) for name in ("ada", "bo", "cem", "zoe"))
DAYS_50 = 50 * 86400
pytestmark = pytest.mark.usefixtures("scene")


async def opened(database: Database) -> None:
    async with database.work() as work:
        await offers.open_offer(
            work, offer_id=OFFER, adoption_id=ADOPTION, terms=offer_terms()
        )  # fmt: skip


async def pledged(database: Database, number: int, who: PersonId, minor: int) -> UUID:
    pledge_id = UUID(int=number)
    async with database.work() as work:
        await offers.make_pledge(
            work, offer_id=OFFER, pledge_id=pledge_id, person_id=who, amount_minor=minor,
            resident=who != ZOE,
        )  # fmt: skip
    return pledge_id


async def withdrawn(database: Database, pledge_id: UUID, who: PersonId) -> None:
    async with database.work() as work:
        await offers.withdraw_pledge(work, offer_id=OFFER, pledge_id=pledge_id, person_id=who)


async def settled(database: Database) -> End:
    async with database.work() as work:
        return (await offers.settle_offer(work, offer_id=OFFER)).end


async def posted(database: Database) -> dict[str, int]:
    """What stands posted, by role."""
    async with database.reading() as look:
        rows = await look.execute(
            text("""SELECT role, sum(amount_minor) AS minor FROM ledger.entry
                    JOIN ledger.transfer USING (transfer_id) JOIN ledger.account USING (account_id)
                    WHERE transfer.state = 'posted' GROUP BY role""")
        )
        return {row.role: int(row.minor) for row in rows if row.minor}


async def found(database: Database) -> list[str]:
    async with database.reading() as look:
        return [fault.rule async for fault in faults(look)]


async def test_a_reached_offer_takes_every_pledge_and_the_city_s_part(
    database: Database, database_address: str
) -> None:
    await opened(database)
    for number, who, minor in ((10, ADA, 300_00), (11, BO, 100_00), (12, ZOE, 60_00)):
        await pledged(database, number, who, minor)
    gone = await pledged(database, 13, CEM, 10_00)
    await withdrawn(database, gone, CEM)
    assert await posted(database) == {}
    move_time(database_address, DAYS_50)
    assert await settled(database) is End.POSTED
    after = await posted(database)
    assert after == {"supporter": 460_00, "funder": 540_00, "offer": -1000_00}
    with pytest.raises(CommonsRefused, match="settled once"):
        await settled(database)
    assert await posted(database) == after
    assert await found(database) == []


async def test_an_offer_that_fails_leaves_no_balance_anywhere(
    database: Database, database_address: str
) -> None:
    await opened(database)
    await pledged(database, 10, ADA, 100_00)
    move_time(database_address, DAYS_50)
    assert await settled(database) is End.VOIDED
    assert await posted(database) == {}
    assert await found(database) == []


async def test_a_close_that_dies_halfway_leaves_everything_as_it_was(
    database: Database, database_address: str
) -> None:
    await opened(database)
    for number, who, minor in ((10, ADA, 300_00), (11, BO, 160_00)):
        await pledged(database, number, who, minor)
    move_time(database_address, DAYS_50)

    class Died(Exception):
        pass

    with pytest.raises(Died):
        async with database.work() as work:
            await offers.settle_offer(work, offer_id=OFFER)
            raise Died
    assert await posted(database) == {}
    assert await settled(database) is End.POSTED
    assert (await posted(database))["offer"] == -1000_00


async def test_of_two_closes_at_once_one_happens(database: Database, database_address: str) -> None:
    await opened(database)
    for number, who, minor in ((10, ADA, 300_00), (11, BO, 160_00)):
        await pledged(database, number, who, minor)
    move_time(database_address, DAYS_50)
    ends = await asyncio.gather(
        settled(database), settled(database), pledged(database, 12, CEM, 10_00),
        return_exceptions=True,
    )  # fmt: skip
    assert ends.count(End.POSTED) == 1
    assert isinstance(ends[2], OfferNotOpen)
    assert (await posted(database))["offer"] == -1000_00


@pytest.mark.parametrize("minor", [100_00, 1_00])
async def test_a_close_takes_as_many_statements_however_many_pledged(
    database: Database, database_address: str, minor: int
) -> None:
    await opened(database)
    for number in range(10, 10 + 400_00 // minor // (1 if minor > 1_00 else 10)):
        await pledged(database, number, (ADA, BO, CEM)[number % 3], minor)
    move_time(database_address, DAYS_50)
    sent: list[str] = []

    def note(_: object, __: object, statement: str, *rest: object) -> None:
        sent.append(statement)

    async with database.work() as work:
        engine = work.connection.sync_engine
        event.listen(engine, "after_cursor_execute", note)
        try:
            await offers.settle_offer(work, offer_id=OFFER)
        finally:
            event.remove(engine, "after_cursor_execute", note)
    assert len(sent) == 8


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"pledge_id": UUID(int=99)}, "booked_of_a_pledge"),
        ({"amount_minor": 299_99}, "booked_as_pledged"),
        ({"person_id": BO}, "booked_as_pledged"),
    ],
)
async def test_the_books_refuse_a_pledge_that_nobody_made(
    database: Database, owner: psycopg.Connection, change: dict[str, object], rule: str
) -> None:
    await opened(database)
    raw_pledge(owner)
    with pytest.raises(IntegrityError) as refused:
        async with database.work() as work:
            (made,) = await store.list_pledges(work, OFFER)
            other = made.__class__(**{  # type: ignore[arg-type]
                "pledge_id": made.pledge_id, "person_id": made.person_id,
                "amount_minor": made.amount_minor, "made_at": made.made_at, "resident": True,
            } | change)  # fmt: skip
            await book_pledge(work, OFFER, other, EUR)
    assert constraint_of(refused.value) == rule


async def test_the_books_refuse_to_end_a_pledge_before_its_offer(database: Database) -> None:
    await opened(database)
    pledge_id = await pledged(database, 10, ADA, 300_00)
    with pytest.raises(IntegrityError) as refused:
        async with database.work() as work:
            void = let_go(pledge_id, EUR, reason="withdrawn")
            await books.insert_transfer(work, void)
            announce(work, [void])
    assert constraint_of(refused.value) == "let_go_as_settled"


async def test_the_books_refuse_to_take_what_is_not_settled_and_to_forget_what_is(
    database: Database, database_address: str
) -> None:
    await opened(database)
    for number, who, minor in ((10, ADA, 300_00), (11, BO, 160_00)):
        await pledged(database, number, who, minor)
    move_time(database_address, DAYS_50)
    async with database.reading() as look:
        decided = settle(
            offer_terms(), await store.list_pledges(look, OFFER),
            beneficiaries=frozenset(), at=offer_terms().closes_at,
        )  # fmt: skip
    with pytest.raises(IntegrityError) as refused:
        async with database.work() as work:
            taken = settlement_transfers(OFFER, decided, EUR)
            await books.insert_transfers(work, [(one, work.now) for one in taken])
            announce(work, taken)
    assert constraint_of(refused.value) == "taken_as_settled"
    with pytest.raises(IntegrityError) as refused:
        async with database.work() as work:
            await settled_without_the_books(work)
    assert constraint_of(refused.value) == "all_or_nothing_in_the_books"


async def settled_without_the_books(work: UnitOfWork) -> None:
    """A settlement as the service writes it, and nothing in the books."""
    await store.put(
        work, "settlement", offer_id=OFFER, outcome="voided", pledged_minor=460_00,
        eligible_minor=0, match_minor=0, document="{}", digest=digest_of({}),
    )  # fmt: skip
    lines = [
        {"offer_id": OFFER, "pledge_id": UUID(int=number), "amount_minor": minor,
         "eligible_minor": 0, "match_minor": 0}
        for number, minor in ((10, 300_00), (11, 160_00))
    ]  # fmt: skip
    await store.put_all(work, "settlement_line", lines)
    work.announce(
        MatchedOfferSettled(
            event_id=work.new_id(), occurred_at=work.now, offer_id=OFFER, outcome="voided",
            pledged_minor=460_00, match_minor=0,
        )
    )  # fmt: skip


def raw_pledge(owner: psycopg.Connection) -> None:
    """A pledge that no entry in the books goes with, as before there were any."""
    owner.execute(
        "INSERT INTO commons.pledge (pledge_id, offer_id, person_id, amount_minor, resident)"
        " VALUES (%s, %s, %s, 30000, true)",
        [UUID(int=10), OFFER, ADA],
    )


async def test_a_pledge_from_before_the_books_is_settled_like_the_others(
    database: Database, database_address: str, owner: psycopg.Connection
) -> None:
    await opened(database)
    raw_pledge(owner)
    await pledged(database, 11, BO, 160_00)
    move_time(database_address, DAYS_50)
    assert await settled(database) is End.POSTED
    assert (await posted(database))["offer"] == -1000_00


PLANTED = {
    "booked_as_pledged":
        "UPDATE commons.pledge SET amount_minor = 1 WHERE pledge_id = '{thirteen}'",
    "withdrawn_is_let_go":
        "INSERT INTO commons.pledge_withdrawal VALUES ('{ten}')",
    "all_or_nothing_in_the_books":
        "DELETE FROM ledger.transfer WHERE kind = 'pledge_taken'"
        " AND subject_id = '{eleven}'",
    "raised_is_what_was_settled":
        "UPDATE commons.settlement SET match_minor = match_minor - 1",
}  # fmt: skip


async def test_every_check_finds_what_was_planted(
    database: Database, database_address: str, owner: psycopg.Connection
) -> None:
    await opened(database)
    for number, who, minor in ((10, ADA, 300_00), (11, BO, 160_00), (13, CEM, 10_00)):
        await pledged(database, number, who, minor)
    await withdrawn(database, UUID(int=13), CEM)
    move_time(database_address, DAYS_50)
    await settled(database)
    assert await found(database) == []
    assert sorted(PLANTED) == sorted(RULES)
    named = {"ten": UUID(int=10), "eleven": UUID(int=11), "thirteen": UUID(int=13)}
    for rule, statement in PLANTED.items():
        with owner.transaction():
            owner.execute("SET LOCAL session_replication_role = replica")
            owner.execute(statement.format(**named))
        assert rule in await found(database), rule
