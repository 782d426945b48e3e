"""Votes counted in the browser come out as on the command line, to the last decimal."""

from pathlib import Path
from typing import Any

import pytest

from foundation.chance import SeededChance
from governance.ballots.choice import BallotOption, Question, RuleName
from governance.counting.pabulib import read_pb
from tests.ballot_scene import opened
from tests.second_verifier import evaluate
from verifier import choices, equal_shares, schulze, stv
from verifier.counts import for_against, lower_median
from verifier.terms import read_terms

SEED = bytes(range(32))
COUNT = """
import { count } from './counting.mjs';
import { drawLot } from './cryptography.mjs';
const seed = Uint8Array.from({ length: 32 }, (_, byte) => byte);
export default (cases) => Promise.all(cases.map(([terms, votes]) =>
  count(terms, votes, (occasion, tied) => drawLot(seed, occasion, tied))));
"""
TIMED_COUNT = (
    COUNT.replace("export default", "const all =")
    + """
export default async (cases) => {
  const start = process.cpuUsage();
  const found = await all(cases);
  const { user, system } = process.cpuUsage(start);
  return [found, user + system];
};
"""
)
BROKEN = """
import { whyBroken } from './choices.mjs';
export default (cases) => cases.map(([terms, choice]) => whyBroken(choice, terms));
"""


def _terms(rule: str, options: int, **parameters: object) -> dict[str, Any]:
    numbered = [{"number": n, "name": str(n)} for n in range(1, options + 1)]
    return {"rule": rule, "options": numbered, "parameters": parameters}


def _order(chance: SeededChance, options: int) -> list[int]:
    """Some of the options, best first."""
    numbers = list(range(1, options + 1))
    chance.shuffle(numbers)
    return numbers[: chance.below(options + 1)]


def _weak_order(chance: SeededChance, options: int) -> list[list[int]]:
    """Some of the options in groups, best first."""
    left = _order(chance, options)
    groups = []
    while left:
        size = chance.choice((1, 1, 2, 3))
        groups.append(sorted(left[:size]))
        left = left[size:]
    return groups


@pytest.mark.parametrize("voters", [0, 3, 8, 40])
def test_elections_come_out_alike(voters: int) -> None:
    chance = SeededChance(voters)
    cases, told = [], []
    for _ in range(120):
        options, seats = 1 + chance.below(8), 1 + chance.below(4)
        ranked = [_order(chance, options) for _ in range(voters)]
        votes = [{"ranks": [[number] for number in one]} for one in ranked]
        cases.append((_terms("scottish_stv", options, seats=seats, ranks_max=options), votes))
        told.append(stv.count([(one, 1) for one in ranked if one], options, seats, SEED))
    assert evaluate(COUNT, cases) == told


@pytest.mark.parametrize("voters", [0, 2, 5, 30])
def test_choices_of_one_come_out_alike(voters: int) -> None:
    chance = SeededChance(voters)
    cases, told = [], []
    for _ in range(120):
        options = 1 + chance.below(6)
        parameters = {
            "status_quo": chance.choice((None, 1 + chance.below(options))),
            "required": chance.choice((">1/2", ">=1/2", ">=2/3", ">3/4", ">0", ">=0", ">=1")),
        }
        ranked = [_weak_order(chance, options) for _ in range(voters)]
        votes = [{"ranks": one} for one in ranked]
        cases.append((_terms("schulze", options, **parameters), votes))
        told.append(schulze.count([(one, 1) for one in ranked], options, parameters, SEED))
    assert evaluate(COUNT, cases) == told


def test_the_first_example_of_schulzes_paper_is_won_by_e() -> None:
    """Schulze 2011, section 3.1: 45 voters, pairwise matrix and winner as printed."""
    told = "5:ACBED 5:ADECB 8:BEDAC 3:CABED 7:CAEBD 2:CBADE 7:DCEBA 8:EBADC"
    votes = [
        {"ranks": [[ord(letter) - 64] for letter in order]}
        for number, order in (line.split(":") for line in told.split())
        for _ in range(int(number))
    ]
    [found] = evaluate(COUNT, [(_terms("schulze", 5, status_quo=None, required=">1/2"), votes)])
    assert found["preferred"] == [
        [0, 20, 26, 30, 22],
        [25, 0, 16, 33, 18],
        [19, 29, 0, 17, 24],
        [15, 12, 28, 0, 14],
        [23, 27, 21, 31, 0],
    ]
    assert (found["winners"], found["winner"]) == ([5], 5)


@pytest.mark.parametrize("voters", [0, 2, 5, 30])
def test_budgets_come_out_alike(voters: int) -> None:
    chance = SeededChance(voters)
    cases, told = [], []
    for _ in range(150):
        options, dearest = 1 + chance.below(7), chance.choice((4, 25))
        parameters = {
            "budget": 1 + chance.below(40) * chance.choice((1, 7)),
            "costs": [1 + chance.below(dearest) for _ in range(options)],
            "unit": 1 + chance.below(3),
        }
        approved = [sorted(_order(chance, options)) for _ in range(voters)]
        votes = [{"approved": one} for one in approved]
        cases.append((_terms("equal_shares", options, **parameters), votes))
        told.append(equal_shares.count([(one, 1) for one in approved], parameters, SEED))
    assert evaluate(COUNT, cases) == told
    if voters:
        steps = {one["step"] for count in told for one in count["rounds"]}
        assert steps == {"equal_shares", "most_votes", "too_dear"}
        assert {count["units_added"] > 0 for count in told} == {True, False}


def test_a_budget_that_is_divided_by_hand() -> None:
    """Six approve what costs 60, three what costs 30: each of nine has 10 of the 90."""
    votes = [{"approved": [1]}] * 6 + [{"approved": [2]}] * 3 + [{"approved": []}]
    parameters = {"budget": 90, "costs": [60, 30], "unit": 1}
    [found] = evaluate(COUNT, [(_terms("equal_shares", 2, **parameters), votes)])
    bought = {"step": "equal_shares", "pays_at_most": "10"}
    assert found == {
        "rule": "equal_shares", "share": "10", "units_added": 0, "selected_numbers": [1, 2],
        "rounds": [bought | {"option": 1, "money_left": 30}, bought | {"option": 2, "money_left": 0}],
        "money_left": 0,
    }  # fmt: skip


@pytest.mark.shared
def test_a_citys_budget_comes_out_alike_and_soon(shared_data: Path) -> None:
    """64 projects, 6,586 ballots, 1,190 different: in under 20 seconds of processor time."""
    file = shared_data / "elections/pabulib/poland_wieliczka_2023.pb"
    vote = read_pb(file.read_text(encoding="utf-8"), file.name)
    number = {project.id: at for at, project in enumerate(vote.projects, start=1)}
    ballots = [(sorted(number[one] for one in p.projects), p.count) for p in vote.papers]
    parameters = {
        "budget": int(vote.budget), "costs": [int(one.cost) for one in vote.projects], "unit": 1,
    }  # fmt: skip
    votes = [{"approved": approved} for approved, times in ballots for _ in range(times)]
    case = _terms("equal_shares", len(number), **parameters), votes
    found, microseconds = evaluate(TIMED_COUNT, [case])
    assert found == [equal_shares.count(ballots, parameters, SEED)]
    assert microseconds < 20_000_000


def test_numbers_and_motions_come_out_alike() -> None:
    chance = SeededChance(1)
    cases: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    told = []
    for _ in range(200):
        size = chance.below(13)
        values = [{"value": chance.choice((None, *range(100, 130, 5)))} for _ in range(size)]
        share = chance.choice(("0", "1/10", "1/4", "2/3", "1", "3/2"))
        number = {"lowest": 100, "highest": 200, "step": 5, "today": 122, "phantom_share": share}
        cases.append((_terms("lower_median", 0, **number), values))
        told.append(lower_median([(one, 1) for one in values], number))
        marks = [{"mark": chance.choice(("for", "against", "abstain"))} for _ in range(size)]
        motion = {
            "required": chance.choice((">1/2", ">=1/2", ">=3/4", ">2/3", ">=1", ">0")),
            "quorum": chance.below(9),
        }
        cases.append((_terms("for_against", 0, **motion), marks))
        told.append(for_against([(one, 1) for one in marks], motion))
    assert evaluate(COUNT, cases) == told


SAID: list[object] = [
    {}, {"mark": "for"}, {"mark": "perhaps"}, {"mark": 5}, {"mark": None}, {"mark": "for", "value": 1},
    {"value": None}, {"value": 120}, {"value": 95}, {"value": 205}, {"value": 101}, {"value": "120"},
    {"value": True}, {"value": []}, {"other": 1}, {"ranks": []}, {"ranks": "x"}, {"ranks": None},
    {"ranks": [3]}, {"ranks": [[]]}, {"ranks": [["a"]]}, {"ranks": [[1], [2]]}, {"ranks": [[2, 1]]},
    {"ranks": [[1, 2], [3]]}, {"ranks": [[1], [1]]}, {"ranks": [[1, 1]]}, {"ranks": [[0]]},
    {"ranks": [[-1]]}, {"ranks": [[9]]}, {"ranks": [[9, 1], [1]]}, {"ranks": [[True]]},
    {"ranks": [[1], [2], [3], [4]]}, {"ranks": [[1, 2], [3], [4]]}, {"ranks": [[2, 1], [9]]},
    {"approved": []}, {"approved": [1]}, {"approved": "x"}, {"approved": [2, 1]}, {"ranks": [[1], 2]},
    {"approved": [1, 4]}, {"approved": [1, 1]}, {"approved": [5]}, {"approved": [0, "1"]},
    {"approved": [[1]]}, {"approved": None}, {"approved": [3, 9, 9]}, {"approved": [3, 1, 3]},
]  # fmt: skip
RULES = [
    _terms("for_against", 0, required=">1/2", quorum=0),
    _terms("lower_median", 0, lowest=100, highest=200, step=5, today=120, phantom_share="0"),
    _terms("scottish_stv", 4, seats=2, ranks_max=3),
    _terms("schulze", 4, status_quo=None, required=">1/2"),
    _terms("equal_shares", 4, budget=100, costs=[10, 20, 30, 40], unit=1),
]


def _why(rule: dict[str, Any], said: object) -> str | None:
    """The reason that the command line's verifier gives."""
    options = tuple(BallotOption(**option) for option in rule["options"])
    asked = Question(
        text="", rule=RuleName(rule["rule"]), parameters=rule["parameters"], options=options
    )
    try:
        choices.check(said, read_terms(opened(asked).manifest.document()))
    except choices.Broken as broken:
        return str(broken)
    return None


def test_broken_ballots_are_broken_for_the_same_reason() -> None:
    cases = [(rule, said) for rule in RULES for said in SAID]
    told = [_why(rule, said) for rule, said in cases]
    assert len(set(told)) == 9  # every reason but the seal's, and none
    assert evaluate(BROKEN, cases) == told
