"""What passes becomes the rule on its date; before it all is as it was; nothing else writes a rule."""

import hashlib
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from fares.quote import Quote, requote
from fares.service import get_quote, make_quote, quote_rules, tariff_of
from foundation.identifiers import UUID, RiderId
from foundation.measures import Point
from governance.errors import MatterNotEnough, MotionElsewhere
from governance.motion import MotionState
from governance.service import motions, votes
from governance.service.motions import Proposal
from governance.service.trial import judged_by
from governance.store.votes import find_certificate
from rulebook.rule import RuleKind, canonical, digest_of
from rulebook.service import in_force, list_rules
from storage.engine import Database
from tests.assembly_rows import (
    Assembly,
    assemble,
    dearer_tariff,
    open_bylaws,
    tariff_motion,
)

RIDER = RiderId(UUID(int=1))


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    return await assemble(database, owner, address=database_address)


async def quoted(assembly: Assembly, **changes: Any) -> Quote:
    async with assembly.database.work() as work:
        rules = await quote_rules(work, booked_for=changes.get("booked_for"))
        return await make_quote(
            work, rules, rider_id=RIDER, pickup=Point(-73.98, 40.75), dropoff=Point(-73.95, 40.78),
            metres=5000, seconds=900, route_line=[(-73.98, 40.75), (-73.95, 40.78)],
            zone_from=None, zone_to=None, vehicle_class="standard", **changes,
        )  # fmt: skip


async def test_a_quote_before_the_date_keeps_its_price_and_one_after_it_has_the_new_one(
    assembly: Assembly,
) -> None:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "for", "against", "for")
    motion = await assembly.certified(motion)
    assert motion.state is MotionState.CERTIFIED
    async with assembly.database.work() as work:
        first, second = await list_rules(work, RuleKind.TARIFF)
        certified_at = work.now
    assert first.valid_to == second.valid_from
    assert second.body == dearer_tariff()
    assert second.adopted_by == "certificate: A higher flag fall"
    assert second.valid_from - certified_at >= timedelta(days=14)

    assembly.at(second.valid_from - timedelta(seconds=1))
    before = await quoted(assembly)
    assembly.at(second.valid_from)
    after = await quoted(assembly)
    assert after.total.minor == before.total.minor + 100
    assert (before.tariff_rule_id, after.tariff_rule_id) == (first.rule_id, second.rule_id)
    async with assembly.database.work() as work:
        kept = await get_quote(work, before.quote_id, RIDER)
        assert requote(kept, await tariff_of(work, kept.tariff_rule_id)).total == before.total


async def test_a_booking_quoted_before_the_vote_keeps_its_price_past_the_date(
    database: Database, owner: psycopg.Connection, database_address: str
) -> None:
    at_once = open_bylaws(ordinary={"notice_days": 0, "talk_days": 0, "freeze_days": 0})
    assembly = await assemble(database, owner, address=database_address, bylaws=at_once)
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "for")
    motion = await assembly.closed(motion)
    assert motion.timetable is not None
    assembly.at(motion.timetable.closes_at + timedelta(hours=10))
    async with database.work() as work:
        booked_for = work.now + timedelta(hours=20)
    booked = await quoted(assembly, booked_for=booked_for)
    async with database.work() as work:
        await votes.certify(work, motion.motion_id, certified_by="R. Officer")
    async with database.work() as work:
        first, second = await list_rules(work, RuleKind.TARIFF)
        kept = await get_quote(work, booked.quote_id, RIDER)
        tariff = await tariff_of(work, kept.tariff_rule_id)
    assert second.valid_from < booked_for
    assert kept.tariff_rule_id == first.rule_id
    assert requote(kept, tariff).total == booked.total
    # What a receipt says of the rule is what was known when the price was promised.
    assert first.known_end(booked.made_at) is None
    assert first.known_end(booked.made_at + timedelta(days=1)) == second.valid_from
    # Who books the same journey now pays by the new tariff.
    anew = await quoted(assembly, booked_for=booked_for)
    assert anew.total.minor == booked.total.minor + 100


async def test_the_certificate_is_kept_whole_and_the_rule_names_it(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "against", "for", "abstain", "for")
    await assembly.cast(motion.motion_id, "for")  # the mover thinks again
    await assembly.certified(motion)
    async with assembly.database.work() as work:
        document = await find_certificate(work, motion.motion_id)
        rule = (await list_rules(work, RuleKind.TARIFF))[-1]
    assert document is not None
    count = document["count"]
    assert (count["votes_for"], count["votes_against"], count["abstentions"]) == (3, 0, 1)
    assert (document["roll"]["size"], count["ballots"]["cast"]) == (4, 4)
    assert rule.adoption_id == motion.motion_id
    [stored] = assembly.owner.execute(
        "SELECT digest FROM rulebook.adoption WHERE adoption_id = %s", [motion.motion_id]
    ).fetchone()  # type: ignore[misc]
    assert stored == hashlib.sha256(canonical(document)).hexdigest()


@pytest.mark.parametrize(
    ("choices", "outcome"),
    [
        (("for", "against"), "tie"),
        (("abstain", "abstain", "abstain", "abstain"), "tie"),
        (("against", "against", "for"), "not_enough"),
        (("for",), "no_quorum"),
        ((), "no_quorum"),
    ],
)
async def test_what_does_not_pass_writes_no_rule(
    assembly: Assembly, choices: tuple[str, ...], outcome: str
) -> None:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, *choices)
    motion = await assembly.certified(motion)
    assert motion.state is MotionState.LOST
    async with assembly.database.work() as work:
        assert len(await list_rules(work, RuleKind.TARIFF)) == 1
        document = await find_certificate(work, motion.motion_id)
    assert document is not None
    assert document["count"]["outcome"] == outcome


async def test_where_each_class_must_pass_it_one_that_does_not_stops_it(
    database: Database, owner: psycopg.Connection, database_address: str
) -> None:
    body = open_bylaws(ordinary={"pass_each": ["driver", "rider"]}, fare={"pass_each": []})
    assembly = await assemble(database, owner, address=database_address, bylaws=body)
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "for", "for", "against")
    assert (await assembly.certified(motion)).state is MotionState.LOST
    again = await assembly.opened(tariff_motion())
    await assembly.cast(again.motion_id, "for", "for", "for", "for")
    assert (await assembly.certified(again)).state is MotionState.CERTIFIED


async def test_new_bylaws_judge_the_votes_called_after_them_only(assembly: Assembly) -> None:
    stricter = open_bylaws(ordinary={"pass": {"for_over_cast": ">=3/4"}, "items": []})
    stricter["matters"]["entrenched"] = {"extends": "special"}
    with pytest.raises(MatterNotEnough, match="entrench"):
        await assembly.propose(Proposal(title="Bylaws", text=canonical(stricter).decode(), matter="special", rule_kind=RuleKind.BYLAWS))  # fmt: skip
    harmless = open_bylaws() | {"name": "Bylaws anew"}
    motion = await assembly.opened(Proposal(title="Bylaws", text=canonical(harmless).decode(), matter="special", rule_kind=RuleKind.BYLAWS))  # fmt: skip
    await assembly.cast(motion.motion_id, "for", "for", "for")
    motion = await assembly.certified(motion)
    assert motion.state is MotionState.CERTIFIED
    async with assembly.database.work() as work:
        rules = await list_rules(work, RuleKind.BYLAWS)
        judged, _ = await judged_by(work, motion)
    assert [rule.version for rule in rules] == [1, 2]
    assert motion.bylaws_rule_id == rules[0].rule_id
    assert judged.name == rules[0].body["name"] != "Bylaws anew"


async def test_two_tariffs_adopted_one_after_the_other_hold_one_after_the_other(
    assembly: Assembly,
) -> None:
    first = await assembly.opened(tariff_motion())
    second = await assembly.stated(tariff_motion(dearer_tariff(dearer_tariff())))
    await assembly.cast(first.motion_id, "for", "for")
    await assembly.certified(first)
    assert second.state is MotionState.SECONDED
    async with assembly.database.work() as work:
        called = await votes.give_notice(work, second.motion_id)
    times = called.timetable
    assert times is not None
    for at, step in ((times.freezes_at, votes.freeze), (times.opens_at, votes.open_vote)):
        assembly.at(at)
        async with assembly.database.work() as work:
            await step(work, second.motion_id)
    await assembly.cast(second.motion_id, "for", "for")
    await assembly.certified(called)
    async with assembly.database.work() as work:
        rules = await list_rules(work, RuleKind.TARIFF)
        for rule in rules:
            assert await in_force(work, RuleKind.TARIFF, rule.valid_from) == rule
    assert [rule.valid_to for rule in rules[:2]] == [rule.valid_from for rule in rules[1:]]
    assert rules[-1].valid_to is None


async def test_a_result_is_certified_once(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "for")
    await assembly.certified(motion)
    with pytest.raises(MotionElsewhere):
        async with assembly.database.work() as work:
            await votes.certify(work, motion.motion_id, certified_by="R. Officer")


async def test_a_rule_is_changed_by_its_matters_only(assembly: Assembly) -> None:
    with pytest.raises(MatterNotEnough, match="special"):
        async with assembly.database.work() as work:
            proposal = Proposal(title="A levy", text="{}", matter="ordinary", rule_kind=RuleKind.LEVY)  # fmt: skip
            await motions.propose(work, proposal, by=assembly.members[0], readers={})


async def test_no_midnight_comes_between_the_notice_of_a_rule_and_its_adoption(
    assembly: Assembly,
) -> None:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "for")
    motion = await assembly.closed(motion)
    assert motion.timetable is not None
    midnight = motion.timetable.closes_at + timedelta(
        days=1
    )  # a vote closes with a day of the city
    assembly.at(midnight - timedelta(seconds=2))
    async with assembly.database.work() as work:
        assembly.at(midnight + timedelta(seconds=2))  # the count has taken a while
        await votes.certify(work, motion.motion_id, certified_by="R. Officer")
    async with assembly.database.work() as work:
        rule = (await list_rules(work, RuleKind.TARIFF))[-1]
    assert rule.valid_from == midnight + timedelta(days=15)


# ------------------------------------------------------------- nothing else writes a rule (I19)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO rulebook.rule (rule_id) VALUES (gen_random_uuid())",
        "INSERT INTO rulebook.adoption (adoption_id) VALUES (gen_random_uuid())",
        "UPDATE governance.motion_text SET text = '{}'",
        "DELETE FROM governance.open_ballot",
        "TRUNCATE governance.certificate CASCADE",
        "UPDATE governance.notice SET required_numerator = 1",
        "INSERT INTO governance.legal_motion_step VALUES ('proposed', 'certified')",
        "DROP TRIGGER i27_a_recount_of_the_board ON governance.certificate",
        "SET session_replication_role = replica",
    ],
)
async def test_I19_the_service_has_no_other_way_to_a_rule(
    assembly: Assembly, statement: str
) -> None:
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        async with assembly.database.work() as work:
            await work.execute(text(statement))


@pytest.mark.parametrize("choices", [("for", "for"), ("against", "for", "against"), None])
async def test_I19_enacting_without_a_certificate_that_passed_is_refused(
    assembly: Assembly, choices: tuple[str, ...] | None
) -> None:
    motion = await assembly.opened(tariff_motion())
    if choices is not None:
        await assembly.cast(motion.motion_id, *choices)
        await assembly.closed(motion)
    if choices is not None and "against" in choices:
        async with assembly.database.work() as work:
            await votes.certify(work, motion.motion_id, certified_by="R. Officer")
    with pytest.raises(DBAPIError, match=r"no certificate adopts|query returned no rows"):
        async with assembly.database.work() as work:
            await work.execute(
                text("SELECT governance.enact(:m, gen_random_uuid(), service_now() + interval '90 days')"),
                {"m": motion.motion_id},
            )  # fmt: skip


async def test_I19_a_rule_before_its_notice_or_a_second_one_is_refused(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "for")
    await assembly.certified(motion)
    enact = text(
        "SELECT governance.enact(:m, gen_random_uuid(), service_now() + interval '90 days')"
    )
    with pytest.raises(DBAPIError, match="adoption_pkey"):
        async with assembly.database.work() as work:
            await work.execute(enact, {"m": motion.motion_id})


async def test_I18_even_the_owner_enacts_no_other_text(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "for")
    await assembly.certified(motion)
    body = canonical(dearer_tariff(dearer_tariff())).decode()
    with pytest.raises(psycopg.errors.CheckViolation) as refusal:
        assembly.owner.execute(
            """INSERT INTO rulebook.rule (rule_id, kind, version, body, digest, valid_from, published_at,
                   supersedes, superseded_from, adoption_id, notice_days, adoption_kind, adopted_at)
               SELECT gen_random_uuid(), kind, version + 1, %s, %s, valid_from + interval '1 day',
                      published_at, rule_id, valid_from, adoption_id, notice_days, adoption_kind, adopted_at
               FROM rulebook.rule WHERE kind = 'tariff' AND version = 2""",
            [body, digest_of(dearer_tariff(dearer_tariff()))],
        )
    assert refusal.value.diag.constraint_name == "i19_the_text_that_was_voted_on"
