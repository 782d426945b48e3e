"""Detached votes: who took part stands here, what they say there; classes that must each pass."""

from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from governance.ballots.choice import Mark
from governance.ballots.errors import BallotSuperseded, DocumentMalformed
from governance.errors import NotOnRoll, VoteNotOpen
from governance.matter import MemberClass
from governance.member import Change, ChangeKind
from governance.motion import MotionState
from governance.service import membership, polls, proxies
from governance.service.motions import Proposal
from storage.engine import Database
from tests.assembly_polls import PolledAssembly, bylaws, polled_assembly
from tests.second_verifier import verify

RULES = bylaws(
    ordinary={"ballot": "detached"}, joint={"extends": "ordinary", "pass_each": ["driver", "rider"]}
)
ROOM = Proposal(title="A rest room", text="We rent a room.", matter="ordinary")
BOTH = Proposal(title="A new map", text="Riders and drivers.", matter="joint")


@pytest.fixture
async def city(
    database: Database, owner: psycopg.Connection, database_address: str, tmp_path: Path
) -> AsyncIterator[PolledAssembly]:
    classes = ("driver", "driver", "rider", "rider", "city")
    async with polled_assembly(
        database, owner, tmp_path, address=database_address, rules=RULES, classes=classes
    ) as found:
        yield found


async def test_a_detached_vote_counts_each_members_last_ballot_and_its_bundle_verifies(
    city: PolledAssembly,
) -> None:
    motion = await city.moved(ROOM)
    [poll] = await city.polls(motion)
    await city.hand_in(poll, 0, Mark("against"))
    await city.hand_in(poll, 1, Mark("for"))
    await city.scene.turn()
    await city.hand_in(poll, 0, Mark("for"))  # thinks again, once it stands on the board
    await city.hand_in(poll, 4, Mark("abstain"))
    motion, certificate = await city.certified(motion)
    assert motion.state is MotionState.CERTIFIED
    assert certificate.count is not None
    assert (certificate.count.votes_for, certificate.count.abstentions) == (2, 1)
    told = verify(city.bundle(poll)).certificate
    assert (told["issued"], told["keys"], told["superseded"]) == ([3], 3, 1)


async def test_I24_nobody_hands_in_with_two_keys_or_for_another(city: PolledAssembly) -> None:
    motion = await city.moved(ROOM)
    [poll] = await city.polls(motion)
    await city.hand_in(poll, 0, Mark("for"))
    with pytest.raises(NotOnRoll, match="another ballot key"):
        await city.hand_in(poll, 0, Mark("for"), key=77)
    city.sequences[poll.poll_id, 1] = 0
    with pytest.raises(BallotSuperseded):
        await city.hand_in(poll, 0, Mark("against"))
    with pytest.raises(DocumentMalformed):
        async with city.assembly.database.work() as work:
            by = city.assembly.members[0]
            await polls.cast_detached(work, poll.poll_id, by=by, ballot={"vote": "", "key": ""})
    city.assembly.at(motion.timetable.closes_at)  # type: ignore[union-attr]
    with pytest.raises(VoteNotOpen):
        await city.hand_in(poll, 1, Mark("for"))


async def test_who_declares_an_interest_once_the_vote_is_open_hands_in_nothing(
    city: PolledAssembly,
) -> None:
    motion = await city.moved(ROOM)
    [poll] = await city.polls(motion)
    async with city.assembly.database.work() as work:
        await proxies.declare_conflict(
            work, motion.motion_id, by=city.assembly.members[0], interest="I let the room."
        )
    with pytest.raises(NotOnRoll, match="conflict of interest"):
        await city.hand_in(poll, 0, Mark("for"))
    await city.hand_in(poll, 1, Mark("for"))


async def test_each_class_has_a_poll_and_who_is_in_both_votes_once(city: PolledAssembly) -> None:
    async with city.assembly.database.work() as work:
        joins = Change(kind=ChangeKind.JOINED, at=work.now, member_class=MemberClass.RIDER)
        await membership.change_member(work, city.assembly.members[0], joins)
    motion = await city.moved(BOTH)
    driver, rider, others = await city.polls(motion)
    assert (driver.member_class, rider.member_class, others.member_class) == (
        "driver",
        "rider",
        None,
    )
    assert [(await city.manifest(one)).roll.size for one in (driver, rider, others)] == [2, 2, 1]
    for poll, number, mark in (
        (driver, 0, "for"), (driver, 1, "for"), (rider, 2, "for"), (rider, 3, "against"),
        (others, 4, "for"),
    ):  # fmt: skip
        await city.hand_in(poll, number, Mark(mark))
    with pytest.raises(NotOnRoll, match="one of its own"):
        await city.hand_in(rider, 0, Mark("for"), key=99)
    motion, certificate = await city.certified(motion)
    assert certificate.count is not None
    assert (certificate.count.votes_for, certificate.count.votes_against) == (4, 1)
    assert [(str(one), count.outcome) for one, count in certificate.each_class] == [
        ("driver", "passed"), ("rider", "tie"),
    ]  # fmt: skip
    assert motion.state is MotionState.LOST
    for poll in (driver, rider, others):
        verify(city.bundle(poll))


async def test_who_took_part_stands_without_a_time_or_an_order(city: PolledAssembly) -> None:
    motion = await city.moved(ROOM)
    [poll] = await city.polls(motion)
    for number in (2, 0, 1):
        await city.hand_in(poll, number, Mark("for"))
    found = city.assembly.owner.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'governance' AND table_name = 'detached_mark' ORDER BY 1"
    ).fetchall()
    assert found == [("commitment",), ("poll_id",)]
