"""Strokes: streets as the eye follows them, straight on over junctions.

Where a network knows no names and no classes, the length of the stroke an arc belongs to tells an
avenue from a side street. Source: R. C. Thomson and D. E. Richardson, "The 'good continuation'
principle of perceptual organization applied to the generalization of road networks", Proc. 19th
International Cartographic Conference (1999). Pure.
"""

import numpy as np
import numpy.typing as npt

from roads.measure import bearings_of_ends, turn_degrees
from roads.network import FloatArray, IntArray, RoadNetwork

BEND_DEGREES_MAX = 30.0
"""A stroke goes on where it bends by no more than this."""


def stroke_metres(network: RoadNetwork) -> FloatArray:
    """Length of the stroke that each arc belongs to, metres, (arcs,).

    At each junction the straightest pair of arcs, one arriving and one leaving, is joined first;
    an arc goes on into one arc at most. Of equals, the arcs numbered lower are joined.
    """
    following = _following(network)
    root = np.arange(network.arc_count)
    # Each arc takes the lowest number in its stroke; doubling steps reach its far end soon.
    ahead = np.where(following >= 0, following, np.arange(network.arc_count))
    behind = np.arange(network.arc_count)
    has_next = np.flatnonzero(following >= 0)
    behind[following[has_next]] = has_next
    for step in (ahead, behind):
        jump = step.copy()
        for _ in range(network.arc_count.bit_length()):
            root = np.minimum(root, root[jump])
            jump = jump[jump]
    _, stroke = np.unique(root, return_inverse=True)
    lengths: FloatArray = np.bincount(stroke, weights=network.arc_metres.astype(np.float64)).astype(
        np.float64
    )
    return lengths[stroke]


def _following(network: RoadNetwork) -> npt.NDArray[np.int64]:
    """The arc each arc goes straight on into, -1 where it ends."""
    leaves, arrives = bearings_of_ends(network.coords, network.offsets[:-1], network.offsets[1:])
    before: IntArray = network.turn_from
    after: IntArray = network.turn_to
    bend = np.abs(turn_degrees(arrives[before], leaves[after]))
    order = np.lexsort((after, before, bend))
    following = np.full(network.arc_count, -1, np.int64)
    taken = np.zeros(network.arc_count, np.bool_)
    for turn in order[: int(np.searchsorted(bend[order], BEND_DEGREES_MAX, side="right"))].tolist():
        one, other = int(before[turn]), int(after[turn])
        if following[one] < 0 and not taken[other]:
            following[one] = other
            taken[other] = True
    return following
