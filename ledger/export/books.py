"""What an export is made of: transfers as they were written, and what frames them. Pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from foundation.identifiers import UUID
from foundation.money import Currency, minor_digits
from ledger.account import Role
from ledger.transfer import Kind, State


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenEntry:
    """One side of a transfer; a debit above zero."""

    role: Role
    owner_id: UUID | None
    amount_minor: int
    code: str
    share_of_minor: int | None = None
    share_bps: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTransfer:
    """A transfer as it stands in the books.

    Attributes
    ----------
    day
        Of `made_at`, by the city's clocks.
    decision_id
        The members' decision it rests on: the one that it carries out; of a charge, the one that
        adopted its tariff.
    is_open
        Pending, and neither posted nor voided by another one yet.
    """

    transfer_id: UUID
    kind: Kind
    state: State
    is_open: bool
    subject_id: UUID
    trip_id: UUID | None
    ordinal: int
    currency: Currency
    made_at: datetime
    day: date
    resolves: UUID | None
    reverses: UUID | None
    link_id: UUID | None
    decision_id: UUID | None
    tariff_rule_id: UUID | None
    reason: str | None
    made_by: UUID | None
    entries: tuple[WrittenEntry, ...]

    @property
    def moves(self) -> bool:
        """Whether it changed balances, or is still set aside to do so."""
        return bool(self.entries) and (self.state is State.POSTED or self.is_open)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedDay:
    """A link of the chain of days: its number, and the digest that covers it and all before."""

    number: int
    day: date
    transfers: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision of the members, and the SHA-256 of its certificate or charter."""

    decision_id: UUID
    kind: str
    title: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedAccount:
    """An account of one currency; `is_pending` is the one beside it, of what is set aside."""

    role: Role
    owner_id: UUID | None
    currency: Currency
    is_pending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedAccount:
    """What the accounts of one role and owner are declared as: one name, its currencies."""

    role: Role
    owner_id: UUID | None
    currencies: tuple[Currency, ...]
    is_pending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What an account came to, at the first moment of `day`; a debit above zero."""

    day: date
    account: OwnedAccount
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What holds for a whole export.

    Attributes
    ----------
    first, last
        Days of the first and of the last transfer; the same if there is none.
    closes
        The first day after each closed period, and the instant it ended at.
    """

    title: str
    zone: ZoneInfo
    first: date
    last: date
    currencies: tuple[Currency, ...]
    decisions: tuple[Decision, ...]
    days: Sequence[SealedDay]
    closes: tuple[tuple[date, datetime], ...]
    transfers: int


def decimal_text(minor: int, currency: Currency) -> str:
    """Minor units with exactly the currency's decimals: `-12.34`, `1234` (JPY), `1.234` (BHD)."""
    digits = minor_digits(currency)
    sign = "-" if minor < 0 else ""
    whole, part = divmod(abs(minor), 10**digits)
    return f"{sign}{whole}.{part:0{digits}d}" if digits else f"{sign}{whole}"
