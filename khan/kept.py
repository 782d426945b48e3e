"""The database that a command is about: of a folder that a demonstration kept, or a named one."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from foundation.errors import Invalid
from khan.console import ArgumentUnusable
from khan.our_tables import our_tables
from storage import embedded
from storage.engine import Database


class DatabaseUnnamed(Invalid):
    """Neither DATABASE_URL nor --data says where to look."""

    code = "database_unnamed"

    def __init__(self) -> None:
        super().__init__("Say where the database is: --data FOLDER of a demonstration, or --url.")


def address_of(*, url: str | None, data: Path | None) -> str:
    """Where the database is: of a demonstration's folder, whose server is started if need be.

    Raises
    ------
    ArgumentUnusable
        If there is no such folder, or no demonstration kept it.
    DatabaseUnnamed
    storage.embedded.EmbeddedServerFailed
        If its server does not start.
    """
    if data is None:
        if not url:
            raise DatabaseUnnamed
        return url
    if not data.is_dir():
        raise ArgumentUnusable("--data", f"there is no folder {data}")
    if not (data / "postgres" / "data" / "PG_VERSION").is_file():
        raise ArgumentUnusable("--data", f"{data} is not a demonstration's --keep folder")
    return embedded.start(data.resolve() / "postgres").address("khan")


@contextmanager
def address_for(*, url: str | None, data: Path | None) -> Iterator[str]:
    """As `address_of`; the server of a folder is let go of when the block ends."""
    address = address_of(url=url, data=data)
    try:
        yield address
    finally:
        if data is not None:
            embedded.stop(data / "postgres")


@asynccontextmanager
async def opened(address: str, *, patience_seconds: float | None = 30) -> AsyncIterator[Database]:
    """The database at an address, closed afterwards.

    Raises
    ------
    khan.our_tables.TablesMissing, khan.our_tables.DatabaseRefuses
        If it is not ours.
    """
    database = Database(address, pool_size=2, patience_seconds=patience_seconds)
    try:
        with our_tables():
            yield database
    finally:
        await database.dispose()
