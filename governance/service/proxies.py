"""Proxies and conflicts of interest: who votes for whom, and who stands aside."""

from foundation.identifiers import UUID
from governance.electoral_roll import Correction, may_still_vote
from governance.errors import MotionElsewhere, NotOnRoll, NotYoursToDo, ProxyRefused
from governance.member import MemberId
from governance.motion import Motion, MotionId, MotionState
from governance.office_errors import ConflictClash
from governance.proxy import Proxy, check_new_proxy, check_revocation
from governance.service import votes
from governance.service.conflicts import check_no_conflict, standing_aside
from governance.service.membership import get_member
from governance.service.motions import locked
from governance.service.trial import judged_by
from governance.store import appeals as appeal_store
from governance.store import proxies as store
from governance.store.votes import get_roll
from governance.tier import Tier
from storage.work import UnitOfWork

DECIDED = (
    MotionState.CLOSED, MotionState.CERTIFIED, MotionState.LOST, MotionState.WITHDRAWN,
)  # fmt: skip
INTEREST_LENGTH_MAX = 2_000


async def give_proxy(
    work: UnitOfWork,
    motion_id: MotionId,
    *,
    giver: MemberId,
    holder: MemberId,
    instructed: votes.Said | None = None,
) -> UUID:
    """Let another member of the roll vote, bound to a choice or free; the proxy's identifier.

    Raises
    ------
    ProxyRefused
        If the bylaws allow no such proxy, or the vote is secret: there nobody can vote for another.
    ChoiceInvalid
        If it is bound to what the vote does not ask.
    NotOnRoll
        If either may not vote on this motion.
    MotionElsewhere
        If the vote is not called, or over.
    """
    motion = await locked(work, motion_id)
    if motion.timetable is None or motion.state in DECIDED:
        raise MotionElsewhere(motion.state, "give a proxy for")
    bylaws, matter = await judged_by(work, motion)
    if await appeal_store.tier_of(work, motion_id) != Tier.OPEN:
        raise ProxyRefused("a secret ballot is cast by the member alone, or on paper")
    bound = None if instructed is None else await votes.mark_of(work, motion_id, instructed)
    proxy = Proxy(giver=giver, holder=holder, given_at=work.now, instructed=bound)
    standing = await store.list_proxies(work, motion_id)
    check_new_proxy(proxy, standing.values(), matter=matter.code, bylaws=bylaws)
    if await store.has_voted(work, motion_id, giver):
        raise ProxyRefused("they have voted already")
    for member_id in (giver, holder):
        (await get_roll(work, motion_id, only=member_id)).get(member_id)
    proxy_id = work.new_id()
    await store.insert_proxy(work, proxy_id, motion_id, proxy)
    return proxy_id


async def revoke_proxy(work: UnitOfWork, proxy_id: UUID, *, by: MemberId) -> None:
    """Take a proxy back, which one may until it has voted.

    Raises
    ------
    ProxyRefused
        If it voted, or was taken back, or there is none.
    NotYoursToDo
        If somebody else gave it.
    """
    _, proxy = await _locked(work, proxy_id)
    if proxy.giver != by:
        raise NotYoursToDo("only who gave a proxy takes it back")
    check_revocation(proxy)
    await store.end_proxy(work, proxy_id, how="revoked")


async def cast_by_proxy(
    work: UnitOfWork, proxy_id: UUID, *, by: MemberId, choice: votes.Said
) -> str:
    """Vote for who gave the proxy; their own ballot, cast later, replaces it. What then stands on
    the board is told as `votes.cast` tells it.

    Raises
    ------
    ProxyRefused
        If it does not stand any more, is bound to another choice, its giver has voted, or its holder
        may not vote any more.
    NotYoursToDo
        If it was given to somebody else.
    VoteNotOpen, NotOnRoll, ChoiceInvalid
        As `votes.cast`.
    """
    motion, proxy = await _locked(work, proxy_id)
    if proxy.holder != by:
        raise NotYoursToDo("this proxy was given to somebody else")
    if not proxy.stands:
        raise ProxyRefused("it was used or taken back")
    mark = await votes.mark_of(work, motion.motion_id, choice)
    if proxy.instructed is not None and mark != proxy.instructed:
        raise ProxyRefused(f"it was given to vote {proxy.instructed}")
    if await store.has_voted(work, motion.motion_id, proxy.giver):
        raise ProxyRefused("who gave it has voted in person")
    await _check_holder(work, motion, by)
    await store.end_proxy(work, proxy_id, how="used")
    return await votes.cast(work, motion.motion_id, by=proxy.giver, choice=choice)


async def proxies_of(work: UnitOfWork, motion_id: MotionId) -> dict[UUID, Proxy]:
    """Every proxy given in a vote, with what became of it."""
    return await store.list_proxies(work, motion_id)


async def declare_conflict(
    work: UnitOfWork, motion_id: MotionId, *, by: MemberId, interest: str
) -> None:
    """Declare an interest in a motion: from then on one stands aside, unless bylaws exempt it.

    Before the roll is final it is corrected; a ballot of an open vote that was cast before stays.

    Raises
    ------
    ConflictClash
        If nothing is said, or it was declared already.
    """
    motion = await locked(work, motion_id)
    await get_member(work, by)
    said = interest.strip()
    if not 1 <= len(said) <= INTEREST_LENGTH_MAX:
        raise ConflictClash(f"an interest is told in 1 to {INTEREST_LENGTH_MAX} characters")
    if by in await store.list_conflicts(work, motion_id):
        raise ConflictClash("it is on record already")
    await store.insert_conflict(work, motion_id, by, said)
    if motion.timetable is None or motion.state not in (MotionState.AMENDING, MotionState.FROZEN):
        return
    bylaws, _ = await judged_by(work, motion)
    roll = await get_roll(work, motion_id, only=by)
    aside = by in await standing_aside(work, motion, bylaws)
    if aside and roll.find(by) and work.now < roll.corrected_until:
        struck = Correction(
            member_id=by, member_class=None, reason="Declared a conflict of interest.", at=work.now
        )
        await votes.correct_roll(work, motion_id, struck)


async def _check_holder(work: UnitOfWork, motion: Motion, holder: MemberId) -> None:
    """Who left, was suspended or stands aside since votes for nobody else either."""
    bylaws, _ = await judged_by(work, motion)
    roll = await get_roll(work, motion.motion_id, only=holder)
    try:
        await check_no_conflict(work, motion, bylaws, by=holder)
        may_still_vote(roll, await get_member(work, holder), bylaws=bylaws, at=work.now)
    except NotOnRoll as refusal:
        raise ProxyRefused(f"you may not vote yourself: {refusal.facts['reason']}") from None


async def _locked(work: UnitOfWork, proxy_id: UUID) -> tuple[Motion, Proxy]:
    motion_id = await store.find_motion_of(work, proxy_id)
    if motion_id is None:
        raise ProxyRefused("there is no such proxy")
    motion = await locked(work, motion_id)
    return motion, (await store.list_proxies(work, motion_id))[proxy_id]
