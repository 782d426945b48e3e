"""Proposals, answers, pacts, duties and reviews."""

from datetime import date

from foundation.identifiers import UUID, PersonId
from governance.commons import store
from governance.commons.documents import plain
from governance.commons.errors import CommonsRefused
from governance.commons.events import (
    DutyReported,
    PactAgreed,
    PactReviewed,
    ProposalAnswered,
    ProposalLodged,
)
from governance.commons.pact import (
    Answer,
    DutyDone,
    Pact,
    PactTerms,
    Review,
    answer_by,
    report_done,
    review,
)
from rulebook.rule import canonical, digest_of
from storage.work import UnitOfWork


async def lodge_proposal(
    work: UnitOfWork,
    *,
    proposal_id: UUID,
    proposer_id: PersonId,
    title: str,
    body: str,
    today: date,
    answer_days: int,
) -> date:
    """Put a proposal before the board; the last day for its answer.

    Parameters
    ----------
    today
        The city's calendar day.
    answer_days
        Whole days that the board has, by the bylaws.
    """
    due_on = answer_by(today, answer_days)
    await store.put(
        work, "proposal", proposal_id=proposal_id, title=title, body=body,
        proposer_id=proposer_id, lodged_on=today, answer_by=due_on,
    )  # fmt: skip
    work.announce(
        ProposalLodged(
            event_id=work.new_id(), occurred_at=work.now,
            proposal_id=proposal_id, answer_by=due_on.isoformat(),
        )
    )  # fmt: skip
    return due_on


async def answer_proposal(
    work: UnitOfWork, *, proposal_id: UUID, by: PersonId, answer: Answer
) -> None:
    """Give the board's answer, once, with its reasons.

    Raises
    ------
    CommonsNotFound
        If there is no such proposal.
    CommonsRefused
        If it is answered already.
    """
    proposal = await store.get_proposal(work, proposal_id)
    await store.put(
        work, "answer", proposal_id=proposal_id, lodged_on=proposal.lodged_on,
        accepted=answer.accepted, reasons=answer.reasons, answered_on=answer.answered_on,
        answered_by=by,
    )  # fmt: skip
    work.announce(
        ProposalAnswered(
            event_id=work.new_id(), occurred_at=work.now,
            proposal_id=proposal_id, accepted=answer.accepted,
        )
    )  # fmt: skip


async def agree_pact(
    work: UnitOfWork, *, pact_id: UUID, proposal_id: UUID, terms: PactTerms
) -> None:
    """Make an accepted proposal a pact.

    Raises
    ------
    CommonsNotFound
        If there is no such proposal.
    CommonsRefused
        If it is not accepted, or is a pact already.
    """
    if not (await store.get_proposal(work, proposal_id)).accepted:
        raise CommonsRefused("only_what_was_accepted_becomes_a_pact")
    await put_pact(work, pact_id, terms, proposal_id=proposal_id)


async def put_pact(work: UnitOfWork, pact_id: UUID, terms: PactTerms, **origin: object) -> None:
    """Write a pact and announce it; `origin` is a proposal, or a budget and its project."""
    body = plain(terms)
    await store.put(
        work, "pact", pact_id=pact_id, terms=canonical(body).decode(), digest=digest_of(body),
        starts_on=terms.starts_on, review_on=terms.review_on, ends_on=terms.ends_on, **origin,
    )  # fmt: skip
    work.announce(PactAgreed(event_id=work.new_id(), occurred_at=work.now, pact_id=pact_id))


async def report_duty(work: UnitOfWork, *, pact_id: UUID, by: PersonId, done: DutyDone) -> Pact:
    """Report a duty as done; the pact with it.

    Raises
    ------
    CommonsNotFound
        If there is no such pact.
    PactOver, DutyNotOpen
        If nothing can be done under it, or not this.
    """
    await store.lock(work, pact_id)
    pact = report_done(await store.get_pact(work, pact_id), done)
    await store.put(
        work, "duty_done", pact_id=pact_id, duties=len(pact.terms.duties), number=done.number,
        done_on=done.done_on, reported_by=by,
    )  # fmt: skip
    work.announce(
        DutyReported(
            event_id=work.new_id(), occurred_at=work.now, pact_id=pact_id, number=done.number
        )
    )
    return pact


async def review_pact(work: UnitOfWork, *, pact_id: UUID, by: PersonId, found: Review) -> Pact:
    """Look back on a pact; the pact after it.

    Raises
    ------
    CommonsNotFound
        If there is no such pact.
    PactOver, ReviewTooEarly, DutiesOpen
        If it is over, its day has not come, or it is called kept while duties are open.
    """
    await store.lock(work, pact_id)
    pact = review(await store.get_pact(work, pact_id), found)
    ordinal = len(pact.reviews)
    await store.put(
        work, "pact_review", pact_id=pact_id, ordinal=ordinal, outcome=found.outcome.value,
        findings=found.findings, reviewed_on=found.reviewed_on,
        next_review_on=found.next_review_on, ends_on=found.ends_on, reviewed_by=by,
    )  # fmt: skip
    work.announce(
        PactReviewed(
            event_id=work.new_id(), occurred_at=work.now,
            pact_id=pact_id, ordinal=ordinal, outcome=found.outcome.value,
        )
    )  # fmt: skip
    return pact
