"""Which arc may follow which, and what the turn costs.

Owns the rule of turns: at a junction a car may take every street out of it but the one it came
by, unless there is no other (a dead end); less what a sign forbids. Refuses nothing.
"""

from dataclasses import dataclass

import numpy as np

from roads.measure import bearings_of_ends, turn_degrees
from roads.network import BoolArray, FloatArray, IntArray, LongArray

STRAIGHT_WITHIN_DEGREES = 40.0
"""A smaller change of bearing is not felt as a turn."""

ABOUT_FACE_FROM_DEGREES = 160.0
"""A larger change of bearing is a turn back, whatever the map calls the streets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnDelays:
    """What a turn costs beyond driving the arcs, in milliseconds.

    The figures are ours: plain guesses at averages over a day, to be replaced by what our own
    cars observe. Only their order matters to the choice of way: crossing the oncoming stream
    costs more than turning beside it, and turning back costs most.
    """

    beside_ms: int = 1_500
    across_ms: int = 4_000
    about_face_ms: int = 15_000
    signal_ms: int = 5_000
    """Mean red light, at a junction with signals or passed along an arc."""
    drives_on_left: bool = False


def all_turns(tail: IntArray, head: IntArray, reverse: IntArray) -> tuple[IntArray, IntArray]:
    """Every turn that geometry and the U-turn rule allow, sorted by (from, to).

    Parameters
    ----------
    tail, head, reverse
        As in `RoadNetwork`, int32 (arcs,).

    Returns
    -------
    tuple of turn_from and turn_to
        int32, (turns,).
    """
    nodes = int(max(tail.max(), head.max())) + 1
    leaving = np.bincount(tail, minlength=nodes)
    first = np.cumsum(leaving) - leaving
    by_tail = np.argsort(tail, kind="stable").astype(np.int32)

    exits = leaving[head]
    turn_from = np.repeat(np.arange(len(tail), dtype=np.int32), exits)
    ordinal = np.arange(len(turn_from)) - np.repeat(np.cumsum(exits) - exits, exits)
    turn_to = by_tail[ordinal + np.repeat(first[head], exits)]

    turns_back = turn_to == reverse[turn_from]
    is_dead_end = exits[turn_from] == 1
    allowed = ~turns_back | is_dead_end
    return turn_from[allowed], turn_to[allowed]


def is_banned(turn_from: IntArray, turn_to: IntArray, banned: IntArray, arcs: int) -> BoolArray:
    """Which of the turns stand in ``banned``, int (k, 2) of (from, to); bool, (turns,)."""
    key = turn_from.astype(np.int64) * arcs + turn_to
    forbidden = banned[:, 0].astype(np.int64) * arcs + banned[:, 1]
    found: BoolArray = np.isin(key, forbidden)
    return found


def changes_of_bearing(
    coords: FloatArray, offsets: LongArray, *, turn_from: IntArray, turn_to: IntArray
) -> FloatArray:
    """Degrees by which each turn leaves the straight line: right positive, left negative."""
    departing, arriving = bearings_of_ends(coords, offsets[:-1], offsets[1:])
    return turn_degrees(arriving[turn_from], departing[turn_to])


def delays_ms(changes: FloatArray, at_signal: BoolArray, delays: TurnDelays) -> LongArray:
    """Delay of each turn in milliseconds, int64 (turns,).

    Parameters
    ----------
    changes
        Degrees, right positive, (turns,).
    at_signal
        Whether the junction has traffic signals, (turns,).
    """
    beside = changes < 0 if delays.drives_on_left else changes > 0
    sharp = np.abs(changes)
    cost = np.where(beside, delays.beside_ms, delays.across_ms)
    cost = np.where(sharp >= ABOUT_FACE_FROM_DEGREES, delays.about_face_ms, cost)
    cost = np.where(sharp < STRAIGHT_WITHIN_DEGREES, 0, cost)
    total: LongArray = (cost + np.where(at_signal, delays.signal_ms, 0)).astype(np.int64)
    return total
