"""What the database itself refuses of a surplus: a cent too much, another period, another policy."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from governance.motion import MotionId
from governance.surplus import service, store
from governance.surplus.document import document_of, text_of
from governance.surplus.policy import parse_allocation_policy
from governance.surplus.postings import Mandate, allocation_transfers, revolved_transfer
from governance.surplus.waterfall import Allocation, Share, allocate
from ledger.account import Role
from ledger.transfer import Transfer
from rulebook.rule import RuleKind
from storage.engine import Database
from storage.refusals import constraint_of
from storage.work import UnitOfWork
from tests.assembly_rows import Assembly, assemble
from tests.patronage import policy_body
from tests.surplus_books import Did, a_year, balance, decided, named, post

WORKED = {0: Did(fares=60_000, trips=1), 1: Did(fares=40_000, trips=2)}


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    return await assemble(
        database, owner, address=database_address,
        rules={RuleKind.ALLOCATION_POLICY: policy_body()},
    )  # fmt: skip


@contextmanager
def refused(rule: str) -> Iterator[None]:
    """The database refuses by the constraint of that name."""
    with pytest.raises((psycopg.errors.IntegrityError, DBAPIError)) as caught:
        yield
    error = caught.value
    said = constraint_of(error) if isinstance(error, DBAPIError) else error.diag.constraint_name
    assert said == rule, error


class Forger:
    """Carries a decision out as the service does, but for what a test plants."""

    def __init__(self, assembly: Assembly, period_id: UUID, motion_id: UUID) -> None:
        self.assembly, self.period_id, self.motion_id = assembly, period_id, motion_id

    async def divided(self, work: UnitOfWork) -> tuple[Allocation, Any, Any]:
        period, rule = await service._closed(work, self.period_id)
        policy = parse_allocation_policy(rule.body)
        figures = await service._figures(work, period, policy)
        certificate = await store.find_certificate(work, MotionId(self.motion_id))
        decided = service._decided(
            period, rule, policy, allocated_at=work.now, motion_id=MotionId(self.motion_id),
            certificate=certificate,
        )  # fmt: skip
        return allocate(figures, policy), decided, period

    async def write(
        self,
        *,
        lines: Mapping[int, int] | None = None,
        posted: Mapping[int, int] | None = None,
        document: Mapping[str, Any] | None = None,
        rule_id: UUID | None = None,
        without: int | None = None,
        result: int = 0,
    ) -> None:
        """With cash changed by so many cents in lines or postings, or other words in the document."""
        async with self.assembly.database.work() as work:
            honest, decided, period = await self.divided(work)
            mandate = Mandate(period_id=self.period_id, adoption_id=self.motion_id)
            told = _changed(honest, lines or {}, result)
            moved = list(allocation_transfers(_changed(honest, posted or {}, result), mandate))
            if without is not None:
                kept = [one for place, one in enumerate(moved) if place != without]
                moved = [_link(one, len(kept)) for one in kept]
            said = text_of(document_of(told, decided) | dict(document or {}))
            await store.insert_allocation(
                work, told, replace(decided, rule_id=rule_id or decided.rule_id), mandate=mandate,
                period=period, transfers=len(moved), said=(said, sha256(said.encode()).hexdigest()),
            )  # fmt: skip
            for transfer in moved:
                await post(work, transfer)


def _link(transfer: Transfer, count: int) -> Transfer:
    assert transfer.link is not None
    return replace(transfer, link=replace(transfer.link, count=count))


def _changed(honest: Allocation, cents: Mapping[int, int], result: int) -> Allocation:
    """The allocation with cash of some shares changed; what it sums to is the database's to see."""
    shares = tuple(_paid(one, cents.get(place, 0)) for place, one in enumerate(honest.shares))
    found = object.__new__(Allocation)
    figures = replace(honest.figures, result_minor=honest.figures.result_minor + result)
    for name in ("figures", "policy", "taken", "shares", "carried_minor"):
        values = {"shares": shares, "figures": figures}
        object.__setattr__(found, name, values.get(name, getattr(honest, name)))
    return found


def _paid(share: Share, more: int) -> Share:
    return replace(share, cash_minor=share.cash_minor + more)


@pytest.fixture
async def forger(assembly: Assembly) -> Forger:
    period_id = await a_year(assembly, "2026", 1_000_000, did=WORKED)
    motion = await decided(assembly, period_id)
    return Forger(assembly, period_id, motion.motion_id)


async def test_the_forger_s_honest_work_stands(forger: Forger) -> None:
    await forger.write()
    assert await balance(forger.assembly, Role.SURPLUS) == 0


async def test_a_planted_cent_is_found_wherever_it_is_planted(forger: Forger) -> None:
    with refused("sums_to_the_surplus"):
        await forger.write(posted={0: 1})  # the books pay one cent more
    with refused("sums_to_the_surplus"):
        await forger.write(lines={0: 1})  # the lines do
    with refused("sums_to_the_surplus"):
        await forger.write(lines={0: 1}, posted={0: 1})  # both do: more than there is
    with refused("the_books_say_what_the_lines_say"):
        await forger.write(posted={0: 1, 1: -1})  # a cent from one to another
    with refused("sums_to_the_surplus"):
        await forger.write(without=0)  # funds get nothing
    with refused("the_result_of_the_period"):
        await forger.write(result=1)
    assert await balance(forger.assembly, Role.SURPLUS) == 1_000_000


async def test_the_document_is_of_this_decision_and_these_lines(forger: Forger) -> None:
    for planted in (
        {"lines_digest": "0" * 64}, {"motion": str(named("other"))}, {"result_minor": 999_999},
        {"certificate": "0" * 64},
    ):  # fmt: skip
        with refused("the_document_is_of_its_lines"):
            await forger.write(document=planted)
    with refused("the_books_say_what_the_lines_say"):
        await forger.write(document={"funds": []})


async def test_another_rule_than_the_policy_of_the_period_s_end_divides_nothing(
    forger: Forger,
) -> None:
    rules, owner = forger.assembly.rules, forger.assembly.owner
    with refused("by_an_allocation_policy"):
        await forger.write(rule_id=rules[RuleKind.TARIFF].rule_id)
    # The members' next policy, which holds from the moment in which the period ended.
    owner.execute("SET session_replication_role = replica")
    owner.execute(
        "INSERT INTO rulebook.rule (rule_id, kind, version, body, digest, valid_from, published_at,"
        " supersedes, superseded_from, adoption_id, notice_days, adoption_kind, adopted_at)"
        " SELECT %s, kind, 2, body, digest, (SELECT max(ends_at) FROM ledger.period), published_at,"
        " rule_id, valid_from, adoption_id, 0, 'certificate', published_at FROM rulebook.rule"
        " WHERE kind = 'allocation_policy'",
        [named("next policy")],
    )
    owner.execute("SET session_replication_role = origin")
    with refused("the_policy_of_the_period_s_end"):
        await forger.write(rule_id=named("next policy"))
    await forger.write()  # by the one that was in force in the period's last moment


async def test_without_a_passed_motion_on_this_period_nothing_is_divided(
    assembly: Assembly,
) -> None:
    first = await a_year(assembly, "first", 1_000, did=WORKED)
    passed = await decided(assembly, first)
    second = await a_year(assembly, "second", 2_000)
    with refused("members_decided_on_this_period"):
        await Forger(assembly, second, passed.motion_id).write()
    lost = await decided(assembly, second, "against", "against")
    with refused("members_decided_on_this_period"):
        await Forger(assembly, second, lost.motion_id).write()


async def test_nothing_is_moved_or_told_beside_an_allocation(forger: Forger) -> None:
    async with forger.assembly.database.work() as work:
        honest, _, _ = await forger.divided(work)
    mandate = Mandate(period_id=forger.period_id, adoption_id=forger.motion_id)
    moved = allocation_transfers(honest, mandate)
    with refused("moved_by_an_allocation"):
        async with forger.assembly.database.work() as work:
            for transfer in moved:
                await post(work, transfer)
    await forger.write()
    with refused("moved_by_an_allocation"):
        async with forger.assembly.database.work() as work:
            await post(work, replace(moved[0], ordinal=9, link=None))
    owner = forger.assembly.owner
    with refused("lines_come_with_their_allocation"):
        owner.execute(
            "INSERT INTO surplus.member_line SELECT period_id, step, 99, gen_random_uuid(), 0, 0, 0, 0, 0, 0"
            " FROM surplus.member_line LIMIT 1"
        )
    with refused("once_a_period"):
        await forger.write()
    for statement in (
        "UPDATE surplus.allocation SET members = members",
        "DELETE FROM surplus.member_line",
        "TRUNCATE surplus.allocation CASCADE",
    ):
        with pytest.raises(psycopg.errors.Error):
            owner.execute(statement)


async def test_what_falls_due_is_what_was_retained_and_on_its_day(forger: Forger) -> None:
    await forger.write()
    mandate = Mandate(period_id=forger.period_id, adoption_id=forger.motion_id)
    async with forger.assembly.database.work() as work:
        stored = await service.get_allocation(work, forger.period_id)
        retained = dict(await store.list_retained(work, forger.period_id))
    due = revolved_transfer(retained, mandate, currency=stored.currency)
    assert due is not None
    with refused("revolves_on_its_day"):
        async with forger.assembly.database.work() as work:
            await post(work, due)
    forger.assembly.at(stored.revolves_at)
    first = min(person for person, minor in retained.items() if minor)
    less = revolved_transfer(
        retained | {first: retained[first] - 1}, mandate, currency=stored.currency
    )
    assert less is not None
    with refused("revolves_what_was_retained"):
        async with forger.assembly.database.work() as work:
            await post(work, less)
    more = revolved_transfer(
        retained | {first: retained[first] + 1}, mandate, currency=stored.currency
    )
    assert more is not None
    with refused("never_more_than_there_is"):
        async with forger.assembly.database.work() as work:
            await post(work, more)
    async with forger.assembly.database.work() as work:
        await post(work, due)


async def test_a_credit_takes_no_lock_and_a_debit_one_of_a_bounded_number(forger: Forger) -> None:
    async with forger.assembly.database.work() as work:
        honest, _, _ = await forger.divided(work)
        assert honest.shares
    owner = forger.assembly.owner
    owner.execute("BEGIN")
    owner.execute(
        "SELECT ledger.check_limits(array_agg(gen_random_uuid())) FROM generate_series(1, 20000)"
    )
    [locks] = owner.execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    ).fetchone()  # type: ignore[misc]
    owner.execute("ROLLBACK")
    assert 0 < locks <= 1024


async def test_the_document_can_be_read_again(forger: Forger) -> None:
    await forger.write()
    [document] = forger.assembly.owner.execute("SELECT document FROM surplus.allocation").fetchone()  # type: ignore[misc]
    found = json.loads(document)
    assert sum(one["minor"] for one in found["steps"]) == found["result_minor"] == 1_000_000
