"""What an issuing desk does: it knows the roll, marks it once, signs what it cannot see.

Verbs on one unit of work each. Asking the same again gives the same answer: bare RSA gives one
signature to one message.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from foundation.identifiers import UUID
from governance.ballots.blind_rsa import RawSigner
from governance.ballots.errors import NotOnTheRoll
from governance.ballots.hours import IS_CLOSED
from governance.ballots.issuance import NO_MARK, Desk, Mark, Request
from governance.ballots.manifest import Manifest
from governance.ballots.plain import Fields, pack
from governance.ballots.roll import root_of_roll
from governance.errors import VoteNotOpen
from governance.polls import keeping
from governance.polls.errors import ManifestStrange, PollNotFound, PollNotReady
from governance.polls.keeper import Keeper, desks_of
from governance.polls.keeping import KeeperAtWork, milliseconds
from governance.polls.keys import Issuers
from governance.polls.store.desks import DeskStore
from governance.tier import Tier
from storage.refusals import constraint_of
from storage.work import Reading, UnitOfWork


@dataclass(kw_only=True)
class DeskAtWork(KeeperAtWork[DeskStore]):
    """A running desk; `issuers` holds the keys it signs ballots with."""

    issuers: Issuers

    def pure(self, manifest: Manifest) -> Desk:
        """The desk as a decision, of a sealed poll.

        Raises
        ------
        PollNotFound
            If this desk issues nothing in it.
        """
        names = [one.log.name for one in manifest.desks]
        poll_id = UUID(manifest.vote)
        own = self.keeper.log_key(poll_id, b"").name
        if manifest.tier is not Tier.SEALED or own not in names:
            raise PollNotFound(poll_id)
        signer: RawSigner = self.issuers.get(poll_id)
        return Desk(manifest=manifest, number=names.index(own), signer=signer)


async def prepare(work: UnitOfWork, desk: DeskAtWork, poll_id: UUID, tier: Tier) -> None:
    """Make this desk's keys for a poll that was noticed, and publish the public ones."""
    signer = desk.keys.make_signer(poll_id)
    issuer = desk.issuers.make(poll_id).public_key.to_spki() if tier is Tier.SEALED else None
    lot = None
    if desk.keeper is Keeper.SECRETARY:
        lot = hashlib.sha256(desk.keys.make_lot(poll_id)).digest()
    await desk.store.insert_key(
        work, poll_id, log_public=signer.public_key().public_bytes_raw(), issuer_spki=issuer,
        lot_commitment=lot,
    )  # fmt: skip


async def sign(work: UnitOfWork, desk: DeskAtWork, poll_id: UUID, document: str) -> None:
    """Sign a manifest that says what this desk prepared, and begin the log.

    Raises
    ------
    ManifestStrange
        If the roll in it is not the published one, or a key or the lot is not this desk's.
    """
    terms = await desk.store.terms(work, poll_id)
    assert terms is not None, "a manifest to be signed has a key here"
    _, issuer, lot = terms
    roll = await desk.store.roll(work, poll_id)
    manifest = await keeping.sign_manifest(work, desk, poll_id, document)
    if manifest.roll.size != len(roll) or manifest.roll.root != root_of_roll(roll):
        raise ManifestStrange(poll_id, "its roll is not the published one")
    keys = [None if one.issuer is None else one.issuer.to_spki() for one in manifest.desks]
    if issuer is not None and keys[desks_of(Tier.SEALED).index(desk.keeper)] != bytes(issuer):
        raise ManifestStrange(poll_id, "it names another issuing key")
    if lot is not None and manifest.lot_commitment != bytes(lot):
        raise ManifestStrange(poll_id, "it commits to another lot")


async def issue(
    work: UnitOfWork, desk: DeskAtWork, poll_id: UUID, request: Request, *, blinded: bytes | None
) -> bytes | None:
    """Mark who asks, and sign.

    Raises
    ------
    PollNotFound
        If this desk issues nothing in such a poll.
    VoteNotOpen, NotOnTheRoll, VotedOnPaper, BallotAlreadyIssued, RequestNotSigned,
    BlindSignatureInvalid, SigningTokenUnavailable
        As they say; nothing is marked.
    """
    pure = desk.pure(await desk.manifest(work, poll_id))
    roll_entry = await desk.store.find_entry(work, poll_id, request.commitment)
    if roll_entry is None:  # before the log is locked: strangers hold up nobody on the roll
        raise NotOnTheRoll
    growth = await desk.growth(work, poll_id)
    found = pure.issue(
        request,
        blinded=blinded,
        roll_entry=roll_entry,
        mark=await desk.store.find_mark(work, poll_id, request.commitment),
        hours=await desk.hours(work, poll_id),
        at_ms=milliseconds(work.now),
    )
    if found.entry is not None:
        async with _told_closed():
            await desk.store.insert_mark(
                work, poll_id, request.commitment, mark=Mark(issued=request.requests)
            )
            await growth.append([found.entry])
    return found.signature


async def admit_to_paper(
    work: UnitOfWork, desk: DeskAtWork, poll_id: UUID, commitment: bytes
) -> None:
    """Note that somebody at the staffed desk gets a ballot paper; a second one is refused.

    Raises
    ------
    PollNotFound, VoteNotOpen, NotOnTheRoll, VotedOnPaper, CancellationNeeded
        As they say.
    """
    pure = desk.pure(await desk.manifest(work, poll_id))
    growth = await desk.growth(work, poll_id)
    roll_entry = await desk.store.find_entry(work, poll_id, commitment)
    mark = await desk.store.find_mark(work, poll_id, commitment)
    entry = pure.admit_to_paper(
        roll_entry,
        mark=mark,
        has_cancelled=await desk.store.spare_cancellations(work, poll_id) > 0,
        hours=await desk.hours(work, poll_id),
        at_ms=milliseconds(work.now),
    )
    async with _told_closed():
        if mark == NO_MARK:
            await desk.store.insert_mark(work, poll_id, commitment, mark=Mark(paper=True))
        else:
            await desk.store.change_to_paper(work, poll_id, commitment)
        await growth.append([entry])


async def end(work: UnitOfWork, desk: DeskAtWork, poll_id: UUID) -> None:
    """Sign the log as it stands after the close.

    Of a detached poll who took part is entered first, in the order of the roll, which tells nothing.
    """
    manifest = await desk.manifest(work, poll_id)
    growth = await desk.growth(work, poll_id)
    if manifest.tier is Tier.DETACHED:
        await growth.append([_took_part(one) for one in await desk.store.took_part(work, poll_id)])
    await growth.sign(desk.log_key(manifest), desk.keys.signer(poll_id))


async def reveal_lot(work: UnitOfWork, desk: DeskAtWork, poll_id: UUID) -> None:
    """Reveal what settles ties, after the board has ended (the secretary's desk)."""
    await desk.store.reveal_lot(work, poll_id, desk.keys.lot(poll_id))


async def count_issued(work: Reading, desk: DeskAtWork, poll_id: UUID) -> int:
    """How many were issued a ballot so far.

    Raises
    ------
    PollNotFound
    """
    await desk.manifest(work, poll_id)
    return await desk.store.count_issued(work, poll_id)


async def show_log(work: Reading, desk: DeskAtWork, poll_id: UUID, *, first: int) -> list[bytes]:
    """The log after the close: before, its order would tell when whom was issued a ballot.

    Raises
    ------
    PollNotFound
    PollNotReady
        Before the log is signed.
    """
    if (await keeping.show_head(work, desk, poll_id)).note is None:
        raise PollNotReady(["the close, after which this desk shows its log,"])
    return [line for _, line in await desk.store.lines(work, poll_id, first=first)]


def _took_part(commitment: bytes) -> Fields:
    return {"kind": "issued", "commitment": pack(commitment), "requests": [], "assertion": None}


@asynccontextmanager
async def _told_closed() -> AsyncIterator[None]:
    """What the database refuses by its own clock, told as the desk would."""
    try:
        yield
    except DBAPIError as error:
        match constraint_of(error):
            case "while_the_poll_is_open":
                raise VoteNotOpen(IS_CLOSED) from error
            case "on_the_roll":
                raise NotOnTheRoll from error
            case _:
                raise
