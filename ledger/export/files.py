"""An export on its way into a file: journals line by line, tables row by row."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import IO, Protocol

from ledger.export.beancount import Beancount
from ledger.export.books import Closing, Frame, OpenedAccount, SealedDay, WrittenTransfer
from ledger.export.hledger import Hledger
from ledger.export.names import Names
from ledger.export.table import COLUMNS, Rows


class Book(Protocol):
    """What takes an export, part by part, in the order of these methods."""

    def begin(self, frame: Frame) -> None:
        """Before everything."""
        ...

    def open(self, accounts: Iterable[OpenedAccount]) -> None:
        """Accounts that will be used; called as often as needed."""
        ...

    def write(self, transfers: Iterable[WrittenTransfer]) -> None:
        """Transfers in the order they were made."""
        ...

    def seal(self, day: SealedDay) -> None:
        """After the last transfer of a sealed day."""
        ...

    def close(self, day: date, closings: Sequence[Closing]) -> None:
        """What accounts hold when `day` begins, before its transfers."""
        ...


class Journal:
    """A plain-text ledger."""

    def __init__(self, file: IO[str], language: Beancount | Hledger) -> None:
        self._file, self._language = file, language
        self._frame: Frame | None = None

    def begin(self, frame: Frame) -> None:
        """Options and decisions."""
        self._frame = frame
        self._file.writelines(self._language.head(frame))

    def open(self, accounts: Iterable[OpenedAccount]) -> None:
        """The chart of accounts."""
        assert self._frame is not None
        self._file.writelines(self._language.accounts(self._frame, accounts))

    def write(self, transfers: Iterable[WrittenTransfer]) -> None:
        """Transactions; what was let go or posted since is not among them."""
        self._file.writelines(self._language.transfer(written) for written in transfers)

    def seal(self, day: SealedDay) -> None:
        """The digest of the day."""
        self._file.write(self._language.day(day))

    def close(self, day: date, closings: Sequence[Closing]) -> None:
        """Assertions."""
        if closings:
            self._file.writelines(self._language.closing(day, closings))


class Table:
    """Comma-separated values (RFC 4180), with a head."""

    def __init__(self, file: IO[str], names: Names) -> None:
        self._writer, self._names = csv.writer(file), names
        self._rows: Rows | None = None

    def begin(self, frame: Frame) -> None:
        """The head."""
        self._rows = Rows(frame, self._names)
        self._writer.writerow(COLUMNS)

    def open(self, accounts: Iterable[OpenedAccount]) -> None:
        """Nothing: each row names its account."""

    def write(self, transfers: Iterable[WrittenTransfer]) -> None:
        """A row for each entry."""
        assert self._rows is not None
        self._writer.writerows(self._rows.rows(transfers))

    def seal(self, day: SealedDay) -> None:
        """Nothing: each row has the digest of its day."""

    def close(self, day: date, closings: Sequence[Closing]) -> None:
        """Nothing: a table asserts nothing."""


def parquet_from(table: Path, out: Path) -> None:
    """Turn a table of ours into Apache Parquet, batch by batch."""
    import arro3.io
    from arro3.core import DataType, Field, Schema

    types = {
        "text": DataType.string(),
        "yes": DataType.bool(),
        "whole": DataType.int64(),
        "day": DataType.date32(),
        "instant": DataType.timestamp("us", tz="UTC"),
    }
    schema = Schema([Field(name, types[kind], nullable=True) for name, kind in COLUMNS.items()])
    rows = arro3.io.read_csv(table, schema, has_header=True, batch_size=8_192)
    arro3.io.write_parquet(rows, out, compression="zstd(3)", max_row_group_size=65_536)
