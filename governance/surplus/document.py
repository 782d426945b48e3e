"""The document of an allocation: what is published, hashed and kept, and read back again.

It holds the totals and the terms of every division, and nobody's work. With it and their own line a
member computes their own part; with all lines anybody who may see them computes everything.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from operator import attrgetter
from typing import Any

from foundation.identifiers import UUID, RuleId
from governance.patronage import Division, Measure, Rank
from governance.surplus.policy import RetireDeficit
from governance.surplus.waterfall import Allocation, Share, Taken
from ledger.account import fund_id
from rulebook.rule import canonical

FORMAT = "khan-cars surplus allocation 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What an allocation is of: period, policy, and the members' decision.

    Attributes
    ----------
    motion_id, certificate
        None in a preview; the certificate's SHA-256.
    revolves_at, lapses_at
        When retained parts fall due, and when what was not paid goes to a fund.
    """

    period_id: UUID | None
    rule_id: RuleId
    rule_digest: str
    revolves_at: datetime
    lapses_at: datetime
    motion_id: UUID | None = None
    certificate: str | None = None


def document_of(allocation: Allocation, decided: Decided) -> dict[str, Any]:
    """The document, as JSON holds it. Numbers that may pass 2^53 are text."""
    figures, members = allocation.figures, allocation.policy.members
    return {
        "format": FORMAT,
        "period": {
            "period_id": None if decided.period_id is None else str(decided.period_id),
            "starts_at": figures.starts_at.isoformat(),
            "ends_at": figures.ends_at.isoformat(),
        },
        "motion": None if decided.motion_id is None else str(decided.motion_id),
        "certificate": decided.certificate,
        "policy": {"rule_id": str(decided.rule_id), "digest": decided.rule_digest},
        "currency": figures.currency,
        "result_minor": figures.result_minor,
        "income_minor": figures.income_minor,
        "deficit_before_minor": figures.deficit_minor,
        "deficit_after_minor": figures.deficit_minor - kept_minor(allocation),
        "funds_before": {fund: figures.funds.get(fund, 0) for fund in allocation.policy.funds},
        "steps": [_step(one) for one in allocation.taken],
        "funds": [
            {"fund": fund, "fund_id": str(fund_id(fund)), "minor": minor}
            for fund, minor in moved_to_funds(allocation).items()
        ],
        "cash_bps": members.cash_bps,
        "payment_minimum_minor": members.payment_minimum_minor,
        "revolves_at": decided.revolves_at.isoformat(),
        "unclaimed": {"to": members.unclaimed_to, "at": decided.lapses_at.isoformat()},
        "lines_digest": lines_digest(allocation),
    }


def text_of(document: Mapping[str, Any]) -> str:
    """The document as canonical JSON, which is what is hashed."""
    return canonical(document).decode()


def kept_minor(allocation: Allocation) -> int:
    """What stays in the surplus account: a deficit that is retired; below zero, a loss carried."""
    retired = sum(
        one.minor
        for one in allocation.taken
        if one.step is not None and isinstance(one.step.takes, RetireDeficit)
    )
    return retired - allocation.carried_minor


def moved_to_funds(allocation: Allocation) -> Mapping[str, int]:
    """What each fund gets, or below zero gives, by name; those with nothing are left out."""
    moved: dict[str, int] = {}
    for one in allocation.taken:
        if one.fund is not None:
            moved[one.fund] = moved.get(one.fund, 0) + one.minor
    return {fund: moved[fund] for fund in sorted(moved) if moved[fund]}


def lines_of(allocation: Allocation) -> tuple[Share, ...]:
    """Every member's part of every step, by the step's name and the member's number."""
    # Within a step they are by number already, and sorting keeps that.
    return tuple(sorted(allocation.shares, key=attrgetter("step")))


def lines_digest(allocation: Allocation) -> str:
    """SHA-256 over all lines; the database computes it again (`surplus.lines_digest`)."""
    digest = hashlib.sha256()
    for share in lines_of(allocation):
        one = share.part.patron
        fields = (
            share.step, one.number, one.person_id, one.fares_minor, one.seconds_on_shift, one.trips,
            one.capital_minor, share.cash_minor, share.retained_minor,
        )  # fmt: skip
        digest.update(("|".join(map(str, fields)) + "\n").encode())
    return digest.hexdigest()


def _step(taken: Taken) -> dict[str, Any]:
    step = taken.step
    return {
        "code": None if step is None else step.code,
        "title": None if step is None else step.title,
        "bylaw": None if step is None else step.bylaw,
        "fund": taken.fund,
        "minor": taken.minor,
        "division": None if taken.division is None else _division(taken.division),
    }


def _division(division: Division) -> dict[str, Any]:
    last = division.last
    return {
        "pool_minor": division.pool_minor,
        "weights": {str(one): str(weight) for one, weight in division.weights.items()},
        "totals": {str(one): str(total) for one, total in division.totals.items()},
        "denominator": str(division.denominator),
        "patrons": division.patrons,
        "cents_left": division.cents_left,
        "last": None
        if last is None
        else {
            "remainder": str(last.remainder),
            "claim": str(last.claim),
            "number": last.number,
        },
    }


def division_of(document: Mapping[str, Any], step: str) -> Division:
    """The terms by which a step was divided, out of the document."""
    [found] = [one for one in document["steps"] if one["code"] == step]
    body, last = found["division"], found["division"]["last"]
    return Division(
        pool_minor=body["pool_minor"],
        weights={Measure(one): Fraction(weight) for one, weight in body["weights"].items()},
        totals={Measure(one): int(total) for one, total in body["totals"].items()},
        denominator=int(body["denominator"]),
        patrons=body["patrons"],
        cents_left=body["cents_left"],
        last=None
        if last is None
        else Rank(
            remainder=int(last["remainder"]), claim=int(last["claim"]), number=last["number"]
        ),
    )
