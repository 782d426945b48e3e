"""A member's own trips of the last 31 days under today's rules and under what a motion proposes.

Worked out for the person who asks, from their own fares in the books by the arithmetic of quotes and
receipts (`fares.month`); kept nowhere and told to no log.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

import fares.service
import ledger.views
from doorway.schemas import Model, MoneyOut
from fares.month import Month, PriceBy, TripMade, month_under_both, price_by
from foundation.errors import Refusal
from foundation.identifiers import UUID
from foundation.money import Money
from governance.impact.document import NO_RULE, Proposed
from governance.impact.service import get_about, proposals_of
from governance.motion import MotionId
from ledger.account import Role
from rulebook.errors import RuleMissing
from rulebook.rule import RuleKind
from rulebook.service import all_in_force, in_force
from storage.work import UnitOfWork

DAYS = 31
MONEY_KINDS = (RuleKind.TARIFF, RuleKind.PAY_FLOOR, RuleKind.LEVY)

NO_TRIP = "You completed no trip in these days, so there is nothing to work out again."
NOT_YOURS = (
    "This motion changes no price and no pay: what your trips cost and brought would have been the "
    "same."
)
OF_MATCHING = (
    "A matching policy changes which trips come to whom. What those you made cost and brought would "
    "have been the same; which others would have come is not known."
)


class MonthOfProposalOut(Model):
    """The same trips under one proposal."""

    label: str
    value: int | None = Field(description="Of a vote on a number, that number.")
    amount: MoneyOut | None
    change: Annotated[MoneyOut | None, Field(description="Less what it is under today's rules.")]
    why_none: str | None = Field(description="Why these trips have no price under it.")


class MyMonthOut(Model):
    """Your own trips, and what they come to; whole minor units.

    `was` is what was charged, or paid to you; `today` the same trips under the rules in force now.
    A rider's amounts are fares without tips; a driver's are pay without tips and outlays given back.
    """

    start: datetime
    end: datetime
    trips: int
    was: MoneyOut
    today: MoneyOut | None
    proposals: list[MonthOfProposalOut]
    why_none: Annotated[str | None, Field(description="Why there is nothing to compare, if so.")]


async def my_month(work: UnitOfWork, motion_id: UUID, *, role: Role, person_id: UUID) -> MyMonthOut:
    """What the last 31 days would have been for one person.

    Raises
    ------
    MotionNotFound
        If there is no such motion.
    """
    about = await get_about(work, MotionId(motion_id))
    end = work.now
    start = end - timedelta(days=DAYS)
    found = await ledger.views.fares_made(work, role, person_id, start, end)
    trips = await fares.service.trips_made(work, found)
    bodies = await _bodies_today(work)
    today = price_by(bodies)
    currency = today.tariff.currency
    was = Money(sum(_charged(document, role) for _, document in found), currency)
    now, why = None, _why_none(about.kind, bool(trips))
    try:
        now, _ = _sums(trips, today, today, role)
    except Refusal as refusal:  # what was priced by an older rule
        why = refusal.sentence
    try:
        bodies_proposed = await proposals_of(work, MotionId(motion_id)) if why is None else ()
    except Refusal as refusal:  # a number without bounds yet
        why, bodies_proposed = refusal.sentence, ()
    proposals = [
        _under(trips, today, bodies, kind=RuleKind(str(about.kind)), proposed=one, role=role)
        for one in bodies_proposed
    ]
    return MyMonthOut(
        start=start, end=end, trips=len(trips), was=MoneyOut.of(was),
        today=None if now is None else MoneyOut.of(now), proposals=proposals, why_none=why,
    )  # fmt: skip


async def _bodies_today(work: UnitOfWork) -> dict[RuleKind, Any]:
    wanted = dict.fromkeys((RuleKind.TARIFF, RuleKind.PAY_FLOOR), work.now)
    bodies = {kind: rule.body for kind, rule in (await all_in_force(work, wanted)).items()}
    try:
        return bodies | {RuleKind.LEVY: (await in_force(work, RuleKind.LEVY, work.now)).body}
    except RuleMissing:
        return bodies  # a city may have no levy


def _why_none(kind: str | None, has_trips: bool) -> str | None:
    if kind is None:
        return NO_RULE
    if kind == RuleKind.MATCHING_POLICY:
        return OF_MATCHING
    if kind not in MONEY_KINDS:
        return NOT_YOURS
    return None if has_trips else NO_TRIP


def _under(
    trips: Sequence[TripMade],
    today: PriceBy,
    bodies: dict[RuleKind, Any],
    *,
    kind: RuleKind,
    proposed: Proposed,
    role: Role,
) -> MonthOfProposalOut:
    """The trips under one proposal; a rule that has no price for one of them says so."""
    try:
        by = price_by(bodies | {kind: proposed.body})
        if by.tariff.currency != today.tariff.currency:
            return _without(proposed, "It is in another currency than your trips were.")
        now, then = _sums(trips, today, by, role)
    except Refusal as refusal:
        return _without(proposed, refusal.sentence)
    return MonthOfProposalOut(
        label=proposed.label, value=proposed.value, amount=MoneyOut.of(then),
        change=MoneyOut.of(then - now), why_none=None,
    )  # fmt: skip


def _without(proposed: Proposed, why: str) -> MonthOfProposalOut:
    return MonthOfProposalOut(
        label=proposed.label, value=proposed.value, amount=None, change=None, why_none=why
    )


def _sums(
    trips: Sequence[TripMade], today: PriceBy, proposed: PriceBy, role: Role
) -> tuple[Money, Money]:
    """What the trips come to for a rider or a driver under both."""
    month = month_under_both(trips, today=today, proposed=proposed)
    return _of(month.today, role), _of(month.proposed, role)


def _of(month: Month, role: Role) -> Money:
    return month.fares if role is Role.RIDER else month.pay


def _charged(document: dict[str, Any], role: Role) -> int:
    """Minor units of a fare's document, as the books keep it."""
    if role is Role.RIDER:
        return int(document["total_minor"])
    return int(document["driver_pay"]["pay_minor"])
