"""The map: what goes in as shapes comes out of a tile, in its place."""

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from roads.errors import TilesUnreadable
from roads.tile_encoder import encode_tile
from roads.tile_features import features_of_area, features_of_streets
from roads.tiles import EXTENT, MapFeature, MapTiles, attributes_of, build_tiles
from roads.zones import Zone, Zones
from tests.builders_roads import SOUTH, WEST, Street, network_of

TITLE, ATTRIBUTION = "Town", "nobody"


def decoded(data: bytes) -> dict[str, Any]:
    """A tile's layers; y counted downwards, as it is stored."""
    found: dict[str, Any] = mapbox_vector_tile.decode(data, default_options={"y_coord_down": True})
    return found


def tile_at(lon: float, lat: float, zoom: int) -> tuple[int, int, float, float]:
    """Number of a place's tile, and where in it the place lies, from 0 to 1 (OSM wiki, Slippy map)."""
    side = 2**zoom
    x = (lon + 180) / 360 * side
    y = (1 - np.log(np.tan(np.radians(lat)) + 1 / np.cos(np.radians(lat))) / np.pi) / 2 * side
    return int(x), int(y), x % 1, y % 1


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MapTiles]:
    """Two zones side by side, a two-way and a one-way street, on a map of their own."""
    network = network_of(
        [(0, 0), (3, 0), (3, 3), (0, 3)],
        [
            Street(start=0, end=1, name="South Street"),
            Street(start=1, end=2),
            Street(start=2, end=3),
            Street(start=3, end=0),
            Street(start=0, end=2, one_way=True, name="Slanted Street"),
        ],
    )
    west = shapely.box(WEST, SOUTH, WEST + 0.002, SOUTH + 0.004)
    east = shapely.box(WEST + 0.002, SOUTH, WEST + 0.004, SOUTH + 0.004)
    zones = Zones(
        (Zone(code="w", name="West", shape=west), Zone(code="e", name="East", shape=east))
    )
    features = [
        *features_of_area(shapely.union_all([west, east]), zones, None),
        *features_of_streets(network),
    ]
    path = tmp_path_factory.mktemp("map") / "town.pmtiles"
    build_tiles(path, features, title=TITLE, attribution=ATTRIBUTION)
    tiles = MapTiles(path)
    yield tiles
    tiles.close()


def layers_at(tiles: MapTiles, zoom: int) -> dict[str, Any]:
    x, y, _, _ = tile_at(WEST + 0.001, SOUTH + 0.001, zoom)
    data = tiles.tile(zoom, x, y)
    assert data is not None
    return decoded(gzip.decompress(data))


@pytest.mark.parametrize("zoom", range(10, 16))
def test_every_zoom_level_shows_the_town(town: MapTiles, zoom: int) -> None:
    layers = layers_at(town, zoom)
    assert {"land", "boundary", "zones", "roads"} <= set(layers)
    assert ("places" in layers) == (zoom >= 12)
    assert {f["properties"]["code"] for f in layers["zones"]["features"]} == {"w", "e"}


def test_a_street_lies_where_it_is(town: MapTiles) -> None:
    roads = layers_at(town, 13)["roads"]["features"]
    south = next(f for f in roads if f["properties"].get("name") == "South Street")
    x, y = np.array(shapely.get_coordinates(shape(south["geometry"]))).T
    _, _, left, bottom = tile_at(WEST, SOUTH, 13)
    assert x.min() == pytest.approx(left * EXTENT, abs=3)
    assert set(y) == {round(bottom * EXTENT)}


def test_a_two_way_street_is_drawn_once_and_only_a_one_way_street_says_so(town: MapTiles) -> None:
    roads = layers_at(town, 13)["roads"]["features"]
    named = {f["properties"].get("name"): f["properties"] for f in roads}
    assert len([f for f in roads if f["properties"].get("name") == "South Street"]) == 1
    assert named["Slanted Street"]["oneway"] == 1
    assert "oneway" not in named["South Street"]


def test_a_tile_where_nothing_is_or_can_be_is_none(town: MapTiles) -> None:
    assert town.tile(15, 0, 0) is None
    assert town.tile(9, 268, 173) is None
    assert town.tile(16, 0, 0) is None
    assert town.tile(12, 1 << 12, 0) is None
    assert town.tile(12, -1, 0) is None


def test_the_file_names_its_layers_and_its_makers(town: MapTiles) -> None:
    assert town.metadata["attribution"] == ATTRIBUTION
    layers = {layer["id"]: layer["fields"] for layer in town.metadata["vector_layers"]}
    assert layers["zones"] == {"code": "String", "name": "String"}
    assert layers["roads"]["rank"] == "Number"


def test_the_same_features_give_the_same_tiles(tmp_path: Path, town: MapTiles) -> None:
    square = MapFeature(layer="land", shape=shapely.box(10, 50, 10.01, 50.01))
    made = []
    for name in ("a", "b"):
        path = tmp_path / name
        build_tiles(path, [square], title=TITLE, attribution=ATTRIBUTION)
        tiles = MapTiles(path)
        made.append([tiles.tile(15, *tile_at(10.005, 50.005, 15)[:2]), len(tiles)])
        tiles.close()
    assert made[0] == made[1]


def test_a_large_shape_fills_the_tile_and_its_margin_and_no_more(tmp_path: Path) -> None:
    big = MapFeature(layer="land", shape=shapely.box(9.9, 49.9, 10.1, 50.1))
    build_tiles(tmp_path / "map", [big], title=TITLE, attribution=ATTRIBUTION)
    tiles = MapTiles(tmp_path / "map")
    data = tiles.tile(15, *tile_at(10.0, 50.0, 15)[:2])
    tiles.close()
    assert data is not None
    drawn = shape(decoded(gzip.decompress(data))["land"]["features"][0]["geometry"])
    assert drawn.bounds == (-64, -64, EXTENT + 64, EXTENT + 64)


def test_small_water_waits_for_a_near_look(tmp_path: Path) -> None:
    pond = MapFeature(layer="water", shape=shapely.box(10, 50, 10.0005, 50.0005))
    lake = MapFeature(layer="land", shape=shapely.box(10, 50, 10.1, 50.1))
    build_tiles(tmp_path / "map", [pond, lake], title=TITLE, attribution=ATTRIBUTION)
    tiles = MapTiles(tmp_path / "map")
    shown = {
        zoom: "water"
        in decoded(gzip.decompress(tiles.tile(zoom, *tile_at(10, 50, zoom)[:2]) or b""))
        for zoom in (11, 12, 13, 15)
    }
    tiles.close()
    assert shown == {11: False, 12: False, 13: True, 15: True}


def test_holes_wind_against_their_outer_ring() -> None:
    ring = shapely.box(100, 100, 900, 900).difference(shapely.box(300, 300, 500, 500))
    row = ((), shapely.orient_polygons(ring, exterior_cw=True))  # the wrong way round on purpose
    feature = decoded(encode_tile({"land": [row]}, EXTENT))["land"]["features"][0]
    outer, hole = feature["geometry"]["coordinates"]
    # Section 4.3.3.3 of the specification: the area of an outer ring is positive where y goes down.
    assert shapely.LinearRing(outer).is_ccw
    assert not shapely.LinearRing(hole).is_ccw
    assert shape(feature["geometry"]).equals(ring)


@pytest.mark.parametrize(
    "drawn",
    [
        shapely.LineString([(0, 0), (10, 0), (10, 0), (10, 20)]),
        shapely.MultiLineString([[(0, 0), (5, 5)], [(100, 100), (90, 4000), (-64, 4160)]]),
        shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(50, 50, 70, 60)]),
        shapely.MultiPoint([(1, 2), (3, 4)]),
        shapely.Point(4095, 0),
    ],
    ids=lambda g: g.geom_type,
)
def test_what_is_encoded_can_be_decoded_by_another_program(drawn: Any) -> None:
    about = attributes_of(name="Ä & ñ", rank=3, kind="", link=0)
    layers = decoded(encode_tile({"roads": [(about, drawn)]}, EXTENT))
    feature = layers["roads"]["features"][0]
    assert feature["properties"] == {"name": "Ä & ñ", "rank": 3}
    assert shape(feature["geometry"]).equals(drawn)


def test_shapes_that_are_nothing_are_left_out() -> None:
    nothing = shapely.LineString([(5, 5), (5, 5)])
    assert encode_tile({"roads": [((), nothing)]}, EXTENT) == b""


@pytest.mark.parametrize("fault", ["missing", "empty", "text", "cut", "directory"])
def test_a_broken_map_is_refused_and_not_served(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "map.pmtiles"
    square = MapFeature(layer="land", shape=shapely.box(10, 50, 10.01, 50.01))
    build_tiles(tmp_path / "good", [square], title=TITLE, attribution=ATTRIBUTION)
    whole = (tmp_path / "good").read_bytes()
    if fault == "empty":
        path.write_bytes(b"")
    elif fault == "text":
        path.write_text("no map " * 100)
    elif fault == "cut":
        path.write_bytes(whole[:-20])
    elif fault == "directory":
        path.write_bytes(whole[:130] + b"\xff" * 30 + whole[160:])
    elif fault == "missing":
        shutil.rmtree(path, ignore_errors=True)
    with pytest.raises(TilesUnreadable, match=r"map\.pmtiles cannot be read"):
        MapTiles(path)
