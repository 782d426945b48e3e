"""A member's statement of their part in a surplus, with the arithmetic shown.

Pure: the published document and the member's own lines in. Every part is computed here anew, from the
terms and the member's own work; what differs from what was posted is an error, never shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from foundation.money import Currency, Money
from governance.patronage import Division, Measure, Patron, claim_of, part_of
from governance.surplus.document import division_of

UNITS = {
    Measure.FARES: "of fares",
    Measure.HOURS: "seconds on shift",
    Measure.TRIPS: "trips",
    Measure.EQUAL: "member",
    Measure.CAPITAL: "of capital",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLine:
    """What a member did, and what a step gave them."""

    step: str
    patron: Patron
    cash_minor: int
    retained_minor: int

    @property
    def minor(self) -> int:
        """Cash and retained together."""
        return self.cash_minor + self.retained_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementStep:
    """One step in a member's statement.

    Attributes
    ----------
    measures
        Of each: the weight, what is the member's own, what is everybody's.
    claim
        The member's part of the pool, exactly.
    exact
        Pool times claim, in minor units and parts of one.
    got_a_cent
        Whether cutting down left one for this member.
    """

    title: str
    bylaw: str
    pool: Money
    measures: tuple[tuple[Measure, Fraction, int, int], ...]
    claim: Fraction
    exact: Fraction
    got_a_cent: bool
    cash: Money
    retained: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberStatement:
    """All steps that gave a member something, or might have."""

    number: int
    steps: tuple[StatementStep, ...]
    cash: Money
    retained: Money
    revolves_at: str
    payment_minimum: Money

    def lines(self) -> tuple[str, ...]:
        """The arithmetic in sentences, a line each."""
        said: list[str] = [f"member number {self.number}"]
        for step in self.steps:
            said.append(f"{step.title} (bylaw {step.bylaw}): {step.pool} are divided")
            for measure, weight, own, whole in step.measures:
                said.append(f"  {weight} x {own} / {whole} {UNITS[measure]}")
            said.append(
                f"  = {step.claim} of the whole; times {step.pool.minor} = {_decimal(step.exact)} "
                f"minor units, cut down to {int(step.exact)}"
                + (", and one of those that were left" if step.got_a_cent else "")
            )
            said.append(f"  {step.cash} in cash, {step.retained} retained")
        said.append(f"together: {self.cash} in cash, {self.retained} retained")
        if self.retained.minor:
            said.append(f"what is retained falls due at {self.revolves_at}")
        return tuple(said)


def statement_of(document: Mapping[str, Any], lines: Sequence[MemberLine]) -> MemberStatement:
    """A member's statement.

    Parameters
    ----------
    lines
        The member's own, one at least.
    """
    currency = Currency(document["currency"])
    order = [one["code"] for one in document["steps"]]
    steps = tuple(
        _step(document, line, currency)
        for line in sorted(lines, key=lambda line: order.index(line.step))
    )
    [number] = {line.patron.number for line in lines}
    return MemberStatement(
        number=number,
        steps=steps,
        cash=Money(sum(line.cash_minor for line in lines), currency),
        retained=Money(sum(line.retained_minor for line in lines), currency),
        revolves_at=document["revolves_at"],
        payment_minimum=Money(document["payment_minimum_minor"], currency),
    )


def _step(document: Mapping[str, Any], line: MemberLine, currency: Currency) -> StatementStep:
    [named] = [one for one in document["steps"] if one["code"] == line.step]
    division = division_of(document, line.step)
    part = part_of(division, line.patron)
    assert part.minor == line.minor, "the published terms give another part"
    claim = Fraction(part.claim, division.denominator)
    assert claim == sum(claim_of(division, line.patron, one) for one in division.weights)
    exact = division.pool_minor * claim
    return StatementStep(
        title=named["title"],
        bylaw=named["bylaw"],
        pool=Money(division.pool_minor, currency),
        measures=_measures(division, line.patron),
        claim=claim,
        exact=exact,
        got_a_cent=part.minor > int(exact),
        cash=Money(line.cash_minor, currency),
        retained=Money(line.retained_minor, currency),
    )


def _measures(division: Division, patron: Patron) -> tuple[tuple[Measure, Fraction, int, int], ...]:
    return tuple(
        (one, weight, patron.of(one), division.totals[one])
        for one, weight in division.weights.items()
    )


def _decimal(exact: Fraction) -> str:
    """Three decimals, cut; the fraction beside it is exact."""
    whole, part = divmod(exact.numerator * 1000 // exact.denominator, 1000)
    return f"{whole}.{part:03d}..." if exact.denominator > 1 else str(whole)
