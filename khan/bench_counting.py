"""`khan bench counting`: what a count costs, in processor time of this process.

The ballots are made up from a seed, in the way people vote: candidates and projects have some
standing, voters agree on it in part, and most stop after a few. Files of one's own are measured, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from foundation.chance import SeededChance
from foundation.clock import processor_ms
from governance.counting.blt import read_blt
from governance.counting.budget import BudgetPaper, BudgetVote, Limits, Marks, Project
from governance.counting.equal_shares import count_equal_shares
from governance.counting.lots import SEED_BYTES, SeededLots
from governance.counting.marks import MarkPaper
from governance.counting.median import NumberVote, count_lower_median
from governance.counting.pabulib import read_pb
from governance.counting.ranked import Option, Paper, RankedVote
from governance.counting.schulze import count_schulze
from governance.counting.stv import count_scottish_stv
from khan.console import ArgumentUnusable, print_wide
from khan.counting import text_of
from khan.json_files import write_json

LOTS = SeededLots(bytes(SEED_BYTES))
WARD = (5_000, 9, 4)  # ballots, candidates, seats: a large Scottish ward
BOARD = (50_000, 12, 7)
FUND = (6_586, 64)  # ballots, projects: as many as Wieliczka had in 2023


@dataclass(frozen=True, slots=True, kw_only=True)
class CountCost:
    """What counts of one kind cost, in milliseconds of processor time."""

    what: str
    rule: str
    ballots: int
    least_ms: float
    median_ms: float
    most_ms: float


def run(
    files: tuple[Path, ...], *, times: int, seed: int, report: Path | None, console: Console
) -> None:
    """Measure each count `times` times, print the table, write it if `report` names a file.

    Raises
    ------
    ArgumentUnusable
        If a file is neither .blt nor .pb.
    BallotFileInvalid
        If a file is not what its name says.
    """
    counts = [_of_file(file) for file in files] or _made_up(SeededChance(seed))
    costs = [_measured(*count, times=times) for count in counts]
    table = Table(title="CPU milliseconds a count, from ballots in memory to the whole record")
    for heading in ("what", "rule", "ballots", "least", "median", "most"):
        table.add_column(heading, justify="left" if heading in ("what", "rule") else "right")
    for cost in costs:
        figures = (f"{ms:,.1f}" for ms in (cost.least_ms, cost.median_ms, cost.most_ms))
        table.add_row(cost.what, cost.rule, f"{cost.ballots:,}", *figures)
    print_wide(table, console, width=110)
    if report is not None:
        keys = ("what", "rule", "ballots", "least_ms", "median_ms", "most_ms")
        write_json({"counts": [{key: getattr(c, key) for key in keys} for c in costs]}, report)


_Count = tuple[str, str, int, Callable[[], object]]


def _measured(
    what: str, rule: str, ballots: int, count: Callable[[], object], *, times: int
) -> CountCost:
    spent = []
    for _ in range(times):
        began = processor_ms()
        count()
        spent.append(processor_ms() - began)
    spent.sort()
    return CountCost(
        what=what, rule=rule, ballots=ballots, least_ms=spent[0], median_ms=spent[(times - 1) // 2],
        most_ms=spent[-1],
    )  # fmt: skip


def _of_file(file: Path) -> _Count:
    if file.suffix == ".blt":
        vote = read_blt(text_of(file), str(file))
        cast = sum(paper.count for paper in vote.papers)
        return file.stem, "scottish_stv", cast, lambda: count_scottish_stv(vote, LOTS)
    if file.suffix == ".pb":
        budget = read_pb(text_of(file), str(file))
        return (
            file.stem,
            "equal_shares",
            len(budget.papers),
            lambda: count_equal_shares(budget, LOTS),
        )
    raise ArgumentUnusable("FILE", f"{file} ends neither in .blt nor in .pb")


def _made_up(chance: SeededChance) -> list[_Count]:
    ward, board = ranked(chance, *WARD), ranked(chance, *BOARD)
    fund, fare = budget_of_ticks(chance, *FUND), numbers(chance, BOARD[0])
    named = "{} candidates, {} seats".format
    return [
        (f"a ward: {named(*WARD[1:])}", "scottish_stv", WARD[0], lambda: count_scottish_stv(ward, LOTS)),
        (f"a board: {named(*BOARD[1:])}", "scottish_stv", BOARD[0], lambda: count_scottish_stv(board, LOTS)),
        (f"{BOARD[1]} texts", "schulze", BOARD[0], lambda: count_schulze(board, LOTS)),
        (f"a fund: {FUND[1]} projects", "equal_shares", FUND[0], lambda: count_equal_shares(fund, LOTS)),
        ("a fare", "lower_median", BOARD[0], lambda: count_lower_median(fare)),
    ]  # fmt: skip


def ranked(chance: SeededChance, ballots: int, candidates: int, seats: int) -> RankedVote:
    """Ballots that rank from 1 to all candidates, each voter agreeing in part on their standing."""
    standing = [chance.normal(0, 1) for _ in range(candidates)]
    papers = []
    for _ in range(ballots):
        liking = {n: standing[n - 1] + chance.normal(0, 1.5) for n in range(1, candidates + 1)}
        order = sorted(liking, key=lambda n: -liking[n])
        length = 1 + min(chance.below(candidates), chance.below(candidates))
        papers.append(Paper(ranking=tuple((n,) for n in order[:length])))
    return RankedVote(
        title="made up", seats=seats,
        options=tuple(Option(number=n, name=f"Candidate {n}") for n in range(1, candidates + 1)),
        papers=tuple(papers),
    )  # fmt: skip


def budget_of_ticks(chance: SeededChance, ballots: int, projects: int) -> BudgetVote:
    """Ballots that tick up to 12 projects; a third of the projects fit the budget."""
    costs = [5_000 + 1_000 * chance.below(95) for _ in range(projects)]
    standing = [chance.normal(0, 1) for _ in range(projects)]
    papers = []
    for _ in range(ballots):
        liking = [standing[n] + chance.normal(0, 1) for n in range(projects)]
        order = sorted(range(projects), key=lambda n: -liking[n])
        ticked = order[: 1 + chance.below(12)]
        papers.append(BudgetPaper(projects=tuple(f"P{n}" for n in ticked)))
    return BudgetVote(
        title="made up", budget=sum(costs) // 3, marks=Marks.TICKS, limits=Limits(projects_max=12),
        projects=tuple(Project(id=f"P{n}", name=f"P{n}", cost=cost) for n, cost in enumerate(costs)),
        papers=tuple(papers),
    )  # fmt: skip


def numbers(chance: SeededChance, ballots: int) -> NumberVote:
    """Ballots for a fare from 100 to 200 in steps of 1, with a tenth as many phantoms."""
    papers = tuple(MarkPaper(mark=str(100 + chance.below(101))) for _ in range(ballots))
    return NumberVote(
        title="made up", lowest=100, highest=200, step=1, today=120, phantoms=ballots // 10, papers=papers
    )  # fmt: skip
