"""The waterfall: a period's result through the steps of a policy, to the cent.

Pure: figures and a policy in, an allocation out, the same for the same. A surplus is divided whole;
a loss is charged to funds in their order as far as they hold something, and what is left of it is
carried as a deficit. No loss ever touches what members have in cash or capital.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from foundation.money import Currency
from governance.matter import MemberClass
from governance.patronage import Division, Measure, Part, Patron, divide
from governance.surplus.policy import (
    AllocationPolicy,
    Amount,
    Base,
    Fixed,
    FundReaches,
    InterestOnCapital,
    RetireDeficit,
    ShareOf,
    Step,
    ToFund,
    ToPatrons,
)

YEAR_SECONDS = 365 * 86_400
_WHOLE = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a period came to, from the books.

    Attributes
    ----------
    result_minor
        Income less costs; below zero it is a loss.
    income_minor
        The period's income, before costs.
    deficit_minor
        Losses of earlier periods that nothing was charged for; zero or more.
    funds
        What each fund holds.
    patrons
        Of each class that shares: every member of it in the period, in any order.
    savers
        Members with capital when the period began.
    """

    starts_at: datetime
    ends_at: datetime
    currency: Currency
    result_minor: int
    income_minor: int
    deficit_minor: int
    funds: Mapping[str, int]
    patrons: Mapping[MemberClass, tuple[Patron, ...]]
    savers: tuple[Patron, ...]

    def __post_init__(self) -> None:
        assert self.ends_at > self.starts_at
        assert self.deficit_minor >= 0
        assert min(self.funds.values(), default=0) >= 0, "a fund never owes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one step took.

    Attributes
    ----------
    step
        None for what was left at the end.
    fund
        Whose it is, if a fund's; below zero a fund gives (a loss).
    division
        The terms by which members share it.
    """

    step: Step | None
    minor: int
    fund: str | None = None
    division: Division | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A member's part of one step, divided in cash and what is retained."""

    step: str
    part: Part
    cash_minor: int
    retained_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """A result divided: what all steps took, with the deficit carried, sums to the result."""

    figures: Figures
    policy: AllocationPolicy
    taken: tuple[Taken, ...]
    shares: tuple[Share, ...]
    carried_minor: int

    def __post_init__(self) -> None:
        whole = sum(one.minor for one in self.taken) - self.carried_minor
        assert whole == self.figures.result_minor, "an allocation sums to the surplus"
        parts: dict[str, int] = {}
        for share in self.shares:
            parts[share.step] = parts.get(share.step, 0) + share.part.minor
        for one in self.taken:
            if one.division is not None and one.step is not None:
                assert parts.get(one.step.code, 0) == one.minor, "parts sum to what their step took"


def allocate(figures: Figures, policy: AllocationPolicy) -> Allocation:
    """Divide a period's result by a policy."""
    assert figures.currency == policy.currency, "one currency"
    if figures.result_minor < 0:
        return _charged(figures, policy)
    left = figures.result_minor
    held = dict(figures.funds)
    taken: list[Taken] = []
    shares: list[Share] = []
    for step in policy.steps:
        wanted = max(_wanted(step, figures, left=left, held=held), step.min_minor)
        if step.max_minor is not None:
            wanted = min(wanted, step.max_minor)
        one, parts = _take(step, min(wanted, left), figures, policy)
        left -= one.minor
        if one.fund is not None:
            held[one.fund] = held.get(one.fund, 0) + one.minor
        taken.append(one)
        shares += parts
    taken.append(Taken(step=None, minor=left, fund=policy.rest_to))
    return Allocation(
        figures=figures, policy=policy, taken=tuple(taken), shares=tuple(shares), carried_minor=0
    )


def _charged(figures: Figures, policy: AllocationPolicy) -> Allocation:
    """A loss, charged to the funds in their order; the rest of it is carried."""
    missing = -figures.result_minor
    taken = []
    for fund in policy.losses_to:
        gives = min(missing, figures.funds.get(fund, 0))
        missing -= gives
        taken.append(Taken(step=None, minor=-gives, fund=fund))
    return Allocation(
        figures=figures, policy=policy, taken=tuple(taken), shares=(), carried_minor=missing
    )


def _wanted(step: Step, figures: Figures, *, left: int, held: Mapping[str, int]) -> int:
    match step.takes:
        case RetireDeficit():
            return figures.deficit_minor
        case InterestOnCapital(rate_bps=rate_bps):
            seconds = int((figures.ends_at - figures.starts_at).total_seconds())
            capital = sum(one.capital_minor for one in figures.savers)
            return capital * rate_bps * seconds // (10_000 * YEAR_SECONDS)
        case ToFund(fund=fund, amount=amount):
            return _amount(amount, figures, left=left, held=held.get(fund, 0))
        case ToPatrons(amount=amount):
            return _amount(amount, figures, left=left, held=0)


def _amount(amount: Amount, figures: Figures, *, left: int, held: int) -> int:
    match amount:
        case Fixed(minor=minor):
            return minor
        case FundReaches(bps=bps):
            return max(0, _part(figures.income_minor, bps) - held)
        case ShareOf(bps=bps, of=of):
            return _part(left if of is Base.REST else figures.result_minor, bps)


def _part(minor: int, bps: int) -> int:
    """A part of something, up: what the law asks for at least is never missed by part of a cent."""
    return -(-minor * bps // 10_000)


def _take(
    step: Step, minor: int, figures: Figures, policy: AllocationPolicy
) -> tuple[Taken, list[Share]]:
    """What a step takes of the sum that it may; patronage without a patron takes nothing."""
    match step.takes:
        case RetireDeficit():
            return Taken(step=step, minor=minor), []
        case ToFund(fund=fund):
            return Taken(step=step, minor=minor, fund=fund), []
        case InterestOnCapital():
            divided = divide(minor, figures.savers, {Measure.CAPITAL: _WHOLE})
            cash_bps = 10_000
        case ToPatrons(member_class=member_class, weights=weights):
            divided = divide(minor, figures.patrons.get(member_class, ()), weights)
            cash_bps = policy.members.cash_bps
    if divided is None:
        return Taken(step=step, minor=0), []
    division, parts = divided
    return Taken(step=step, minor=minor, division=division), [
        _share(step.code, part, cash_bps=cash_bps) for part in parts if part.claim
    ]


def _share(step: str, part: Part, *, cash_bps: int) -> Share:
    """Cash at least as much as the policy says: part of a cent is paid, not retained."""
    cash = _part(part.minor, cash_bps)
    return Share(step=step, part=part, cash_minor=cash, retained_minor=part.minor - cash)
