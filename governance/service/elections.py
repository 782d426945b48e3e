"""Standing in an election or not after all, and the board's bounds of a number: what is settled before the notice."""

from sqlalchemy.exc import IntegrityError

from governance.asked import ElectionAsked, NumberAsked
from governance.candidate import Candidate, ballot_names
from governance.errors import CandidacyRefused, MotionElsewhere, QuestionUnfit
from governance.member import MemberId
from governance.motion import Motion, MotionId, MotionState
from governance.number_terms import Bounds
from governance.office_events import CandidateWithdrew
from governance.service.membership import bylaws_now, get_member
from governance.service.motions import check_standing, get_motion, locked
from governance.store import motions as store
from governance.store import votes as vote_store
from storage.refusals import constraint_of
from storage.work import UnitOfWork

_REFUSALS = {
    "nominated_once": "they are nominated already",
    "withdrawn": "they have withdrawn from this election",
    "accepted_once": "you have accepted already",
    "one_name_a_candidate": "another candidate has this name; add what tells you apart",
}


async def nominate(
    work: UnitOfWork, motion_id: MotionId, candidate: MemberId, *, by: MemberId
) -> Motion:
    """Propose somebody, or oneself, for an election; open from the seconds to the notice.

    Raises
    ------
    NotYoursToDo
        If who nominates, or is nominated, is no member in good standing.
    CandidacyRefused
        If it is no election, or they are nominated already, or are not of the class that stands.
    MotionElsewhere
        If nominations are not open.
    """
    motion = await _election(work, motion_id)
    bylaws = await bylaws_now(work)
    await check_standing(work, by, bylaws)
    await check_standing(work, candidate, bylaws)
    assert isinstance(motion.asks, ElectionAsked)
    stands = motion.asks.stands
    if stands is not None and stands not in (await get_member(work, candidate)).classes:
        raise CandidacyRefused(f"only a member as {stands} stands in it")
    before = _candidate(motion, candidate)
    if before is not None:
        raise CandidacyRefused(_REFUSALS["withdrawn" if before.withdrew_at else "nominated_once"])
    await store.insert_candidate(work, motion_id, candidate, by=by)
    return await get_motion(work, motion_id)


async def accept_nomination(
    work: UnitOfWork, motion_id: MotionId, *, by: MemberId, name: str
) -> Motion:
    """Stand, by the name that will be on the ballot.

    Raises
    ------
    CandidacyRefused
        If they are not nominated, or accepted or withdrew already, or another candidate has or
        had the name.
    MotionElsewhere
        If nominations are not open.
    """
    motion = await _election(work, motion_id)
    await check_standing(work, by, await bylaws_now(work))
    _check_nominated(motion, by)
    shown = " ".join(name.split())
    if not 1 <= len(shown) <= 100 or not shown.isprintable():
        raise CandidacyRefused("a name has 1 to 100 characters")
    try:
        await store.insert_accepted(work, motion_id, by, name=shown)
    except IntegrityError as error:
        reason = _REFUSALS.get(constraint_of(error) or "")
        if reason is None:
            raise
        raise CandidacyRefused(reason) from None
    return await get_motion(work, motion_id)


async def withdraw_candidacy(work: UnitOfWork, motion_id: MotionId, *, by: MemberId) -> Motion:
    """Do not stand after all, having accepted or not; until the notice, which fixes the question.

    As in Scottish council elections, where candidates withdraw while nominations are delivered
    (SSI 2011/399, schedule 1, rules 1 and 8). Any member may, in good standing or not.

    Raises
    ------
    CandidacyRefused
        If it is no election, or nobody nominated them, or they have withdrawn already.
    MotionElsewhere
        If nominations are not open.
    """
    motion = await _election(work, motion_id)
    _check_nominated(motion, by)
    await store.insert_withdrawn(work, motion_id, by)
    after = await get_motion(work, motion_id)
    assert isinstance(after.asks, ElectionAsked)
    work.announce(
        CandidateWithdrew(
            event_id=work.new_id(),
            occurred_at=work.now,
            motion_id=motion_id,
            number=sum(1 for one in after.candidates if one.withdrew_at),
            left=len(ballot_names(after.candidates)),
            seats=after.asks.seats,
        )
    )
    return after


async def publish_bounds(work: UnitOfWork, motion_id: MotionId, bounds: Bounds) -> None:
    """The board publishes, once and before the notice, between which numbers members may choose.

    Raises
    ------
    QuestionUnfit
        If the motion asks for no number, or the bounds are published, or upside down.
    MotionElsewhere
        If the vote is called already.
    """
    motion = await locked(work, motion_id)
    if not isinstance(motion.asks, NumberAsked):
        raise QuestionUnfit("the motion asks for no number")
    if motion.state not in (MotionState.PROPOSED, MotionState.SECONDED):
        raise MotionElsewhere(motion.state, "publish bounds for")
    if bounds.lowest > bounds.highest:
        raise QuestionUnfit("the lowest number is above the highest")
    if await vote_store.find_bounds(work, motion_id) is not None:
        raise QuestionUnfit("its bounds are published")
    await vote_store.insert_bounds(work, motion_id, bounds)


def _candidate(motion: Motion, member_id: MemberId) -> Candidate | None:
    return next((one for one in motion.candidates if one.member_id == member_id), None)


def _check_nominated(motion: Motion, by: MemberId) -> None:
    found = _candidate(motion, by)
    if found is None:
        raise CandidacyRefused("nobody has nominated you")
    if found.withdrew_at is not None:
        raise CandidacyRefused("you have withdrawn from this election")


async def _election(work: UnitOfWork, motion_id: MotionId) -> Motion:
    motion = await locked(work, motion_id)
    if not isinstance(motion.asks, ElectionAsked):
        raise CandidacyRefused("the motion is no election")
    if motion.state is not MotionState.SECONDED:
        raise MotionElsewhere(motion.state, "stand in")
    return motion
