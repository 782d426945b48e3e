"""Reading the dial-a-ride instances of Cordeau, and measuring the pooled core on them.

Owns the file format and the table of `khan bench dial-a-ride`. The instances come from Cordeau, "A
branch-and-cut algorithm for the dial-a-ride problem", Operations Research 54(3), 2006, section 5.
All times are minutes, one minute to a unit of distance.

A file: a line ``vehicles, requests (or places), route duration, capacity, ride time``; then a line
``id, x, y, service, load, earliest, latest`` for the depot, each pick-up and each drop-off, in this
order, and in most files the depot once more as the end of every route.
"""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dispatch.matching.shared.dial_a_ride.problem import Problem
from dispatch.matching.shared.dial_a_ride.solve import Search, Solution, solve
from foundation.clock import processor_ms
from simulation.errors import InstanceUnreadable

MINUTE = 1_000_000
"""Units of a problem's whole time in a minute: a rounded distance is wrong by half a millionth."""

BEST_KNOWN = "best_known_a.csv"


@dataclass(frozen=True, slots=True)
class Instance:
    """A named problem, and the cost of the best solution known (None: not listed)."""

    name: str
    problem: Problem
    best_known: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a search found, and what it took.

    Attributes
    ----------
    cost
        Travel, in the unit of the file; infinite if a request stays open.
    gap_percent
        Above the best known cost; None if that is not listed.
    cpu_s
        Processor seconds of the search.
    """

    instance: Instance
    solution: Solution
    cost: float
    gap_percent: float | None
    cpu_s: float


def list_instances(folder: Path, *, only: str | None = None) -> list[Instance]:
    """The instances of a folder, in the order of the list of best known costs.

    Raises
    ------
    InstanceUnreadable
        If there is no such folder or instance, or a file is broken.
    """
    if not folder.is_dir():
        raise InstanceUnreadable(folder, "", "it is not a folder")
    known = _best_known(folder / BEST_KNOWN)
    found = sorted(path.stem for path in folder.glob("*.txt"))
    names = [name for name in known if name in found] + [one for one in found if one not in known]
    if only is not None:
        if only not in names:
            raise InstanceUnreadable(folder, "", f"it holds no {only}.txt")
        names = [only]
    if not names:
        raise InstanceUnreadable(folder, "", "it holds no instance (*.txt)")
    return [
        Instance(name, read_instance(folder / f"{name}.txt"), known.get(name)) for name in names
    ]


def _best_known(path: Path) -> dict[str, float]:
    if not path.exists():
        return {}
    known = {}
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                known[row["instance"]] = float(row["cost"])
            except (KeyError, TypeError, ValueError):
                reason = "there is no instance and cost"
                raise InstanceUnreadable(path, f"line {number}", reason) from None
    return known


def read_instance(path: Path) -> Problem:
    """A problem from a file of Cordeau's.

    Raises
    ------
    InstanceUnreadable
        With the line and what is wrong with it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InstanceUnreadable(path, "", "it cannot be read as text") from None
    lines = [(n, line.split()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise InstanceUnreadable(path, "", "it is empty")
    (number, first), rest = lines[0], lines[1:]
    vehicles, stated, duration, capacity, ride = _numbers(path, number, first, 5)
    rows = np.array([_numbers(path, n, words, 7) for n, words in rest]).reshape(-1, 7)
    if len(rows) % 2 == 0 and len(rows):
        _check(path, rest[-1][0], (rows[-1, 1:3] == rows[0, 1:3]).all(), "the end is not the depot")
        rows = rows[:-1]
    requests = len(rows) // 2
    _check(path, number, len(rows) > 0, "no depot follows")
    _check(path, number, stated in {requests, 2 * requests},
           f"{stated:g} requests or places are announced, {2 * requests} places follow")  # fmt: skip
    _check(path, number, vehicles >= 1 and vehicles == int(vehicles), "there is no vehicle")
    for name, limit in (("route duration", duration), ("capacity", capacity), ("ride time", ride)):
        _check(path, number, limit > 0, f"the {name} is not above zero")
    for (line, _), row, index in zip(rest, rows, range(len(rows)), strict=False):
        _check(path, line, row[0] == index, f"place {index} is expected here, in order")
        _check(path, line, row[5] <= row[6], "its window ends before it begins")
        _check(path, line, row[3] >= 0, "its service time is negative")
        kind = "depot" if index == 0 else "pick-up" if index <= requests else "drop-off"
        sign = {"depot": row[4] == 0, "pick-up": row[4] > 0, "drop-off": row[4] < 0}[kind]
        _check(path, line, sign, f"a {kind} cannot have load {row[4]:g}")
        if kind == "drop-off":
            _check(path, line, row[4] == -rows[index - requests, 4],
                   "it does not set down whom its pick-up took in")  # fmt: skip
    return _problem(rows, int(vehicles), (capacity, duration, ride))


def _check(path: Path, line: int, holds: bool, complaint: str) -> None:
    if not holds:
        raise InstanceUnreadable(path, f"line {line}", complaint)


def _numbers(path: Path, line: int, words: list[str], count: int) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    whole = len(numbers) == count and all(math.isfinite(one) for one in numbers)
    _check(path, line, whole, f"{count} numbers are expected here")
    return numbers


def _problem(rows: np.ndarray, vehicles: int, limits: tuple[float, float, float]) -> Problem:
    capacity, duration, ride = limits
    away = rows[:, None, 1:3] - rows[None, :, 1:3]
    travel = np.rint(np.sqrt((away**2).sum(axis=2)) * MINUTE).astype(np.int64)
    nodes = np.empty((len(rows), 5), np.int64)
    nodes[:, 0], nodes[:, 1] = rows[:, 5] * MINUTE, rows[:, 6] * MINUTE
    nodes[:, 2], nodes[:, 3], nodes[:, 4] = rows[:, 3] * MINUTE, rows[:, 4], ride * MINUTE
    return Problem(vehicles, travel, nodes, np.array([capacity, duration * MINUTE], np.int64))


def bench_dial_a_ride(folder: Path, *, only: str | None, how: Search) -> Iterator[Result]:
    """Search each instance of a folder in turn; the compiler is warmed up before the first."""
    instances = list_instances(folder, only=only)
    solve(instances[0].problem, Search(seed=how.seed, iterations=2, rounds=1))
    for instance in instances:
        before = processor_ms()
        solution = solve(instance.problem, how)
        cpu_s = (processor_ms() - before) / 1000
        cost = math.inf if solution.open else solution.cost / MINUTE
        best = instance.best_known
        gap = None if best is None else (cost / best - 1) * 100
        yield Result(instance=instance, solution=solution, cost=cost, gap_percent=gap, cpu_s=cpu_s)
