"""The chart of accounts: what roles there are, and which account is whose.

An account is named by its role, its owner and its currency, and opened the first time something
is entered in it. Its identifier follows from the name, so nobody need look it up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from foundation.identifiers import UUID, AccountId, DriverId, RiderId
from foundation.money import Currency
from ledger.derived import derived_id


class Role(StrEnum):
    """What an account is for; the table `ledger.role` says the same in the database."""

    RIDER = "rider"  # what a rider owes; a debit raises it
    DRIVER = "driver"  # what is owed to a driver; a credit raises it
    COOPERATIVE = "cooperative"  # the co-operative's income, less what it adds to drivers' pay
    CITY = "city"  # the levy and dues owed to the city
    FUNDER = "funder"  # what the city owes for the concessions it grants
    CLEARING = "clearing"  # the other side of what is held and not yet taken
    BANK = "bank"  # money at the co-operative's bank
    PROVIDER = "provider"  # money with the payment provider
    CUSTOMER = "customer"  # what a corporate or municipal account owes
    VOUCHER = "voucher"  # vouchers of a customer that are not yet used
    TAX = "tax"  # tax collected and not yet paid on
    ROUNDING = "rounding"  # what rounding between parties leaves
    EXPENSE = "expense"  # what running the co-operative costs; the entry's code says for what
    OTHER_INCOME = "other_income"  # grants and other income
    SURPLUS = "surplus"  # results of closed periods, not yet divided
    RESERVE = "reserve"  # a reserve; its owner is the fund
    ALLOCATION = "allocation"  # a member's part of a surplus, to be paid
    CAPITAL = "capital"  # a member's part of a surplus, retained
    SUPPORTER = "supporter"  # what somebody who pledged owes
    OFFER = "offer"  # what was raised for a matched share offer


class OwnedBy(StrEnum):
    """What the owner of an account is."""

    PERSON = "person"
    HOUSE = "house"
    FUND = "fund"
    CUSTOMER = "customer"
    OFFER = "offer"


OWNER_OF: Mapping[Role, OwnedBy] = {
    **dict.fromkeys(Role, OwnedBy.HOUSE),
    **dict.fromkeys(
        (Role.RIDER, Role.DRIVER, Role.ALLOCATION, Role.CAPITAL, Role.SUPPORTER), OwnedBy.PERSON
    ),
    **dict.fromkeys((Role.CUSTOMER, Role.VOUCHER), OwnedBy.CUSTOMER),
    Role.RESERVE: OwnedBy.FUND,
    Role.OFFER: OwnedBy.OFFER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account. `owner_id` names whose it is; None for the house's own."""

    role: Role
    currency: Currency
    owner_id: UUID | None = None

    def __post_init__(self) -> None:
        assert (self.owner_id is None) == (OWNER_OF[self.role] is OwnedBy.HOUSE), self.role

    @property
    def account_id(self) -> AccountId:
        """The identifier that follows from role, owner and currency."""
        return _account_id(self.role, self.owner_id, self.currency)


def account_of_rider(rider_id: RiderId, currency: Currency) -> Account:
    """What this rider owes."""
    return Account(role=Role.RIDER, owner_id=rider_id, currency=currency)


def account_of_driver(driver_id: DriverId, currency: Currency) -> Account:
    """What this driver is owed."""
    return Account(role=Role.DRIVER, owner_id=driver_id, currency=currency)


def fund_id(name: str) -> UUID:
    """The identifier that follows from a fund's name in the allocation policy."""
    return derived_id("fund", name)


def account_of_fund(name: str, currency: Currency) -> Account:
    """What this fund holds."""
    return Account(role=Role.RESERVE, owner_id=fund_id(name), currency=currency)


@lru_cache(maxsize=65_536)
def _account_id(role: Role, owner_id: UUID | None, currency: Currency) -> AccountId:
    # Kept, because a matching round asks for every driver on shift each second.
    owner = "" if owner_id is None else str(owner_id)
    return AccountId(derived_id("account", role.value, owner, currency))
