"""Getting ready: everything that is compiled, compiled."""

import numpy as np


def prepare() -> None:
    """Compile every loop, or read what was compiled: up to some seconds, once in a process.

    Without it the first round does so, while riders wait.
    """
    from dispatch.matching import assignment_kernel, kernels

    none, pair = np.zeros(0, dtype=np.int64), np.zeros(2, dtype=np.int64)
    zero, places = np.zeros(1, dtype=np.int64), np.zeros((1, 2), dtype=np.int64)
    keys = kernels.morton_keys(zero, zero)
    kernels.nearest(keys, zero, places, zero, pair, pair, places, 1, 1, 1)
    assignment_kernel.cheapest(pair, none, none, zero, none)
    assignment_kernel.shortest_paths(pair, none, none, zero, 0, 0)
