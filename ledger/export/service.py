"""Laying the books open: one moment of them, into one file."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path

from foundation.local_time import day_starts
from ledger.export import views
from ledger.export.beancount import Beancount
from ledger.export.books import Frame
from ledger.export.files import Book, Journal, Table, parquet_from
from ledger.export.hledger import Hledger
from ledger.export.names import Names
from storage.work import Reading

Told = Callable[[int, int], None]
"""Called with how many transfers were written, and how many there are."""


class Form(StrEnum):
    """What an export is written in."""

    BEANCOUNT = "beancount"
    HLEDGER = "hledger"
    CSV = "csv"
    PARQUET = "parquet"


def untold(_written: int, _all: int) -> None:
    """For exports that nobody watches."""


async def export(
    work: Reading, out: Path, *, form: Form, names: Names, told: Told = untold
) -> Frame:
    """Write the books into a file, whole or not at all.

    Parameters
    ----------
    work
        A unit of work that is still (`Database.work(still=True)`): the closing balances are added
        up by other statements than the transfers are read by.
    names
        How identifiers that lead to people are written.

    Raises
    ------
    OSError
        If the file cannot be written; what was begun is removed.
    """
    unfinished = out.with_name(out.name + ".unfinished")
    table = out.with_name(out.name + ".rows")
    try:
        written = table if form is Form.PARQUET else unfinished
        with written.open("w", encoding="utf-8", newline="") as file:
            book: Book
            match form:
                case Form.BEANCOUNT:
                    book = Journal(file, Beancount(names))
                case Form.HLEDGER:
                    book = Journal(file, Hledger(names))
                case _:
                    book = Table(file, names)
            frame = await _write(work, book, told=told)
        if form is Form.PARQUET:
            await asyncio.to_thread(parquet_from, table, unfinished)
        unfinished.replace(out)
    finally:
        for rest in (unfinished, table):
            with suppress(FileNotFoundError):
                rest.unlink()
    return frame


async def _write(work: Reading, book: Book, *, told: Told) -> Frame:
    frame = await views.read_frame(work)
    book.begin(frame)
    async for accounts in views.list_opened(work):
        book.open(accounts)
    sealed = {day.day: day for day in frame.days}
    closes = dict(frame.closes)
    written = 0
    for number in range((frame.last - frame.first).days + 1):
        day = frame.first + timedelta(days=number)
        if day in closes:
            await _close(work, book, frame, day, of_period=True)
        async for transfers in views.transfers_of_day(work, day, frame.zone):
            book.write(transfers)
            written += len(transfers)
        if day in sealed:
            book.seal(sealed[day])
        told(written, frame.transfers)
    await _close(work, book, frame, frame.last + timedelta(days=1), of_period=False)
    return frame


async def _close(work: Reading, book: Book, frame: Frame, day: date, *, of_period: bool) -> None:
    ends_at = dict(frame.closes)[day] if of_period else day_starts(day, frame.zone)
    async for found in views.closings(work, day, ends_at, of_period=of_period):
        book.close(day, found)
