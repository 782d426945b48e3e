"""The database as one object: an engine, and units of work on it.

The service always runs as the role `khan_app`, whoever the login is: a table's owner could change
append-only rows, and the service must not be able to.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from foundation.chance import Chance, SystemChance
from foundation.clock import ServiceClock
from foundation.errors import Invalid, Unavailable
from storage.work import Reading, UnitOfWork

if TYPE_CHECKING:
    import asyncpg


class DatabaseUnavailable(Unavailable):
    """The database does not answer, or could not do this just now."""

    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__("The database does not answer; please try again in a moment.")


class DatabaseAddressUnusable(Invalid):
    """DATABASE_URL is not the address of a PostgreSQL database."""

    code = "database_address_unusable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"DATABASE_URL is not a PostgreSQL address: {reason}.", reason=reason)


def postgresql_url(address: str, *, driver: str = "asyncpg") -> URL:
    """`address` as SQLAlchemy takes it, with our driver whatever driver it names.

    Raises
    ------
    DatabaseAddressUnusable
        If it is not an address, or of another database.
    """
    try:
        url = make_url(address)
    except ArgumentError:
        raise DatabaseAddressUnusable("it cannot be read") from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise DatabaseAddressUnusable(f"it names {url.get_backend_name()}")
    return url.set(drivername=f"postgresql+{driver}")


class Database:
    """A PostgreSQL database that units of work are done on.

    Parameters
    ----------
    address
        Any PostgreSQL URL; the driver is always asyncpg.
    chance
        Where identifiers come from.
    role
        The role every connection takes on; None only in tests that speak as the owner.
    pool_size
        Connections kept open at most.
    patience_seconds
        How long one statement may take; None for as long as it does, for whoever examines all of it.
    """

    def __init__(
        self,
        address: str,
        *,
        chance: Chance | None = None,
        role: str | None = "khan_app",
        pool_size: int = 10,
        patience_seconds: float | None = 30,
    ) -> None:
        settings = {"application_name": "khan", "timezone": "UTC", "jit": "off"}
        if role is not None:
            settings["role"] = role
        self.address = address
        self._chance = chance or SystemChance()
        self._doorbells: list[Callable[[], None]] = []
        self._opened: WeakSet[asyncpg.Connection] = WeakSet()
        self.engine: AsyncEngine = create_async_engine(
            postgresql_url(address),
            pool_size=pool_size,
            # No overflow: a connection beyond the pool is closed after use, and with it goes every
            # statement it had prepared, which costs more than waiting for a turn.
            max_overflow=0,
            pool_timeout=5,
            pool_use_lifo=True,
            hide_parameters=True,  # an error that is logged shows the statement, not whom it is about
            connect_args={
                "server_settings": settings,
                "timeout": 5,
                "command_timeout": patience_seconds,
                "prepared_statement_cache_size": 500,
                "async_creator_fn": self._open,
            },
        )

        self._reading_engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._still_engine = self.engine.execution_options(isolation_level="REPEATABLE READ")

    def on_commit(self, ring: Callable[[], None]) -> None:
        """Call `ring` after each commit that announced something: a doorbell, no payload."""
        self._doorbells.append(ring)

    @asynccontextmanager
    async def work(self, *, still: bool = False) -> AsyncIterator[UnitOfWork]:
        """One unit of work: committed when the block ends, rolled back when it raises.

        Parameters
        ----------
        still
            Whether every statement sees what was committed when the first began (PostgreSQL's
            repeatable read): for long looks that must agree with themselves.

        Raises
        ------
        DatabaseUnavailable
            If the database cannot be reached, at the start or in the middle, or does not answer in
            time; nothing is kept, and the same may be tried again.
        """
        with _told_as_unavailable():
            engine = self._still_engine if still else self.engine
            async with _connected(engine.begin()) as connection:
                now = (await connection.execute(_SERVICE_NOW)).scalar_one()
                work = UnitOfWork(connection=connection, now=now, chance=self._chance)
                yield work
                await work.flush()
        if work.has_announced:
            for ring in self._doorbells:
                ring()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        """Look, without a transaction: it saves beginning one, asking its time and ending it,
        which are three of the four statements of a view.

        Raises
        ------
        DatabaseUnavailable
            If the database cannot be reached.
        """
        with _told_as_unavailable():
            async with _connected(self._reading_engine.connect()) as connection:
                yield Reading(connection)

    async def clock(self) -> ServiceClock:
        """The line of service time over wall time, for those who must wait for a deadline."""
        async with self.reading() as reading:
            row = (await reading.execute(_CLOCK)).one()
        return ServiceClock(
            wall_origin=row.wall_origin, service_origin=row.service_origin, rate=row.rate
        )

    async def dispose(self) -> None:
        """Close every connection, those too that somebody still uses.

        The pool closes only what lies in it: what a cancelled task gives back afterwards would stay
        open in a pool that nobody has any more.
        """
        await self.engine.dispose()
        for connection in list(self._opened):
            if not connection.is_closed():
                connection.terminate()

    async def _open(self, *where: Any, **settings: Any) -> "asyncpg.Connection":
        import asyncpg  # not before it is needed: most commands open nothing

        connection = await asyncpg.connect(*where, **settings)
        self._opened.add(connection)
        return connection


_SERVICE_NOW = text("SELECT service_now()")
# SQLSTATE: connection exceptions; no such login or database; deadlock and serialization failure;
# insufficient resources; lock not available; operator intervention (a statement cancelled, a shutdown).
_NOT_NOW = ("08", "28", "3D", "40", "53", "55P03", "57")
_CLOCK = text("SELECT wall_origin, service_origin, rate FROM storage.service_time")


@asynccontextmanager
async def _connected(
    connecting: AbstractAsyncContextManager[AsyncConnection],
) -> AsyncIterator[AsyncConnection]:
    """The connection; a refused one is told as such, and not an OSError of the block's own."""
    async with AsyncExitStack() as stack:
        try:
            connection = await stack.enter_async_context(connecting)
        except OSError as error:
            raise DatabaseUnavailable from error
        yield connection


@contextmanager
def _told_as_unavailable() -> Iterator[None]:
    """Turn "the server went away, or cannot do it now" into the refusal that says so.

    All other errors are let through.
    """
    try:
        yield
    except (InterfaceError, OperationalError, PoolTimeout, TimeoutError) as error:
        raise DatabaseUnavailable from error
    except DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if error.connection_invalidated or state.startswith(_NOT_NOW):
            raise DatabaseUnavailable from error
        raise
