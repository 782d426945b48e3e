"""Two sessions at once: enacting and quoting, two results, two appeals, a roll that is published while it
is changed, two changes of one member; and what seconding reads."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from fares.quote import Quote
from fares.service import get_quote, make_quote, quote_rules
from foundation.identifiers import UUID, PersonId, RiderId
from foundation.measures import Point
from governance.counting.lots import commitment_to
from governance.errors import MembershipClash
from governance.matter import MemberClass
from governance.member import Change, ChangeKind, MemberId
from governance.motion import Motion
from governance.service import appeals, meetings, membership, motions, votes
from governance.store import members as store
from rulebook.rule import RuleKind
from rulebook.service import list_rules
from storage.engine import Database
from storage.refusals import constraint_of
from storage.work import UnitOfWork
from tests.assembly_rows import Assembly, assemble, dearer_tariff, open_bylaws, tariff_motion

RIDER = RiderId(UUID(int=1))
AT_ONCE = {"notice_days": 0, "talk_days": 0, "freeze_days": 0}
LOOKS = 5000


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    rules = open_bylaws(ordinary=AT_ONCE)
    return await assemble(database, owner, address=database_address, bylaws=rules)


async def closed(assembly: Assembly) -> Motion:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "for")
    motion = await assembly.closed(motion)
    assert motion.timetable is not None
    assembly.at(motion.timetable.closes_at + timedelta(hours=10))
    return motion


async def quoted(work: UnitOfWork) -> Quote:
    """A booking for tomorrow, when the new tariff holds."""
    booked_for = work.now + timedelta(hours=20)
    rules = await quote_rules(work, booked_for=booked_for)
    return await make_quote(
        work, rules, rider_id=RIDER, pickup=Point(-73.98, 40.75), dropoff=Point(-73.95, 40.78),
        metres=5000, seconds=900, route_line=[(-73.98, 40.75), (-73.95, 40.78)],
        zone_from=None, zone_to=None, vehicle_class="standard", booked_for=booked_for,
    )  # fmt: skip


async def somebody_waits(owner: psycopg.Connection) -> None:
    """Look until a session waits for a lock."""
    for _ in range(LOOKS):
        if owner.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
            return
        await asyncio.sleep(0)
    raise AssertionError("nobody waits")


async def test_a_quote_that_waits_for_an_enactment_is_not_made_by_the_rule_before(
    assembly: Assembly, owner: psycopg.Connection
) -> None:
    motion = await closed(assembly)

    async def quote() -> Quote:
        async with assembly.database.work() as work:
            return await quoted(work)

    async with assembly.database.work() as work:
        await votes.certify(work, motion.motion_id, certified_by="R. Officer")
        waits = asyncio.ensure_future(quote())
        await somebody_waits(owner)
    with pytest.raises(IntegrityError) as refusal:
        await waits
    assert constraint_of(refusal.value) == "rules_in_force_when_priced"
    async with assembly.database.work() as work:
        second = (await list_rules(work, RuleKind.TARIFF))[-1]
    assert (await quote()).tariff_rule_id == second.rule_id


async def test_an_enactment_waits_for_a_quote_which_keeps_its_price(
    assembly: Assembly, owner: psycopg.Connection
) -> None:
    motion = await closed(assembly)

    async def certify() -> None:
        async with assembly.database.work() as work:
            await votes.certify(work, motion.motion_id, certified_by="R. Officer")

    async with assembly.database.work() as work:
        quote = await quoted(work)
        waits = asyncio.ensure_future(certify())
        await somebody_waits(owner)
    await waits
    async with assembly.database.work() as work:
        first, second = await list_rules(work, RuleKind.TARIFF)
        kept = await get_quote(work, quote.quote_id, RIDER)
    assert kept.tariff_rule_id == first.rule_id
    assert second.valid_from < kept.priced_at


async def test_of_two_changes_of_one_member_at_once_one_is_refused_in_words(
    assembly: Assembly, owner: psycopg.Connection
) -> None:
    member_id = assembly.members[0]

    async def joins(one: MemberClass) -> None:
        async with assembly.database.work() as work:
            change = Change(kind=ChangeKind.JOINED, at=work.now, member_class=one)
            await membership.change_member(work, member_id, change)

    async with assembly.database.work() as work:
        change = Change(kind=ChangeKind.JOINED, at=work.now, member_class=MemberClass.CITY)
        await membership.change_member(work, member_id, change)
        waits = asyncio.ensure_future(joins(MemberClass.RIDER))
        await somebody_waits(owner)
    with pytest.raises(MembershipClash, match="at the same moment"):
        await waits
    await joins(MemberClass.RIDER)


async def test_two_results_on_one_kind_of_rule_follow_each_other(
    assembly: Assembly, owner: psycopg.Connection
) -> None:
    """What one certifies, the other waits for, and begins after it."""
    second = await assembly.opened(tariff_motion(dearer_tariff(dearer_tariff())))
    await assembly.cast(second.motion_id, "for", "for")
    await assembly.closed(second)
    third = await assembly.opened(tariff_motion())
    await assembly.cast(third.motion_id, "for", "for")
    await assembly.closed(third)

    async def certify() -> None:
        async with assembly.database.work() as work:
            await votes.certify(work, third.motion_id, certified_by="R. Officer")

    async with assembly.database.work() as work:
        await votes.certify(work, second.motion_id, certified_by="R. Officer")
        waits = asyncio.ensure_future(certify())
        await somebody_waits(owner)
    await waits
    async with assembly.database.work() as work:
        rules = await list_rules(work, RuleKind.TARIFF)
    assert [one.adoption_id for one in rules[1:]] == [second.motion_id, third.motion_id]
    assert rules[1].valid_from < rules[2].valid_from


async def test_a_roll_that_is_published_meanwhile_is_changed_no_more(
    assembly: Assembly, owner: psycopg.Connection
) -> None:
    """I27, against a session that does not ask first whether it may."""
    motion = await assembly.stated(tariff_motion())
    async with assembly.database.work() as work:
        motion = await votes.give_notice(work, motion.motion_id)
    assert motion.timetable is not None
    assembly.at(motion.timetable.opens_at)
    async with assembly.database.work() as work:
        await votes.freeze(work, motion.motion_id)

    async def strike() -> None:
        async with assembly.database.work() as work:
            await work.execute(
                text("""INSERT INTO governance.roll_struck (motion_id, member_id, reason, at)
                        VALUES (:motion, :member, 'x', service_now())"""),
                {"motion": motion.motion_id, "member": assembly.members[1]},
            )

    async with assembly.database.work() as work:
        await votes.open_vote(work, motion.motion_id)
        waits = asyncio.ensure_future(strike())
        await somebody_waits(owner)
    with pytest.raises(IntegrityError) as refusal:
        await waits
    assert constraint_of(refusal.value) == "i27_the_roll_is_frozen"


async def test_two_who_sign_a_request_at_once_make_it_enough_once(
    database: Database, owner: psycopg.Connection, database_address: str
) -> None:
    body = open_bylaws()
    body["meeting"]["requisition"] = "1/2"
    assembly = await assemble(database, owner, address=database_address, bylaws=body)
    one, two, three, _ = assembly.members
    async with database.work() as work:
        asked = await meetings.request_meeting(work, title="Now", business=["Fares"], by=one)

    async def sign(by: MemberId) -> bool:
        async with database.work() as work:
            return await meetings.sign_request(work, asked, by=by)

    async with database.work() as work:
        assert await meetings.sign_request(work, asked, by=two)
        waits = asyncio.ensure_future(sign(three))
        await somebody_waits(owner)
    assert await waits
    told = owner.execute(
        "SELECT count(*) FROM storage.outbox WHERE kind = 'meeting_requested'"
    ).fetchone()
    assert told == (1,)


async def test_two_appeals_at_once_take_two_seeds(
    assembly: Assembly, owner: psycopg.Connection
) -> None:
    made = [await assembly.opened(tariff_motion()), await assembly.opened(tariff_motion())]
    for motion in made:
        await assembly.certified(motion)
    async with assembly.database.work() as work:
        for seed in (bytes(32), bytes(range(32))):
            await appeals.seal_lot(work, commitment=commitment_to(seed))

    async def appeal(work: UnitOfWork, motion: Motion) -> str | None:
        lodged = await appeals.lodge_appeal(
            work, motion.motion_id, by=assembly.members[1], complaint="Late.", affected=1
        )
        return lodged.commitment

    async def another() -> str | None:
        async with assembly.database.work() as work:
            return await appeal(work, made[1])

    async with assembly.database.work() as work:
        first = await appeal(work, made[0])
        waits = asyncio.ensure_future(another())
        await somebody_waits(owner)
    assert {first, await waits} == {commitment_to(bytes(32)), commitment_to(bytes(range(32)))}


async def test_seconding_counts_members_and_reads_none_but_the_one(assembly: Assembly) -> None:
    for _ in range(30):
        [person_id] = assembly.owner.execute(
            "INSERT INTO registry.person (person_id, joined_at)"
            " VALUES (gen_random_uuid(), service_now()) RETURNING person_id"
        ).fetchone()  # type: ignore[misc]
        async with assembly.database.work() as work:
            await membership.join(work, PersonId(person_id), member_class=MemberClass.RIDER)
    async with assembly.database.work() as work:
        motion = await motions.propose(work, tariff_motion(), by=assembly.members[0], readers={})
    read: list[int] = []

    def note(_: object, cursor: psycopg.Cursor[object], *rest: object) -> None:
        read.append(cursor.rowcount)

    async with assembly.database.work() as work:
        engine = work.connection.sync_engine
        event.listen(engine, "after_cursor_execute", note)
        try:
            await motions.second(work, motion.motion_id, by=assembly.members[1])
        finally:
            event.remove(engine, "after_cursor_execute", note)
    assert len(read) >= 5
    assert max(read) <= 2  # a member's own history, the motion's own rows


async def test_members_are_counted_in_the_database_as_their_histories_say(
    assembly: Assembly,
) -> None:
    first, second, third, fourth = assembly.members
    for member_id, kinds in (
        (first, ["left:driver", "joined:city"]), (second, ["died"]), (third, ["left:driver"]),
        (fourth, ["joined:driver", "left:rider"]),
    ):  # fmt: skip
        for said in kinds:
            kind, _, one = said.partition(":")
            async with assembly.database.work() as work:
                change = Change(kind=ChangeKind(kind), at=work.now,
                                member_class=MemberClass(one) if one else None)  # fmt: skip
                await membership.change_member(work, member_id, change)
    async with assembly.database.work() as work:
        everybody = await store.list_members(work)
        assert await store.count_members(work) == sum(1 for one in everybody if one.joined) == 2
