"""Votes without names beside choices: published at the opening, handed in, opened after the close."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from foundation.identifiers import UUID
from governance.ballots import bundle as bundles
from governance.ballots import trustees
from governance.ballots.ballot import read as read_ballot
from governance.ballots.box import Box, KeyStanding
from governance.ballots.bundle import Bundle
from governance.ballots.choice import Question, RuleName, fields_of
from governance.ballots.errors import SharesUnusable
from governance.ballots.manifest import Manifest, RelyingParty, RollTerms
from governance.ballots.merkle import Head
from governance.ballots.plain import Fields, pack, parse
from governance.ballots.roll import root_of_roll
from governance.ballots.tally import Issuance, Tally, certificate, lot_seed, tally
from governance.certificate import ClassVotes, PollSeal
from governance.electoral_roll import may_still_vote
from governance.errors import NotOnRoll, VoteNotOpen
from governance.member import MemberId
from governance.motion import Motion, MotionState
from governance.poll_question import content_bytes_of
from governance.polls import records
from governance.polls.errors import PollNotFound, PollNotPrepared, PollNotReady
from governance.polls.records import ClosedPoll
from governance.results import count_by_rule
from governance.service.conflicts import check_no_conflict
from governance.service.membership import get_member
from governance.service.motions import locked
from governance.service.poll_people import Keepers, Release, final_head, get_manifest, is_stated
from governance.service.trial import judged_by
from governance.store import polls as store
from governance.store import votes as vote_store
from governance.store.polls import Poll, PollCount
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
    sealed = poll.tier is Tier.SEALED
    roll = await store.draw_poll_roll(work, poll.poll_id, with_keys=sealed)
    manifest = Manifest(
        vote=str(poll.poll_id), tier=poll.tier, question=poll.question,
        opens_at_ms=_ms(timetable.opens_at), closes_at_ms=_ms(timetable.closes_at),
        grace_seconds=terms.grace_seconds,
        roll=RollTerms(
            date=timetable.notice_at.date().isoformat(), size=len(roll), root=root_of_roll(roll)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedPoll:
    """A poll that was opened and counted."""

    question: Question
    votes: ClassVotes
    seal: PollSeal
    lot_seed: bytes


async def count_poll(work: UnitOfWork, poll: Poll, *, keepers: Keepers) -> CountedPoll:
    """Open a closed poll, count it, write its certificate and its bundle.

    Raises
    ------
    PollNotReady
        Naming what is missing, of the logs or of the trustees.
    """
    manifest = await get_manifest(work, poll.poll_id)
    closed = await keepers.closed_poll(work, poll.poll_id)
    head = final_head(manifest, closed)
    releases = await store.list_releases(work, poll.poll_id)
    key, statements = _opened(manifest, head, releases)
    board = list(closed.board.lines)
    found = tally(manifest, board, key)
    seed = lot_seed(closed.lot_secret, head)
    said = certificate(
        manifest, found, head=head, issuance=_issuance(closed),
        result=count_by_rule(manifest.question, found.votes, lot_seed=seed),
    )  # fmt: skip
    opening = bundles.opening_document(
        election_key=key.private_bytes_raw(), lot=closed.lot_secret,
        releases=statements,
    )  # fmt: skip
    file = io.BytesIO()
    bundles.write(
        Bundle(
            manifest=manifest.document(), manifest_note=closed.manifest_note,
            roll=await store.get_poll_roll(work, poll.poll_id), desks=closed.desk_logs,
            board=replace(closed.board, lines=board), opening=opening, certificate=said,
        ),
        file,
    )  # fmt: skip
    digest = hashlib.sha256(said).hexdigest()
    choices = store.choices_text([(fields_of(one), count) for one, count in found.votes])
    count = PollCount(certificate=said, digest=digest, choices=choices, bundle=file.getvalue())
    await store.insert_count(work, poll.poll_id, count)
    return _counted(poll, manifest, found, digest=digest, seed=seed)


def _counted(
    poll: Poll, manifest: Manifest, found: Tally, *, digest: str, seed: bytes
) -> CountedPoll:
    return CountedPoll(
        question=manifest.question,
        votes=ClassVotes(
            member_class=poll.member_class, votes=found.votes, broken=len(found.broken)
        ),
        seal=PollSeal(poll_id=poll.poll_id, member_class=poll.member_class, digest=digest),
        lot_seed=seed,
    )


def _opened(
    manifest: Manifest, head: Head, releases: Sequence[Release]
) -> tuple[X25519PrivateKey, tuple[Fields, ...]]:
    """The key that enough shares give, and the statements that are signed over the closed board.

    Whoever gave up another share than was dealt to them stops nobody, if enough others did not.
    """
    terms = manifest.trustees
    assert terms is not None
    stated = [one for one in releases if is_stated(manifest, head, one[1])]
    for some in combinations(stated, terms.needed):
        try:
            key = trustees.combine([share for share, _ in some], terms)
        except SharesUnusable:
            continue
        return key, tuple(statement for _, statement in stated)
    lacking = terms.needed - len(stated)
    raise PollNotReady(
        [
            f"the shares of {lacking} more trustees"
            if lacking > 0
            else "a true share for a false one"
        ]
    )


def _issuance(closed: ClosedPoll) -> Issuance:
    """How many ballots each desk issued, by its log."""
    return Issuance(
        issued=tuple(
            sum(parse(line).get("kind") == "issued" for line in log.lines)
            for log in closed.desk_logs
        )
    )
