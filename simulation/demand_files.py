"""Reading the demand of a city pack: a table of recorded trips, or a model.

Owns both forms (docs/reference/city_pack.md). Refuses a file with a fault, by line or field.
"""

import csv
import gzip
import json
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from foundation.errors import Invalid
from foundation.measures import Point
from simulation.errors import DemandUnreadable
from simulation.gravity import GravityModel
from simulation.replay import RecordedTrip

TRIP_COLUMNS = (
    *("asked_at", "pickup_lon", "pickup_lat", "dropoff_lon", "dropoff_lat"),
    "passengers",
)
PASSENGERS_MAX = 8


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
