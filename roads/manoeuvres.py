"""From the arcs of a route to what a driver does: turn left into this street, go on so far.

Owns the choice of what is worth saying. It says kinds, names and lengths; sentences in a
language are the face's. Pure. Refuses nothing.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from foundation.measures import Point
from roads.measure import bearings_degrees, bearings_of_ends, turn_degrees
from roads.network import FloatArray, RoadNetwork
from roads.route import Route
from roads.turns import ABOUT_FACE_FROM_DEGREES, STRAIGHT_WITHIN_DEGREES


class Turn(StrEnum):
    """What the driver does at the beginning of a manoeuvre."""

    DEPART = "depart"
    STRAIGHT = "straight"
    SLIGHT_LEFT = "slight_left"
    LEFT = "left"
    SHARP_LEFT = "sharp_left"
    SLIGHT_RIGHT = "slight_right"
    RIGHT = "right"
    SHARP_RIGHT = "sharp_right"
    U_TURN = "u_turn"
    ARRIVE = "arrive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manoeuvre:
    """One thing to do, and how far to drive until the next.

    Parameters
    ----------
    street
        Name of the street driven on afterwards, empty where it has none.
    bearing
        Whole degrees clockwise from north, in which the car moves afterwards (on arriving,
        before).
    metres
        To the next manoeuvre; 0 on arriving.
    at
        Where.
    """

    turn: Turn
    street: str
    bearing: int
    metres: int
    at: Point


SLIGHT_FROM_DEGREES = 20.0
SHARP_FROM_DEGREES = 120.0


def turn_of(change: float) -> Turn:
    """The word for a change of bearing, degrees: right positive, left negative."""
    size = abs(change)
    if size < SLIGHT_FROM_DEGREES:
        return Turn.STRAIGHT
    if size >= ABOUT_FACE_FROM_DEGREES:
        return Turn.U_TURN
    if size < STRAIGHT_WITHIN_DEGREES:
        return Turn.SLIGHT_RIGHT if change > 0 else Turn.SLIGHT_LEFT
    if size < SHARP_FROM_DEGREES:
        return Turn.RIGHT if change > 0 else Turn.LEFT
    return Turn.SHARP_RIGHT if change > 0 else Turn.SHARP_LEFT


def manoeuvres_of(network: RoadNetwork, route: Route) -> tuple[Manoeuvre, ...]:
    """What a driver does along a route: depart, turn, ..., arrive.

    A bend in a street is not told, nor going straight on into a part without a name; a turn at
    a junction is told even where the street keeps its name.

    Parameters
    ----------
    network
        The network the route was found in.
    """
    if len(route.arcs) == 0:  # by the crow: nothing is known but where to
        first, last = route.line[0], route.line[-1]
        bearing = _bearing(first, last)
        return (
            _manoeuvre(Turn.DEPART, "", bearing, route.metres, first),
            _manoeuvre(Turn.ARRIVE, "", bearing, 0, last),
        )
    changes, departing = _bearings(network, route)
    begins = [0, *(i for i in range(1, len(route.arcs)) if _is_told(network, route, i, changes))]
    told = []
    for begin, end in zip(begins, [*begins[1:], len(route.arcs)], strict=True):
        at = int(route.arc_points[begin])
        told.append(
            _manoeuvre(
                turn_of(float(changes[begin])) if begin else Turn.DEPART,
                network.arc_street(int(route.arcs[begin])),
                float(departing[begin]) if begin else _bearing_from(route.line),
                float(route.arc_metres[begin:end].sum()),
                route.line[at],
            )
        )
    street = network.arc_street(int(route.arcs[-1]))
    arriving = (_bearing_from(route.line[::-1]) + 180.0) % 360.0
    return (*told, _manoeuvre(Turn.ARRIVE, street, arriving, 0, route.line[-1]))


def _bearings(network: RoadNetwork, route: Route) -> tuple[FloatArray, FloatArray]:
    """Degrees turned when entering each arc (0 for the first), and the bearing it begins with.

    From the whole arcs: the driven part of the first or last may be too short to have one.
    """
    begins, ends = network.offsets[route.arcs], network.offsets[route.arcs + 1]
    departing, arriving = bearings_of_ends(network.coords, begins, ends)
    changes = np.zeros(len(route.arcs))
    changes[1:] = turn_degrees(arriving[:-1], departing[1:])
    return changes, departing


def _is_told(network: RoadNetwork, route: Route, order: int, changes: FloatArray) -> bool:
    """Whether entering an arc of a route is a manoeuvre."""
    before, arc = int(route.arcs[order - 1]), int(route.arcs[order])
    name = network.arc_street(arc)
    if name and name != network.arc_street(before):
        return True
    if network.reverse_arc[before] == arc:
        return True
    exits = np.searchsorted(network.turn_from, [before, before + 1])
    is_choice = int(exits[1] - exits[0]) > 1
    return is_choice and bool(abs(changes[order]) >= STRAIGHT_WITHIN_DEGREES)


def _bearing(a: FloatArray, b: FloatArray) -> float:
    return float(bearings_degrees(a, b))


def _bearing_from(line: FloatArray) -> float:
    """Direction in which a line sets out; 0 if it goes nowhere."""
    moved = np.flatnonzero((line != line[0]).any(axis=1))
    return _bearing(line[0], line[moved[0]]) if len(moved) else 0.0


def _manoeuvre(turn: Turn, street: str, bearing: float, metres: float, at: FloatArray) -> Manoeuvre:
    return Manoeuvre(
        turn=turn,
        street=street,
        bearing=round(bearing) % 360,
        metres=round(metres),
        at=Point(float(at[0]), float(at[1])),
    )
