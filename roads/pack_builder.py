"""Making a city pack from an OpenStreetMap extract alone.

Owns the making: streets, service area, zones, map, a model charter and a model of demand, written
as plain files (docs/reference/city_pack.md). Refuses an extract that is broken or has no streets, and a
folder that is in use; a build that fails leaves nothing behind. What it had to guess (country, time
zone) it tells.
"""

import hashlib
import json
import os
import shutil
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from foundation.measures import Point
from foundation.money import minor_digits
from roads import pack as parts
from roads.coast import sea_of
from roads.errors import ExtractUnreadable, PackExists
from roads.network import RoadNetwork
from roads.osm import ImportFigures, network_from_pbf
from roads.osm_map import DrawnExtract, read_map
from roads.pack import CityPack
from roads.tile_features import features_of_area
from roads.tiles import MapFeature, Progress, build_tiles
from roads.turns import TurnDelays
from roads.whereabouts import Whereabouts, whereabouts
from roads.zone_grid import service_area, zones_within
from roads.zones import Zone, Zones

STREETS, FIGURES, MODEL = "streets/streets.npz", "streets/import.json", "demand/model.json"
ATTRIBUTION = "© OpenStreetMap contributors"

_MODEL_CHARTER = Path(__file__).parent / "model_charter"
_FRAME_METRES = 1_500.0
"""The map reaches this far beyond the service area."""

_EDGE_DEGREES = 0.0005
_METRES_PER_DEGREE = 111_195.0
_RIDERS_PER_JUNCTION_HOUR = 0.05
_RIDERS_PER_HOUR = (40, 1_500)
"""Least and most riders an hour of the model: enough to see, not more than a demonstration needs."""

_TOWNS = ("city", "town", "village")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a person says of the city; what is left out is guessed, or taken from the folder's name."""

    title: str | None = None
    country: str | None = None
    timezone: str | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What was made, for the person who waited."""

    pack: CityPack
    whereabouts: Whereabouts
    figures: ImportFigures
    tiles: int
    notes: tuple[str, ...]
    """Sentences on what was guessed and what is missing."""


def build_pack(
    extract: Path,
    folder: Path,
    progress: Progress,
    seed: int,
    *,
    given: Given = Given(),
    replace: bool = False,
) -> Built:
    """Make a pack.

    Parameters
    ----------
    extract
        An OpenStreetMap file.
    folder
        Where the pack is to be; its name becomes the city's.
    progress
        Told what is being done and how many of it are done.
    seed
        Written into the model of demand, for those who replay it.
    given
        What need not be guessed.
    replace
        Whether what is in the folder may go, once the new pack is whole.

    Raises
    ------
    PackExists
        If something is in the folder and may not be replaced.
    ExtractUnreadable, ExtractHasNoRoads
        If the extract gives no streets.
    CountryUnknown, TimeZoneUnknown, CurrencyUnknown
        If what was given does not exist.
    """
    if folder.exists() and not replace and (not folder.is_dir() or any(folder.iterdir())):
        raise PackExists(folder)
    if not extract.is_file():
        raise ExtractUnreadable(extract, "there is no such file")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.building")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        drawn, city = _city_of(extract, progress, given, folder.name)
        tiles = _write_pack(draft, city, drawn, seed=seed, progress=progress)
        _write_sources(draft, extract, city)
        pack = CityPack.open(draft)
        _put_in_place(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    progress("pack checked", pack.network.node_count)
    return Built(
        pack=CityPack.open(folder),
        whereabouts=city.where,
        figures=city.figures,
        tiles=tiles,
        notes=city.notes,
    )


def _put_in_place(draft: Path, folder: Path) -> None:
    """Swap the finished pack in; the old one goes last."""
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        folder.rename(old)
    draft.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _City:
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


def _city_of(
    extract: Path, progress: Progress, given: Given, folder_name: str
) -> tuple[DrawnExtract, _City]:
    drawn = read_map(extract, progress)
    where = whereabouts(
        _middle_of(drawn),
        drawn.countries,
        country=given.country,
        timezone=given.timezone,
        currency=given.currency,
    )
    delays = TurnDelays(drives_on_left=where.country.drives_on_left)
    imported = network_from_pbf(extract, progress, delays=delays)
    boundary = service_area(imported.network)
    centre = _centre(imported.network, boundary, drawn)
    zones = zones_within(boundary, imported.network, drawn.places, centre)
    progress("zones drawn", len(zones))
    frame, sea = _frame_and_sea(boundary, drawn)
    notes = _notes(where, given, has_coast=bool(drawn.coast), has_sea=sea is not None)
    name = _name(folder_name)
    city = _City(
        name=name,
        title=given.title or _title(name, drawn),
        centre=centre,
        where=where,
        network=imported.network,
        figures=imported.figures,
        boundary=boundary,
        zones=zones,
        sea=sea,
        frame=frame,
        notes=notes,
    )
    return drawn, city


def _middle_of(drawn: DrawnExtract) -> Point:
    """The middle of what is drawn; nothing drawn is no place, and no streets either."""
    streets = [f.shape for f in drawn.features if f.layer == "roads"]
    if not streets:
        return Point(0.0, 51.5)  # the import refuses such an extract by name
    lon, lat = np.median(shapely.get_coordinates(streets), axis=0)
    return Point(float(lon), float(lat))


def _name(folder_name: str) -> str:
    """A folder's name as a city's: small letters, digits, - and _."""
    letters = "".join(c if c.isascii() and c.isalnum() else "-" for c in folder_name.lower())
    return letters.strip("-")[:64] or "city"


def _title(name: str, drawn: DrawnExtract) -> str:
    """The city's name as the map writes it (Zürich for zurich), or as the folder does."""
    for _, written, _ in drawn.places:
        plain = unicodedata.normalize("NFKD", written).encode("ascii", "ignore").decode()
        if _name(plain) == name:
            return written
    return name.replace("_", " ").replace("-", " ").title()


def _centre(network: RoadNetwork, boundary: BaseGeometry, drawn: DrawnExtract) -> Point:
    """The town that is named in the middle of the streets, or the densest spot of them."""
    lon = float(np.median(network.node_lon))
    lat = float(np.median(network.node_lat))
    middle = shapely.Point(lon, lat)
    for kind in _TOWNS:
        towns = [(p.distance(middle), n, p) for k, n, p in drawn.places if k == kind]
        inside = sorted(
            ((d, n, p) for d, n, p in towns if boundary.contains(p)), key=lambda t: t[:2]
        )
        if inside:
            point = inside[0][2]
            return Point(point.x, point.y)
    # The median may fall into a lake; the junction nearest to it does not.
    off = np.hypot(network.node_lon - lon, network.node_lat - lat)
    nearest = int(np.argmin(off))
    return Point(float(network.node_lon[nearest]), float(network.node_lat[nearest]))


def _frame_and_sea(
    boundary: BaseGeometry, drawn: DrawnExtract
) -> tuple[BaseGeometry, BaseGeometry | None]:
    """The edge of the map: around the service area, not beyond what the extract knows.

    Of the two boxes that an extract may be said to fill (the one it states and that of its
    streets) the first within which the coast closes.
    """
    west, south, east, north = boundary.bounds
    up = _FRAME_METRES / _METRES_PER_DEGREE
    aside = up / max(0.1, float(np.cos(np.radians((south + north) / 2))))
    wide = shapely.box(west - aside, south - up, east + aside, north + up)
    streets = [f.shape for f in drawn.features if f.layer == "roads"]
    known = [shapely.box(*shapely.total_bounds(streets))]
    if drawn.box is not None and boundary.buffer(-up / 4).within(drawn.box):
        known.insert(0, drawn.box)
    frames = [wide.intersection(box) for box in known]
    for frame in frames:
        sea = sea_of(drawn.coast, frame)
        if sea is not None:
            return frame, sea
    return frames[0], None


def _notes(where: Whereabouts, given: Given, *, has_coast: bool, has_sea: bool) -> tuple[str, ...]:
    notes = []
    if given.country is None:
        notes.append(f"Country: {where.country.name}, by {where.country_found_by}.")
    if given.timezone is None:
        notes.append(f"Time zone: {where.timezone}, by {where.timezone_found_by}.")
    if given.currency is None:
        notes.append(f"Currency: {where.currency}, that of {where.country.name}.")
    if has_coast and not has_sea:
        notes.append("The coastline in the extract does not close: the map shows no sea.")
    notes.append("The charter is a model: its amounts are to be set by the founding meeting.")
    return tuple(notes)


def _write_pack(
    draft: Path, city: _City, drawn: DrawnExtract, *, seed: int, progress: Progress
) -> int:
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


def _city_json(city: _City) -> dict[str, Any]:
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


def _demand_model(city: _City, seed: int) -> dict[str, Any]:
    least, most = _RIDERS_PER_HOUR
    riders = round(city.network.node_count * _RIDERS_PER_JUNCTION_HOUR)
    return {
        "model": "gravity",
        "seed": seed,
        "riders_per_hour": min(max(riders, least), most),
        "centre": [round(city.centre.lon, 6), round(city.centre.lat, 6)],
    }


def _map_features(city: _City, drawn: DrawnExtract) -> list[MapFeature]:
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


def _write_charter(folder: Path, city: _City) -> None:
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


def _write_sources(draft: Path, extract: Path, city: _City) -> None:
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
