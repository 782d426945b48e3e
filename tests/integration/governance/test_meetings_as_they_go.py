"""Meetings as members and the secretary live them, and planted defects that the database refuses."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from foundation.identifiers import UUID
from governance.errors import (
    MeetingClash,
    MemberNotFound,
    MotionNotFound,
    NoticeTooShort,
    NotYoursToDo,
)
from governance.meeting import Item, Record, RecordKind
from governance.member import MemberId
from governance.motion import MotionId
from governance.office_errors import MinutesClash, RequisitionRefused
from governance.service import amendments, meetings, motions, proxies, reminders
from storage.engine import Database
from storage.refusals import constraint_of
from tests.assembly_rows import Assembly, assemble, open_bylaws
from tests.meeting_scene import (
    MINUTE,
    amended,
    call_meeting,
    happens,
    now_of,
    opened_meeting,
)


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    return await assemble(database, owner, address=database_address)


async def refused(assembly: Assembly, *statements: str, **values: object) -> str | None:
    """The constraint by which the database refuses the service statements in one commit."""
    with pytest.raises(IntegrityError) as refusal:
        async with assembly.database.work() as work:
            for statement in statements:
                names = {name: values[name] for name in values if f":{name}" in statement}
                await work.execute(text(statement), names)
    return constraint_of(refusal.value)


async def test_a_meeting_goes_from_its_call_to_its_minutes(assembly: Assembly) -> None:
    meeting_id = await call_meeting(assembly, Item(title="Accounts"), Item(title="Rest room"))
    found = await opened_meeting(assembly, meeting_id, 0, 1)
    assert (found.counted, found.needed, found.has_quorum) == (2, 2, True)
    for kind, item in [("item_begun", 1), ("said", 1), ("decided", 1)]:
        await happens(assembly, meeting_id, kind, item=item, text="Approved.")
    assembly.at(await now_of(assembly) + 5 * MINUTE)
    lost = await happens(assembly, meeting_id, "left", who=1)
    assert not lost.has_quorum
    with pytest.raises(MeetingClash, match="no quorum"):
        await happens(assembly, meeting_id, "decided", item=1)
    with pytest.raises(MinutesClash, match="not over"):
        async with assembly.database.work() as work:
            await meetings.draft_minutes(work, meeting_id, names={})
    await happens(assembly, meeting_id, "closed")
    async with assembly.database.work() as work:
        names = {assembly.members[0]: "Ana", assembly.members[1]: "Bo"}
        minutes = await meetings.draft_minutes(work, meeting_id, names=names)
    assert "Item 1 is decided: Approved. (2 count)" in minutes.text
    assert "Bo leaves. (1 count, no quorum)" in minutes.text
    assert "late" not in minutes.text.splitlines()[-1]
    with pytest.raises(MinutesClash, match="beside"):
        async with assembly.database.work() as work:
            await meetings.draft_minutes(work, meeting_id, names={})
    async with assembly.database.work() as work:
        said = "Bo left after the vote, not before."
        added = await meetings.correct_minutes(
            work, meeting_id, text=said, asked_by=assembly.members[1]
        )
    assert (added.text, [one.text for one in added.additions]) == (minutes.text, [said])
    [told] = assembly.owner.execute(
        """SELECT array_agg(payload ->> 'step' ORDER BY CAST(payload ->> 'number' AS integer))
           FROM storage.outbox WHERE kind = 'meeting_stepped'"""
    ).fetchone()  # type: ignore[misc]
    assert told == ["opened", "decided", "closed"]


async def test_a_quorum_lost_for_half_an_hour_adjourns_and_those_who_come_back_are_one(
    assembly: Assembly,
) -> None:
    meeting_id = await call_meeting(assembly)
    await opened_meeting(assembly, meeting_id, 0, 1)
    await happens(assembly, meeting_id, "left", who=1)
    with pytest.raises(MeetingClash, match="30 minutes"):
        await happens(assembly, meeting_id, "adjourned")
    assembly.at(await now_of(assembly) + 30 * MINUTE)
    await happens(assembly, meeting_id, "adjourned")
    with pytest.raises(MeetingClash, match="over"):
        await happens(assembly, meeting_id, "arrived", who=2)
    # A short adjournment needs no notice; one of fourteen days or more needs seven clear days.
    at = await now_of(assembly)
    with pytest.raises(MeetingClash, match="not adjourned"):
        await call_meeting(assembly, resumes=await call_meeting(assembly))
    again = await call_meeting(assembly, held_at=at + timedelta(days=2), resumes=meeting_id)
    assert (await opened_meeting(assembly, again, 3)).needed == 1
    await happens(assembly, again, "item_begun", item=1)
    assert (await happens(assembly, again, "decided", item=1)).has_quorum
    with pytest.raises(MeetingClash, match="goes on with that one already"):
        held_at = await now_of(assembly) + timedelta(days=1)
        await call_meeting(assembly, held_at=held_at, resumes=meeting_id)


async def test_a_notice_and_a_record_name_only_what_there_is(assembly: Assembly) -> None:
    nobody = UUID(int=9)
    with pytest.raises(MotionNotFound):
        await call_meeting(assembly, Item(title="The fare", motion_id=MotionId(nobody)))
    with pytest.raises(MemberNotFound):
        await call_meeting(assembly, consents=(MemberId(nobody),))
    meeting_id = await call_meeting(assembly)
    await opened_meeting(assembly, meeting_id, 0, 1)
    with pytest.raises(MeetingClash, match="no item"):
        await happens(assembly, meeting_id, "closed", item=1)
    with pytest.raises(MemberNotFound):
        async with assembly.database.work() as work:
            came = Record(kind=RecordKind.ARRIVED, at=work.now, member=MemberId(nobody))
            await meetings.record(work, meeting_id, came)


async def test_a_long_adjournment_needs_seven_clear_days(assembly: Assembly) -> None:
    meeting_id = await call_meeting(assembly)
    async with assembly.database.work() as work:
        held_at = (await meetings.live(work, meeting_id)).meeting.held_at
    assembly.at(held_at + 30 * MINUTE)
    await happens(assembly, meeting_id, "adjourned")
    assembly.at(held_at + timedelta(days=10))
    late = held_at + timedelta(days=15)
    with pytest.raises(NoticeTooShort, match="4 clear days"):
        await call_meeting(assembly, held_at=late, resumes=meeting_id)


async def test_a_short_notice_stands_with_nine_tenths_in_writing(assembly: Assembly) -> None:
    short = {"held_at": await now_of(assembly) + timedelta(days=3)}
    with pytest.raises(NoticeTooShort, match="2 clear days"):
        await call_meeting(assembly, **short, consents=tuple(assembly.members[:3]))
    with pytest.raises(NoticeTooShort):  # nobody agrees twice
        twice = (assembly.members[0],) * 4
        await call_meeting(assembly, **short, consents=twice)
    assert await call_meeting(assembly, **short, consents=tuple(assembly.members))


async def test_members_ask_for_a_meeting_and_its_agenda_holds_what_they_ask_for(
    database: Database, owner: psycopg.Connection, database_address: str
) -> None:
    rules = open_bylaws()
    rules["meeting"]["requisition"] = "1/2"
    assembly = await assemble(database, owner, address=database_address, bylaws=rules)
    async with database.work() as work:
        asked = await meetings.request_meeting(
            work, title="The fund", business=["Where the money went"], by=assembly.members[0]
        )
    with pytest.raises(RequisitionRefused, match="only 1"):
        await call_meeting(assembly, requisition_id=asked)
    with pytest.raises(RequisitionRefused, match="already"):
        async with database.work() as work:
            await meetings.sign_request(work, asked, by=assembly.members[0])
    async with database.work() as work:
        assert await meetings.sign_request(work, asked, by=assembly.members[3])
    with pytest.raises(RequisitionRefused, match="leaves out"):
        await call_meeting(assembly, requisition_id=asked)
    item = Item(title="Where the money went")
    assert await call_meeting(assembly, item, requisition_id=asked)
    with pytest.raises(RequisitionRefused, match="called for it already"):
        await call_meeting(assembly, item, requisition_id=asked)
    [told] = owner.execute(
        "SELECT count(*) FROM storage.outbox WHERE kind = 'meeting_requested'"
    ).fetchone()  # type: ignore[misc]
    assert told == 1


async def hands(assembly: Assembly, meeting_id: UUID, amendment_id: UUID, **marks: str) -> None:
    for name, mark in marks.items():
        async with assembly.database.work() as work:
            who = assembly.members[int(name[1:])]
            await amendments.raise_hand(work, meeting_id, amendment_id, by=who, choice=mark)


async def test_an_amendment_is_decided_by_the_names_of_those_present(assembly: Assembly) -> None:
    motion, amendment = await amended(assembly)
    meeting_id = await call_meeting(
        assembly, Item(title="Accounts"), Item(title="The fare", motion_id=motion.motion_id)
    )
    await opened_meeting(assembly, meeting_id, 0, 1, 2)
    with pytest.raises(MeetingClash, match="not speak"):
        await hands(assembly, meeting_id, amendment.amendment_id, m0="for")
    await happens(assembly, meeting_id, "item_begun", item=2)
    await hands(assembly, meeting_id, amendment.amendment_id, m0="for", m1="for", m2="against")
    for who in (0, 3):  # once each, and not from home
        with pytest.raises(NotYoursToDo):
            await hands(assembly, meeting_id, amendment.amendment_id, **{f"m{who}": "for"})
    async with assembly.database.work() as work:
        after = await amendments.decide_amendment(
            work, motion.motion_id, amendment.amendment_id, meeting_id=meeting_id
        )
    assert (after.version, after.amendments[0].votes_for, after.amendments[0].votes_against) == (2, 2, 1)  # fmt: skip


async def test_who_declared_an_interest_stands_aside_from_that_item(assembly: Assembly) -> None:
    motion, amendment = await amended(assembly)
    async with assembly.database.work() as work:
        await proxies.declare_conflict(
            work, motion.motion_id, by=assembly.members[1], interest="I own the meter shop."
        )
    meeting_id = await call_meeting(assembly, Item(title="The fare", motion_id=motion.motion_id))
    await opened_meeting(assembly, meeting_id, 0, 1, 2)
    found = await happens(assembly, meeting_id, "item_begun", item=1)
    assert (len(found.present), found.counted) == (3, 2)
    found = await happens(assembly, meeting_id, "conflict_declared", who=2, item=1, text="Me too.")
    assert (found.counted, found.has_quorum) == (1, False)
    for who in (1, 2):
        with pytest.raises(NotYoursToDo, match="aside"):
            await hands(assembly, meeting_id, amendment.amendment_id, **{f"m{who}": "for"})
    hand = """INSERT INTO governance.amendment_ballot VALUES (:amendment, :member, :meeting, 'for',
              service_now())"""
    told = {"amendment": amendment.amendment_id, "meeting": meeting_id}
    assert await refused(assembly, hand, member=assembly.members[1], **told) == "no_vote_in_conflict"  # fmt: skip


async def test_an_exempt_subject_lets_nobody_stand_aside(
    database: Database, owner: psycopg.Connection, database_address: str
) -> None:
    rules = open_bylaws()
    rules["conflict"] = {"except": ["member_bonus"]}
    assembly = await assemble(database, owner, address=database_address, bylaws=rules)
    item = Item(title="The bonus of all members", subject="member_bonus")
    meeting_id = await call_meeting(assembly, item)
    await opened_meeting(assembly, meeting_id, 0, 1)
    await happens(assembly, meeting_id, "item_begun", item=1)
    found = await happens(assembly, meeting_id, "conflict_declared", who=1, item=1, text="Mine.")
    assert (found.counted, found.has_quorum) == (2, True)
    assert (await happens(assembly, meeting_id, "decided", item=1)).has_quorum


RECORD = """INSERT INTO governance.meeting_record (meeting_id, number, kind, at, member_id, item, text)
            VALUES (:meeting, :number, :kind, service_now(), :member, :item, '')"""


@pytest.mark.parametrize(
    ("number", "kind", "item", "constraint"),
    [
        (4, "closed", None, "a_record_in_its_order"),
        (9, "closed", None, "a_record_in_its_order"),
        (5, "item_begun", 2, "only_noticed_business"),
        (5, "decided", 1, "decided_with_a_quorum"),
        (5, "arrived", None, "a_member_where_needed"),
        (5, "decided", None, "decided_with_a_quorum"),
        (5, "said", None, "an_item_where_needed"),
    ],
)
async def test_the_database_keeps_the_record_too(
    assembly: Assembly, number: int, kind: str, item: int | None, constraint: str
) -> None:
    meeting_id = await call_meeting(assembly)
    await opened_meeting(assembly, meeting_id, 0, 1)
    await happens(assembly, meeting_id, "left", who=1)
    told: dict[str, Any] = {"meeting": meeting_id, "number": number, "kind": kind, "item": item}
    assert await refused(assembly, RECORD, member=None, **told) == constraint


async def test_a_notice_is_sent_once_and_is_judged_by_the_database(assembly: Assembly) -> None:
    meeting_id = await call_meeting(assembly)
    item = "INSERT INTO governance.meeting_item VALUES (:meeting, 2, 'More', NULL, NULL)"
    consent = "INSERT INTO governance.meeting_consent VALUES (:meeting, :member)"
    told = {"meeting": meeting_id, "member": assembly.members[0]}
    assert await refused(assembly, item, **told) == "a_notice_is_sent_once"
    assert await refused(assembly, consent, **told) == "a_notice_is_sent_once"
    early = RECORD.replace(":member", "NULL").replace(":item", "NULL")
    assert await refused(assembly, early, meeting=meeting_id, number=1, kind="opened") == "decided_with_a_quorum"  # fmt: skip
    another = """INSERT INTO governance.meeting (meeting_id, title, place, bylaws_rule_id, notice_at,
                     held_at, matter, quorum_terms, members)
                 SELECT :other, title, place, bylaws_rule_id, service_now(),
                     service_now() + make_interval(days => :days), matter, quorum_terms, :members
                 FROM governance.meeting WHERE meeting_id = :meeting"""
    told = {"meeting": meeting_id, "other": UUID(int=7)}
    agenda = item.replace(":meeting, 2", ":other, 1")
    for days, members, statements, constraint in [
        (15, 4, [another], "a_notice_names_the_business"),
        (15, 3, [another, agenda], "members_as_they_are"),
        (14, 4, [another, agenda], "notice_or_consent"),
        (-1, 4, [another, agenda], "held_after_its_notice"),
    ]:
        assert await refused(assembly, *statements, days=days, members=members, **told) == constraint  # fmt: skip
    minutes = """INSERT INTO governance.minutes VALUES (:meeting, 'x', encode(sha256('x'), 'hex'),
                 service_now(), service_now())"""
    assert await refused(assembly, minutes, meeting=meeting_id) == "minutes_of_what_is_over"


async def test_figures_that_no_names_stand_behind_decide_nothing(assembly: Assembly) -> None:
    motion, amendment = await amended(assembly)
    meeting_id = await call_meeting(assembly, Item(title="The fare", motion_id=motion.motion_id))
    await opened_meeting(assembly, meeting_id, 0, 1, 2)
    await happens(assembly, meeting_id, "item_begun", item=1)
    await hands(assembly, meeting_id, amendment.amendment_id, m0="for", m1="against")
    step = """INSERT INTO governance.amendment_step VALUES (:amendment, :state, :for, :against,
              service_now())"""
    told = {"amendment": amendment.amendment_id}
    for state, votes_for, votes_against in [
        ("carried", 2, 1),
        ("carried", 1, 1),
        ("defeated", 0, 1),
    ]:
        values = {"state": state, "for": votes_for, "against": votes_against}
        assert await refused(assembly, step, **values, **told) == "decided_by_names"
    await happens(assembly, meeting_id, "left", who=0)
    await happens(assembly, meeting_id, "left", who=1)
    values = {"state": "defeated", "for": 1, "against": 1}
    assert await refused(assembly, step, **values, **told) == "decided_with_a_quorum"
    hand = """INSERT INTO governance.amendment_ballot VALUES (:amendment, :member, :meeting, 'for',
              service_now())"""
    told |= {"meeting": meeting_id}
    assert await refused(assembly, hand, member=assembly.members[0], **told) == "hands_of_those_present"  # fmt: skip
    assert await refused(assembly, hand, member=assembly.members[3], **told) == "hands_of_those_present"  # fmt: skip


async def test_what_the_board_owes_is_told_once(assembly: Assembly) -> None:
    motion, _ = await amended(assembly)
    meeting_id = await call_meeting(assembly)
    await opened_meeting(assembly, meeting_id, 0, 1)
    await happens(assembly, meeting_id, RecordKind.CLOSED)
    async with assembly.database.work() as work:
        assert await reminders.remind(work) == ()
    assert motion.answer_by is not None
    assembly.at(await now_of(assembly) + timedelta(days=40))
    async with assembly.database.work() as work:
        told = await reminders.remind(work)
    assert {(one.kind, one.subject) for one in told} == {
        ("answer_overdue", motion.motion_id), ("minutes_overdue", meeting_id)
    }  # fmt: skip
    async with assembly.database.work() as work:
        assert await reminders.remind(work) == ()
        assert len(await reminders.list_due(work)) == 2
        await motions.answer(work, motion.motion_id, text="We can afford it.")
        late = await meetings.draft_minutes(work, meeting_id, names={})
    assert "late: they were due at" in late.text
    async with assembly.database.work() as work:
        assert await reminders.list_due(work) == ()
