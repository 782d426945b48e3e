"""A city whose riders pay by card."""

import pytest

from ledger.payments.desk import DeskProvider
from ledger.payments.till import Till
from tests.booked import City
from tests.payments import MemoryProvider, PayingCity


@pytest.fixture
def paying(city: City) -> PayingCity:
    """By a provider in memory."""
    provider = MemoryProvider()
    till = Till(city.database, {"stripe": provider, "desk": DeskProvider()})
    return PayingCity(city=city, provider=provider, till=till)
