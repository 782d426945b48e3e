"""How many ask again at another price: a stated assumption, drawn by a seed.

Constant elasticity: where a journey costs r times as much, r ** elasticity times as many ask for
it (Varian, "Intermediate Microeconomics", chapter on market demand). At 0 nobody minds the price.
"""

import math

import numpy as np

from foundation.chance import SeededChance
from simulation.impact.errors import ImpactUnusable
from simulation.study.scenario import Whole

LOWEST = -3.0
"""Demand that is more elastic than any study of taxis found is refused as a slip of the pen."""

RATIO_MAX = 4.0
"""A price is taken to be at most so many times, and at least one part in so many, of the other."""


def check_elasticity(elasticity: float) -> None:
    """Refuse what is no elasticity of demand: it is from -3 to 0.

    Raises
    ------
    ImpactUnusable
    """
    if not (math.isfinite(elasticity) and LOWEST <= elasticity <= 0):
        raise ImpactUnusable(
            f"An elasticity of {elasticity:g}", f"makes no sense; from {LOWEST:g} to 0 does"
        )


def asking_rows(fare_today: Whole, fare_proposed: Whole, *, elasticity: float, seed: int) -> Whole:
    """Which requests are made at the proposed prices: row numbers, ascending, some twice or more.

    Each request is kept, lost or joined by others like it with one draw of its own, whatever the
    rules: equal prices change nothing, and two proposals are compared on the same draws.

    Parameters
    ----------
    fare_today, fare_proposed
        int64, (requests,): minor units.
    """
    check_elasticity(elasticity)
    chance = SeededChance(f"{seed} elasticity")
    drawn = np.array([chance.uniform() for _ in range(len(fare_today))])
    ratio = np.maximum(fare_proposed, 1) / np.maximum(fare_today, 1)
    times = np.clip(ratio, 1 / RATIO_MAX, RATIO_MAX) ** elasticity
    whole = np.floor(times)
    copies = whole + (drawn < times - whole)
    return np.repeat(np.arange(len(fare_today)), copies.astype(np.int64))
