"""Pacts of collaboration: who does what until when with which money, and how it is looked back on.

After Bologna's Regulation on collaboration between citizens and the city for the care and
regeneration of urban commons (2014, section 5): a proposal is answered, with reasons; an accepted one becomes a
pact that names aims, duties on both sides, money, duration and review. That an answer is due by a day
and its delay is seen is ours; the follow-up is Decidim's accountability component.

All days are calendar days of the city. A pact is a value; each step gives a new one.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from foundation.money import Money
from governance.commons.errors import (
    DutiesOpen,
    DutyNotOpen,
    PactInvalid,
    PactOver,
    ReviewTooEarly,
)


class Party(StrEnum):
    """Who is bound by a pact."""

    PROPOSERS = "proposers"
    COOPERATIVE = "cooperative"
    CITY = "city"


class ProposalState(StrEnum):
    """How far a proposal has come."""

    AWAITING_ANSWER = "awaiting_answer"
    ANSWER_OVERDUE = "answer_overdue"  # the board owes an answer, and everybody sees it
    ACCEPTED = "accepted"
    REFUSED = "refused"


class PactState(StrEnum):
    """Where a pact stands on a day."""

    AGREED = "agreed"  # signed, and not yet begun
    IN_FORCE = "in_force"
    REVIEW_DUE = "review_due"  # its day of review has come and nobody has reviewed it
    KEPT = "kept"  # reviewed: everything was done
    ENDED = "ended"  # reviewed: it ends with duties undone


class Outcome(StrEnum):
    """What a review comes to."""

    CONTINUED = "continued"
    KEPT = "kept"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the board said to a proposal."""

    accepted: bool
    reasons: str
    answered_on: date

    def __post_init__(self) -> None:
        if not self.reasons.strip():
            raise PactInvalid("an answer gives its reasons")


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One thing that one party does by a day; `number` counts from 1 within the pact."""

    number: int
    party: Party
    what: str
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that one party gives another by a day."""

    number: int
    payer: Party
    payee: Party
    amount: Money
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PactTerms:
    """What is agreed.

    Attributes
    ----------
    duties, payments
        Numbered from 1 in order; at least one duty.
    starts_on, ends_on
        The first and the last day.
    review_on
        The day from which it may, and should, be reviewed.

    Raises
    ------
    PactInvalid
        If numbers, days or money do not fit together.
    """

    title: str
    aim: str
    duties: tuple[Duty, ...]
    payments: tuple[Payment, ...]
    starts_on: date
    ends_on: date
    review_on: date

    def __post_init__(self) -> None:
        fault = self._fault()
        if fault is not None:
            raise PactInvalid(fault)

    def _fault(self) -> str | None:
        numbers = [duty.number for duty in self.duties], [paid.number for paid in self.payments]
        days = [duty.due_on for duty in self.duties] + [paid.due_on for paid in self.payments]
        tests = (
            (not (self.title.strip() and self.aim.strip()), "a pact has a title and an aim"),
            (not self.duties, "nobody has a duty"),
            (
                any(given != list(range(1, len(given) + 1)) for given in numbers),
                "duties are numbered 1, 2, 3, and payments too",
            ),
            (any(not duty.what.strip() for duty in self.duties), "a duty says what is to be done"),
            (
                not self.starts_on < self.review_on <= self.ends_on,
                "the review comes after the start and not after the end",
            ),
            (
                not all(self.starts_on <= day <= self.ends_on for day in days),
                "duties and payments fall between the start and the end",
            ),
        )
        return next((fault for is_so, fault in tests if is_so), None) or self._fault_of_money()

    def _fault_of_money(self) -> str | None:
        for paid in self.payments:
            if paid.amount.minor <= 0:
                return f"payment {paid.number} is not above zero"
            if paid.payer is paid.payee:
                return f"payment {paid.number} is from a party to itself"
        if len({paid.amount.currency for paid in self.payments}) > 1:
            return "payments are in one currency"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyDone:
    """A duty was reported as done."""

    number: int
    done_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A look back.

    Attributes
    ----------
    findings
        What was found, in words for everybody.
    next_review_on, ends_on
        Only if it goes on: the new days. The duties keep theirs, late ones stay late.
    """

    outcome: Outcome
    findings: str
    reviewed_on: date
    next_review_on: date | None = None
    ends_on: date | None = None

    def __post_init__(self) -> None:
        if not self.findings.strip():
            raise PactInvalid("a review says what was found")
        if self.outcome is not Outcome.CONTINUED:
            if self.next_review_on is not None or self.ends_on is not None:
                raise PactInvalid("only a pact that goes on has a next review and a new end")
        elif self.next_review_on is None or self.ends_on is None:
            raise PactInvalid("a pact that goes on has a next review and an end")
        elif not self.reviewed_on < self.next_review_on <= self.ends_on:
            raise PactInvalid("the next review comes after this one and not after the end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pact:
    """An agreement and what became of it, in the order in which it happened."""

    terms: PactTerms
    done: tuple[DutyDone, ...] = ()
    reviews: tuple[Review, ...] = ()

    @property
    def review_on(self) -> date:
        """When it is to be reviewed next, as far as is agreed."""
        return self._last_days()[0]

    @property
    def ends_on(self) -> date:
        """The last day, as far as is agreed."""
        return self._last_days()[1]

    @property
    def concluded(self) -> Review | None:
        """The review that ended it, if one did."""
        last = self.reviews[-1] if self.reviews else None
        return None if last is None or last.outcome is Outcome.CONTINUED else last

    @property
    def open_duties(self) -> tuple[Duty, ...]:
        """What is not done yet."""
        done = {one.number for one in self.done}
        return tuple(duty for duty in self.terms.duties if duty.number not in done)

    @property
    def progress(self) -> Fraction:
        """The share of duties that are done, 0 to 1."""
        return Fraction(len(self.done), len(self.terms.duties))

    def _last_days(self) -> tuple[date, date]:
        for review in reversed(self.reviews):
            if review.next_review_on is not None and review.ends_on is not None:
                return review.next_review_on, review.ends_on
        return self.terms.review_on, self.terms.ends_on


def answer_by(lodged_on: date, days: int) -> date:
    """The last day for the board's answer: `days` whole days after the one it was lodged on."""
    assert days > 0
    return lodged_on + timedelta(days=days)


def state_of_proposal(answer: Answer | None, due_on: date, today: date) -> ProposalState:
    """How far a proposal has come by `today`; on the last day itself it is not late."""
    if answer is not None:
        return ProposalState.ACCEPTED if answer.accepted else ProposalState.REFUSED
    return ProposalState.ANSWER_OVERDUE if today > due_on else ProposalState.AWAITING_ANSWER


def state_of(pact: Pact, today: date) -> PactState:
    """Where the pact stands on `today`.

    A pact past its end that nobody reviewed is not over: its review is due until somebody does it.
    """
    concluded = pact.concluded
    if concluded is not None:
        return PactState.KEPT if concluded.outcome is Outcome.KEPT else PactState.ENDED
    if today < pact.terms.starts_on:
        return PactState.AGREED
    return PactState.REVIEW_DUE if today >= pact.review_on else PactState.IN_FORCE


def overdue_duties(pact: Pact, today: date) -> tuple[Duty, ...]:
    """Open duties whose day is past, the longest overdue first; none once the pact is over."""
    if pact.concluded is not None:
        return ()
    late = [duty for duty in pact.open_duties if duty.due_on < today]
    return tuple(sorted(late, key=lambda duty: (duty.due_on, duty.number)))


def report_done(pact: Pact, done: DutyDone) -> Pact:
    """The pact with one more duty done.

    Raises
    ------
    PactOver
        If a review has ended it.
    DutyNotOpen
        If it has no such duty, or it was done before.
    """
    _refuse_if_over(pact)
    if not 1 <= done.number <= len(pact.terms.duties):
        raise DutyNotOpen(done.number, "is not in this pact")
    if all(duty.number != done.number for duty in pact.open_duties):
        raise DutyNotOpen(done.number, "is done already")
    if done.done_on < pact.terms.starts_on:
        raise DutyNotOpen(done.number, "cannot be done before the pact begins")
    return replace(pact, done=(*pact.done, done))


def review(pact: Pact, found: Review) -> Pact:
    """The pact after a review.

    Raises
    ------
    PactOver
        If a review has ended it.
    ReviewTooEarly
        If the day of review has not come; a pact may be ended early, though, by a review that says so.
    DutiesOpen
        If it is called kept while a duty is open.
    """
    _refuse_if_over(pact)
    if pact.reviews and found.reviewed_on < pact.reviews[-1].reviewed_on:
        raise PactInvalid("a review does not come before the one before it")
    if found.outcome is not Outcome.ENDED and found.reviewed_on < pact.review_on:
        raise ReviewTooEarly(pact.review_on.isoformat())
    if found.outcome is Outcome.KEPT and pact.open_duties:
        raise DutiesOpen(tuple(duty.number for duty in pact.open_duties))
    return replace(pact, reviews=(*pact.reviews, found))


def _refuse_if_over(pact: Pact) -> None:
    if pact.concluded is not None:
        raise PactOver(pact.concluded.reviewed_on.isoformat())
