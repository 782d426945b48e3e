"""A motion from its proposal to the notice of its vote."""

import json
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from foundation.identifiers import UUID
from governance import motion as machine
from governance.amendment import Amendment, AmendmentState
from governance.asked import (
    ALLOCATION,
    FOR_OR_AGAINST,
    AllocationAsked,
    Asked,
    OfferedText,
    TextAsked,
    TextsAsked,
    check_asked,
)
from governance.bylaws import Bylaws
from governance.errors import MotionNotFound, MotionTextInvalid, NotYoursToDo, QuestionUnfit
from governance.events import MotionStepped, MotionTextChanged
from governance.matter import MemberClass
from governance.member import EXCLUSION_WORDS, Exclusion, MemberId, standing_of
from governance.motion import Answer, FollowUp, Motion, MotionId
from governance.motion_text import check_text, rule_text
from governance.service.deciding import Readers, check_matter, check_rule
from governance.service.membership import bylaws_now, get_member
from governance.store import members as member_store
from governance.store import motions as store
from rulebook.rule import RuleKind, canonical
from rulebook.service import get_rule, in_force
from storage.refusals import constraint_of
from storage.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a member moves.

    Attributes
    ----------
    text
        Of a rule for or against its body as JSON, however laid out; elsewhere prose, with the reasons.
    rule_kind
        The kind of rule it writes if it passes.
    asks
        What those who vote are asked; of several texts of a rule each is a body as JSON.
    """

    title: str
    text: str
    matter: str
    rule_kind: RuleKind | None = None
    asks: Asked = FOR_OR_AGAINST


async def propose(
    work: UnitOfWork, proposal: Proposal, *, by: MemberId, readers: Readers
) -> Motion:
    """Move a motion.

    Raises
    ------
    NotYoursToDo
        If the mover is no member in good standing.
    MotionTextInvalid, MatterUnknown, MatterNotEnough, BodyInvalid
        If the text cannot be put to a vote, or not by that matter; and what `readers` refuse.
    QuestionUnfit
        If the matter asks otherwise, or the period whose surplus is to be divided is not closed.
    """
    bylaws = await bylaws_now(work)
    await check_standing(work, by, bylaws)
    matter = bylaws.get_matter(proposal.matter)
    check_asked(proposal.asks, method=matter.method, rule_kind=proposal.rule_kind)
    is_allocation = isinstance(proposal.asks, AllocationAsked)
    check_matter(bylaws, ALLOCATION if is_allocation else proposal.rule_kind, matter.code)
    is_text = isinstance(proposal.asks, TextAsked)
    kind = proposal.rule_kind if is_text else None
    text = await _checked_text(work, proposal.text, kind=kind, matter=matter.code, readers=readers)
    check_text(proposal.title, text, rule_kind=kind)
    asks = await _checked_asks(work, proposal, matter=matter.code, readers=readers)
    motion = Motion(
        motion_id=MotionId(work.new_id()),
        title=proposal.title.strip(),
        mover=by,
        matter=matter.code,
        rule_kind=proposal.rule_kind,
        texts=(text,),
        asks=asks,
        proposed_at=work.now,
    )
    try:
        await store.insert_motion(work, motion)
    except IntegrityError as error:
        if constraint_of(error) == "motion_period_id_fkey":
            raise QuestionUnfit("the books know no closed period of that name") from None
        raise
    announce_step(work, motion)
    needed = await _seconds_needed(work, bylaws)
    after = machine.seconded_if_enough(motion, needed=needed, bylaws=bylaws, at=work.now)
    return await stepped(work, motion, after)


async def second(work: UnitOfWork, motion_id: MotionId, *, by: MemberId) -> Motion:
    """Stand behind a motion; raises as `governance.motion.second`, and `NotYoursToDo`."""
    motion = await locked(work, motion_id)
    bylaws = await bylaws_now(work)
    await check_standing(work, by, bylaws)
    needed = await _seconds_needed(work, bylaws)
    after = machine.second(motion, by, needed=needed, bylaws=bylaws, at=work.now)
    await store.insert_second(work, after)
    return await stepped(work, motion, after)


async def amend(
    work: UnitOfWork, motion_id: MotionId, *, by: MemberId, text: str, readers: Readers
) -> Amendment:
    """Propose another text for a motion, of the version that stands; raises as `machine.amend`."""
    motion = await locked(work, motion_id)
    await check_standing(work, by, await bylaws_now(work))
    kind = None if motion.text_kind is None else RuleKind(motion.text_kind)
    amendment = Amendment(
        amendment_id=work.new_id(),
        by=by,
        text=await _checked_text(work, text, kind=kind, matter=motion.matter, readers=readers),
        amends_version=motion.version,
        proposed_at=work.now,
    )
    machine.amend(motion, amendment)
    await store.insert_amendment(work, motion_id, amendment)
    return amendment


async def accept_amendment(
    work: UnitOfWork, motion_id: MotionId, amendment_id: UUID, *, by: MemberId
) -> Motion:
    """The mover takes an amendment over; raises as `machine.accept_amendment`."""
    motion = await locked(work, motion_id)
    after = machine.accept_amendment(motion, amendment_id, by=by, at=work.now)
    return await amendment_settled(work, motion, after, amendment_id)


async def put_amendment_to_vote(
    work: UnitOfWork, motion_id: MotionId, amendment_id: UUID
) -> Motion:
    """Let members decide on an amendment; raises as `machine.put_amendment_to_vote`."""
    motion = await locked(work, motion_id)
    after = machine.put_amendment_to_vote(motion, amendment_id, at=work.now)
    return await amendment_settled(work, motion, after, amendment_id)


async def withdraw(work: UnitOfWork, motion_id: MotionId, *, by: MemberId) -> Motion:
    """The mover takes a motion back; raises as `machine.withdraw`."""
    motion = await locked(work, motion_id)
    return await stepped(work, motion, machine.withdraw(motion, by, at=work.now))


async def answer(work: UnitOfWork, motion_id: MotionId, *, text: str) -> Motion:
    """The board answers a motion; raises as `machine.answer`."""
    motion = await locked(work, motion_id)
    after = machine.answer(motion, Answer(text=text, at=work.now))
    await store.insert_answer(work, after)
    return after


async def follow_up(
    work: UnitOfWork, motion_id: MotionId, *, text: str, done_percent: int
) -> Motion:
    """Tell what became of a decision; raises as `machine.follow_up`."""
    motion = await locked(work, motion_id)
    said = FollowUp(text=text, done_percent=done_percent, at=work.now)
    after = machine.follow_up(motion, said)
    await store.insert_follow_up(work, after)
    return after


async def get_motion(work: UnitOfWork, motion_id: MotionId) -> Motion:
    """A motion as it stands.

    Raises
    ------
    MotionNotFound
        If there is none.
    """
    found = await store.find_motion(work, motion_id)
    if found is None:
        raise MotionNotFound(str(motion_id))
    return found


async def locked(work: UnitOfWork, motion_id: MotionId) -> Motion:
    """A motion that nobody else moves on until this unit of work ends; raises as `get_motion`."""
    await store.lock_motion(work, motion_id)
    return await get_motion(work, motion_id)


async def stepped(work: UnitOfWork, before: Motion, after: Motion) -> Motion:
    """Write and announce a step, if there was one."""
    if after.state is not before.state:
        await store.insert_step(work, after, before=before.state)
        announce_step(work, after)
    return after


def announce_step(work: UnitOfWork, motion: Motion) -> None:
    """Tell that a motion reached its state."""
    work.announce(
        MotionStepped(
            event_id=work.new_id(),
            occurred_at=work.now,
            motion_id=motion.motion_id,
            state=motion.state,
        )
    )


async def check_standing(work: UnitOfWork, member_id: MemberId, bylaws: Bylaws) -> None:
    """Whether a member may move, second and amend: who may vote on something may.

    Raises
    ------
    NotYoursToDo
        With the reason.
    """
    voting = tuple(
        one for one in MemberClass if one in bylaws.classes and bylaws.classes[one].has_vote
    )
    member = await get_member(work, member_id)
    standing = standing_of(member, bylaws, classes=voting, at=work.now)
    if isinstance(standing, Exclusion):
        raise NotYoursToDo(EXCLUSION_WORDS[standing])


async def _seconds_needed(work: UnitOfWork, bylaws: Bylaws) -> int:
    return bylaws.motions.seconds.of(await member_store.count_members(work))


async def _checked_asks(
    work: UnitOfWork, proposal: Proposal, *, matter: str, readers: Readers
) -> Asked:
    """What is asked as it is kept: each of several bodies is read by everybody who will act on it."""
    asked = proposal.asks
    if not isinstance(asked, TextsAsked) or proposal.rule_kind is None:
        return asked
    texts = []
    for one in asked.texts:
        laid_out = await _checked_text(
            work, one.text, kind=proposal.rule_kind, matter=matter, readers=readers
        )
        texts.append(
            OfferedText(title=one.title.strip(), text=canonical(json.loads(laid_out)).decode())
        )
    return TextsAsked(texts=tuple(texts))


async def _checked_text(
    work: UnitOfWork, text: str, *, kind: RuleKind | None, matter: str, readers: Readers
) -> str:
    """The text as it is kept; a rule's is read by everybody who will act on it."""
    if kind is None:
        return text
    try:
        body = json.loads(text)
        laid_out = rule_text(body)
        canonical(body)  # as it is kept: half a surrogate pair cannot be
    except (ValueError, RecursionError):
        raise MotionTextInvalid(f"is a {kind}, and is not JSON") from None
    bylaws_rule = await in_force(work, RuleKind.BYLAWS, work.now)
    check_rule(bylaws_rule, kind, body, matter=matter, readers=readers)
    return laid_out


async def amendment_settled(
    work: UnitOfWork, before: Motion, after: Motion, amendment_id: UUID
) -> Motion:
    """Write what became of an amendment, and the motion's text where that changes it."""
    [amendment] = [one for one in after.amendments if one.amendment_id == amendment_id]
    assert amendment.state is not AmendmentState.WAITING
    await store.insert_amendment_step(work, amendment)
    if after.version > before.version:
        if after.text_kind is not None:  # the bylaws may have changed since it was proposed
            judge = (
                await in_force(work, RuleKind.BYLAWS, work.now)
                if after.bylaws_rule_id is None
                else await get_rule(work, after.bylaws_rule_id)
            )
            kind, body = RuleKind(after.text_kind), json.loads(after.text)
            check_rule(judge, kind, body, matter=after.matter, readers={})
        await store.insert_text(work, after)
        work.announce(
            MotionTextChanged(
                event_id=work.new_id(),
                occurred_at=work.now,
                motion_id=after.motion_id,
                version=after.version,
            )
        )
    assert after.state is before.state, "an amendment moves no motion on"
    return after
