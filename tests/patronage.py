"""Patrons and policies for tests, and a slow second opinion of every division."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from foundation.identifiers import PersonId
from foundation.money import Currency
from governance.matter import MemberClass
from governance.patronage import Measure, Patron
from governance.surplus.waterfall import Figures

USD = Currency("USD")
THREE = {Measure.FARES: Fraction(3, 5), Measure.HOURS: Fraction(3, 10), Measure.TRIPS: Fraction(1, 10)}  # fmt: skip


def patron(number: int, fares: int = 0, hours: int = 0, trips: int = 0, capital: int = 0) -> Patron:
    """The patron of that number."""
    return Patron(
        number=number, person_id=PersonId(UUID(int=number)), fares_minor=fares,
        seconds_on_shift=hours, trips=trips, capital_minor=capital,
    )  # fmt: skip


def naive(
    pool: int, patrons: Sequence[Patron], weights: Mapping[Measure, Fraction]
) -> dict[int, int] | None:
    """A division as one would explain it: fractions all the way, and a cent at a time."""
    whole = {one: sum(each.of(one) for each in patrons) for one in weights}
    kept = sum(weights[one] for one in weights if whole[one])
    if not kept:
        return None
    claims = {
        each.number: sum(
            (weights[one] / kept * Fraction(each.of(one), whole[one]) for one in weights if whole[one]),
            Fraction(0),
        )
        for each in patrons
    }  # fmt: skip
    given = {number: int(pool * claim) for number, claim in claims.items()}
    served: set[int] = set()
    while sum(given.values()) < pool:
        best = None
        for number, claim in claims.items():
            if number in served:
                continue
            standing = (pool * claim - int(pool * claim), claim, -number)
            if best is None or standing > best[0]:
                best = (standing, number)
        assert best is not None
        given[best[1]] += 1
        served.add(best[1])
    return given


def policy_body(**changes: Any) -> dict[str, Any]:
    """The body of a policy with every kind of step, changed as told."""
    return {
        "name": "Division of the surplus",
        "currency": "USD",
        "steps": [
            {"code": "deficit", "title": "Retire the deficit", "bylaw": "7.1", "deficit": True},
            {
                "code": "indivisible", "title": "Indivisible reserve", "bylaw": "7.2",
                "fund": "indivisible", "amount": {"bps": 2000, "of": "surplus"},
            },
            {
                "code": "prudential", "title": "Prudential reserve", "bylaw": "7.3",
                "fund": "prudential", "amount": {"fund_reaches_bps": 1000, "of": "income"},
                "max_minor": 500_000,
            },
            {
                "code": "interest", "title": "Interest on capital", "bylaw": "7.4",
                "interest": {"rate_bps": 300, "base_rate_bps": 100, "base_rate": "the bank's"},
            },
            {
                "code": "education", "title": "Education", "bylaw": "7.5",
                "fund": "education", "amount": {"fixed_minor": 1000},
            },
            {
                "code": "drivers", "title": "Drivers by patronage", "bylaw": "7.6",
                "patronage": {
                    "class": "driver",
                    "weights": {"fares": "3/5", "hours": "3/10", "trips": "1/10"},
                },
                "amount": {"bps": 8000, "of": "rest"},
            },
            {
                "code": "riders", "title": "Riders by patronage", "bylaw": "7.7",
                "patronage": {"class": "rider", "weights": {"fares": "1"}},
                "amount": {"bps": 5000, "of": "rest"},
            },
        ],
        "rest_to": "collective",
        "members": {
            "cash_bps": 2500, "revolves_years": 3, "payment_minimum_minor": 500,
            "unclaimed": {"years": 6, "to": "education"},
        },
        "losses": {"charged_to": ["collective", "prudential"]},
    } | changes  # fmt: skip


def figures(
    result: int,
    *,
    drivers: Sequence[Patron] = (),
    riders: Sequence[Patron] = (),
    savers: Sequence[Patron] = (),
    income: int = 0,
    deficit: int = 0,
    funds: Mapping[str, int] | None = None,
) -> Figures:
    """A year that came to that result."""
    return Figures(
        starts_at=datetime(2026, 1, 1, tzinfo=UTC), ends_at=datetime(2027, 1, 1, tzinfo=UTC),
        currency=USD, result_minor=result, income_minor=income, deficit_minor=deficit,
        funds=funds or {}, savers=tuple(savers),
        patrons={MemberClass.DRIVER: tuple(drivers), MemberClass.RIDER: tuple(riders)},
    )  # fmt: skip
