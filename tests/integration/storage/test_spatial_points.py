"""One contract, two adapters: core PostgreSQL and PostGIS find the same points by place.

The oracle is arithmetic on all points, which uses no index and no database.
"""

import itertools
import math
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from foundation.chance import SeededChance
from foundation.measures import Point, distance_metres
from storage import geometry
from storage.engine import Database
from storage.geometry import (
    Selection,
    SpatialPoint,
    SpatialPoints,
    SpatialQuestionUnusable,
    put_points,
    spatial_points,
)
from storage.geometry_portable import PortablePoints
from storage.geometry_postgis import PostgisPoints
from storage.migrate import migrate
from tests.machine import absent

START = datetime(2030, 1, 1, tzinfo=UTC)
_roles = (f"role-{number}" for number in itertools.count())
CONTRACT = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def postgis_address() -> Iterator[str]:
    """A migrated database with PostGIS, on the server that dev.py started."""
    address = os.environ.get("KHAN_POSTGIS_URL")
    if not address:
        absent("no PostGIS: run `python3 dev.py test --postgis`")
    name = f"khan_spatial_{os.getpid()}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        made = address.replace("/khan_postgis?", f"/{name}?")
        with psycopg.connect(made, autocommit=True) as inside:
            inside.execute("CREATE EXTENSION postgis")
        migrate(made)
        yield made
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["portable", pytest.param("postgis", marks=pytest.mark.postgis)])
async def city(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """A database that one of the two adapters is for."""
    address = "database_address" if request.param == "portable" else "postgis_address"
    database = Database(request.getfixturevalue(address), chance=SeededChance(7))
    yield database
    await database.dispose()


def tolerance(metres: float) -> float:
    """The haversine formula loses half its digits at the antipode."""
    return 0.001 + metres * 1e-8 if metres < 15_000_000 else 3.0


def points_of(places: list[Point], role: str) -> list[SpatialPoint]:
    return [
        SpatialPoint(owner=uuid.UUID(int=number + 1), role=role, at=START, point=place)
        for number, place in enumerate(places)
    ]


async def asked(database: Database, places: list[Point]) -> tuple[SpatialPoints, Selection]:
    """Put the places, in a role of their own."""
    selection = Selection(role=next(_roles))
    async with database.work() as work:
        await put_points(work, points_of(places, selection.role))
        return await spatial_points(work), selection


def _degrees(limit: int) -> st.SearchStrategy[float]:
    edges = st.sampled_from([-limit, limit, limit - 1e-6, 1e-6 - limit])
    return st.one_of(edges, st.integers(-limit * 10**6, limit * 10**6).map(lambda n: n / 10**6))


def _is_somewhere(pair: tuple[float, float]) -> bool:
    return pair != (0, 0)


ANYWHERE = st.tuples(_degrees(180), _degrees(90)).filter(_is_somewhere).map(lambda p: Point(*p))
# A coarse grid, so that equal distances and points on edges are common.
IN_TOWN = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(
    lambda p: Point(-74 + p[0] / 1000, 40.7 + p[1] / 1000)
)
PLACES = st.one_of(st.lists(IN_TOWN, max_size=40), st.lists(ANYWHERE, max_size=25))
ORIGINS = st.one_of(IN_TOWN, ANYWHERE)


async def test_a_database_without_postgis_gets_the_portable_adapter(database: Database) -> None:
    async with database.work() as work:
        assert type(await spatial_points(work)) is PortablePoints


@pytest.mark.postgis
async def test_a_database_with_postgis_gets_its_adapter(postgis_address: str) -> None:
    database = Database(postgis_address)
    async with database.work() as work:
        assert type(await spatial_points(work)) is PostgisPoints
    await database.dispose()


@CONTRACT
@given(places=PLACES, origin=ORIGINS, count=st.integers(1, 12))
@example(  # by degrees the second is nearer; on the ground the first is
    places=[Point(20.015, 60.0), Point(20.0, 60.01)], origin=Point(20.0, 60.0), count=1
)
@example(places=[Point(180, 10), Point(179, 10)], origin=Point(-179.999, 10), count=1)
@example(places=[Point(-90, 89.9), Point(90, 89.0)], origin=Point(90, 89.99), count=2)
@example(places=[Point(10, 90), Point(10, -90)], origin=Point(-170, 90), count=1)
@example(  # where PostGIS's own order by distance may end in an internal error
    places=[
        Point(-180, -0.278784), Point(-179.999999, 0.000219), Point(-180, 0.013237),
        Point(180, -0.278784), Point(180, 89.999999),
    ],
    origin=Point(-180, 89.999999), count=5,
)  # fmt: skip
async def test_the_nearest_are_the_nearest(
    city: Database, places: list[Point], origin: Point, count: int
) -> None:
    finder, selection = await asked(city, places)
    async with city.work() as work:
        found = await finder.nearest(work, selection, origin=origin, count=count)
    distances = sorted(distance_metres(origin, place) for place in places)
    assert [near.metres for near in found] == [
        pytest.approx(metres, abs=tolerance(metres)) for metres in distances[:count]
    ]
    assert len({near.owner for near in found}) == len(found)
    assert list(found) == sorted(found, key=lambda near: (near.metres, near.owner))
    for near in found:
        true_metres = distance_metres(origin, places[near.owner.int - 1])
        assert near.metres == pytest.approx(true_metres, abs=tolerance(true_metres))


@CONTRACT
@given(places=PLACES, origin=ORIGINS, metres=st.one_of(st.floats(0, 3000), st.floats(0, 1e6)))
@example(places=[Point(-179.99, 0.01)], origin=Point(179.99, 0.01), metres=3000.0)
@example(places=[Point(1, -89.99), Point(-179, -89.99)], origin=Point(90, -90), metres=1200.0)
async def test_all_within_a_radius_are_found_and_no_other(
    city: Database, places: list[Point], origin: Point, metres: float
) -> None:
    finder, selection = await asked(city, places)
    async with city.work() as work:
        found = await finder.within(work, selection, origin=origin, metres=metres)
    owners = [near.owner.int for near in found]
    assert len(set(owners)) == len(owners)
    for number, place in enumerate(places, start=1):
        apart = distance_metres(origin, place) - metres
        if abs(apart) > tolerance(metres):  # on the rim either answer will do
            assert (number in owners) == (apart < 0)
    assert list(found) == sorted(found, key=lambda near: (near.metres, near.owner))


AREAS = st.lists(
    st.one_of(
        st.tuples(IN_TOWN, IN_TOWN).map(lambda c: shapely.box(*_ordered(c[0], c[1]))),
        st.lists(IN_TOWN, min_size=3, max_size=6).map(
            lambda corners: shapely.convex_hull(
                shapely.MultiPoint([(corner.lon, corner.lat) for corner in corners])
            )
        ),
    ).filter(lambda area: isinstance(area, shapely.Polygon) and area.is_valid and area.area > 0),
    max_size=5,
)


def _ordered(a: Point, b: Point) -> tuple[float, float, float, float]:
    return min(a.lon, b.lon), min(a.lat, b.lat), max(a.lon, b.lon), max(a.lat, b.lat)


@CONTRACT
@given(places=st.lists(IN_TOWN, max_size=40), outlines=AREAS)
async def test_points_in_areas_are_found_those_on_the_edge_too(
    city: Database, places: list[Point], outlines: list[shapely.Polygon]
) -> None:
    finder, selection = await asked(city, places)
    areas = {f"zone {number}": outline for number, outline in enumerate(outlines)}
    async with city.work() as work:
        found = await finder.inside(work, selection, areas=areas)
    assert [(inside.area, inside.owner.int) for inside in found] == [
        (code, number)
        for code, outline in sorted(areas.items())
        for number, place in enumerate(places, start=1)
        if outline.covers(shapely.Point(place.lon, place.lat))
    ]


async def test_an_area_of_several_parts_and_holes_is_taken_as_it_is(city: Database) -> None:
    ring = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
    area = shapely.MultiPolygon([ring, shapely.box(170, 80, 180, 90)])
    places = [Point(0.5, 0.5), Point(1.5, 1.5), Point(1, 1.5), Point(180, 90), Point(-180, 85)]
    finder, selection = await asked(city, places)
    async with city.work() as work:
        found = await finder.inside(work, selection, areas={"a": area})
    assert [inside.owner.int for inside in found] == [1, 3, 4]


@pytest.mark.parametrize(
    "area",
    [
        shapely.Polygon(),
        shapely.box(170, 10, 190, 20),
        shapely.box(-179, 10, 179, 20),
        shapely.box(0, 80, 10, 91),
        shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]),
        shapely.Polygon([(0, 0), (1, math.inf), (1, 0)]),
    ],
    ids=["empty", "off the map", "across the antimeridian", "past the pole", "crossing", "open"],
)
async def test_an_area_without_an_inside_is_refused(city: Database, area: shapely.Polygon) -> None:
    async with city.work() as work:
        finder = await spatial_points(work)
        with pytest.raises(SpatialQuestionUnusable):
            await finder.inside(work, Selection(role="any"), areas={"a": area})


@pytest.mark.parametrize("metres", [-1.0, math.nan, math.inf, 1_000_001.0])
async def test_a_radius_that_is_none_is_refused(city: Database, metres: float) -> None:
    async with city.work() as work:
        finder = await spatial_points(work)
        with pytest.raises(SpatialQuestionUnusable):
            await finder.within(work, Selection(role="any"), origin=Point(1, 1), metres=metres)


@pytest.mark.parametrize("count", [0, -1, 1001])
async def test_a_count_out_of_bounds_is_refused(city: Database, count: int) -> None:
    async with city.work() as work:
        finder = await spatial_points(work)
        with pytest.raises(SpatialQuestionUnusable):
            await finder.nearest(work, Selection(role="any"), origin=Point(1, 1), count=count)


async def test_only_the_asked_role_and_period_is_looked_at(city: Database) -> None:
    here, role = Point(-74, 40.7), next(_roles)
    async with city.work() as work:
        for hour in range(4):
            at, owner = START + timedelta(hours=hour), uuid.UUID(int=hour + 1)
            await put_points(work, [SpatialPoint(owner=owner, role=role, at=at, point=here)])
        finder = await spatial_points(work)
        chosen = Selection(
            role=role, since=START + timedelta(hours=1), until=START + timedelta(hours=3)
        )
        area = {"a": shapely.box(-75, 40, -73, 41)}
        answers = [
            await finder.nearest(work, chosen, origin=here, count=9),
            await finder.within(work, chosen, origin=here, metres=1),
            await finder.inside(work, chosen, areas=area),
        ]
        for answer in answers:
            assert [found.owner.int for found in answer] == [2, 3]
        other = Selection(role="another")
        assert await finder.nearest(work, other, origin=here, count=9) == ()
        assert await finder.inside(work, chosen, areas={}) == ()


async def test_an_owner_has_one_point_in_a_role_and_it_moves(city: Database) -> None:
    role = next(_roles)
    async with city.work() as work:
        for place in (Point(-74, 40.7), Point(2.35, 48.85), Point(2.35, 48.85)):
            await put_points(work, points_of([place], role))
        finder = await spatial_points(work)
        found = await finder.nearest(work, Selection(role=role), origin=Point(2.35, 48.85), count=9)
        assert [near.metres for near in found] == [0]
        await geometry.forget_points(work, [uuid.UUID(int=1)])
        await put_points(work, [])
        assert await geometry.count_by_cell(work, Selection(role=role)) == {}


async def test_points_are_counted_by_cell(city: Database) -> None:
    _, selection = await asked(city, [Point(-74, 40.7), Point(-74, 40.7001), Point(2.35, 48.85)])
    async with city.work() as work:
        counts = await geometry.count_by_cell(work, selection)
    assert sorted(counts.values()) == [1, 2]
    assert all(len(name) == 15 and name.startswith("89") for name in counts)


async def test_an_answer_too_large_to_give_is_refused_and_never_cut(city: Database) -> None:
    selection = Selection(role=next(_roles))
    crowd = text("""
        INSERT INTO storage.spatial_point (owner, role, at, lon, lat, cell)
        SELECT gen_random_uuid(), :role, :at, -74 + n * 1e-7, 40.7, n
        FROM generate_series(1, :count) AS n
    """)
    async with city.work() as work:
        count = geometry.FOUND_MAX + 1
        await work.execute(crowd, {"role": selection.role, "at": START, "count": count})
        points = await spatial_points(work)
        for question in (
            geometry.count_by_cell(work, selection),
            points.within(work, selection, origin=Point(-74, 40.7), metres=10_000),
            points.inside(work, selection, areas={"a": shapely.box(-75, 40, -73, 41)}),
        ):
            with pytest.raises(SpatialQuestionUnusable, match="more than 100000"):
                await question
