"""Who witnesses votes without names, who holds the key of one, and what trustees give up after it."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.exc import IntegrityError

from foundation.identifiers import UUID
from governance.ballots import checkpoint
from governance.ballots.checkpoint import NamedKey, SignatureType
from governance.ballots.errors import DocumentMalformed
from governance.ballots.manifest import KEY_BYTES, TrusteeTerms
from governance.ballots.plain import (
    Fields,
    as_object,
    list_of,
    number_of,
    object_of,
    only,
    text_of,
    unpack,
)
from governance.ballots.trustees import Share, release_message
from governance.errors import OfficialRefused
from governance.motion import MotionState
from governance.polls.errors import PollNotFound
from governance.polls.records import closed_poll
from governance.service.motions import locked
from governance.service.polls import get_manifest
from governance.store import officials as store
from governance.store import polls as poll_store
from governance.store.polls import Poll
from governance.tier import Tier
from storage.refusals import constraint_of
from storage.work import Reading, UnitOfWork

PEOPLE_MAX = 20


async def appoint_witness(work: UnitOfWork, document: Fields) -> NamedKey:
    """Appoint a witness: polls that open from now on name them.

    Parameters
    ----------
    document
        `name` and `key` (base64), as `khan witness` prints them.

    Raises
    ------
    DocumentMalformed
        If it is something else.
    OfficialRefused
        If there is a witness of this name.
    """
    only(document, "name", "key")
    key = _named(document, SignatureType.COSIGNATURE)
    if any(one.name == key.name for one in await poll_store.list_witnesses(work)):
        raise OfficialRefused("there is a witness of this name")
    await store.insert_witness(work, key)
    return key


async def appoint_trustees(work: UnitOfWork, poll_id: UUID, document: Fields) -> TrusteeTerms:
    """Write who holds the key of a poll, before it opens.

    Parameters
    ----------
    document
        `terms.json` of `khan trustees deal`.

    Raises
    ------
    PollNotFound, DocumentMalformed
        As they say.
    OfficialRefused
        If the poll needs none, has some, or is open already.
    """
    poll = await _poll(work, poll_id)
    terms = _terms(poll_id, document)
    motion = await locked(work, poll.motion_id)
    if poll.tier is Tier.OPEN:
        raise OfficialRefused("names are shown in this poll, and no key seals its ballots")
    if motion.state not in (MotionState.AMENDING, MotionState.FROZEN):
        raise OfficialRefused(
            f"trustees are named before a poll opens, and this one is {motion.state}"
        )
    if await poll_store.find_trustees(work, poll_id) is not None:
        raise OfficialRefused("this poll has its trustees")
    await store.insert_trustees(work, poll_id, terms)
    return terms


async def take_release(work: UnitOfWork, poll_id: UUID, document: Fields) -> str:
    """Take a trustee's share after the close; the trustee's name comes back.

    Parameters
    ----------
    document
        What `khan trustees release` writes.

    Raises
    ------
    PollNotFound, DocumentMalformed
        As they say.
    PollNotReady
        If the board has not ended, or witnesses have not signed it.
    OfficialRefused
        If it is no trustee's of this poll, not signed over the board as it ended, or given up already.
    """
    poll = await _poll(work, poll_id)
    await locked(work, poll.motion_id)
    only(document, "poll_id", "trustee", "statement", "share_number", "share")
    if text_of(document, "poll_id") != str(poll_id):
        raise OfficialRefused("the share is of another poll")
    name, statement = text_of(document, "trustee"), object_of(document, "statement")
    share = Share(
        number=number_of(document, "share_number", least=1),
        secret=unpack(document["share"], KEY_BYTES),
    )
    await _check_statement(work, poll_id, name, statement)
    try:
        await store.insert_release(work, poll_id, trustee=name, share=share, statement=statement)
    except IntegrityError as error:
        if constraint_of(error) in ("poll_release_pkey", "a_share_is_given_up_once"):
            raise OfficialRefused("this share is given up already") from None
        raise
    return name


async def _check_statement(work: Reading, poll_id: UUID, name: str, statement: Fields) -> None:
    """Whether a trustee of the poll signed it, over the board as it ended."""
    only(statement, "trustee", "at_ms", "signature")
    manifest = await get_manifest(work, poll_id)
    people = () if manifest.trustees is None else manifest.trustees.people
    key = next((one for one in people if one.name == name), None)
    if key is None:
        raise OfficialRefused("no trustee of this poll has this name")
    board = (await closed_poll(work, poll_id)).board
    opened = checkpoint.open_note(board.notes[-1], [manifest.board])
    opened.require(manifest.board.name)
    head = checkpoint.read_checkpoint(opened.text).head
    message = release_message(manifest.digest(), head, number_of(statement, "at_ms"))
    try:
        signature = unpack(statement["signature"], 64)
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except InvalidSignature:
        raise OfficialRefused("the statement is not signed over the board as it ended") from None


async def _poll(work: Reading, poll_id: UUID) -> Poll:
    [poll] = await poll_store.list_polls(work, poll_id=poll_id) or [None]
    if poll is None:
        raise PollNotFound(poll_id)
    return poll


def _terms(poll_id: UUID, document: Fields) -> TrusteeTerms:
    only(document, "poll_id", "election_key", "needed", "people")
    if text_of(document, "poll_id") != str(poll_id):
        raise OfficialRefused("the key is of another poll")
    people = tuple(
        _named(as_object(one, "trustee"), SignatureType.NOTE) for one in list_of(document, "people")
    )
    needed = number_of(document, "needed", least=1)
    if not needed <= len(people) <= PEOPLE_MAX or len({one.name for one in people}) < len(people):
        raise DocumentMalformed(
            f"there are 1 to {PEOPLE_MAX} trustees, as many as are needed at least"
        )
    return TrusteeTerms(
        election_key=unpack(document["election_key"], KEY_BYTES), people=people, needed=needed
    )


def _named(fields: Fields, kind: SignatureType) -> NamedKey:
    name = text_of(fields, "name")
    if not 1 <= len(name) <= 200 or "+" in name or any(one.isspace() for one in name):
        raise DocumentMalformed("a name has 1 to 200 characters, no space and no plus")
    return NamedKey(name=name, public=unpack(fields.get("key"), KEY_BYTES), kind=kind)
