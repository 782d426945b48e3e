"""Guessing country and time zone: honestly, and only where nobody said."""

import pytest

from foundation.errors import Invalid
from foundation.measures import Point
from foundation.money import CurrencyUnknown
from roads.errors import CountryUnknown, TimeZoneUnknown
from roads.whereabouts import get_country, whereabouts

HEIDELBERG = Point(8.69, 49.41)
PORTLAND = Point(-122.67, 45.52)


@pytest.mark.parametrize(
    ("centre", "country", "timezone", "currency"),
    [
        (HEIDELBERG, "DE", "Europe/Berlin", "EUR"),
        (PORTLAND, "US", "America/Los_Angeles", "USD"),
        (Point(-73.98, 40.75), "US", "America/New_York", "USD"),
        (Point(7.42, 43.735), "MC", "Europe/Monaco", "EUR"),
        (Point(139.7, 35.68), "JP", "Asia/Tokyo", "JPY"),
        (Point(151.2, -33.87), "AU", "Australia/Sydney", "AUD"),
    ],
)
def test_a_city_that_says_nothing_is_taken_for_its_nearest_large_city(
    centre: Point, country: str, timezone: str, currency: str
) -> None:
    found = whereabouts(centre, {})
    assert (found.country.code, found.timezone, found.currency) == (country, timezone, currency)
    assert found.country_found_by == "the nearest large city"


def test_what_the_map_says_goes_before_what_is_near() -> None:
    vaduz = Point(9.52, 47.14)
    assert whereabouts(vaduz, {"LI": 105, "AT": 38}).country.code == "LI"
    konstanz = Point(9.18, 47.66)
    found = whereabouts(konstanz, {"DE": 40, "CH": 5})
    assert (found.country.code, found.timezone) == ("DE", "Europe/Berlin")
    assert found.country_found_by == "the map"


def test_a_country_named_once_or_that_does_not_exist_is_not_believed() -> None:
    assert whereabouts(HEIDELBERG, {"FR": 2}).country.code == "DE"
    assert whereabouts(HEIDELBERG, {"XX": 50}).country.code == "DE"
    assert whereabouts(HEIDELBERG, {"FR": 10, "CH": 9, "AT": 9}).country.code == "DE"


def test_what_a_person_says_is_so() -> None:
    found = whereabouts(
        HEIDELBERG, {"DE": 99}, country="FR", timezone="Europe/Zurich", currency="CHF"
    )
    assert (found.country.code, found.timezone, found.currency) == ("FR", "Europe/Zurich", "CHF")
    assert found.timezone_found_by == "given"


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"country": "de"}, CountryUnknown),
        ({"country": "ZZ"}, CountryUnknown),
        ({"timezone": "Europe/Heidelberg"}, TimeZoneUnknown),
        ({"timezone": "../etc/passwd"}, TimeZoneUnknown),
        ({"currency": "euro"}, CurrencyUnknown),
    ],
)
def test_what_does_not_exist_is_refused(given: dict[str, str], refusal: type[Invalid]) -> None:
    with pytest.raises(refusal):
        whereabouts(HEIDELBERG, {}, **given)


def test_countries_know_on_which_side_they_drive() -> None:
    assert get_country("GB").drives_on_left
    assert get_country("JP").drives_on_left
    assert not get_country("DE").drives_on_left
