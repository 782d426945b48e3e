"""The impact of votes on a number and on several texts: what is proposed, when, and what is kept."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from governance.asked import NumberAsked, OfferedText, TextsAsked
from governance.impact.document import Proposed, document_of
from governance.impact.errors import ImpactAwaitsBounds, ImpactPending
from governance.impact.service import get_impact, keep_impact, proposals_of
from governance.impact.store import find_waiting
from governance.motion import Motion
from governance.number_terms import Bounds
from governance.service import elections, votes
from governance.service.motions import Proposal
from khan.impact_job import Assumed, Job
from khan.impact_worker import job_of
from rulebook.rule import RuleKind
from simulation.impact.statement import impact_of
from storage.engine import Database
from storage.refusals import constraint_of
from tests.assembly_rows import Assembly, assemble, dearer_tariff, open_bylaws
from tests.impact_town import EACH_ZONE, street, today, town_of
from tests.integration.governance.test_votes_without_names import FLAG, flag_fall

METHODS = {
    "fare": {"extends": "ordinary", "method": "median", "step": 1, "phantoms": "1/10",
             "change_at_most": "0.15"},
    "several": {"extends": "ordinary", "method": "ranked"},
}  # fmt: skip


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    rules = open_bylaws()
    rules["matters"] |= METHODS
    rules["decides"] = {"tariff": ["ordinary", "fare", "several"], "bylaws": ["special"]}
    return await assemble(database, owner, address=database_address, bylaws=rules)


async def number_moved(assembly: Assembly) -> Motion:
    return await assembly.propose(
        Proposal(title="The flag fall", text="What shall it be?", matter="fare",
                 rule_kind=RuleKind.TARIFF, asks=NumberAsked(unit="cents", fields=(FLAG,)))
    )  # fmt: skip


async def publish(assembly: Assembly, motion: Motion, lowest: int, highest: int) -> None:
    async with assembly.database.work() as work:
        bounds = Bounds(lowest=lowest, highest=highest)
        await elections.publish_bounds(work, motion.motion_id, bounds)


async def job(assembly: Assembly) -> Job:
    async with assembly.database.work() as work:
        waiting = await find_waiting(work)
        assert waiting is not None
        return await job_of(work, waiting, Path("gridtown"), Assumed())


@cache
def street_s() -> dict[str, Any]:
    """The statement of the street of `tests.impact_town`, where all stays as it is."""
    return impact_of(town_of(street()), today(), today(), assumed=EACH_ZONE).as_json()


async def keep(assembly: Assembly, of: Job, *proposals: Proposed) -> None:
    stated = [(one, street_s()) for one in proposals]
    document = document_of(of.subject, stated, assumptions=of.assumed.as_json())
    async with assembly.database.work() as work:
        assert await keep_impact(work, document)


async def refused(assembly: Assembly, of: Job, *proposals: Proposed) -> str | None:
    with pytest.raises(DBAPIError) as error:
        await keep(assembly, of, *proposals)
    return constraint_of(error.value)


def flag_of(proposed: Proposed) -> int:
    return int(proposed.body["rules"][0]["flag"]["amount_minor"])


async def test_a_number_is_stated_by_what_may_be_voted_once_its_bounds_are_published(
    assembly: Assembly,
) -> None:
    now = flag_fall()
    motion = await number_moved(assembly)
    async with assembly.database.work() as work:
        assert await find_waiting(work) is None
        with pytest.raises(ImpactAwaitsBounds):
            await proposals_of(work, motion.motion_id)
        with pytest.raises(ImpactAwaitsBounds):
            await get_impact(work, motion.motion_id)
    await publish(assembly, motion, now - 10, now + 10_000)
    async with assembly.database.work() as work:
        with pytest.raises(ImpactPending):
            await get_impact(work, motion.motion_id)
    wanted = await job(assembly)
    highest = now + now * 15 // 100
    values = (now - 10, (now - 10 + highest) // 2, highest)
    assert tuple(one.value for one in wanted.proposals) == values
    assert tuple(flag_of(one) for one in wanted.proposals) == values
    assert [one.label for one in wanted.proposals] == [f"{value} cents" for value in values]
    first = wanted.proposals[0]
    for value in (now - 11, None):
        other = Proposed(label="another", body=first.body, value=value)
        assert await refused(assembly, wanted, first, other) == "a_statement_of_its_text"
    async with assembly.database.work() as work:
        await votes.give_notice(work, motion.motion_id)
    assert (await job(assembly)).proposals == wanted.proposals, "what is called is what was shown"
    other = Proposed(label="another", body=wanted.proposals[1].body, value=first.value)
    assert await refused(assembly, wanted, other) == "a_statement_of_its_text"
    await keep(assembly, wanted, *wanted.proposals)
    async with assembly.database.work() as work:
        found = await get_impact(work, motion.motion_id)
        assert await find_waiting(work) is None
    assert [one["value"] for one in found.document["proposals"]] == list(values)


async def test_of_several_texts_each_is_stated_and_no_other(assembly: Assembly) -> None:
    once, twice = dearer_tariff(), dearer_tariff(dearer_tariff())
    offered = (
        OfferedText(title="A little", text=json.dumps(once)),
        OfferedText(title="More", text=json.dumps(twice)),
    )
    await assembly.propose(
        Proposal(title="The fare", text="Which?", matter="several", rule_kind=RuleKind.TARIFF,
                 asks=TextsAsked(texts=offered))
    )  # fmt: skip
    wanted = await job(assembly)
    assert [(one.label, one.body, one.value) for one in wanted.proposals] == [
        ("A little", once, None), ("More", twice, None),
    ]  # fmt: skip
    third = Proposed(label="Most", body=dearer_tariff(twice))
    assert await refused(assembly, wanted, third) == "a_statement_of_its_text"
    await keep(assembly, wanted, *wanted.proposals)
