"""Entries that a keeper's own role plants in its log: the table refuses each by name, whoever keeps it."""

from pathlib import Path

import psycopg

from governance.ballots.choice import Mark
from governance.ballots.plain import Fields, canonical, pack
from governance.polls import board as board_verbs
from governance.polls.keeper import Keeper
from governance.tier import Tier
from simulation import voter
from tests.integration.polls.test_what_a_poll_refuses import paper, refusal_of, voted
from tests.polls import CLOSES_MS, PollScene, poll_scene

DESK, CLERK, BOARD = Keeper.SECRETARY, Keeper.CITY_CLERK, Keeper.BOARD


async def planted(scene: PollScene, keeper: Keeper, number: int, **entry: object) -> str | None:
    """How a keeper's role is refused an entry of its own log."""
    return await refusal_of(
        scene, keeper, f"INSERT INTO {keeper.schema}.log_line VALUES (:poll, :number, :line)",
        number=number, line=canonical({"index": number, **entry}),
    )  # fmt: skip


def wait(scene: PollScene, ballot: Fields) -> None:
    """A ballot waits, as if the box had taken it."""
    scene.owner.execute(
        "INSERT INTO ballot_board.waiting (poll_id, ballot) VALUES (%s, %s)",
        [scene.poll_id, canonical(ballot).decode()],
    )


async def test_who_took_part_in_a_detached_poll_is_told_after_the_close_alone(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path, tier=Tier.DETACHED) as scene:
        await scene.opened()
        entry = scene.entry_of(0).commitment
        scene.set_rows(
            "INSERT INTO governance.detached_mark VALUES (%s, %s)", scene.poll_id, entry.hex()
        )
        who = pack(entry)
        assert (
            await planted(scene, DESK, 1, kind="issued", commitment=who) == "told_after_the_close"
        )
        scene.at(CLOSES_MS)
        assert await planted(scene, DESK, 1, kind="paper", commitment=who) == "told_after_the_close"
        other = pack(scene.entry_of(1).commitment)
        assert (
            await planted(scene, DESK, 1, kind="issued", commitment=other) == "marked_and_entered"
        )
        await scene.ended()  # in which the desk tells it
        assert owner.execute("SELECT count(*) FROM desk_secretary.log_line").fetchone() == (2,)


async def test_a_log_begins_with_its_manifest_and_names_none_later(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        scene.notice()
        await scene.turn()
        await scene.publish()
        for keeper in Keeper:
            for entry in ({"kind": "close"}, {"kind": "manifest", "manifest": pack(bytes(32))}):
                assert await planted(scene, keeper, 0, **entry) == "begins_with_its_manifest"
        await scene.turn()
        assert scene.manifest is not None
        again = {"kind": "manifest", "manifest": pack(scene.manifest.digest())}
        for keeper in Keeper:
            assert await planted(scene, keeper, 1, **again) == "begins_with_its_manifest"


async def test_a_head_is_of_the_whole_log(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path, batch_least=1) as scene:
        await scene.opened()
        await voted(scene, 0)
        await scene.turn()
        for keeper in Keeper:
            for size in (1, 3):  # of two entries
                head = f"INSERT INTO {keeper.schema}.head VALUES (:poll, :size, 'x')"
                refused = await refusal_of(scene, keeper, head, size=size)
                assert refused == "a_head_of_the_whole_log"


async def test_an_older_ballot_of_a_key_does_not_come_back(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path, batch_least=1) as scene:
        await scene.opened()
        kept = await voted(scene, 0)
        _, first = kept.latest()
        assert first is not None
        await scene.turn()
        voter.fill(kept, Mark("against"))
        await voter.send(kept, scene.places())
        await scene.turn()
        wait(scene, first)
        assert await planted(scene, BOARD, 3, kind="ballot", ballot=first) == (
            "a_change_has_a_higher_number"
        )


async def test_a_ballot_key_that_is_struck_out_stays_struck_out(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path, batch_least=1) as scene:
        await scene.opened()
        kept = await voted(scene, 0)
        await scene.turn()
        await voter.cancel(kept, scene.places())
        await scene.turn()
        newer = voter.fill(kept, Mark("against"))
        wait(scene, newer)
        refused = await planted(scene, BOARD, 3, kind="ballot", ballot=newer)
        assert refused == "cancelled_for_good"


async def test_a_board_does_not_close_over_a_ballot_that_waits(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path, batch_least=10) as scene:
        await scene.opened()
        await voted(scene, 0)
        finish = "INSERT INTO ballot_board.finished VALUES (:poll)"
        assert await refusal_of(scene, BOARD, finish) == "finished_after_the_close"
        scene.at(CLOSES_MS)
        refused = await planted(scene, BOARD, 1, kind="close", closed_at_ms=CLOSES_MS)
        assert refused == "nobody_is_left_waiting"
        await scene.ended()
        kinds = "SELECT polls.said(line) ->> 'kind' FROM ballot_board.log_line ORDER BY number"
        assert owner.execute(kinds).fetchall() == [("manifest",), ("ballot",), ("close",)]


async def test_no_more_papers_are_read_than_were_given_out(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        await scene.opened()
        for keeper in (DESK, CLERK):
            assert await paper(scene, keeper, 2) == 200
        scene.at(CLOSES_MS)
        await scene.turn()
        await scene.turn()
        two = "INSERT INTO ballot_board.log_line VALUES (:poll, 2, :second), (:poll, 3, :third)"
        lines = [
            canonical({"index": number, "kind": "paper_ballot", "content": {"mark": "for"}})
            for number in (2, 3)
        ]
        refused = await refusal_of(scene, BOARD, two, second=lines[0], third=lines[1])
        assert refused == "no_more_papers_than_given_out"
        async with scene.databases[BOARD].work() as work:
            await board_verbs.read_papers(work, scene.board, scene.poll_id, [Mark("for")])
