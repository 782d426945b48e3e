"""What `khan ledger export` does."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from foundation.chance import Chance, SystemChance
from khan.console import ArgumentUnusable, writable
from khan.kept import address_for, opened
from ledger.export.books import Frame
from ledger.export.names import Names, Pseudonyms, RealNames
from ledger.export.service import Form, Told, export


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportAsked:
    """What was asked for: which database, in which format, and whether people are named."""

    form: str
    url: str | None = None
    data: Path | None = None
    identified: bool = False
    replace: bool = False


def run(asked: ExportAsked, out: Path, console: Console) -> str:
    """Export the books; one line that says what was written.

    Raises
    ------
    ArgumentUnusable
        If the format is none, the file is there or cannot be written, or the folder was not kept by
        a demonstration.
    khan.kept.DatabaseUnnamed
    khan.our_tables.TablesMissing, khan.our_tables.DatabaseRefuses, storage.engine.DatabaseUnavailable
    """
    form = _form(asked.form)
    writable("--out", out)
    if out.exists() and not asked.replace:
        raise ArgumentUnusable("--out", f"{out} is there already; name another, or add --replace")
    bar = Progress(
        TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    names: Names = RealNames() if asked.identified else pseudonyms(SystemChance())
    with address_for(url=asked.url, data=asked.data) as address, bar:
        task = bar.add_task("transfers", total=None)

        def told(written: int, whole: int) -> None:
            bar.update(task, completed=written, total=whole)

        frame = asyncio.run(_export(address, out, form=form, names=names, told=told))
    size = out.stat().st_size
    return (
        f"{frame.transfers} transfers from {frame.first} to {frame.last}, "
        f"{len(frame.days)} days sealed: {out} ({size / 1e6:.1f} MB)"
    )


def pseudonyms(chance: Chance) -> Pseudonyms:
    """Under a key that nobody keeps."""
    return Pseudonyms(chance.bits(256).to_bytes(32, "big"))


async def _export(address: str, out: Path, *, form: Form, names: Names, told: Told) -> Frame:
    async with opened(address) as database, database.work(still=True) as work:
        return await export(work, out, form=form, names=names, told=told)


def _form(word: str) -> Form:
    try:
        return Form(word)
    except ValueError:
        known = ", ".join(form.value for form in Form)
        raise ArgumentUnusable("--format", f"{word!r} is none; choose one of {known}") from None
