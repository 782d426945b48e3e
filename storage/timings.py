"""How long requests took: buckets of wall milliseconds, counted in memory, kept in the database."""

import bisect
from collections.abc import Sequence

from sqlalchemy import text

from storage.work import UnitOfWork

BOUNDS_MS: Sequence[float] = tuple(0.25 * 1.2**step for step in range(64))
"""Upper bounds of the buckets, a fifth apart: 0.25 ms to about 24 s; one more for the rest."""


class Timings:
    """Counts of durations since they were last taken."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_MS) + 1)

    def add(self, ms: float) -> None:
        """Count one duration, in wall milliseconds."""
        self._counts[bisect.bisect_left(BOUNDS_MS, ms)] += 1

    def take(self) -> list[int] | None:
        """The counts since the last call; None if there were none."""
        if not any(self._counts):
            return None
        counts, self._counts = self._counts, [0] * (len(BOUNDS_MS) + 1)
        return counts


_INSERT = text("INSERT INTO storage.http_timing (counts) VALUES (:counts)")
_FORGET_OLD = text("""
    DELETE FROM storage.http_timing WHERE at < clock_timestamp() - interval '30 days'
""")
_SUM = text("""
    SELECT n, CAST(sum(count) AS bigint) AS requests FROM storage.http_timing,
        unnest(counts) WITH ORDINALITY AS bucket (count, n)
    GROUP BY n ORDER BY n
""")


async def keep(work: UnitOfWork, counts: Sequence[int]) -> None:
    """Store counts taken."""
    await work.execute(_INSERT, {"counts": list(counts)})


async def forget_old(work: UnitOfWork) -> int:
    """Delete counts of more than 30 days ago (wall time); how many rows there were."""
    return (await work.execute(_FORGET_OLD)).rowcount


async def percentile_ms(work: UnitOfWork, share: float) -> float | None:
    """The bound below which `share` of all stored requests lie; None if there are none.

    Past the last bound it is that one: a report is JSON, which knows no infinity.
    """
    counts = [int(row.requests) for row in await work.execute(_SUM)]
    total, seen = sum(counts), 0
    for count, bound in zip(counts, (*BOUNDS_MS, BOUNDS_MS[-1]), strict=False):
        seen += count
        if total and seen >= share * total:
            return round(bound, 2)
    return None
