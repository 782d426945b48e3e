"""What `khan ledger verify` does."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from governance.commons.store_checks import faults as pledge_faults
from khan.console import ArgumentUnusable
from khan.kept import address_for, opened
from ledger import verification
from ledger.customers.store_checks import faults as customer_faults
from ledger.payments.store.checks import payment_faults
from ledger.verification import Checker, Told, Verified, verify

CHECKERS: Mapping[str, Checker] = {
    **verification.CHECKERS,
    "customers": customer_faults,
    "payments": payment_faults,
    "pledges": pledge_faults,
}
"""Every rule that is looked for; a room with rules of its own about money adds them here. Not those of
drivers' own costs, which the service may not look through (docs/decisions/0530)."""


def run(*, kept: str | None, url: str | None, data: Path | None, console: Console) -> Verified:
    """Examine the books whole, in one look that does not move.

    Raises
    ------
    ArgumentUnusable
        If what was kept is no digest, or the folder was not kept by a demonstration.
    khan.kept.DatabaseUnnamed
    khan.our_tables.TablesMissing, khan.our_tables.DatabaseRefuses, storage.engine.DatabaseUnavailable
    """
    if kept is not None and not re.fullmatch(r"[0-9a-f]{64}", kept):
        raise ArgumentUnusable("--kept", "a digest is 64 hexadecimal digits, in small letters")
    bar = Progress(
        TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    with address_for(url=url, data=data) as address, bar:
        task = bar.add_task("days", total=None)

        def told(what: str, done: int, whole: int) -> None:
            bar.update(task, description=what, completed=done, total=whole)

        return asyncio.run(_verify(address, kept, told))


def as_document(found: Verified) -> dict[str, Any]:
    """What was found, as JSON values."""
    last = found.last
    return {
        "days": found.days,
        "transfers": found.transfers,
        "rules": found.rules,
        "last": None if last is None else {"day": str(last.day), "digest": last.digest},
        "faults": [asdict(fault) for fault in found.faults],
    }


def lines(found: Verified) -> list[str]:
    """What was found, line by line."""
    if found.faults:
        return [f"{fault.rule} {fault.where}: {fault.what}" for fault in found.faults]
    if found.last is None:
        return [f"No day is sealed yet. None of {found.rules} rules is broken."]
    return [
        f"{found.days} sealed days with {found.transfers} transfers are what their digests say; "
        f"none of {found.rules} rules is broken.",
        f"{found.last.day} {found.last.digest}",
    ]


async def _verify(address: str, kept: str | None, told: Told) -> Verified:
    # A rule over a city's years takes longer than any request may.
    async with (
        opened(address, patience_seconds=None) as database,
        database.work(still=True) as work,
    ):
        return await verify(work, checkers=CHECKERS, kept=kept, told=told)
