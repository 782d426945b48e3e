"""Candidates who do not stand after all: until the notice, for good, and what becomes of the election."""

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from governance.asked import ElectionAsked
from governance.errors import CandidacyRefused, MotionElsewhere, NobodyStands
from governance.meeting import Item
from governance.member import Change, ChangeKind, MemberId
from governance.motion import Motion
from governance.service import elections, meetings, membership, votes
from governance.service.motions import Proposal
from storage.engine import Database
from storage.refusals import constraint_of
from tests.assembly_rows import Assembly, assemble, open_bylaws, tariff_motion
from tests.meeting_scene import call_meeting, happens, opened_meeting

NAMES = ("Ann", "Bob", "Cem", "Dora")
WITHDRAW = """INSERT INTO governance.candidate_withdrawn (motion_id, member_id, at)
              VALUES (:motion, :member, service_now())"""
ACCEPT = """INSERT INTO governance.candidate_accepted (motion_id, member_id, name, at)
            VALUES (:motion, :member, 'Zoe', service_now())"""


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    rules = open_bylaws()
    rules["matters"]["board"] = {"extends": "ordinary", "method": "scottish_stv", "ranks_max": 12}
    return await assemble(database, owner, address=database_address, bylaws=rules)


async def election(assembly: Assembly, *candidates: int, seats: int = 2) -> Motion:
    """An election in which members stand, counted from 0."""
    asked = ElectionAsked(seats=seats)
    motion = await assembly.propose(Proposal(title="Board", text="?", matter="board", asks=asked))
    for who in candidates:
        await stands(assembly, motion, who)
    return motion


async def stands(assembly: Assembly, motion: Motion, who: int) -> None:
    member_id = assembly.members[who]
    async with assembly.database.work() as work:
        await elections.nominate(work, motion.motion_id, member_id, by=assembly.members[0])
    async with assembly.database.work() as work:
        await elections.accept_nomination(work, motion.motion_id, by=member_id, name=NAMES[who])


async def withdraws(assembly: Assembly, motion: Motion, who: int) -> Motion:
    async with assembly.database.work() as work:
        return await elections.withdraw_candidacy(work, motion.motion_id, by=assembly.members[who])


async def refused(
    assembly: Assembly, statement: str, motion: Motion, member_id: MemberId
) -> str | None:
    """The constraint by which the database refuses the service a statement."""
    with pytest.raises(IntegrityError) as refusal:
        async with assembly.database.work() as work:
            await work.execute(text(statement), {"motion": motion.motion_id, "member": member_id})
    return constraint_of(refusal.value)


async def test_who_withdraws_is_not_on_the_ballot_and_fewer_than_the_seats_are_elected(
    assembly: Assembly,
) -> None:
    motion = await election(assembly, 0, 1, 2, seats=3)
    await withdraws(assembly, motion, 1)
    [told] = assembly.owner.execute(
        "SELECT payload FROM storage.outbox WHERE kind = 'candidate_withdrew'"
    ).fetchone()  # type: ignore[misc]
    assert (told["number"], told["left"], told["seats"]) == (1, 2, 3)
    assert str(assembly.members[1]) not in str(told)
    motion = await called_and_opened(assembly, motion)
    for member_id in assembly.members[:2]:
        async with assembly.database.work() as work:
            await votes.cast(work, motion.motion_id, by=member_id, choice={"ranks": [[2], [1]]})
    await assembly.closed(motion)
    async with assembly.database.work() as work:
        _, certificate = await votes.certify(work, motion.motion_id, certified_by="R. Officer")
    result = certificate.result
    assert result is not None
    assert (sorted(result["elected_numbers"]), result["vacant"]) == ([1, 2], 1)
    assert certificate.question is not None
    assert [one.name for one in certificate.question.options] == ["Ann", "Cem"]


async def called_and_opened(assembly: Assembly, motion: Motion) -> Motion:
    async with assembly.database.work() as work:
        motion = await votes.give_notice(work, motion.motion_id)
    assert motion.timetable is not None
    assembly.at(motion.timetable.freezes_at)
    async with assembly.database.work() as work:
        await votes.freeze(work, motion.motion_id)
    assembly.at(motion.timetable.opens_at + timedelta(hours=1))
    async with assembly.database.work() as work:
        return await votes.open_vote(work, motion.motion_id)


async def test_with_nobody_left_no_notice_is_given_and_nominations_stay_open(
    assembly: Assembly,
) -> None:
    motion = await election(assembly, 0)
    await withdraws(assembly, motion, 0)
    with pytest.raises(NobodyStands):
        async with assembly.database.work() as work:
            await votes.give_notice(work, motion.motion_id)
    await stands(assembly, motion, 1)
    async with assembly.database.work() as work:
        await votes.give_notice(work, motion.motion_id)


async def test_withdrawing_is_the_last_word_and_only_a_candidate_s(assembly: Assembly) -> None:
    motion = await election(assembly, 0, 1)
    async with assembly.database.work() as work:
        await elections.nominate(
            work, motion.motion_id, assembly.members[2], by=assembly.members[0]
        )
    with pytest.raises(CandidacyRefused, match="nobody has nominated you"):
        await withdraws(assembly, motion, 3)
    after = await withdraws(assembly, motion, 2)  # nominated, and says no
    assert [one.name for one in after.candidates if one.withdrew_at] == [None]
    with pytest.raises(CandidacyRefused, match="you have withdrawn"):
        await withdraws(assembly, motion, 2)
    with pytest.raises(CandidacyRefused, match="you have withdrawn"):
        async with assembly.database.work() as work:
            await elections.accept_nomination(
                work, motion.motion_id, by=assembly.members[2], name="Cem"
            )
    with pytest.raises(CandidacyRefused, match="they have withdrawn"):
        async with assembly.database.work() as work:
            await elections.nominate(
                work, motion.motion_id, assembly.members[2], by=assembly.members[0]
            )
    tariff = await assembly.propose(tariff_motion())
    with pytest.raises(CandidacyRefused, match="no election"):
        await withdraws(assembly, tariff, 0)


async def test_a_suspended_candidate_may_withdraw(assembly: Assembly) -> None:
    motion = await election(assembly, 0, 1)
    async with assembly.database.work() as work:
        change = Change(kind=ChangeKind.SUSPENDED, at=work.now, reason="Lent the car.")
        await membership.change_member(work, assembly.members[1], change)
    assert (await withdraws(assembly, motion, 1)).candidates[1].withdrew_at is not None


async def test_the_notice_fixes_who_is_on_the_ballot(assembly: Assembly) -> None:
    motion = await election(assembly, 0, 1)
    async with assembly.database.work() as work:
        await votes.give_notice(work, motion.motion_id)
    with pytest.raises(MotionElsewhere, match="amending"):
        await withdraws(assembly, motion, 1)
    assert await refused(assembly, WITHDRAW, motion, assembly.members[1]) == "nominations_are_open"


async def test_the_database_keeps_who_withdrew_off_the_ballot(assembly: Assembly) -> None:
    motion = await election(assembly, 0, 1)
    async with assembly.database.work() as work:
        await elections.nominate(
            work, motion.motion_id, assembly.members[2], by=assembly.members[0]
        )
    for who in (1, 2):
        await withdraws(assembly, motion, who)
    withdrawn, stranger = assembly.members[2], assembly.members[3]
    assert await refused(assembly, ACCEPT, motion, withdrawn) == "withdrawn_for_good"
    assert await refused(assembly, WITHDRAW, motion, withdrawn) == "withdrawn_once"
    assert await refused(assembly, WITHDRAW, motion, stranger) is not None
    for change in ("DELETE FROM governance.candidate_withdrawn",
                   "UPDATE governance.candidate_withdrawn SET at = at"):  # fmt: skip
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            assembly.owner.execute(change)
    # A notice whose ballot has the name all the same: planted in the statement that writes the poll.
    plant = """CREATE FUNCTION public.plant() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.question := replace(NEW.question, '{"name":"Ann","number":1}',
                                    '{"name":"Ann","number":1},{"name":"Bob","number":2}');
            RETURN NEW;
        END $$"""
    assembly.owner.execute(plant)
    assembly.owner.execute(
        "CREATE TRIGGER a_first BEFORE INSERT ON governance.poll FOR EACH ROW"
        " EXECUTE FUNCTION public.plant()"
    )
    with pytest.raises(IntegrityError) as planted:
        async with assembly.database.work() as work:
            await votes.give_notice(work, motion.motion_id)
    assert constraint_of(planted.value) == "a_poll_asks_what_is_called"


async def test_minutes_of_a_meeting_on_the_election_say_who_withdrew(assembly: Assembly) -> None:
    motion = await election(assembly, 0, 1)
    async with assembly.database.work() as work:
        await elections.nominate(
            work, motion.motion_id, assembly.members[3], by=assembly.members[0]
        )
    item = Item(title="The board", motion_id=motion.motion_id)
    meeting_id = await call_meeting(assembly, Item(title="Accounts"), item)
    for who in (1, 3):  # the other never stood: that is nobody's business
        await withdraws(assembly, motion, who)
    await opened_meeting(assembly, meeting_id, 0, 1)
    await happens(assembly, meeting_id, "closed")
    async with assembly.database.work() as work:
        minutes = await meetings.draft_minutes(work, meeting_id, names={})
    said = [line for line in minutes.text.splitlines() if "withdrew" in line]
    assert said == [f"Item 2: {assembly.members[1]} withdrew from the election on 2026-03-02."]
