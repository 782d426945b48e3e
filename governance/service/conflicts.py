"""Who stands aside from a vote: asked by the votes themselves, so it knows nothing of them."""

from governance.bylaws import Bylaws
from governance.errors import NotOnRoll
from governance.member import EXCLUSION_WORDS, Exclusion, MemberId
from governance.motion import Motion
from governance.store import proxies as store
from storage.work import Reading


async def standing_aside(work: Reading, motion: Motion, bylaws: Bylaws) -> frozenset[MemberId]:
    """Those who declared an interest in a motion and may not vote on it; nobody where exempt."""
    if bylaws.conflict.votes or {motion.matter, motion.rule_kind} & set(bylaws.conflict.exempt):
        return frozenset()
    return await store.list_conflicts(work, motion.motion_id)


async def check_no_conflict(work: Reading, motion: Motion, bylaws: Bylaws, *, by: MemberId) -> None:
    """Whether a member may vote on a motion as far as interests go.

    Raises
    ------
    NotOnRoll
        If they declared one.
    """
    if by in await standing_aside(work, motion, bylaws):
        raise NotOnRoll(EXCLUSION_WORDS[Exclusion.IN_CONFLICT])
