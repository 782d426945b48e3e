"""What people see of motions and votes: as the verbs left it, in few statements, names apart."""

from datetime import timedelta

import psycopg
import pytest

from foundation.identifiers import PersonId
from governance.errors import MotionNotFound
from governance.matter import MemberClass
from governance.member import Change, ChangeKind, Exclusion
from governance.motion import MotionId, MotionState
from governance.service import membership, motions, votes
from governance.service.motions import Proposal
from governance.service.reminders import SOON, remind_of_closing
from governance.views import members as member_views
from governance.views import motions as views
from rulebook.rule import RuleKind
from storage.engine import Database
from tests.assembly_rows import Assembly, assemble, tariff_motion
from tests.statements import counted

SATURDAYS = Proposal(title="Saturdays", text="The office opens on Saturdays.", matter="ordinary")


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    return await assemble(database, owner, address=database_address)


def person_of(assembly: Assembly, number: int) -> PersonId:
    row = assembly.owner.execute(
        "SELECT person_id FROM governance.member WHERE member_id = %s", [assembly.members[number]]
    ).fetchone()
    assert row is not None
    return PersonId(row[0])


async def part(assembly: Assembly, motion_id: MotionId, number: int) -> views.Part:
    async with assembly.database.reading() as work:
        found = await views.find_part(work, motion_id, person_of(assembly, number))
    assert found is not None
    return found


async def test_the_looks_ask_as_often_whether_members_are_four_or_fifty(assembly: Assembly) -> None:
    async def asked(motion_id: MotionId) -> dict[str, int]:
        counts = {}
        for name, look in {
            "list": lambda work: views.list_motions(work, state=None, before=None, limit=50),
            "one": lambda work: views.get_motion(work, motion_id),
            "part": lambda work: views.find_part(work, motion_id, person_of(assembly, 0)),
            "people": lambda work: member_views.people_of(work, assembly.members),
            "ballots": lambda work: views.list_open_ballots(work, motion_id, after=None, limit=200),
            "roll": lambda work: views.roll_sizes(work, motion_id),
            "notes": lambda work: views.list_roll_notes(work, motion_id, limit=200),
        }.items():
            async with assembly.database.reading() as work:
                with counted(assembly.database) as sent:
                    await look(work)
            counts[name] = len(sent)
        return counts

    few = await asked((await assembly.opened(SATURDAYS)).motion_id)
    for _ in range(46):
        [person_id] = assembly.owner.execute(
            "INSERT INTO registry.person (person_id, joined_at)"
            " VALUES (gen_random_uuid(), service_now()) RETURNING person_id"
        ).fetchone()  # type: ignore[misc]
        async with assembly.database.work() as work:
            await membership.join(work, PersonId(person_id), member_class=MemberClass.RIDER)
    motion = await assembly.opened(SATURDAYS)
    await assembly.cast(motion.motion_id, "for", "against", "for")
    assert await asked(motion.motion_id) == few
    assert few == {
        "list": 1, "one": 5, "part": 1, "people": 1, "ballots": 1, "roll": 1, "notes": 1,
    }  # fmt: skip


async def test_seconds_are_missing_of_the_members_there_are(assembly: Assembly) -> None:
    async with assembly.database.work() as work:
        motion = await motions.propose(work, SATURDAYS, by=assembly.members[0], readers={})
        for number, kind in ((3, ChangeKind.DIED), (2, ChangeKind.LEFT)):
            gone = MemberClass.DRIVER if kind is ChangeKind.LEFT else None
            change = Change(kind=kind, at=work.now, member_class=gone)
            await membership.change_member(work, assembly.members[number], change)
    async with assembly.database.reading() as work:
        view = await views.get_motion(work, motion.motion_id)
    assert view.members == 2
    assert views.missing_seconds(view, 3) == 3
    async with assembly.database.work() as work:
        await motions.second(work, motion.motion_id, by=assembly.members[1])
    async with assembly.database.reading() as work:
        view = await views.get_motion(work, motion.motion_id)
    assert view.members is None
    assert views.missing_seconds(view, 3) == 0


async def test_a_list_is_turned_page_by_page_and_by_state(assembly: Assembly) -> None:
    async with assembly.database.work() as work:
        made = [
            (await motions.propose(work, SATURDAYS, by=assembly.members[0], readers={})).motion_id
            for _ in range(5)
        ]
    async with assembly.database.work() as work:
        await motions.withdraw(work, made[2], by=assembly.members[0])
    async with assembly.database.reading() as work:
        first = await views.list_motions(work, state=None, before=None, limit=3)
        rest = await views.list_motions(work, state=None, before=first[-1].motion_id, limit=3)
        gone = await views.list_motions(work, state=MotionState.WITHDRAWN, before=None, limit=3)
    assert {one.motion_id for one in (*first, *rest)} == set(made)
    assert (len(first), len(rest)) == (3, 2)
    assert [one.motion_id for one in gone] == [made[2]]


async def test_everybody_learns_their_own_part_and_why(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "against", "for")
    await assembly.cast(motion.motion_id, "for")
    mine = await part(assembly, motion.motion_id, 0)
    assert (mine.is_called, mine.member_class, mine.mark) == (True, MemberClass.DRIVER, "for")
    async with assembly.database.work() as work:
        change = Change(kind=ChangeKind.LEFT, at=work.now, member_class=MemberClass.RIDER)
        await membership.change_member(work, assembly.members[3], change)
    left = await part(assembly, motion.motion_id, 3)
    assert (left.is_member, left.member_class, left.mark) == (False, MemberClass.RIDER, None)
    [late] = assembly.owner.execute(
        "INSERT INTO registry.person (person_id, joined_at)"
        " VALUES (gen_random_uuid(), service_now()) RETURNING person_id"
    ).fetchone()  # type: ignore[misc]
    async with assembly.database.work() as work:
        await membership.join(work, PersonId(late), member_class=MemberClass.RIDER)
        found = await views.find_part(work, motion.motion_id, PersonId(late))
        nobody = await views.find_part(work, motion.motion_id, PersonId(motion.motion_id))
    assert found is not None
    assert (found.is_member, found.member_class, found.reason) == (
        True, None, Exclusion.NO_MEMBER,
    )  # fmt: skip
    assert nobody is None


async def test_a_certified_motion_leads_to_its_rule_and_the_rule_back(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "for", "against", "for")
    await assembly.certified(motion)
    async with assembly.database.reading() as work:
        view = await views.get_motion(work, motion.motion_id)
        ballots = await views.list_open_ballots(work, motion.motion_id, after=None, limit=3)
        more = await views.list_open_ballots(
            work, motion.motion_id, after=ballots[-1].member_id, limit=3
        )
        assert view.rule is not None
        origin = await views.find_origin(work, RuleKind.TARIFF, view.rule.version)
        founding = await views.find_origin(work, RuleKind.TARIFF, 1)
        assert await views.find_origin(work, RuleKind.TARIFF, 3) is None
        with pytest.raises(MotionNotFound):
            await views.get_motion(work, MotionId(assembly.members[0]))
    assert view.certificate is not None
    assert view.roll is not None
    assert (view.certificate.has_passed, view.roll.size) == (True, 4)
    assert origin is not None
    assert (origin.motion_id, origin.digest) == (motion.motion_id, view.certificate.digest)
    assert founding is not None
    assert founding.motion_id is None
    assert sorted(one.mark for one in (*ballots, *more)) == ["against", "for", "for", "for"]


async def test_members_are_reminded_once_within_a_day_of_the_close(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    assert motion.timetable is not None

    async def reminders() -> int:
        async with assembly.database.work() as work:
            await remind_of_closing(work)
        row = assembly.owner.execute(
            "SELECT count(*) FROM storage.outbox WHERE kind = 'vote_closes_soon'"
        ).fetchone()
        assert row is not None
        return int(row[0])

    assembly.at(motion.timetable.closes_at - SOON - timedelta(minutes=1))
    assert await reminders() == 0
    assembly.at(motion.timetable.closes_at - SOON + timedelta(minutes=1))
    assert await reminders() == 1
    assert await reminders() == 1
    assembly.at(motion.timetable.closes_at)
    async with assembly.database.work() as work:
        await votes.close_vote(work, motion.motion_id)
    assert await reminders() == 1
