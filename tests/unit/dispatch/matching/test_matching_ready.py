"""What is compiled beforehand is what a round needs: nothing is compiled while riders wait."""

import subprocess
import sys

ROUND = """
from dispatch.matching import assignment_kernel, candidate_pairs, decide, kernels, prepare
from tests.matching_world import driver, place, round_of, snapshot, trip

prepare()
loops = [kernels.morton_keys, kernels.nearest]
loops += [assignment_kernel.cheapest, assignment_kernel.shortest_paths]
before = [len(loop.signatures) for loop in loops]
rows = [trip(1), trip(2)], [driver(n, at=place(n)) for n in range(40)]
candidate_pairs(snapshot(*rows))
decide(round_of(*rows, {(1, 1): 60, (2, 1): 90, (2, 2): 200, (1, 2): 100}))
assert before == [1, 1, 1, 1] == [len(loop.signatures) for loop in loops], before
"""


def test_a_round_compiles_nothing_that_was_not_prepared() -> None:
    # In a process of its own: tests beside it may have compiled for other types.
    done = subprocess.run(
        [sys.executable, "-c", ROUND], capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 0, done.stderr
