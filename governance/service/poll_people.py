"""Who has a part in a poll beside its voters: witnesses, trustees and the shares they give up."""

from typing import Protocol, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from foundation.identifiers import UUID
from governance.ballots import checkpoint
from governance.ballots import manifest as manifests
from governance.ballots.checkpoint import NamedKey
from governance.ballots.errors import DocumentMalformed, SharesUnusable
from governance.ballots.hours import Hours
from governance.ballots.manifest import KEY_BYTES, Manifest, TrusteeTerms
from governance.ballots.merkle import Head
from governance.ballots.plain import Fields, number_of, text_of, unpack
from governance.ballots.trustees import Share, release_message
from governance.errors import MotionElsewhere, PollPeopleUnfit
from governance.motion import Motion, MotionState
from governance.polls import records
from governance.polls.errors import PollNotFound, PollNotReady
from governance.polls.records import ClosedPoll, Parts
from governance.service.motions import locked
from governance.store import polls as store
from governance.tier import Tier
from storage.work import Reading, UnitOfWork

Release: TypeAlias = tuple[Share, Fields]
"""A trustee's share, and the signed statement that gives it up."""

SHARES_MAX = 20


class Keepers(Protocol):
    """What desks and board have written; `governance.polls.records` is one."""

    async def parts_of(self, work: Reading, poll_id: UUID, *, tier: Tier) -> Parts:
        """The keys that the poll's desks and board have published."""
        ...

    async def closed_poll(self, work: Reading, poll_id: UUID) -> ClosedPoll:
        """A closed poll, for the count and the bundle."""
        ...


async def appoint_witness(work: UnitOfWork, witness: NamedKey) -> None:
    """Let somebody cosign the logs of every poll that opens from now on.

    Raises
    ------
    PollPeopleUnfit
        If the name is taken, or the name or the key is none.
    """
    _check_key(witness)
    if any(one.name == witness.name for one in await store.list_witnesses(work)):
        raise PollPeopleUnfit(f"there is a witness {witness.name} already")
    await store.insert_witness(work, witness)


async def appoint_trustees(work: UnitOfWork, poll_id: UUID, terms: TrusteeTerms) -> None:
    """Name who opens the ballots of a poll, once, between the notice and the opening.

    Raises
    ------
    PollNotFound
        If no such poll is called, or names are shown in it.
    MotionElsewhere
        If the vote is open, or over.
    PollPeopleUnfit
        If they are named already, or are too few, or two have one name.
    """
    motion = await _motion_of(work, poll_id)
    if motion.state not in (MotionState.AMENDING, MotionState.FROZEN):
        raise MotionElsewhere(motion.state, "name trustees for")
    if await store.find_trustees(work, poll_id) is not None:
        raise PollPeopleUnfit("the trustees of this poll are named")
    if not 1 <= terms.needed <= len(terms.people) <= SHARES_MAX:
        raise PollPeopleUnfit(f"there are 1 to {SHARES_MAX} trustees, and as many as are needed")
    if len({one.name for one in terms.people}) < len(terms.people):
        raise PollPeopleUnfit("two of them have one name")
    if len(terms.election_key) != KEY_BYTES:
        raise PollPeopleUnfit(f"the key to seal to has {KEY_BYTES} bytes")
    for one in terms.people:
        _check_key(one)
    await store.insert_trustees(work, poll_id, terms)


async def take_release(
    work: UnitOfWork, poll_id: UUID, release: Release, *, keepers: Keepers = records
) -> None:
    """Take the share that a trustee gives up after the close; the same again changes nothing.

    Raises
    ------
    PollNotFound, PollNotReady
        If there is no such poll, or it is not closed and signed by everybody.
    MotionElsewhere
        If it is certified already.
    SharesUnusable
        If the statement is not a trustee's over the board as it closed.
    """
    motion = await _motion_of(work, poll_id)
    if motion.state in (MotionState.CERTIFIED, MotionState.LOST):
        raise MotionElsewhere(motion.state, "open the ballots of")
    if motion.state is not MotionState.CLOSED:
        raise PollNotReady(["the close of the vote"])
    manifest = await get_manifest(work, poll_id)
    head = final_head(manifest, await keepers.closed_poll(work, poll_id))
    share, statement = release
    if len(share.secret) != KEY_BYTES or not 1 <= share.number <= 255:
        raise SharesUnusable("a share has a number and 32 bytes")
    if not is_stated(manifest, head, statement):
        raise SharesUnusable("its statement is not a trustee's over the closed board")
    await store.insert_release(work, poll_id, share, statement)


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


def final_head(manifest: Manifest, closed: ClosedPoll) -> Head:
    """The board's last signed head.

    Raises
    ------
    PollNotReady
        If there is none.
    """
    if not closed.board.notes:
        raise PollNotReady(["the board's signed head"])
    opened = checkpoint.open_note(closed.board.notes[-1], [manifest.board])
    opened.require(manifest.board.name)
    return checkpoint.read_checkpoint(opened.text).head


def is_stated(manifest: Manifest, head: Head, statement: Fields) -> bool:
    """Whether a trustee of this poll signed a statement over `head`, after the close."""
    assert manifest.trustees is not None
    keys = {one.name: one.public for one in manifest.trustees.people}
    try:
        at_ms = number_of(statement, "at_ms")
        public = Ed25519PublicKey.from_public_bytes(keys[text_of(statement, "trustee")])
        message = release_message(manifest.digest(), head, at_ms)
        public.verify(unpack(statement.get("signature"), 64), message)
    except (InvalidSignature, DocumentMalformed, KeyError):
        return False
    return set(statement) == {"at_ms", "signature", "trustee"} and (
        at_ms >= Hours.of(manifest).closes_at_ms
    )


async def _motion_of(work: UnitOfWork, poll_id: UUID) -> Motion:
    [poll] = await store.list_polls(work, poll_id=poll_id) or [None]
    if poll is None or not poll.is_kept_apart:
        raise PollNotFound(poll_id)
    return await locked(work, poll.motion_id)


def _check_key(key: NamedKey) -> None:
    if not key.name or len(key.name) > 200 or any(one.isspace() or one == "+" for one in key.name):
        raise PollPeopleUnfit("a name has 1 to 200 characters, none of them a space or a plus")
    if len(key.public) != KEY_BYTES:
        raise PollPeopleUnfit(f"the key of {key.name} has not {KEY_BYTES} bytes")
