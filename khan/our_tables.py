"""Around the first use of a database: one that is not ours is refused in a sentence."""

import contextlib
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError

from foundation.errors import Unavailable

# SQLSTATE: undefined function, table, schema, column; no such role to take on; no such database.
_NOT_OURS = frozenset({"42883", "42P01", "3F000", "42703", "22023", "3D000"})
_NOT_LET_IN = ("28", "42501")
"""SQLSTATE: invalid authorization; the role may not."""


class TablesMissing(Unavailable):
    """The server answers, and no database with this version's tables is there."""

    code = "tables_missing"

    def __init__(self) -> None:
        super().__init__(
            "No database with our tables is there; create it if need be, and run `khan migrate` "
            "on it as their owner."
        )


class DatabaseRefuses(Unavailable):
    """The database answers, and does not let this user in."""

    code = "database_refuses"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The database does not let us in: {reason}. See to DATABASE_URL.")


@contextlib.contextmanager
def our_tables() -> Iterator[None]:
    """Around the first use of a database: one that is not ours is refused in a sentence.

    Raises
    ------
    TablesMissing, DatabaseRefuses
    """
    try:
        yield
    except DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if state in _NOT_OURS:
            raise TablesMissing from error
        if state.startswith(_NOT_LET_IN):
            raise DatabaseRefuses(str(error.orig).rsplit(": ", 1)[-1]) from error
        raise
