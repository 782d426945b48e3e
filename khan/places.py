"""Places as people paste them: latitude first. The one place where they are turned round."""

import re

from foundation.errors import Invalid
from foundation.measures import Point

_PAIR = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*")


class PlaceUnreadable(Invalid):
    """What was pasted is not LAT,LON."""

    code = "place_unreadable"

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is not LAT,LON, like 40.7505,-73.9937.", text=text)


def pasted(text: str) -> Point:
    """`LAT,LON` as a point.

    Raises
    ------
    PlaceUnreadable, foundation.measures.PointNotOnEarth
    """
    found = _PAIR.fullmatch(text)
    if found is None:
        raise PlaceUnreadable(text)
    return Point(float(found[2]), float(found[1]))
