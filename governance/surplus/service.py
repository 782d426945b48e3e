"""Dividing a surplus: what it would give, what members decided, and what follows from it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy.exc import IntegrityError

from foundation.identifiers import UUID, PersonId
from governance.asked import AllocationAsked
from governance.motion import MotionId, MotionState
from governance.service.motions import locked
from governance.surplus import postings, store, views
from governance.surplus.document import Decided, document_of, text_of
from governance.surplus.errors import (
    AllocationNotFound,
    AllocationOtherCurrency,
    AlreadyAllocated,
    NothingToCarryOut,
    NotYetDue,
    PeriodNotClosed,
)
from governance.surplus.events import SurplusAllocated, SurplusMoved
from governance.surplus.policy import AllocationPolicy, ToPatrons, parse_allocation_policy
from governance.surplus.postings import Mandate
from governance.surplus.statement import MemberLine, MemberStatement, statement_of
from governance.surplus.store import Stored
from governance.surplus.views import Period
from governance.surplus.waterfall import Allocation, Figures, allocate
from ledger.account import fund_id
from ledger.store.transfers import insert_transfer
from ledger.transfer import Transfer
from rulebook.rule import Rule, RuleKind
from rulebook.service import in_force
from storage.refusals import constraint_of
from storage.work import Reading, UnitOfWork

PAID_AT_ONCE = 5_000
"""Whatever is paid is checked against each account's balance, which takes its time."""
A_MOMENT = timedelta(microseconds=1)
STANDS_NO_MORE = "the decision is set aside, or an appeal keeps it from being carried out"
_REFUSALS = {
    "members_decided_on_this_period": "no vote on this period's surplus passed",
    "the_decision_stands": STANDS_NO_MORE,
    "follows_the_period_before": "the period before it comes first",
    "one_first_allocation": "the period before it comes first",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a surplus would give: the document without a decision, and everybody's part."""

    allocation: Allocation
    document: dict[str, Any]

    def statement(self, person_id: PersonId) -> MemberStatement:
        """One member's part, with the arithmetic.

        Raises
        ------
        AllocationNotFound
            If it would give them nothing.
        """
        lines = [
            MemberLine(
                step=share.step, patron=share.part.patron, cash_minor=share.cash_minor,
                retained_minor=share.retained_minor,
            )
            for share in self.allocation.shares
            if share.part.patron.person_id == person_id
        ]  # fmt: skip
        if not lines:
            raise AllocationNotFound
        return statement_of(self.document, lines)


async def preview(work: UnitOfWork) -> Preview:
    """What the time since the last closed period would give if it ended now; nothing is written.

    Raises
    ------
    RuleMissing
        If no allocation policy is in force.
    """
    rule = await in_force(work, RuleKind.ALLOCATION_POLICY, work.now)
    policy = parse_allocation_policy(rule.body)
    period = await views.open_period(work, policy.currency, now=work.now)
    figures = await _figures(work, period, policy)
    divided = await asyncio.to_thread(allocate, figures, policy)  # others are served meanwhile
    decided = _decided(period, rule, policy, allocated_at=work.now)
    return Preview(allocation=divided, document=document_of(divided, decided))


async def carry_out(
    work: UnitOfWork, motion_id: MotionId, *, made_by: UUID | None = None
) -> Stored:
    """Divide the surplus that a motion is about, as its certificate says; again, nothing happens.

    Raises
    ------
    MotionNotFound
        If there is no such motion.
    NothingToCarryOut
        If it is about something else, did not pass, is set aside or under appeal.
    AlreadyAllocated
        If another decision divided this surplus.
    PeriodNotClosed, AllocationOtherCurrency, RuleMissing
        If its period has no result in the policy's currency, or there was no policy at its end.
    """
    motion = await locked(work, motion_id)
    done = await store.find_allocation(work, motion_id=motion_id)
    if done is not None:
        return done
    if not isinstance(motion.asks, AllocationAsked):
        raise NothingToCarryOut("it asks something else")
    certificate = await store.find_certificate(work, motion_id)
    if motion.state is not MotionState.CERTIFIED or certificate is None:
        raise NothingToCarryOut(f"it is {motion.state}")
    period_id = motion.asks.period_id
    if await store.find_allocation(work, period_id=period_id) is not None:
        raise AlreadyAllocated(str(period_id))
    period, rule = await _closed(work, period_id)
    policy = parse_allocation_policy(rule.body)
    divided = allocate(await _figures(work, period, policy), policy)
    decided = _decided(
        period, rule, policy, allocated_at=work.now, motion_id=motion_id, certificate=certificate
    )
    mandate = Mandate(period_id=period_id, adoption_id=motion_id, made_by=made_by)
    return await _written(work, divided, decided, mandate=mandate, period=period)


async def revolve(work: UnitOfWork, period_id: UUID, *, made_by: UUID | None = None) -> int:
    """Let the parts that a period's allocation retained fall due; how many minor units.

    Raises
    ------
    AllocationNotFound
        If nothing was divided.
    NotYetDue
        Before their day.
    """
    stored = await get_allocation(work, period_id)
    if work.now < stored.revolves_at:
        raise NotYetDue("Retained parts fall due", stored.revolves_at.isoformat())
    mandate = Mandate(period_id=period_id, adoption_id=stored.adoption_id, made_by=made_by)
    retained = await store.list_retained(work, period_id)
    moved = postings.revolved_transfer(retained, mandate, currency=stored.currency)
    return await _moved(work, moved)


async def pay_allocations(work: UnitOfWork, run_id: UUID, *, made_by: UUID | None = None) -> int:
    """Pay cash parts to drivers with their pay, to riders against their trips; how many minor units.

    Sums below the minimum of the policy in force wait. So many members at once are `PAID_AT_ONCE`;
    the rest is for the next run.

    Parameters
    ----------
    run_id
        The payment's identifier, which comes from whoever asks: the same pays once.

    Raises
    ------
    RuleMissing
        If no allocation policy is in force.
    """
    policy = parse_allocation_policy(
        (await in_force(work, RuleKind.ALLOCATION_POLICY, work.now)).body
    )
    due = await store.list_due(
        work, policy.currency, minimum_minor=policy.members.payment_minimum_minor,
        limit=PAID_AT_ONCE,
    )  # fmt: skip
    paid = postings.payment_transfer(run_id, due, currency=policy.currency, made_by=made_by)
    return await _moved(work, paid)


async def lapse(work: UnitOfWork, period_id: UUID, *, made_by: UUID | None = None) -> int:
    """Give what nobody claimed in its time to the fund that the policy named; how many minor units.

    Raises
    ------
    AllocationNotFound
        If nothing was divided.
    NotYetDue
        Before its time is over.
    """
    stored = await get_allocation(work, period_id)
    unclaimed = stored.document["unclaimed"]
    if work.now < datetime.fromisoformat(unclaimed["at"]):
        raise NotYetDue("What is not claimed lapses", unclaimed["at"])
    mandate = Mandate(period_id=period_id, adoption_id=stored.adoption_id, made_by=made_by)
    left = await store.list_unclaimed(work, period_id)
    moved = postings.lapse_transfer(mandate, left, fund=unclaimed["to"], currency=stored.currency)
    return await _moved(work, moved)


async def get_allocation(work: Reading, period_id: UUID) -> Stored:
    """How a period's surplus was divided.

    Raises
    ------
    AllocationNotFound
        If it was not.
    """
    stored = await store.find_allocation(work, period_id=period_id)
    if stored is None:
        raise AllocationNotFound
    return stored


async def get_statement(
    work: Reading,
    period_id: UUID,
    person_id: PersonId | None = None,
    *,
    number: int | None = None,
) -> MemberStatement:
    """The statement of a member, by person or by member number, of a surplus that was divided.

    Raises
    ------
    AllocationNotFound
        If there is none, or they have no part in it.
    """
    assert (person_id is None) != (number is None)
    stored = await get_allocation(work, period_id)
    lines = await store.list_lines(work, period_id, person_id, number)
    if not lines:
        raise AllocationNotFound
    return statement_of(stored.document, lines)


async def _written(
    work: UnitOfWork, divided: Allocation, decided: Decided, *, mandate: Mandate, period: Period
) -> Stored:
    document = document_of(divided, decided)
    said = text_of(document)
    digest = sha256(said.encode()).hexdigest()
    transfers = postings.allocation_transfers(divided, mandate)
    try:
        await store.insert_allocation(
            work, divided, decided, mandate=mandate, period=period, transfers=len(transfers),
            said=(said, digest),
        )  # fmt: skip
    except IntegrityError as error:
        raise _refusal(error, mandate) from error
    for transfer in transfers:
        await _moved(work, transfer)
    work.announce(
        SurplusAllocated(
            event_id=work.new_id(),
            occurred_at=work.now,
            period_id=mandate.period_id,
            motion_id=mandate.adoption_id,
            digest=digest,
            currency=divided.figures.currency,
            result_minor=divided.figures.result_minor,
            members=len({one.part.patron.person_id for one in divided.shares}),
        )
    )
    return Stored(
        period_id=mandate.period_id, adoption_id=mandate.adoption_id,
        currency=divided.figures.currency, revolves_at=decided.revolves_at, document=document,
        digest=digest,
    )  # fmt: skip


def _refusal(error: IntegrityError, mandate: Mandate) -> Exception:
    constraint = constraint_of(error)
    if constraint in ("once_a_period", "carries_out_one_decision"):
        return AlreadyAllocated(str(mandate.period_id))
    if constraint in _REFUSALS:
        return NothingToCarryOut(_REFUSALS[constraint])
    return error


async def _closed(work: UnitOfWork, period_id: UUID) -> tuple[Period, Rule]:
    """A closed period with the policy that was in force in its last moment."""
    currency = await views.closed_in(work, period_id)
    if currency is None:
        raise PeriodNotClosed(str(period_id))
    period = await views.find_period(work, period_id, currency)
    if period is None or period.result_minor is None:
        raise PeriodNotClosed(str(period_id))
    rule = await in_force(work, RuleKind.ALLOCATION_POLICY, period.ends_at - A_MOMENT)
    if rule.body["currency"] != currency:
        raise AllocationOtherCurrency(rule.body["currency"], currency)
    return period, rule


async def _figures(work: UnitOfWork, period: Period, policy: AllocationPolicy) -> Figures:
    currency = policy.currency
    held = await views.list_funds(work, period, currency)
    classes = {
        step.takes.member_class for step in policy.steps if isinstance(step.takes, ToPatrons)
    }
    assert period.result_minor is not None
    return Figures(
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        currency=currency,
        result_minor=period.result_minor,
        income_minor=period.income_minor,
        deficit_minor=period.deficit_minor,
        funds={fund: held.get(fund_id(fund), 0) for fund in policy.funds},
        patrons={
            one: await views.list_patrons(work, period, one, currency=currency)
            for one in sorted(classes)
        },
        savers=await views.list_savers(work, period, currency),
    )


def _decided(
    period: Period, rule: Rule, policy: AllocationPolicy, *, allocated_at: datetime,
    motion_id: MotionId | None = None, certificate: str | None = None,
) -> Decided:  # fmt: skip
    return Decided(
        period_id=period.period_id,
        rule_id=rule.rule_id,
        rule_digest=rule.digest,
        revolves_at=_years_after(period.ends_at, policy.members.revolves_years),
        lapses_at=_years_after(allocated_at, policy.members.unclaimed_years),
        motion_id=motion_id,
        certificate=certificate,
    )


def _years_after(instant: datetime, years: int) -> datetime:
    """The same day so many years on; the day after, where a 29 February has none."""
    if (instant.month, instant.day) == (2, 29):
        instant += timedelta(days=1)
    return instant.replace(year=instant.year + years)


async def _moved(work: UnitOfWork, transfer: Transfer | None) -> int:
    """Write and announce a transfer; how much it moves, 0 if it was there or there is none."""
    if transfer is None or not await insert_transfer(work, transfer):
        return 0
    moved = sum(entry.amount_minor for entry in transfer.entries if entry.amount_minor > 0)
    work.announce(
        SurplusMoved(
            event_id=work.new_id(),
            occurred_at=work.now,
            transfer_id=transfer.transfer_id,
            what=transfer.kind.value,
            currency=transfer.currency,
            moved_minor=moved,
        )
    )
    return moved
