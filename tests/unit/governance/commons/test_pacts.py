"""A proposal is answered by a day, and a pact is kept, goes on or ends by review."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from foundation.money import Currency, Money
from governance.commons.errors import (
    DutiesOpen,
    DutyNotOpen,
    PactInvalid,
    PactOver,
    ReviewTooEarly,
)
from governance.commons.pact import (
    Answer,
    Duty,
    DutyDone,
    Outcome,
    Pact,
    PactState,
    Party,
    Payment,
    ProposalState,
    Review,
    answer_by,
    overdue_duties,
    report_done,
    review,
    state_of,
    state_of_proposal,
)
from tests.commons import START, money, pact_terms

REVIEW = date(2030, 10, 1)


def found(outcome: Outcome, on: date = REVIEW, **changes: Any) -> Review:
    return Review(outcome=outcome, findings="Benches stand.", reviewed_on=on, **changes)


def kept() -> Pact:
    pact = Pact(terms=pact_terms())
    for number in (1, 2):
        pact = report_done(pact, DutyDone(number=number, done_on=date(2030, 5, 1)))
    return pact


def test_an_answer_is_late_the_day_after_its_last_day() -> None:
    due = answer_by(date(2030, 1, 31), 30)
    assert due == date(2030, 3, 2)
    assert state_of_proposal(None, due, due) is ProposalState.AWAITING_ANSWER
    assert state_of_proposal(None, due, date(2030, 3, 3)) is ProposalState.ANSWER_OVERDUE


@pytest.mark.parametrize("accepted", [True, False])
def test_an_answer_ends_the_waiting_however_late(accepted: bool) -> None:
    answer = Answer(accepted=accepted, reasons="It fits.", answered_on=date(2031, 1, 1))
    state = state_of_proposal(answer, date(2030, 3, 2), date(2031, 2, 1))
    assert state is (ProposalState.ACCEPTED if accepted else ProposalState.REFUSED)


def test_an_answer_without_reasons_is_none() -> None:
    with pytest.raises(PactInvalid, match="gives its reasons"):
        Answer(accepted=False, reasons=" ", answered_on=START)


def test_a_pact_passes_through_its_states_by_the_day() -> None:
    pact = Pact(terms=pact_terms())
    assert state_of(pact, START - timedelta(days=1)) is PactState.AGREED
    assert state_of(pact, START) is PactState.IN_FORCE
    assert state_of(pact, REVIEW - timedelta(days=1)) is PactState.IN_FORCE
    assert state_of(pact, REVIEW) is PactState.REVIEW_DUE
    assert state_of(pact, date(2040, 1, 1)) is PactState.REVIEW_DUE


def test_a_duty_is_overdue_the_day_after_until_it_is_done() -> None:
    pact = Pact(terms=pact_terms())
    assert overdue_duties(pact, date(2030, 4, 15)) == ()
    assert [one.number for one in overdue_duties(pact, date(2030, 4, 16))] == [1]
    assert [one.number for one in overdue_duties(pact, date(2030, 7, 1))] == [1, 2]
    done = report_done(pact, DutyDone(number=1, done_on=date(2030, 4, 20)))
    assert [one.number for one in overdue_duties(done, date(2030, 7, 1))] == [2]
    assert done.progress == Fraction(1, 2)


def test_a_duty_is_done_once_and_only_if_there_is_one() -> None:
    pact = report_done(Pact(terms=pact_terms()), DutyDone(number=1, done_on=START))
    with pytest.raises(DutyNotOpen, match="done already"):
        report_done(pact, DutyDone(number=1, done_on=START))
    with pytest.raises(DutyNotOpen, match="not in this pact"):
        report_done(pact, DutyDone(number=3, done_on=START))
    with pytest.raises(DutyNotOpen, match="before the pact begins"):
        report_done(pact, DutyDone(number=2, done_on=START - timedelta(days=1)))


def test_a_pact_is_kept_only_when_everything_is_done() -> None:
    with pytest.raises(DutiesOpen, match="duties 1, 2"):
        review(Pact(terms=pact_terms()), found(Outcome.KEPT))
    pact = review(kept(), found(Outcome.KEPT))
    assert state_of(pact, REVIEW) is PactState.KEPT
    with pytest.raises(PactOver, match="2030-10-01"):
        review(pact, found(Outcome.ENDED))
    with pytest.raises(PactOver):
        report_done(pact, DutyDone(number=1, done_on=REVIEW))


def test_a_pact_goes_on_with_new_days_and_late_duties_stay_late() -> None:
    on = found(Outcome.CONTINUED, next_review_on=date(2031, 4, 1), ends_on=date(2032, 3, 31))
    pact = review(Pact(terms=pact_terms()), on)
    assert (pact.review_on, pact.ends_on) == (date(2031, 4, 1), date(2032, 3, 31))
    assert state_of(pact, date(2030, 12, 1)) is PactState.IN_FORCE
    assert [one.number for one in overdue_duties(pact, date(2030, 12, 1))] == [1, 2]
    ended = review(pact, found(Outcome.ENDED, date(2030, 12, 1)))
    assert state_of(ended, date(2030, 12, 2)) is PactState.ENDED
    assert overdue_duties(ended, date(2031, 1, 1)) == ()
    assert (ended.review_on, ended.ends_on) == (date(2031, 4, 1), date(2032, 3, 31))


def test_a_review_waits_for_its_day_unless_it_ends_the_pact() -> None:
    early = REVIEW - timedelta(days=1)
    with pytest.raises(ReviewTooEarly, match="2030-10-01"):
        review(kept(), found(Outcome.KEPT, early))
    assert state_of(review(kept(), found(Outcome.ENDED, early)), early) is PactState.ENDED


def test_reviews_come_in_order() -> None:
    on = found(Outcome.CONTINUED, next_review_on=date(2031, 4, 1), ends_on=date(2032, 3, 31))
    with pytest.raises(PactInvalid, match="before the one before"):
        review(review(kept(), on), found(Outcome.ENDED, date(2030, 9, 30)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"next_review_on": None, "ends_on": None}, "has a next review and an end"),
        ({"next_review_on": REVIEW, "ends_on": date(2031, 1, 1)}, "after this one"),
        ({"next_review_on": date(2031, 1, 2), "ends_on": date(2031, 1, 1)}, "not after the end"),
    ],
)
def test_a_pact_does_not_go_on_without_sensible_days(changes: Any, reason: str) -> None:
    with pytest.raises(PactInvalid, match=reason):
        found(Outcome.CONTINUED, **changes)


def test_what_has_ended_has_no_next_day() -> None:
    with pytest.raises(PactInvalid, match="only a pact that goes on"):
        found(Outcome.KEPT, ends_on=date(2032, 1, 1))
    with pytest.raises(PactInvalid, match="what was found"):
        Review(outcome=Outcome.KEPT, findings="", reviewed_on=REVIEW)


DUTY = Duty(number=1, party=Party.CITY, what="Mark the place.", due_on=date(2030, 4, 15))
PAID = Payment(
    number=1, payer=Party.CITY, payee=Party.PROPOSERS, amount=money(1), due_on=date(2030, 5, 1)
)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"title": ""}, "a title and an aim"),
        ({"aim": " "}, "a title and an aim"),
        ({"duties": ()}, "nobody has a duty"),
        ({"duties": (DUTY, DUTY)}, "numbered 1, 2, 3"),
        ({"payments": (PAID, PAID)}, "numbered 1, 2, 3"),
        ({"duties": (Duty(number=1, party=Party.CITY, what="", due_on=START),)}, "what is to be"),
        ({"review_on": START}, "after the start"),
        ({"review_on": date(2031, 4, 1)}, "not after the end"),
        ({"starts_on": date(2030, 4, 16)}, "between the start and the end"),
        ({"payments": (Payment(number=1, payer=Party.CITY, payee=Party.CITY, amount=money(1),
                               due_on=START),)}, "from a party to itself"),
        ({"payments": (Payment(number=1, payer=Party.CITY, payee=Party.PROPOSERS, amount=money(0),
                               due_on=START),)}, "not above zero"),
        ({"payments": (PAID, Payment(number=2, payer=Party.CITY, payee=Party.PROPOSERS,
                                     amount=Money(1, Currency("USD")), due_on=START))}, "one currency"),
    ],
)  # fmt: skip
def test_terms_that_do_not_fit_make_no_pact(changes: Any, reason: str) -> None:
    with pytest.raises(PactInvalid, match=reason):
        pact_terms(**changes)
