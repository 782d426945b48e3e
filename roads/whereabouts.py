"""Which country and time zone a city most likely lies in, without asking anybody outside.

Owns the small gazetteer (`roads/gazetteer/`, from GeoNames). It guesses: by what the map itself says
of its country, else by the nearest large city. Near a border both can be wrong, so every answer
says how it was found and a person may overrule it. Refuses countries and time zones that do not exist.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from foundation.measures import Point
from foundation.money import Currency, Money
from roads.errors import CountryUnknown, TimeZoneUnknown
from roads.measure import distances_metres
from roads.network import FloatArray
from roads.pack_fields import is_timezone

_FOLDER = Path(__file__).parent / "gazetteer"
_MENTIONS_MIN = 3
"""A country named on the map less often than this may be a slip, or a neighbour's embassy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A country: ISO 3166-1 code, name, ISO 4217 currency, usual locale and languages (BCP 47), side."""

    code: str
    name: str
    currency: Currency
    locale: str
    languages: tuple[str, ...]
    drives_on_left: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where a city is taken to be, and why.

    Attributes
    ----------
    country_found_by, timezone_found_by
        ``given``, ``the map`` or ``the nearest large city``: for the person who waits.
    """

    country: Country
    country_found_by: str
    timezone: str
    timezone_found_by: str
    currency: Currency


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cities:
    lonlat: FloatArray
    country: tuple[str, ...]
    timezone: tuple[str, ...]


def whereabouts(
    centre: Point,
    mentions: Mapping[str, int],
    *,
    country: str | None = None,
    timezone: str | None = None,
    currency: str | None = None,
) -> Whereabouts:
    """Guess what was not given.

    Parameters
    ----------
    centre
        The middle of the city.
    mentions
        How often the map names each country (ISO 3166-1).
    country, timezone, currency
        What a person says it is.

    Raises
    ------
    CountryUnknown, TimeZoneUnknown, CurrencyUnknown
        If what was given does not exist.
    """
    if timezone is not None and not is_timezone(timezone):
        raise TimeZoneUnknown(timezone)
    found_by = "given"
    if country is None:
        country, found_by = _country_of(centre, mentions)
    about = get_country(country)
    guess = _nearest(centre, about.code)
    return Whereabouts(
        country=about,
        country_found_by=found_by,
        timezone=timezone or guess[1],
        timezone_found_by="given" if timezone else "the nearest large city of the country",
        currency=Money(0, Currency(currency)).currency if currency else about.currency,
    )


def get_country(code: str) -> Country:
    """A country by its ISO 3166-1 code.

    Raises
    ------
    CountryUnknown
        If it is not in the gazetteer.
    """
    country = _countries().get(code)
    if country is None:
        raise CountryUnknown(code)
    return country


def _country_of(centre: Point, mentions: Mapping[str, int]) -> tuple[str, str]:
    known = {code: n for code, n in mentions.items() if code in _countries()}
    said = sorted(known, key=lambda code: (-known[code], code))
    if said and known[said[0]] >= _MENTIONS_MIN and known[said[0]] * 2 > sum(known.values()):
        return said[0], "the map"
    return _nearest(centre, None)[0], "the nearest large city"


def _nearest(centre: Point, country: str | None) -> tuple[str, str]:
    """Country and time zone of the nearest city, of a certain country if one is given."""
    cities = _cities()
    metres = distances_metres(cities.lonlat, np.array([centre.lon, centre.lat]))
    if country is not None and country in cities.country:
        metres = np.where(np.array(cities.country) == country, metres, np.inf)
    best = int(np.argmin(metres))
    return cities.country[best], cities.timezone[best]


@cache
def _countries() -> Mapping[str, Country]:
    with (_FOLDER / "countries.csv").open(newline="", encoding="utf-8") as text:
        return {
            row["country"]: Country(
                code=row["country"],
                name=row["name"],
                currency=Currency(row["currency"]),
                locale=row["locale"],
                languages=tuple(row["languages"].split()),
                drives_on_left=row["drives_on"] == "left",
            )
            for row in csv.DictReader(text)
        }


@cache
def _cities() -> _Cities:
    places: list[list[float]] = []
    countries: list[str] = []
    timezones: list[str] = []
    with (_FOLDER / "cities.csv").open(newline="", encoding="utf-8") as text:
        csv.field_size_limit(1_000_000)
        for row in csv.DictReader(text):
            numbers = [float(number) for number in row["places"].split()]
            pairs = [list(pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]
            # A country that we have no money or language for cannot be answered with.
            if row["country"] not in _countries() or not is_timezone(row["timezone"]):
                continue
            places.extend(pairs)
            countries.extend([row["country"]] * len(pairs))
            timezones.extend([row["timezone"]] * len(pairs))
    return _Cities(lonlat=np.array(places), country=tuple(countries), timezone=tuple(timezones))
