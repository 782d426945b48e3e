"""Votes without names beside choices: published at the opening, and ballots that are handed in."""

from dataclasses import dataclass, replace
from datetime import datetime

from foundation.identifiers import UUID
from governance.ballots.ballot import read as read_ballot
from governance.ballots.box import Box, KeyStanding
from governance.ballots.choice import RuleName
from governance.ballots.manifest import Manifest, RelyingParty, RollTerms
from governance.ballots.plain import Fields, pack
from governance.ballots.roll import root_of_roll
from governance.electoral_roll import may_still_vote
from governance.errors import NotOnRoll, VoteNotOpen
from governance.member import MemberId
from governance.motion import Motion, MotionState
from governance.poll_question import content_bytes_of
from governance.polls import records
from governance.polls.errors import PollNotFound, PollNotPrepared
from governance.service.conflicts import check_no_conflict
from governance.service.membership import get_member
from governance.service.motions import locked
from governance.service.published_polls import Keepers, get_manifest
from governance.service.trial import judged_by
from governance.store import polls as store
from governance.store import votes as vote_store
from governance.store.polls import Poll
from governance.tier import Tier
from storage.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotTerms:
    """What the city settles for all its votes without names.

    Attributes
    ----------
    relying_party
        Where members sign with their passkeys.
    grace_seconds
        How long after the close witnesses may take to sign the closed board.
    """

    relying_party: RelyingParty
    grace_seconds: int = 3600


async def publish_polls(
    work: UnitOfWork, motion: Motion, *, quorum: int, terms: BallotTerms | None, keepers: Keepers
) -> None:
    """Publish roll and manifest of every poll of a vote that opens.

    Raises
    ------
    PollNotPrepared
        Naming what is missing: keys, trustees, witnesses, where passkeys sign.
    """
    called = await store.list_polls(work, motion.motion_id)
    for poll in called:
        if poll.tier is Tier.OPEN:
            continue
        asked = poll.question
        if asked.rule is RuleName.FOR_AGAINST and len(called) == 1:
            asked = replace(asked, parameters={**asked.parameters, "quorum": quorum})
        await _publish(work, motion, replace(poll, question=asked), terms=terms, keepers=keepers)


async def _publish(
    work: UnitOfWork, motion: Motion, poll: Poll, *, terms: BallotTerms | None, keepers: Keepers
) -> None:
    parts = await keepers.parts_of(work, poll.poll_id, tier=poll.tier)
    people = await store.find_trustees(work, poll.poll_id)
    witnesses = await store.list_witnesses(work)
    missing = [
        name
        for name, is_there in (
            ("the trustees", people is not None),
            ("a witness", bool(witnesses)),
            ("the address where passkeys sign", terms is not None),
        )
        if not is_there
    ]
    if missing or people is None or terms is None:
        raise PollNotPrepared(missing)
    timetable = motion.timetable
    assert timetable is not None
    bylaws, _ = await judged_by(work, motion)
    noticed_on = bylaws.calendar.day_of(
        timetable.notice_at
    )  # by the city's clock, as people read it
    sealed = poll.tier is Tier.SEALED
    roll = await store.draw_poll_roll(work, poll.poll_id, with_keys=sealed)
    manifest = Manifest(
        vote=str(poll.poll_id), tier=poll.tier, question=poll.question,
        opens_at_ms=_ms(timetable.opens_at), closes_at_ms=_ms(timetable.closes_at),
        grace_seconds=terms.grace_seconds,
        roll=RollTerms(
            date=noticed_on.isoformat(), size=len(roll), root=root_of_roll(roll)
        ),
        desks=parts.desks, board=parts.board, witnesses=witnesses,
        witnesses_needed=len(witnesses) // 2 + 1, trustees=people,
        lot_commitment=parts.lot_commitment, relying_party=terms.relying_party,
        content_bytes=content_bytes_of(poll.question),
    )  # fmt: skip
    await store.insert_poll_roll(work, poll.poll_id, roll)
    await store.insert_manifest(work, poll.poll_id, manifest)


def _ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


async def cast_detached(work: UnitOfWork, poll_id: UUID, *, by: MemberId, ballot: Fields) -> None:
    """Take a ballot that a member hands in; afterwards no row ties it to them.

    The first ballot marks them; from then on only a ballot of a key is taken that stands on the board
    or waits for it, so that nobody votes with two keys.

    Raises
    ------
    PollNotFound, VoteNotOpen, NotOnRoll
        As they say.
    BallotRefused, BallotSuperseded, BallotCancelled, DocumentMalformed
        If the ballot cannot stand on the board.
    """
    [poll] = await store.list_polls(work, poll_id=poll_id) or [None]
    if poll is None or poll.tier is not Tier.DETACHED:
        raise PollNotFound(poll_id)
    motion = await locked(work, poll.motion_id)
    if motion.state is not MotionState.OPEN:
        raise VoteNotOpen(f"This vote is not open: the motion is {motion.state}.")
    bylaws, _ = await judged_by(work, motion)
    await check_no_conflict(work, motion, bylaws, by=by)
    roll = await vote_store.get_roll(work, motion.motion_id, only=by)
    may_still_vote(roll, await get_member(work, by), bylaws=bylaws, at=work.now)
    commitment = await store.find_commitment(work, poll_id, by)
    if commitment is None:
        raise NotOnRoll("this poll is for other classes; yours has one of its own")
    manifest, said = await get_manifest(work, poll_id), read_ballot(ballot)
    sequence, is_cancelled = await store.find_standing(work, poll_id, pack(said.key))
    entry = Box(manifest=manifest).receive(
        said,
        standing=KeyStanding(latest_sequence=sequence, is_cancelled=is_cancelled),
        hours=await records.hours_of(work, poll_id),  # with the time given back after an outage
        at_ms=_ms(work.now),
    )
    assert entry["kind"] == "ballot"
    if not await store.mark(work, poll_id, commitment) and not sequence:
        raise NotOnRoll("you took part already, with another ballot key; change that ballot")
    await store.insert_waiting(work, poll_id, said.document())
