"""Amendments put to the vote: hands raised at a meeting, by name, and what they come to."""

from foundation.identifiers import UUID
from governance import motion as machine
from governance.amendment import AmendmentState
from governance.bylaws import Bylaws
from governance.counting.marks import ABSTAIN
from governance.counting.share import AGAINST, FOR
from governance.errors import AmendmentUnknown, ChoiceInvalid, MeetingClash, NotYoursToDo
from governance.meeting import Meeting
from governance.member import MemberId
from governance.motion import Motion, MotionId
from governance.service.meetings import bylaws_of, stored_meeting
from governance.service.motions import amendment_settled, get_motion, locked
from governance.store import meetings as store
from storage.work import UnitOfWork


async def raise_hand(
    work: UnitOfWork, meeting_id: UUID, amendment_id: UUID, *, by: MemberId, choice: str
) -> None:
    """Vote on an amendment at a meeting, by name and once.

    Raises
    ------
    ChoiceInvalid
        If it says neither for nor against nor that it abstains.
    MeetingClash
        If the meeting does not speak of that motion now.
    NotYoursToDo
        If they are not there, stand aside, or voted already.
    AmendmentUnknown
        If it is not put to a vote.
    """
    if choice not in (FOR, AGAINST, ABSTAIN):
        raise ChoiceInvalid(f"it must say one of {FOR}, {AGAINST}, {ABSTAIN}")
    await store.lock_meeting(work, meeting_id)
    meeting, bylaws = await _at_hand(work, meeting_id, amendment_id)
    if not meeting.may_decide(by, bylaws):
        raise NotYoursToDo("only members who are there, and stand not aside, raise their hands")
    if by in dict(await store.list_hands(work, amendment_id)):
        raise NotYoursToDo("you have voted on it already")
    await store.insert_hand(work, amendment_id, by, meeting_id=meeting_id, mark=choice)


async def decide_amendment(
    work: UnitOfWork, motion_id: MotionId, amendment_id: UUID, *, meeting_id: UUID
) -> Motion:
    """Write what the hands on an amendment came to; more for than against carries it.

    Raises
    ------
    MeetingClash
        If there is no quorum any more, or another motion is spoken of.
    AmendmentUnknown, TextFrozen, MotionElsewhere
        As `machine.decide_amendment`.
    """
    motion = await locked(work, motion_id)
    await store.lock_meeting(work, meeting_id)
    meeting, bylaws = await _at_hand(work, meeting_id, amendment_id, motion=motion)
    if not meeting.has_quorum(bylaws):
        raise MeetingClash("there is no quorum any more")
    marks = [mark for _, mark in await store.list_hands(work, amendment_id)]
    if not marks:
        raise MeetingClash("nobody has voted on it")
    after = machine.decide_amendment(
        motion,
        amendment_id,
        votes_for=marks.count(FOR),
        votes_against=marks.count(AGAINST),
        at=work.now,
    )
    return await amendment_settled(work, motion, after, amendment_id)


async def _at_hand(
    work: UnitOfWork, meeting_id: UUID, amendment_id: UUID, *, motion: Motion | None = None
) -> tuple[Meeting, Bylaws]:
    """A meeting that speaks of the motion of an amendment that is put to the vote."""
    stored = await stored_meeting(work, meeting_id)
    bylaws = await bylaws_of(work, stored)
    meeting = stored.judged_by(bylaws)
    item = meeting.item_at_hand
    spoken_of = None if item is None else stored.items[item - 1].motion_id
    if not meeting.is_open or spoken_of is None or (motion and motion.motion_id != spoken_of):
        raise MeetingClash("the meeting does not speak of that motion now")
    motion = motion or await get_motion(work, spoken_of)
    states = {one.amendment_id: one.state for one in motion.amendments}
    if states.get(amendment_id) is not AmendmentState.PUT_TO_VOTE:
        raise AmendmentUnknown
    return meeting, bylaws
