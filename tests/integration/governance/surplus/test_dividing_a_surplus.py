"""A year's end from the books to members' statements."""

from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from foundation.identifiers import PersonId
from governance.errors import MatterNotEnough, QuestionUnfit
from governance.surplus import service, store
from governance.surplus.errors import (
    AllocationNotFound,
    AlreadyAllocated,
    NothingToCarryOut,
    NotYetDue,
    PeriodNotClosed,
)
from governance.surplus.statement import statement_of
from ledger.account import Role, fund_id
from rulebook.rule import RuleKind
from storage.engine import Database
from tests.assembly_rows import Assembly, assemble
from tests.patronage import policy_body
from tests.surplus_books import (
    Did,
    a_year,
    balance,
    decided,
    drove,
    motion_on,
    named,
    persons,
    result,
)

_COUNT = text("SELECT count(*) FROM surplus.allocation")
WORKED = {0: Did(fares=60_000, seconds=100, trips=10), 1: Did(fares=40_000, seconds=300, trips=30)}


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    return await assemble(
        database, owner, address=database_address,
        rules={RuleKind.ALLOCATION_POLICY: policy_body()},
    )  # fmt: skip


async def carried_out(assembly: Assembly, period_id: UUID) -> service.Stored:
    motion = await decided(assembly, period_id)
    async with assembly.database.work() as work:
        return await service.carry_out(work, motion.motion_id)


async def allocations(assembly: Assembly) -> list[int]:
    return [await balance(assembly, Role.ALLOCATION, one) for one in await persons(assembly)]


async def test_a_surplus_is_divided_as_members_decided(assembly: Assembly) -> None:
    period_id = await a_year(assembly, "2026", 1_000_000, did=WORKED)
    stored = await carried_out(assembly, period_id)
    # 1,000,000: 20 % indivisible, 10 % of the income of 1,000,000 prudential, 10.00 for education;
    # 80 % of the rest to drivers, half of what then is left to riders, of whom none rode.
    funds = {
        one: await balance(assembly, Role.RESERVE, fund_id(one))
        for one in ("indivisible", "prudential", "education", "collective")
    }
    assert funds == {
        "indivisible": 200_000, "prudential": 100_000, "education": 1_000, "collective": 139_800,
    }  # fmt: skip
    # 559,200 among two at 46 % and 54 %, a quarter in cash.
    assert await allocations(assembly) == [64_308, 75_492, 0, 0]
    capital = [await balance(assembly, Role.CAPITAL, one) for one in await persons(assembly)]
    assert capital == [192_924, 226_476, 0, 0]
    assert await balance(assembly, Role.SURPLUS) == 0
    assert stored.document["result_minor"] == 1_000_000
    linked = assembly.owner.execute(
        "SELECT count(*), count(DISTINCT link_id), min(links), count(DISTINCT adoption_id)"
        " FROM ledger.transfer WHERE kind = 'allocation'"
    ).fetchone()
    assert linked == (3, 1, 3, 1)


async def test_a_statement_shows_the_arithmetic(assembly: Assembly) -> None:
    period_id = await a_year(assembly, "2026", 1_000_000, did=WORKED)
    await carried_out(assembly, period_id)
    first, _, third, _ = await persons(assembly)
    async with assembly.database.work() as work:
        statement = await service.get_statement(work, period_id, first)
    assert statement.cash.minor == 64_308
    assert statement.lines() == (
        f"member number {statement.number}",
        "Drivers by patronage (bylaw 7.6): 5592.00 USD are divided",
        "  3/5 x 60000 / 100000 of fares",
        "  3/10 x 100 / 400 seconds on shift",
        "  1/10 x 10 / 40 trips",
        "  = 23/50 of the whole; times 559200 = 257232 minor units, cut down to 257232",
        "  643.08 USD in cash, 1929.24 USD retained",
        "together: 643.08 USD in cash, 1929.24 USD retained",
        f"what is retained falls due at {statement.revolves_at}",
    )
    with pytest.raises(AllocationNotFound):
        async with assembly.database.work() as work:
            await service.get_statement(work, period_id, third)


async def test_a_statement_follows_from_what_is_published_and_one_s_own_work(
    assembly: Assembly,
) -> None:
    period_id = await a_year(assembly, "2026", 1_000_000, did=WORKED)
    stored = await carried_out(assembly, period_id)
    async with assembly.database.work() as work:
        [published] = await store.list_allocations(work)
        assert published == stored
        lines = await store.list_lines(work, period_id)
        for number in sorted({one.patron.number for one in lines}):
            own = [one for one in lines if one.patron.number == number]
            told = await service.get_statement(work, period_id, number=number)
            assert told == statement_of(published.document, own)
            person_id = own[0].patron.person_id
            assert told == await service.get_statement(work, period_id, person_id)
        with pytest.raises(AllocationNotFound):
            await service.get_statement(work, period_id, number=99)


async def test_a_preview_gives_what_the_division_then_gives_and_writes_nothing(
    assembly: Assembly,
) -> None:
    people = await persons(assembly)
    async with assembly.database.work() as work:
        await result(work, "2026", 1_000_000)
    for place, did in WORKED.items():
        async with assembly.database.work() as work:
            await drove(work, "2026", people[place], did)
    assembly.at((await _now(assembly)) + timedelta(days=1))
    async with assembly.database.work() as work:
        found = await service.preview(work)
        [facts] = (await work.execute(_COUNT)).one()
    statement = found.statement(people[0])
    assert (statement.cash.minor, statement.retained.minor) == (64_308, 192_924)
    assert found.document["motion"] is None
    assert facts == 0
    with pytest.raises(AllocationNotFound):
        found.statement(PersonId(named("nobody")))


async def test_doing_it_again_changes_nothing(assembly: Assembly) -> None:
    period_id = await a_year(assembly, "2026", 1_000, did=WORKED)
    motion = await decided(assembly, period_id)
    async with assembly.database.work() as work:
        first = await service.carry_out(work, motion.motion_id)
    async with assembly.database.work() as work:
        assert await service.carry_out(work, motion.motion_id) == first


async def test_a_period_is_divided_once(assembly: Assembly) -> None:
    period_id = await a_year(assembly, "2026", 1_000, did=WORKED)
    await carried_out(assembly, period_id)
    again = await decided(assembly, period_id)
    with pytest.raises(AlreadyAllocated):
        async with assembly.database.work() as work:
            await service.carry_out(work, again.motion_id)


async def test_what_did_not_pass_divides_nothing(assembly: Assembly) -> None:
    period_id = await a_year(assembly, "2026", 1_000, did=WORKED)
    lost = await decided(assembly, period_id, "against", "against", "for")
    with pytest.raises(NothingToCarryOut, match="it is lost"):
        async with assembly.database.work() as work:
            await service.carry_out(work, lost.motion_id)


async def test_a_motion_names_a_closed_period_and_the_matter_that_decides(
    assembly: Assembly,
) -> None:
    with pytest.raises(QuestionUnfit, match="no closed period"):
        await assembly.propose(motion_on(named("to come")))
    period_id = await a_year(assembly, "2026", 1_000)
    with pytest.raises(MatterNotEnough):
        await assembly.propose(motion_on(period_id, matter="special"))
    with pytest.raises(QuestionUnfit, match="writes no rule"):
        await assembly.propose(motion_on(period_id, rule_kind=RuleKind.ALLOCATION_POLICY))


async def test_a_loss_comes_out_of_the_collective_reserve_and_the_rest_is_carried(
    assembly: Assembly,
) -> None:
    await carried_out(assembly, await a_year(assembly, "good", 1_000_000, did=WORKED))
    before = await allocations(assembly)
    stored = await carried_out(assembly, await a_year(assembly, "bad", -300_000))
    # 1,398.00 collective and 1,000.00 prudential are there.
    assert stored.document["deficit_after_minor"] == 60_200
    assert await balance(assembly, Role.RESERVE, fund_id("collective")) == 0
    assert await balance(assembly, Role.RESERVE, fund_id("prudential")) == 0
    assert await balance(assembly, Role.RESERVE, fund_id("indivisible")) == 200_000
    assert await balance(assembly, Role.SURPLUS) == -60_200
    assert await allocations(assembly) == before
    # The next surplus retires the deficit first.
    third = await carried_out(assembly, await a_year(assembly, "better", 100_000))
    assert third.document["deficit_after_minor"] == 0
    assert third.document["steps"][0]["minor"] == 60_200
    assert await balance(assembly, Role.SURPLUS) == 0


async def test_no_period_is_left_out(assembly: Assembly) -> None:
    await carried_out(assembly, await a_year(assembly, "first", 1_000, did=WORKED))
    await a_year(assembly, "second", 2_000)
    with pytest.raises(NothingToCarryOut, match="the period before it comes first"):
        await carried_out(assembly, await a_year(assembly, "third", 3_000))


async def test_capital_earns_interest_and_falls_due_on_its_day(assembly: Assembly) -> None:
    first = await a_year(assembly, "first", 1_000_000, did=WORKED, days=30)
    stored = await carried_out(assembly, first)
    second = await a_year(assembly, "second", 0, days=1)
    await carried_out(assembly, second)
    third = await carried_out(assembly, await a_year(assembly, "third", 100_000, days=365))
    [interest] = [one for one in third.document["steps"] if one["code"] == "interest"]
    starts, ends = third.document["period"]["starts_at"], third.document["period"]["ends_at"]
    seconds = int((datetime.fromisoformat(ends) - datetime.fromisoformat(starts)).total_seconds())
    assert interest["minor"] == 419_400 * 300 * seconds // (10_000 * 365 * 86_400)
    with pytest.raises(NotYetDue):
        async with assembly.database.work() as work:
            await service.revolve(work, first)
    assembly.at(stored.revolves_at)
    async with assembly.database.work() as work:
        assert await service.revolve(work, first) == 419_400
    async with assembly.database.work() as work:
        assert await service.revolve(work, first) == 0
    assert await balance(assembly, Role.CAPITAL) == 0


async def test_cash_is_paid_from_the_minimum_on_and_what_nobody_claims_goes_to_its_fund(
    assembly: Assembly,
) -> None:
    # A little to the second driver: 1.00 of fares among 1,000.00.
    did = {0: Did(fares=99_900), 1: Did(fares=100)}
    period_id = await a_year(assembly, "2026", 1_000_000, did=did)
    stored = await carried_out(assembly, period_id)
    first, second, *_ = await persons(assembly)
    small = await balance(assembly, Role.ALLOCATION, second)
    assert 0 < small < 500
    paid_before = await balance(assembly, Role.DRIVER, first)
    cash = await balance(assembly, Role.ALLOCATION, first)
    async with assembly.database.work() as work:
        assert await service.pay_allocations(work, named("run 1")) == cash
    async with assembly.database.work() as work:
        assert await service.pay_allocations(work, named("run 1")) == 0
    assert await balance(assembly, Role.DRIVER, first) == paid_before + cash
    assert await balance(assembly, Role.ALLOCATION, second) == small  # carried forward
    with pytest.raises(NotYetDue, match="not claimed"):
        async with assembly.database.work() as work:
            await service.lapse(work, period_id)
    assembly.at(datetime.fromisoformat(stored.document["unclaimed"]["at"]))
    async with assembly.database.work() as work:
        assert await service.lapse(work, period_id) == small
    assert await balance(assembly, Role.ALLOCATION) == 0
    assert await balance(assembly, Role.RESERVE, fund_id("education")) == 1_000 + small


async def test_a_period_without_its_closing_waits(assembly: Assembly) -> None:
    period_id = await a_year(assembly, "2026", 1_000, is_moved=False)
    motion = await decided(assembly, period_id)
    with pytest.raises(PeriodNotClosed):
        async with assembly.database.work() as work:
            await service.carry_out(work, motion.motion_id)


async def _now(assembly: Assembly) -> datetime:
    async with assembly.database.work() as work:
        return work.now
