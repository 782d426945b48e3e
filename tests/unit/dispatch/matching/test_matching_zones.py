"""Waiting zones: every place is in the one whose middle is nearest; all are of about one size."""

import numpy as np
import pytest

from dispatch.matching.zones import JUNCTIONS_A_ZONE, Division, neighbours_by


def grid(columns: int, rows: int) -> np.ndarray:
    """Junctions of a grid town at 40 degrees north."""
    east, north = np.meshgrid(np.arange(columns), np.arange(rows))
    return np.stack([-74 + east.ravel() * 0.003, 40 + north.ravel() * 0.00225], axis=1)


def test_the_zone_of_a_junction_is_told_by_the_middles_alone() -> None:
    junctions = grid(30, 20)
    division = Division.of(junctions)
    assert len(division) == round(600 / JUNCTIONS_A_ZONE)
    assert (division.zones_at(junctions) == division.zone_of).all()
    assert [division.zone_at(*place) for place in junctions.tolist()] == division.zone_of.tolist()
    # The heart of each zone lies in it.
    assert (division.zone_of[division.centres] == np.arange(len(division))).all()
    sizes = np.bincount(division.zone_of)
    assert sizes.min() > JUNCTIONS_A_ZONE / 2
    assert sizes.max() < JUNCTIONS_A_ZONE * 2


def test_a_place_far_from_all_junctions_is_in_the_nearest_zone() -> None:
    division = Division.of(grid(30, 20))
    away = division.zones_at(np.array([[-75.0, 39.0], [-73.0, 41.0]]))
    assert away.tolist() == [
        division.zones_at(grid(30, 20)[:1])[0],
        division.zones_at(grid(30, 20)[-1:])[0],
    ]


@pytest.mark.parametrize("junctions", [1, 2, 27, 41])
def test_a_hamlet_is_one_zone_and_leads_nowhere_else(junctions: int) -> None:
    division = Division.of(grid(junctions, 1))
    assert len(division) == 1
    assert division.zones_at(np.zeros((0, 2))).tolist() == []
    assert len(neighbours_by(np.zeros((1, 1), dtype=np.int64)).tails) == 0


def test_every_zone_can_be_reached_from_every_other_over_neighbours() -> None:
    # Two towns, an hour apart: the nearest eight of each are all at home.
    drives = np.full((40, 40), 3_600_000)
    drives[:20, :20] = drives[20:, 20:] = 60_000
    zone_map = neighbours_by(drives)
    reached = {0}
    while True:
        more = {
            head
            for tail, head in zip(zone_map.tails.tolist(), zone_map.heads.tolist(), strict=True)
            if tail in reached
        }
        if more <= reached:
            break
        reached |= more
    assert reached == set(range(40))
    assert (zone_map.drive_ms == drives[zone_map.tails, zone_map.heads]).all()
