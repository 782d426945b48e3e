"""What every test may ask for: a migrated PostgreSQL of its own, and the shared data."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from foundation.chance import SeededChance
from storage import embedded
from storage.engine import Database
from storage.migrate import migrate
from tests.machine import absent
from tests.tokens import SigningToken, new_token

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Our own options."""
    parser.addoption(
        "--record-examples",
        action="store_true",
        help="write what the service answered into khan/api_examples.json",
    )


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of shared test data, beside the repository."""
    if not SHARED.is_dir():
        absent("the shared data folder is not beside the repository")
    return SHARED / "data"


@pytest.fixture(scope="session")
def signing_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningToken]:
    """The one PKCS#11 token of this test process."""
    with new_token(tmp_path_factory.mktemp("token")) as token:
        yield token


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[embedded.EmbeddedServer]:
    """One embedded server for this test process, gone when it ends."""
    with tempfile.TemporaryDirectory(prefix="khan-pg-") as folder:
        server = embedded.start(Path(folder), durable=False)
        yield server
        embedded.stop(Path(folder), immediate=True)


@pytest.fixture(scope="session")
def template_database(embedded_server: embedded.EmbeddedServer) -> str:
    """A database with every table and no row, from which each test's own is copied."""
    embedded.create_database(embedded_server, "khan_template")
    migrate(embedded_server.address("khan_template"))
    return "khan_template"


_made = 0


@pytest.fixture
def database_address(
    embedded_server: embedded.EmbeddedServer, template_database: str
) -> Iterator[str]:
    """The address of a fresh database, as the owner of its tables."""
    global _made  # noqa: PLW0603 - names must not repeat within the server
    _made += 1
    name = f"khan_test_{_made}"
    embedded.create_database(embedded_server, name, template=template_database)
    yield embedded_server.address(name)
    with psycopg.connect(embedded_server.address("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_address: str) -> AsyncIterator[Database]:
    """A fresh database as the service sees it: role khan_app, seeded chance."""
    database = Database(database_address, chance=SeededChance(7), pool_size=5)
    yield database
    await database.dispose()


@pytest.fixture
def owner(database_address: str) -> Iterator[psycopg.Connection]:
    """A connection as the tables' owner, autocommitting: to set a scene or to try what even
    an owner is refused."""
    with psycopg.connect(database_address, autocommit=True) as connection:
        yield connection
