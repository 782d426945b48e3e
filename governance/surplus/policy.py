"""What a rule of the kind `allocation_policy` means (docs/reference/allocation_policy.md).

Steps in order, each of what those before it left: reserves required by law, prudential reserve,
retiring a deficit, education, interest on capital, patronage. Whatever no step takes goes to one
fund, so that the whole is always divided.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from foundation.money import Currency
from governance.matter import MemberClass
from governance.patronage import Measure
from governance.surplus.errors import AllocationPolicyInvalid
from rulebook.schema import check_body

INTEREST_ABOVE_BASE_BPS_MAX = 200
"""Interest on members' capital is limited: no more than needed to keep it (ICA principle 3; HMRC
CTM40507), which model rules put at two points above the base rate."""


class Base(StrEnum):
    """What a part in basis points is of."""

    SURPLUS = "surplus"
    REST = "rest"  # what the steps before left


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareOf:
    """A part of the surplus, or of what is left of it; part of a cent counts as one."""

    bps: int
    of: Base


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """So many minor units."""

    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FundReaches:
    """As much as the fund lacks of a part of the period's income."""

    bps: int


Amount = ShareOf | Fixed | FundReaches


@dataclass(frozen=True, slots=True, kw_only=True)
class ToFund:
    """A reserve or another fund."""

    fund: str
    amount: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class ToPatrons:
    """Members of a class, by patronage; the weights sum to one."""

    member_class: MemberClass
    weights: Mapping[Measure, Fraction]
    amount: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestOnCapital:
    """Simple interest on what stood in members' capital accounts when the period began.

    Attributes
    ----------
    rate_bps
        A year of 365 days.
    base_rate_bps, base_rate
        What it is limited by, and where that is published.
    """

    rate_bps: int
    base_rate_bps: int
    base_rate: str


@dataclass(frozen=True, slots=True)
class RetireDeficit:
    """What is missing from earlier periods comes first."""


Takes = ToFund | ToPatrons | InterestOnCapital | RetireDeficit


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step; it takes at least `min_minor` as far as there is so much, at most `max_minor`."""

    code: str
    title: str
    bylaw: str
    takes: Takes
    min_minor: int = 0
    max_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberTerms:
    """How members get their parts.

    Attributes
    ----------
    cash_bps
        Paid in cash, at least; the rest is kept in the member's capital account.
    revolves_years
        After so many years from the period's end the retained part falls due.
    payment_minimum_minor
        Smaller sums wait until they have grown.
    unclaimed_years, unclaimed_to
        After so many years from the allocation, what was not paid goes to that fund.
    """

    cash_bps: int
    revolves_years: int
    payment_minimum_minor: int
    unclaimed_years: int
    unclaimed_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationPolicy:
    """A policy; `losses_to` are funds in the order in which a loss is charged to them."""

    name: str
    currency: Currency
    steps: tuple[Step, ...]
    rest_to: str
    members: MemberTerms
    losses_to: tuple[str, ...]

    @property
    def funds(self) -> tuple[str, ...]:
        """Every fund that it names, in alphabetical order."""
        named = {one.takes.fund for one in self.steps if isinstance(one.takes, ToFund)}
        return tuple(sorted(named | {self.rest_to, self.members.unclaimed_to, *self.losses_to}))


def parse_allocation_policy(body: Mapping[str, Any]) -> AllocationPolicy:
    """The policy that a rule's body states.

    Raises
    ------
    BodyInvalid
        If the body has not the shape that its schema asks for.
    AllocationPolicyInvalid
        If it has, and means nothing: two steps of one name, weights that do not sum to one,
        interest above its limit, hours of riders, a part that can never be taken.
    """
    check_body("allocation_policy", body)
    members = body["members"]
    steps = tuple(_step(place, one) for place, one in enumerate(body["steps"]))
    _check_steps(steps)
    return AllocationPolicy(
        name=body["name"],
        currency=Currency(body["currency"]),
        steps=steps,
        rest_to=body["rest_to"],
        members=MemberTerms(
            cash_bps=members["cash_bps"],
            revolves_years=members["revolves_years"],
            payment_minimum_minor=members["payment_minimum_minor"],
            unclaimed_years=members["unclaimed"]["years"],
            unclaimed_to=members["unclaimed"]["to"],
        ),
        losses_to=tuple(body["losses"]["charged_to"]),
    )


def _check_steps(steps: tuple[Step, ...]) -> None:
    for place, step in enumerate(steps):
        earlier = steps[:place]
        if any(step.code == one.code for one in earlier):
            raise AllocationPolicyInvalid(f"steps[{place}].code", "is that of an earlier step")
        once = isinstance(step.takes, InterestOnCapital | RetireDeficit)
        if once and any(type(step.takes) is type(one.takes) for one in earlier):
            raise AllocationPolicyInvalid(f"steps[{place}]", "does again what an earlier step does")


def _step(place: int, body: Mapping[str, Any]) -> Step:
    field = f"steps[{place}]"
    least, most = body.get("min_minor", 0), body.get("max_minor")
    if most is not None and most < least:
        raise AllocationPolicyInvalid(f"{field}.max_minor", "is less than min_minor")
    takes = _takes(field, body)
    if isinstance(takes, RetireDeficit | InterestOnCapital) and (least or "amount" in body):
        # What is owed is taken, never more.
        raise AllocationPolicyInvalid(field, "says itself how much it takes")
    return Step(
        code=body["code"], title=body["title"], bylaw=body["bylaw"], takes=takes,
        min_minor=least, max_minor=most,
    )  # fmt: skip


def _takes(field: str, body: Mapping[str, Any]) -> Takes:
    if "interest" in body:
        return _interest(f"{field}.interest", body["interest"])
    if "deficit" in body:
        return RetireDeficit()
    amount = _amount(body["amount"])
    if "fund" in body:
        return ToFund(fund=body["fund"], amount=amount)
    if isinstance(amount, FundReaches):
        raise AllocationPolicyInvalid(f"{field}.amount", "fills a fund, and the step names none")
    return _patrons(f"{field}.patronage", body["patronage"], amount)


def _amount(body: Mapping[str, Any]) -> Amount:
    if "fixed_minor" in body:
        return Fixed(minor=body["fixed_minor"])
    if "fund_reaches_bps" in body:
        return FundReaches(bps=body["fund_reaches_bps"])
    return ShareOf(bps=body["bps"], of=Base(body["of"]))


def _patrons(field: str, body: Mapping[str, Any], amount: Amount) -> ToPatrons:
    member_class = MemberClass(body["class"])
    weights = {one: Fraction(body["weights"][one]) for one in Measure if one in body["weights"]}
    if sum(weights.values()) != 1:
        raise AllocationPolicyInvalid(f"{field}.weights", "do not sum to one")
    if member_class is MemberClass.RIDER and Measure.HOURS in weights:
        raise AllocationPolicyInvalid(f"{field}.weights", "count hours, and riders have none")
    return ToPatrons(member_class=member_class, weights=weights, amount=amount)


def _interest(field: str, body: Mapping[str, Any]) -> InterestOnCapital:
    most = body["base_rate_bps"] + INTEREST_ABOVE_BASE_BPS_MAX
    if body["rate_bps"] > most:
        raise AllocationPolicyInvalid(
            f"{field}.rate_bps",
            f"is above {most}: interest is limited to two points above the base rate",
        )
    return InterestOnCapital(
        rate_bps=body["rate_bps"], base_rate_bps=body["base_rate_bps"], base_rate=body["base_rate"]
    )
