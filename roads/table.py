"""A road network from two tables: nodes and edges, as comma-separated text.

Owns the reading of such tables. Refuses a row that makes no sense, by its line number; streets
that lead nowhere are left out without a word, as in any import.
"""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foundation.errors import Invalid
from foundation.measures import Point
from roads.build import RawStreets, connect
from roads.errors import TableUnreadable
from roads.network import ARC_MS_MAX, FloatArray, IntArray, RoadNetwork

NODE_COLUMNS = ("id", "lon", "lat")
EDGE_COLUMNS = ("from", "to", "length_m", "travel_time_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edge:
    tail: int
    head: int
    metres: float
    seconds: float
    name: str


def network_from_table(nodes_csv: Path, edges_csv: Path) -> RoadNetwork:
    """Read a nodes table and an edges table.

    Parameters
    ----------
    nodes_csv
        Columns ``id`` (any text, each once), ``lon``, ``lat`` (degrees, WGS 84).
    edges_csv
        Columns ``from``, ``to`` (ids of nodes), ``length_m`` (metres, over 0), ``travel_time_s``
        (seconds, over 0 and up to an hour) and, if there is one, ``name``. Each row is one direction; a street that
        has a row in both directions is two-way. A row from a node to itself is passed over.

    Raises
    ------
    TableUnreadable
        Names the file, the line and the fault.
    NoConnectedStreets
        If no part of the table is strongly connected.
    """
    index: dict[str, int] = {}
    places: list[Point] = []
    for line, row in _rows(nodes_csv, NODE_COLUMNS):
        if row["id"] in index:
            raise TableUnreadable(nodes_csv, line, f"the node {row['id']!r} is there twice")
        index[row["id"]] = len(places)
        places.append(_point(nodes_csv, line, row))
    edges = list(_edges(edges_csv, index))
    return connect(_raw(places, edges))


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as text:
            reader = csv.DictReader(text, strict=True)
            missing = [c for c in columns if c not in (reader.fieldnames or ())]
            if missing:
                raise TableUnreadable(path, 1, f"the column {missing[0]!r} is missing")
            for row in reader:
                if any(row[c] is None for c in columns):
                    raise TableUnreadable(path, reader.line_num, "the row is too short")
                yield reader.line_num, row
    except FileNotFoundError as gone:
        raise TableUnreadable(path, 0, "there is no such file") from gone
    except (OSError, UnicodeDecodeError, csv.Error) as broken:
        raise TableUnreadable(path, 0, f"it is not a table of text ({broken})") from broken


def _number(path: Path, line: int, row: dict[str, str], column: str) -> float:
    try:
        number = float(row[column])
    except ValueError as wrong:
        raise TableUnreadable(
            path, line, f"{column} is {row[column]!r}, which is no number"
        ) from wrong
    if not math.isfinite(number):
        raise TableUnreadable(path, line, f"{column} is not finite")
    return number


def _point(path: Path, line: int, row: dict[str, str]) -> Point:
    lon, lat = (_number(path, line, row, column) for column in ("lon", "lat"))
    try:
        return Point(lon, lat)
    except Invalid as wrong:
        raise TableUnreadable(path, line, wrong.sentence.rstrip(".")) from wrong


def _edges(path: Path, index: dict[str, int]) -> Iterator[_Edge]:
    for line, row in _rows(path, EDGE_COLUMNS):
        for column in ("from", "to"):
            if row[column] not in index:
                raise TableUnreadable(path, line, f"there is no node {row[column]!r}")
        metres = _number(path, line, row, "length_m")
        seconds = _number(path, line, row, "travel_time_s")
        if metres <= 0 or not 0 < seconds * 1000 <= ARC_MS_MAX:
            raise TableUnreadable(
                path, line, "a street has a length over 0 and a time over 0 and up to an hour"
            )
        edge = _Edge(
            tail=index[row["from"]],
            head=index[row["to"]],
            metres=metres,
            seconds=seconds,
            name=(row.get("name") or "").strip(),
        )
        if edge.tail != edge.head:
            yield edge


def _raw(places: list[Point], edges: list[_Edge]) -> RawStreets:
    lonlat = np.array([(p.lon, p.lat) for p in places], np.float64).reshape(-1, 2)
    tail = np.array([e.tail for e in edges], np.int32)
    head = np.array([e.head for e in edges], np.int32)
    metres = np.array([e.metres for e in edges], np.float64)
    names = ("", *sorted({e.name for e in edges} - {""}))
    number = {name: i for i, name in enumerate(names)}
    coords: FloatArray = np.stack([lonlat[tail], lonlat[head]], axis=1).reshape(-1, 2)
    return RawStreets(
        node_lon=lonlat[:, 0],
        node_lat=lonlat[:, 1],
        arc_tail=tail,
        arc_head=head,
        arc_ms=np.array([e.seconds for e in edges], np.float64) * 1000.0,
        arc_metres=metres,
        arc_name=np.array([number[e.name] for e in edges], np.int32),
        reverse_arc=_reverses(tail, head, metres),
        coords=coords,
        offsets=np.arange(len(edges) + 1, dtype=np.int64) * 2,
        names=names,
    )


def _reverses(tail: IntArray, head: IntArray, metres: FloatArray) -> IntArray:
    """The other direction of each two-way street, -1 where there is none.

    Of several streets between the same two junctions, the shortest ones of both directions
    belong together, then the next; lines are straight, so all of them are drawn alike.
    """
    waiting: dict[tuple[int, int], list[int]] = {}
    reverse = np.full(len(tail), -1, np.int32)
    for arc in np.argsort(metres, kind="stable").tolist():
        there, here = int(tail[arc]), int(head[arc])
        mates = waiting.get((here, there))
        if mates:
            mate = mates.pop(0)
            reverse[arc], reverse[mate] = mate, arc
        else:
            waiting.setdefault((there, here), []).append(arc)
    return reverse
