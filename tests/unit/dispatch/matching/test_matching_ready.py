"""What is compiled beforehand is what a round needs: nothing is compiled while riders wait."""

import subprocess
import sys

ROUND = """
from dispatch.matching import assignment_kernel, candidate_pairs, decide, kernels, pair_kernels
from dispatch.matching import prepare, reason_kernel
from dispatch.matching.shared import run_kernel
from dispatch.matching.shared.joining import Wish, join
from dispatch.matching.shared.run import Run, Stop, StopKind, schedule
from tests.matching_world import driver, driver_id, place, round_of, snapshot, trip, trip_id
from tests.shared_runs import line_of, ride

prepare()
loops = [kernels.morton_keys, kernels.nearest]
loops += [assignment_kernel.by_paths]
loops += [pair_kernels.weigh, pair_kernels.driver_terms, pair_kernels.broken_pairs]
loops += [pair_kernels.settle_heats, pair_kernels.kept_for_later, reason_kernel.best_of_groups]
loops += [run_kernel.best_place, run_kernel.follow]
before = [len(loop.signatures) for loop in loops]
rows = [trip(1), trip(2)], [driver(n, at=place(n)) for n in range(40)]
candidate_pairs(snapshot(*rows))
decide(round_of(*rows, {(1, 1): 60, (2, 1): 90, (2, 2): 200, (1, 2): 100}))
roads = line_of(20)
stops = (Stop(StopKind.PICKUP, trip_id(1)), Stop(StopKind.DROPOFF, trip_id(1)))
run = Run(driver_id=driver_id(1), place=0, free_at_ms=0, seats=4, stops=stops,
          trips=(ride(1, 1, 10, roads=roads),))
assert len(join([Wish(trip=ride(9, 3, 7, roads=roads), runs=(run,), roads=roads)])) == 1
assert schedule(run, roads).breach is None
assert before == [1] * len(loops) == [len(loop.signatures) for loop in loops], before
"""


def test_a_round_compiles_nothing_that_was_not_prepared() -> None:
    # In a process of its own: tests beside it may have compiled for other types.
    done = subprocess.run(
        [sys.executable, "-c", ROUND], capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 0, done.stderr
