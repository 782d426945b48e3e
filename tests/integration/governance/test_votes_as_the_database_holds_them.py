"""I24 to I27: planted defects in rolls, ballots and certificates, each refused by name."""

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from foundation.identifiers import PersonId
from governance.electoral_roll import Correction
from governance.errors import (
    NotOnRoll,
    RollClosed,
    RollCorrectionSenseless,
    TextFrozen,
    VoteNotOpen,
)
from governance.matter import MemberClass
from governance.meeting import Item
from governance.member import Change, ChangeKind
from governance.motion import Motion
from governance.service import amendments, membership, motions, votes
from governance.store.votes import get_roll
from storage.engine import Database
from storage.refusals import constraint_of
from tests.assembly_rows import Assembly, assemble, dearer_tariff, tariff_motion
from tests.meeting_scene import call_meeting, happens, now_of, opened_meeting


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    return await assemble(database, owner, address=database_address)


async def refused(assembly: Assembly, statement: str, **values: object) -> str | None:
    """The constraint by which the database refuses the service a statement."""
    with pytest.raises(IntegrityError) as refusal:
        async with assembly.database.work() as work:
            await work.execute(text(statement), values)
    return constraint_of(refusal.value)


BALLOT = """INSERT INTO governance.open_ballot (motion_id, member_id, sequence, mark, cast_at)
            VALUES (:motion, :member, :sequence, 'for', service_now())"""


async def test_I24_each_member_counts_once_and_the_last_ballot_counts(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "for")
    await assembly.cast(motion.motion_id, "against")
    told = {"motion": motion.motion_id, "member": assembly.members[0]}
    assert await refused(assembly, BALLOT, sequence=2, **told) == "i24_ballots_in_sequence"
    assert await refused(assembly, BALLOT, sequence=4, **told) == "i24_ballots_in_sequence"
    stranger = told | {"member": motion.motion_id}
    assert await refused(assembly, BALLOT, sequence=1, **stranger) == "i24_on_the_roll"
    [marks] = assembly.owner.execute(
        "SELECT array_agg(mark ORDER BY mark) FROM governance.counted_ballot"
    ).fetchone()  # type: ignore[misc]
    assert marks == ["against", "for"]


async def test_I25_no_ballot_before_the_opening_or_after_the_close(assembly: Assembly) -> None:
    motion = await assembly.stated(tariff_motion())
    async with assembly.database.work() as work:
        motion = await votes.give_notice(work, motion.motion_id)
    with pytest.raises(VoteNotOpen):
        await assembly.cast(motion.motion_id, "for")
    other = await opened_from(assembly, motion)
    await assembly.cast(other.motion_id, "for")
    assert other.timetable is not None
    assembly.at(other.timetable.closes_at)
    with pytest.raises(VoteNotOpen, match="closed at"):
        await assembly.cast(other.motion_id, "", "for")
    told = {"motion": other.motion_id, "member": assembly.members[1], "sequence": 1}
    assert await refused(assembly, BALLOT, **told) == "i25_while_the_vote_is_open"


async def opened_from(assembly: Assembly, motion: Motion) -> Motion:
    assert motion.timetable is not None
    for at, step in (
        (motion.timetable.freezes_at, votes.freeze),
        (motion.timetable.opens_at, votes.open_vote),
    ):
        assembly.at(at)
        async with assembly.database.work() as work:
            motion = await step(work, motion.motion_id)
    return motion


async def test_I26_no_name_is_written_beside_a_choice_in_another_tier(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    # A vote whose notice said "detached", by an owner's hand: the board of names refuses its ballots.
    assembly.owner.execute("ALTER TABLE governance.notice DISABLE TRIGGER append_only")
    assembly.owner.execute("UPDATE governance.notice SET tier = 'detached'")
    told = {"motion": motion.motion_id, "member": assembly.members[0], "sequence": 1}
    assert await refused(assembly, BALLOT, **told) == "i26_names_in_open_votes_only"


async def test_I27_the_roll_is_frozen_when_the_vote_opens(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    strike = """INSERT INTO governance.roll_struck (motion_id, member_id, reason, at)
                VALUES (:motion, :member, 'x', service_now())"""
    told = {"motion": motion.motion_id, "member": assembly.members[0]}
    assert await refused(assembly, strike, **told) == "i27_the_roll_is_frozen"
    publish = """INSERT INTO governance.roll_published (motion_id, size, digest, at)
                 SELECT motion_id, 3, 'x', at FROM governance.roll_published"""
    assert await refused(assembly, publish) == "i27_published_as_it_is"


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ("votes_for = 3", "i27_a_recount_of_the_board"),
        ("votes_against = 0", "i27_a_recount_of_the_board"),
        ("roll_size = 2", "i27_a_recount_of_the_board"),
        ("quorum = 1", "i27_a_recount_of_the_board"),
        ("ballots_cast = 5", "i27_a_recount_of_the_board"),
        ("valid = 2", "i27_a_recount_of_the_board"),
        ("has_passed = true", "i27_judged_by_its_notice"),
        ("digest = 'x'", "certificate_is_what_was_hashed"),
    ],
)
async def test_I27_a_certificate_is_a_recount_of_the_board(
    assembly: Assembly, changes: str, constraint: str
) -> None:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "against", "abstain")
    await assembly.closed(motion)
    column, value = changes.split(" = ")
    row = {
        "motion_id": f"'{motion.motion_id}'", "document": "'{}'",
        "digest": "encode(sha256('{}'), 'hex')", "has_passed": "false", "roll_size": "4",
        "ballots_cast": "3", "valid": "3", "votes_for": "1", "votes_against": "1", "abstentions": "1",
        "quorum": "2", "certified_at": "service_now()",
    }  # fmt: skip
    row[column] = value
    statement = f"INSERT INTO governance.certificate ({', '.join(row)}) VALUES ({', '.join(row.values())})"  # fmt: skip
    assert await refused(assembly, statement) == constraint


async def test_a_step_is_legal_and_in_its_time_for_the_database_too(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    step = """INSERT INTO governance.motion_step (motion_id, from_state, to_state, at)
              VALUES (:motion, :before, :after, service_now())"""
    for before, after, constraint in [
        ("open", "closed", "no_step_before_its_time"),
        ("open", "certified", "certified_by_its_certificate"),
        ("open", "withdrawn", "only_legal_steps"),
        ("amending", "withdrawn", "a_state_is_left_once"),
        (None, "seconded", "begins_with_the_proposal"),
    ]:
        told = {"motion": motion.motion_id, "before": before, "after": after}
        assert await refused(assembly, step, **told) == constraint
    another = """INSERT INTO governance.motion_text (motion_id, version, text, written_at)
                 VALUES (:motion, 2, '{}', service_now())"""
    assert await refused(assembly, another, motion=motion.motion_id) == "the_text_is_frozen"


async def test_an_amendment_accepted_in_time_is_what_is_voted_on_and_enacted(
    assembly: Assembly,
) -> None:
    motion = await assembly.stated(tariff_motion())
    async with assembly.database.work() as work:
        motion = await votes.give_notice(work, motion.motion_id)
    text_of = tariff_motion(dearer_tariff(dearer_tariff())).text
    async with assembly.database.work() as work:
        amendment = await motions.amend(
            work, motion.motion_id, by=assembly.members[2], text=text_of, readers={}
        )
    async with assembly.database.work() as work:
        amended = await motions.accept_amendment(
            work, motion.motion_id, amendment.amendment_id, by=assembly.members[0]
        )
    assert amended.version == 2
    assert motion.timetable is not None
    assembly.at(motion.timetable.freezes_at)
    with pytest.raises(TextFrozen):
        async with assembly.database.work() as work:
            await motions.amend(
                work, motion.motion_id, by=assembly.members[2], text=motion.text, readers={}
            )
    opened = await opened_from(assembly, motion)
    await assembly.cast(opened.motion_id, "for", "for")
    await assembly.certified(opened)
    [body] = assembly.owner.execute(
        "SELECT CAST(body AS jsonb) FROM rulebook.rule WHERE kind = 'tariff' AND version = 2"
    ).fetchone()  # type: ignore[misc]
    assert body == dearer_tariff(dearer_tariff())


async def test_who_joins_leaves_or_dies_between_notice_and_close(assembly: Assembly) -> None:
    motion = await assembly.stated(tariff_motion())
    async with assembly.database.work() as work:
        motion = await votes.give_notice(work, motion.motion_id)
        roll = await get_roll(work, motion.motion_id)
    assert roll.size == 4
    motion = await opened_from(assembly, motion)
    await assembly.cast(motion.motion_id, "for", "for", "for")
    [person_id] = assembly.owner.execute(
        "INSERT INTO registry.person (person_id, joined_at)"
        " VALUES (gen_random_uuid(), service_now()) RETURNING person_id"
    ).fetchone()  # type: ignore[misc]
    async with assembly.database.work() as work:
        joins = await membership.join(work, PersonId(person_id), member_class=MemberClass.DRIVER)
    with pytest.raises(NotOnRoll, match="no member at the notice"):
        async with assembly.database.work() as work:
            await votes.cast(work, motion.motion_id, by=joins.member_id, choice="for")
    async with assembly.database.work() as work:
        dies = Change(kind=ChangeKind.DIED, at=work.now)
        leaves = Change(kind=ChangeKind.LEFT, at=work.now, member_class=MemberClass.RIDER)
        await membership.change_member(work, assembly.members[0], dies)
        await membership.change_member(work, assembly.members[3], leaves)
    with pytest.raises(NotOnRoll, match="left"):
        await assembly.cast(motion.motion_id, "", "", "", "against")
    with pytest.raises(NotOnRoll, match="died"):
        await assembly.cast(motion.motion_id, "against")
    await assembly.certified(motion)
    [votes_for] = assembly.owner.execute("SELECT votes_for FROM governance.certificate").fetchone()  # type: ignore[misc]
    assert votes_for == 3  # a ballot cast in life counts


async def test_a_roll_is_corrected_in_its_window_and_the_corrected_one_is_published(
    assembly: Assembly,
) -> None:
    motion = await assembly.stated(tariff_motion())
    async with assembly.database.work() as work:
        motion = await votes.give_notice(work, motion.motion_id)
        struck = Correction(
            member_id=assembly.members[3],
            member_class=None,
            reason="Joined by mistake.",
            at=work.now,
        )
        roll = await votes.correct_roll(work, motion.motion_id, struck)
    assert roll.size == 3
    assert motion.timetable is not None
    for number, put_in, why in (
        (3, MemberClass.RIDER, "struck off"),
        (2, MemberClass.RIDER, "on it as driver"),
        (2, MemberClass.WORKER, "not for members as worker"),
    ):
        with pytest.raises(RollCorrectionSenseless, match=why):
            async with assembly.database.work() as work:
                moved = Correction(
                    member_id=assembly.members[number], member_class=put_in, reason="x", at=work.now
                )
                await votes.correct_roll(work, motion.motion_id, moved)
    with pytest.raises(RollClosed):
        late = motion.timetable.opens_at - timedelta(days=1)
        async with assembly.database.work() as work:
            await votes.correct_roll(
                work,
                motion.motion_id,
                Correction(
                    member_id=assembly.members[2], member_class=None, reason="Late.", at=late
                ),
            )
    motion = await opened_from(assembly, motion)
    with pytest.raises(NotOnRoll, match="correction"):
        await assembly.cast(motion.motion_id, "", "", "", "for")
    [size, digest] = assembly.owner.execute(
        "SELECT size, digest FROM governance.roll_published"
    ).fetchone()  # type: ignore[misc]
    assert (size, digest) == (3, roll.digest)


async def test_the_board_answers_members_decide_on_an_amendment_and_the_outcome_is_followed_up(
    assembly: Assembly,
) -> None:
    motion = await assembly.stated(tariff_motion())
    async with assembly.database.work() as work:
        motion = await votes.give_notice(work, motion.motion_id)
        await motions.answer(work, motion.motion_id, text="We can afford it.")
    async with assembly.database.work() as work:
        dearest = tariff_motion(dearer_tariff(dearer_tariff())).text
        amendment = await motions.amend(
            work, motion.motion_id, by=assembly.members[1], text=dearest, readers={}
        )
    async with assembly.database.work() as work:
        await motions.put_amendment_to_vote(work, motion.motion_id, amendment.amendment_id)
    item = Item(title="The fare", motion_id=motion.motion_id)
    held_at = await now_of(assembly) + timedelta(days=1)
    meeting_id = await call_meeting(
        assembly, item, held_at=held_at, consents=tuple(assembly.members)
    )
    await opened_meeting(assembly, meeting_id, 0, 1)
    await happens(assembly, meeting_id, "item_begun", item=1)
    for member_id, choice in zip(assembly.members[:2], ("for", "against"), strict=True):
        async with assembly.database.work() as work:
            await amendments.raise_hand(
                work, meeting_id, amendment.amendment_id, by=member_id, choice=choice
            )
    async with assembly.database.work() as work:
        await amendments.decide_amendment(
            work, motion.motion_id, amendment.amendment_id, meeting_id=meeting_id
        )
    opened = await opened_from(assembly, motion)
    assert opened.version == 1
    await assembly.cast(opened.motion_id, "for", "for")
    await assembly.certified(opened)
    async with assembly.database.work() as work:
        await motions.follow_up(work, motion.motion_id, text="Meters are set.", done_percent=50)
    async with assembly.database.work() as work:
        kept = await motions.get_motion(work, motion.motion_id)
    assert kept.answer is not None
    assert kept.answer.text == "We can afford it."
    assert [(one.done_percent, one.text) for one in kept.follow_ups] == [(50, "Meters are set.")]
    assert [str(one.state) for one in kept.amendments] == ["defeated"]
    assert kept.review_on is not None
