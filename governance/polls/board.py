"""What the box and the board do: take ballots without a name, let them wait, publish them together.

A ballot that is taken waits in a table that no backup and no write-ahead log has. It goes onto the
board with others, at least `batch_least` of different keys or all that are left at the close, in
one transaction and in the order of hashes: neither the order of rows nor their transaction tells when
one of them came, and so nothing ties it to the moment in which a desk issued a token.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from sqlalchemy.exc import DBAPIError

from foundation.chance import Chance, SystemChance
from foundation.identifiers import UUID
from governance.ballots import ballot as ballots
from governance.ballots.box import NEVER_SEEN, Box, KeyStanding, paper_entries
from governance.ballots.choice import Choice
from governance.ballots.errors import BallotRefused
from governance.ballots.hours import IS_CLOSED, close_entry, extension_entry
from governance.ballots.manifest import KEY_BYTES, Manifest
from governance.ballots.plain import Fields, canonical, parse, unpack
from governance.ballots.receipt import Receipt
from governance.errors import VoteNotOpen
from governance.polls import batches
from governance.polls.batches import WAITING_OF_A_KEY_MAX, digest_of, key_of, stood
from governance.polls.closing import may_close
from governance.polls.errors import (
    BallotNotOnBoard,
    BallotsTooFast,
    PollNotReady,
)
from governance.polls.keeping import KeeperAtWork, milliseconds
from governance.polls.logs import Mirror
from governance.polls.store.boards import BoardStore, Waiting
from governance.tier import Tier
from storage.refusals import constraint_of
from storage.work import Reading, UnitOfWork

BATCH_LEAST = 10
AFTER_AN_OUTAGE = "The office gave back the time of an outage that is on record."


class BoardMirror(Mirror):
    """The board's committed entries: where each ballot stands, and what is known of its key."""

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[str, int] = {}
        self.standings: dict[bytes, KeyStanding] = {}

    def take(self, line: bytes) -> None:
        """One committed entry more."""
        entry = parse(line)
        number = self.tree.size
        super().take(line)
        match entry.get("kind"):
            case "ballot":
                found = ballots.read(entry["ballot"])
                self.places[digest_of(found.document())] = number
                self.standings[found.key] = stood(self.standings.get(found.key), found)
            case "cancellation":
                del entry["index"]
                self.places[digest_of(entry)] = number
                key = unpack(entry["key"], KEY_BYTES)
                standing = self.standings.get(key, NEVER_SEEN)
                self.standings[key] = replace(standing, is_cancelled=True)


@dataclass(kw_only=True)
class BoardAtWork(KeeperAtWork[BoardStore]):
    """The running box and board.

    Attributes
    ----------
    batch_least
        How many ballots of different keys go onto the board together at least.
    kept_back
        How many stay behind each time, drawn by chance, so that the last batch is no smaller.
    shuffled
        The hashes of what waited when the table was last written anew.
    """

    batch_least: int = BATCH_LEAST
    kept_back: int = 0
    chance: Chance = field(default_factory=SystemChance)
    shuffled: frozenset[str] = field(default_factory=frozenset)

    def new_mirror(self, _manifest: Manifest) -> Mirror:
        """An empty board in memory."""
        return BoardMirror()

    async def board(self, work: Reading, poll_id: UUID) -> BoardMirror:
        """The board as committed.

        Raises
        ------
        PollNotFound
        """
        mirror = await self.mirror(work, poll_id)
        assert isinstance(mirror, BoardMirror)
        return mirror


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The box's answer: the ballot's name, and how many wait now."""

    digest: str
    waiting: int


async def prepare(work: UnitOfWork, board: BoardAtWork, poll_id: UUID) -> None:
    """Make the board's key for a poll that was noticed, and publish the public one."""
    public = board.keys.make_signer(poll_id).public_key().public_bytes_raw()
    await board.store.insert_key(work, poll_id, log_public=public)


async def receive(work: UnitOfWork, board: BoardAtWork, poll_id: UUID, document: Fields) -> Taken:
    """Take a ballot, or a cancellation slip (`kind`), of a sealed poll; the same again is one.

    Raises
    ------
    PollNotFound, VoteNotOpen, DocumentMalformed, BallotRefused, BallotCancelled, BallotSuperseded
        As they say.
    BallotsTooFast
        If of its key as many wait as may.
    """
    manifest = await board.manifest(work, poll_id)
    if manifest.tier is not Tier.SEALED:
        raise BallotRefused("handed_in_at_the_office_in_such_a_vote")
    mirror = await board.board(work, poll_id)
    waiting = await board.store.waiting(work, poll_id)
    whole = canonical(document)
    digest = hashlib.sha256(whole).hexdigest()
    if digest in mirror.places or any(one.digest == digest for one in waiting):
        return Taken(digest=digest, waiting=len(waiting))
    hours, at_ms = await board.hours(work, poll_id), milliseconds(work.now)
    key = unpack(document.get("key"), KEY_BYTES)
    own = [one for one in waiting if key_of(one) == key]
    standing = batches.standing_of(mirror.standings.get(key, NEVER_SEEN), own)
    box = Box(manifest=manifest)
    if "kind" in document:
        box.cancel(document, standing=standing, hours=hours, at_ms=at_ms)
    else:
        box.receive(ballots.read(document), standing=standing, hours=hours, at_ms=at_ms)
        # Else one member's changes of mind alone would fill the box, which is read whole each time.
        if len(own) >= WAITING_OF_A_KEY_MAX:
            raise BallotsTooFast
    async with _told_closed():
        await board.store.let_wait(work, poll_id, whole.decode())
    return Taken(digest=digest, waiting=len(waiting) + 1)


async def find_receipt(work: Reading, board: BoardAtWork, poll_id: UUID, digest: str) -> Receipt:
    """Where a ballot stands on the board, with the proof of it.

    Raises
    ------
    PollNotFound
    BallotNotOnBoard
        If it waits still, or never came.
    """
    manifest = await board.manifest(work, poll_id)
    mirror = await board.board(work, poll_id)
    if digest not in mirror.places:
        raise BallotNotOnBoard
    size, index = mirror.tree.size, mirror.places[digest]
    leaf, proof = mirror.tree.leaf(index), mirror.tree.inclusion_proof(index)
    # Entries are committed with the head over them; by now there may be newer ones.
    heads = await board.store.heads(work, poll_id, least=size)
    note = next(one.note for one in heads if one.size == size)
    return Receipt(manifest=manifest.digest(), index=index, leaf=leaf, proof=proof, note=note)


async def publish(work: UnitOfWork, board: BoardAtWork) -> frozenset[str]:
    """Put onto the board what waits and may be published; the names of what goes on waiting.

    That is written anew in the order of hashes, in this one transaction, so that a look at the table
    does not tell who came first either.
    """
    await board.store.lock_waiting(work)
    waiting = batches.newest_alone(await board.store.waiting(work))
    over, _ = await to_close(work, board)
    staying: list[Waiting] = []
    for poll_id in sorted({one.poll_id for one in waiting}):
        going = [one for one in waiting if one.poll_id == poll_id]
        if poll_id not in over:
            going, behind = batches.those_that_go(
                going, least=board.batch_least, kept_back=board.kept_back, chance=board.chance
            )
            staying += behind
        if going:
            await _put_up(work, board, poll_id, going)
    await board.store.shuffle_waiting(work, staying)
    return frozenset(one.digest for one in staying)


async def to_close(work: Reading, board: BoardAtWork) -> tuple[list[UUID], list[UUID]]:
    """Polls that are over: those that witnesses will still see closed in time, and the others."""
    in_time: list[UUID] = []
    too_late: list[UUID] = []
    for poll_id, at_ms in await board.store.polls_to_close(work):
        manifest, hours = await board.manifest(work, poll_id), await board.hours(work, poll_id)
        (in_time if may_close(manifest, hours, at_ms=at_ms) else too_late).append(poll_id)
    return in_time, too_late


async def close(work: UnitOfWork, board: BoardAtWork, poll_id: UUID) -> bool:
    """Close the board of a poll that is over, once nothing of it waits; whether it did."""
    if await board.store.waiting(work, poll_id):
        return False
    hours = await board.hours(work, poll_id)
    growth = await board.growth(work, poll_id)
    await growth.append([close_entry(hours)])
    manifest = await board.manifest(work, poll_id)
    await growth.sign(board.log_key(manifest), board.keys.signer(poll_id))
    return True


async def finish(work: UnitOfWork, board: BoardAtWork, poll_id: UUID) -> None:
    """Let nothing more come onto a closed board to which no paper belongs."""
    await board.store.finish(work, poll_id)


async def follow(work: UnitOfWork, board: BoardAtWork, poll_id: UUID, *, closes_at_ms: int) -> None:
    """Let the poll close when its notice says by now: the office has extended the vote.

    Raises
    ------
    As `extend`.
    """
    await extend(work, board, poll_id, closes_at_ms=closes_at_ms, reason=AFTER_AN_OUTAGE)


async def extend(
    work: UnitOfWork, board: BoardAtWork, poll_id: UUID, *, closes_at_ms: int, reason: str
) -> None:
    """Let the poll close later, after an outage; also after its hour, while it is not closed.

    Raises
    ------
    PollNotFound, VoteNotOpen, ExtensionShortens
        As they say.
    """
    growth = await board.growth(work, poll_id)
    hours = await board.hours(work, poll_id)
    is_closed = await board.store.is_closed(work, poll_id)
    later = hours.extended(closes_at_ms, at_ms=milliseconds(work.now), is_closed=is_closed)
    async with _told_closed():
        await board.store.extend(work, poll_id, closes_at_ms=closes_at_ms, reason=reason)
    await growth.append([extension_entry(later, reason)])
    manifest = await board.manifest(work, poll_id)
    await growth.sign(board.log_key(manifest), board.keys.signer(poll_id))


async def read_papers(
    work: UnitOfWork, board: BoardAtWork, poll_id: UUID, choices: Sequence[Choice]
) -> None:
    """Put the papers onto the closed board, all at once, and end it.

    Raises
    ------
    PollNotFound
    PollNotReady
        If the board or the secretary's desk is not closed, or the papers are read already.
    BallotRefused
        If there are more than were given out.
    """
    growth = await board.growth(work, poll_id)
    given = await board.store.papers_given(work, poll_id)
    if given is None or not await board.store.is_closed(work, poll_id):
        raise PollNotReady(["the close of the board and of the secretary's desk"])
    if await board.store.is_finished(work, poll_id):
        raise PollNotReady(["a board that still takes papers"])
    if len(choices) > given:
        raise BallotRefused("more_papers_than_were_given_out")
    hours = await board.hours(work, poll_id)
    entries = paper_entries(choices, hours=hours, at_ms=milliseconds(work.now))
    if entries:
        await growth.append(entries)
        manifest = await board.manifest(work, poll_id)
        await growth.sign(board.log_key(manifest), board.keys.signer(poll_id))
    await board.store.finish(work, poll_id)


async def _put_up(
    work: UnitOfWork, board: BoardAtWork, poll_id: UUID, waiting: Sequence[Waiting]
) -> None:
    """Write a batch: ballots, then cancellations, each in the order of hashes, and a signed head."""
    manifest = await board.manifest(work, poll_id)
    growth = await board.growth(work, poll_id)
    mirror = await board.board(work, poll_id)
    entries = batches.batch_of(
        manifest, mirror.standings, [one.document.encode() for one in waiting]
    )
    if entries:
        await growth.append(entries)
        await growth.sign(board.log_key(manifest), board.keys.signer(poll_id))


@asynccontextmanager
async def _told_closed() -> AsyncIterator[None]:
    """What the database refuses by its own clock, told as the box would."""
    try:
        yield
    except DBAPIError as error:
        if constraint_of(error) not in ("while_the_poll_is_open", "what_is_closed_stays_closed"):
            raise
        raise VoteNotOpen(IS_CLOSED) from error
