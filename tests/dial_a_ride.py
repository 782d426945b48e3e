"""Small dial-a-ride problems for tests, and a verifier written from the rules alone.

The verifier shares no code with the product: it is told routes and times, and says what is broken.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from foundation.chance import SeededChance

TINY = """2 4 480 3 30
 0 0.000 0.000 0 0 0 480
 1 3.000 4.000 3 1 0 1440
 2 -3.000 4.000 3 2 60 75
 3 6.000 8.000 3 -1 100 115
 4 3.000 -4.000 3 -2 0 1440
 5 0.000 0.000 0 0 0 480
"""


def any_instance(seed: int, *, requests: int, vehicles: int = 2) -> str:
    """A file in Cordeau's format, drawn as his instances were, in a smaller town."""
    chance = SeededChance(f"dial-a-ride {seed}")
    rows = [(0.0, 0.0, 0, 0, 0, 480)]
    for side in (1, -1):
        for request in range(requests):
            first, last = 0, 1440
            if (request % 2 == 0) == (side == -1):
                first = 60 + chance.below(120)
                last = first + 15
            place = [round(chance.uniform() * 10 - 5, 3) for _ in range(2)]
            rows.append((*place, 3, side * (1 + request % 2), first, last))
    rows.append(rows[0])
    lines = [f"{vehicles} {2 * requests} 240 3 30"]
    return "\n".join([*lines, *(" ".join(map(str, (n, *row))) for n, row in enumerate(rows))])


def faults(
    path: Path,
    routes: Sequence[Sequence[int]],
    leaves: Sequence[float],
    begins: Sequence[Sequence[float]],
) -> list[str]:
    """Every rule that routes and times (in minutes) break, of an instance's own file."""
    text = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    vehicles, _, duration, capacity, ride = (float(word) for word in text[0])
    rows = [[float(word) for word in line] for line in text[1:]]
    half = (len(rows) - 1) // 2
    far = [[math.dist(a[1:3], b[1:3]) for b in rows] for a in rows]
    near, wrong = 1e-4, []
    served = sorted(node for route in routes for node in route)
    if served != list(range(1, 2 * half + 1)):
        wrong.append("not everybody once")
    if len(routes) > vehicles:
        wrong.append("too many cars")
    for route, leave, times in zip(routes, leaves, begins, strict=True):
        load, now, at, begun = 0.0, leave, 0, {}
        if leave < rows[0][5] - near:
            wrong.append("left too early")
        for node, begin in zip(route, times, strict=True):
            if begin < now + far[at][node] - near:
                wrong.append(f"cannot be at {node} so early")
            if not rows[node][5] - near <= begin <= rows[node][6] + near:
                wrong.append(f"outside the window of {node}")
            load += rows[node][4]
            if load > capacity:
                wrong.append(f"too many aboard at {node}")
            begun[node] = begin
            if node > half:
                if node - half not in begun:
                    wrong.append(f"{node} without a pick-up before")
                elif begin - begun[node - half] - rows[node - half][3] > ride + near:
                    wrong.append(f"ride to {node} too long")
            now, at = begin + rows[node][3], node
        home = now + far[at][0]
        if home - leave > duration + near or home > rows[0][6] + near:
            wrong.append("back too late")
    return wrong


def miles(path: Path, routes: Sequence[Sequence[int]]) -> float:
    """Length of routes from and to the depot."""
    text = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    places = [(float(line[1]), float(line[2])) for line in text[1:]]
    whole = [[0, *route, 0] for route in routes]
    return sum(math.dist(places[a], places[b]) for one in whole for a, b in pairwise(one))
