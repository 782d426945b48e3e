"""Reading the demand of a city pack, and opening the stream of wishes it gives.

Owns the two forms that demand has in a pack (docs/reference/city_pack.md): a table of recorded trips
and a model. Refuses a file with a fault, by line or field.
"""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, TextIO

from foundation.chance import Chance
from foundation.errors import Invalid
from foundation.measures import Point
from roads.pack import CityPack
from simulation.demand import RecordedTrip, TripWish, replay, usable_trips
from simulation.errors import DemandUnreadable
from simulation.gravity import GravityModel, gravity_demand

TRIP_COLUMNS = (
    *("asked_at", "pickup_lon", "pickup_lat", "dropoff_lon", "dropoff_lat"),
    "passengers",
)
PASSENGERS_MAX = 8

DAY_OF_A_MODEL = date(2026, 6, 10)
"""A Wednesday without holidays, for demand that no day was recorded for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandFigures:
    """What is known of a city's demand before it is replayed."""

    kind: str
    recorded: int
    """Trips in the table; 0 for a model."""
    outside: int
    nowhere: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDemand:
    """A stream of wishes, and what it was made from.

    Attributes
    ----------
    opens_at
        The instant of service time (UTC) from which `wishes` count their seconds.
    """

    opens_at: datetime
    wishes: Iterator[TripWish]
    figures: DemandFigures


def open_demand(
    pack: CityPack, *, start: time, chance: Chance, riders_per_hour: float | None = None
) -> OpenDemand:
    """The wishes of a city's riders from a local hour on.

    Parameters
    ----------
    start
        The city's local time at which the window opens, on the recorded day.
    riders_per_hour
        How many riders to expect in the first hour; left out, as recorded or as the model says.

    Raises
    ------
    DemandUnreadable
        If the pack's file has a fault.
    """
    demand = pack.demand
    second = start.hour * 3600 + start.minute * 60 + start.second
    opens_at = datetime.combine(
        demand.recorded_on or DAY_OF_A_MODEL, start, tzinfo=pack.zone_info
    ).astimezone(UTC)
    if demand.kind == "model":
        model = read_model(demand.path)
        figures = DemandFigures(kind="model", recorded=0, outside=0, nowhere=0)
        wishes = gravity_demand(
            pack.network,
            model,
            start_second=second,
            chance=chance,
            riders_per_hour=riders_per_hour,
        )
        return OpenDemand(opens_at=opens_at, wishes=wishes, figures=figures)
    recorded = read_trips(demand.path)
    usable = usable_trips(recorded, pack.contains_each)
    figures = DemandFigures(
        kind="recorded", recorded=len(recorded), outside=usable.outside, nowhere=usable.nowhere
    )
    wishes = replay(
        usable.trips, start_second=second, chance=chance, riders_per_hour=riders_per_hour
    )
    return OpenDemand(opens_at=opens_at, wishes=wishes, figures=figures)


def read_trips(path: Path) -> tuple[RecordedTrip, ...]:
    """A table of recorded trips (``.csv`` or ``.csv.gz``), in its order.

    Raises
    ------
    DemandUnreadable
        Names the line and the fault.
    """
    try:
        with _opened(path) as text:
            reader = csv.DictReader(text, strict=True)
            missing = [c for c in TRIP_COLUMNS if c not in (reader.fieldnames or ())]
            if missing:
                raise DemandUnreadable(path, "line 1", f"the column {missing[0]!r} is missing")
            return tuple(_trip(path, reader.line_num, row) for row in reader)
    except FileNotFoundError as gone:
        raise DemandUnreadable(path, "", "there is no such file") from gone
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error) as broken:
        raise DemandUnreadable(path, "", f"it is not a table of text ({broken})") from broken


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _trip(path: Path, line: int, row: dict[str, Any]) -> RecordedTrip:
    def refuse(reason: str) -> DemandUnreadable:
        return DemandUnreadable(path, f"line {line}", reason)

    if any(row[column] is None for column in TRIP_COLUMNS):
        raise refuse("the row is too short")
    try:
        asked_at = datetime.fromisoformat(row["asked_at"])
        passengers = int(row["passengers"])
        points = [
            Point(float(row[f"{end}_lon"]), float(row[f"{end}_lat"]))
            for end in ("pickup", "dropoff")
        ]
    except Invalid as wrong:
        raise refuse(wrong.sentence.rstrip(".")) from wrong
    except ValueError as wrong:
        raise refuse(str(wrong)) from wrong
    if asked_at.tzinfo is not None:
        raise refuse("asked_at is the city's local time, without an offset")
    if not 1 <= passengers <= PASSENGERS_MAX:
        raise refuse(f"passengers must be 1 to {PASSENGERS_MAX}")
    return RecordedTrip(
        second=asked_at.hour * 3600 + asked_at.minute * 60 + asked_at.second,
        pickup=points[0],
        dropoff=points[1],
        passengers=passengers,
    )


def read_model(path: Path) -> GravityModel:
    """The model of demand of a pack.

    Raises
    ------
    DemandUnreadable
        Names the field and the fault.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as gone:
        raise DemandUnreadable(path, "", "there is no such file") from gone
    except (OSError, ValueError) as broken:
        raise DemandUnreadable(path, "", f"it is not JSON ({broken})") from broken
    if not isinstance(raw, dict) or raw.get("model") != "gravity":
        raise DemandUnreadable(path, "model", 'must be "gravity"')
    seed, riders, centre = (raw.get(name) for name in ("seed", "riders_per_hour", "centre"))
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise DemandUnreadable(path, "seed", "must be a whole number")
    if isinstance(riders, bool) or not isinstance(riders, int | float) or not 0 < riders <= 1e6:
        raise DemandUnreadable(path, "riders_per_hour", "must be over 0, and a million at most")
    if not isinstance(centre, list) or len(centre) != 2:
        raise DemandUnreadable(path, "centre", "must be [longitude, latitude]")
    try:
        return GravityModel(
            seed=seed, riders_per_hour=float(riders), centre=Point(centre[0], centre[1])
        )
    except Invalid as wrong:
        raise DemandUnreadable(path, "centre", wrong.sentence.rstrip(".")) from wrong
