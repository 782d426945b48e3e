"""Reading an OpenStreetMap extract: which ways, nodes and restrictions matter to a car.

Owns the pass over the file. Refuses a file that is missing, broken or cut short.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from roads.errors import ExtractUnreadable
from roads.network import FloatArray, LongArray
from roads.osm_tags import DrivableWay, blocks_cars, drivable, is_signal, restriction_kind

Progress = Callable[[str, int], None]
"""Told what is being done and how many of it are done so far."""

_NO_LOCATION = 2**31 - 1  # libosmium's "undefined coordinate"
_UNITS_PER_DEGREE = 1e7
_REPORT_EVERY = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """One turn restriction as mapped: from these ways, at this node, onto these ways."""

    kind: str
    from_ways: tuple[int, ...]
    via_node: int
    to_ways: tuple[int, ...]


@dataclass(slots=True, kw_only=True)
class Extract:
    """What was read: ways as runs of nodes that a car can drive through without a gap.

    A run is ``nodes[starts[r]:starts[r + 1]]``; a way has several where a node is missing from
    the extract or a barrier stands on it. Node numbers below zero are the two ends of a street
    cut by a barrier.
    """

    ways: list[DrivableWay] = field(default_factory=list)
    way_ids: list[int] = field(default_factory=list)
    run_ways: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    nodes: list[int] = field(default_factory=list)
    east: list[int] = field(default_factory=list)
    north: list[int] = field(default_factory=list)
    signals: set[int] = field(default_factory=set)
    barriers: set[int] = field(default_factory=set)
    restrictions: list[Restriction] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    def positions(self) -> tuple[LongArray, LongArray, FloatArray]:
        """Each node once.

        Returns
        -------
        tuple of ids, place and lonlat
            Node numbers, int64 (k,); for each entry of `nodes` its place in ``ids``, int64;
            degrees, (k, 2).
        """
        ids, first, place = np.unique(
            np.array(self.nodes, np.int64), return_index=True, return_inverse=True
        )
        units = np.stack([np.array(self.east, np.int64), np.array(self.north, np.int64)], axis=1)
        return ids, place.astype(np.int64), units[first] / _UNITS_PER_DEGREE


def read_extract(path: Path, progress: Progress) -> Extract:
    """Read all that a car needs, in one pass.

    Raises
    ------
    ExtractUnreadable
        If the file is missing, is not an extract, or ends too early.
    """
    # Imported here: the parser is needed to build a city, never to run one.
    import osmium
    from osmium.osm import NODE, WAY

    if not path.is_file():
        raise ExtractUnreadable(path, "there is no such file")
    extract = Extract()
    tagged = osmium.filter.KeyFilter("highway", "barrier")
    tagged.enable_for(NODE | WAY)
    try:
        # The package's own types allow for changesets, which no extract holds.
        things: Iterable[Any] = osmium.FileProcessor(str(path)).with_locations().with_filter(tagged)
        for thing in things:
            if thing.is_way():
                _take_way(extract, thing, progress)
            elif thing.is_node():
                _take_node(extract, thing)
            elif thing.is_relation():
                _take_relation(extract, thing)
    except (RuntimeError, OSError, ValueError) as broken:
        # libosmium raises RuntimeError for every fault of a file.
        raise ExtractUnreadable(path, str(broken).rstrip(".") or "it is broken") from broken
    progress("streets read", len(extract.ways))
    return extract


def _tags(thing: Any) -> dict[str, str]:
    return {tag.k: tag.v for tag in thing.tags}


def _take_node(extract: Extract, node: Any) -> None:
    tags = _tags(node)
    if is_signal(tags):
        extract.signals.add(node.id)
    if blocks_cars(tags):
        extract.barriers.add(node.id)


def _take_way(extract: Extract, way: Any, progress: Progress) -> None:
    rule = drivable(_tags(way))
    if rule is None:
        return
    number = len(extract.ways)
    extract.ways.append(rule)
    extract.way_ids.append(way.id)
    if number % _REPORT_EVERY == 0:
        progress("streets read", number)
    for node in way.nodes:
        if node.x == _NO_LOCATION:
            _end_run(extract, number)
            continue
        ref = node.ref
        if ref in extract.barriers:
            # Both sides of the bollard keep their end of the street, and do not meet there.
            _append(extract, -len(extract.nodes) - 1, node)
            _end_run(extract, number)
            ref = -len(extract.nodes) - 1
        _append(extract, ref, node)
    _end_run(extract, number)


def _append(extract: Extract, ref: int, node: Any) -> None:
    extract.nodes.append(ref)
    extract.east.append(node.x)
    extract.north.append(node.y)


def _end_run(extract: Extract, way: int) -> None:
    if len(extract.nodes) > extract.starts[-1]:
        extract.starts.append(len(extract.nodes))
        extract.run_ways.append(way)


def _take_relation(extract: Extract, relation: Any) -> None:
    if relation.tags.get("type") != "restriction":
        return
    kind, reason = restriction_kind(_tags(relation))
    members: dict[tuple[str, str], list[int]] = {}
    for member in relation.members:
        members.setdefault((member.role, member.type), []).append(member.ref)
    if kind is None:
        extract.skipped[reason] += 1
    elif ("via", "w") in members:
        extract.skipped["via_way"] += 1
    elif len(members.get(("via", "n"), ())) != 1 or not (
        members.get(("from", "w")) and members.get(("to", "w"))
    ):
        extract.skipped["incomplete"] += 1
    else:
        extract.restrictions.append(
            Restriction(
                kind=kind,
                from_ways=tuple(members["from", "w"]),
                via_node=members["via", "n"][0],
                to_ways=tuple(members["to", "w"]),
            )
        )
