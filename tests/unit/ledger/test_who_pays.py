"""What a customer or a voucher pays of a charge."""

from datetime import UTC, date, datetime

import pytest

from foundation.money import Money
from ledger.customers.way import code_digest, month_of, part_paid
from tests.money import USD


@pytest.mark.parametrize(
    ("total", "promised", "room", "paid"),
    [
        (1000, 800, None, 1000),  # no limit: waiting and tolls are the customer's
        (1000, 800, 900, 900),  # the limit leaves so much
        (1000, 800, 300, 800),  # never less than was promised
        (500, 800, 300, 500),  # a fee is less than the fare that was promised
        (1000, 0, -50, 0),  # a limit that others passed takes nothing back
    ],
)
def test_a_payer_pays_the_promise_and_what_the_limits_leave_beyond(
    total: int, promised: int, room: int | None, paid: int
) -> None:
    found = part_paid(Money(total, USD), promised=Money(promised, USD), room=room)
    assert found == Money(paid, USD)


def test_a_month_begins_by_the_clocks_of_the_customer() -> None:
    at = datetime(2024, 3, 1, 3, tzinfo=UTC)
    assert month_of(at, "America/New_York") == date(2024, 2, 1)
    assert month_of(at, "Europe/Berlin") == date(2024, 3, 1)


def test_a_code_is_of_one_owner_and_its_letters_have_no_case() -> None:
    assert code_digest("a", " ab1") == code_digest("a", "AB1 ")
    assert code_digest("a", "AB1") != code_digest("b", "AB1")
