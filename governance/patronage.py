"""Patronage: a sum divided among members by what they did through the co-operative, to the cent.

A member's claim is the sum over the measures of weight times own part of the whole,
sum_k w_k * x_km / X_k, in exact fractions over one denominator. Cents come by largest remainder
(Hamilton's method), ties by the larger claim, then by the lower member number. Whoever knows the
published terms of a division and their own work computes their own part, without anybody else's
(`part_of`).

The rule: patronage dividends are in proportion to the business done with or for the patron
(26 CFR 1.1388-1; ICA principle 3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import lcm

from foundation.identifiers import PersonId


class Measure(StrEnum):
    """What is counted of a member's work or custom in the period."""

    FARES = "fares"  # minor units of fares driven, or paid by a rider
    HOURS = "hours"  # seconds on shift
    TRIPS = "trips"
    EQUAL = "equal"  # one for each member
    CAPITAL = "capital"  # minor units in the capital account when the period began


@dataclass(frozen=True, slots=True, kw_only=True)
class Patron:
    """A member with what they did in a period.

    Attributes
    ----------
    number
        The member's number, which settles what is equal otherwise.
    fares_minor, seconds_on_shift, trips, capital_minor
        As `Measure` says; none below zero.
    """

    number: int
    person_id: PersonId
    fares_minor: int = 0
    seconds_on_shift: int = 0
    trips: int = 0
    capital_minor: int = 0

    def __post_init__(self) -> None:
        assert min(self.fares_minor, self.seconds_on_shift, self.trips, self.capital_minor) >= 0

    def of(self, measure: Measure) -> int:
        """How much of a measure, in its unit."""
        match measure:
            case Measure.FARES:
                return self.fares_minor
            case Measure.HOURS:
                return self.seconds_on_shift
            case Measure.TRIPS:
                return self.trips
            case Measure.CAPITAL:
                return self.capital_minor
        return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """Where a member stands in the line for the cents that are left, the largest first.

    Attributes
    ----------
    remainder
        What cutting down took, in parts of a cent: over the division's denominator.
    claim
        Over the denominator.
    """

    remainder: int
    claim: int
    number: int

    @property
    def order(self) -> tuple[int, int, int]:
        """Smaller comes first."""
        return (-self.remainder, -self.claim, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """The published terms of a division: with one's own work they give one's own part.

    Attributes
    ----------
    pool_minor
        What is divided; zero or more.
    weights
        Of the measures that anybody has anything of; they sum to one.
    totals
        Of each such measure, of all patrons together.
    denominator
        Of claims: `weights[k] * denominator / totals[k]` is whole for each measure.
    patrons
        How many have a claim.
    cents_left
        What cutting down left, given a cent each to the first in line.
    last
        The last in line who got such a cent; None if none was left.
    """

    pool_minor: int
    weights: Mapping[Measure, Fraction]
    totals: Mapping[Measure, int]
    denominator: int
    patrons: int
    cents_left: int
    last: Rank | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One member's part; `claim` is over the division's denominator."""

    patron: Patron
    claim: int
    minor: int


def divide(
    pool_minor: int, patrons: Sequence[Patron], weights: Mapping[Measure, Fraction]
) -> tuple[Division, tuple[Part, ...]] | None:
    """Divide a sum by patronage; None if nobody has any.

    A measure of which nobody has anything drops out, and the others keep their proportion.

    Parameters
    ----------
    patrons
        In any order, no number twice.
    weights
        Positive, summing to one.

    Returns
    -------
    The terms, and every patron's part by number; patrons without a claim are there with nothing.
    """
    assert pool_minor >= 0, "losses are no one's patronage"
    assert sum(weights.values()) == 1, "weights sum to one"
    assert min(weights.values()) > 0, "a weight is positive"
    ordered = sorted(patrons, key=lambda patron: patron.number)
    assert len({patron.number for patron in ordered}) == len(ordered), "a number is one member's"
    counted = _counted(ordered, weights)
    if not counted:
        return None
    terms, factors = _terms(pool_minor, ordered, counted=counted)
    claims = [_claim(patron, factors) for patron in ordered]
    ranks = [
        _rank(terms, patron.number, claim) for patron, claim in zip(ordered, claims, strict=True)
    ]
    cents = [pool_minor * claim // terms.denominator for claim in claims]
    left = pool_minor - sum(cents)
    line = sorted(range(len(ordered)), key=lambda index: ranks[index].order)
    for index in line[:left]:
        cents[index] += 1
    division = Division(
        pool_minor=pool_minor, weights=terms.weights, totals=terms.totals,
        denominator=terms.denominator, patrons=sum(claim > 0 for claim in claims),
        cents_left=left, last=ranks[line[left - 1]] if left else None,
    )  # fmt: skip
    return division, tuple(
        Part(patron=patron, claim=claim, minor=minor)
        for patron, claim, minor in zip(ordered, claims, cents, strict=True)
    )


def part_of(division: Division, patron: Patron) -> Part:
    """A member's part from the published terms and their own work alone."""
    claim = _claim(patron, _factors(division))
    minor = division.pool_minor * claim // division.denominator
    rank = _rank(division, patron.number, claim)
    if division.last is not None and rank.order <= division.last.order:
        minor += 1
    return Part(patron=patron, claim=claim, minor=minor)


def claim_of(division: Division, patron: Patron, measure: Measure) -> Fraction:
    """The part of a member's claim that one measure gives; zero for one that does not count."""
    if measure not in division.weights:
        return Fraction(0)
    return division.weights[measure] * patron.of(measure) / division.totals[measure]


def _counted(
    patrons: Sequence[Patron], weights: Mapping[Measure, Fraction]
) -> Mapping[Measure, tuple[Fraction, int]]:
    """Weight and total of each measure that anybody has anything of, in the order of `Measure`."""
    totals = {
        measure: sum(patron.of(measure) for patron in patrons)
        for measure in Measure
        if measure in weights
    }
    whole = sum(weights[measure] for measure, total in totals.items() if total)
    return {
        measure: (weights[measure] / whole, total) for measure, total in totals.items() if total
    }


def _terms(
    pool_minor: int, patrons: Sequence[Patron], *, counted: Mapping[Measure, tuple[Fraction, int]]
) -> tuple[Division, Mapping[Measure, int]]:
    denominator = lcm(*((weight / total).denominator for weight, total in counted.values()))
    terms = Division(
        pool_minor=pool_minor,
        weights={measure: weight for measure, (weight, _) in counted.items()},
        totals={measure: total for measure, (_, total) in counted.items()},
        denominator=denominator, patrons=len(patrons), cents_left=0, last=None,
    )  # fmt: skip
    return terms, _factors(terms)


def _factors(division: Division) -> Mapping[Measure, int]:
    """What one unit of each measure is worth of a claim, over the denominator."""
    worth = {
        measure: weight * division.denominator / division.totals[measure]
        for measure, weight in division.weights.items()
    }
    assert all(one.denominator == 1 for one in worth.values()), "the denominator is common"
    return {measure: one.numerator for measure, one in worth.items()}


def _claim(patron: Patron, factors: Mapping[Measure, int]) -> int:
    return sum(factor * patron.of(measure) for measure, factor in factors.items())


def _rank(division: Division, number: int, claim: int) -> Rank:
    remainder = division.pool_minor * claim % division.denominator
    return Rank(remainder=remainder, claim=claim, number=number)
