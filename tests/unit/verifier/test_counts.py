"""The verifier's own counters: against official counts, by hand, and as laws."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.ballots.choice import Mark, Question, RuleName, Value
from governance.counting.budget import BudgetPaper, BudgetVote, Marks, Project
from governance.counting.equal_shares import count_equal_shares
from governance.counting.lots import SeededLots
from governance.counting.pabulib import read_pb
from tests.ballot_scene import count_plainly
from verifier import equal_shares, schulze, stv
from verifier.counts import for_against, lower_median

SEED = bytes(32)


def _ward(path: Path) -> tuple[dict, list[tuple[list[int], int]], int]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    candidates, _ = map(int, lines[0].split())
    rankings = []
    for line in lines[1:]:
        times, *marks = map(int, line.split())
        if not marks:
            break
        rankings.append((marks[:-1], times))
    return json.loads(path.with_suffix(".json").read_text()), rankings, candidates


def _wards(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.blt"))
    assert len(found) == 192
    return found


def check_ward(path: Path) -> None:
    told, rankings, candidates = _ward(path)
    record = stv.count(rankings, candidates, told["seats"], SEED)
    published = told["published"]
    assert sorted(record["elected_numbers"]) == sorted(e["n"] for e in published["elected"])
    if published["precision"] == "exact-5dp":
        assert record["quota"] == told["quota"]
        for ours, theirs in zip(record["stage_totals"], published["stage_totals"], strict=True):
            assert [float(one) for one in ours] == [float(one or 0) for one in theirs]


@pytest.mark.shared
def test_all_192_wards_come_out_as_the_councils_declared_to_five_decimals(
    shared_data: Path,
) -> None:
    for path in _wards(shared_data / "elections/scottish-stv-2017"):
        check_ward(path)


def test_a_tie_that_no_stage_settles_is_settled_by_the_published_lot() -> None:
    # Three candidates, one seat: 2 and 3 have one paper each and no history.
    rankings = [([1], 2), ([2, 3], 1), ([3, 2], 1), ([1, 2], 0)]

    def ticket(number: int) -> bytes:
        return sha256(b"khan-cars lot 1\0" + SEED + f"exclusion 2\0{number}".encode()).digest()

    out = min((2, 3), key=ticket)
    record = stv.count(rankings, 3, 1, SEED)
    assert record["stage_totals"][1][out - 1] == "0.00000"
    assert record["stage_totals"][1][(5 - out) - 1] == "2.00000"


def test_a_seat_for_everybody_and_a_seat_for_nobody() -> None:
    assert stv.count([([1], 1)], 2, 3, SEED)["vacant"] == 1
    assert stv.count([], 3, 2, SEED)["elected_numbers"] == []


@pytest.mark.parametrize(
    ("yes", "no", "required", "outcome"),
    [
        (6, 1, ">=3/4", "passed"),
        (5, 2, ">=3/4", "not_enough"),  # 75 % of 7 is 6
        (3, 1, ">=3/4", "passed"),
        (3, 1, ">3/4", "not_enough"),
        (1, 1, ">1/2", "tie"),
        (1, 1, ">=1/2", "tie"),
        (0, 0, ">=1/2", "tie"),
    ],
)
def test_shares_are_fractions(yes: int, no: int, required: str, outcome: str) -> None:
    votes = [({"mark": "for"}, yes), ({"mark": "against"}, no), ({"mark": "abstain"}, 9)]
    found = for_against(votes, {"required": required, "quorum": 0})
    assert found == {
        "rule": "for_against", "for": yes, "against": no, "abstain": 9, "outcome": outcome,
    }  # fmt: skip
    late = for_against(votes, {"required": required, "quorum": yes + no + 10})
    assert late["outcome"] == "no_quorum"


def _schulze(ballots: str, options: int, **parameters: object) -> dict:
    """Ballots as "5:ACBED", each letter an option."""
    told = [line.split(":") for line in ballots.split()]
    ranked = [([[ord(c) - 64] for c in order], int(n)) for n, order in told]
    return schulze.count(
        ranked, options, {"status_quo": None, "required": ">1/2"} | parameters, SEED
    )


def test_the_first_example_of_schulzes_paper_is_won_by_e() -> None:
    """Schulze 2011, section 3.1: 45 voters, pairwise matrix and winner as printed."""
    found = _schulze("5:ACBED 5:ADECB 8:BEDAC 3:CABED 7:CAEBD 2:CBADE 7:DCEBA 8:EBADC", 5)
    assert found["preferred"] == [
        [0, 20, 26, 30, 22],
        [25, 0, 16, 33, 18],
        [19, 29, 0, 17, 24],
        [15, 12, 28, 0, 14],
        [23, 27, 21, 31, 0],
    ]
    assert (found["winners"], found["winner"]) == ([5], 5)


def test_a_text_must_beat_the_status_quo_by_the_share_required() -> None:
    ballots = "6:AB 4:B"
    assert _schulze(ballots, 2, status_quo=2)["winner"] == 1
    held = _schulze(ballots, 2, status_quo=2, required=">=2/3")
    assert (held["dropped"], held["winner"]) == ([1], 2)
    assert _schulze("1:AB 1:BA", 2, status_quo=2)["dropped"] == [1]
    assert _schulze("0:A", 2, status_quo=2)["winner"] == 2


def test_several_winners_are_told_apart_by_the_published_lot() -> None:
    def ticket(number: int) -> bytes:
        return sha256(b"khan-cars lot 1\0" + SEED + f"winner\0{number}".encode()).digest()

    found = _schulze("1:ABC 1:BAC", 3)
    assert found["winners"] == [1, 2]
    assert found["winner"] == min((1, 2), key=ticket)


def test_phantoms_at_todays_value_ask_for_a_larger_majority() -> None:
    votes = [({"value": 150}, 60), ({"value": 120}, 40)]
    plain = lower_median(votes, {"phantom_share": "0", "today": 120})
    held = lower_median(votes, {"phantom_share": "1/4", "today": 120})
    assert (plain["value"], held["value"], held["phantoms"]) == (150, 120, 25)
    empty = lower_median([({"value": None}, 3)], {"phantom_share": "1/4", "today": 120})
    assert (empty["value"], empty["abstained"]) == (None, 3)


@given(st.lists(st.one_of(st.none(), st.integers(20, 40).map(lambda n: 5 * n)), max_size=30))
def test_the_median_is_the_middle_of_a_sorted_list(values: list[int | None]) -> None:
    parameters = {"lowest": 100, "highest": 200, "step": 5, "today": 120, "phantom_share": "1/10"}
    question = Question(text="", rule=RuleName.LOWER_MEDIAN, parameters=parameters)
    tallied = [(Value(one), values.count(one)) for one in sorted(set(values), key=str)]
    documents = [({"value": one.value}, times) for one, times in tallied]
    assert lower_median(documents, parameters) == count_plainly(question, tallied, lot_seed=SEED)


@given(st.lists(st.sampled_from(["for", "against", "abstain"]), max_size=30))
def test_for_and_against_are_added_up(marks: list[str]) -> None:
    parameters = {"required": ">1/2", "quorum": 0}
    question = Question(text="", rule=RuleName.FOR_AGAINST, parameters=parameters)
    tallied = [(Mark(one), marks.count(one)) for one in sorted(set(marks))]
    documents = [({"mark": one.mark}, times) for one, times in tallied]
    assert for_against(documents, parameters) == count_plainly(question, tallied, lot_seed=SEED)


# ----------------------------------------------------------------------------------- equal shares


def _service_s(ballots: list[tuple[list[int], int]], parameters: dict, seed: bytes) -> dict:
    """The service's count, told in the published form."""
    options = range(1, len(parameters["costs"]) + 1)
    vote = BudgetVote(
        title="A fund", budget=parameters["budget"], marks=Marks.TICKS,
        projects=tuple(
            Project(id=str(n), name=f"Project {n}", cost=parameters["costs"][n - 1])
            for n in options
        ),
        papers=tuple(
            BudgetPaper(projects=tuple(map(str, approved)), count=times)
            for approved, times in ballots
        ),
    )  # fmt: skip
    found = count_equal_shares(vote, SeededLots(seed), unit=parameters["unit"])
    return {
        "rule": "equal_shares",
        "share": None if found.share is None else str(found.share),
        "units_added": found.units_added,
        "rounds": [
            {
                "option": int(one.project), "step": str(one.step), "money_left": one.money_left,
                "pays_at_most": None if one.pays_at_most is None else str(one.pays_at_most),
            }
            for one in found.rounds
        ],
        "selected_numbers": [int(one) for one in found.selected],
        "money_left": found.money_left,
    }  # fmt: skip


@given(st.data())
def test_equal_shares_is_counted_as_the_service_counts(data: st.DataObject) -> None:
    costs = data.draw(st.lists(st.integers(1, 12), min_size=1, max_size=6))
    approvals = st.lists(st.sampled_from(range(1, len(costs) + 1)), unique=True).map(sorted)
    ballots = data.draw(st.lists(st.tuples(approvals, st.integers(1, 4)), max_size=7))
    parameters = {
        "budget": data.draw(st.integers(1, 30)), "costs": costs,
        "unit": data.draw(st.integers(1, 3)),
    }  # fmt: skip
    seed = data.draw(st.binary(min_size=32, max_size=32))
    found = equal_shares.count(ballots, parameters, seed)
    assert found == _service_s(ballots, parameters, seed)
    bought = sum(costs[number - 1] for number in found["selected_numbers"])
    assert bought + found["money_left"] == parameters["budget"]


def test_a_minority_that_agrees_gets_its_part_of_the_fund() -> None:
    """By hand: six voters for the dear one, three for the small one; a share is 10."""
    ballots = [([1], 6), ([2], 3)]
    found = equal_shares.count(ballots, {"budget": 90, "costs": [60, 30], "unit": 1}, SEED)
    assert found["share"] == "10"
    assert [(one["option"], one["pays_at_most"]) for one in found["rounds"]] == [
        (1, "10"), (2, "10"),
    ]  # fmt: skip
    assert (found["selected_numbers"], found["money_left"]) == ([1, 2], 0)


@pytest.mark.shared
def test_a_city_that_divides_by_equal_shares_is_counted_as_the_service_counts(
    shared_data: Path,
) -> None:
    file = shared_data / "elections/pabulib/poland_wieliczka_2023.pb"
    vote = read_pb(file.read_text(encoding="utf-8"), file.name)
    number = {project.id: at for at, project in enumerate(vote.projects, start=1)}
    ballots = [
        (sorted(number[one] for one in paper.projects), paper.count) for paper in vote.papers
    ]
    parameters = {
        "budget": int(vote.budget), "costs": [int(one.cost) for one in vote.projects], "unit": 1,
    }  # fmt: skip
    assert equal_shares.count(ballots, parameters, SEED) == _service_s(ballots, parameters, SEED)
