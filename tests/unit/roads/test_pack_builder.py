"""A pack from an extract alone: whole and usable, or nothing at all."""

import gzip
import json
from pathlib import Path

import mapbox_vector_tile
import numpy as np
import pytest

from dispatch.matching.policy import parse_policy
from fares.pay import parse_pay_floors
from fares.tariff import parse_tariff
from foundation.measures import Point
from roads.errors import (
    CountryUnknown,
    ExtractHasNoRoads,
    ExtractUnreadable,
    PackExists,
    TimeZoneUnknown,
)
from roads.pack import CityPack
from roads.pack_builder import Built, Given, build_pack
from roads.tiles import MapTiles
from rulebook.charter import parse_charter
from rulebook.rule import RuleKind
from tests.unit.roads.city_town import SIDE, chessboard
from tests.unit.roads.osm_town import OsmTown


def quietly(_doing: str, _done: int) -> None:
    """Tell nobody."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("cities")
    return build_pack(chessboard(folder), folder / "brettstadt", quietly, 7)


def test_the_pack_is_what_the_service_opens(built: Built) -> None:
    pack = built.pack
    assert (pack.name, pack.title) == ("brettstadt", "Brettstadt")
    assert (pack.country, pack.timezone, pack.currency) == ("DE", "Europe/Berlin", "EUR")
    assert pack.languages == ("de",)
    assert pack.network.node_count > SIDE
    assert pack.demand.kind == "model"
    assert pack.tiles is not None


def test_every_junction_lies_in_the_city_and_in_a_zone(built: Built) -> None:
    network = built.pack.network
    junctions = np.stack([network.node_lon, network.node_lat], axis=1)
    assert built.pack.contains_each(junctions).all()
    assert all(built.pack.zone_of(Point(lon, lat)) for lon, lat in junctions.tolist())


def test_zones_are_numbered_from_the_centre_and_named_once(built: Built) -> None:
    zones = built.pack.zones.zones
    assert [zone.code for zone in zones] == [f"z{n:02d}" for n in range(1, len(zones) + 1)]
    assert built.pack.zones.zone_of(built.pack.centre) == "z01"
    assert zones[0].name == "Brettstadt"
    names = [zone.name for zone in zones]
    assert len(set(names)) == len(names)


def test_the_centre_is_the_town_that_is_named_in_the_middle(tmp_path: Path) -> None:
    middle = SIDE * 6 + 7
    extract = chessboard(tmp_path, node_tags={middle: {"place": "city", "name": "Mitte"}})
    pack = build_pack(extract, tmp_path / "x", quietly, 1).pack
    assert (pack.centre.lon, pack.centre.lat) == pytest.approx((10.012, 50.012))


def test_the_map_shows_streets_park_pond_and_rail(built: Built) -> None:
    assert built.pack.tiles is not None
    tiles = MapTiles(built.pack.tiles)
    shown: dict[str, set[str]] = {}
    x, y = 8647, 5556  # the tile of (10.0, 50.0) at zoom 14, and those around it
    for data in (tiles.tile(14, x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
        for layer, content in mapbox_vector_tile.decode(gzip.decompress(data or b"")).items():
            kinds = {str(f["properties"].get("kind")) for f in content["features"]}
            shown[layer] = shown.get(layer, set()) | kinds
    tiles.close()
    assert shown["green"] == {"park"}
    assert shown["water"] == {"lake"}
    assert shown["rail"] == {"rail"}
    assert {"primary", "residential"} <= shown["roads"]
    assert "town" in shown["places"]


def test_the_charter_is_in_the_city_s_name_money_and_hours(built: Built) -> None:
    tariff = json.loads((built.pack.charter_folder / "tariff.json").read_text())
    charter = json.loads((built.pack.charter_folder / "charter.json").read_text())
    bylaws = json.loads((built.pack.charter_folder / "bylaws.json").read_text())
    assert (tariff["currency"], tariff["minor_digits"]) == ("EUR", 2)
    assert tariff["timezone"] == bylaws["timezone"] == "Europe/Berlin"
    assert charter["city"] == "brettstadt"
    assert "$" not in json.dumps([tariff, charter, bylaws])


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_every_room_can_act_on_the_model_charter(tmp_path: Path, currency: str) -> None:
    given = Given(title='Brett "am" Main', currency=currency)
    pack = build_pack(chessboard(tmp_path), tmp_path / "x", quietly, 1, given=given).pack
    charter = parse_charter(
        pack.charter_folder,
        readers={
            RuleKind.TARIFF: parse_tariff,
            RuleKind.PAY_FLOOR: parse_pay_floors,
            RuleKind.MATCHING_POLICY: parse_policy,
        },
    )
    assert charter.city == "x"
    assert charter.title == 'Founding charter of Brett "am" Main'


@pytest.mark.parametrize(
    ("currency", "digits", "minimum"), [("JPY", 0, 700), ("EUR", 2, 700), ("KWD", 3, 7000)]
)
def test_amounts_follow_the_decimals_of_the_currency(
    tmp_path: Path, currency: str, digits: int, minimum: int
) -> None:
    given = Given(currency=currency)
    pack = build_pack(chessboard(tmp_path), tmp_path / "x", quietly, 1, given=given).pack
    tariff = json.loads((pack.charter_folder / "tariff.json").read_text())
    assert tariff["minor_digits"] == digits
    assert tariff["rules"][0]["minimum_minor"] == minimum
    assert tariff["rounding"]["to_minor"] == 1


def test_what_was_guessed_is_said_and_what_was_given_is_not(tmp_path: Path, built: Built) -> None:
    assert any("Germany, by the nearest large city" in note for note in built.notes)
    sources = (built.pack.folder / "SOURCES.md").read_text()
    assert all(note in sources for note in built.notes)
    given = Given(title="Zürich", country="CH", timezone="Europe/Zurich", currency="CHF")
    other = build_pack(chessboard(tmp_path), tmp_path / "zurich", quietly, 7, given=given)
    assert (other.pack.title, other.pack.currency) == ("Zürich", "CHF")
    assert len(other.notes) == 1


def test_a_map_that_names_its_country_is_believed(tmp_path: Path) -> None:
    tags = {n: {"addr:country": "AT"} for n in range(2, 6)}
    pack = build_pack(chessboard(tmp_path, node_tags=tags), tmp_path / "x", quietly, 7).pack
    assert (pack.country, pack.timezone) == ("AT", "Europe/Vienna")


def test_the_same_extract_gives_the_same_pack(tmp_path: Path, built: Built) -> None:
    again = build_pack(chessboard(tmp_path), tmp_path / "brettstadt", quietly, 7).pack.folder
    files = sorted(p.relative_to(again) for p in again.rglob("*") if p.is_file())
    # The library of the map file writes the time of day into it; its tiles are compared elsewhere.
    differing = [
        str(name)
        for name in files
        if name.suffix != ".pmtiles"
        and (again / name).read_bytes() != (built.pack.folder / name).read_bytes()
    ]
    assert differing == []


def test_progress_tells_of_every_stage(tmp_path: Path) -> None:
    told: list[str] = []
    build_pack(chessboard(tmp_path), tmp_path / "x", lambda doing, _: told.append(doing), 7)
    stages = list(dict.fromkeys(told))
    assert stages == [
        *("map features read", "streets read", "junctions joined", "zones drawn"),
        *("map tiles cut", "pack checked"),
    ]


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(PackExists, match="not empty"):
        build_pack(chessboard(tmp_path), folder, quietly, 7)
    assert (folder / "notes.txt").read_text() == "mine"


def test_an_empty_folder_is_filled_and_a_full_one_replaced_on_demand(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    folder.mkdir()
    build_pack(chessboard(tmp_path), folder, quietly, 7)
    (folder / "stale.txt").write_text("old")
    build_pack(chessboard(tmp_path), folder, quietly, 8, replace=True)
    assert not (folder / "stale.txt").exists()
    assert json.loads((folder / "demand/model.json").read_text())["seed"] == 8
    assert CityPack.open(folder).name == "city"


def broken_half_way(doing: str, _done: int) -> None:
    if doing == "map tiles cut":
        raise KeyboardInterrupt


def test_a_build_that_is_stopped_leaves_nothing_and_keeps_the_old_pack(tmp_path: Path) -> None:
    extract = chessboard(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        build_pack(extract, tmp_path / "new", broken_half_way, 7)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["town.osm"]
    build_pack(extract, tmp_path / "old", quietly, 7)
    with pytest.raises(KeyboardInterrupt):
        build_pack(extract, tmp_path / "old", broken_half_way, 8, replace=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["old", "town.osm"]
    assert CityPack.open(tmp_path / "old").name == "old"


def test_bad_extracts_are_refused_by_name_and_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "text.osm.pbf").write_bytes(b"no extract at all")
    (tmp_path / "woods").mkdir()
    woods = OsmTown().node(1, 0, 0).node(2, 1, 0).way(1, [1, 2], {"highway": "path"})
    for extract, refusal in (
        (tmp_path / "absent.osm.pbf", ExtractUnreadable),
        (tmp_path / "text.osm.pbf", ExtractUnreadable),
        (woods.write(tmp_path / "woods"), ExtractHasNoRoads),
        (OsmTown().write(tmp_path), ExtractHasNoRoads),
    ):
        with pytest.raises(refusal):
            build_pack(extract, tmp_path / "city", quietly, 7)
        assert not (tmp_path / "city").exists()
        assert not list(tmp_path.glob(".city*"))


@pytest.mark.parametrize(
    ("given", "refusal"),
    [(Given(country="Germany"), CountryUnknown), (Given(timezone="CET/Mars"), TimeZoneUnknown)],
)
def test_what_does_not_exist_is_refused(
    tmp_path: Path, given: Given, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        build_pack(chessboard(tmp_path), tmp_path / "city", quietly, 7, given=given)


def test_a_folder_s_odd_name_becomes_a_plain_one(tmp_path: Path) -> None:
    pack = build_pack(chessboard(tmp_path), tmp_path / "Bad Brett (neu)", quietly, 7).pack
    assert pack.name == "bad-brett--neu"
