"""infra/database_roles.sql sets up an outside PostgreSQL on which the service owns nothing."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from storage import embedded
from storage.engine import Database
from storage.migrate import migrate

ROLES = Path(__file__).resolve().parents[3] / "infra" / "database_roles.sql"


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.EmbeddedServer]:
    """A server of its own, because roles are shared by all databases of one; set up and migrated."""
    folder = tmp_path_factory.mktemp("outside")
    server = embedded.start(folder, durable=False)
    embedded.create_database(server, "khan")
    for _ in range(2):  # before the first migration, and again after it
        with psycopg.connect(server.address("khan"), autocommit=True) as superuser:
            superuser.execute(ROLES.read_text(encoding="utf-8"))
        migrate(address_of(server, "khan_owner_login"))
    yield server
    embedded.stop(folder, immediate=True)


def address_of(server: embedded.EmbeddedServer, login: str) -> str:
    return server.address("khan").replace("postgres@", f"{login}@")


def test_every_table_belongs_to_the_owner(outside: embedded.EmbeddedServer) -> None:
    with psycopg.connect(outside.address("khan")) as connection:
        owners = connection.execute(
            "SELECT DISTINCT tableowner FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
    assert owners == [("khan_owner",)]


async def test_the_service_works_with_its_own_login(outside: embedded.EmbeddedServer) -> None:
    database = Database(address_of(outside, "khan_service_login"))
    async with database.work() as work:
        assert (await work.execute(text("SELECT current_user"))).scalar_one() == "khan_app"
    await database.dispose()


@pytest.mark.parametrize("login", ["khan_service_login", "khan_reader_login"])
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.mine (one int)",
        "CREATE TEMPORARY TABLE mine (one int)",
        "CREATE SCHEMA mine",
        "SET ROLE khan_owner",
        "DELETE FROM storage.outbox",
        "UPDATE storage.service_time SET rate = 2",
    ],
)
def test_neither_service_nor_readers_can_change_what_they_do_not_own(
    outside: embedded.EmbeddedServer, login: str, statement: str
) -> None:
    with (
        psycopg.connect(address_of(outside, login), autocommit=True) as connection,
        pytest.raises(
            (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
        ),
    ):
        connection.execute(statement)


@pytest.mark.parametrize("schema", ["registry", "dispatch", "storage"])
def test_readers_are_not_let_in_where_people_are_told_of(
    outside: embedded.EmbeddedServer, schema: str
) -> None:
    with psycopg.connect(address_of(outside, "khan_reader_login")) as connection:
        row = connection.execute("SELECT has_schema_privilege(%s, 'USAGE')", [schema]).fetchone()
    assert row == (False,)


KEEPERS = ("khan_desk_secretary", "khan_desk_city_clerk", "khan_ballot_board")


@pytest.mark.parametrize("role", KEEPERS)
async def test_each_keeper_of_polls_has_one_role_and_nobody_else_has_it(
    outside: embedded.EmbeddedServer, role: str
) -> None:
    database = Database(address_of(outside, f"{role}_login"), role=role)
    async with database.work() as work:  # it may ask the time
        assert (await work.execute(text("SELECT current_user"))).scalar_one() == role
    await database.dispose()
    others = [f"{one}_login" for one in KEEPERS if one != role]
    for login in (*others, "khan_service_login", "khan_reader_login"):
        with (
            psycopg.connect(address_of(outside, login), autocommit=True) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(f"SET ROLE {role}")
