"""Whoever reads all that desks, box and board keep finds no way from a member to a ballot.

Twenty-five members vote right after they took their ballots. The same adversary finds each of them
where a defect is planted: batches of one, a ballot that is not shuffled, an audit table, a value or a
hash that stands on both sides.
"""

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from foundation.chance import SeededChance
from governance.ballots.choice import Mark
from governance.ballots.plain import pack
from simulation import voter
from storage import embedded
from tests.polls import PollScene, poll_scene
from tests.traces import Claims, claims_of, read_everything, right

MEMBERS = 25
BY_CHANCE_MAX = 12
"""Of three batches (10, 10, 5) one is guessed right in each on average. Thirteen or more of 25 would
come by chance less than once in ten thousand."""


async def vote_at_once(
    scene: PollScene, number: int, *, turn: bool = True, phone: str = "phone"
) -> str:
    """Take a ballot and vote; the processes turn. The ballot key comes back."""
    kept = scene.kept_by(number)
    key = await voter.prepare(
        kept, scene.places(), scene.entry_of(number), SeededChance(f"{phone} {number}")
    )
    voter.fill(kept, Mark("for" if number % 3 else "against"))
    await voter.send(kept, scene.places())
    if turn:
        await scene.turn()
    return pack(key.public)


@asynccontextmanager
async def voted(
    address: str, owner: psycopg.Connection, folder: Path, *, batch_least: int = 10, plant: str = ""
) -> AsyncIterator[tuple[PollScene, Claims]]:
    """A closed poll in which all have voted; and who did what."""
    async with poll_scene(
        address, owner, folder, members=MEMBERS, batch_least=batch_least
    ) as scene:
        await scene.opened()
        if plant:
            owner.execute(plant)
        truth = {
            scene.entry_of(number).commitment.hex(): await vote_at_once(scene, number)
            for number in range(MEMBERS)
        }
        await scene.ended()
        yield scene, truth


def found_by(owner: psycopg.Connection, truth: Claims) -> dict[str, int]:
    """How many ties each way of looking finds."""
    rows = read_everything(owner)
    claims = claims_of(rows, voters=truth, ballots=truth.values())
    return {name: right(claimed, truth) for name, claimed in claims.items()}


async def test_who_reads_everything_finds_no_tie(
    database_address: str,
    owner: psycopg.Connection,
    embedded_server: embedded.EmbeddedServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with voted(database_address, owner, tmp_path) as (scene, truth):
        found = found_by(owner, truth)
        assert any("desk_secretary.mark against ballot_board.log_line" in name for name in found)
        assert found["equal values"] == 0
        assert found["hashes"] == 0
        assert max(found.values()) <= BY_CHANCE_MAX, found
        logs = "".join(capsys.readouterr())
        logs += (embedded_server.folder / "server.log").read_text(encoding="utf-8")
        named = [*truth, *truth.values(), *(scene.people[n].member for n in range(MEMBERS))]
        assert not [one for one in named if one in logs]
        assert owner.execute("SELECT count(*) FROM ballot_board.waiting").fetchone() == (0,)
        assert dumped(embedded_server, owner.info.dbname, truth) == []


def dumped(server: embedded.EmbeddedServer, name: str, truth: Claims) -> list[str]:
    """Lines of a dump that hold a voter and a ballot at once, or that hold a ballot beside a time."""
    tool = embedded._bin() / "pg_dump"
    text = subprocess.run(
        [tool, "--data-only", "--inserts", server.address(name)], capture_output=True, text=True,
        check=True, timeout=120,
    ).stdout  # fmt: skip
    keys = {one.encode().hex(): one for one in truth.values()}
    voters = {pack(bytes.fromhex(one)).encode().hex(): one for one in truth} | {o: o for o in truth}
    lines = [line for line in text.splitlines() if any(key in line for key in keys)]
    assert len(lines) >= MEMBERS, "the dump must hold the ballots to show anything"
    return [line for line in lines if any(one in line for one in voters)]


@pytest.mark.parametrize(
    ("plant", "by"),
    [
        (
            "CREATE TABLE public.audit (at timestamptz DEFAULT clock_timestamp(), who text);"
            "GRANT INSERT ON public.audit TO PUBLIC;"
            "CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            "  INSERT INTO public.audit (who) VALUES (row_to_json(NEW)); RETURN NULL; END $$;"
            "CREATE TRIGGER note AFTER INSERT ON desk_secretary.mark FOR EACH ROW"
            "  EXECUTE FUNCTION public.note();"
            "CREATE TRIGGER note AFTER INSERT ON ballot_board.waiting FOR EACH ROW"
            "  EXECUTE FUNCTION public.note()",
            "order of public.audit against public.audit",
        ),
        (
            "CREATE TABLE public.kept (one text PRIMARY KEY, who text); GRANT ALL ON public.kept TO PUBLIC;"
            "CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            "  INSERT INTO public.kept SELECT NEW.ballot, 'session of ' || md5(commitment) FROM"
            "    (SELECT commitment FROM desk_secretary.mark ORDER BY ctid DESC LIMIT 1) AS last"
            "  ON CONFLICT DO NOTHING;"
            "  RETURN NULL; END $$;"
            "ALTER FUNCTION public.keep() SECURITY DEFINER;"
            "CREATE TRIGGER keep AFTER INSERT ON ballot_board.waiting FOR EACH ROW"
            "  WHEN (NOT pg_trigger_depth() > 1) EXECUTE FUNCTION public.keep()",
            "hashes",
        ),
    ],
    ids=["a log of what came", "a hash of who came"],
)  # fmt: skip
async def test_the_same_adversary_finds_a_planted_table(
    database_address: str, owner: psycopg.Connection, tmp_path: Path, plant: str, by: str
) -> None:
    # Large batches: what waits is shuffled seldom, and what is found is the plant's doing.
    async with voted(database_address, owner, tmp_path, batch_least=100, plant=plant) as (_, truth):
        found = found_by(owner, truth)
        assert found[by] > BY_CHANCE_MAX, found


async def test_the_same_adversary_finds_batches_of_one(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with voted(database_address, owner, tmp_path, batch_least=1) as (_, truth):
        found = found_by(owner, truth)
        assert found["order of desk_secretary.mark against ballot_board.log_line"] == MEMBERS
        assert found["nearness of desk_secretary.mark against ballot_board.log_line"] == MEMBERS


async def test_what_waits_is_in_no_log_and_in_no_order(
    database_address: str,
    owner: psycopg.Connection,
    embedded_server: embedded.EmbeddedServer,
    tmp_path: Path,
) -> None:
    async with poll_scene(
        database_address, owner, tmp_path, members=MEMBERS, batch_least=100
    ) as scene:
        await scene.opened()
        truth: dict[str, str] = {}
        for number in range(12):
            key = await vote_at_once(scene, number, turn=False, phone="another")
            truth[scene.entry_of(number).commitment.hex()] = key
        way = "order of desk_secretary.mark against ballot_board.waiting"
        assert found_by(owner, truth)[way] == 12  # before the board's turn it is a plain list
        await scene.turn()
        found = found_by(owner, truth)
        assert max(found.values()) <= 7, found  # of 12 one is right by chance
        assert (
            len({row.written_by for row in read_everything(owner) if "waiting" in row.table}) == 1
        )
        owner.execute("CREATE TABLE public.logged (word text)")
        owner.execute("INSERT INTO public.logged VALUES ('a-word-for-the-log-0123456789')")
        owner.execute("CHECKPOINT")
        assert in_write_ahead_log(embedded_server, "a-word-nobody-wrote-0123456789") == 0
        assert in_write_ahead_log(embedded_server, "a-word-for-the-log-0123456789") > 0
        marked = next(iter(truth))
        assert in_write_ahead_log(embedded_server, marked) > 0
        assert sum(in_write_ahead_log(embedded_server, key) for key in truth.values()) == 0


def in_write_ahead_log(server: embedded.EmbeddedServer, word: str) -> int:
    """How often a word stands in the files of the write-ahead log."""
    files = (one for one in (server.folder / "data" / "pg_wal").iterdir() if one.is_file())
    return sum(one.read_bytes().count(word.encode()) for one in files)


def test_the_adversary_reads_values_in_every_form() -> None:
    from tests.traces import Row

    secret = bytes(range(32))
    rows = [
        Row(table="a", written_by=1, place=(0, 1), text=f"{secret.hex()} session-number-0042"),
        Row(table="b", written_by=2, place=(0, 1), text=f"{pack(b'k' * 32)} session-number-0042"),
    ]
    claims = claims_of(rows, voters=[secret.hex()], ballots=[pack(b"k" * 32)])
    assert claims["equal values"] == {secret.hex(): pack(b"k" * 32)}
