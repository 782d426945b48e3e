"""Points by place on core PostgreSQL: a GiST index on `point`, and Shapely for areas."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from sqlalchemy import text

from foundation.identifiers import UUID
from foundation.measures import Point
from storage.geometry import (
    FOUND_MAX,
    Area,
    Inside,
    Near,
    Selection,
    checked_areas,
    checked_count,
    checked_radius,
    refuse_too_many,
)
from storage.work import UnitOfWork


class PortablePoints:
    """The adapter of `storage.geometry.SpatialPoints` that needs no extension for geometry."""

    async def nearest(
        self, work: UnitOfWork, selection: Selection, *, origin: Point, count: int
    ) -> tuple[Near, ...]:
        """See the port. Exact everywhere, quick away from the poles and the antimeridian."""
        asked = {**_origin(origin), "count": checked_count(count)}
        rows = await work.execute(_NEAREST, {**selection.parameters(), **asked})
        return tuple(Near(owner=row.owner, metres=row.metres) for row in rows)

    async def within(
        self, work: UnitOfWork, selection: Selection, *, origin: Point, metres: float
    ) -> tuple[Near, ...]:
        """See the port."""
        asked = {**_origin(origin), "metres": checked_radius(metres), "most": FOUND_MAX + 1}
        rows = (await work.execute(_WITHIN, {**selection.parameters(), **asked})).all()
        refuse_too_many(len(rows))
        return tuple(Near(owner=row.owner, metres=row.metres) for row in rows)

    async def inside(
        self, work: UnitOfWork, selection: Selection, *, areas: Mapping[str, Area]
    ) -> tuple[Inside, ...]:
        """See the port. The database finds the points in the areas' boxes, Shapely the rest."""
        chosen = checked_areas(areas)
        if not chosen:
            return ()
        bounds = shapely.bounds([area for _, area in chosen])  # (areas, 4): west south east north
        asked: dict[str, Any] = {
            name: bounds[:, column].tolist()
            for column, name in enumerate(("west", "south", "east", "north"))
        }
        asked |= {**selection.parameters(), "most": FOUND_MAX + 1}
        rows = (await work.execute(_IN_BOXES, asked)).all()
        refuse_too_many(len(rows))
        # Off the event loop: a large answer takes a tenth of a second of arithmetic.
        found = await asyncio.to_thread(_sort_into_areas, rows, chosen)
        refuse_too_many(len(found))
        return found


def _sort_into_areas(rows: Sequence[Any], chosen: Sequence[tuple[str, Area]]) -> tuple[Inside, ...]:
    if not rows:
        return ()
    points = shapely.points(np.array([(row.lon, row.lat) for row in rows]))
    tree = shapely.STRtree([area for _, area in chosen])
    pairs = tree.query(points, predicate="covered_by").T.tolist()  # (found, 2): point, area
    found: list[tuple[str, UUID]] = [(chosen[area][0], rows[point].owner) for point, area in pairs]
    return tuple(Inside(owner=owner, area=area) for area, owner in sorted(found))


def _origin(origin: Point) -> dict[str, object]:
    return {"lon": float(origin.lon), "lat": float(origin.lat)}


_SELECTED = """
    role = :role
    AND at >= coalesce(CAST(:since AS timestamptz), '-infinity')
    AND at < coalesce(CAST(:until AS timestamptz), 'infinity')
"""

# The index orders by degrees, which is the wrong order; but the farthest of the first `count` by
# degrees bounds how far the true ones can be, and all within that bound are then looked at.
_NEAREST = text(f"""
    WITH bound AS (
        SELECT max(storage.metres_between(:lon, :lat, lon, lat)) AS metres
        FROM (
            SELECT lon, lat FROM storage.spatial_point
            WHERE {_SELECTED}
            ORDER BY spot <-> point(:lon, :lat) LIMIT :count
        ) AS by_degrees
    )
    SELECT found.owner, storage.metres_between(:lon, :lat, found.lon, found.lat) AS metres
    FROM bound
    CROSS JOIN LATERAL storage.boxes_around(:lon, :lat, bound.metres) AS around
    JOIN storage.spatial_point AS found ON found.spot <@ around
    WHERE bound.metres IS NOT NULL AND {_SELECTED}
    ORDER BY metres, found.owner LIMIT :count
""")  # noqa: S608 - joined of constants only
_WITHIN = text(f"""
    SELECT * FROM (
        SELECT found.owner, storage.metres_between(:lon, :lat, found.lon, found.lat) AS metres
        FROM storage.boxes_around(:lon, :lat, :metres) AS around
        JOIN storage.spatial_point AS found ON found.spot <@ around
        WHERE {_SELECTED}
    ) AS near
    WHERE metres <= :metres
    ORDER BY metres, owner LIMIT :most
""")  # noqa: S608 - joined of constants only
_IN_BOXES = text(f"""
    SELECT DISTINCT owner, lon, lat
    FROM unnest(CAST(:west AS float8[]), CAST(:south AS float8[]),
                CAST(:east AS float8[]), CAST(:north AS float8[]))
        AS area (west, south, east, north)
    JOIN storage.spatial_point
        ON spot <@ box(point(area.west, area.south), point(area.east, area.north))
    WHERE {_SELECTED}
    LIMIT :most
""")  # noqa: S608 - joined of constants only
