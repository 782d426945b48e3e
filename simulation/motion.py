"""A car on its way along a line, as a function of time."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from foundation.measures import Point, distance_metres

POSITION_EVERY_SECONDS = 4.0
"""Service seconds between two positions (the trade's usual pace)."""
SHORTEST_POSITION_PAUSE = 0.2
"""Wall seconds: where service time runs fast, phones do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A line driven evenly from `begins` on, in `seconds` of service time.

    `marks` are the metres from the start to each point of the line.
    """

    line: tuple[Point, ...]
    marks: tuple[float, ...]
    begins: datetime
    seconds: float

    @classmethod
    def along(cls, line: Sequence[Sequence[float]], *, begins: datetime, seconds: float) -> "Way":
        """A way along (longitude, latitude) points."""
        points = tuple(Point(float(lon), float(lat)) for lon, lat in line)
        marks = [0.0]
        for a, b in pairwise(points):
            marks.append(marks[-1] + distance_metres(a, b))
        return cls(line=points, marks=tuple(marks), begins=begins, seconds=max(0.1, seconds))

    @classmethod
    def standing(cls, place: Point, *, at: datetime, heading: int = 0) -> "Way":
        """A car that stands, facing `heading`."""
        radians = math.radians(heading)
        nose = Point(place.lon + 1e-7 * math.sin(radians), place.lat + 1e-7 * math.cos(radians))
        return cls(line=(place, nose), marks=(0.0, 0.0), begins=at, seconds=0.1)

    @property
    def ends(self) -> datetime:
        """When the end is reached."""
        return self.begins + timedelta(seconds=self.seconds)

    def at(self, now: datetime) -> tuple[Point, int]:
        """Where the car is, and its heading in whole degrees clockwise from north."""
        share = min(1.0, max(0.0, (now - self.begins).total_seconds() / self.seconds))
        driven = share * self.marks[-1]
        index = min(max(bisect_right(self.marks, driven) - 1, 0), len(self.line) - 2)
        a, b = self.line[index], self.line[index + 1]
        stretch = self.marks[index + 1] - self.marks[index]
        part = 0.0 if stretch <= 0 else (driven - self.marks[index]) / stretch
        place = Point(a.lon + (b.lon - a.lon) * part, a.lat + (b.lat - a.lat) * part)
        return place, heading_of(a, b)


def position_pause(rate: float) -> float:
    """Service seconds between two positions where service time runs at `rate`."""
    return max(POSITION_EVERY_SECONDS, SHORTEST_POSITION_PAUSE * rate)


def position_message(way: Way, now: datetime) -> dict[str, Any]:
    """What a driver's phone reports; numbered by the clock, so that a later run goes on."""
    place, heading = way.at(now)
    return {
        "type": "position",
        "seq": int(now.timestamp()),
        "lon": round(place.lon, 6),
        "lat": round(place.lat, 6),
        "heading": heading,
    }


def heading_of(a: Point, b: Point) -> int:
    """Whole degrees clockwise from north, from `a` to `b`."""
    east = (b.lon - a.lon) * math.cos(math.radians(a.lat))
    return round(math.degrees(math.atan2(east, b.lat - a.lat))) % 360
