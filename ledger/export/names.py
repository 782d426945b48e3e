"""What accounts and people are called in an export. Pure.

The five roots are those of beancount's language syntax ("Accounts"); hledger knows the same ones.
"""

import hmac
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from foundation.identifiers import UUID
from ledger.account import OWNER_OF, OwnedBy, Role

ACCOUNTS: Mapping[Role, str] = {
    Role.RIDER: "Assets:Riders",
    Role.DRIVER: "Liabilities:Drivers",
    Role.COOPERATIVE: "Income:Cooperative",
    Role.CITY: "Liabilities:City",
    Role.FUNDER: "Assets:City:Concessions",
    Role.CLEARING: "Liabilities:Clearing",
    Role.BANK: "Assets:Bank",
    Role.PROVIDER: "Assets:Provider",
    Role.CUSTOMER: "Assets:Customers",
    Role.VOUCHER: "Liabilities:Vouchers",
    Role.TAX: "Liabilities:Tax",
    Role.ROUNDING: "Income:Rounding",
    Role.EXPENSE: "Expenses:Running",
    Role.OTHER_INCOME: "Income:Other",
    Role.SURPLUS: "Equity:Surplus",
    Role.RESERVE: "Equity:Reserves",
    Role.ALLOCATION: "Liabilities:Allocations",
    Role.CAPITAL: "Equity:Capital",
    Role.SUPPORTER: "Assets:Supporters",
    Role.OFFER: "Liabilities:Offers",
}
"""By role; whose it is comes after, where an account has an owner."""

PUBLIC_OWNERS = frozenset({OwnedBy.FUND, OwnedBy.OFFER})
"""Owners that are nobody: a reserve and an offer are named in public anyway."""


class Names(Protocol):
    """How an identifier that leads to a person is written."""

    def name(self, identifier: UUID) -> str:
        """What stands for the identifier: capital letters, digits and dashes."""
        ...

    @property
    def tells_who(self) -> bool:
        """Whether identifiers are the real ones, and with them free text and exact times."""
        ...


@dataclass(frozen=True, slots=True)
class RealNames:
    """Identifiers as they are: for an auditor, who must find each act again."""

    tells_who: bool = True

    def name(self, identifier: UUID) -> str:
        """The UUID in capitals."""
        return str(identifier).upper()


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Sixteen signs for each identifier, by a key that is thrown away.

    HMAC-SHA256 (RFC 2104) cut to 80 bits, in base32 (RFC 4648). A driver's identifier is known to
    colleagues, and a trip's stands on its receipt; a transfer's follows from its trip's. So all
    of them are covered. Whoever knows the day and the fare of a trip may still find it.
    """

    key: bytes
    tells_who: bool = False

    def __post_init__(self) -> None:
        assert len(self.key) == 32, "a key of 256 bits"

    def name(self, identifier: UUID) -> str:
        """What stands for the identifier under this key."""
        return _pseudonym(self.key, identifier)


@lru_cache(maxsize=65_536)
def _pseudonym(key: bytes, identifier: UUID) -> str:
    # Kept, because a driver is named in thousands of lines.
    return b32encode(hmac.digest(key, identifier.bytes, "sha256")[:10]).decode()


def account_name(
    role: Role, owner_id: UUID | None, *, names: Names, is_pending: bool = False
) -> str:
    """An account's name, like `Assets:Riders:K7Q2...`.

    Parameters
    ----------
    is_pending
        The account beside it, in which stands what is set aside and has not moved.
    """
    root, _, rest = ACCOUNTS[role].partition(":")
    named = f"{root}:Pending:{rest}" if is_pending else ACCOUNTS[role]
    if owner_id is None:
        return named
    if OWNER_OF[role] in PUBLIC_OWNERS:
        return f"{named}:{str(owner_id).upper()}"
    return f"{named}:{names.name(owner_id)}"
