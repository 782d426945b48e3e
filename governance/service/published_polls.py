"""What is published of a poll: its manifest, its ended board, and trustees' statements over that."""

from typing import BinaryIO, Protocol, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from foundation.identifiers import UUID
from governance.ballots import manifest as manifests
from governance.ballots.errors import DocumentMalformed
from governance.ballots.hours import Hours
from governance.ballots.manifest import Manifest
from governance.ballots.merkle import Head
from governance.ballots.plain import Fields, number_of, text_of, unpack
from governance.ballots.trustees import Share, release_message
from governance.polls import count
from governance.polls.errors import PollNotFound, PollNotReady
from governance.polls.keeper import Keeper
from governance.polls.records import ClosedPoll, Parts
from governance.store import polls as store
from governance.tier import Tier
from storage.work import Reading

Release: TypeAlias = tuple[Share, Fields]
"""A trustee's share, and the signed statement that gives it up."""
INSTANT_END_MS = 1 << 53
"""The first number of milliseconds that no document of a vote may name as an instant."""


class Keepers(Protocol):
    """What desks and board have written; `governance.polls.records` is one."""

    async def parts_of(self, work: Reading, poll_id: UUID, *, tier: Tier) -> Parts:
        """The keys that the poll's desks and board have published."""
        ...

    async def closed_poll(self, work: Reading, poll_id: UUID) -> ClosedPoll:
        """A closed poll, but for the entries of its logs."""
        ...

    async def find_close_entry(self, work: Reading, poll_id: UUID) -> bytes | None:
        """The board's close entry; None while it is open."""
        ...

    async def copy_log(self, work: Reading, poll_id: UUID, keeper: Keeper, *, to: BinaryIO) -> int:
        """Write the entries of a log to a file; how many there were."""
        ...

    async def hours_of(self, work: Reading, poll_id: UUID) -> Hours:
        """When a poll is open, extensions included."""
        ...


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
    return count.final_head(manifest, closed.board.notes)


def is_stated(manifest: Manifest, head: Head, statement: Fields, *, hours: Hours) -> bool:
    """Whether a trustee of this poll signed a statement over `head`, dated after the close.

    Parameters
    ----------
    hours
        Extensions included: verifiers refuse a bundle with a statement from before the last close.
    """
    assert manifest.trustees is not None
    keys = {one.name: one.public for one in manifest.trustees.people}
    try:
        at_ms = number_of(statement, "at_ms")
        if set(statement) != {"at_ms", "signature", "trustee"} or at_ms >= INSTANT_END_MS:
            return False
        public = Ed25519PublicKey.from_public_bytes(keys[text_of(statement, "trustee")])
        message = release_message(manifest.digest(), head, at_ms)
        public.verify(unpack(statement.get("signature"), 64), message)
    except (InvalidSignature, DocumentMalformed, KeyError):
        return False
    return at_ms >= hours.closes_at_ms
