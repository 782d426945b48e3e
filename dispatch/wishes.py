"""What drivers say of their shift: where they would like to end it, how far their car still goes.

A home is nobody's business. Of the place only a corner of a coarse grid is ever kept, until the
shift ends; that is near enough for "towards home", and no house can be told from it.
"""

from dataclasses import dataclass

from foundation.measures import Point

GRID_DECIMALS = 2
"""A hundredth of a degree: about a kilometre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a driver said of their shift; None where they said nothing.

    Attributes
    ----------
    homeward
        Where they would like to end it, on the coarse grid.
    range_metres
        How far the car still went when they said so.
    """

    homeward: Point | None = None
    range_metres: int | None = None


def coarse(place: Point) -> Point:
    """The corner of the grid nearest to a place, which is all that is kept of it."""
    return Point(round(place.lon, GRID_DECIMALS), round(place.lat, GRID_DECIMALS))
