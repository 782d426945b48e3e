"""Making a city pack from an OpenStreetMap extract alone.

Owns the making: streets, service area, zones, map, a model charter and a model of demand, written
as plain files (docs/reference/city_pack.md). Refuses an extract that is broken or has no streets, and a
folder that is in use; a build that fails leaves nothing behind. What it had to guess (country, time
zone) it tells.
"""

import os
import shutil
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from foundation.measures import Point
from roads.coast import sea_of
from roads.errors import ExtractUnreadable, PackExists
from roads.network import RoadNetwork
from roads.osm import ImportFigures, network_from_pbf
from roads.osm_map import DrawnExtract, read_map
from roads.pack import CityPack
from roads.pack_writer import NewCity, write_pack, write_sources
from roads.tiles import Progress
from roads.turns import TurnDelays
from roads.whereabouts import Whereabouts, whereabouts
from roads.zone_grid import service_area, zones_within

_FRAME_METRES = 1_500.0
"""The map reaches this far beyond the service area."""

_METRES_PER_DEGREE = 111_195.0
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
        tiles = write_pack(draft, city, drawn, seed=seed, progress=progress)
        write_sources(draft, extract, city)
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


def _city_of(
    extract: Path, progress: Progress, given: Given, folder_name: str
) -> tuple[DrawnExtract, NewCity]:
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
    city = NewCity(
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
    """A folder's name as a city's: small letters, digits and -."""
    letters = "".join(c if c.isascii() and c.isalnum() else "-" for c in folder_name.lower())
    return letters.strip("-")[:64] or "city"


def _title(name: str, drawn: DrawnExtract) -> str:
    """The city's name as the map writes it (Zürich for zurich), or as the folder does."""
    for _, written, _ in drawn.places:
        plain = unicodedata.normalize("NFKD", written).encode("ascii", "ignore").decode()
        if _name(plain) == name:
            return written
    return name.replace("-", " ").title()


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
