"""Writing a city pack down: the files that `pack_builder` has worked out the contents of.

Owns their form (docs/reference/city_pack.md) and the model charter. Refuses nothing.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from foundation.measures import Point
from foundation.money import minor_digits
from roads import pack as parts
from roads.network import RoadNetwork
from roads.osm import ImportFigures
from roads.osm_map import DrawnExtract
from roads.tile_features import features_of_area
from roads.tiles import MapFeature, Progress, build_tiles
from roads.whereabouts import Whereabouts
from roads.zones import Zone, Zones

STREETS, FIGURES, MODEL = "streets/streets.npz", "streets/import.json", "demand/model.json"
ATTRIBUTION = "© OpenStreetMap contributors"

_MODEL_CHARTER = Path(__file__).parent / "model_charter"
_EDGE_DEGREES = 0.0005
_RIDERS_PER_JUNCTION_HOUR = 0.05
_RIDERS_PER_HOUR = (40, 1_500)
"""Least and most riders an hour of the model: enough to see, not more than a demonstration needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCity:
    """Everything about the city that is written down."""

    name: str
    title: str
    centre: Point
    where: Whereabouts
    network: RoadNetwork
    figures: ImportFigures
    boundary: BaseGeometry
    zones: tuple[Zone, ...]
    sea: BaseGeometry | None
    frame: BaseGeometry
    notes: tuple[str, ...]


def write_pack(
    draft: Path, city: NewCity, drawn: DrawnExtract, *, seed: int, progress: Progress
) -> int:
    """Write all files but SOURCES.md; how many map tiles there are."""
    (draft / "streets").mkdir(parents=True)
    city.network.save(draft / STREETS)
    _write_json(draft / FIGURES, asdict(city.figures) | {"digest": city.network.digest})
    _write_json(draft / parts.CITY, _city_json(city))
    _write_shapes(draft / parts.BOUNDARY, [({}, city.boundary)])
    zones = [({"code": z.code, "name": z.name}, z.shape) for z in city.zones]
    _write_shapes(draft / parts.ZONES, zones)
    _write_charter(draft / parts.CHARTER, city)
    _write_json(draft / MODEL, _demand_model(city, seed))
    return build_tiles(
        draft / parts.TILES,
        _map_features(city, drawn),
        title=city.title,
        attribution=ATTRIBUTION,
        progress=progress,
    )


def _city_json(city: NewCity) -> dict[str, Any]:
    country = city.where.country
    west, south, east, north = city.boundary.bounds
    return {
        "format": parts.FORMAT,
        "name": city.name,
        "title": city.title,
        "country": country.code,
        "timezone": city.where.timezone,
        "currency": city.where.currency,
        "languages": list(country.languages),
        "locale": country.locale,
        "centre": [round(city.centre.lon, 6), round(city.centre.lat, 6)],
        "bounds": [round(edge, 6) for edge in (west, south, east, north)],
        "streets": {"kind": "network", "file": STREETS},
        "demand": {"kind": "model", "file": MODEL},
        "attribution": ATTRIBUTION,
        "sources": [
            {
                "what": "streets, map and place names",
                "name": "OpenStreetMap",
                "licence": "ODbL-1.0",
                "address": "https://www.openstreetmap.org/copyright",
            }
        ],
    }


def _demand_model(city: NewCity, seed: int) -> dict[str, Any]:
    least, most = _RIDERS_PER_HOUR
    riders = round(city.network.node_count * _RIDERS_PER_JUNCTION_HOUR)
    return {
        "model": "gravity",
        "seed": seed,
        "riders_per_hour": min(max(riders, least), most),
        "centre": [round(city.centre.lon, 6), round(city.centre.lat, 6)],
    }


def _map_features(city: NewCity, drawn: DrawnExtract) -> list[MapFeature]:
    """Everything within the frame; of what reaches beyond, the part inside."""
    zones = Zones(city.zones)
    land = city.frame if city.sea is None else city.frame.difference(city.sea)
    features = list(features_of_area(city.boundary, zones, land))
    if city.sea is not None:
        features.append(MapFeature(layer="water", shape=city.sea, attributes=(("kind", "sea"),)))
    # A little beyond the frame: a town's name on the very edge is not cut off.
    edge = city.frame.buffer(_EDGE_DEGREES).bounds
    cut = shapely.clip_by_rect([f.shape for f in drawn.features], *edge)
    for feature, shape in zip(drawn.features, cut, strict=True):
        if not shape.is_empty:
            features.append(
                MapFeature(
                    layer=feature.layer,
                    shape=shape,
                    attributes=feature.attributes,
                    zoom_min=feature.zoom_min,
                )
            )
    return features


def _write_charter(folder: Path, city: NewCity) -> None:
    """The model charter, in the city's name, money and hours."""
    folder.mkdir()
    texts = {
        "name": city.name,
        "title": city.title,
        "country": city.where.country.code,
        "timezone": city.where.timezone,
        "currency": city.where.currency,
    }
    values = {name: json.dumps(text, ensure_ascii=False)[1:-1] for name, text in texts.items()}
    digits = minor_digits(city.where.currency)
    values["minor_digits"] = str(digits)
    values["languages"] = json.dumps(list(city.where.country.languages))
    for path in sorted(_MODEL_CHARTER.glob("*.json")):
        body = json.loads(Template(path.read_text(encoding="utf-8")).substitute(values))
        _write_json(folder / path.name, _in_money(body, 10 if digits == 3 else 1))


def _in_money(value: Any, factor: int) -> Any:
    """Amounts of the model, made for hundredths, in thousandths where a currency has them.

    A currency without parts keeps the numbers: 300 hundredths become 300 yen.
    """
    if isinstance(value, list):
        return [_in_money(item, factor) for item in value]
    if isinstance(value, dict):
        return {
            name: item * factor
            if isinstance(item, int) and name.endswith(("_minor", "mills")) and name != "to_minor"
            else _in_money(item, factor)
            for name, item in value.items()
        }
    return value


def write_sources(draft: Path, extract: Path, city: NewCity) -> None:
    """Write where the data comes from, and what was guessed."""
    digest = hashlib.sha256(extract.read_bytes()).hexdigest()
    lines = [
        f"# Where the data of {city.title} comes from",
        "",
        f"Made by `khan city build` from `{extract.name}` ({extract.stat().st_size} bytes, SHA-256 `{digest}`).",
        "",
        "Streets, map and place names: (c) OpenStreetMap contributors, Open Database Licence 1.0",
        "(https://www.openstreetmap.org/copyright). This pack is a derived database: whoever shows it to others",
        "must offer it under the same licence.",
        "",
        "The service area, the zones, the model of demand and the charter are the program's own making.",
        "",
        *(f"- {note}" for note in city.notes),
    ]
    (draft / parts.SOURCES).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_shapes(path: Path, rows: Sequence[tuple[dict[str, str], BaseGeometry]]) -> None:
    """A GeoJSON FeatureCollection, one feature a line."""
    features = [
        json.dumps(
            {
                "type": "Feature",
                "properties": about,
                "geometry": json.loads(shapely.to_geojson(shapely.orient_polygons(shape))),
            },
            ensure_ascii=False,
        )
        for about, shape in rows
    ]
    text = '{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n"
    path.write_text(text, encoding="utf-8")
