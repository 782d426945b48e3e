"""The impact statement of a motion: kept once for its text, announced, read, and needed for a notice."""

import asyncio
import json
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from governance.errors import MotionNotFound
from governance.impact.document import (
    KINDS,
    Proposed,
    Subject,
    document_of,
    document_of_none,
    text_of,
)
from governance.impact.errors import ImpactMissing, ImpactPending, ImpactUnreadable
from governance.impact.service import get_impact, impact_ready, keep_impact
from governance.impact.store import find_waiting
from governance.motion import Motion, MotionId
from governance.service import motions
from governance.service.motions import Proposal
from khan.impact_job import Assumed, Job, work_out
from khan.impact_worker import ImpactWorker, ProcessFailed, in_a_process
from rulebook.rule import RuleKind, digest_of
from simulation.impact.rules import rules_of
from simulation.impact.statement import impact_of
from storage.engine import Database
from storage.refusals import constraint_of
from tests.assembly_rows import Assembly, assemble, dearer_tariff, tariff_motion
from tests.impact_town import EACH_ZONE, street, town_of
from tests.money import numbered
from tests.rules import example_bodies
from tests.small_city import write_small_city

ASSUMED = Assumed(seed=3).as_json()


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    return await assemble(database, owner, address=database_address)


def subject_of(motion: Motion) -> Subject:
    return Subject(
        motion_id=str(motion.motion_id),
        version=motion.version,
        kind=motion.rule_kind,
        rests_on=rules_of(example_bodies()).digests,
    )


@cache
def street_s(text: str) -> dict[str, Any]:
    """The statement of a tariff on the street of `tests.impact_town`, by the example's rules."""
    today = rules_of(example_bodies())
    proposed = today.under(RuleKind.TARIFF, json.loads(text))
    return impact_of(town_of(street()), today, proposed, assumed=EACH_ZONE).as_json()


def made_up(motion: Motion, **changes: Any) -> dict[str, Any]:
    """A document about a motion's text by another day than the city's."""
    proposed = Proposed(label="as proposed", body=json.loads(motion.text))
    stated = [(proposed, street_s(motion.text))]
    document = document_of(subject_of(motion), stated, assumptions=ASSUMED)
    if not changes:
        return document
    changed = {name: value for name, value in (document | changes).items() if name != "digest"}
    return changed | {"digest": digest_of(changed)}


async def kept(assembly: Assembly, document: dict[str, Any]) -> bool:
    async with assembly.database.work() as work:
        return await keep_impact(work, document)


async def test_a_statement_is_kept_once_announced_and_read_as_it_was(assembly: Assembly) -> None:
    motion = await assembly.propose(tariff_motion())
    document = made_up(motion)
    async with assembly.database.reading() as reading:
        with pytest.raises(ImpactPending):
            await get_impact(reading, motion.motion_id)
    assert await kept(assembly, document)
    assert not await kept(assembly, document), "a second one of that version"
    async with assembly.database.reading() as reading:
        found = await get_impact(reading, motion.motion_id)
    assert found.document == document
    facts = assembly.owner.execute(
        "SELECT payload FROM storage.outbox WHERE topic = 'governance.impact_stated'"
    ).fetchall()
    assert [fact[0] for fact in facts] == [
        {"motion_id": str(motion.motion_id), "version": 1, "digest": document["digest"],
         "has_figures": True}
    ]  # fmt: skip


async def test_a_vote_is_called_only_when_the_text_that_stands_has_its_statement(
    assembly: Assembly,
) -> None:
    motion = await assembly.propose(tariff_motion())
    async with assembly.database.work() as work:
        with pytest.raises(ImpactMissing):
            await impact_ready(work, motion.motion_id, motion.version)
    await kept(assembly, made_up(motion))
    body = dearer_tariff(dearer_tariff())
    async with assembly.database.work() as work:
        await impact_ready(work, motion.motion_id, motion.version)
        amended = await motions.amend(
            work, motion.motion_id, by=assembly.members[1], text=json.dumps(body), readers={}
        )
    async with assembly.database.work() as work:
        after = await motions.accept_amendment(
            work, motion.motion_id, amended.amendment_id, by=assembly.members[0]
        )
    async with assembly.database.work() as work:
        with pytest.raises(ImpactMissing):
            await impact_ready(work, motion.motion_id, after.version)
        with pytest.raises(ImpactPending):
            await get_impact(work, motion.motion_id)
        waiting = await find_waiting(work)
        assert waiting is not None
        assert (waiting.motion_id, waiting.version) == (motion.motion_id, 2)
        assert json.loads(waiting.text) == body
    await kept(assembly, made_up(after))
    async with assembly.database.work() as work:
        await impact_ready(work, motion.motion_id, after.version)
        assert await find_waiting(work) is None


async def test_a_motion_without_figures_says_why_and_keeps_no_vote_waiting(
    assembly: Assembly,
) -> None:
    words = Proposal(title="Benches", text="Benches at the rank.", matter="ordinary")
    motion = await assembly.propose(words)
    async with assembly.database.work() as work:
        await impact_ready(work, motion.motion_id, motion.version)
        found = await get_impact(work, motion.motion_id)
        assert await find_waiting(work) is None
        with pytest.raises(MotionNotFound):
            await impact_ready(work, MotionId(numbered(9)), 1)
    assert (found.made_at, found.document["proposals"]) == (None, [])
    assert (
        found.document["why_none"]
        == "This motion writes no rule, so no figure of a day follows from it."
    )


async def refused(assembly: Assembly, document: dict[str, Any]) -> str | None:
    with pytest.raises(DBAPIError) as error:
        await kept(assembly, document)
    return constraint_of(error.value)


async def test_no_statement_of_another_text_kind_or_motion_is_kept(assembly: Assembly) -> None:
    motion = await assembly.propose(tariff_motion())
    words = await assembly.propose(Proposal(title="Benches", text="Two.", matter="ordinary"))
    other_text = made_up(motion)["proposals"]
    other_text[0]["body_digest"] = "0" * 64
    assert (
        await refused(assembly, made_up(motion, proposals=other_text)) == "a_statement_of_its_text"
    )
    other_rules = made_up(motion)["rests_on"] | {"levy": "0" * 64}
    assert (
        await refused(assembly, made_up(motion, rests_on=other_rules)) == "a_statement_of_its_rules"
    )
    other_side = made_up(motion)["proposals"]
    other_side[0]["statement"] = street_s(json.dumps(dearer_tariff(dearer_tariff())))
    assert (
        await refused(assembly, made_up(motion, proposals=other_side)) == "a_statement_of_its_rules"
    )
    assert await refused(assembly, made_up(motion, kind="levy")) == "a_statement_of_its_rule"
    assert await refused(assembly, made_up(motion, version=2)) in (
        "states_a_text_of_a_motion", "a_statement_of_a_rule",
    )  # fmt: skip
    none = document_of_none(subject_of(words), "No reason.")
    assert await refused(assembly, none) == "a_statement_of_a_rule"
    assert await refused(assembly, made_up(motion, why_none="Both.")) == "statement_says_the_same"
    with pytest.raises(ImpactUnreadable):
        await kept(assembly, made_up(motion) | {"kind": "levy"})


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE governance.impact SET seed = 8", "append_only"),
        ("DELETE FROM governance.impact", "append_only"),
        ("TRUNCATE governance.impact", "append_only"),
        ("INSERT INTO governance.impact SELECT motion_id, version, rests_on, document || ' ', digest,"
         " seed, assumptions, has_figures, made_at FROM governance.impact",
         "statement_is_what_was_hashed"),
        ("INSERT INTO governance.impact SELECT motion_id, version, rests_on, document, digest, 8,"
         " assumptions, has_figures, made_at FROM governance.impact", "statement_says_the_same"),
        ("INSERT INTO governance.impact SELECT motion_id, version, rests_on || '{\"bylaws\": null}', document, digest,"
         " seed, assumptions, has_figures, made_at FROM governance.impact", "statement_says_the_same"),
        ("INSERT INTO governance.impact SELECT * FROM governance.impact",
         "one_statement_a_version_and_its_rules"),
    ],
)  # fmt: skip
async def test_not_even_the_owner_changes_or_doubles_a_statement(
    assembly: Assembly, statement: str, constraint: str
) -> None:
    motion = await assembly.propose(tariff_motion())
    await kept(assembly, made_up(motion))
    with pytest.raises(psycopg.Error) as error:
        assembly.owner.execute(statement)
    assert error.value.diag.constraint_name == constraint


async def test_I31_a_statement_that_is_not_announced_is_not_kept(assembly: Assembly) -> None:
    motion = await assembly.propose(tariff_motion())
    document = made_up(motion)
    said = text_of(document)
    with pytest.raises(psycopg.Error) as error:
        assembly.owner.execute(
            "INSERT INTO governance.impact VALUES (%s, 1, %s, %s, %s, 3, %s, true, service_now())",
            [
                motion.motion_id,
                json.dumps(document["rests_on"]),
                said,
                digest_of(document),
                json.dumps(ASSUMED),
            ],
        )
    assert error.value.diag.constraint_name == "i31_announced_in_the_same_commit"


class Workshop:
    """Works jobs out at once, in this process; what it is told to fail, fails."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.fails = False

    async def run(self, said: bytes) -> bytes:
        self.jobs.append(Job.decode(said))
        if self.fails:
            raise ProcessFailed("status 1: out of memory")
        return text_of(work_out(self.jobs[-1])).encode()


async def turns(worker: ImpactWorker, count: int) -> None:
    """Let the worker turn, and what it began go on in between."""
    for _ in range(count):
        await worker.turn()
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_city(tmp_path_factory.mktemp("gridtown"))


async def test_the_worker_states_what_waits_once_each_and_again_when_the_text_changes(
    assembly: Assembly, city: Path
) -> None:
    shop = Workshop()
    worker = ImpactWorker(assembly.database, city, run=shop.run)
    await turns(worker, 2)
    assert shop.jobs == []
    first = await assembly.propose(tariff_motion())
    floor = json.loads(json.dumps(assembly.rules[RuleKind.PAY_FLOOR].body))
    second = await assembly.propose(
        Proposal(title="The floor", text=json.dumps(floor), matter="special",
                 rule_kind=RuleKind.PAY_FLOOR)
    )  # fmt: skip
    await turns(worker, 5)
    assert sorted(job.subject.motion_id for job in shop.jobs) == sorted(
        [str(first.motion_id), str(second.motion_id)]
    )
    async with assembly.database.work() as work:
        stated = await get_impact(work, first.motion_id)
        same = await get_impact(work, second.motion_id)
    # One rider from corner to corner, and one car: the flag fall is 1.00 higher, of which today's
    # minimum fare takes some; another 1.00 is another 1.00.
    assert stated.document["assumptions"] == Assumed().as_json()
    (proposal,) = stated.document["proposals"]
    dearer = proposal["statement"]["difference"]["riders"]["quoted_minor"]
    assert dearer == 52
    assert proposal["statement"]["demand"]["vehicles"] == 1
    # The floor of today proposed anew: nothing differs anywhere.
    (proposal,) = same.document["proposals"]
    assert numbers(proposal["statement"]["difference"]) == {0}
    body = dearer_tariff(dearer_tariff())
    async with assembly.database.work() as work:
        amended = await motions.amend(
            work, first.motion_id, by=assembly.members[1], text=json.dumps(body), readers={}
        )
    async with assembly.database.work() as work:
        await motions.accept_amendment(
            work, first.motion_id, amended.amendment_id, by=assembly.members[0]
        )
    await turns(worker, 3)
    async with assembly.database.work() as work:
        again = await get_impact(work, first.motion_id)
    (proposal,) = again.document["proposals"]
    assert again.document["version"] == 2
    assert proposal["statement"]["difference"]["riders"]["quoted_minor"] == dearer + 100
    assert len(shop.jobs) == 3


def numbers(value: Any) -> set[float]:
    """Every number in a document."""
    if isinstance(value, dict):
        return set().union(*(numbers(one) for one in value.values()))
    if isinstance(value, list):
        return set().union(*(numbers(one) for one in value), set())
    return {value} if isinstance(value, int | float) else set()


async def test_a_tariff_without_a_price_for_the_cars_is_kept_with_the_reason(
    assembly: Assembly, city: Path
) -> None:
    body = dearer_tariff() | {"vehicle_classes": ["boat"]}
    motion = await assembly.propose(tariff_motion(body))
    worker = ImpactWorker(assembly.database, city, run=Workshop().run)
    await turns(worker, 2)
    async with assembly.database.work() as work:
        found = await get_impact(work, motion.motion_id)
        await impact_ready(work, motion.motion_id, motion.version)
    assert found.document["proposals"] == []
    assert "standard" in found.document["why_none"]


async def test_a_process_that_fails_is_left_for_a_while_and_keeps_no_other_waiting(
    assembly: Assembly, city: Path
) -> None:
    shop, now = Workshop(), [0.0]
    worker = ImpactWorker(assembly.database, city, run=shop.run, stopwatch=lambda: now[0])
    shop.fails = True
    first = await assembly.propose(tariff_motion())
    await turns(worker, 3)
    assert len(shop.jobs) == 1
    shop.fails = False
    second = await assembly.propose(tariff_motion())
    await turns(worker, 3)
    assert [job.subject.motion_id for job in shop.jobs[1:]] == [str(second.motion_id)]
    now[0] += 60_001
    await turns(worker, 2)
    async with assembly.database.work() as work:
        assert (await get_impact(work, first.motion_id)).made_at is not None


async def test_one_job_at_a_time_and_none_is_left_when_the_service_ends(
    assembly: Assembly, city: Path
) -> None:
    began, ended = [], []

    async def never(said: bytes) -> bytes:
        began.append(said)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(said)
        return b""

    worker = ImpactWorker(assembly.database, city, run=never)
    for _ in range(2):
        await assembly.propose(tariff_motion())
    await turns(worker, 5)
    assert (len(began), len(ended)) == (1, 0)
    await worker.close()
    assert len(ended) == 1


async def test_a_process_of_its_own_gives_the_same_bytes(city: Path) -> None:
    job = Job(
        city=str(city),
        subject=Subject(motion_id=str(numbered(1)), version=1, kind="tariff"),
        today={kind: body for kind, body in example_bodies().items() if kind in KINDS},
        proposals=(Proposed(label="as proposed", body=dearer_tariff()),),
        assumed=Assumed(seed=5),
    )
    assert Job.decode(job.encode()) == job
    assert await in_a_process(job.encode()) == text_of(work_out(job)).encode()


async def test_a_process_that_ends_without_a_document_says_what_it_said_last(city: Path) -> None:
    with pytest.raises(ProcessFailed, match=r"status 1: .*JSONDecodeError"):
        await in_a_process(b"nonsense")
