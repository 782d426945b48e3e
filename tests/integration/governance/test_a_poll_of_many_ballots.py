"""What grows with a poll's ballots: as many statements as there are thousands, in the memory of one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event, text

from governance.ballots.ballot import BallotKey, fill
from governance.ballots.choice import Mark
from governance.ballots.manifest import Manifest
from governance.ballots.plain import canonical, pack
from governance.motion import Motion
from governance.polls import records
from governance.polls.count import count_folder
from governance.polls.errors import PollCountFailed
from governance.polls.keeper import Keeper
from governance.polls.store.keepers import LINES_AT_ONCE
from governance.service import poll_count, votes
from governance.service.motions import Proposal
from governance.store import polls as store
from governance.store.polls import BUNDLE_PIECE_BYTES, Poll
from storage.engine import Database
from tests.assembly_polls import PolledAssembly, bylaws, polled_assembly
from tests.statements import counted
from verifier.check import verify

RULES = bylaws(ordinary={"ballot": "detached"})
ROOM = Proposal(title="A rest room", text="We rent a room.", matter="ordinary")
MANY = 2 * LINES_AT_ONCE + 600


@pytest.fixture
async def city(
    database: Database, owner: psycopg.Connection, database_address: str, tmp_path: Path
) -> AsyncIterator[PolledAssembly]:
    async with polled_assembly(
        database, owner, tmp_path, address=database_address, rules=RULES
    ) as found:
        yield found


def own_key(number: int) -> BallotKey:
    signer = Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big"))
    return BallotKey(public=signer.public_key().public_bytes_raw(), signer=signer)


def changes_of_mind(manifest: Manifest, key: BallotKey, count: int) -> Iterator[bytes]:
    """Entries of a board on which one member thinks again and again."""
    for number in range(2, count + 2):
        mark = Mark(("for", "against", "abstain")[number % 3])
        ballot = fill(manifest, key, mark, sequence=number).document()
        yield canonical({"index": number, "kind": "ballot", "ballot": ballot})


async def closed_with(city: PolledAssembly, count: int) -> tuple[Motion, Poll]:
    """A closed vote on whose board so many ballots stand."""
    motion = await city.moved(ROOM)
    [poll] = await city.polls(motion)
    await city.hand_in(poll, 0, Mark("for"))
    await city.scene.turn()
    manifest, key = await city.manifest(poll), city.keys[poll.poll_id, 1]
    rows = [(poll.poll_id, number, line) for number, line in enumerate(
        changes_of_mind(manifest, key, count), start=2
    )]  # fmt: skip
    with psycopg.connect(city.scene.address) as owner:
        owner.execute("SET LOCAL session_replication_role = replica")
        owner.cursor().executemany("INSERT INTO ballot_board.log_line VALUES (%s, %s, %s)", rows)
    return await city.closed(motion), poll


def about(sent: list[str], name: str) -> int:
    return sum(name in one for one in sent)


async def certified(city: PolledAssembly, motion: Motion) -> list[str]:
    with counted(city.assembly.database) as sent:
        async with city.assembly.database.work() as work:
            await votes.certify(work, motion.motion_id, certified_by="R. Officer")
    return sent


async def test_certifying_asks_for_a_thousand_ballots_at_a_time_and_for_nothing_else_more_often(
    city: PolledAssembly,
) -> None:
    few, _ = await closed_with(city, 20)
    small = await certified(city, few)
    many, poll = await closed_with(city, MANY)
    large = await certified(city, many)
    bundle = city.bundle(poll)
    pieces = -(-bundle.stat().st_size // BUNDLE_PIECE_BYTES)
    assert (
        about(large, "FROM ballot_board.log_line") - about(small, "FROM ballot_board.log_line") == 2
    )
    assert about(small, "INTO governance.bundle_piece") == 1
    assert about(large, "INTO governance.bundle_piece") == pieces
    assert len(large) - len(small) == 2 + pieces - 1
    told = verify(bundle).certificate
    assert (told["keys"], told["superseded"], told["valid"]) == (1, MANY, 1)


async def test_a_count_beside_the_service_is_the_count_within_it(
    city: PolledAssembly, tmp_path: Path
) -> None:
    _motion, poll = await closed_with(city, 12)
    seen: dict[str, bytes] = {}

    async def both(folder: Path, opening: bytes, entries: int) -> None:
        assert entries == 15  # the manifest, one by hand, twelve more, the close
        await poll_count.count_in_a_process(folder, opening, entries)
        seen["beside"] = (folder / "bundle.zip").read_bytes()
        await asyncio.to_thread(count_folder, folder, opening)
        seen["within"] = (folder / "bundle.zip").read_bytes()

    async with city.assembly.database.work() as work:
        await poll_count.count_poll(work, poll, keepers=records, count=both)
    assert seen["beside"] == seen["within"] == city.bundle(poll).read_bytes()


async def test_a_count_that_is_cut_short_writes_nothing_and_is_taken_up_again(
    city: PolledAssembly,
) -> None:
    motion, poll = await closed_with(city, 3)

    async def spoilt(folder: Path, opening: bytes, entries: int) -> None:
        (folder / "manifest.json").write_bytes(b"{}")
        await poll_count.count_in_a_process(folder, opening, entries)

    with pytest.raises(PollCountFailed, match="certify it again"):
        async with city.assembly.database.work() as work:
            await poll_count.count_poll(work, poll, keepers=records, count=spoilt)
    [row] = city.assembly.owner.execute("SELECT count(*) FROM governance.poll_count").fetchall()
    assert row == (0,)
    await certified(city, motion)
    verify(city.bundle(poll))


async def test_the_loop_goes_on_while_a_poll_is_counted(city: PolledAssembly) -> None:
    _, poll = await closed_with(city, 3)
    turns = 0

    async def count(folder: Path, opening: bytes, entries: int) -> None:
        nonlocal turns
        counting = asyncio.ensure_future(poll_count.count_in_a_process(folder, opening, entries))
        while not counting.done():
            await asyncio.wait([counting], timeout=0.01)
            turns += 1
        await counting

    async with city.assembly.database.work() as work:
        await poll_count.count_poll(work, poll, keepers=records, count=count)
    assert turns > 3


async def test_a_trustees_share_and_the_list_of_what_is_missing_read_no_ballot(
    city: PolledAssembly,
) -> None:
    motion, poll = await closed_with(city, 20)
    with counted(city.assembly.database) as sent:
        await city.release(poll, 3, at_ms=int(motion.timetable.closes_at.timestamp() + 9) * 1000)  # type: ignore[union-attr]
    assert about(sent, "SELECT number, line FROM") == 0


async def test_a_city_that_waits_at_the_close_is_published_a_thousand_ballots_at_a_time(
    city: PolledAssembly,
) -> None:
    motion = await city.moved(ROOM)
    [poll] = await city.polls(motion)
    manifest = await city.manifest(poll)
    waiting = [
        (poll.poll_id, canonical(fill(manifest, own_key(n), Mark("for"), sequence=1).document()).decode())
        for n in range(1, MANY + 1)
    ]  # fmt: skip
    city.assembly.owner.cursor().executemany(
        "INSERT INTO ballot_board.waiting (poll_id, ballot) VALUES (%s, %s)", waiting
    )
    board = city.scene.databases[Keeper.BOARD]
    with counted(board) as sent:
        await city.scene.turn()
    appended = about(sent, "INSERT INTO ballot_board.log_line")
    assert appended == -(-MANY // LINES_AT_ONCE)
    assert len(sent) < 40
    digests = city.assembly.owner.execute(
        "SELECT polls.digest_of(polls.document_in(line, number)) FROM ballot_board.log_line"
        " WHERE poll_id = %s AND number > 0 ORDER BY number", [poll.poll_id],
    ).fetchall()  # fmt: skip
    assert len(digests) == MANY
    assert digests == sorted(digests)
    [left] = city.assembly.owner.execute("SELECT count(*) FROM ballot_board.waiting").fetchall()
    assert left == (0,)
    [once] = city.assembly.owner.execute(
        "SELECT count(DISTINCT xmin::text) FROM ballot_board.log_line WHERE poll_id = %s AND number > 0",
        [poll.poll_id],
    ).fetchall()
    assert once == (1,)


async def test_a_key_is_looked_up_by_indexes_however_many_ballots_there_are(
    city: PolledAssembly,
) -> None:
    motion = await city.moved(ROOM)
    [poll] = await city.polls(motion)
    await city.hand_in(poll, 0, Mark("for"))
    asked: list[tuple[str, object]] = []

    def note(*args: object) -> None:
        asked.append((str(args[2]), args[3]))

    engine = city.assembly.database.engine.sync_engine
    async with city.assembly.database.work() as work:
        # Where nothing but the table's order is left, PostgreSQL reads it all the same and says so.
        await work.execute(text("SET LOCAL enable_seqscan = off"))
        await work.execute(text("SET LOCAL enable_bitmapscan = off"))
        event.listen(engine, "before_cursor_execute", note)
        try:
            found = await store.find_standing(
                work, poll.poll_id, pack(city.keys[poll.poll_id, 1].public)
            )
        finally:
            event.remove(engine, "before_cursor_execute", note)
        [(statement, parameters)] = asked
        plan = await work.connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)  # type: ignore[arg-type]
        lines = [str(row[0]) for row in plan]
    assert found == (1, False)
    assert not [line for line in lines if "Seq Scan" in line]
    for name in ("a_sequence_once", "cancelled_once", "waiting_of_a_key"):
        assert any(name in line for line in lines), (name, lines)
    conditions = [line for line in lines if "Index Cond" in line]
    assert sum("key" in line for line in conditions) == 3, lines
