"""Who witnesses votes without names, who holds the key of one, and what trustees give up after it."""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from foundation.identifiers import UUID
from governance.ballots.checkpoint import NamedKey, SignatureType
from governance.ballots.errors import DocumentMalformed
from governance.ballots.manifest import KEY_BYTES, Manifest, TrusteeTerms
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
from governance.ballots.trustees import Share
from governance.errors import OfficialRefused
from governance.motion import MotionState
from governance.polls import views
from governance.polls.closing import may_close, require_seen_closed
from governance.polls.errors import (
    PollNotFound,
    PollNotPrepared,
    PollNotReady,
    PollUnwitnessed,
)
from governance.polls.records import closed_poll, hours_of, parts_of
from governance.service.motions import get_motion, locked
from governance.service.published_polls import (
    INSTANT_END_MS,
    final_head,
    get_manifest,
    is_stated,
)
from governance.store import officials as store
from governance.store import polls as poll_store
from governance.store.polls import Poll
from governance.tier import Tier
from storage.refusals import constraint_of
from storage.work import Reading, UnitOfWork

PEOPLE_MAX, WITNESSES_MAX = 20, 64
RESERVED = "khan-cars/"


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
        If there is a witness of this name or key, or the name is reserved.
    """
    only(document, "name", "key")
    key = _named(document, SignatureType.COSIGNATURE)
    if key.name.startswith(RESERVED):
        raise OfficialRefused(f"names that begin with {RESERVED} are those of logs and trustees")
    known = await poll_store.list_witnesses(work)
    if any(one.name == key.name for one in known):
        raise OfficialRefused("there is a witness of this name")
    if any(one.public == key.public for one in known):
        raise OfficialRefused("this key is a witness's already, and nobody witnesses twice")
    if len(known) >= WITNESSES_MAX:
        raise OfficialRefused(f"there are {WITNESSES_MAX} witnesses")
    try:
        await store.insert_witness(work, key)
    except IntegrityError as error:
        if constraint_of(error) == "witness_pkey":
            raise OfficialRefused("there is a witness of this name") from None
        raise
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOfficials:
    """Who has a part in a poll, and what it waits for.

    Attributes
    ----------
    trustees
        None until they are named.
    released
        The trustees who gave their shares up.
    missing
        What keeps it from opening or, once it is closed, from being counted.
    """

    poll: Poll
    state: MotionState
    trustees: TrusteeTerms | None
    released: tuple[str, ...]
    missing: tuple[str, ...]


async def officials_of(work: UnitOfWork, poll_id: UUID) -> PollOfficials:
    """Who has a part in a poll, and what it waits for; raises `PollNotFound`."""
    poll = await _poll(work, poll_id)
    state = (await get_motion(work, poll.motion_id)).state
    trustees = await poll_store.find_trustees(work, poll_id)
    releases = await poll_store.list_releases(work, poll_id)
    released = tuple(text_of(statement, "trustee") for _, statement in releases)
    missing: list[str] = []
    if poll.is_kept_apart and state in (MotionState.AMENDING, MotionState.FROZEN):
        missing += await _unprepared(work, poll, trustees)
    if poll.is_kept_apart and state in (MotionState.OPEN, MotionState.CLOSED):
        missing += await _unclosed(work, poll_id)
    if poll.is_kept_apart and state is MotionState.CLOSED:
        missing += await _unready(work, poll_id)
        lacking = 0 if trustees is None else trustees.needed - len(released)
        missing += [f"the shares of {lacking} more trustees"] if lacking > 0 else []
    return PollOfficials(
        poll=poll, state=state, trustees=trustees, released=released, missing=tuple(missing)
    )


async def _unprepared(work: Reading, poll: Poll, trustees: TrusteeTerms | None) -> list[str]:
    missing: list[str] = []
    try:
        await parts_of(work, poll.poll_id, tier=poll.tier)
    except PollNotPrepared as refusal:
        missing += refusal.missing
    if trustees is None:
        missing.append("the trustees")
    if not await poll_store.list_witnesses(work):
        missing.append("a witness")
    return missing


async def _unready(work: Reading, poll_id: UUID) -> list[str]:
    try:
        await closed_poll(work, poll_id)
    except PollNotReady as refusal:
        return list(refusal.missing)
    return []


async def _unclosed(work: UnitOfWork, poll_id: UUID) -> list[str]:
    """What an outage over the close has left to do, and what nothing can make good."""
    manifest, hours = await get_manifest(work, poll_id), await hours_of(work, poll_id)
    close = await views.find_close_entry(work, poll_id)
    if close is None:
        if may_close(manifest, hours, at_ms=round(work.now.timestamp() * 1000)):
            return []
        return ["the time of the outage over the close: note it until now and extend the vote"]
    try:
        board = (await closed_poll(work, poll_id)).board
        require_seen_closed(manifest, close, board.notes)
    except PollNotReady:
        return []
    except PollUnwitnessed:
        return ["witnesses' signatures in time: this vote must be called anew"]
    return []


async def list_witnesses(work: Reading) -> tuple[NamedKey, ...]:
    """Everybody whom polls that open now name as a witness."""
    return await poll_store.list_witnesses(work)


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
    motion = await locked(work, poll.motion_id)
    only(document, "poll_id", "trustee", "statement", "share_number", "share")
    if text_of(document, "poll_id") != str(poll_id):
        raise OfficialRefused("the share is of another poll")
    name, statement = text_of(document, "trustee"), object_of(document, "statement")
    share = Share(
        number=number_of(document, "share_number", least=1),
        secret=unpack(document["share"], KEY_BYTES),
    )
    if name != statement.get("trustee"):
        raise OfficialRefused("the share and the statement are of two trustees")
    manifest = await get_manifest(work, poll_id)
    if manifest.trustees is None or share.number != _place(manifest.trustees, name):
        raise OfficialRefused("no trustee of this poll has this name and this number")
    if motion.state is not MotionState.CLOSED:
        raise OfficialRefused(f"shares are given up between close and count; it is {motion.state}")
    await _check_statement(work, manifest, statement)
    try:
        await store.insert_release(work, poll_id, trustee=name, share=share, statement=statement)
    except IntegrityError as error:
        if constraint_of(error) in ("poll_release_pkey", "a_share_is_given_up_once"):
            raise OfficialRefused("this share is given up already") from None
        raise
    return name


def _place(terms: TrusteeTerms, name: str) -> int | None:
    """A trustee's place among the people, from 1, which is their share's number."""
    names = [one.name for one in terms.people]
    return names.index(name) + 1 if name in names else None


async def _check_statement(work: Reading, manifest: Manifest, statement: Fields) -> None:
    """Whether a trustee of the poll signed it, over the board as it ended and after that."""
    only(statement, "trustee", "at_ms", "signature")
    unpack(statement["signature"], 64)
    at_ms = number_of(statement, "at_ms")
    if at_ms >= INSTANT_END_MS:
        raise DocumentMalformed("its instant is none")
    poll_id = UUID(manifest.vote)
    head = final_head(manifest, await closed_poll(work, poll_id))
    hours = await hours_of(work, poll_id)
    if at_ms < hours.closes_at_ms:
        raise OfficialRefused("the statement is dated before the close")
    if not is_stated(manifest, head, statement, hours=hours):
        raise OfficialRefused("the statement is not signed over the board as it ended")


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
    if len({one.public for one in people}) < len(people):
        raise DocumentMalformed("two trustees have one key")
    return TrusteeTerms(
        election_key=unpack(document["election_key"], KEY_BYTES), people=people, needed=needed
    )


def _named(fields: Fields, kind: SignatureType) -> NamedKey:
    name = text_of(fields, "name")
    if not 1 <= len(name) <= 200 or "+" in name or not name.isprintable() or " " in name:
        raise DocumentMalformed("a name has 1 to 200 characters, no space and no plus")
    return NamedKey(name=name, public=unpack(fields.get("key"), KEY_BYTES), kind=kind)
