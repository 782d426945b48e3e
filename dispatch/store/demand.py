"""What was asked for lately: counts of places, never who asked."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import text

from dispatch.matching.columns import Whole
from roads.network import FloatArray
from storage.work import Reading

CELLS_A_DEGREE = 1000
"""Requests are counted in cells of a thousandth of a degree, about a hundred metres: no exact place
leaves the database, and there are no more rows than a city has such cells, however many ask."""

# Whoever booked ahead is not counted: their trip is looked for by itself, early enough.
_ASKED = text("""
    SELECT CAST(floor(pickup_lon * :cells) AS integer) AS east,
           CAST(floor(pickup_lat * :cells) AS integer) AS north,
           count(*) AS requests,
           (SELECT min(matching_from) FROM dispatch.trip WHERE booked_for IS NULL) AS first_at
    FROM dispatch.trip
    WHERE booked_for IS NULL AND matching_from > service_now() - make_interval(secs => :lately)
    GROUP BY east, north ORDER BY east, north
""")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AskedLately:
    """Requests of the last while, by cell.

    Attributes
    ----------
    middles
        float64, (cells, 2): degrees of longitude and latitude.
    counts
        int64, (cells,): above 0.
    first_at
        When anybody asked for the first time ever; None if nobody did lately.
    """

    middles: FloatArray
    counts: Whole
    first_at: datetime | None


async def asked_lately(work: Reading, *, seconds: int) -> AskedLately:
    """Where trips were asked for in the last `seconds` of service time."""
    rows = list(await work.execute(_ASKED, {"cells": CELLS_A_DEGREE, "lately": seconds}))
    corners = np.array([(row.east, row.north) for row in rows], dtype=np.float64).reshape(-1, 2)
    return AskedLately(
        middles=(corners + 0.5) / CELLS_A_DEGREE,
        counts=np.array([row.requests for row in rows], dtype=np.int64),
        first_at=rows[0].first_at if rows else None,
    )
