"""Reading the small files of a city pack, and refusing each fault by file and field.

Owns the checks of JSON and GeoJSON. What the fields mean is said in docs/reference/city_pack.md.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from foundation.errors import Invalid
from foundation.measures import Point
from foundation.money import Currency, Money
from roads.errors import PackIncomplete, PackInvalid

BYTES_MAX = 64_000_000
"""No small file of a pack is larger; more is a mistake, or an attack."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a part of a pack came from, and on what terms."""

    what: str
    name: str
    licence: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """One JSON object of a pack's file, read field by field."""

    folder: Path
    file: str
    values: Mapping[str, Any]
    within: str = ""

    def refuse(self, field: str, reason: str) -> PackInvalid:
        """The refusal of a field of this object."""
        return PackInvalid(self.folder, self.file, f"{self.within}{field}", reason)

    def only(self, known: set[str]) -> None:
        """Refuse a field that is missing, or one that nobody reads (a slip of the pen)."""
        for name in sorted(set(self.values) - known):
            raise self.refuse(name, "is not a field of this file")
        for name in sorted(known - set(self.values)):
            raise self.refuse(name, "is missing")

    def text(self, field: str, *, most: int = 300) -> str:
        """A text that is not blank."""
        value = self.values[field]
        if not isinstance(value, str) or not value.strip() or len(value) > most:
            raise self.refuse(field, f"must be a text of 1 to {most} characters")
        return value

    def matching(self, field: str, pattern: re.Pattern[str], example: str) -> str:
        """A text of a certain form."""
        value = self.values[field]
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self.refuse(field, f"must be like {example}")
        return value

    def name(self, field: str) -> str:
        """A name that is safe in addresses and file names."""
        return self.matching(field, _NAME, "manhattan: small letters, digits, - and _")

    def country(self, field: str) -> str:
        """An ISO 3166-1 code of two letters."""
        return self.matching(field, _COUNTRY, "US, two capital letters (ISO 3166-1)")

    def language(self, field: str) -> str:
        """A language tag (BCP 47)."""
        return self.matching(field, _TAG, "en or pt-BR (BCP 47)")

    def languages(self, field: str) -> tuple[str, ...]:
        """Language tags, each once, the most usual first."""
        value = self.values[field]
        if (
            not isinstance(value, list)
            or not value
            or not all(isinstance(tag, str) and _TAG.fullmatch(tag) for tag in value)
            or len(set(value)) < len(value)
        ):
            raise self.refuse(field, 'must be a list of languages, each once, like ["en", "es"]')
        return tuple(value)

    def timezone(self, field: str) -> str:
        """A name of the IANA time zone database."""
        value = self.text(field)
        if not is_timezone(value):
            raise self.refuse(field, f"{value!r} is not in the IANA time zone database")
        return value

    def currency(self, field: str) -> Currency:
        """An ISO 4217 code."""
        value = self.text(field)
        try:
            return Money(0, Currency(value)).currency
        except Invalid as wrong:
            raise self.refuse(field, wrong.sentence.rstrip(".")) from None

    def point(self, field: str) -> Point:
        """A place, [longitude, latitude]."""
        lon, lat = self._degrees(field, 2, "[longitude, latitude]")
        try:
            return Point(lon, lat)
        except Invalid as wrong:
            raise self.refuse(field, wrong.sentence.rstrip(".")) from None

    def bounds(self, field: str) -> tuple[float, float, float, float]:
        """A box, [west, south, east, north]."""
        west, south, east, north = self._degrees(field, 4, "[west, south, east, north]")
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise self.refuse(field, "must be [west, south, east, north] in degrees")
        return west, south, east, north

    def day(self, field: str) -> date:
        """A date, YYYY-MM-DD."""
        try:
            return date.fromisoformat(self.text(field))
        except ValueError:
            raise self.refuse(field, "must be a date like 2014-12-21") from None

    def part(self, field: str) -> "Fields":
        """An object within this one."""
        value = self.values[field]
        if not isinstance(value, dict):
            raise self.refuse(field, "must be an object")
        return Fields(
            folder=self.folder, file=self.file, values=value, within=f"{self.within}{field}."
        )

    def file_named(self, field: str, what: str) -> Path:
        """A file of the pack, which must be there and inside the folder."""
        relative = self.text(field)
        if ".." in Path(relative).parts or Path(relative).is_absolute():
            raise self.refuse(field, "must name a file inside the pack")
        return existing(self.folder, relative, what)

    def sources(self, field: str) -> tuple[Source, ...]:
        """Where the data came from; at least one."""
        value = self.values[field]
        if not isinstance(value, list) or not value:
            raise self.refuse(field, "must be a list that names at least one source")
        found = []
        for number, raw in enumerate(value):
            if not isinstance(raw, dict):
                raise self.refuse(f"{field}[{number}]", "must be an object")
            one = Fields(
                folder=self.folder, file=self.file, values=raw, within=f"{field}[{number}]."
            )
            one.only({"what", "name", "licence", "address"})
            found.append(Source(**{name: one.text(name) for name in raw}))
        return tuple(found)

    def _degrees(self, field: str, count: int, shape: str) -> list[float]:
        value = self.values[field]
        if (
            not isinstance(value, list)
            or len(value) != count
            or any(isinstance(n, bool) or not isinstance(n, int | float) for n in value)
            or not all(-360 <= n <= 360 for n in value)
        ):
            raise self.refuse(field, f"must be {shape} in degrees")
        return [float(number) for number in value]


def is_timezone(name: str) -> bool:
    """Whether a name is in the IANA time zone database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def existing(folder: Path, file: str, what: str) -> Path:
    """A file of a pack.

    Raises
    ------
    PackIncomplete
        If it is not there.
    """
    path = folder / file
    if not path.is_file():
        raise PackIncomplete(folder, file, what)
    return path


def read_object(folder: Path, file: str, what: str) -> Fields:
    """A JSON object of a pack.

    Raises
    ------
    PackIncomplete, PackInvalid
        If the file is missing, or is no JSON object.
    """
    path = existing(folder, file, what)
    try:
        if path.stat().st_size > BYTES_MAX:
            raise PackInvalid(folder, file, "", f"it is larger than {BYTES_MAX} bytes")
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as broken:
        raise PackInvalid(folder, file, "", f"it is not JSON ({broken})") from broken
    if not isinstance(value, dict):
        raise PackInvalid(folder, file, "", "it is not a JSON object")
    return Fields(folder=folder, file=file, values=value)


def read_shape(folder: Path, file: str, what: str) -> BaseGeometry:
    """The one polygon (or set of polygons) of a GeoJSON file of a pack, in degrees.

    Raises
    ------
    PackIncomplete, PackInvalid
        If the file is missing, is not GeoJSON, or its shape is empty, broken or off the Earth.
    """
    document = read_object(folder, file, what)
    features = document.values.get("features")
    if document.values.get("type") != "FeatureCollection" or not isinstance(features, list):
        raise document.refuse("type", "must be a FeatureCollection")
    if len(features) != 1 or not isinstance(features[0], dict):
        raise document.refuse("features", "must hold exactly one feature")
    geometry = features[0].get("geometry")
    field = "features[0].geometry"
    try:
        shape = polygon_of(geometry)
    except ValueError as wrong:
        raise document.refuse(field, str(wrong)) from wrong
    west, south, east, north = shape.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise document.refuse(field, "is not in degrees of longitude and latitude")
    return shape


def polygon_of(geometry: object) -> BaseGeometry:
    """The shape of a GeoJSON Polygon or MultiPolygon.

    Raises
    ------
    ValueError
        Says in a predicate what is wrong with it.
    """
    if not isinstance(geometry, dict) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise ValueError("is not a Polygon or MultiPolygon")
    try:
        shape = shapely.from_geojson(json.dumps(geometry))
    except (shapely.errors.ShapelyError, ValueError) as broken:
        raise ValueError("cannot be read") from broken
    if shape.is_empty or not bool(np.isfinite(shapely.get_coordinates(shape)).all()):
        raise ValueError("is empty or has a coordinate that is no number")
    if not shape.is_valid:
        raise ValueError(f"contradicts itself ({shapely.is_valid_reason(shape)})")
    return shape
