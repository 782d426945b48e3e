"""No vote on a tariff, a pay floor, a levy or a matching policy is called before members can see what it
would do: said by the service in words, and refused by the database to whoever goes past it."""

import json
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from governance.asked import NumberAsked, OfferedText, TextsAsked
from governance.impact.errors import ImpactMissing, ImpactStale
from governance.impact.service import get_impact
from governance.impact.store import find_waiting
from governance.motion import Motion, MotionState
from governance.number_terms import Bounds
from governance.service import elections, motions, votes
from governance.service.motions import Proposal
from rulebook.rule import RuleKind
from rulebook.service import list_rules
from storage.engine import Database
from storage.refusals import constraint_of
from tests.assembly_rows import Assembly, assemble, dearer_tariff, open_bylaws, tariff_motion
from tests.impact_at_work import state_impact
from tests.integration.governance.test_votes_without_names import FLAG, flag_fall

GUARD = "no_notice_without_its_impact"


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    rules = open_bylaws()
    rules["matters"] |= {
        "fare": {"extends": "ordinary", "method": "median", "step": 1},
        "several": {"extends": "ordinary", "method": "ranked"},
    }
    rules["decides"] = {
        "tariff": ["ordinary", "fare", "several"], "bylaws": ["special"], "levy": ["ordinary"],
    }  # fmt: skip
    return await assemble(database, owner, address=database_address, bylaws=rules)


async def called(assembly: Assembly, motion: Motion) -> Motion:
    async with assembly.database.work() as work:
        return await votes.give_notice(work, motion.motion_id)


async def amended(assembly: Assembly, motion: Motion, body: dict[str, Any]) -> Motion:
    """Another text, which the mover takes over."""
    async with assembly.database.work() as work:
        made = await motions.amend(
            work, motion.motion_id, by=assembly.members[1], text=json.dumps(body), readers={}
        )
    async with assembly.database.work() as work:
        return await motions.accept_amendment(
            work, motion.motion_id, made.amendment_id, by=assembly.members[0]
        )


async def adopted(assembly: Assembly, proposal: Proposal) -> None:
    """Voted on, passed and in force."""
    motion = await assembly.opened(proposal)
    await assembly.cast(motion.motion_id, "for", "for", "for")
    motion = await assembly.certified(motion)
    assert motion.state is MotionState.CERTIFIED
    async with assembly.database.work() as work:
        assembly.at((await list_rules(work, proposal.rule_kind))[-1].valid_from)


def levy_motion() -> Proposal:
    levy = {"name": "Kerb levy", "currency": "USD", "borne_by": "coop", "bps": 100}
    return Proposal(
        title="A levy", text=json.dumps(levy), matter="ordinary", rule_kind=RuleKind.LEVY
    )


async def test_a_vote_is_not_called_while_its_statement_is_missing(assembly: Assembly) -> None:
    motion = await assembly.propose(tariff_motion())
    with pytest.raises(ImpactMissing) as refusal:
        await called(assembly, motion)
    assert refusal.value.code == "impact_missing"
    assert f"/public/v1/motions/{motion.motion_id}/impact" in refusal.value.sentence
    async with assembly.database.work() as work:
        assert (await motions.get_motion(work, motion.motion_id)).state is MotionState.SECONDED
    await state_impact(assembly.database, motion.motion_id)
    assert (await called(assembly, motion)).state is MotionState.AMENDING


async def test_a_statement_of_the_text_before_an_amendment_is_none(assembly: Assembly) -> None:
    motion = await assembly.stated(tariff_motion())
    after = await amended(assembly, motion, dearer_tariff(dearer_tariff()))
    with pytest.raises(ImpactMissing, match="version 2"):
        await called(assembly, after)
    await state_impact(assembly.database, motion.motion_id)
    assert (await called(assembly, after)).version == 2


async def test_a_statement_beside_yesterday_s_rule_is_stale_and_worked_out_again(
    assembly: Assembly,
) -> None:
    motion = await assembly.stated(tariff_motion(dearer_tariff(dearer_tariff())))
    await adopted(assembly, tariff_motion())
    with pytest.raises(ImpactStale, match=r"changed since \(tariff\)") as refusal:
        await called(assembly, motion)
    assert refusal.value.code == "impact_stale"
    async with assembly.database.work() as work:
        before = await get_impact(work, motion.motion_id)
        waiting = await find_waiting(work)
    assert before.is_stale
    assert waiting is not None
    assert waiting.motion_id == motion.motion_id
    await state_impact(assembly.database, motion.motion_id)
    async with assembly.database.work() as work:
        again = await get_impact(work, motion.motion_id)
        assert await find_waiting(work) is None
    assert not again.is_stale
    # A flag fall of 1.00 more than today's, which was 2.00 before: a smaller step than was told.
    first, second = (
        one.document["proposals"][0]["statement"]["prices"]["dearer_sum_minor"]
        for one in (before, again)
    )
    assert first > second > 0
    assert (await called(assembly, motion)).state is MotionState.AMENDING


async def test_another_kind_of_rule_that_the_day_is_played_by_makes_it_stale_too(
    assembly: Assembly,
) -> None:
    motion = await assembly.stated(tariff_motion())
    await adopted(assembly, levy_motion())
    with pytest.raises(ImpactStale, match=r"\(levy\)"):
        await called(assembly, motion)


async def test_after_the_notice_what_was_shown_stands_whatever_rules_become(
    assembly: Assembly,
) -> None:
    motion = await assembly.stated(tariff_motion(dearer_tariff(dearer_tariff())))
    levy = await assembly.opened(levy_motion())
    motion = await called(assembly, motion)
    await assembly.cast(levy.motion_id, "for", "for", "for")
    await assembly.certified(levy)
    async with assembly.database.work() as work:
        assembly.at((await list_rules(work, RuleKind.LEVY))[-1].valid_from)
    async with assembly.database.work() as work:
        assert await find_waiting(work) is None
        assert not (await get_impact(work, motion.motion_id)).is_stale


def planted(assembly: Assembly, motion: Motion, like: Motion) -> None:
    """A notice as another vote's, written past the service and with the rights of the tables' owner."""
    assembly.owner.execute(
        "INSERT INTO governance.notice SELECT (jsonb_populate_record(notice, jsonb_build_object("
        "'motion_id', CAST(%s AS text), 'notice_at', service_now()))).*"
        " FROM governance.notice WHERE motion_id = %s",
        [motion.motion_id, like.motion_id],
    )


async def resolution(assembly: Assembly) -> Motion:
    """A vote that is called on what writes no rule."""
    words = Proposal(title="Benches", text="Two.", matter="ordinary")
    return await called(assembly, await assembly.propose(words))


async def test_not_even_the_owner_calls_a_vote_without_its_statement(assembly: Assembly) -> None:
    like = await resolution(assembly)
    motion = await assembly.propose(tariff_motion())
    with pytest.raises(psycopg.Error) as refusal:
        planted(assembly, motion, like)
    assert refusal.value.diag.constraint_name == GUARD
    await state_impact(assembly.database, motion.motion_id)
    planted(assembly, motion, like)


async def test_nor_by_the_statement_of_an_older_text_or_of_other_rules(assembly: Assembly) -> None:
    motion = await assembly.stated(tariff_motion())
    await amended(assembly, motion, dearer_tariff(dearer_tariff()))
    stale = await assembly.stated(tariff_motion(dearer_tariff(dearer_tariff())))
    await adopted(assembly, tariff_motion())
    like = await resolution(assembly)
    for one in (motion, stale):
        with pytest.raises(psycopg.Error) as refusal:
            planted(assembly, one, like)
        assert refusal.value.diag.constraint_name == GUARD


def texts_motion() -> Proposal:
    offered = (
        OfferedText(title="A little", text=json.dumps(dearer_tariff())),
        OfferedText(title="More", text=json.dumps(dearer_tariff(dearer_tariff()))),
    )
    return Proposal(
        title="The fare", text="Which?", matter="several", rule_kind=RuleKind.TARIFF,
        asks=TextsAsked(texts=offered),
    )  # fmt: skip


def without_the_last(assembly: Assembly, motion: Motion) -> None:
    """As if the last proposal had never been stated."""
    assembly.owner.execute("ALTER TABLE governance.impact DISABLE TRIGGER append_only")
    assembly.owner.execute(
        "WITH kept AS (SELECT CAST(jsonb_set(CAST(document AS jsonb), '{proposals}',"
        "  (CAST(document AS jsonb) -> 'proposals') - -1) AS text) AS document"
        "  FROM governance.impact WHERE motion_id = %(id)s)"
        " UPDATE governance.impact SET document = kept.document,"
        "  digest = encode(sha256(convert_to(kept.document, 'UTF8')), 'hex')"
        " FROM kept WHERE motion_id = %(id)s",
        {"id": motion.motion_id},
    )
    assembly.owner.execute("ALTER TABLE governance.impact ENABLE TRIGGER append_only")


async def test_every_one_of_several_texts_is_stated_or_none_is_voted_on(assembly: Assembly) -> None:
    motion = await assembly.stated(texts_motion())
    without_the_last(assembly, motion)
    with pytest.raises(DBAPIError) as refusal:
        await called(assembly, motion)
    assert constraint_of(refusal.value) == GUARD


async def test_both_ends_of_a_number_are_stated_or_it_is_not_voted_on(assembly: Assembly) -> None:
    now = flag_fall()
    motion = await assembly.propose(
        Proposal(title="The flag fall", text="What shall it be?", matter="fare",
                 rule_kind=RuleKind.TARIFF, asks=NumberAsked(unit="cents", fields=(FLAG,)))
    )  # fmt: skip
    async with assembly.database.work() as work:
        await elections.publish_bounds(
            work, motion.motion_id, Bounds(lowest=now - 10, highest=now + 10)
        )
    await state_impact(assembly.database, motion.motion_id)
    without_the_last(assembly, motion)
    with pytest.raises(DBAPIError) as refusal:
        await called(assembly, motion)
    assert constraint_of(refusal.value) == GUARD
