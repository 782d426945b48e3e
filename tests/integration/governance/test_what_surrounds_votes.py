"""Planted defects in proxies, outages and appeals, each refused by the database by name."""

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from doorway.government.meeting_shown import appeals_out
from foundation.identifiers import UUID
from governance.counting.lots import commitment_to
from governance.errors import NotYoursToDo, ProxyRefused
from governance.office_errors import AppealClash, OutageInvalid
from governance.service import appeals, outages, proxies
from governance.views.appeals import list_appeals
from registry.vault import Vault
from storage.engine import Database
from storage.refusals import constraint_of
from tests.assembly_rows import Assembly, assemble, open_bylaws, tariff_motion
from tests.meeting_scene import now_of
from tests.statements import counted

SECRET = bytes(range(32))
CLASSES = ("driver",) * 5 + ("rider",)


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    rules = open_bylaws()
    rules["proxy"] = {"allowed": ["ordinary"], "max_held": 2}
    rules["appeal"] = {"window_days": 14, "body": "jury_by_lot_3"}
    return await assemble(database, owner, address=database_address, bylaws=rules, classes=CLASSES)


async def refused(assembly: Assembly, *statements: str, **values: object) -> str | None:
    """The constraint by which the database refuses the service statements in one commit."""
    with pytest.raises(DBAPIError) as refusal:
        async with assembly.database.work() as work:
            for statement in statements:
                names = {name: values[name] for name in values if f":{name}" in statement}
                await work.execute(text(statement), names)
    return constraint_of(refusal.value)


PROXY = """INSERT INTO governance.proxy VALUES (:proxy, :motion, :giver, :holder, NULL, service_now())"""
END = "INSERT INTO governance.proxy_end VALUES (:proxy, :how, service_now())"


async def test_proxies_that_bylaws_do_not_allow(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    people = assembly.members

    async def give(giver: int, holder: int, instructed: str | None = None) -> UUID:
        async with assembly.database.work() as work:
            return await proxies.give_proxy(
                work, motion.motion_id, giver=people[giver], holder=people[holder],
                instructed=instructed,
            )  # fmt: skip

    first = await give(0, 1, "for")
    await give(2, 1)
    for giver, holder, constraint in [
        (3, 1, "so_many_proxies_held"),
        (0, 4, "one_proxy_a_member"),
        (1, 4, "a_proxy_is_not_passed_on"),
        (4, 2, "a_proxy_is_not_passed_on"),
        (5, 5, "nobody_is_their_own_proxy"),
    ]:
        told = {"proxy": UUID(int=5), "motion": motion.motion_id, "giver": people[giver]}
        assert await refused(assembly, PROXY, holder=people[holder], **told) == constraint
        with pytest.raises(ProxyRefused):
            await give(giver, holder)
    stranger = {"proxy": UUID(int=5), "motion": motion.motion_id, "giver": UUID(int=9)}
    assert (
        await refused(assembly, PROXY, holder=people[4], **stranger) == "the_giver_is_on_the_roll"
    )
    ballot = """INSERT INTO governance.open_ballot (motion_id, member_id, sequence, mark, cast_at)
                VALUES (:motion, :giver, 1, 'against', service_now())"""
    told = {"proxy": first, "motion": motion.motion_id, "giver": people[0], "how": "used"}
    assert await refused(assembly, END, ballot, **told) == "votes_as_instructed"
    assert await refused(assembly, END, **told) == "votes_as_instructed"
    with pytest.raises(NotYoursToDo):
        async with assembly.database.work() as work:
            await proxies.cast_by_proxy(work, first, by=people[3], choice="for")
    async with assembly.database.work() as work:
        await proxies.cast_by_proxy(work, first, by=people[1], choice="for")
    assert await refused(assembly, END, **told | {"how": "revoked"}) in ("a_proxy_ends_once",)


async def test_no_proxy_of_somebody_who_voted(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    async with assembly.database.work() as work:
        given = await proxies.give_proxy(
            work, motion.motion_id, giver=assembly.members[0], holder=assembly.members[1]
        )
    await assembly.cast(motion.motion_id, "against")
    told = {"proxy": given, "how": "used"}
    assert await refused(assembly, END, **told) == "who_voted_needs_no_proxy"


async def test_no_proxy_in_a_vote_whose_ballots_are_apart_from_names(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    assembly.owner.execute("ALTER TABLE governance.notice DISABLE TRIGGER append_only")
    assembly.owner.execute("UPDATE governance.notice SET tier = 'detached'")
    one, two, *_ = assembly.members
    told = {"proxy": UUID(int=5), "motion": motion.motion_id, "giver": one, "holder": two}
    assert await refused(assembly, PROXY, **told) == "proxies_where_allowed"
    with pytest.raises(ProxyRefused, match="secret"):
        async with assembly.database.work() as work:
            await proxies.give_proxy(work, motion.motion_id, giver=one, holder=two)


EXTEND = """INSERT INTO governance.vote_extension (motion_id, number, closes_before, closes_at)
            VALUES (:motion, 1, :before, :after)"""


async def test_a_close_moves_by_an_outage_on_record_and_in_no_other_way(
    assembly: Assembly,
) -> None:
    motion = await assembly.opened(tariff_motion())
    assert motion.timetable is not None
    closes_at = motion.timetable.closes_at
    since = await now_of(assembly)
    assembly.at(since + timedelta(hours=3))
    with pytest.raises(OutageInvalid):
        async with assembly.database.work() as work:
            await outages.note_outage(
                work, part="service", since=since, until=since + timedelta(hours=4), cause="x", noted_by="y"
            )  # fmt: skip
    async with assembly.database.work() as work:
        await outages.note_outage(
            work, part="service", since=since, until=since + timedelta(hours=2), cause="x", noted_by="y"
        )  # fmt: skip
        await outages.note_outage(  # of no concern to an open vote
            work, part="box", since=since, until=since + timedelta(hours=3), cause="x", noted_by="y"
        )
    told = {"motion": motion.motion_id, "before": closes_at}
    for hours, constraint in [
        (3, "by_the_time_nobody_could_vote"),
        (1, "by_the_time_nobody_could_vote"),
        (-1, "by_the_time_nobody_could_vote"),
    ]:
        after = closes_at + timedelta(hours=hours)
        assert await refused(assembly, EXTEND, after=after, **told) == constraint
    with pytest.raises(psycopg.errors.CheckViolation) as refusal:
        assembly.owner.execute(
            "UPDATE governance.notice SET closes_at = closes_at - interval '1 hour'"
        )
    assert refusal.value.diag.constraint_name == "append_only"
    with pytest.raises(psycopg.errors.CheckViolation):
        assembly.owner.execute(
            "UPDATE governance.notice SET closes_at = closes_at + interval '2 hours'"
        )
    with pytest.raises(psycopg.errors.CheckViolation):
        assembly.owner.execute(
            """INSERT INTO governance.vote_extension SELECT motion_id, 1, closes_at, closes_at
               FROM governance.notice"""
        )
    async with assembly.database.work() as work:
        after_it = await outages.extend_vote(work, motion.motion_id)
    assert after_it.timetable is not None
    assert after_it.timetable.closes_at == closes_at + timedelta(hours=2)
    with pytest.raises(psycopg.errors.CheckViolation):
        assembly.owner.execute(
            "UPDATE governance.notice SET opens_at = opens_at + interval '1 hour'"
        )
    with pytest.raises(psycopg.errors.CheckViolation):
        assembly.owner.execute("DELETE FROM governance.notice")
    await assembly.closed(after_it)
    late = {"before": after_it.timetable.closes_at, "after": closes_at + timedelta(hours=5)}
    assert await refused(assembly, EXTEND, motion=motion.motion_id, **late) == "what_is_closed_stays_closed"  # fmt: skip


async def certified(assembly: Assembly) -> appeals.StoredAppeal:
    """A motion that passed by one vote, and an appeal against it."""
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "for", "against")
    await assembly.certified(motion)
    async with assembly.database.work() as work:
        await appeals.seal_lot(work, commitment=commitment_to(SECRET))
        return await appeals.lodge_appeal(
            work, motion.motion_id, by=assembly.members[5], complaint="One had left.", affected=1
        )


JURY = "INSERT INTO governance.appeal_jury VALUES (:appeal, :secret, service_now())"
JUROR = "INSERT INTO governance.juror VALUES (:appeal, {place}, :juror_{place})"
FINDING = """INSERT INTO governance.appeal_finding VALUES (:appeal, :upheld, :affected, :aside, '{}',
             encode(sha256('{}'), 'hex'), service_now())"""


async def test_a_jury_of_one_s_friends(assembly: Assembly) -> None:
    appeal = await certified(assembly)
    friends = {f"juror_{place}": assembly.members[place] for place in (1, 2, 3)}
    jurors = [JUROR.format(place=place) for place in (1, 2, 3)]
    told: dict[str, object] = {"appeal": appeal.appeal_id, "secret": SECRET}
    async with assembly.database.work() as work:
        drawn = (await work.execute(text("SELECT governance.jury_of(:appeal, :secret)"), told)).scalar_one()  # fmt: skip
    swapped = [drawn[1], drawn[0], drawn[2]]
    for chosen in (swapped, [*drawn[:2], assembly.members[5]], [assembly.members[0], *drawn[:2]]):
        friends = {f"juror_{place}": one for place, one in enumerate(chosen, start=1)}
        assert await refused(assembly, JURY, *jurors, **told, **friends) == "drawn_by_the_lot"
    assert await refused(assembly, JURY, *jurors[:2], **told, **friends) == "drawn_by_the_lot"
    other = told | {"secret": bytes(32)}
    assert await refused(assembly, JURY, *jurors, **other, **friends) == "the_seed_that_was_sealed"
    with pytest.raises(AppealClash, match="sealed"):
        async with assembly.database.work() as work:
            await appeals.draw_jury(work, appeal.appeal_id, secret=bytes(32))
    async with assembly.database.work() as work:
        jury = await appeals.draw_jury(work, appeal.appeal_id, secret=SECRET)
    assert list(jury.members) == drawn  # the same by both, and without mover and appellant
    assert not {assembly.members[0], assembly.members[5]} & set(jury.members)
    later = JUROR.format(place=4)
    assert await refused(assembly, later, juror_4=assembly.members[0], **told) == "drawn_by_the_lot"


async def test_appeals_are_shown_in_as_few_looks_however_many_there_are(assembly: Assembly) -> None:
    appeal = await certified(assembly)
    async with assembly.database.work() as work:
        await appeals.draw_jury(work, appeal.appeal_id, secret=SECRET)
    sent: list[int] = []
    async with assembly.database.work() as work:
        [one] = await list_appeals(work, limit=200)
        for many in ([one], [one] * 5):
            with counted(assembly.database) as looks:
                shown = await appeals_out(work, many, by=None, vault=Vault.from_secret(bytes(32)))
            assert [len(each.jury) for each in shown] == [3] * len(many)
            sent.append(len(looks))
    assert sent[0] == sent[1] <= 2


async def test_a_finding_that_no_jury_made(assembly: Assembly) -> None:
    appeal = await certified(assembly)
    async with assembly.database.work() as work:
        jury = await appeals.draw_jury(work, appeal.appeal_id, secret=SECRET)
    told: dict[str, object] = {
        "appeal": appeal.appeal_id,
        "upheld": True,
        "affected": 1,
        "aside": True,
    }
    vote = "INSERT INTO governance.juror_vote VALUES (:appeal, :member, true, service_now())"
    outsider = {"member": assembly.members[0]}
    assert await refused(assembly, vote, **outsider, **told) == "jurors_alone"
    async with assembly.database.work() as work:
        await appeals.vote_as_juror(work, appeal.appeal_id, by=jury.members[0], upholds=True)
    assert await refused(assembly, FINDING, **told) == "found_by_its_jury"
    with pytest.raises(AppealClash, match="1 of 3"):
        async with assembly.database.work() as work:
            await appeals.find(work, appeal.appeal_id, affected=1, reasons="So it was.")
    async with assembly.database.work() as work:
        await appeals.vote_as_juror(work, appeal.appeal_id, by=jury.members[1], upholds=True)
    for changes, constraint in [
        ({"upheld": False, "aside": False}, "found_by_its_jury"),
        ({"aside": False}, "set_aside_where_it_matters"),
        ({"affected": 0}, "set_aside_where_it_matters"),
        ({}, "what_is_set_aside_is_corrected"),
    ]:
        assert await refused(assembly, FINDING, **told | changes) == constraint
    correction = """INSERT INTO governance.result_correction SELECT motion_id, appeal_id, '{}',
                    encode(sha256('{}'), 'hex'), service_now() FROM governance.appeal"""
    # With a correction alone the rule would go on, by a result that stands no more.
    assert await refused(assembly, FINDING, correction, **told) == "what_is_set_aside_is_corrected"
    rule = "SELECT governance.correct_rule(:appeal, gen_random_uuid(), service_now() + interval '90 days')"
    assert await refused(assembly, rule, **told) is None  # nothing was found: there is no such row
    with pytest.raises(AppealClash, match="instead"):
        async with assembly.database.work() as work:
            await appeals.find(work, appeal.appeal_id, affected=1, reasons="So it was.")


async def test_I19_no_rule_comes_from_a_finding_but_the_one_that_stood_before(
    assembly: Assembly,
) -> None:
    await certified(assembly)
    with pytest.raises(psycopg.errors.CheckViolation) as refusal:
        assembly.owner.execute(
            """INSERT INTO rulebook.adoption (adoption_id, kind, title, document, digest, notice_days)
               SELECT appeal_id, 'finding', 'x', '{}', encode(sha256('{}'), 'hex'), 0
               FROM governance.appeal"""
        )
    assert refusal.value.diag.constraint_name == "i19_adopted_by_a_finding"
    with pytest.raises(psycopg.errors.CheckViolation) as refusal:
        assembly.owner.execute(
            """INSERT INTO rulebook.rule (rule_id, kind, version, body, digest, valid_from, published_at,
                   supersedes, superseded_from, adoption_id, notice_days, adoption_kind, adopted_at)
               SELECT gen_random_uuid(), kind, 3, '{}', encode(sha256('{}'), 'hex'),
                   valid_from + interval '1 day', service_now(), rule_id, valid_from, appeal_id, 0,
                   'finding', service_now()
               FROM rulebook.rule, governance.appeal WHERE kind = 'tariff' AND version = 2"""
        )
    assert refusal.value.diag.constraint_name == "i19_what_stood_before"


async def test_one_appeal_a_member_in_its_window(assembly: Assembly) -> None:
    appeal = await certified(assembly)
    with pytest.raises(AppealClash, match="sealed already"):
        async with assembly.database.work() as work:
            await appeals.seal_lot(work, commitment=commitment_to(SECRET))
    again = """INSERT INTO governance.appeal (appeal_id, motion_id, member_id, complaint, affected, margin, stays)
               SELECT gen_random_uuid(), motion_id, {member}, complaint, affected, margin, {stays}
               FROM governance.appeal"""
    assert (
        await refused(assembly, again.format(member="member_id", stays="stays"))
        == "one_appeal_a_member"
    )
    other = again.format(member=":member", stays="NOT stays")
    told = {"member": assembly.members[4]}
    assert await refused(assembly, other, **told) == "stays_unless_the_margin_exceeds_it"
    with pytest.raises(AppealClash, match="already"):
        async with assembly.database.work() as work:
            await appeals.lodge_appeal(
                work, appeal.motion_id, by=assembly.members[5], complaint="Again.", affected=1
            )
    assembly.at(await now_of(assembly) + timedelta(days=16))
    late = again.format(member=":member", stays="stays")
    assert await refused(assembly, late, **told) == "within_the_window"


async def test_what_is_on_record_stays(assembly: Assembly) -> None:
    appeal = await certified(assembly)
    for statement in (
        "UPDATE governance.appeal SET complaint = 'x'", "DELETE FROM governance.appeal_lot",
        "TRUNCATE governance.lot_commitment CASCADE",
    ):  # fmt: skip
        with pytest.raises(psycopg.Error):
            assembly.owner.execute(statement)
    assert appeal.stays
