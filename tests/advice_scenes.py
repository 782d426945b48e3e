"""Scenes of repositioning by hand: zones along a street, a drive apart."""

import numpy as np

from dispatch.matching.advice import Drives, Scene
from dispatch.matching.columns import Whole
from dispatch.matching.policy import Repositioning
from dispatch.matching.reposition import ZoneMap

RULE = Repositioning(
    every_seconds=120, memory_seconds=3600, horizon_seconds=1200, cars_per_zone_max=8,
    worth_seconds=300, drive=100,
)  # fmt: skip
BETWEEN_MS = 120_000


def street(zones: int, between_ms: int = BETWEEN_MS) -> ZoneMap:
    """Zones in a row, each beside the next; the arcs in no order."""
    west = np.arange(zones - 1)
    tails, heads = np.concatenate([west, west + 1]), np.concatenate([west + 1, west])
    return ZoneMap(
        zones=zones, tails=tails, heads=heads,
        drive_ms=np.full(2 * (zones - 1), between_ms),
    )  # fmt: skip


def scene(expected: list[float], cars: list[int], there: list[int] | None = None) -> Scene:
    """So many requests expected of each zone, cars in these zones, cars there anyway."""
    return Scene(
        zone_map=street(len(expected)),
        expected=np.array(expected),
        there=np.array(there or [0] * len(expected)),
        zone_of_car=np.array(cars, dtype=np.int64),
    )


def from_hearts(seen: Scene, further_ms: list[int] | None = None) -> Drives:
    """Road times of cars that stand at the heart of their zone, or further off."""
    more = np.array(further_ms or [0] * len(seen.zone_of_car), dtype=np.int64)

    def drives(pairs: Whole) -> Whole:
        apart = np.abs(seen.zone_of_car[pairs[:, 0]] - pairs[:, 1])
        return apart * BETWEEN_MS + more[pairs[:, 0]]

    return drives
