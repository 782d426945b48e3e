"""Points to be found by place: the port, what goes through it, and which adapter a database gets.

Rooms put points here that others ask for by nearness or by area (the pick-up and drop-off of each
trip, once the city's reports ask for them). Two adapters answer alike: `storage.geometry_portable` on core PostgreSQL, and
`storage.geometry_postgis` where PostGIS is installed; one contract test holds both to it.

Distances are great-circle distances on the mean sphere, as in `foundation.measures`. Areas are
polygons with edges straight in longitude and latitude (RFC 7946, section 3.1.1); a point on an
edge is inside. A circle may hold a pole or cross the antimeridian; an area that crosses it must
come cut there (RFC 7946, section 3.1.9), and is refused otherwise.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

import h3
import shapely
from sqlalchemy import text

from foundation.errors import Invalid
from foundation.identifiers import UUID
from foundation.measures import Point
from storage.work import UnitOfWork

CELL_RESOLUTION = 9
"""Of H3: hexagons of about 0.1 square kilometres."""

COUNT_MAX = 1_000
RADIUS_METRES_MAX = 1_000_000
FOUND_MAX = 100_000

Area: TypeAlias = "shapely.Polygon | shapely.MultiPolygon"


class SpatialQuestionUnusable(Invalid):
    """A question about places that has no sensible answer: an open area, a negative radius."""

    code = "spatial_question_unusable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"That question about places cannot be answered: {reason}.", reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpatialPoint:
    """A point of something: `role` says which ("trip_pickup"), `owner` of what, `at` since when."""

    owner: UUID
    role: str
    at: datetime
    point: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which points are asked about: those of one role, from `since` until before `until`."""

    role: str
    since: datetime | None = None
    until: datetime | None = None

    def parameters(self) -> dict[str, object]:
        """As the statements of both adapters name them."""
        return {"role": self.role, "since": self.since, "until": self.until}


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """An owner found near a place, and how far its point is from there in metres."""

    owner: UUID
    metres: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """An owner found in an area, by the area's code."""

    owner: UUID
    area: str


class SpatialPoints(Protocol):
    """Finds points by place. The questions' limits are this module's constants."""

    async def nearest(
        self, work: UnitOfWork, selection: Selection, *, origin: Point, count: int
    ) -> tuple[Near, ...]:
        """The `count` nearest to `origin`, nearest first; equally far ones by owner.

        Which of several equally far ones make the end of the list is not promised.

        Raises
        ------
        SpatialQuestionUnusable
            If `count` is not in 1..COUNT_MAX.
        """
        ...

    async def within(
        self, work: UnitOfWork, selection: Selection, *, origin: Point, metres: float
    ) -> tuple[Near, ...]:
        """All at most `metres` from `origin`, nearest first; equally far ones by owner.

        Raises
        ------
        SpatialQuestionUnusable
            If `metres` is not in 0..RADIUS_METRES_MAX, or more than FOUND_MAX are found.
        """
        ...

    async def inside(
        self, work: UnitOfWork, selection: Selection, *, areas: Mapping[str, Area]
    ) -> tuple[Inside, ...]:
        """Each point in each area that holds it, by area and owner.

        Raises
        ------
        SpatialQuestionUnusable
            If an area is empty, crosses itself, the antimeridian or the edge of the map, or more
            than FOUND_MAX are found.
        """
        ...


async def put_points(work: UnitOfWork, points: Sequence[SpatialPoint]) -> None:
    """Keep points; one that its owner already has in that role moves."""
    if points:
        await work.execute(_PUT, [_row(point) for point in points])


async def forget_points(work: UnitOfWork, owners: Sequence[UUID]) -> None:
    """Remove every point of these owners, as retention demands."""
    await work.execute(_FORGET, {"owners": list(owners)})


async def count_by_cell(work: UnitOfWork, selection: Selection) -> dict[str, int]:
    """How many points lie in each H3 cell (by its hexadecimal name) that holds any.

    Raises
    ------
    SpatialQuestionUnusable
        If there are more than FOUND_MAX such cells.
    """
    asked = {**selection.parameters(), "most": FOUND_MAX + 1}
    rows = (await work.execute(_COUNT, asked)).all()
    refuse_too_many(len(rows))
    return {h3.int_to_str(row.cell): row.points for row in rows}


async def spatial_points(work: UnitOfWork) -> SpatialPoints:
    """The adapter for this database: PostGIS where its columns are, the portable one elsewhere."""
    from storage.geometry_portable import PortablePoints
    from storage.geometry_postgis import PostgisPoints

    has_columns = (await work.execute(_HAS_GEOMETRY)).scalar_one()
    return PostgisPoints() if has_columns else PortablePoints()


def checked_count(count: int) -> int:
    """`count` if it can be asked for.

    Raises
    ------
    SpatialQuestionUnusable
        If it cannot.
    """
    if not 1 <= count <= COUNT_MAX:
        raise SpatialQuestionUnusable(f"between 1 and {COUNT_MAX} places can be asked for")
    return count


def checked_radius(metres: float) -> float:
    """`metres` if it can be a radius.

    Raises
    ------
    SpatialQuestionUnusable
        If it cannot.
    """
    if not 0 <= metres <= RADIUS_METRES_MAX:  # a NaN is refused too
        raise SpatialQuestionUnusable(f"the radius must be 0 to {RADIUS_METRES_MAX} metres")
    return metres


def checked_areas(areas: Mapping[str, Area]) -> list[tuple[str, Area]]:
    """The areas by code, if each can be asked about.

    Raises
    ------
    SpatialQuestionUnusable
        If one cannot.
    """
    for code, area in sorted(areas.items()):
        if area.is_empty:
            raise SpatialQuestionUnusable(f"the area {code} is empty")
        west, south, east, north = area.bounds
        if not all(math.isfinite(value) for value in (west, south, east, north)):
            raise SpatialQuestionUnusable(f"the area {code} has a corner that is not a number")
        if west < -180 or east > 180 or south < -90 or north > 90:
            raise SpatialQuestionUnusable(f"the area {code} leaves the map; cut it at 180 degrees")
        if east - west > 180:
            # Either half the Earth or, far more likely, a small area drawn across the antimeridian.
            raise SpatialQuestionUnusable(f"the area {code} is wider than 180 degrees; cut it")
        if not area.is_valid:
            raise SpatialQuestionUnusable(f"the outline of the area {code} crosses itself")
    return sorted(areas.items())


def refuse_too_many(found: int) -> None:
    """Refuse an answer that was cut off at one more than FOUND_MAX.

    Raises
    ------
    SpatialQuestionUnusable
        If it was.
    """
    if found > FOUND_MAX:
        reason = f"more than {FOUND_MAX} places answer it; take a smaller area or a shorter period"
        raise SpatialQuestionUnusable(reason)


def _row(point: SpatialPoint) -> dict[str, object]:
    lon, lat = point.point.lon, point.point.lat
    return {
        "owner": point.owner,
        "role": point.role,
        "at": point.at,
        "lon": float(lon),
        "lat": float(lat),
        "cell": h3.str_to_int(h3.latlng_to_cell(lat, lon, CELL_RESOLUTION)),
    }


_PUT = text("""
    INSERT INTO storage.spatial_point AS kept (owner, role, at, lon, lat, cell)
    VALUES (:owner, :role, :at, :lon, :lat, :cell)
    ON CONFLICT (role, owner) DO UPDATE
    SET at = excluded.at, lon = excluded.lon, lat = excluded.lat, cell = excluded.cell
    WHERE (kept.at, kept.lon, kept.lat) IS DISTINCT FROM (excluded.at, excluded.lon, excluded.lat)
""")
_FORGET = text("DELETE FROM storage.spatial_point WHERE owner = ANY(CAST(:owners AS uuid[]))")
_COUNT = text("""
    SELECT cell, count(*) AS points FROM storage.spatial_point
    WHERE role = :role
      AND at >= coalesce(CAST(:since AS timestamptz), '-infinity')
      AND at < coalesce(CAST(:until AS timestamptz), 'infinity')
    GROUP BY cell ORDER BY cell LIMIT :most
""")
_HAS_GEOMETRY = text("""
    SELECT EXISTS (
        SELECT 1 FROM pg_attribute
        WHERE attrelid = 'storage.spatial_point'::regclass AND attname = 'geom' AND NOT attisdropped
    )
""")
