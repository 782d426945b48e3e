"""Whom a run pays, and who is held and why. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from foundation.identifiers import DriverId
from ledger.bank_account import BankAccount
from ledger.errors import PayerUnset
from registry.vault import SealedPrivate

PAYOUTS_A_FILE_MAX = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutTerms:
    """What the operator settles for payouts.

    Attributes
    ----------
    payer
        The co-operative's own account; None where none is set.
    least_minor
        A run leaves smaller sums for the next one, unless it is told another.
    on_request
        Whether drivers may ask to be paid with the next file, however little it is.
    """

    payer: BankAccount | None = None
    least_minor: int = 1
    on_request: bool = True

    def paying(self) -> BankAccount:
        """The account that money is paid from (PayerUnset where there is none)."""
        if self.payer is None:
            raise PayerUnset
        return self.payer


class Held(StrEnum):
    """Why somebody who is owed something is not paid by a run."""

    NO_DESTINATION = "no_destination"  # gave no account
    DESTINATION_WAITS = "destination_waits"  # the first one is not 72 hours old (I22)
    BELOW_LEAST = "below_least"  # too little, and not asked for
    NOT_ASKED = "not_asked"  # the run is for those who asked
    NEXT_FILE = "next_file"  # the file is full


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A driver who is owed something.

    Attributes
    ----------
    available_minor
        What is owed, less what is on its way already; above zero.
    destination, tail, account
        The number of the destination in use, its last four characters, the account as it is sealed;
        None without one.
    waits_until
        When the next destination begins to be used, if one waits.
    asked_at
        When the driver asked to be paid with the next file; None if not.
    """

    driver_id: DriverId
    available_minor: int
    destination: int | None
    tail: str | None = None
    account: SealedPrivate | None = None
    waits_until: datetime | None = None
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who would be paid all they are owed, and who is held; each in the order of identifiers."""

    payees: Sequence[Due]
    held: Sequence[tuple[Due, Held]]

    @property
    def total_minor(self) -> int:
        """What the run comes to."""
        return sum(one.available_minor for one in self.payees)

    @property
    def without_destination(self) -> Sequence[DriverId]:
        """Who would be paid if they had an account in use."""
        nowhere = (Held.NO_DESTINATION, Held.DESTINATION_WAITS)
        return [one.driver_id for one, why in self.held if why in nowhere]


def plan_of(
    due: Sequence[Due],
    *,
    least_minor: int,
    only_asked: bool = False,
    payouts_max: int = PAYOUTS_A_FILE_MAX,
) -> Plan:
    """Pay everybody who is owed at least `least_minor` or asked, and has an account in use.

    With `only_asked`, nobody else than those who asked. What is beyond `payouts_max` waits for the
    next file.
    """
    payees: list[Due] = []
    held: list[tuple[Due, Held]] = []
    for one in sorted(due, key=lambda one: one.driver_id):
        why = _held(one, least_minor, only_asked=only_asked)
        if why is None and len(payees) >= payouts_max:
            why = Held.NEXT_FILE
        if why is None:
            payees.append(one)
        else:
            held.append((one, why))
    return Plan(payees=payees, held=held)


def _held(one: Due, least_minor: int, *, only_asked: bool) -> Held | None:
    assert one.available_minor > 0
    if one.asked_at is None and only_asked:
        return Held.NOT_ASKED
    if one.asked_at is None and one.available_minor < least_minor:
        return Held.BELOW_LEAST
    if one.destination is not None:
        return None
    return Held.NO_DESTINATION if one.waits_until is None else Held.DESTINATION_WAITS
