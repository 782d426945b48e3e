"""A small town in the test's own database, where cancelling a driver on the way is never free."""

import pytest

from storage.engine import Database
from tests.town import Town


@pytest.fixture
async def town(database: Database) -> Town:
    return await Town.build(database, booking_policy={"cancel_free_s": 0})
