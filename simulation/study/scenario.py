"""A day to be replayed: streets, requests and vehicles.

Owns the scenario as arrays and the reading of its folder. Refuses a file that lacks a column, a
number that makes no sense, and a place that the streets do not know, by file and line.

Times are whole milliseconds since the day's midnight; lengths are decimetres; a place is a junction
by its number in the streets.
"""

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from simulation.study.errors import ScenarioUnreadable, StudyUnusable

Whole = NDArray[np.int64]
Value = TypeVar("Value")

MS_MAX = 7 * 86_400_000
"""A scenario ends within a week."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Streets:
    """Junctions and the one-way edges between them.

    Attributes
    ----------
    lonlat
        float64, (nodes, 2): longitude and latitude, WGS 84.
    tail, head
        int64, (edges,): the junctions that an edge leaves and enters.
    ms, decimetres
        int64, (edges,): free-flow time, above 0, and length.
    """

    lonlat: NDArray[np.float64]
    tail: Whole
    head: Whole
    ms: Whole
    decimetres: Whole

    @property
    def nodes(self) -> int:
        """How many junctions."""
        return len(self.lonlat)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Requests:
    """Who asks for a trip, in the order of asking.

    Attributes
    ----------
    ids
        As the file names them.
    at_ms, origin, destination
        int64, (requests,): ascending instants, and junctions; never the same one for both.
    """

    ids: tuple[str, ...]
    at_ms: Whole
    origin: Whole
    destination: Whole

    def __len__(self) -> int:
        return len(self.ids)

    def taken(self, rows: Whole) -> "Requests":
        """Only these rows, which stay in order."""
        return Requests(
            ids=tuple(self.ids[row] for row in rows.tolist()),
            at_ms=self.at_ms[rows],
            origin=self.origin[rows],
            destination=self.destination[rows],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scenario:
    """Streets, requests, and the vehicles with the junctions at which they begin the day."""

    name: str
    streets: Streets
    requests: Requests
    vehicle_ids: tuple[str, ...]
    vehicle_nodes: Whole

    def until(self, at_ms: int) -> "Scenario":
        """The same day without the requests made after an instant."""
        rows = np.flatnonzero(self.requests.at_ms <= at_ms)
        return replace(self, requests=self.requests.taken(rows))


def read_scenario(folder: Path, *, vehicles: int) -> Scenario:
    """Read nodes.csv, edges.csv, requests.csv and the smallest vehicles_*.csv that is large enough.

    Parameters
    ----------
    vehicles
        How many; the first rows of the file are taken.

    Raises
    ------
    ScenarioUnreadable
        Names the file, the line and the fault.
    StudyUnusable
        If no file holds so many vehicles.
    """
    if not folder.is_dir():
        raise ScenarioUnreadable(folder, "", "there is no such folder")
    names, lonlat = _nodes(folder / "nodes.csv")
    streets = _edges(folder / "edges.csv", names, lonlat)
    requests = _requests(folder / "requests.csv", names)
    ids, nodes = _vehicles(folder, names, vehicles)
    return Scenario(
        name=folder.resolve().name,
        streets=streets,
        requests=requests,
        vehicle_ids=ids,
        vehicle_nodes=nodes,
    )


def read_node_names(folder: Path) -> tuple[str, ...]:
    """What a scenario's files call its junctions, in the order of their numbers.

    Raises
    ------
    ScenarioUnreadable
        If nodes.csv is missing or has a fault.
    """
    return tuple(_Table(folder / "nodes.csv", ["node"]).unique("node"))


class _Table:
    """One CSV file, with what is wrong in it told by line."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        try:
            with path.open(encoding="utf-8", newline="") as file:
                rows = csv.reader(file)
                header = next(rows, [])
                missing = [name for name in columns if name not in header]
                if missing:
                    raise ScenarioUnreadable(
                        path, "line 1", f"the column {missing[0]!r} is missing"
                    )
                self.rows = [row for row in rows if row]
        except FileNotFoundError:
            raise ScenarioUnreadable(path, "", "the file is missing") from None
        except (OSError, UnicodeDecodeError, csv.Error) as fault:
            raise ScenarioUnreadable(path, "", str(fault)) from None
        self._places = {name: header.index(name) for name in columns}
        self._width = len(header)
        for line, row in enumerate(self.rows, start=2):
            if len(row) != self._width:
                raise ScenarioUnreadable(
                    path, f"line {line}", f"has {len(row)} fields, not {self._width}"
                )

    def texts(self, column: str) -> list[str]:
        """A column as it stands."""
        place = self._places[column]
        return [row[place] for row in self.rows]

    def numbers(self, column: str, *, least: float, most: float) -> NDArray[np.float64]:
        """A column of numbers within bounds."""
        place = self._places[column]

        def number(text: str) -> float:
            value = float(text)
            if not (math.isfinite(value) and least <= value <= most):
                raise ValueError(f"{column} must be from {least:g} to {most:g}, not {text}")
            return value

        return np.array(self._each(number, place), dtype=np.float64)

    def indices(self, column: str, names: dict[str, int]) -> Whole:
        """A column of names, as the numbers they stand for."""

        def index(text: str) -> int:
            if text not in names:
                raise ValueError(f"{column} {text!r} is not in nodes.csv")
            return names[text]

        return np.array(self._each(index, self._places[column]), dtype=np.int64)

    def unique(self, column: str) -> list[str]:
        """A column of names, none twice."""
        seen: set[str] = set()

        def name(text: str) -> str:
            if text in seen:
                raise ValueError(f"{column} {text!r} is there twice")
            seen.add(text)
            return text

        return self._each(name, self._places[column])

    def _each(self, read: Callable[[str], Value], place: int) -> list[Value]:
        values = []
        for line, row in enumerate(self.rows, start=2):
            try:
                values.append(read(row[place]))
            except ValueError as fault:
                raise ScenarioUnreadable(self.path, f"line {line}", str(fault)) from None
        return values


def _nodes(path: Path) -> tuple[dict[str, int], NDArray[np.float64]]:
    table = _Table(path, ["node", "lat", "lon"])
    names = {name: number for number, name in enumerate(table.unique("node"))}
    lon = table.numbers("lon", least=-180, most=180)
    lat = table.numbers("lat", least=-90, most=90)
    return names, np.stack([lon, lat], axis=1)


def _edges(path: Path, names: dict[str, int], lonlat: NDArray[np.float64]) -> Streets:
    table = _Table(path, ["u", "v", "length_m", "travel_time_s"])
    return Streets(
        lonlat=lonlat,
        tail=table.indices("u", names),
        head=table.indices("v", names),
        ms=_thousands(table.numbers("travel_time_s", least=0.001, most=3600)),
        decimetres=np.rint(table.numbers("length_m", least=0, most=200_000) * 10).astype(np.int64),
    )


def _requests(path: Path, names: dict[str, int]) -> Requests:
    table = _Table(path, ["id", "t", "o", "d"])
    at_ms = _thousands(table.numbers("t", least=0, most=MS_MAX / 1000))
    ids, origin = table.unique("id"), table.indices("o", names)
    destination = table.indices("d", names)
    same = np.flatnonzero(origin == destination)
    if len(same):
        raise ScenarioUnreadable(path, f"line {same[0] + 2}", "the trip ends where it begins")
    # Asked at the same instant: by the file's order, which a stable sort keeps.
    order = np.argsort(at_ms, kind="stable")
    return Requests(ids=tuple(ids), at_ms=at_ms, origin=origin, destination=destination).taken(
        order
    )


def _vehicles(folder: Path, names: dict[str, int], wanted: int) -> tuple[tuple[str, ...], Whole]:
    paths = sorted(folder.glob("vehicles_*.csv"))
    if not paths:
        raise ScenarioUnreadable(folder, "", "there is no vehicles_*.csv")
    tables = sorted(
        (_Table(path, ["id", "node"]) for path in paths),
        key=lambda table: (len(table.rows), table.path.name),
    )
    table = next((table for table in tables if len(table.rows) >= wanted), None)
    if wanted < 1 or table is None:
        raise StudyUnusable(
            f"--vehicles {wanted}", f"must be from 1 to {len(tables[-1].rows)} in {folder}"
        )
    return tuple(table.unique("id")[:wanted]), table.indices("node", names)[:wanted]


def _thousands(seconds: NDArray[np.float64]) -> Whole:
    return np.rint(seconds * 1000).astype(np.int64)
