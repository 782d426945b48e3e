"""Bring a database's tables to this version, with Alembic, as the tables' owner."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, pool, text
from sqlalchemy.exc import OperationalError

from storage.engine import DatabaseUnavailable, postgresql_url

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x6B68616E  # 'khan': two processes that migrate at once take turns
_HAS_POSTGIS = text("SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'postgis')")


def migrate(address: str, *, revision: str = "main@head") -> None:
    """Upgrade the database at `address` to `revision`.

    Where the extension PostGIS is installed in it, the branch `postgis` follows.

    Raises
    ------
    DatabaseUnavailable
        If it cannot be reached.
    """
    engine = create_engine(postgresql_url(address, driver="psycopg"), poolclass=pool.NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            connection.commit()
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            if revision == "main@head" and connection.execute(_HAS_POSTGIS).scalar_one():
                connection.commit()
                command.upgrade(config, "postgis@head")
            connection.commit()
    except OperationalError as error:
        raise DatabaseUnavailable from error
    finally:
        engine.dispose()


def run_sql_file(connection: Connection, name: str) -> None:
    """Run one file of `migrations/sql`, whole, on the driver itself.

    Past SQLAlchemy, because a file holds many statements and per cent signs of its own.
    """
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute((_MIGRATIONS / "sql" / name).read_text(encoding="utf-8"))
