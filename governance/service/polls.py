"""Ballots that a member hands in, in votes whose names the office keeps apart from choices."""

from foundation.identifiers import UUID
from governance.ballots import manifest as manifests
from governance.ballots.ballot import read as read_ballot
from governance.ballots.box import Box, KeyStanding
from governance.ballots.hours import Hours
from governance.ballots.plain import Fields, pack
from governance.electoral_roll import may_still_vote
from governance.errors import NotOnRoll, VoteNotOpen
from governance.member import MemberId
from governance.motion import MotionState
from governance.poll_views import find_entry, get_poll
from governance.polls.errors import PollNotFound
from governance.service.membership import get_member
from governance.service.motions import locked
from governance.service.votes import judged_by
from governance.store import detached as store
from governance.store.votes import get_roll
from governance.tier import Tier
from storage.work import UnitOfWork


async def cast_detached(work: UnitOfWork, poll_id: UUID, *, by: MemberId, ballot: Fields) -> None:
    """Take a ballot that a member hands in; afterwards no row ties it to them.

    The first ballot marks them; from then on only a ballot of a key is taken that stands on the
    board or waits for it, so that nobody votes with two keys.

    Raises
    ------
    PollNotFound, VoteNotOpen, NotOnRoll
        As they say.
    BallotRefused, BallotSuperseded, BallotCancelled, DocumentMalformed
        If the ballot cannot stand on the board.
    """
    poll = await get_poll(work, poll_id)
    if poll.tier is not Tier.DETACHED:
        raise PollNotFound(poll_id)
    motion = await locked(work, poll.motion_id)
    if motion.state is not MotionState.OPEN or poll.manifest is None:
        raise VoteNotOpen(f"This vote is not open: the motion is {motion.state}.")
    bylaws, _ = await judged_by(work, motion)
    roll = await get_roll(work, motion.motion_id, only=by)
    may_still_vote(roll, await get_member(work, by), bylaws=bylaws, at=work.now)
    entry = await find_entry(work, poll_id, by)
    if entry is None:
        raise NotOnRoll("this poll is for other classes; yours has one of its own")
    manifest, said = manifests.read(poll.manifest.encode()), read_ballot(ballot)
    sequence, is_cancelled = await store.find_standing(work, poll_id, pack(said.key))
    Box(manifest=manifest).receive(
        said,
        standing=KeyStanding(latest_sequence=sequence, is_cancelled=is_cancelled),
        hours=Hours.of(manifest),
        at_ms=int(work.now.timestamp() * 1000),
    )
    is_first = await store.mark(work, poll_id, entry.commitment.hex())
    if not is_first and not sequence:
        raise NotOnRoll("you took part already, with another ballot key; change that ballot")
    await store.insert_waiting(work, poll_id, said.document())
