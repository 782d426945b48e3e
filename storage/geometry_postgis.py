"""Points by place on PostGIS: a geography for nearness, a geometry for areas."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import shapely
from geoalchemy2 import Geography, Geometry
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    and_,
    cast,
    func,
    select,
    true,
)
from sqlalchemy import (
    column as named,
)

from foundation.measures import EARTH_RADIUS_METRES, Point
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

_POSTGIS_RADIUS_METRES = (2 * 6_378_137.0 + 6_356_752.314_245) / 3
"""Of the sphere that PostGIS takes for WGS 84; four parts in a thousand million off ours."""

_TO_OURS = EARTH_RADIUS_METRES / _POSTGIS_RADIUS_METRES

_FIRST_RING_METRES = 500.0
_RING_GROWS_BY = 4.0
"""500 m, 2 km, 8 km and so on: a city's answer is in the first three, the whole Earth is the ninth."""
_HALF_ROUND_THE_EARTH_METRES = math.pi * EARTH_RADIUS_METRES

_POINTS = Table(
    "spatial_point",
    MetaData(schema="storage"),
    Column("owner", Uuid, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("at", DateTime(timezone=True)),
    Column("geom", Geometry("POINT", srid=4326, spatial_index=False)),
)
# Without a type of geometry, or the expression would not be the one that is indexed.
_AS_INDEXED = Geography(geometry_type=None)
_GEOGRAPHY = cast(_POINTS.c.geom, _AS_INDEXED)


class PostgisPoints:
    """The adapter of `storage.geometry.SpatialPoints` for databases with the branch `postgis`."""

    async def nearest(
        self, work: UnitOfWork, selection: Selection, *, origin: Point, count: int
    ) -> tuple[Near, ...]:
        """See the port.

        By rings that grow until they hold enough: the index's own order by distance (`<->`) ends
        in an internal error near the poles and the antimeridian (PostgreSQL's "index returned
        tuples in wrong order", seen with PostGIS 3.3).
        """
        checked_count(count)
        metres = _FIRST_RING_METRES
        while True:
            everywhere = metres > _HALF_ROUND_THE_EARTH_METRES
            within = (
                true()
                if everywhere
                else func.ST_DWithin(_GEOGRAPHY, _geography(origin), metres, False)
            )
            statement = (
                select(_POINTS.c.owner, _metres_from(origin).label("metres"))
                .where(_selected(selection))
                .where(within)
                .order_by(named("metres"), _POINTS.c.owner)
                .limit(count)
            )
            rows = (await work.execute(statement)).all()
            if everywhere or len(rows) == count:
                return _in_order(rows)
            metres *= _RING_GROWS_BY

    async def within(
        self, work: UnitOfWork, selection: Selection, *, origin: Point, metres: float
    ) -> tuple[Near, ...]:
        """See the port."""
        reach = checked_radius(metres) / _TO_OURS
        statement = (
            select(_POINTS.c.owner, _metres_from(origin).label("metres"))
            .where(_selected(selection))
            .where(func.ST_DWithin(_GEOGRAPHY, _geography(origin), reach, False))
            .limit(FOUND_MAX + 1)
        )
        rows = (await work.execute(statement)).all()
        refuse_too_many(len(rows))
        return _in_order(rows)

    async def inside(
        self, work: UnitOfWork, selection: Selection, *, areas: Mapping[str, Area]
    ) -> tuple[Inside, ...]:
        """See the port."""
        chosen = checked_areas(areas)
        asked = (
            func.unnest(
                cast([code for code, _ in chosen], ARRAY(Text)),
                cast([shapely.to_wkb(area) for _, area in chosen], ARRAY(LargeBinary)),
            )
            .table_valued(named("code", Text), named("outline", LargeBinary), name="area")
            .render_derived()
        )
        outline = func.ST_GeomFromWKB(asked.c.outline, 4326)
        statement = (
            select(_POINTS.c.owner, asked.c.code)
            .join_from(asked, _POINTS, func.ST_Covers(outline, _POINTS.c.geom))
            .where(_selected(selection))
            .order_by(asked.c.code.collate("C"), _POINTS.c.owner)
            .limit(FOUND_MAX + 1)
        )
        rows = (await work.execute(statement)).all()
        refuse_too_many(len(rows))
        return tuple(Inside(owner=row.owner, area=row.code) for row in rows)


def _selected(selection: Selection) -> ColumnElement[bool]:
    since: datetime | None = selection.since
    until: datetime | None = selection.until
    return and_(
        _POINTS.c.role == selection.role,
        _POINTS.c.at >= since if since is not None else true(),
        _POINTS.c.at < until if until is not None else true(),
    )


def _geography(point: Point) -> ColumnElement[Any]:
    made = func.ST_SetSRID(func.ST_MakePoint(float(point.lon), float(point.lat)), 4326)
    return cast(made, _AS_INDEXED)


def _metres_from(origin: Point) -> ColumnElement[float]:
    return func.ST_Distance(_GEOGRAPHY, _geography(origin), False) * _TO_OURS


def _in_order(rows: Any) -> tuple[Near, ...]:
    near = [Near(owner=row.owner, metres=row.metres) for row in rows]
    return tuple(sorted(near, key=lambda one: (one.metres, one.owner)))
