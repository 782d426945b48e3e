"""Open votes by every method: names stand beside choices, the rest is as in votes without names."""

from datetime import timedelta

import psycopg
import pytest

from foundation.identifiers import PersonId
from governance.asked import DivisionAsked, ElectionAsked, NumberAsked, OfferedText, TextsAsked
from governance.certificate import Certificate
from governance.commons.errors import CommonsRefused
from governance.commons.service import fund
from governance.errors import CandidacyRefused, ChoiceInvalid, QuestionUnfit
from governance.matter import MemberClass
from governance.motion import Motion, MotionState
from governance.number_terms import Bounds
from governance.service import elections, votes
from governance.service.motions import Proposal
from governance.service.votes import Said
from rulebook.rule import RuleKind
from rulebook.service import list_rules
from storage.engine import Database
from tests.assembly_rows import Assembly, a_fund, assemble, open_bylaws
from tests.commons import LOTS
from tests.impact_at_work import state_impact
from tests.integration.governance.test_votes_without_names import FLAG, flag_fall

METHODS = {
    "fare": {"extends": "ordinary", "method": "median", "step": 1, "phantoms": "1/10",
             "change_at_most": "0.15", "classes": ["driver", "rider"]},
    "surplus": {"extends": "ordinary", "method": "ranked"},
    "board": {"extends": "ordinary", "method": "scottish_stv", "ranks_max": 12},
    "fund": {"extends": "ordinary", "method": "equal_shares"},
}  # fmt: skip


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    rules = open_bylaws()
    rules["matters"] |= METHODS
    rules["decides"] = {"tariff": ["ordinary", "fare"], "bylaws": ["special"]}
    return await assemble(database, owner, address=database_address, bylaws=rules)


async def cast(assembly: Assembly, motion: Motion, *choices: Said) -> None:
    for member_id, choice in zip(assembly.members, choices, strict=False):
        async with assembly.database.work() as work:
            await votes.cast(work, motion.motion_id, by=member_id, choice=choice)


async def called_and_opened(assembly: Assembly, motion: Motion) -> Motion:
    await state_impact(assembly.database, motion.motion_id)
    async with assembly.database.work() as work:
        motion = await votes.give_notice(work, motion.motion_id)
    assert motion.timetable is not None
    assembly.at(motion.timetable.freezes_at)
    async with assembly.database.work() as work:
        await votes.freeze(work, motion.motion_id)
    assembly.at(motion.timetable.opens_at + timedelta(hours=1))
    async with assembly.database.work() as work:
        return await votes.open_vote(work, motion.motion_id)


async def certified(assembly: Assembly, motion: Motion) -> tuple[Motion, Certificate]:
    await assembly.closed(motion)
    async with assembly.database.work() as work:
        return await votes.certify(work, motion.motion_id, certified_by="R. Officer")


async def test_a_number_by_names_is_recounted_from_the_board_and_enacted(
    assembly: Assembly,
) -> None:
    today = flag_fall()
    proposal = Proposal(
        title="The flag fall", text="?", matter="fare", rule_kind=RuleKind.TARIFF,
        asks=NumberAsked(unit="cents", fields=(FLAG,)),
    )  # fmt: skip
    motion = await assembly.propose(proposal)
    async with assembly.database.work() as work:
        bounds = Bounds(lowest=today - 300, highest=today + 300)
        await elections.publish_bounds(work, motion.motion_id, bounds)
    with pytest.raises(QuestionUnfit, match="published"):
        async with assembly.database.work() as work:
            await elections.publish_bounds(work, motion.motion_id, bounds)
    motion = await called_and_opened(assembly, motion)
    with pytest.raises(ChoiceInvalid, match="outside bounds"):
        await cast(assembly, motion, {"value": today + 301})
    with pytest.raises(ChoiceInvalid, match="wrong kind"):
        await cast(assembly, motion, "for")
    await cast(
        assembly, motion, {"value": today + 200}, {"value": today + 100}, {"value": today + 300}
    )
    await cast(assembly, motion, {"value": today + 150})
    motion, certificate = await certified(assembly, motion)
    # 100, 150, 300 and a phantom at today's value: the lower of the two in the middle.
    assert certificate.value == today + 100
    async with assembly.database.work() as work:
        [*_, rule] = await list_rules(work, RuleKind.TARIFF)
    assert (rule.version, rule.body["rules"][0]["flag"]["amount_minor"]) == (2, today + 100)


async def test_a_lower_number_takes_the_same_way(assembly: Assembly) -> None:
    today = flag_fall()
    proposal = Proposal(
        title="Per cent", text="?", matter="fare", rule_kind=RuleKind.TARIFF,
        asks=NumberAsked(unit="quarters", fields=(FLAG,), times=4),
    )  # fmt: skip
    motion = await assembly.propose(proposal)
    async with assembly.database.work() as work:
        await elections.publish_bounds(work, motion.motion_id, Bounds(lowest=0, highest=today))
    motion = await called_and_opened(assembly, motion)
    wanted = today // 4 - 10
    await cast(assembly, motion, {"value": wanted}, {"value": wanted}, {"value": wanted})
    await certified(assembly, motion)
    async with assembly.database.work() as work:
        [*_, rule] = await list_rules(work, RuleKind.TARIFF)
    assert rule.body["rules"][0]["flag"]["amount_minor"] == 4 * wanted


async def test_one_of_several_texts_by_names(assembly: Assembly) -> None:
    texts = TextsAsked(texts=(OfferedText(title="Save", text="We save."), OfferedText(title="Spend", text="We spend.")))  # fmt: skip
    motion = await assembly.propose(
        Proposal(title="Surplus", text="?", matter="surplus", asks=texts)
    )
    motion = await called_and_opened(assembly, motion)
    await cast(assembly, motion, {"ranks": [[2], [3]]}, {"ranks": [[2], [1]]}, {"ranks": [[1, 2]]})
    motion, certificate = await certified(assembly, motion)
    assert (certificate.winner, motion.state) == (2, MotionState.CERTIFIED)
    assert (certificate.cast, certificate.quorum) == (3, 2)


async def test_an_election_by_names_and_who_may_stand(assembly: Assembly) -> None:
    asked = ElectionAsked(seats=1, stands=MemberClass.DRIVER)
    motion = await assembly.propose(Proposal(title="Board", text="?", matter="board", asks=asked))
    first, second, third, rider = assembly.members
    for by, name, refusal in (
        (rider, "Rita", "only a member as driver"), (first, "Ann", None), (second, "Bob", None),
        (third, "Ann", "another candidate"), (first, "Ann", "nominated already"),
    ):  # fmt: skip

        async def stand(by: object = by, name: str = name) -> None:
            async with assembly.database.work() as work:
                await elections.nominate(work, motion.motion_id, by, by=first)  # type: ignore[arg-type]
            async with assembly.database.work() as work:
                await elections.accept_nomination(work, motion.motion_id, by=by, name=name)  # type: ignore[arg-type]

        if refusal is None:
            await stand()
            continue
        with pytest.raises(CandidacyRefused, match=refusal):
            await stand()
    motion = await called_and_opened(assembly, motion)
    await cast(assembly, motion, {"ranks": [[2]]}, {"ranks": [[2]]}, {"ranks": [[1], [2]]})
    motion, certificate = await certified(assembly, motion)
    assert certificate.result is not None
    assert certificate.result["elected_numbers"] == [2]
    assert motion.state is MotionState.CERTIFIED


async def test_a_fund_is_divided_by_the_vote_and_its_projects_become_pacts(
    assembly: Assembly,
) -> None:
    budget_id = await a_fund(assembly, {"bench": 60_00, "lamp": 30_00, "pond": 90_00})
    people = [PersonId(row[0]) for row in assembly.owner.execute("SELECT person_id FROM governance.member")]  # fmt: skip
    asked = DivisionAsked(budget_id=budget_id)
    motion = await assembly.propose(Proposal(title="The fund", text="?", matter="fund", asks=asked))
    other = await assembly.propose(Proposal(title="Again", text="?", matter="fund", asks=asked))
    motion = await called_and_opened(assembly, motion)
    with pytest.raises(CommonsRefused, match="divided by its vote"):
        async with assembly.database.work() as work:
            await fund.divide_budget(
                work, budget_id=budget_id, papers=[], members=frozenset(people), lots=LOTS
            )
    with pytest.raises(QuestionUnfit, match="another vote"):
        async with assembly.database.work() as work:
            await votes.give_notice(work, other.motion_id)
    await cast(assembly, motion, {"approved": [1, 2]}, {"approved": [1]}, {"approved": [3]}, {"approved": []})  # fmt: skip
    motion, certificate = await certified(assembly, motion)
    assert certificate.result is not None
    assert certificate.result["selected_numbers"] == [1, 2]
    assert certificate.result["money_left"] == 10_00
    funded = assembly.owner.execute("SELECT project_id FROM commons.funded ORDER BY 1").fetchall()
    assert funded == [("bench",), ("lamp",)]
    assert assembly.owner.execute("SELECT count(*) FROM commons.pact").fetchone() == (2,)
    with pytest.raises(QuestionUnfit, match="divided already"):
        async with assembly.database.work() as work:
            await votes.give_notice(work, other.motion_id)


@pytest.mark.parametrize(
    ("marks", "state"),
    [(("for",) * 4, MotionState.CERTIFIED), (("for",) * 3, MotionState.LOST)],
)
async def test_what_needs_all_members_needs_those_who_stay_away(
    database: Database,
    owner: psycopg.Connection,
    database_address: str,
    marks: tuple[str, ...],
    state: MotionState,
) -> None:
    rules = open_bylaws()
    rules["matters"]["whole"] = {"extends": "ordinary", "pass": {"for_over_all": "1"}}
    city = await assemble(database, owner, address=database_address, bylaws=rules)
    motion = await city.opened(Proposal(title="The lock", text="It stays.", matter="whole"))
    await city.cast(motion.motion_id, *marks)
    motion, certificate = await certified(city, motion)
    assert motion.state is state
    assert certificate.count is not None
    assert certificate.count.whole == 4
