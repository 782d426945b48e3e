"""Packs made from the shared data: Manhattan to the byte, and six cities from extracts alone."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from foundation.measures import Point
from roads.pack_builder import build_pack

ROOT = Path(__file__).parents[3]
MANHATTAN = ROOT / "cities" / "manhattan"


@pytest.mark.shared
def test_it_is_made_from_its_sources_to_the_byte(shared_data: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, ROOT / "infra/make_manhattan_pack.py", shared_data, tmp_path],
        check=True,
        capture_output=True,
    )
    made = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert len(made) == 7
    text = [name for name in made if name.suffix in (".csv", ".json")]
    assert [n for n in text if (tmp_path / n).read_bytes() != (MANHATTAN / n).read_bytes()] == []
    for name in set(made) - set(text):
        # Another version of the geometry library may cut a corner differently in the last digit.
        ours, theirs = (json.loads((f / name).read_text()) for f in (MANHATTAN, tmp_path))
        assert [f["properties"] for f in ours["features"]] == [
            f["properties"] for f in theirs["features"]
        ]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "country", "timezone", "junctions"),
    [
        ("helsinki-centre", "FI", "Europe/Helsinki", 250),
        ("monaco", "MC", "Europe/Monaco", 1_500),
        ("andorra", "AD", "Europe/Andorra", 2_000),
        ("liechtenstein", "LI", "Europe/Vaduz", 2_500),
        ("portland-central", "US", "America/Los_Angeles", 4_500),
        ("heidelberg", "DE", "Europe/Berlin", 8_000),
    ],
)
def test_an_extract_alone_makes_a_city(
    shared_data: Path, tmp_path: Path, name: str, country: str, timezone: str, junctions: int
) -> None:
    extract = shared_data / "osm" / f"{name}.osm.pbf"
    built = build_pack(extract, tmp_path / name, lambda _doing, _done: None, 7)
    pack = built.pack
    assert (pack.country, pack.timezone) == (country, timezone)
    assert pack.network.node_count > junctions
    assert 2 <= len(pack.zones) <= 150
    assert built.tiles > 0
    places = np.stack([pack.network.node_lon, pack.network.node_lat], axis=1)[::20]
    assert all(pack.zone_of(Point(lon, lat)) for lon, lat in places.tolist())
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.shared
def test_the_sea_is_drawn_where_the_coast_closes(shared_data: Path, tmp_path: Path) -> None:
    told = {
        name: build_pack(
            shared_data / "osm" / f"{name}.osm.pbf", tmp_path / name, lambda *_: None, 7
        ).notes
        for name in ("monaco", "helsinki-centre")
    }
    assert not any("sea" in note for note in told["monaco"])
    assert any("no sea" in note for note in told["helsinki-centre"])
