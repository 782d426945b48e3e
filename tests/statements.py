"""How often a database is asked: statements counted as they are sent."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from storage.engine import Database


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements sent while the block runs; a transaction's beginning and end are not."""
    sent: list[str] = []

    def note(*args: object) -> None:
        sent.append(str(args[2]))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)
