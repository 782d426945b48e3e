"""A road network from an OpenStreetMap extract.

Owns the import: car-usable ways, one-ways, turn restrictions, speeds, names and geometry. It
takes what `osm_read` read by the rules of `osm_tags`, compresses it (`osm_chains`), forbids
turns (`osm_restrictions`), and keeps the largest connected part (`build`). Refuses an extract
that is broken or has no streets.

OpenStreetMap data is (c) OpenStreetMap contributors, Open Database Licence 1.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from roads.build import RawStreets, connect
from roads.errors import ExtractHasNoRoads, NoConnectedStreets
from roads.measure import bearings_of_ends, distances_metres
from roads.network import BoolArray, FloatArray, IntArray, LongArray, RoadNetwork
from roads.osm_chains import ChainArcs, Segments, arcs_of, chains_of
from roads.osm_read import Extract, Progress, read_extract
from roads.osm_restrictions import ArcEnds, forbidden_turns
from roads.turns import TurnDelays, changes_of_bearing, delays_ms

MS_PER_METRE_AT_ONE_KMH = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFigures:
    """What an import found, for the person who waits for it."""

    ways: int
    junctions: int
    arcs: int
    turns: int
    kilometres: int
    """Of directed arcs, rounded."""
    restrictions_used: int
    restrictions_skipped: Mapping[str, int]
    """How many were left out, by reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedStreets:
    """A network and the figures of its import."""

    network: RoadNetwork
    figures: ImportFigures


def _quietly(_doing: str, _done: int) -> None:
    """Tell nobody."""


def network_from_pbf(
    path: Path, progress: Progress = _quietly, *, delays: TurnDelays | None = None
) -> ImportedStreets:
    """Import the streets of an extract.

    Parameters
    ----------
    path
        An OpenStreetMap file (``.osm.pbf``, or any other form libosmium reads).
    progress
        Told what is being done and how many of it are done.
    delays
        What turns cost; says also on which side cars drive. Left out: the right side.

    Raises
    ------
    ExtractUnreadable
        If the file is missing, broken or cut short.
    ExtractHasNoRoads
        If nothing in it can be driven on.
    """
    extract = read_extract(path, progress)
    if not extract.nodes:
        raise ExtractHasNoRoads(path)
    ids, place, lonlat = extract.positions()
    segments = _segments(extract, place)
    if len(segments.start) == 0:
        raise ExtractHasNoRoads(path)
    progress("junctions joined", 0)
    delays = delays or TurnDelays()
    is_signal = np.isin(ids, sorted(extract.signals))
    arcs = _arcs(extract, segments, lonlat, ids=ids)
    arcs = _slowed_by_signals(arcs, is_signal, delays)
    raw = _raw(extract, segments, arcs, lonlat)
    banned, counted = forbidden_turns(
        extract.restrictions, _ends(extract, segments, arcs, raw, ids)
    )
    at_signal = is_signal[np.unique(np.concatenate([arcs.tail, arcs.head]))]
    costs = _TurnCosts(raw, at_signal, delays)
    try:
        network = connect(raw, banned=banned, turn_cost=costs)
    except NoConnectedStreets as none:
        raise ExtractHasNoRoads(path) from none
    progress("junctions joined", network.node_count)
    skipped = extract.skipped
    skipped["no_such_street"] += counted["no_such_street"]
    figures = ImportFigures(
        ways=len(extract.ways),
        junctions=network.node_count,
        arcs=network.arc_count,
        turns=network.turn_count,
        kilometres=round(float(network.arc_metres.sum(dtype=np.float64)) / 1000),
        restrictions_used=counted["used"],
        restrictions_skipped={reason: n for reason, n in sorted(skipped.items()) if n},
    )
    return ImportedStreets(network=network, figures=figures)


def _segments(extract: Extract, place: LongArray) -> Segments:
    starts = np.array(extract.starts, np.int64)
    run = np.repeat(np.array(extract.run_ways, np.int64), np.diff(starts))
    is_last = np.zeros(len(place), np.bool_)
    is_last[starts[1:] - 1] = True
    here = np.flatnonzero(~is_last)
    here = here[place[here] != place[here + 1]]
    way = run[here]
    streets = {name: i for i, name in enumerate(_names(extract))}
    street = np.array([streets[w.name] for w in extract.ways], np.int64)
    forward = np.array([w.kmh_forward > 0 for w in extract.ways], np.bool_)
    backward = np.array([w.kmh_backward > 0 for w in extract.ways], np.bool_)
    return Segments(
        start=place[here],
        end=place[here + 1],
        way=way,
        street=street[way],
        is_forward=forward[way],
        is_backward=backward[way],
    )


def _names(extract: Extract) -> tuple[str, ...]:
    return ("", *sorted({w.name for w in extract.ways} - {""}))


def _arcs(extract: Extract, segments: Segments, lonlat: FloatArray, *, ids: LongArray) -> ChainArcs:
    vias = np.array(sorted({r.via_node for r in extract.restrictions}), np.int64)
    kept = np.flatnonzero(np.isin(ids, vias)).astype(np.int32)
    chains = chains_of(segments, node_count=len(ids), kept_nodes=kept)
    metres = distances_metres(lonlat[segments.start], lonlat[segments.end])
    kmh = np.array([(w.kmh_forward, w.kmh_backward) for w in extract.ways], np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):  # a forbidden direction has speed 0
        ms = metres[:, None] * MS_PER_METRE_AT_ONE_KMH / kmh[segments.way]
    ms = np.nan_to_num(ms, posinf=0.0)
    return arcs_of(chains, segments, metres=metres, forward_ms=ms[:, 0], backward_ms=ms[:, 1])


def _slowed_by_signals(arcs: ChainArcs, is_signal: BoolArray, delays: TurnDelays) -> ChainArcs:
    """Signals passed along a street, ahead of a wide junction or at a crossing, slow the arc.

    Those that stand on a junction slow the turns there instead (`_TurnCosts`). However many
    stand along one arc, they belong to one crossing of roads: they count once.
    """
    inner = is_signal[arcs.line_nodes].astype(np.int64)
    inner[arcs.offsets[:-1]] = 0
    inner[arcs.offsets[1:] - 1] = 0
    seen = np.add.reduceat(inner, arcs.offsets[:-1]) > 0
    return replace(arcs, ms=arcs.ms + np.where(seen, delays.signal_ms, 0))


def _raw(extract: Extract, segments: Segments, arcs: ChainArcs, lonlat: FloatArray) -> RawStreets:
    nodes, renumbered = np.unique(np.concatenate([arcs.tail, arcs.head]), return_inverse=True)
    count = len(arcs.tail)
    return RawStreets(
        node_lon=lonlat[nodes, 0],
        node_lat=lonlat[nodes, 1],
        arc_tail=renumbered[:count].astype(np.int32),
        arc_head=renumbered[count:].astype(np.int32),
        arc_ms=arcs.ms,
        arc_metres=arcs.metres,
        arc_name=segments.street[arcs.first_segment].astype(np.int32),
        reverse_arc=arcs.reverse,
        coords=lonlat[arcs.line_nodes],
        offsets=arcs.offsets,
        names=_names(extract),
    )


def _ends(
    extract: Extract, segments: Segments, arcs: ChainArcs, raw: RawStreets, ids: LongArray
) -> ArcEnds:
    way_ids = np.array(extract.way_ids, np.int64)
    first, last = bearings_of_ends(raw.coords, raw.offsets[:-1], raw.offsets[1:])
    return ArcEnds(
        tail_node=ids[arcs.tail],
        head_node=ids[arcs.head],
        first_way=way_ids[segments.way[arcs.first_segment]],
        last_way=way_ids[segments.way[arcs.last_segment]],
        first_bearing=first,
        last_bearing=last,
    )


class _TurnCosts:
    """What each turn of the raw arcs costs, milliseconds."""

    def __init__(self, raw: RawStreets, at_signal: BoolArray, delays: TurnDelays) -> None:
        self._raw, self._at_signal, self._delays = raw, at_signal, delays
        # Each street end counts once at its junction, whichever directions it has.
        arcs = np.arange(len(raw.arc_tail))
        once = (raw.reverse_arc < 0) | (arcs < raw.reverse_arc)
        ends = np.concatenate([raw.arc_tail[once], raw.arc_head[once]])
        self._streets_at = np.bincount(ends, minlength=len(raw.node_lon))

    def __call__(self, turn_from: IntArray, turn_to: IntArray) -> LongArray:
        raw = self._raw
        junction = raw.arc_head[turn_from]
        changes = changes_of_bearing(raw.coords, raw.offsets, turn_from=turn_from, turn_to=turn_to)
        turns_back = raw.reverse_arc[turn_from] == turn_to
        changes = np.where(turns_back, 180.0, changes)
        # Where only two streets meet, the street bends: nobody gives way.
        is_bend = (self._streets_at[junction] <= 2) & ~turns_back
        changes = np.where(is_bend, 0.0, changes)
        return delays_ms(changes, self._at_signal[junction], self._delays)
