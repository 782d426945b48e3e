"""The impact of votes on a number and on several texts: what is proposed, when, and what is kept."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from foundation.chance import SeededChance
from governance.asked import NumberAsked, OfferedText, TextsAsked
from governance.asked import Path as FieldPath
from governance.impact.document import Proposed, document_of
from governance.impact.errors import (
    ImpactAwaitsBounds,
    ImpactMissing,
    ImpactPending,
    ImpactStale,
)
from governance.impact.service import get_impact, keep_impact, proposals_of
from governance.impact.store import find_waiting
from governance.motion import Motion
from governance.number_terms import Bounds
from governance.service import elections, votes
from governance.service.motions import Proposal
from khan.impact_job import Assumed, Job
from khan.impact_worker import ImpactWorker, in_a_process, job_of
from rulebook.rule import RuleKind
from simulation.impact.rules import rules_of
from simulation.impact.statement import impact_of
from storage.engine import Database
from storage.refusals import constraint_of
from tests.assembly_rows import (
    Assembly,
    assemble,
    dearer_tariff,
    open_bylaws,
    tariff_motion,
)
from tests.impact_at_work import state_impact
from tests.impact_town import EACH_ZONE, street, town_of
from tests.integration.governance.test_votes_without_names import FLAG, flag_fall
from tests.small_city import corner, write_small_city

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


async def number_moved(assembly: Assembly, field: FieldPath = FLAG) -> Motion:
    return await assembly.propose(
        Proposal(title="The flag fall", text="What shall it be?", matter="fare",
                 rule_kind=RuleKind.TARIFF, asks=NumberAsked(unit="cents", fields=(field,)))
    )  # fmt: skip


async def publish(assembly: Assembly, motion: Motion, lowest: int, highest: int) -> None:
    async with assembly.database.work() as work:
        bounds = Bounds(lowest=lowest, highest=highest)
        await elections.publish_bounds(work, motion.motion_id, bounds)


async def job(assembly: Assembly) -> Job:
    async with assembly.database.work() as work:
        waiting = await find_waiting(work)
        assert waiting is not None
        return await job_of(work, waiting.motion_id, Path("gridtown"), Assumed())


def street_s(of: Job, proposed: Proposed) -> dict[str, Any]:
    """A body's statement on the street of `tests.impact_town`."""
    today = rules_of(of.today)
    under = today.under(RuleKind.TARIFF, proposed.body)
    return impact_of(town_of(street()), today, under, assumed=EACH_ZONE).as_json()


async def keep(assembly: Assembly, of: Job, *proposals: Proposed) -> None:
    stated = [(one, street_s(of, one)) for one in proposals]
    document = document_of(of.subject, stated, assumptions=of.assumed.as_json())
    async with assembly.database.work() as work:
        assert await keep_impact(work, document)


def elsewhere(of: Job) -> Job:
    """The same job in a city with other bylaws, so that a second statement does not meet the first."""
    rests_on = {**of.subject.rests_on, "bylaws": "0" * 64}
    return replace(of, subject=replace(of.subject, rests_on=rests_on))


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
    with pytest.raises(ImpactMissing):
        async with assembly.database.work() as work:
            await votes.give_notice(work, motion.motion_id)
    await keep(assembly, wanted, *wanted.proposals)
    async with assembly.database.work() as work:
        await votes.give_notice(work, motion.motion_id)
        called = await job_of(work, motion.motion_id, Path("gridtown"), Assumed())
    assert called.proposals == wanted.proposals, "what is called is what was shown"
    other = Proposed(label="another", body=wanted.proposals[1].body, value=first.value)
    assert await refused(assembly, elsewhere(wanted), other) == "a_statement_of_its_text"
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


async def test_no_vote_on_a_number_is_called_by_another_rule_s_numbers(assembly: Assembly) -> None:
    now = flag_fall()
    motion = await number_moved(assembly)
    await publish(assembly, motion, now - 10, now + 10)
    await state_impact(assembly.database, motion.motion_id)
    dearer = await assembly.opened(tariff_motion())
    await assembly.cast(dearer.motion_id, "for", "for")
    await assembly.certified(dearer)
    # Adopted, and not in force before its own notice has run: the number would stand in that rule.
    with pytest.raises(ImpactStale, match=r"\(rule it stands in\)"):
        async with assembly.database.work() as work:
            await votes.give_notice(work, motion.motion_id)
    async with assembly.database.work() as work:
        waiting = await find_waiting(work)
    assert waiting is not None
    assert waiting.motion_id == motion.motion_id, "and it is worked out again"


SIDE = 20
"""Streets each way: most journeys cost more than the least that one costs."""


def write_a_day(city: Path, *, requests: int) -> None:
    """A made day: riders all over the town, from the first hour to the last."""
    chance = SeededChance("a day")
    lines = ["asked_at,pickup_lon,pickup_lat,dropoff_lon,dropoff_lat,passengers"]
    for at in sorted(chance.below(86_400) for _ in range(requests)):
        here, away = chance.below(SIDE**2), 1 + chance.below(SIDE**2 - 1)
        there = (here + away) % SIDE**2
        first, last = corner(here % SIDE, here // SIDE), corner(there % SIDE, there // SIDE)
        lines.append(
            f"2014-12-21T{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02},"
            f"{first.lon},{first.lat},{last.lon},{last.lat},1"
        )
    (city / "demand" / "trips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


async def test_a_number_is_stated_on_a_whole_made_day_by_the_worker_s_own_process(
    assembly: Assembly, tmp_path: Path
) -> None:
    city = write_small_city(tmp_path / "gridtown", size=SIDE)
    write_a_day(city, requests=180)
    now, done = 300, asyncio.Event()  # by day, where most ride; FLAG is the airport's

    async def run(job: bytes) -> bytes:
        try:
            return await in_a_process(job)
        finally:
            done.set()

    worker = ImpactWorker(assembly.database, city, run=run)
    motion = await number_moved(assembly, ("rules", 2, "flag", "amount_minor"))
    await worker.turn()
    assert not done.is_set(), "without bounds nothing is worked out"
    await publish(assembly, motion, now - 40, now + 40)
    await worker.turn()
    await done.wait()
    await worker.turn()
    await worker.close()
    async with assembly.database.work() as work:
        found = await get_impact(work, motion.motion_id)
    stated = [one["statement"] for one in found.document["proposals"]]
    assert [one["value"] for one in found.document["proposals"]] == [now - 40, now, now + 40]
    assert {one["demand"]["requests"] for one in stated} == {180}
    assert {one["demand"]["vehicles"] for one in stated} == {4}
    bands = [group["requests"] for group in stated[0]["today"]["riders"]["by_time"]]
    assert len(bands) == 8
    assert min(bands) > 0, "a whole day"
    # Today is one side for all three, and today's number proposed anew changes nothing.
    assert stated[0]["today"] == stated[1]["today"] == stated[2]["today"]
    assert stated[1]["prices"]["unchanged"] == 180
    # Each journey is dearer by what the number rose, but for those that cost the least there is.
    for statement, rose in ((stated[0], -40), (stated[2], 40)):
        differs = statement["difference"]["riders"]["quoted_minor"]
        changed = statement["prices"]["dearer"] + statement["prices"]["cheaper"]
        assert 0 < abs(differs) <= abs(rose) * changed * 2
        assert (differs > 0) == (rose > 0)
        assert statement["difference"]["riders"]["served"] == 0, "a price moves no car"
    async with assembly.database.work() as work:
        await votes.give_notice(work, motion.motion_id)
