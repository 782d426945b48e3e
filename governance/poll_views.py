"""What everybody sees of polls, and what a voter's phone needs of its own entry.

A member's salt and passkey are told to that member alone; a ballot is found here by nobody.
"""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from foundation.identifiers import UUID
from governance.errors import PollNotCounted
from governance.matter import MemberClass
from governance.member import MemberId
from governance.motion import MotionId, MotionState
from governance.polls.errors import PollNotFound
from governance.tier import Tier
from storage.work import Reading

_POLLS = """
    SELECT poll.poll_id, motion_id, title, poll.member_class, poll.tier,
           governance.state_of(motion_id) AS state, opens_at,
           governance.closes_at(motion_id) AS closes_at,
           {documents}
    FROM governance.poll JOIN governance.notice USING (motion_id)
    JOIN governance.motion USING (motion_id)
    LEFT JOIN governance.manifest USING (poll_id) LEFT JOIN governance.poll_count USING (poll_id)
"""
_LIST = text(
    _POLLS.format(documents="NULL AS document, manifest.digest, NULL AS certificate")
    + " ORDER BY opens_at DESC, motion_id, poll.member_class NULLS LAST LIMIT :limit"
)
_ONE = text(
    _POLLS.format(documents="manifest.document, manifest.digest, poll_count.certificate")
    + " WHERE poll_id = :poll_id"
)

_BUNDLE_BYTES = text("""
    SELECT bundle_bytes FROM governance.poll LEFT JOIN governance.poll_count USING (poll_id)
    WHERE poll_id = :poll_id
""")
_BUNDLE_PIECE = text("""
    SELECT piece FROM governance.bundle_piece WHERE poll_id = :poll_id AND number = :number
""")

# The passkey on the roll as it was published; before that the member's latest.
_ENTRY = text("""
    SELECT salt, commitment,
           (SELECT credential_id FROM governance.voting_key AS key
            WHERE key.member_id = elector.member_id AND (
                published.credential IS NULL OR key.credential = published.credential)
            ORDER BY number DESC LIMIT 1) AS credential_id
    FROM governance.elector LEFT JOIN governance.poll_roll AS published USING (poll_id, commitment)
    WHERE poll_id = :poll_id AND member_id = :member_id
""")

_WAITING = text("SELECT count(*) FROM ballot_board.waiting WHERE poll_id = :poll_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class PollView:
    """A poll as everybody sees it; `member_class` None is everybody without a poll of their own.

    Attributes
    ----------
    manifest, digest
        The terms and their SHA-256 in hexadecimal, from the opening on; open polls have none, and a
        list leaves the terms out.
    certificate
        Its count as canonical JSON, once it was counted; a list leaves it out.
    """

    poll_id: UUID
    motion_id: MotionId
    title: str
    member_class: MemberClass | None
    tier: Tier
    state: MotionState
    opens_at: datetime
    closes_at: datetime
    manifest: str | None
    digest: str | None
    certificate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectorView:
    """A member's own entry on the roll of a poll.

    Attributes
    ----------
    commitment, salt
        32 bytes each; the first is SHA-256 over the second and the member.
    credential_id
        Of the passkey that the roll names, or will name; None if the member has made none.
    """

    commitment: bytes
    salt: bytes
    credential_id: bytes | None


async def list_polls(work: Reading, *, limit: int) -> tuple[PollView, ...]:
    """Polls that were called, the last to open first; without their documents."""
    rows = await work.execute(_LIST, {"limit": limit})
    return tuple(_poll(row) for row in rows)


async def get_poll(work: Reading, poll_id: UUID) -> PollView:
    """One poll.

    Raises
    ------
    PollNotFound
    """
    row = (await work.execute(_ONE, {"poll_id": poll_id})).one_or_none()
    if row is None:
        raise PollNotFound(poll_id)
    return _poll(row)


async def get_bundle_bytes(work: Reading, poll_id: UUID) -> int:
    """How long the bundle of a poll is that was counted: everything about it, as a ZIP archive.

    Raises
    ------
    PollNotFound, PollNotCounted
    """
    row = (await work.execute(_BUNDLE_BYTES, {"poll_id": poll_id})).one_or_none()
    if row is None:
        raise PollNotFound(poll_id)
    if row.bundle_bytes is None:
        raise PollNotCounted(poll_id)
    return int(row.bundle_bytes)


async def find_bundle_piece(work: Reading, poll_id: UUID, number: int) -> bytes | None:
    """A piece of the bundle, from number 0 on; None behind the last one."""
    of = {"poll_id": poll_id, "number": number}
    found = (await work.execute(_BUNDLE_PIECE, of)).scalar_one_or_none()
    return None if found is None else bytes(found)


async def pieces_of_bundle(work: Reading, poll_id: UUID) -> AsyncIterator[bytes]:
    """The pieces of a bundle in their order."""
    for number in itertools.count():
        piece = await find_bundle_piece(work, poll_id, number)
        if piece is None:
            return
        yield piece


async def find_entry(work: Reading, poll_id: UUID, member_id: MemberId) -> ElectorView | None:
    """A member's entry, or None who is not on the roll of this poll."""
    asked = {"poll_id": poll_id, "member_id": member_id}
    row = (await work.execute(_ENTRY, asked)).one_or_none()
    if row is None:
        return None
    return ElectorView(
        commitment=bytes.fromhex(row.commitment),
        salt=bytes(row.salt),
        credential_id=None if row.credential_id is None else bytes(row.credential_id),
    )


async def count_waiting(work: Reading, poll_id: UUID) -> int:
    """How many ballots wait to be published together."""
    return int((await work.execute(_WAITING, {"poll_id": poll_id})).scalar_one())


def _poll(row: Any) -> PollView:
    return PollView(
        poll_id=UUID(str(row.poll_id)),
        motion_id=MotionId(row.motion_id),
        title=row.title,
        member_class=None if row.member_class is None else MemberClass(row.member_class),
        tier=Tier(row.tier),
        state=MotionState(row.state),
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        manifest=row.document,
        digest=row.digest,
        certificate=row.certificate,
    )
