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
    _prepare_joining()


def _prepare_joining() -> None:
    """What a rider needs who may join a run: two of them, tried in the smallest of runs."""
    from dispatch.matching.shared.insertion import Weights, best_insertion
    from dispatch.matching.shared.run import Caps, Roads, Run, Stop, StopKind
    from foundation.identifiers import UUID, DriverId, TripId

    caps = Caps(wait_ms_max=1000, detour_percent_max=150)
    first, second = (
        caps.trip(TripId(UUID(int=n)), (0, 1), seats=1, wanted_at_ms=0, direct_ms=1) for n in (1, 2)
    )
    stops = (Stop(StopKind.PICKUP, first.trip_id), Stop(StopKind.DROPOFF, first.trip_id))
    run = Run(
        driver_id=DriverId(UUID(int=1)), place=0, free_at_ms=0, seats=2, trips=(first,), stops=stops
    )
    roads = Roads(np.ones((2, 2), dtype=np.int32))
    best_insertion(run, second, roads=roads, weights=Weights())
