"""What a poll's keepers have written, as the rest of governance uses it: their keys, the closed poll."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from foundation.identifiers import UUID
from governance.ballots import checkpoint
from governance.ballots import manifest as manifests
from governance.ballots.blind_rsa import IssuerKey
from governance.ballots.checkpoint import NamedKey
from governance.ballots.hours import Hours
from governance.ballots.manifest import DeskTerms, Manifest
from governance.polls import views
from governance.polls.errors import PollNotFound, PollNotPrepared, PollNotReady
from governance.polls.keeper import Keeper, desks_of
from governance.polls.store.desks import DeskStore
from governance.polls.store.keepers import LINES_AT_ONCE, KeeperStore, KeptHead
from governance.tier import Tier
from storage.work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the keepers prepared for a poll, for its manifest."""

    desks: tuple[DeskTerms, ...]
    board: NamedKey
    lot_commitment: bytes


async def parts_of(work: Reading, poll_id: UUID, *, tier: Tier) -> Parts:
    """The keys that the poll's desks and board have published.

    Raises
    ------
    PollNotPrepared
        Naming each keeper that has not; its process makes them within seconds once it runs.
    """
    missing, desks, lot = [], [], b""
    for keeper in desks_of(tier):
        terms = await DeskStore(keeper).terms(work, poll_id)
        if terms is None:
            missing.append(f"the keys of the {keeper.value}'s desk")
            continue
        public, issuer, commitment = terms
        desks.append(
            DeskTerms(
                log=keeper.log_key(poll_id, bytes(public)),
                issuer=None if issuer is None else IssuerKey.from_spki(bytes(issuer)),
            )
        )
        lot = lot if commitment is None else bytes(commitment)
    board = await KeeperStore(Keeper.BOARD).find_key(work, poll_id)
    if board is None:
        missing.append("the key of the board")
    if missing or board is None:
        raise PollNotPrepared(missing)
    return Parts(
        desks=tuple(desks),
        board=Keeper.BOARD.log_key(poll_id, bytes(board)),
        lot_commitment=lot,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLog:
    """A log that has ended: whose it is, and its heads that enough witnesses have signed, in order.

    Its entries are as many as there are ballots: `copy_log` writes them to a file.
    """

    keeper: Keeper
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedPoll:
    """What desks and board leave of a closed poll, but for the entries of their logs.

    Attributes
    ----------
    manifest_note
        The manifest's hash, signed by desks and board.
    desk_logs
        In the manifest's order.
    lot_secret
        The 32 bytes behind the manifest's lot commitment.
    """

    manifest_note: str
    desk_logs: tuple[ClosedLog, ...]
    board: ClosedLog
    lot_secret: bytes


async def hours_of(work: Reading, poll_id: UUID) -> Hours:
    """When a poll is open, extensions included.

    Raises
    ------
    PollNotFound
        If it was not opened.
    """
    noticed = Hours.of(await _manifest(work, poll_id))
    extended = await KeeperStore(Keeper.BOARD).extended_to_ms(work, poll_id)
    closes = max(noticed.closes_at_ms, extended or 0)
    return Hours(opens_at_ms=noticed.opens_at_ms, closes_at_ms=closes)


async def closed_poll(work: Reading, poll_id: UUID) -> ClosedPoll:
    """A closed poll, for the count and the bundle.

    Raises
    ------
    PollNotFound
        If it was not opened.
    PollNotReady
        Naming what is missing: signatures, the close, papers, witnesses' signatures, the lot.
    """
    manifest = await _manifest(work, poll_id)
    keepers = desks_of(manifest.tier)
    note, missing = await _signed(work, manifest, keepers)
    logs = []
    for keeper in (*keepers, Keeper.BOARD):
        store = KeeperStore(keeper)
        heads = await store.heads(work, poll_id, limit=100_000)
        witnessed = [one for one in heads if one.cosignatures >= manifest.witnesses_needed]
        missing += await _missing_of(work, poll_id, keeper=keeper, heads=heads, witnessed=witnessed)
        notes = tuple(one.note for one in reversed(witnessed))
        logs.append(ClosedLog(keeper=keeper, notes=notes))
    lot = await views.find_lot(work, poll_id)
    if lot is None:
        missing.append("the secretary's lot")
    if missing or lot is None:
        raise PollNotReady(missing)
    return ClosedPoll(
        manifest_note=note, desk_logs=tuple(logs[:-1]), board=logs[-1], lot_secret=lot
    )


async def find_close_entry(work: Reading, poll_id: UUID) -> bytes | None:
    """The board's close entry; None while it is open."""
    return await views.find_close_entry(work, poll_id)


async def copy_log(work: Reading, poll_id: UUID, keeper: Keeper, *, to: BinaryIO) -> int:
    """Write every entry of a log to a file, a newline behind each; how many there were.

    Read in parts, so that a log of any length takes the memory of one of them.
    """
    store, count = KeeperStore(keeper), 0
    while True:
        some = await store.lines(work, poll_id, first=count)
        to.writelines(line + b"\n" for _, line in some)
        count += len(some)
        if len(some) < LINES_AT_ONCE:
            return count


async def _manifest(work: Reading, poll_id: UUID) -> Manifest:
    document = await views.find_manifest(work, poll_id)
    if document is None:
        raise PollNotFound(poll_id)
    return manifests.read(document.encode())


async def _signed(
    work: Reading, manifest: Manifest, keepers: Sequence[Keeper]
) -> tuple[str, list[str]]:
    """The manifest's note, and whose signature it lacks."""
    found = await views.signatures(work, UUID(manifest.vote))
    lines = {
        Keeper.SECRETARY: found.secretary,
        Keeper.CITY_CLERK: found.city_clerk,
        Keeper.BOARD: found.board,
    }
    wanted = (*keepers, Keeper.BOARD)
    missing = [f"the {one.value}'s signature" for one in wanted if lines[one] is None]
    text = manifest.signing_text()
    return checkpoint.note(text, [lines[one] or "" for one in wanted]), missing


async def _missing_of(
    work: Reading,
    poll_id: UUID,
    *,
    keeper: Keeper,
    heads: Sequence[KeptHead],
    witnessed: Sequence[KeptHead],
) -> list[str]:
    """What one log lacks to be published: its end, or witnesses under what must have them."""
    needed = [heads[0].size] if heads else []
    if keeper is Keeper.BOARD:
        close = await views.find_close(work, poll_id)
        if close is None:
            return ["the board's close"]
        if not await views.is_finished(work, poll_id):
            return ["the papers, which the board waits for"]
        needed.append(close + 1)
    elif not heads:
        return [f"the signed log of the {keeper.value}'s desk"]
    sizes = {one.size for one in witnessed}
    if set(needed) <= sizes:
        return []
    owner = "the board" if keeper is Keeper.BOARD else f"the {keeper.value}'s log"
    return [f"witnesses' signatures under {owner}"]
