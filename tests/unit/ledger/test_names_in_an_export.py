"""What an export calls accounts, people and amounts."""

import re
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.money import Currency, minor_digits
from ledger.account import OWNER_OF, OwnedBy, Role
from ledger.export.books import decimal_text
from ledger.export.names import ACCOUNTS, Pseudonyms, RealNames, account_name

KEY = Pseudonyms(b"\x01" * 32)
SOMEBODY = UUID("0198f2d0-5b1c-7a70-9e66-6d5d4d4b8f21")
COMPONENT = r"[A-Z0-9][A-Za-z0-9-]*"
"""beancount's language syntax, "Accounts"."""


@given(minor=st.integers(-(2**63), 2**63 - 1), code=st.sampled_from(["JPY", "USD", "BHD"]))
def test_an_amount_has_exactly_the_decimals_of_its_currency(minor: int, code: str) -> None:
    currency = Currency(code)
    text = decimal_text(minor, currency)
    assert Decimal(text).scaleb(minor_digits(currency)) == minor
    assert -Decimal(text).as_tuple().exponent == minor_digits(currency)  # type: ignore[operator]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("names", [KEY, RealNames()])
@pytest.mark.parametrize("is_pending", [False, True])
def test_every_account_has_a_name_that_beancount_reads(
    role: Role, names: Pseudonyms | RealNames, is_pending: bool
) -> None:
    owner = None if OWNER_OF[role] is OwnedBy.HOUSE else SOMEBODY
    name = account_name(role, owner, names=names, is_pending=is_pending)
    assert re.fullmatch(rf"(Assets|Liabilities|Equity|Income|Expenses)(:{COMPONENT})+", name)
    assert (":Pending:" in name) == is_pending


def test_no_two_roles_share_an_account() -> None:
    assert len(set(ACCOUNTS.values())) == len(Role)


@given(st.uuids(), st.uuids())
def test_a_pseudonym_is_one_s_own_and_another_under_another_key(one: UUID, two: UUID) -> None:
    assert (KEY.name(one) == KEY.name(two)) == (one == two)
    assert KEY.name(one) != Pseudonyms(b"\x02" * 32).name(one)
    assert re.fullmatch(r"[A-Z2-7]{16}", KEY.name(one))


def test_reserves_and_offers_keep_their_names_and_people_do_not() -> None:
    for role in Role:
        if OWNER_OF[role] is not OwnedBy.HOUSE:
            name = account_name(role, SOMEBODY, names=KEY)
            is_public = OWNER_OF[role] in (OwnedBy.FUND, OwnedBy.OFFER)
            assert (str(SOMEBODY).upper() in name) == is_public, role
