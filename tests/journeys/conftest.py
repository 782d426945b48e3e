"""The small city, founded in a database of its own, and its service."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from storage import embedded
from tests.journeys.people import Town
from tests.journeys.service import BEGIN, Founded, Service, found, in_a_thread
from tests.small_city import write_small_city

_made = 0

Found = Callable[..., Founded]


@pytest.fixture(scope="session")
def found_city(
    embedded_server: embedded.EmbeddedServer,
    template_database: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Found]:
    """Found the small city in a fresh database; rules, size and the rate of time may be chosen."""
    names = []

    def make(
        *,
        rate: float = 1.0,
        drivers: int = 24,
        begin: datetime = BEGIN,
        timezone: str = "America/New_York",
        size: int = 6,
        **rules: dict[str, Any],
    ) -> Founded:
        global _made  # noqa: PLW0603 - names must not repeat within the server
        _made += 1
        name = f"khan_journeys_{_made}"
        embedded.create_database(embedded_server, name, template=template_database)
        names.append(name)
        folder: Path = tmp_path_factory.mktemp("city")
        pack = write_small_city(folder / "gridtown", timezone=timezone, size=size, **rules)
        address = embedded_server.address(name)
        return found(address, pack, folder, rate=rate, drivers=drivers, begin=begin)

    yield make
    with psycopg.connect(embedded_server.address("postgres"), autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def service(found_city: Found) -> Iterator[Service]:
    """The service that journeys share, each with people of its own; a module that needs other
    rules or another pace of time overrides this."""
    with in_a_thread(found_city(drivers=100)) as running:
        yield running


@pytest.fixture
async def town(service: Service) -> AsyncIterator[Town]:
    """People in the module's city, who go home after the test."""
    town = Town(service)
    yield town
    await town.close()
