"""A town for city packs: a chessboard of streets with a park, a pond, a rail and a name."""

from collections.abc import Mapping
from pathlib import Path

from tests.unit.roads.osm_town import OsmTown

SIDE = 12
"""Junctions along each side, one thousandth of a degree apart."""


def chessboard(folder: Path, *, node_tags: Mapping[int, Mapping[str, str]] | None = None) -> Path:
    """Write the town; node ``row * SIDE + column + 1`` is a junction."""
    town = OsmTown()
    tags = {1: {"place": "town", "name": "Brettstadt"}, **(node_tags or {})}
    for row in range(SIDE):
        for column in range(SIDE):
            number = row * SIDE + column + 1
            town.node(number, column * 2, row * 2, **tags.get(number, {}))
    for i in range(SIDE):
        row = [i * SIDE + column + 1 for column in range(SIDE)]
        column = [r * SIDE + i + 1 for r in range(SIDE)]
        kind = "primary" if i == 5 else "residential"
        town.street(100 + i, *row, name=f"Row {chr(65 + i)}", highway=kind)
        town.street(200 + i, *column, name=f"Column {chr(65 + i)}")
    town.way(300, [1, 2, SIDE + 2, SIDE + 1, 1], {"leisure": "park", "name": "Park"})
    town.way(301, [2, 3, SIDE + 3, SIDE + 2, 2], {"natural": "water", "water": "pond"})
    town.way(302, [1, SIDE * SIDE], {"railway": "rail"})
    town.way(303, [4, 5], {"building": "yes", "addr:country": "AT"})
    return town.write(folder)
