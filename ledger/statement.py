"""Statements: what was entered in a person's account, line by line with why, and what it comes to.

Pure: rows in, statement out. Amounts are from the person's side: above zero is in a driver's
favour, and is owed by a rider.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from foundation.identifiers import TransferId, TripId
from foundation.money import Currency, Money, round_half_up
from ledger.transfer import OF_A_TRIP, Kind

PAY_CODES = ("share", "top_up")
"""Codes of a driver's entries that are pay, with every line that goes whole to the driver."""

NOT_PAY = "pass_through."
"""Outlays given back are no pay, nor is a tip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One entry as its owner sees it.

    Attributes
    ----------
    code
        `fare`, `share`, `top_up`, `tip`, `refund`, or the code of a line that went whole to one.
    why
        One sentence a person can check.
    """

    made_at: datetime
    transfer_id: TransferId
    trip_id: TripId | None
    kind: Kind
    code: str
    amount: Money
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """An entry as stored, with what explains it.

    Attributes
    ----------
    amount_minor
        From the person's side.
    floor_name, floor_minor
        For a top-up: the pay floor it reaches.
    reason
        Of a refund.
    """

    made_at: datetime
    transfer_id: TransferId
    trip_id: TripId | None
    kind: Kind
    code: str
    amount_minor: int
    currency: Currency
    share_of_minor: int | None = None
    share_bps: int | None = None
    floor_name: str | None = None
    floor_minor: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """The work record of a time: seconds, metres with riders on board, completed trips."""

    seconds_on_shift: int = 0
    seconds_engaged: int = 0
    metres: int = 0
    trips: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a statement comes to in one currency.

    Attributes
    ----------
    opening, closing
        What was owed at its beginning and is owed at its end.
    pay
        Shares, lines that go whole to the driver, and top-ups.
    reimbursed
        Outlays given back.
    """

    opening: Money
    pay: Money
    tips: Money
    reimbursed: Money
    other: Money
    closing: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverStatement:
    """A driver's lines of a time, first to last, with the work they are for."""

    start: datetime
    end: datetime
    lines: tuple[StatementLine, ...]
    totals: tuple[Totals, ...]
    worked: Worked

    def pay_per_engaged_hour(self, totals: Totals) -> Money | None:
        """Pay without tips for an hour with a trip in hand, half up; None without any."""
        return per_hour(totals.pay, self.worked.seconds_engaged)

    def pay_per_hour_on_shift(self, totals: Totals) -> Money | None:
        """Pay without tips for an hour on shift, half up; None without any."""
        return per_hour(totals.pay, self.worked.seconds_on_shift)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiderStatement:
    """A rider's lines of a time, first to last; `owed` is what is owed at its end."""

    start: datetime
    end: datetime
    lines: tuple[StatementLine, ...]
    opening: tuple[Money, ...]
    owed: tuple[Money, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Earnings:
    """What a driver earned in a time, beside the work it was for."""

    pay: Money
    tips: Money
    reimbursed: Money
    worked: Worked

    @property
    def pay_per_engaged_hour(self) -> Money | None:
        """Pay without tips for an hour with a trip in hand, half up; None without any."""
        return per_hour(self.pay, self.worked.seconds_engaged)

    @property
    def pay_per_hour_on_shift(self) -> Money | None:
        """Pay without tips for an hour on shift, half up; None without any."""
        return per_hour(self.pay, self.worked.seconds_on_shift)


def per_hour(amount: Money, seconds: int) -> Money | None:
    """`amount` for each 3,600 of `seconds`, rounded half up; None for no time."""
    if seconds <= 0:
        return None
    return Money(round_half_up(amount.minor * 3600, seconds), amount.currency)


def line_of(entered: Entered) -> StatementLine:
    """The entry as its owner sees it."""
    return StatementLine(
        made_at=entered.made_at,
        transfer_id=entered.transfer_id,
        trip_id=entered.trip_id,
        kind=entered.kind,
        code=entered.code,
        amount=Money(entered.amount_minor, entered.currency),
        why=_why(entered),
    )


def totals_of(entered: Sequence[Entered], opening: Sequence[Money]) -> tuple[Totals, ...]:
    """A driver's totals by currency, in the order of its code.

    Parameters
    ----------
    opening
        What was owed before the first entry, one for each currency that has any.
    """
    before = {money.currency: money.minor for money in opening}
    currencies = sorted(before.keys() | {one.currency for one in entered})
    return tuple(
        _totals(
            [one for one in entered if one.currency == currency],
            Money(before.get(currency, 0), currency),
        )
        for currency in currencies
    )


def closing_of(entered: Sequence[Entered], opening: Sequence[Money]) -> tuple[Money, ...]:
    """What is owed after the entries, by currency in the order of its code."""
    owed = {money.currency: money.minor for money in opening}
    for one in entered:
        owed[one.currency] = owed.get(one.currency, 0) + one.amount_minor
    return tuple(Money(owed[currency], currency) for currency in sorted(owed))


def _totals(entered: Sequence[Entered], opening: Money) -> Totals:
    sums = dict.fromkeys(("pay", "tips", "reimbursed", "other"), 0)
    for one in entered:
        sums[_kind_of_earning(one.code)] += one.amount_minor
    return Totals(
        opening=opening,
        closing=opening + Money(sum(sums.values()), opening.currency),
        **{name: Money(minor, opening.currency) for name, minor in sums.items()},
    )


def _kind_of_earning(code: str) -> str:
    if code == "tip":
        return "tips"
    if code.startswith(NOT_PAY):
        return "reimbursed"
    return "pay" if code in PAY_CODES or "." in code else "other"


def _why(entered: Entered) -> str:
    charged = entered.kind.value.replace("_", " ").replace("no show", "no-show")
    head, _, name = entered.code.partition(".")
    if head == "share":
        assert entered.share_of_minor is not None
        assert entered.share_bps is not None
        of = Money(entered.share_of_minor, entered.currency)
        return f"{entered.share_bps / 100:g} % of {of} of the {charged}"
    if entered.kind not in OF_A_TRIP:
        return _why_otherwise(entered)
    if head == "top_up" and entered.floor_minor is not None:
        floor = Money(entered.floor_minor, entered.currency)
        return f"from the co-operative, to reach the pay floor {entered.floor_name} of {floor}"
    return {
        "fare": f"the {charged}",
        "tip": "a tip, whole to the driver",
        "refund": f"given back: {entered.reason}",
        "cash": "paid in cash to the driver",
        "cash_short": "cash that the driver did not get",
        "assigned": "paid by an account",
        "voucher": "paid by a voucher",
        "pass_through": f"an outlay given back: {name}",
    }.get(head, f"whole to the driver: {entered.code}")


def _why_otherwise(entered: Entered) -> str:
    """What is entered that is of no trip."""
    said = {
        Kind.PAYMENT: "paid",
        Kind.PAYMENT_REFUND: f"sent back: {entered.reason}",
        Kind.CHARGEBACK: "taken back by the card's bank",
        Kind.PAYOUT_SENT: "paid out to your bank account",
        Kind.PAYOUT_RETURNED: "a payout came back from the bank",
        Kind.REVERSAL: f"put right: {entered.reason}",
        Kind.ALLOCATION: "your part of the surplus",
        Kind.REVOLVED: "a retained part of an earlier surplus",
    }
    return said.get(entered.kind, entered.kind.value.replace("_", " "))
