"""Scottish STV beside what councils published, and beside another program's traces."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from governance.counting.blt import read_blt
from governance.counting.stv import count_scottish_stv
from governance.counting.stv_record import StvCount
from tests.counting import ChosenLots, NoLots

pytestmark = pytest.mark.shared
WARDS = 192
EXACT_WARDS = 173


@pytest.fixture(scope="module")
def wards(shared_data: Path) -> list[tuple[dict[str, Any], StvCount]]:
    """Every ward: what was published, and our count; no ward needed a lot."""
    found = []
    for file in sorted((shared_data / "elections/scottish-stv-2017").glob("*.blt")):
        vote = read_blt(file.read_text(encoding="utf-8"), file.name)
        official = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        found.append((official, count_scottish_stv(vote, NoLots())))
    return found


def test_every_ward_elects_whom_the_council_declared_elected(
    wards: list[tuple[dict[str, Any], StvCount]],
) -> None:
    assert len(wards) == WARDS
    for official, count in wards:
        declared = {(one["stage"], one["n"]) for one in official["published"]["elected"]}
        ours = {(stage.number, one.number) for stage in count.stages for one in stage.elected}
        assert (official["id"], ours) == (official["id"], declared)
        assert count.quota == official["quota"]
        assert {number for _, number in declared} == set(count.elected_numbers)


def test_stage_totals_are_the_councils_to_the_fifth_decimal(
    wards: list[tuple[dict[str, Any], StvCount]],
) -> None:
    compared = 0
    for official, count in wards:
        if official["published"]["precision"] != "exact-5dp":
            continue
        ours = [[Decimal(str(total)) for total in stage] for stage in count.stage_totals]
        theirs = [
            [Decimal(one) for one in stage] for stage in official["published"]["stage_totals"]
        ]
        assert (official["id"], ours) == (official["id"], theirs)
        compared += 1
    assert compared == EXACT_WARDS


def test_where_a_council_gave_fewer_decimals_it_is_off_by_less_than_one_of_them(
    wards: list[tuple[dict[str, Any], StvCount]],
) -> None:
    for official, count in wards:
        if official["published"]["precision"] != "rounded-by-publisher":
            continue
        for ours, theirs in zip(
            count.stage_totals, official["published"]["stage_totals"], strict=True
        ):
            for mine, said in zip(ours, theirs, strict=True):
                last_digit = Decimal(1).scaleb(int(Decimal(said).as_tuple().exponent))
                assert abs(Decimal(str(mine)) - Decimal(said)) <= last_digit, official["id"]


def _traces(shared_data: Path) -> list[tuple[Path, Path]]:
    """Ballots and trace of every vote that was traced by the Scottish rule."""
    home = shared_data / "elections/stv-reference-droop"
    ballots = {file.stem: file for file in home.glob("blt/**/*.blt")}
    return [
        (ballots[file.name.split("-scotland-")[0]], file)
        for file in sorted(home.glob("ref/**/*-scotland-*.txt"))
    ]


def _rows(trace: Path) -> tuple[list[list[str]], list[int], set[int]]:
    """Of a trace: votes and non-transferable after each stage, the numbers, and who won.

    It takes an empty step for whoever has exactly the quota; rule 48(1) asks for more than it.
    """
    head, *rows = [line.split("\t") for line in trace.read_text(encoding="utf-8-sig").splitlines()]
    columns = {
        at: int(name.split(".")[0]) for at, name in enumerate(head) if name.endswith(".vote")
    }
    surplus_free, stages, before = set[str](), [], dict.fromkeys(columns, "H")
    for row in rows:
        if len(row) <= 3:
            continue
        states = {at: row[at - 1] for at in columns}
        if row[1] == "unpend":
            (taken,) = [at for at in columns if before[at] == "e" and states[at] == "E"]
            if row[taken] == row[2]:
                surplus_free.add(row[0])
        if row[1] in ("begin", "transfer") and row[0] not in surplus_free:
            stages.append([*(row[at] for at in columns), row[3]])
        before = states
    winners = {number for at, number in columns.items() if rows[-1][at - 1] == "E"}
    return stages, list(columns.values()), winners


def test_every_trace_of_another_program_is_met_stage_by_stage(shared_data: Path) -> None:
    traces = _traces(shared_data)
    assert len(traces) == 32
    for ballots, trace in traces:
        text = ballots.read_text(encoding="utf-8")
        vote = read_blt(text, ballots.name)
        # Its lots fall in ballot order, or as the file's [tie ...] says.
        order = re.search(r"\[tie ([\d ]+)\]", text)
        usual = " ".join(str(option.number) for option in vote.options)
        count = count_scottish_stv(vote, ChosenLots(*(order[1] if order else usual).split()))
        stages, numbers, winners = _rows(trace)
        ours = [
            [*(str(stage.totals[number - 1]) for number in numbers), str(stage.non_transferable)]
            for stage in count.stages
        ]
        assert (trace.name, ours) == (trace.name, stages)
        assert set(count.elected_numbers) == winners
