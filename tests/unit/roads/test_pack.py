"""Opening a city pack: each thing that can be wrong gets its own clear answer."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foundation.measures import Point
from roads.errors import PackIncomplete, PackInvalid
from roads.pack import CHARTER_FILES, CityPack
from roads.pack_builder import build_pack
from tests.unit.roads.city_town import chessboard


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cities")
    return build_pack(chessboard(folder), folder / "brettstadt", lambda *_: None, 7).pack.folder


@pytest.fixture
def pack(whole: Path, tmp_path: Path) -> Path:
    """A whole pack, to be broken."""
    return Path(shutil.copytree(whole, tmp_path / "brettstadt"))


@pytest.mark.parametrize(
    "file",
    [
        *("city.json", "boundary.geojson", "zones.geojson", "SOURCES.md"),
        *("streets/streets.npz", "demand/model.json"),
        *(f"charter/{name}" for name in CHARTER_FILES),
    ],
)
def test_each_missing_file_is_named(pack: Path, file: str) -> None:
    (pack / file).unlink()
    with pytest.raises(PackIncomplete) as refused:
        CityPack.open(pack)
    assert refused.value.file == file
    assert file in refused.value.sentence


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackIncomplete, match="nowhere"):
        CityPack.open(tmp_path / "nowhere")


def test_the_map_may_be_missing(pack: Path) -> None:
    (pack / "tiles.pmtiles").unlink()
    assert CityPack.open(pack).tiles is None


@pytest.mark.parametrize(
    "file", ["city.json", "boundary.geojson", "zones.geojson", "charter/bylaws.json"]
)
@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\xff", "[" * 100_000])
def test_a_file_that_is_no_json_object_is_named(pack: Path, file: str, text: str) -> None:
    (pack / file).write_bytes(text.encode("latin-1"))
    with pytest.raises(PackInvalid) as refused:
        CityPack.open(pack)
    assert refused.value.file == file


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 2),
        ("format", None),
        ("name", "Brett Stadt"),
        ("name", "../etc"),
        ("title", " "),
        ("title", 5),
        ("country", "de"),
        ("timezone", "Europe/Brettstadt"),
        ("timezone", "/etc/localtime"),
        ("currency", "euro"),
        ("languages", []),
        ("languages", ["de", "de"]),
        ("languages", "de"),
        ("locale", "de_DE"),
        ("centre", [50.0]),
        ("centre", [True, 50.0]),
        ("centre", [50.01, 10.01]),
        ("centre", [0, 0]),
        ("centre", [float("nan"), 50.0]),
        ("bounds", [10.1, 50.0, 10.0, 50.1]),
        ("bounds", [10.0, 50.0, 10.001, 50.001]),
        ("centre", [10**400, 50.0]),
        ("centre", [math.nan, 50.0]),
        ("bounds", [10.0, 50.0, 10**400, 50.001]),
        ("streets", "streets.npz"),
        ("streets.kind", "map"),
        ("streets.file", "../secret.npz"),
        ("streets.file", "/etc/passwd"),
        ("demand.kind", "guess"),
        ("attribution", ""),
        ("sources", []),
        ("sources", ["OpenStreetMap"]),
        ("nickname", "Brett"),
    ],
)
def test_each_wrong_field_of_the_city_is_named(pack: Path, field: str, value: object) -> None:
    city = json.loads((pack / "city.json").read_text())
    outer, _, inner = field.partition(".")
    if inner:
        city[outer][inner] = value
    else:
        city[outer] = value
    (pack / "city.json").write_text(json.dumps(city))
    with pytest.raises(PackInvalid) as refused:
        CityPack.open(pack)
    assert refused.value.file == "city.json"
    assert refused.value.field.startswith(field.split(".", maxsplit=1)[0])


@pytest.mark.parametrize("field", ["name", "timezone", "centre", "streets", "sources"])
def test_each_missing_field_of_the_city_is_named(pack: Path, field: str) -> None:
    city = json.loads((pack / "city.json").read_text())
    del city[field]
    (pack / "city.json").write_text(json.dumps(city))
    with pytest.raises(PackInvalid, match=rf"city\.json, {field}: is missing"):
        CityPack.open(pack)


def change(path: Path, how: Callable[[Any], object]) -> None:
    document = json.loads(path.read_text())
    how(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (lambda d: d.update(type="Feature"), "FeatureCollection"),
        (lambda d: d["features"].clear(), "exactly one"),
        (lambda d: d["features"][0].update(geometry=None), "Polygon"),
        (
            lambda d: d["features"][0].update(geometry={"type": "Polygon", "coordinates": []}),
            "empty",
        ),
        (
            lambda d: d["features"][0]["geometry"].update(
                coordinates=[[[10, 50], [11, 51], [11, 50], [10, 51], [10, 50]]]
            ),
            "contradicts itself",
        ),
        (
            lambda d: d["features"][0]["geometry"].update(
                coordinates=[[[585, 4508], [586, 4508], [586, 4509], [585, 4508]]]
            ),
            "not in degrees",
        ),
    ],
)
def test_a_senseless_boundary_is_refused(
    pack: Path, how: Callable[[Any], object], reason: str
) -> None:
    change(pack / "boundary.geojson", how)
    with pytest.raises(PackInvalid, match=reason) as refused:
        CityPack.open(pack)
    assert refused.value.file == "boundary.geojson"


def test_a_boundary_elsewhere_than_the_streets_is_refused(pack: Path) -> None:
    ring = [[10.0, 50.0], [10.02, 50.0], [10.02, 50.005], [10.0, 50.005], [10.0, 50.0]]
    change(
        pack / "boundary.geojson",
        lambda d: d["features"][0].update(geometry={"type": "Polygon", "coordinates": [ring]}),
    )
    change(pack / "city.json", lambda d: d.update(centre=[10.01, 50.002]))
    with pytest.raises(PackInvalid, match="junctions lie outside"):
        CityPack.open(pack)


def test_zones_that_leave_part_of_the_city_out_are_refused(pack: Path) -> None:
    change(pack / "zones.geojson", lambda d: d["features"].pop())
    with pytest.raises(PackInvalid, match="no zone") as refused:
        CityPack.open(pack)
    assert refused.value.file == "zones.geojson"


def test_a_service_area_beyond_the_zones_is_refused_though_no_street_is_there(pack: Path) -> None:
    ring = [[9.9, 49.9], [10.1, 49.9], [10.1, 50.1], [9.9, 50.1], [9.9, 49.9]]
    change(
        pack / "boundary.geojson",
        lambda d: d["features"][0].update(geometry={"type": "Polygon", "coordinates": [ring]}),
    )
    change(pack / "city.json", lambda d: d.update(bounds=[9.9, 49.9, 10.1, 50.1]))
    with pytest.raises(PackInvalid, match="of the service area lies in no zone") as refused:
        CityPack.open(pack)
    assert refused.value.file == "zones.geojson"


def test_a_zone_twice_is_refused(pack: Path) -> None:
    change(pack / "zones.geojson", lambda d: d["features"].append(d["features"][0]))
    with pytest.raises(PackInvalid, match="twice"):
        CityPack.open(pack)


def test_a_charter_of_another_city_is_refused(pack: Path) -> None:
    for file, field, value in (
        ("charter.json", "city", "elsewhere"),
        ("tariff.json", "currency", "USD"),
        ("tariff.json", "timezone", "UTC"),
        ("pay_floor.json", "currency", "USD"),
    ):
        good = (pack / "charter" / file).read_text()
        change(pack / "charter" / file, lambda d, f=field, v=value: d.update({f: v}))
        with pytest.raises(PackInvalid, match="as in city.json") as refused:
            CityPack.open(pack)
        assert (refused.value.file, refused.value.field) == (f"charter/{file}", field)
        (pack / "charter" / file).write_text(good)


def test_altered_streets_are_refused_as_the_pack_s(pack: Path) -> None:
    path = pack / "streets/streets.npz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(PackInvalid) as refused:
        CityPack.open(pack)
    assert refused.value.file == "streets/streets.npz"


def test_a_fault_in_a_table_of_streets_is_told_by_line(pack: Path) -> None:
    change(
        pack / "city.json",
        lambda d: d.update(streets={"kind": "table", "nodes": "nodes.csv", "edges": "edges.csv"}),
    )
    with pytest.raises(PackIncomplete, match=r"nodes\.csv"):
        CityPack.open(pack)
    (pack / "nodes.csv").write_text("id,lon,lat\n1,10,50\n2,ten,50\n")
    (pack / "edges.csv").write_text("from,to,length_m,travel_time_s\n")
    with pytest.raises(PackInvalid) as refused:
        CityPack.open(pack)
    assert (refused.value.file, refused.value.field) == ("nodes.csv", "line 3")
    (pack / "nodes.csv").write_text("id,lon,lat\n1,10,50\n2,10.1,50\n")
    with pytest.raises(PackInvalid, match="do not connect"):
        CityPack.open(pack)


def test_each_place_in_the_city_has_one_zone_and_no_other_place_has(pack: Path) -> None:
    city = CityPack.open(pack)
    west, south, east, north = city.bounds
    for i in range(40):
        for j in range(40):
            point = Point(west + (east - west) * i / 39, south + (north - south) * j / 39)
            assert (city.zone_of(point) is not None) == city.contains(point)
    assert city.zone_of(Point(11.0, 50.0)) is None


def test_a_place_in_a_hairline_between_zones_belongs_to_the_nearest(pack: Path) -> None:
    city = CityPack.open(pack)
    west, south, east, north = city.boundary.bounds
    middle = (west + east) / 2
    halves = [(west - 1, middle - 2e-6), (middle + 1e-6, east + 1)]
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": code},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [[a, south - 1], [b, south - 1], [b, north + 1], [a, north + 1], [a, south - 1]]
                ],
            },
        }
        for code, (a, b) in zip("ab", halves, strict=True)
    ]
    change(pack / "zones.geojson", lambda d: d.update(features=features))
    city = CityPack.open(pack)
    assert city.zones.zone_of(Point(middle, (south + north) / 2)) is None
    assert city.zone_of(Point(middle, (south + north) / 2)) == "b"
