"""Impact statements for the scenes of tests: true ones, of a day in which one rider crosses a small city."""

import tempfile
from functools import cache
from pathlib import Path

from governance.impact.document import has_impact
from governance.impact.service import get_about, keep_impact
from governance.motion import MotionId
from khan.impact_job import Assumed, work_out
from khan.impact_worker import job_of
from storage.engine import Database
from tests.small_city import write_small_city


@cache
def _kept() -> "tempfile.TemporaryDirectory[str]":
    """A folder that goes with the process."""
    return tempfile.TemporaryDirectory(prefix="gridtown-")


@cache
def one_trip_s_city() -> Path:
    """The small city, whose recorded day has one trip."""
    return write_small_city(Path(_kept().name) / "gridtown")


async def state_impact(
    database: Database, motion_id: MotionId, *, city: Path | None = None
) -> None:
    """Work out and keep what a motion would do, as the service does; nothing where that is not asked.

    Parameters
    ----------
    city
        The pack whose day is played; None: the small city's.
    """
    async with database.work() as work:
        if not has_impact((await get_about(work, motion_id)).kind):
            return
        job = await job_of(work, motion_id, city or one_trip_s_city(), Assumed())
    async with database.work() as work:
        await keep_impact(work, work_out(job))
