"""A closed poll opened, counted and bundled, however many ballots it has.

The logs go out of the tables into a folder in parts, and the bundle comes back in pieces: neither is
ever whole in the service's memory. A count of more ballots than a moment's work is done in a process
beside it.
"""

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, TypeAlias

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from foundation.identifiers import UUID
from governance.ballots import bundle, trustees
from governance.ballots.choice import Choice, Question, choice_of
from governance.ballots.errors import SharesUnusable
from governance.ballots.hours import Hours
from governance.ballots.manifest import Manifest
from governance.ballots.merkle import Head
from governance.ballots.plain import Fields, list_of, parse
from governance.ballots.tally import lot_seed
from governance.certificate import ClassVotes, PollSeal
from governance.polls.closing import require_seen_closed
from governance.polls.count import BUNDLE, CHOICES, count_folder, pieces_of
from governance.polls.errors import PollCountFailed, PollNotReady
from governance.polls.records import ClosedLog, ClosedPoll
from governance.service.published_polls import (
    Keepers,
    Release,
    final_head,
    get_manifest,
    is_stated,
)
from governance.store import polls as store
from governance.store.polls import BUNDLE_PIECE_BYTES, Poll, PollCount
from storage.work import Reading, UnitOfWork

BESIDE_FROM = 1000
"""Entries of a board from which a count is worth the start of a process."""
PROCESS_SECONDS_MAX = 1800.0

Count: TypeAlias = Callable[[Path, bytes, int], Awaitable[None]]
"""Counts a folder (`governance.polls.count.count_folder`), told how many entries the board has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedPoll:
    """A poll that was opened and counted."""

    question: Question
    votes: ClassVotes
    seal: PollSeal
    lot_seed: bytes


async def count_where_it_fits(folder: Path, opening: bytes, entries: int) -> None:
    """Count a few ballots beside the loop of this process, and many beside the process."""
    if entries < BESIDE_FROM:
        await asyncio.to_thread(count_folder, folder, opening)
    else:
        await count_in_a_process(folder, opening, entries)


async def count_in_a_process(folder: Path, opening: bytes, _entries: int) -> None:
    """Count in a process of low priority, which ends when this is cancelled.

    Raises
    ------
    PollCountFailed
        If it ended with a status, or takes too long.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        # What the process has no need to know: where the database is, and the secrets.
        if name != "DATABASE_URL" and not name.startswith(("KHAN_", "PG"))
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "governance.polls.count", str(folder),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE, env=kept,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PROCESS_SECONDS_MAX):
            _, said = await process.communicate(opening)
    except TimeoutError:
        raise PollCountFailed("it took too long") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise PollCountFailed(f"status {process.returncode}, {lines[-1]}")


async def count_poll(
    work: UnitOfWork, poll: Poll, *, keepers: Keepers, count: Count = count_where_it_fits
) -> CountedPoll:
    """Open a closed poll, count it, write its certificate and its bundle.

    Raises
    ------
    PollNotReady
        Naming what is missing, of the logs or of the trustees.
    PollUnwitnessed
        If no verifier would accept when the board was closed.
    PollCountFailed
        If the process that counts ended before it was done; nothing is written.
    """
    manifest = await get_manifest(work, poll.poll_id)
    closed = await keepers.closed_poll(work, poll.poll_id)
    head = final_head(manifest, closed)
    close = await keepers.find_close_entry(work, poll.poll_id)
    assert close is not None, "the board is closed"
    require_seen_closed(manifest, close, closed.board.notes)
    hours = await keepers.hours_of(work, poll.poll_id)  # as the board was extended
    releases = await store.list_releases(work, poll.poll_id)
    key, statements = _opened(manifest, head, releases, hours=hours)
    opening = bundle.opening_document(
        election_key=key.private_bytes_raw(), lot=closed.lot_secret, releases=statements
    )
    with TemporaryDirectory(prefix="khan-count-") as name:
        folder = Path(name)
        entries = await _lay_out(work, folder, manifest, closed=closed, keepers=keepers)
        await count(folder, opening, entries)
        said, choices = _text(folder / "certificate.json"), _text(folder / CHOICES)
        # The pieces come before the count that says how long they are together.
        length = await store.insert_bundle(
            work, poll.poll_id, pieces_of(folder / BUNDLE, BUNDLE_PIECE_BYTES)
        )
    digest = hashlib.sha256(said.encode()).hexdigest()
    await store.insert_count(
        work, poll.poll_id,
        PollCount(certificate=said, digest=digest, choices=choices, bundle_bytes=length),
    )  # fmt: skip
    return CountedPoll(
        question=manifest.question,
        votes=ClassVotes(
            member_class=poll.member_class, votes=_votes(choices, manifest.question),
            broken=len(list_of(parse(said.encode()), "broken")),
        ),
        seal=PollSeal(poll_id=poll.poll_id, member_class=poll.member_class, digest=digest),
        lot_seed=lot_seed(closed.lot_secret, head),
    )  # fmt: skip


def _votes(choices: str, question: Question) -> tuple[tuple[Choice, int], ...]:
    return tuple((choice_of(one, question), count) for one, count in json.loads(choices))


async def _lay_out(
    work: Reading, folder: Path, manifest: Manifest, *, closed: ClosedPoll, keepers: Keepers
) -> int:
    """Write the parts of the bundle that there are before the count; the board's entries come back."""
    poll_id, entries = UUID(manifest.vote), 0
    _write(folder / "manifest.json", [manifest.document()])
    _write(folder / "manifest.note", [closed.manifest_note.encode()])
    with _created(folder / "roll.jsonl") as file:
        async for some in store.parts_of_roll(work, poll_id):
            file.writelines(bundle.lines(one.line() for one in some))
    logs: dict[str, ClosedLog] = {f"desk-{n}": one for n, one in enumerate(closed.desk_logs)}
    for name, log in {**logs, "board": closed.board}.items():
        _write(folder / f"{name}-heads.jsonl", bundle.head_lines(log.notes))
        with _created(folder / f"{name}.jsonl") as file:
            entries = await keepers.copy_log(work, poll_id, log.keeper, to=file)
    return entries


def _created(path: Path) -> BinaryIO:
    return path.open("wb")


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(pieces)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _opened(
    manifest: Manifest, head: Head, releases: Sequence[Release], *, hours: Hours
) -> tuple[X25519PrivateKey, tuple[Fields, ...]]:
    """The key that enough shares give, and the statements that are signed over the closed board.

    Whoever gave up another share than was dealt to them stops nobody, if enough others did not.
    """
    terms = manifest.trustees
    assert terms is not None
    stated = [one for one in releases if is_stated(manifest, head, one[1], hours=hours)]
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
