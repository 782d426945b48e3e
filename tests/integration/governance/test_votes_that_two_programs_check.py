"""Votes without names from the motion to the rule, fund or text, by rules and hours that are rarer; what
is published of each is checked by both verifiers, which were written apart."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from governance.asked import DivisionAsked, OfferedText, TextsAsked
from governance.ballots.choice import Approvals, Mark, Ranks
from governance.errors import OfficialRefused
from governance.motion import Motion, MotionState
from governance.polls import board as board_verbs
from governance.polls.keeper import Keeper
from governance.service import motions, outages, votes
from governance.service.motions import Proposal
from governance.store.polls import Poll
from rulebook.rule import RuleKind
from rulebook.service import list_rules
from simulation import voter
from simulation.client import Refused
from storage.engine import Database
from tests.assembly_polls import PolledAssembly, bylaws, polled_assembly
from tests.assembly_rows import a_fund, dearer_tariff, tariff_motion
from tests.second_verifier import verify

RULES = bylaws(
    ordinary={"ballot": "sealed"},
    fund={"extends": "ordinary", "method": "equal_shares"},
    kept={"extends": "fund", "ballot": "detached"},
    texts={"extends": "ordinary", "method": "ranked", "ballot": "detached"},
) | {"decides": {"tariff": ["ordinary"], "bylaws": ["special"], "pay_floor": ["special"]}}
HOUR = timedelta(hours=1)
COSTS = {"bench": 60_00, "lamp": 30_00, "pond": 90_00}
TICKS = {0: Approvals((1, 2)), 1: Approvals((1,)), 2: Approvals((3,)), 3: Approvals(())}


@pytest.fixture
async def city(
    database: Database, owner: psycopg.Connection, database_address: str, tmp_path: Path
) -> AsyncIterator[PolledAssembly]:
    async with polled_assembly(
        database, owner, tmp_path, address=database_address, rules=RULES
    ) as found:
        yield found


async def checked(city: PolledAssembly, poll: Poll, **asked: bytes | None) -> dict[str, object]:
    """The certificate in the bundle, as both verifiers work it out again."""
    manifest = await city.manifest(poll)
    verified = verify(city.bundle(poll), noticed_hash=manifest.digest().hex(), **asked)
    found: dict[str, object] = verified.certificate
    return found


@pytest.mark.parametrize("matter", ["fund", "kept"])
async def test_a_fund_is_divided_in_secret_by_equal_shares(
    city: PolledAssembly, matter: str
) -> None:
    asked = DivisionAsked(budget_id=await a_fund(city.assembly, COSTS))
    motion = await city.moved(Proposal(title="The fund", text="?", matter=matter, asks=asked))
    [poll] = await city.polls(motion)
    assert [one.name for one in poll.question.options] == ["bench", "lamp", "pond"]
    if matter == "fund":
        await city.vote(poll, TICKS)
    else:
        for number, choice in TICKS.items():
            await city.hand_in(poll, number, choice)
    motion, certificate = await city.certified(motion)
    assert motion.state is MotionState.CERTIFIED
    assert certificate.result is not None
    assert certificate.result["selected_numbers"] == [1, 2]
    assert certificate.result["money_left"] == 10_00
    told = await checked(city, poll)
    assert told["result"] == certificate.result
    funded = "SELECT project_id FROM commons.funded JOIN commons.pact USING (budget_id, project_id)"
    bought = city.assembly.owner.execute(f"{funded} ORDER BY 1").fetchall()
    assert bought == [("bench",), ("lamp",)]


async def test_a_text_that_was_amended_is_voted_on_in_secret_and_enacted_as_amended(
    city: PolledAssembly,
) -> None:
    assembly = city.assembly
    motion = await assembly.propose(tariff_motion())
    amended = dearer_tariff(dearer_tariff())
    async with assembly.database.work() as work:
        amendment = await motions.amend(
            work, motion.motion_id, by=assembly.members[2], text=json.dumps(amended), readers={}
        )
    async with assembly.database.work() as work:
        motion = await motions.accept_amendment(
            work, motion.motion_id, amendment.amendment_id, by=assembly.members[0]
        )
    motion = await city.opened(await city.called(motion))
    [poll] = await city.polls(motion)
    await city.vote(poll, {0: Mark("for"), 1: Mark("for"), 2: Mark("against")})
    motion, _ = await city.certified(motion)
    assert motion.state is MotionState.CERTIFIED
    told = await checked(city, poll)
    assert told["result"] == {
        "rule": "for_against", "for": 2, "against": 1, "abstain": 0, "outcome": "passed",
    }  # fmt: skip
    async with assembly.database.work() as work:
        assert (await list_rules(work, RuleKind.TARIFF))[-1].body == amended


async def test_a_detached_vote_on_texts_is_counted_by_schulze(city: PolledAssembly) -> None:
    texts = (
        OfferedText(title="Spend", text="We spend it."),
        OfferedText(title="Save", text="We save it."),
    )
    proposal = Proposal(title="Surplus", text="?", matter="texts", asks=TextsAsked(texts=texts))
    motion = await city.moved(proposal)
    [poll] = await city.polls(motion)
    for number, ranks in enumerate((((2,), (3,), (1,)), ((2,), (1,)), ((1,), (2,)), ((3,),))):
        await city.hand_in(poll, number, Ranks(ranks))
    await city.scene.turn()
    await city.hand_in(poll, 2, Ranks(((2, 1),)))  # thinks again: both alike
    motion, certificate = await city.certified(motion)
    assert (certificate.winner, motion.state) == (2, MotionState.CERTIFIED)
    told = await checked(city, poll)
    assert (told["superseded"], told["result"]) == (1, certificate.result)


async def extended(city: PolledAssembly, motion: Motion) -> Motion:
    """Two hours of an outage given back: by the office on record, and by the board to its poll."""
    database = city.assembly.database
    assert motion.timetable is not None
    begins = motion.timetable.opens_at + 2 * HOUR  # what `opened` leaves the clock at
    city.assembly.at(begins + 3 * HOUR)
    async with database.work() as work:
        await outages.note_outage(
            work, part="box", since=begins, until=begins + 2 * HOUR, cause="A disk was full.",
            noted_by="R. Officer",
        )  # fmt: skip
        after = await outages.extend_vote(work, motion.motion_id)
    assert after.timetable is not None
    assert after.timetable.closes_at == motion.timetable.closes_at + 2 * HOUR
    [poll] = await city.polls(motion)
    async with city.scene.databases[Keeper.BOARD].work() as work:
        await board_verbs.extend(
            work, city.scene.board, poll.poll_id, reason="A disk was full.",
            closes_at_ms=round(after.timetable.closes_at.timestamp() * 1000),
        )  # fmt: skip
    return after


async def test_an_outage_s_time_is_given_back_and_used_and_checked(city: PolledAssembly) -> None:
    motion = await city.moved(tariff_motion())
    [poll] = await city.polls(motion)
    await city.vote(poll, {0: Mark("for")})
    noticed = motion.timetable
    assert noticed is not None
    motion = await extended(city, motion)
    assert motion.timetable is not None
    # After the close that was noticed: one votes, one thinks again, and nobody closes the vote.
    city.assembly.at(noticed.closes_at + HOUR)
    late = await city.take(poll, 1)
    voter.fill(late, Mark("for"))
    await voter.send(late, city.scene.places())
    await city.vote(poll, {0: Mark("against")})
    await city.scene.turn()
    assert kinds(city) == ["manifest", "ballot", "extension", "ballot", "ballot"]
    motion = await city.closed(motion, released=0)
    with pytest.raises(Refused, match="closed"):
        await city.take(poll, 2)
    # A trustee who dates their statement between the two closes has not waited for the end.
    early = round(noticed.closes_at.timestamp() * 1000) + 1
    with pytest.raises(OfficialRefused, match="before the close"):
        await city.release(poll, 1, at_ms=early)
    ended = round(motion.timetable.closes_at.timestamp() * 1000)  # type: ignore[union-attr]
    for number in (1, 3):
        await city.release(poll, number, at_ms=ended)
    async with city.assembly.database.work() as work:
        motion, certificate = await votes.certify(work, motion.motion_id, certified_by="R. Officer")
    assert certificate.count is not None
    assert (certificate.count.votes_for, certificate.count.votes_against) == (1, 1)
    assert await voter.fetch_receipt(late, city.scene.places()) is not None
    receipt = (late.folder / "receipt-1.json").read_bytes()
    told = await checked(city, poll, receipt=receipt)
    assert (told["keys"], told["superseded"]) == (2, 1)


def kinds(city: PolledAssembly) -> list[str]:
    """What the board's entries are."""
    lines = city.assembly.owner.execute("SELECT line FROM ballot_board.log_line ORDER BY number")
    return [json.loads(bytes(line))["kind"] for (line,) in lines]
