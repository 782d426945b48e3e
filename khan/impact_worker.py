"""The loop that has impact statements worked out beside the service, one at a time.

The figures of a day are a minute of a processor's time: they are worked out in a process of low
priority, so that no round waits for them. What is to be done stands in the tables; a process
that is killed has lost nothing but its work.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from prometheus_client import Counter

from foundation.clock import stopwatch_ms
from foundation.errors import Refusal
from governance.impact.document import Subject, read_document
from governance.impact.errors import ImpactUnreadable
from governance.impact.service import get_about, keep_impact, proposals_of
from governance.impact.store import Waiting, find_waiting, rests_on_at
from governance.motion import MotionId
from khan.impact_job import IN_A_HURRY, Assumed, Job
from rulebook.errors import RuleMissing
from rulebook.rule import RuleKind
from rulebook.service import all_in_force, in_force
from storage.engine import Database
from storage.work import UnitOfWork

log = structlog.get_logger()

STATED = Counter("khan_impacts_stated_total", "Impact statements worked out and kept")
FAILED = Counter("khan_impacts_failed_total", "Impact statements that could not be worked out")

LOOKS_EVERY_SECONDS = 2.0
PROCESS_SECONDS_MAX = 1800.0
"""By the clock on the wall; a machine that is busy gives low priority little."""
AFTER_A_FAILURE_SECONDS = 60.0
FAILURES_COUNTED_MAX = 6

Run = Callable[[bytes], Awaitable[bytes]]
"""Has a job worked out, and gives the document's text."""


class ProcessFailed(Exception):
    """The process ended without a document."""


async def in_a_process(job: bytes, *, in_a_hurry: bool = False) -> bytes:
    """Have `khan.impact_job` work it out; the process goes when this is cancelled.

    Parameters
    ----------
    in_a_hurry
        At no low priority, and without making machine code of loops first, which takes over a minute
        once on each machine: quicker for a few hundred junctions, and the same bytes.

    Raises
    ------
    ProcessFailed
        If it ended with a status, or takes too long.
    """
    one_thread = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    if in_a_hurry:
        one_thread["NUMBA_DISABLE_JIT"] = "1"
    kept = {
        name: value
        for name, value in os.environ.items()
        # What the process has no need to know: where the database is, and the secrets.
        if name != "DATABASE_URL" and not name.startswith(("KHAN_", "PG"))
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "khan.impact_job", *([IN_A_HURRY] if in_a_hurry else []),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env=kept | one_thread,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PROCESS_SECONDS_MAX):
            document, said = await process.communicate(job)
    except TimeoutError:
        raise ProcessFailed("it took too long") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise ProcessFailed(f"status {process.returncode}: {lines[-1]}")
    return document


@dataclass(slots=True)
class ImpactWorker:
    """What is being worked out, and what failed and is left for a while.

    Attributes
    ----------
    city
        Folder of the city's pack.
    run
        In which way a job is worked out.
    """

    database: Database
    city: Path
    run: Run = in_a_process
    assumed: Assumed = field(default_factory=Assumed)
    stopwatch: Callable[[], float] = stopwatch_ms
    _doing: tuple[Waiting, "asyncio.Task[bytes]"] | None = None
    _failures: dict[tuple[MotionId, int], tuple[int, float]] = field(default_factory=dict)

    async def turn(self) -> float:
        """Begin what waits, or keep what is ready; never waits for the process itself."""
        if self._doing is not None:
            waiting, task = self._doing
            if not task.done():
                return LOOKS_EVERY_SECONDS
            self._doing = None
            await self._keep(waiting, task)
        job = await self._next()
        if job is not None:
            waiting, encoded = job
            self._doing = (waiting, asyncio.ensure_future(self.run(encoded)))
        return LOOKS_EVERY_SECONDS

    async def close(self) -> None:
        """End the process, if there is one; what it did is done again by the next."""
        if self._doing is not None:
            _, task = self._doing
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._doing = None

    async def _next(self) -> tuple[Waiting, bytes] | None:
        left = tuple(
            motion_id
            for (motion_id, _), (_, until) in self._failures.items()
            if self.stopwatch() < until
        )
        async with self.database.work() as work:
            waiting = await find_waiting(work, but=left)
            if waiting is None:
                return None
            try:
                job = await job_of(work, waiting.motion_id, self.city, self.assumed)
                return waiting, job.encode()
            except Refusal as refusal:
                self._note_failure(waiting, refusal.sentence)
                return None

    async def _keep(self, waiting: Waiting, task: "asyncio.Task[bytes]") -> None:
        try:
            document = read_document(task.result().decode())
        except (ProcessFailed, OSError, Refusal) as failure:
            self._note_failure(waiting, str(failure))
            return
        try:
            async with self.database.work() as work:
                kept = await keep_impact(work, document)
        except ImpactUnreadable as contradiction:
            self._note_failure(waiting, contradiction.sentence)
            return
        self._failures.pop((waiting.motion_id, waiting.version), None)
        if kept:
            STATED.inc()
            log.info(
                "impact", motion=str(waiting.motion_id), version=waiting.version,
                digest=document["digest"],
            )  # fmt: skip

    def _note_failure(self, waiting: Waiting, reason: str) -> None:
        """Leave it for a minute, then two, then four ..., about an hour at most."""
        FAILED.inc()
        key = (waiting.motion_id, waiting.version)
        count = min(FAILURES_COUNTED_MAX, self._failures.get(key, (0, 0.0))[0] + 1)
        pause_ms = AFTER_A_FAILURE_SECONDS * 1000 * 2 ** (count - 1)
        self._failures[key] = (count, self.stopwatch() + pause_ms)
        log.error(
            "impact_failed", motion=str(waiting.motion_id), version=waiting.version, reason=reason
        )


async def job_of(work: UnitOfWork, motion_id: MotionId, city: Path, assumed: Assumed) -> Job:
    """What is to be worked out: what the motion may write, against the rules in force now.

    Raises
    ------
    QuestionUnfit
        If the rule does not hold the number that is asked for, or nothing may be chosen.
    RuleMissing
        If the city has no tariff, pay floor or matching policy yet.
    """
    needed = (RuleKind.TARIFF, RuleKind.PAY_FLOOR, RuleKind.MATCHING_POLICY)
    rules = dict(await all_in_force(work, dict.fromkeys(needed, work.now)))
    with contextlib.suppress(RuleMissing):  # a city may have none
        rules[RuleKind.LEVY] = await in_force(work, RuleKind.LEVY, work.now)
    about = await get_about(work, motion_id)
    return Job(
        city=str(city),
        subject=Subject(
            motion_id=str(motion_id),
            version=about.version,
            kind=about.kind,
            rests_on=await rests_on_at(work, motion_id, work.now),
        ),
        today={kind: rule.body for kind, rule in rules.items()},
        proposals=await proposals_of(work, motion_id),
        assumed=assumed,
    )
