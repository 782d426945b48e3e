"""What a run of the city came to, computed from the database afterwards."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import ledger.views
from dispatch.views.figures import run_report, seconds_on_shift
from foundation.identifiers import DriverId
from foundation.money import Currency
from storage.engine import Database
from storage.timings import percentile_ms


async def report_of(database: Database, *, at: datetime | None = None) -> dict[str, Any]:
    """Counts, waits (service time) and durations (`*_ms`, wall time) of everything stored.

    What should have happened is judged by service time `at`, when a service that was stopped still
    lived; None for now.
    """
    async with database.work() as work:
        report = await run_report(work, at=at)
        imbalance = await ledger.views.imbalance(work)
        report["ledger_imbalance_minor"] = sum(abs(minor) for minor in imbalance.values())
        report["http_ms_p50"] = await percentile_ms(work, 0.50)
        report["http_ms_p99"] = await percentile_ms(work, 0.99)
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in sorted(report.items())
    }


async def pay_by_advice(
    database: Database,
    drivers: Mapping[bool, Sequence[DriverId]],
    *,
    since: datetime,
    currency: Currency,
) -> dict[str, Any]:
    """Pay an hour on shift, in minor units, of drivers who follow advice where to wait (True) and of
    those who do not; None of a group that was never on shift."""
    report: dict[str, Any] = {}
    async with database.work() as work:
        for follows, group in drivers.items():
            name = "following_advice" if follows else "cruising"
            seconds = await seconds_on_shift(work, group, since=since)
            pay = await ledger.views.earnings_since(work, group, since, currency=currency)
            report[f"drivers_{name}"] = len(group)
            report[f"pay_hour_minor_{name}"] = (
                round(sum(pay.values()) * 3600 / seconds) if seconds else None
            )
    return report
