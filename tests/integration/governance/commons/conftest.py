"""Ada, Bo, Cem, Dee, Eve and Zoe, what was adopted, and service time that stands still."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from tests.commons import OPENS, person
from tests.service_time import stop_time

ADOPTION = UUID(int=0xAD0)


@pytest.fixture
def scene(database_address: str, owner: psycopg.Connection) -> psycopg.Connection:
    """The owner's connection to a database with people and one adoption, when the offer opens."""
    set_scene(database_address, owner)
    return owner


def set_scene(address: str, owner: psycopg.Connection) -> None:
    """People, one adoption, and service time standing at the opening of the offer."""
    stop_time(address, at=OPENS.isoformat())
    for name in ("ada", "bo", "cem", "dee", "eve", "zoe"):
        owner.execute(
            "INSERT INTO registry.person VALUES (%s, %s)",
            [person(name), datetime(2029, 1, 1, tzinfo=UTC)],
        )
    owner.execute(
        """INSERT INTO rulebook.adoption (adoption_id, kind, title, document, digest, notice_days)
           VALUES (%s, 'charter', 'Founding charter', '{}', encode(sha256('{}'), 'hex'), 0)""",
        [ADOPTION],
    )
