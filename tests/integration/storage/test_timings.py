"""How long requests took is told from the counts of all processes."""

import pytest

from storage.engine import Database
from storage.timings import BOUNDS_MS, Timings, keep, percentile_ms


async def told(database: Database, share: float) -> float | None:
    async with database.work() as work:
        return await percentile_ms(work, share)


async def test_a_share_of_requests_lies_below_the_bound_told(database: Database) -> None:
    assert await told(database, 0.5) is None
    for durations in ([1.0] * 6, [100.0] * 4):  # two processes
        timings = Timings()
        for ms in durations:
            timings.add(ms)
        counts = timings.take()
        assert counts is not None
        assert timings.take() is None
        async with database.work() as work:
            await keep(work, counts)
    assert await told(database, 0.5) == pytest.approx(1.0, rel=0.2)
    assert await told(database, 0.6) == await told(database, 0.5)
    assert await told(database, 0.99) == pytest.approx(100.0, rel=0.2)


async def test_what_took_longer_than_any_bucket_is_told_by_the_last_bound(
    database: Database,
) -> None:
    timings = Timings()
    timings.add(1e6)
    counts = timings.take()
    assert counts is not None
    async with database.work() as work:
        await keep(work, counts)
    assert await told(database, 0.99) == round(BOUNDS_MS[-1], 2)
