"""Votes without names beside choices: published at the opening, handed in, opened after the close."""

import contextlib
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations, islice
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from foundation.identifiers import UUID
from governance.ballots import bundle as bundles
from governance.ballots import checkpoint, trustees
from governance.ballots import manifest as manifests
from governance.ballots.ballot import read as read_ballot
from governance.ballots.box import Box, KeyStanding
from governance.ballots.bundle import Bundle
from governance.ballots.choice import Question, RuleName, fields_of
from governance.ballots.errors import SharesUnusable
from governance.ballots.hours import Hours
from governance.ballots.manifest import Manifest, RelyingParty, RollTerms, TrusteeTerms
from governance.ballots.merkle import Head
from governance.ballots.plain import Fields, number_of, pack, parse, text_of, unpack
from governance.ballots.roll import root_of_roll
from governance.ballots.tally import Issuance, Tally, certificate, lot_seed, tally
from governance.ballots.trustees import Share, release_message
from governance.certificate import ClassVotes, PollSeal
from governance.electoral_roll import may_still_vote
from governance.errors import NotOnRoll, VoteNotOpen
from governance.member import MemberId
from governance.motion import Motion, MotionState
from governance.poll_question import content_bytes_of
from governance.polls.errors import PollNotFound, PollNotPrepared, PollNotReady
from governance.polls.records import ClosedPoll, Parts
from governance.results import count_by_rule
from governance.service.membership import get_member
from governance.service.motions import locked
from governance.service.trial import judged_by
from governance.store import polls as store
from governance.store import votes as vote_store
from governance.store.polls import Poll, PollCount
from governance.tier import Tier
from storage.work import Reading, UnitOfWork

SUBSETS_MAX = 20_000
"""So many sets of shares are tried: every one, of up to sixteen trustees."""


class Keepers(Protocol):
    """What desks and board have written; `governance.polls.records` is one."""

    async def parts_of(self, work: Reading, poll_id: UUID, *, tier: Tier) -> Parts:
        """The keys that the poll's desks and board have published."""
        ...

    async def closed_poll(self, work: Reading, poll_id: UUID) -> ClosedPoll:
        """A closed poll, for the count and the bundle."""
        ...


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


async def get_manifest(work: Reading, poll_id: UUID) -> Manifest:
    """The manifest of a poll.

    Raises
    ------
    PollNotFound
        If there is no such poll, or it has not opened.
    """
    document = await store.find_manifest(work, poll_id)
    if document is None:
        raise PollNotFound(poll_id)
    return manifests.read(document)


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
        hours=Hours.of(manifest),
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
    head = _final_head(manifest, closed)
    releases = await store.list_releases(work, poll.poll_id)
    key = _combined(manifest, head, releases)
    board = list(closed.board.lines)
    found = tally(manifest, board, key)
    seed = lot_seed(closed.lot_secret, head)
    said = certificate(
        manifest, found, head=head, issuance=_issuance(closed),
        result=count_by_rule(manifest.question, found.votes, lot_seed=seed),
    )  # fmt: skip
    opening = bundles.opening_document(
        election_key=key.private_bytes_raw(), lot=closed.lot_secret,
        releases=[statement for _, statement in releases],
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


def _final_head(manifest: Manifest, closed: ClosedPoll) -> Head:
    if not closed.board.notes:
        raise PollNotReady(["the board's signed head"])
    opened = checkpoint.open_note(closed.board.notes[-1], [manifest.board])
    opened.require(manifest.board.name)
    return checkpoint.read_checkpoint(opened.text).head


def _combined(
    manifest: Manifest, head: Head, releases: Sequence[tuple[Share, Fields]]
) -> X25519PrivateKey:
    """The key of the shares whose statements are signed over the closed board."""
    assert manifest.trustees is not None
    keys = {one.name: one.public for one in manifest.trustees.people}
    for _, statement in releases:
        message = release_message(manifest.digest(), head, number_of(statement, "at_ms"))
        name = text_of(statement, "trustee")
        try:
            public = Ed25519PublicKey.from_public_bytes(keys[name])
            public.verify(unpack(statement["signature"], 64), message)
        except (InvalidSignature, KeyError):
            raise PollNotReady([f"a statement of {name} over the closed board"]) from None
    lacking = manifest.trustees.needed - len(releases)
    if lacking > 0:
        raise PollNotReady([f"the shares of {lacking} more trustees"])
    return _fitting([share for share, _ in releases], manifest.trustees)


def _fitting(shares: Sequence[Share], terms: TrusteeTerms) -> X25519PrivateKey:
    """The key that some of the shares give: a wrong one among enough right ones holds up no count."""
    for some in islice(combinations(shares, terms.needed), SUBSETS_MAX):
        with contextlib.suppress(SharesUnusable, ValueError):
            return trustees.combine(some, terms)
    raise PollNotReady([f"{terms.needed} shares that give this poll's key"])


def _issuance(closed: ClosedPoll) -> Issuance:
    """How many ballots each desk issued, by its log."""
    return Issuance(
        issued=tuple(
            sum(parse(line).get("kind") == "issued" for line in log.lines)
            for log in closed.desk_logs
        )
    )
