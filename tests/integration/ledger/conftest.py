"""The example city, founded in the test's own database or in its file's."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from foundation.chance import SeededChance
from foundation.identifiers import RuleId
from storage import embedded
from storage.engine import Database
from tests.book_rows import Writer, names_belong_to
from tests.booked import City, found_example
from tests.payout_scene import HOUR, Scene, new_scene
from tests.service_time import move_time, stop_time


@pytest.fixture
async def city(database: Database) -> City:
    """The example city."""
    return await found_example(database)


@pytest.fixture(autouse=True)
def names_of_its_own(request: pytest.FixtureRequest) -> None:
    """What is refused leaves no row, so that tests may share one database."""
    names_belong_to(request.node.name)


@pytest.fixture(scope="module")
def founded(
    request: pytest.FixtureRequest, embedded_server: embedded.EmbeddedServer, template_database: str
) -> Iterator[tuple[str, RuleId]]:
    """For one file: the address of a database with the example city, and its tariff's rule."""
    name = f"khan_{Path(request.path).stem}"[:60]
    embedded.create_database(embedded_server, name, template=template_database)
    address = embedded_server.address(name)

    async def found() -> RuleId:
        database = Database(address, chance=SeededChance(7), pool_size=1)
        city = await found_example(database)
        await database.dispose()
        return city.tariff_rule_id

    yield address, asyncio.run(found())
    with psycopg.connect(embedded_server.address("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["khan_app", "owner"])
def connection(
    request: pytest.FixtureRequest, founded: tuple[str, RuleId]
) -> Iterator[psycopg.Connection]:
    """The database, as the service and as the owner of its tables."""
    with psycopg.connect(founded[0], autocommit=True) as connection:
        if request.param == "khan_app":
            connection.execute("SET ROLE khan_app")
        yield connection


@pytest.fixture
def writer(connection: psycopg.Connection) -> Writer:
    """Writes rows right or wrong, as the service and as the owner."""
    return Writer(connection)


@pytest.fixture
async def scene(city: City, database_address: str, owner: psycopg.Connection) -> Scene:
    """A driver who drove one trip, four days ago."""
    stop_time(database_address, at="2024-05-14 12:00+00")
    return await new_scene(city, database_address, owner)


@pytest.fixture
async def ready(scene: Scene) -> Scene:
    """The driver's account is in use."""
    await scene.set_destination()
    move_time(scene.address, 72 * HOUR)
    return scene
