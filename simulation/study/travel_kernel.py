"""The inner loops over streets: all shortest times, and walks along them. Compiled by Numba.

Graphs are lists of successors: those of junction ``a`` are ``to[first[a]:first[a + 1]]``.
"""

import numpy as np
from numpy.typing import NDArray

from foundation.compiled import compiled
from roads.dijkstra_kernel import drop_least, push

Whole = NDArray[np.int64]
Times = NDArray[np.int32]

UNREACHED = 2**31 - 1
_NODE_BITS = 24
_NODE_MASK = 2**24 - 1


@compiled
def all_times(first: Whole, to: Whole, ms: Whole, source: int, times: Times) -> None:
    """Shortest times from one junction into its row: Dijkstra with a binary heap.

    A heap entry packs (milliseconds, junction), so equal times come in the same order everywhere.
    """
    row = times[source]
    row[:] = UNREACHED
    row[source] = 0
    heap = np.empty(len(to) + 1, np.int64)
    heap[0] = source
    size = 1
    while size > 0:
        node, now = heap[0] & _NODE_MASK, heap[0] >> _NODE_BITS
        drop_least(heap, size)
        size -= 1
        if now > row[node]:
            continue
        for edge in range(first[node], first[node + 1]):
            then = now + ms[edge]
            if then < row[to[edge]]:
                row[to[edge]] = then
                push(heap, size, (then << _NODE_BITS) | to[edge])
                size += 1


@compiled
def next_edge(  # noqa: PLR0917 - compiled loops take plain arrays
    times: Times, first: Whole, to: Whole, ms: Whole, node: int, target: int
) -> int:
    """The first edge, by number, of a shortest way from a junction to another one."""
    left = times[node, target]
    for edge in range(first[node], first[node + 1]):
        if ms[edge] + times[to[edge], target] == left:
            return edge
    return -1


@compiled
def walk(  # noqa: PLR0917
    times: Times, first: Whole, to: Whole, ms: Whole, lengths: Whole, begin: int, end: int
) -> int:
    """Length of the shortest way in time between two junctions."""
    length = 0
    while begin != end:
        edge = next_edge(times, first, to, ms, begin, end)
        length += lengths[edge]
        begin = to[edge]
    return length


@compiled
def walks(  # noqa: PLR0917
    times: Times, first: Whole, to: Whole, ms: Whole, lengths: Whole, begins: Whole, ends: Whole
) -> Whole:
    """`walk` for many pairs; (pairs,)."""
    found = np.empty(len(begins), np.int64)
    for pair in range(len(begins)):
        found[pair] = walk(times, first, to, ms, lengths, begins[pair], ends[pair])
    return found
