"""`khan count` shows every stage, writes the record, and says what could not be followed."""

import json
from pathlib import Path
from typing import Any

import pytest

from khan.command_line import main

BALLOTS = """4 2
5 1 2 0
3 2 0
2 3 0
2 4 0
1 0
1 1 1 0
0
"Åsa [Ind]"
"Bo"
"Cy"
"Di"
"The board"
"""
SEED = "ab" * 32


@pytest.fixture
def ballots(tmp_path: Path) -> Path:
    """A file of 14 ballots in which two tie for the last place."""
    file = tmp_path / "board.blt"
    file.write_text(BALLOTS, encoding="utf-8")
    return file


def counted(*words: str, out: Path | None = None) -> dict[str, Any]:
    """Run `khan count`, which must succeed, and give the record."""
    written = [] if out is None else ["--json", str(out)]
    with pytest.raises(SystemExit) as ended:
        main(["count", *words, *written])
    assert not ended.value.code
    record: dict[str, Any] = json.loads(out.read_text(encoding="utf-8")) if out else {}
    return record


def test_the_stages_and_the_elected_are_shown(
    ballots: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counted(str(ballots), "--rule", "scottish_stv", "--seed", SEED)
    shown = capsys.readouterr().out
    assert "The board: 2 seats, 4 candidates" in shown
    assert "14 cast, 12 valid, 1 empty, 1 broken" in shown
    assert "broken: 1 x '1 1': number 1 is ranked twice" in shown
    assert "Quota: 5 votes" in shown
    assert "settled by lot" in shown
    assert "1. Åsa [Ind] (1)\n  2. Bo (2)" in shown


def test_the_record_has_winners_and_totals_of_every_stage(ballots: Path, tmp_path: Path) -> None:
    out = tmp_path / "record.json"
    record = counted(str(ballots), "--rule", "scottish_stv", "--seed", SEED, out=out)
    assert record["elected_numbers"] == [1, 2]
    assert record["stage_totals"][0] == ["5.00000", "3.00000", "2.00000", "2.00000"]
    assert len(record["stage_totals"]) == len(record["stages"])
    assert record["lot_seed"] == {"hex": SEED, "is_public": True, "occasions": ["exclusion 2"]}
    assert record["stages"][1]["tie"]["lot"]["tickets"][0]["of"] == str(
        record["stages"][1]["excluded"]
    )


def test_a_lot_without_a_public_seed_is_called_a_trial(
    ballots: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    record = counted(str(ballots), "--rule", "scottish_stv", out=tmp_path / "record.json")
    assert "for a trial only" in capsys.readouterr().out
    assert record["lot_seed"]["is_public"] is False


def test_seats_and_who_withdrew_may_be_said_anew(ballots: Path, tmp_path: Path) -> None:
    record = counted(
        str(ballots), "--rule", "scottish_stv", "--seats", "1", "--withdrawn", "1", "--withdrawn", "4",
        out=tmp_path / "record.json",
    )  # fmt: skip
    assert (record["seats"], record["withdrawn"], record["elected_numbers"]) == (1, [1, 4], [2])
    assert record["stage_totals"][0] == ["0.00000", "8.00000", "2.00000", "0.00000"]


def test_ballots_with_too_many_ranks_are_broken(ballots: Path, tmp_path: Path) -> None:
    record = counted(
        str(ballots), "--rule", "scottish_stv", "--ranks-max", "1", out=tmp_path / "record.json"
    )
    assert record["ballots"]["broken"] == 6


FUND = """META
key;value
description;The [fund]
budget;100
vote_type;approval
PROJECTS
project_id;cost;name
P;40;Pond
Q;60;Quay [old]
R;20;Roof
VOTES
voter_id;vote
1;P,R
2;P,Q,R
3;Q
4;Q
5;Q,X
"""


def test_a_budget_by_equal_shares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "fund.pb").write_text(FUND, encoding="utf-8")
    record = counted(
        str(tmp_path / "fund.pb"), "--rule", "equal_shares", out=tmp_path / "record.json"
    )
    assert (record["selected"], record["costs"]) == (["Q", "R"], [60, 20])
    assert (record["total_cost"], record["money_left"]) == (80, 20)
    assert [one["pays_at_most"] for one in record["rounds"]] == ["20", "15", None]
    assert record["lot_seed"]["occasions"] == []
    shown = capsys.readouterr().out
    assert "broken: 1 x 'Q,X': project X is not on the ballot" in shown
    assert "Quay [old]" in shown
    assert "Selected, in this order: Q, R" in shown


def test_a_budget_by_most_votes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "fund.pb").write_text(FUND, encoding="utf-8")
    record = counted(
        str(tmp_path / "fund.pb"), "--rule", "most_votes_first", out=tmp_path / "record.json"
    )
    assert record["selected"] == ["Q", "R"]
    assert record["rounds"][1]["tied"] == ["P", "R"]
    assert "The [fund]: most votes first" in capsys.readouterr().out


def test_texts_by_schulze(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "texts.blt"
    file.write_text('3 1\n6 1 3 2 0\n4 3 1=2 0\n0\n"A"\n"B [2]"\n"As it is"\n', encoding="utf-8")
    words = (str(file), "--rule", "schulze", "--status-quo", "3")
    assert counted(*words, out=tmp_path / "record.json")["winner"] == 1
    strict = counted(*words, "--required", ">=2/3", out=tmp_path / "record.json")
    assert (strict["winner"], strict["required"]) == (3, ">=2/3")
    shown = capsys.readouterr().out
    assert "Out: B [2], 0 to 10 against keeping as it is" in shown
    assert "Winner: As it is (3)" in shown


def test_a_number_by_the_lower_median(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "fare.txt"
    file.write_text(
        "title Fare\nlowest 100\nhighest 200\nstep 5\ntoday 120\nphantoms 25\n"
        "votes\n60 * 150\n40 * 120\n155.5\nabstain\n",
        encoding="utf-8",
    )
    record = counted(str(file), "--rule", "lower_median", out=tmp_path / "record.json")
    assert (record["value"], record["ballots"]["broken"], record["abstentions"]) == (120, 1, 1)
    assert "Decided: 120 (number 63 of 125 from below)" in capsys.readouterr().out


def test_a_motion_by_its_share(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "motion.txt"
    file.write_text("required >=3/4\nvotes\n5 * for\n2 * against\n", encoding="utf-8")
    record = counted(str(file), "--rule", "for_against", out=tmp_path / "record.json")
    assert (record["passed"], record["outcome"], record["share"]) == (False, "not_enough", "5/7")
    assert "Lost: not enough for it (share 5/7)" in capsys.readouterr().out
