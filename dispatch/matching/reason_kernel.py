"""The best of many groups in one walk, as a compiled loop; what they are told for is `reasons`."""

import numpy as np

from dispatch.matching.columns import Whole
from dispatch.matching.pair_kernels import Truth
from foundation.compiled import compiled


@compiled
def best_of_groups(
    groups: Whole, rank_by: Whole, spare: Truth, most: int
) -> tuple[Whole, Whole, Whole]:
    """For each group its places of least rank among the spare ones; of equals the first.

    Parameters
    ----------
    groups, rank_by, spare
        (places,): the group of each place, its rank, and whether it may be taken at all.
    most
        How many to keep of a group.

    Returns
    -------
    tuple of numpy.ndarray
        The groups that have any, as they first came; how many of each, both (groups,); and their
        places, best first, (groups, most), -1 where there are no more.
    """
    size = 0 if len(groups) == 0 else groups.max() + 1
    number_of = np.full(size, -1, np.int64)
    named = np.empty(size, np.int64)
    counts = np.zeros(size, np.int64)
    best = np.full((size, most), -1, np.int64)
    found = 0
    for place in range(len(groups)):
        if not spare[place]:
            continue
        number = number_of[groups[place]]
        if number < 0:
            number = found
            number_of[groups[place]], named[number] = number, groups[place]
            found += 1
        at = counts[number]
        while at > 0 and rank_by[best[number, at - 1]] > rank_by[place]:
            at -= 1
        if at < most:
            last = min(counts[number], most - 1)
            for move in range(last, at, -1):
                best[number, move] = best[number, move - 1]
            best[number, at] = place
            counts[number] = last + 1
    return named[:found], counts[:found], best[:found]
