"""What a run of the city came to, computed from the database afterwards."""

from datetime import datetime
from typing import Any

import ledger.views
from dispatch.views.figures import run_report
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
