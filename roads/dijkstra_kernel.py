"""The inner loops of Dijkstra's algorithm, compiled to machine code by Numba.

Owns nothing but speed: importing this module brings the compiler in, so it is
imported only when an engine is made, and by the table of a study's streets. The loops hold no interpreter lock.

Graphs are lists of successors: those of arc ``a`` are ``to[first[a]:first[a + 1]]``. All ids
are checked by the caller. A heap entry packs (milliseconds, arc) into one int64, which also
makes the order of equal times, and so every answer, the same on every machine.
"""

import numpy as np

from foundation.compiled import compiled
from roads.network import BoolArray, IntArray, LongArray, WeightArray

UNREACHED = 2**31 - 1
UNDECIDED = -1
_ARC_BITS = 31
_ARC_MASK = 2**31 - 1


@compiled
def push(heap: LongArray, size: int, entry: np.int64) -> None:
    """Add an entry to a heap of ``size`` entries."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if heap[parent] <= entry:
            break
        heap[child] = heap[parent]
        child = parent
    heap[child] = entry


@compiled
def drop_least(heap: LongArray, size: int) -> None:
    """Remove the first entry of a heap of ``size`` entries."""
    entry = heap[size - 1]
    last = size - 1
    parent = 0
    while True:
        child = 2 * parent + 1
        if child >= last:
            break
        if child + 1 < last and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= entry:
            break
        heap[parent] = heap[child]
        parent = child
    heap[parent] = entry


@compiled
def _without_outdated(heap: LongArray, size: int, best: LongArray) -> int:
    """Drop entries at the front of a heap for which something better was found since."""
    while size > 0 and (heap[0] >> _ARC_BITS) > best[heap[0] & _ARC_MASK]:
        drop_least(heap, size)
        size -= 1
    return size


@compiled
def _answer(
    targets: IntArray,
    best: LongArray,
    is_wanted: BoolArray,
    is_exhausted: bool,
    answer: LongArray,
) -> None:
    """Write down what a search found, and want nothing any more."""
    for k in range(len(targets)):
        # A time that is not settled may still get better, unless there was nothing left to settle.
        is_decided = is_exhausted or not is_wanted[targets[k]]
        answer[k] = best[targets[k]] if is_decided else UNDECIDED
    for k in range(len(targets)):
        is_wanted[targets[k]] = False


@compiled
def distances(  # noqa: PLR0917 - compiled loops take plain arrays
    first: LongArray,
    to: IntArray,
    weight: WeightArray,
    sources: IntArray,
    groups: LongArray,
    targets: IntArray,
    settled_max: int,
) -> LongArray:
    """Milliseconds from the end of each source to the end of each of its targets.

    Source ``s`` is asked for ``targets[groups[s]:groups[s + 1]]``. A source as its own target
    is answered with the way round. `UNREACHED` where there is no way; `UNDECIDED` where the
    search has settled ``settled_max`` arcs before the target.
    """
    arcs = len(first) - 1
    best = np.full(arcs, UNREACHED, np.int64)
    is_wanted = np.zeros(arcs, np.bool_)
    touched = np.empty(arcs, np.int64)
    heap = np.empty(len(to) + 1, np.int64)
    answer = np.empty(len(targets), np.int64)
    for s in range(len(sources)):
        wanted = 0
        for k in range(groups[s], groups[s + 1]):
            if not is_wanted[targets[k]]:
                is_wanted[targets[k]] = True
                wanted += 1
        size, seen, settled, is_exhausted = 0, 0, 0, False
        here, now = np.int64(sources[s]), np.int64(0)
        # The source is left before it is reached: only a way round arrives at it.
        while wanted > 0 and settled <= settled_max:
            settled += 1
            for turn in range(first[here], first[here + 1]):
                arc = np.int64(to[turn])
                reached = now + np.int64(weight[turn])
                if reached < best[arc]:
                    if best[arc] == UNREACHED:
                        touched[seen] = arc
                        seen += 1
                    best[arc] = reached
                    push(heap, size, (reached << _ARC_BITS) | arc)
                    size += 1
            size = _without_outdated(heap, size, best)
            if size == 0:
                is_exhausted = True
                break
            here, now = heap[0] & _ARC_MASK, heap[0] >> _ARC_BITS
            drop_least(heap, size)
            size -= 1
            wanted -= is_wanted[here]
            is_wanted[here] = False
        begin, end = groups[s], groups[s + 1]
        _answer(targets[begin:end], best, is_wanted, is_exhausted, answer[begin:end])
        for k in range(seen):
            best[touched[k]] = UNREACHED
    return answer


@compiled
def tree(
    first: LongArray, to: IntArray, weight: WeightArray, source: int, target: int
) -> LongArray:
    """From which arc each arc was reached on a shortest way from the source, -1 if it was not.

    Complete for the target and whatever lies nearer; the source's own entry is the way round.
    """
    arcs = len(first) - 1
    best = np.full(arcs, UNREACHED, np.int64)
    came_from = np.full(arcs, -1, np.int64)
    heap = np.empty(len(to) + 1, np.int64)
    size = 0
    here, now = np.int64(source), np.int64(0)
    while True:
        for turn in range(first[here], first[here + 1]):
            arc = np.int64(to[turn])
            reached = now + np.int64(weight[turn])
            if reached < best[arc]:
                best[arc] = reached
                came_from[arc] = here
                push(heap, size, (reached << _ARC_BITS) | arc)
                size += 1
        size = _without_outdated(heap, size, best)
        if size == 0:
            break
        here, now = heap[0] & _ARC_MASK, heap[0] >> _ARC_BITS
        drop_least(heap, size)
        size -= 1
        if here == target:
            break
    return came_from
