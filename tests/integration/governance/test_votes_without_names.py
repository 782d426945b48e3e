"""Every kind of matter called, voted, counted, certified and enacted, over the desks' real tables."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from governance.asked import ElectionAsked, NumberAsked, OfferedText, TextsAsked
from governance.ballots.choice import Mark, Ranks, Value
from governance.errors import (
    MatterCooling,
    NobodyStands,
    OfficialRefused,
    QuestionUnfit,
    TooEarly,
    VoteUnderWay,
)
from governance.motion import Motion, MotionState
from governance.number_terms import Bounds
from governance.polls.errors import PollNotPrepared, PollNotReady
from governance.service import elections, votes
from governance.service.motions import Proposal
from governance.store.polls import list_polls
from rulebook.rule import RuleKind, canonical
from rulebook.service import list_rules
from storage.engine import Database
from tests.assembly_polls import TERMS, PolledAssembly, bylaws, polled_assembly
from tests.assembly_rows import assemble, dearer_tariff, tariff_motion
from tests.impact_at_work import state_impact
from tests.rules import example_bodies
from tests.second_verifier import verify

ROOT = Path(__file__).resolve().parents[3]
RULES = bylaws(
    ordinary={"ballot": "sealed"},
    fare={"extends": "ordinary", "method": "median", "step": 10, "phantoms": "1/10",
          "change_at_most": "0.02", "cooling_days": 90, "bounds": "board_published"},
    surplus={"extends": "ordinary", "method": "ranked"},
    board={"extends": "ordinary", "method": "scottish_stv", "nominations_days": 14, "ranks_max": 12},
    small={"extends": "ordinary", "ballot": "detached"},
    joint={"extends": "small", "pass_each": ["driver", "rider"]},
    quorate={"extends": "surplus", "quorum": {"max": [3]}},
)  # fmt: skip
RULES["decides"] = {
    "tariff": ["ordinary", "fare", "surplus"], "bylaws": ["special"], "pay_floor": ["special"],
}  # fmt: skip
FLAG = ("rules", 0, "flag", "amount_minor")


@pytest.fixture
async def city(
    database: Database, owner: psycopg.Connection, database_address: str, tmp_path: Path
) -> AsyncIterator[PolledAssembly]:
    async with polled_assembly(
        database, owner, tmp_path, address=database_address, rules=RULES
    ) as found:
        yield found


def flag_fall() -> int:
    found: Any = example_bodies()[RuleKind.TARIFF]
    for step in FLAG:
        found = found[step]
    return int(found)


def number_motion() -> Proposal:
    return Proposal(
        title="The flag fall", text="What shall it be?", matter="fare", rule_kind=RuleKind.TARIFF,
        asks=NumberAsked(unit="cents", fields=(FLAG,)),
    )  # fmt: skip


async def bounded(city: PolledAssembly, lowest: int, highest: int) -> Motion:
    motion = await city.assembly.propose(number_motion())
    async with city.assembly.database.work() as work:
        await elections.publish_bounds(
            work, motion.motion_id, Bounds(lowest=lowest, highest=highest)
        )
    return motion


async def test_a_sealed_vote_for_or_against_writes_its_rule_and_its_bundle_verifies(
    city: PolledAssembly,
) -> None:
    motion = await city.moved(tariff_motion())
    [poll] = await city.polls(motion)
    await city.vote(poll, {0: Mark("for"), 1: Mark("for"), 2: Mark("against"), 3: Mark("abstain")})
    await city.vote(poll, {2: Mark("for")})
    motion, certificate = await city.certified(motion)
    assert motion.state is MotionState.CERTIFIED
    assert certificate.count is not None
    assert (certificate.count.votes_for, certificate.count.votes_against) == (3, 0)
    manifest = await city.manifest(poll)
    verified = verify(city.bundle(poll), noticed_hash=manifest.digest().hex())
    assert verified.certificate["result"]["outcome"] == "passed"
    assert verified.certificate["superseded"] == 1
    async with city.assembly.database.work() as work:
        assert (await list_rules(work, RuleKind.TARIFF))[-1].body == dearer_tariff()


async def test_a_number_is_written_into_the_rule_it_stands_in(city: PolledAssembly) -> None:
    today = flag_fall()
    motion = await bounded(city, today - 200, today + 200)
    motion = await city.opened(await city.called(motion))
    [poll] = await city.polls(motion)
    assert poll.question.parameters["highest"] == today + 100  # two hundredths, on the steps
    # An even number of ballots and a phantom at today's value: the lower of the two in the middle.
    await city.vote(poll, {n: Value(today + more) for n, more in enumerate((20, 40, 50))})
    motion, certificate = await city.certified(motion)
    assert certificate.value == today + 20
    assert motion.state is MotionState.CERTIFIED
    verify(city.bundle(poll))
    async with city.assembly.database.work() as work:
        first, second = await list_rules(work, RuleKind.TARIFF)
    expected = json.loads(canonical(first.body))
    expected["rules"][0]["flag"]["amount_minor"] = today + 20
    assert second.body == expected
    assert city.assembly.owner.execute(
        "SELECT body FROM rulebook.rule WHERE kind = 'tariff' AND version = 2"
    ).fetchone() == (canonical(expected).decode(),)
    # The matter cools down: the next vote on it is called later.
    again = await bounded(city, today, today + 100)
    with pytest.raises(MatterCooling):
        async with city.assembly.database.work() as work:
            await votes.give_notice(work, again.motion_id)


async def test_a_number_that_stays_writes_nothing(city: PolledAssembly) -> None:
    today = flag_fall()
    motion = await city.opened(await city.called(await bounded(city, today - 50, today + 50)))
    [poll] = await city.polls(motion)
    await city.vote(poll, {0: Value(today), 1: Value(None), 2: Value(None)})
    motion, certificate = await city.certified(motion)
    assert (certificate.outcome, motion.state) == ("unchanged", MotionState.LOST)


async def test_no_other_vote_on_a_rule_runs_beside_one_on_its_number(city: PolledAssembly) -> None:
    today = flag_fall()
    other = await city.assembly.stated(tariff_motion())
    await city.called(await bounded(city, today - 50, today + 50))
    with pytest.raises(VoteUnderWay):
        async with city.assembly.database.work() as work:
            await votes.give_notice(work, other.motion_id)


async def test_a_number_needs_its_bounds_and_its_field(city: PolledAssembly) -> None:
    motion = await city.assembly.propose(number_motion())
    with pytest.raises(QuestionUnfit, match="bounds"):
        async with city.assembly.database.work() as work:
            await votes.give_notice(work, motion.motion_id)
    proposal = number_motion()
    with pytest.raises(QuestionUnfit, match="a text, for or against"):
        await city.assembly.propose(
            Proposal(title="x", text="y", matter="ordinary", rule_kind=RuleKind.TARIFF, asks=proposal.asks)
        )  # fmt: skip


async def test_the_text_that_wins_among_several_is_enacted_to_the_byte(
    city: PolledAssembly,
) -> None:
    texts = tuple(
        OfferedText(title=title, text=json.dumps(body))
        for title, body in (
            ("A little", dearer_tariff()), ("More", dearer_tariff(dearer_tariff())),
        )
    )  # fmt: skip
    motion = await city.moved(
        Proposal(title="Which tariff?", text="Choose.", matter="surplus",
                 rule_kind=RuleKind.TARIFF, asks=TextsAsked(texts=texts))
    )  # fmt: skip
    [poll] = await city.polls(motion)
    assert [one.name for one in poll.question.options] == ["A little", "More", "Keep as is"]
    await city.vote(poll, {0: Ranks(((2,), (1,), (3,))), 1: Ranks(((2,),)), 2: Ranks(((3,),))})
    motion, certificate = await city.certified(motion)
    assert (certificate.winner, certificate.outcome) == (2, "passed")
    verify(city.bundle(poll))
    async with city.assembly.database.work() as work:
        rules = await list_rules(work, RuleKind.TARIFF)
    assert rules[-1].body == dearer_tariff(dearer_tariff())


async def test_texts_none_of_which_is_better_leave_all_as_it_is(city: PolledAssembly) -> None:
    texts = (
        OfferedText(title="A", text="We spend it."),
        OfferedText(title="B", text="We save it."),
    )
    motion = await city.moved(
        Proposal(title="Surplus", text="?", matter="quorate", asks=TextsAsked(texts=texts))
    )
    [poll] = await city.polls(motion)
    # All ballots are blank: they count for the quorum, and nothing wins.
    await city.vote(poll, {n: Ranks(()) for n in range(3)})
    motion, certificate = await city.certified(motion)
    assert (certificate.outcome, certificate.valid, certificate.quorum) == ("unchanged", 3, 3)
    assert motion.state is MotionState.LOST


async def elected(city: PolledAssembly, names: dict[int, str], *, seats: int) -> Motion:
    motion = await city.assembly.propose(
        Proposal(
            title="The board", text="Three years.", matter="board", asks=ElectionAsked(seats=seats)
        )
    )
    with pytest.raises(TooEarly, match="Nominations"):
        async with city.assembly.database.work() as work:
            await votes.give_notice(work, motion.motion_id)
    for number, name in names.items():
        async with city.assembly.database.work() as work:
            member_id = city.assembly.members[number]
            await elections.nominate(work, motion.motion_id, member_id, by=city.assembly.members[0])
            await elections.accept_nomination(work, motion.motion_id, by=member_id, name=name)
    assert motion.seconded_at is not None
    city.assembly.owner.execute(
        "UPDATE storage.service_time SET service_origin = service_origin + interval '15 days'"
    )
    return motion


async def test_an_election_with_equal_totals_at_every_stage_is_settled_by_the_lot(
    city: PolledAssembly,
) -> None:
    motion = await elected(city, {1: "Ben", 0: "Ada", 2: "Cleo"}, seats=1)
    motion = await city.opened(await city.called(motion))
    [poll] = await city.polls(motion)
    assert [one.name for one in poll.question.options] == ["Ada", "Ben", "Cleo"]
    await city.vote(poll, {0: Ranks(((1,),)), 1: Ranks(((2,),)), 2: Ranks(((3,),))})
    motion, certificate = await city.certified(motion)
    assert certificate.result is not None
    assert motion.state is MotionState.CERTIFIED
    verified = verify(city.bundle(poll))
    assert verified.certificate["result"] == certificate.result
    assert certificate.result["vacant"] == 0


async def test_one_candidate_fewer_than_seats_and_no_ballot_that_ranks_anybody(
    city: PolledAssembly,
) -> None:
    motion = await elected(city, {1: "Ben"}, seats=2)
    motion = await city.opened(await city.called(motion))
    [poll] = await city.polls(motion)
    await city.vote(poll, {0: Ranks(())})
    _, certificate = await city.certified(motion)
    assert certificate.result is not None
    assert (certificate.result["elected_numbers"], certificate.result["vacant"]) == ([1], 1)
    assert certificate.outcome == "passed"


async def test_an_election_without_a_candidate_is_not_called(city: PolledAssembly) -> None:
    motion = await elected(city, {}, seats=2)
    with pytest.raises(NobodyStands):
        async with city.assembly.database.work() as work:
            await votes.give_notice(work, motion.motion_id)


async def test_a_token_that_was_taken_and_never_used_is_told(city: PolledAssembly) -> None:
    motion = await city.moved(tariff_motion())
    [poll] = await city.polls(motion)
    await city.take(poll, 3)
    await city.vote(poll, {0: Mark("for")})
    await city.certified(motion)
    told = verify(city.bundle(poll)).certificate
    assert (told["issued"], told["keys"], told["unused"]) == ([2, 2], 1, 1)


async def test_a_sealed_vote_opens_with_every_part_and_is_counted_with_every_share(
    city: PolledAssembly,
) -> None:
    motion = await city.assembly.stated(tariff_motion())
    async with city.assembly.database.work() as work:
        motion = await votes.give_notice(work, motion.motion_id)
    assert motion.timetable is not None
    city.assembly.at(motion.timetable.freezes_at)
    async with city.assembly.database.work() as work:
        await votes.freeze(work, motion.motion_id)
    city.assembly.at(motion.timetable.opens_at)
    with pytest.raises(PollNotPrepared, match="board"):
        async with city.assembly.database.work() as work:
            await votes.open_vote(work, motion.motion_id, terms=TERMS)
    await city.scene.turn()
    with pytest.raises(PollNotPrepared, match="the trustees, the address"):
        async with city.assembly.database.work() as work:
            await votes.open_vote(work, motion.motion_id)
    [poll] = await city.polls(motion)
    await city.name_trustees(poll)
    with pytest.raises(OfficialRefused, match="has its trustees"):
        await city.name_trustees(poll)
    async with city.assembly.database.work() as work:
        motion = await votes.open_vote(work, motion.motion_id, terms=TERMS)
    await city.scene.turn()
    await city.vote(poll, {0: Mark("for")})
    await city.closed(motion, released=1)
    with pytest.raises(PollNotReady, match="1 more"):
        async with city.assembly.database.work() as work:
            await votes.certify(work, motion.motion_id, certified_by="R. Officer")
    # A share that was never dealt stops nobody, once enough true ones are there.
    assert motion.timetable is not None
    late = int(motion.timetable.closes_at.timestamp()) * 1000 + 9000
    await city.release(poll, 2, at_ms=late, spoilt=True)
    with pytest.raises(PollNotReady, match="true share"):
        async with city.assembly.database.work() as work:
            await votes.certify(work, motion.motion_id, certified_by="R. Officer")
    await city.release(poll, 3, at_ms=late)
    async with city.assembly.database.work() as work:
        _, certificate = await votes.certify(work, motion.motion_id, certified_by="R. Officer")
    assert certificate.cast == 1
    verify(city.bundle(poll))


async def test_every_matter_of_manhattans_bylaws_can_be_called(
    database: Database, owner: psycopg.Connection, database_address: str
) -> None:
    rules = json.loads((ROOT / "cities/manhattan/charter/bylaws.json").read_text(encoding="utf-8"))
    city = await assemble(
        database, owner, address=database_address, bylaws=rules,
        classes=("driver", "driver", "rider", "city"),
    )  # fmt: skip
    texts = TextsAsked(texts=(OfferedText(title="Save", text="We save it."),))
    number = replace(number_motion(), asks=NumberAsked(unit="cents", fields=(FLAG,)))
    called = {}
    for proposal in (
        Proposal(title="A room", text="x", matter="ordinary"), number,
        Proposal(title="Surplus", text="x", matter="surplus", asks=texts),
        Proposal(title="Board", text="x", matter="board", asks=ElectionAsked(seats=2)),
        Proposal(title="Pay", text="x", matter="special"),
        Proposal(title="Lock", text="x", matter="entrenched"),
        Proposal(title="Map", text="x", matter="joint"),
    ):  # fmt: skip
        motion = await city.propose(proposal)
        async with database.work() as work:
            if proposal.matter == "fare":
                bounds = Bounds(lowest=flag_fall() - 50, highest=flag_fall() + 50)
                await elections.publish_bounds(work, motion.motion_id, bounds)
            if proposal.matter == "board":
                first = city.members[0]
                await elections.nominate(work, motion.motion_id, first, by=first)
                await elections.accept_nomination(work, motion.motion_id, by=first, name="Ada")
        if proposal.matter == "board":
            async with database.work() as work:
                city.at(work.now + timedelta(days=15))
        await state_impact(database, motion.motion_id)
        async with database.work() as work:
            await votes.give_notice(work, motion.motion_id)
        async with database.reading() as reading:
            polls = await list_polls(reading, motion.motion_id)
        called[proposal.matter] = [(str(one.tier), str(one.question.rule)) for one in polls]
    assert called == {
        "ordinary": [("detached", "for_against")], "fare": [("sealed", "lower_median")],
        "surplus": [("sealed", "schulze")], "board": [("sealed", "scottish_stv")],
        "special": [("sealed", "for_against")], "entrenched": [("sealed", "for_against")],
        "joint": [("detached", "for_against")] * 3,
    }  # fmt: skip
    assert set(called) == set(rules["matters"])
