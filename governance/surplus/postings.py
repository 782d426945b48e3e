"""An allocation as transfers: out of the surplus account, into funds, cash and capital.

Pure. Each transfer names the decision that it carries out; those of one allocation come all or none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from foundation.identifiers import UUID, DriverId, PersonId, RiderId
from foundation.money import Currency
from governance.matter import MemberClass
from governance.surplus.document import lines_of, moved_to_funds
from governance.surplus.waterfall import Allocation
from ledger.account import (
    Account,
    Role,
    account_of_driver,
    account_of_fund,
    account_of_rider,
)
from ledger.derived import derived_id
from ledger.transfer import Entry, Kind, Link, Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """On whose decision, of which period, and who of the office carries it out."""

    period_id: UUID
    adoption_id: UUID
    made_by: UUID | None = None


def allocation_transfers(allocation: Allocation, mandate: Mandate) -> tuple[Transfer, ...]:
    """The transfers of an allocation, as many as have anything to move: funds, cash, retained."""
    currency = allocation.figures.currency
    funds = moved_to_funds(allocation)
    parts = [
        [(account_of_fund(fund, currency), minor, fund) for fund, minor in funds.items()],
        [
            (
                _of(Role.ALLOCATION, share.part.patron.person_id, currency),
                share.cash_minor,
                share.step,
            )
            for share in lines_of(allocation)
        ],
        [
            (
                _of(Role.CAPITAL, share.part.patron.person_id, currency),
                share.retained_minor,
                share.step,
            )
            for share in lines_of(allocation)
        ],
    ]
    moving = [entries for part in parts if (entries := _entries(part, currency))]
    link = Link(link_id=mandate.period_id, count=len(moving)) if len(moving) > 1 else None
    return tuple(
        Transfer(
            kind=Kind.ALLOCATION, subject_id=mandate.period_id, ordinal=ordinal, currency=currency,
            entries=entries, link=link, adoption_id=mandate.adoption_id, made_by=mandate.made_by,
        )
        for ordinal, entries in enumerate(moving, start=1)
    )  # fmt: skip


def revolved_transfer(
    retained: Mapping[PersonId, int], mandate: Mandate, *, currency: Currency
) -> Transfer | None:
    """Retained parts that fall due, from capital to what is to be paid; None if there are none."""
    entries: list[Entry] = []
    for person_id, minor in sorted(retained.items()):
        if minor:
            entries += _moved(
                _of(Role.CAPITAL, person_id, currency),
                _of(Role.ALLOCATION, person_id, currency),
                minor=minor, code="revolved",
            )  # fmt: skip
    if not entries:
        return None
    return Transfer(
        kind=Kind.REVOLVED, subject_id=mandate.period_id, currency=currency, entries=tuple(entries),
        adoption_id=mandate.adoption_id, made_by=mandate.made_by,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What stands in a member's allocation account, and where the member is paid."""

    person_id: PersonId
    minor: int
    paid_as: MemberClass


def payment_transfer(
    run_id: UUID, due: Iterable[Due], *, currency: Currency, made_by: UUID | None = None
) -> Transfer | None:
    """Cash parts to those whom they are owed: drivers by their pay, riders against their trips."""
    entries: list[Entry] = []
    for one in sorted(due, key=lambda one: one.person_id):
        paid = (
            account_of_driver(DriverId(one.person_id), currency)
            if one.paid_as is MemberClass.DRIVER
            else account_of_rider(RiderId(one.person_id), currency)
        )
        allocation = _of(Role.ALLOCATION, one.person_id, currency)
        entries += _moved(allocation, paid, minor=one.minor, code="allocation")
    return _paid(run_id, entries, currency=currency, made_by=made_by)


def lapse_transfer(
    mandate: Mandate, unclaimed: Mapping[PersonId, int], *, fund: str, currency: Currency
) -> Transfer | None:
    """Cash parts that nobody claimed in their time, to the fund that the policy names."""
    entries: list[Entry] = []
    to = account_of_fund(fund, currency)
    for person_id, minor in sorted(unclaimed.items()):
        if minor:
            allocation = _of(Role.ALLOCATION, person_id, currency)
            entries += _moved(allocation, to, minor=minor, code="unclaimed")
    paid = _paid(
        derived_id("unclaimed", str(mandate.period_id)), entries,
        currency=currency, made_by=mandate.made_by,
    )  # fmt: skip
    return paid and replace(paid, adoption_id=mandate.adoption_id)


def _paid(
    subject_id: UUID, entries: list[Entry], *, currency: Currency, made_by: UUID | None
) -> Transfer | None:
    if not entries:
        return None
    return Transfer(
        kind=Kind.ALLOCATION_PAID, subject_id=subject_id, currency=currency, entries=tuple(entries),
        made_by=made_by,
    )  # fmt: skip


def _entries(credits: Iterable[tuple[Account, int, str]], currency: Currency) -> tuple[Entry, ...]:
    """What leaves the surplus account, and whom it is credited to; nothing without an amount."""
    moving = [
        Entry(account=account, amount_minor=-minor, code=code)
        for account, minor, code in credits
        if minor
    ]
    whole = -sum(entry.amount_minor for entry in moving)
    if not moving:
        return ()
    surplus = Account(role=Role.SURPLUS, currency=currency)
    return (Entry(account=surplus, amount_minor=whole, code="surplus"), *moving)


def _moved(debit: Account, credit: Account, *, minor: int, code: str) -> tuple[Entry, Entry]:
    return (
        Entry(account=debit, amount_minor=minor, code=code),
        Entry(account=credit, amount_minor=-minor, code=code),
    )


def _of(role: Role, person_id: PersonId, currency: Currency) -> Account:
    return Account(role=role, owner_id=person_id, currency=currency)
