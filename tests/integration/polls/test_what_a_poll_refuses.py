"""Whatever is late, early, strange or a second time is refused, over HTTP and by the database itself."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from foundation.chance import SeededChance
from governance.ballots.choice import Mark
from governance.ballots.plain import canonical, pack, unpack
from governance.polls import board as board_verbs
from governance.polls import board_turns
from governance.polls.errors import ManifestStrange, PollNotReady
from governance.polls.keeper import Keeper
from governance.polls.records import closed_poll
from governance.tier import Tier
from simulation import voter
from simulation.client import Refused, ServiceGone
from simulation.voter import Places, VoterFolder
from storage.refusals import constraint_of
from tests.ballot_scene import voters
from tests.polls import CLOSES_MS, OPENS_MS, SECRET, PollScene, poll_scene


async def prepared(scene: PollScene, number: int) -> VoterFolder:
    kept = scene.kept_by(number)
    chance = SeededChance(f"voter {number}")
    await voter.prepare(kept, scene.places(), scene.entry_of(number), chance)
    return kept


async def voted(scene: PollScene, number: int, mark: str = "for") -> VoterFolder:
    kept = await prepared(scene, number)
    voter.fill(kept, Mark(mark))
    await voter.send(kept, scene.places())
    return kept


class Down(httpx.AsyncBaseTransport):
    """A line to a machine that is off."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody listens", request=request)


async def refusal_of(
    scene: PollScene, keeper: Keeper, statement: str, **values: object
) -> str | None:
    """How the database refuses a keeper's role a statement: the constraint, or `privilege`."""
    with pytest.raises(DBAPIError) as refusal:
        async with scene.databases[keeper].work() as work:
            await work.execute(text(statement), {"poll": scene.poll_id, **values})
    if getattr(refusal.value.orig, "sqlstate", None) == "42501":
        return "privilege"
    return constraint_of(refusal.value)


async def paper(scene: PollScene, keeper: Keeper, number: int, secret: str = SECRET) -> object:
    async with scene.line_to(keeper) as line:
        answer = await line.post(
            f"/desk/v1/polls/{scene.poll_id}/paper",
            json={"commitment": pack(scene.entry_of(number).commitment)},
            headers={"Authorization": f"Bearer {secret}"},
        )
    return answer.json().get("code", answer.status_code)


async def test_a_desk_marks_once_and_gives_the_same_answer_to_the_same_request(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        await scene.opened()
        kept = await prepared(scene, 0)
        tokens = kept.find("key.json")
        (kept.folder / "key.json").unlink()  # the answers were lost
        await prepared(scene, 0)
        assert kept.find("key.json") == tokens
        other = VoterFolder(tmp_path / "another phone", kept.manifest)
        with pytest.raises(Refused) as refused:
            await voter.prepare(other, scene.places(), scene.entry_of(0), SeededChance("other"))
        assert refused.value.code == "ballot_already_issued"
        stranger = scene.entry_of(1)
        scene.people = voters(7)
        strange = VoterFolder(tmp_path / "stranger", kept.manifest)
        with pytest.raises(Refused) as refused:
            await voter.prepare(strange, scene.places(), scene.entry_of(6), SeededChance("s"))
        assert refused.value.code == "not_on_the_roll"
        wrong = voter.OwnEntry(commitment=stranger.commitment, passkey=scene.entry_of(2).passkey)
        stolen = VoterFolder(tmp_path / "thief", kept.manifest)
        with pytest.raises(Refused) as refused:
            await voter.prepare(stolen, scene.places(), wrong, SeededChance("t"))
        assert refused.value.code == "ballot_request_not_signed"
        async with scene.line_to(Keeper.SECRETARY) as line:
            assert (await line.get(f"/desk/v1/polls/{scene.poll_id}")).json() == {"issued": 1}
            shown = (await line.get(f"/desk/v1/polls/{scene.poll_id}/log")).json()
            assert shown["code"] == "poll_not_ready"  # its order is nobody's business yet


async def test_late_and_early_is_refused_by_desks_box_and_tables(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        await scene.opened()
        kept = await voted(scene, 0)
        scene.at(OPENS_MS - 1000)
        with pytest.raises(Refused, match="has not opened"):
            await prepared(scene, 1)
        scene.at(CLOSES_MS)
        with pytest.raises(Refused) as refused:
            await prepared(scene, 1)
        assert refused.value.code == "vote_not_open"
        voter.fill(kept, Mark("against"))
        with pytest.raises(Refused, match="closed"):
            await voter.send(kept, scene.places())
        wait = "INSERT INTO ballot_board.waiting (poll_id, ballot) VALUES (:poll, '{}')"
        assert await refusal_of(scene, Keeper.BOARD, wait) == "while_the_poll_is_open"
        await scene.turn()
        (kept.folder / "ballot-2.json").unlink()
        assert await voter.send(kept, scene.places())  # what was taken is taken, also now
        assert await voter.fetch_receipt(kept, scene.places()) is not None


async def test_a_changed_mind_a_cancelled_ballot_and_paper(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path, batch_least=2) as scene:
        await scene.opened()
        first, _ = await voted(scene, 0), await voted(scene, 1)
        await scene.turn()
        assert await paper(scene, Keeper.SECRETARY, 0, secret="guessed") == "desk_secret_wrong"
        assert await paper(scene, Keeper.SECRETARY, 0) == "cancellation_needed"
        await voter.cancel(first, scene.places())
        for keeper in (Keeper.SECRETARY, Keeper.CITY_CLERK):
            assert await paper(scene, keeper, 0) == 200
            assert await paper(scene, keeper, 0) == "voted_on_paper"
            assert await paper(scene, keeper, 1) == "cancellation_needed"  # that slip is used
            assert await paper(scene, keeper, 2) == 200  # nothing was issued to them
        with pytest.raises(Refused) as refused:
            await prepared(scene, 2)
        assert refused.value.code == "voted_on_paper"
        voter.fill(first, Mark("against"))
        with pytest.raises(Refused) as refused:
            await voter.send(first, scene.places())
        assert refused.value.code == "ballot_cancelled"
        scene.at(CLOSES_MS)
        await scene.turn()
        await scene.turn()
        await scene.witness(at_seconds=CLOSES_MS // 1000 + 1)
        async with scene.office.reading() as reading:
            with pytest.raises(PollNotReady, match="papers"):
                await closed_poll(reading, scene.poll_id)
        async with scene.databases[Keeper.BOARD].work() as work:
            with pytest.raises(board_verbs.BallotRefused):
                await board_verbs.read_papers(work, scene.board, scene.poll_id, [Mark("for")] * 3)
        async with scene.databases[Keeper.BOARD].work() as work:
            await board_verbs.read_papers(work, scene.board, scene.poll_id, [Mark("for")] * 2)
        await scene.turn()
        await scene.witness(at_seconds=CLOSES_MS // 1000 + 2)
        async with scene.office.reading() as reading:
            await closed_poll(reading, scene.poll_id)
        lines = await scene.lines_of(Keeper.BOARD)
        kinds = [line.partition(b'"kind":"')[2].partition(b'"')[0] for line in lines]
        assert kinds == [
            b"manifest", b"ballot", b"ballot", b"cancellation", b"close", b"paper_ballot", b"paper_ballot",
        ]  # fmt: skip


async def test_a_box_that_forgot_what_waited_gets_it_again(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path, batch_least=3) as scene:
        await scene.opened()
        kept = [await voted(scene, number) for number in range(2)]
        owner.execute("TRUNCATE ballot_board.waiting")  # as PostgreSQL does after a crash
        scene.board = board_verbs.BoardAtWork(
            store=scene.board.store, keys=scene.board.keys, batch_least=3
        )
        assert [await voter.fetch_receipt(one, scene.places()) for one in kept] == [None, None]
        await voted(scene, 2)
        await scene.turn()
        for one in kept:
            assert await voter.fetch_receipt(one, scene.places()) is not None


async def test_a_desk_that_is_down_is_asked_again_for_the_same(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        await scene.opened()
        kept, there = scene.kept_by(0), scene.places()
        away = httpx.AsyncClient(transport=Down(), base_url="http://city-clerk")
        with pytest.raises(ServiceGone):
            await voter.prepare(
                kept, Places(desks=(there.desks[0], away), box=there.box), scene.entry_of(0),
                SeededChance("voter 0"),
            )  # fmt: skip
        assert kept.ballot_key() is None
        key = await voter.prepare(kept, there, scene.entry_of(0), SeededChance("another"))
        assert len(key.tokens) == 2


async def test_one_member_cannot_fill_the_box_by_changing_their_mind(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        await scene.opened()
        kept = await prepared(scene, 0)
        sent = 0
        with pytest.raises(ServiceGone):  # told 429 each time, a device gives up for now
            for _ in range(20):
                voter.fill(kept, Mark("for"))
                await voter.send(kept, scene.places())
                sent += 1
        assert sent == 3
        await scene.turn()
        async with scene.databases[Keeper.BOARD].reading() as reading:
            assert len(await scene.board.store.waiting(reading, scene.poll_id)) == 1
        await voter.send(kept, scene.places())  # the turn has made room for the last one
        await scene.ended()
        assert await voter.fetch_receipt(kept, scene.places()) is not None


async def test_whoever_votes_last_is_on_the_board_with_those_kept_back(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path, batch_least=2) as scene:
        scene.board.kept_back = 2
        await scene.opened()
        for number in range(5):
            await voted(scene, number)
            await scene.turn()
        await scene.ended()
        database = scene.databases[Keeper.BOARD]
        async with database.reading() as reading:
            heads = await scene.board.store.heads(reading, scene.poll_id)
        # Entry 0 alone; two of the first four; whoever came last with the two kept back; the close.
        assert sorted(one.size for one in heads) == [1, 3, 6, 7]


async def test_a_stranger_waits_for_no_lock_and_takes_none(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        await scene.opened()
        asked = {"commitment": pack(bytes(32)), "requests": [], "blinded": pack(bytes(256))}
        with owner.transaction():
            owner.execute("SELECT desk_secretary.one_at_a_time(%s)", [scene.poll_id])
            async with asyncio.timeout(20), scene.line_to(Keeper.SECRETARY) as line:
                answer = await line.post(f"/desk/v1/polls/{scene.poll_id}/issue", json=asked)
        assert answer.json()["code"] == "not_on_the_roll"


async def test_a_device_that_died_before_its_slip_was_kept_makes_it(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        await scene.opened()
        kept = scene.kept_by(0)
        away = httpx.AsyncClient(transport=Down(), base_url="http://city-clerk")
        there = scene.places()
        with pytest.raises(ServiceGone):
            await voter.prepare(
                kept, Places(desks=(there.desks[0], away), box=there.box), scene.entry_of(0),
                SeededChance("voter 0"),
            )  # fmt: skip
        request = kept.find("request.json")
        assert request is not None
        await prepared(scene, 0)
        slip = kept.find("slip.json")
        # What ties the ballot to the member who asked for it is forgotten once it is granted.
        assert slip is not None
        assert kept.find("request.json") is None
        kept.keep("request.json", request)
        (kept.folder / "slip.json").unlink()
        await prepared(scene, 0)
        assert kept.find("slip.json") == slip
        (kept.folder / "slip.json").unlink()  # taken elsewhere, as its owner should
        await prepared(scene, 0)
        assert kept.find("slip.json") is None


async def test_a_poll_is_extended_while_it_is_open_and_never_shortened(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        await scene.opened()
        later = CLOSES_MS + 600_000
        async with scene.databases[Keeper.BOARD].work() as work:
            await board_verbs.extend(
                work, scene.board, scene.poll_id, closes_at_ms=later, reason="the board was down"
            )
        scene.at(CLOSES_MS + 1000)
        await voted(scene, 0)
        await scene.turn()
        extend = """INSERT INTO ballot_board.extension VALUES (:poll, 2, :until, 'because')"""
        shorter = await refusal_of(scene, Keeper.BOARD, extend, until=later - 1)
        assert shorter == "extended_never_shortened"
        scene.at(later)
        await scene.turn()
        late = await refusal_of(scene, Keeper.BOARD, extend, until=later + 1)
        assert late == "what_is_closed_stays_closed"
        with pytest.raises(Refused, match="closed"):
            await prepared(scene, 1)


async def test_a_manifest_that_says_something_else_is_not_signed(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        scene.notice()
        await scene.turn()
        publish = scene.set_manifest
        strange = {}

        def changed(manifest: object) -> None:
            first, second = manifest.desks  # type: ignore[attr-defined]
            swapped = (replace(first, issuer=second.issuer), replace(second, issuer=first.issuer))
            strange["one"] = replace(
                manifest, desks=swapped, lot_commitment=bytes(32),  # type: ignore[type-var]
            )  # fmt: skip
            publish(strange["one"])

        scene.set_manifest = changed  # type: ignore[method-assign]
        await scene.publish()
        scene.at(OPENS_MS)
        await scene.turn()
        assert [type(one) for one in scene.refused] == [ManifestStrange, ManifestStrange]
        assert "another issuing key" in str(scene.refused[1])
        with pytest.raises(Refused) as refused:
            await prepared(scene, 0)
        assert refused.value.code == "poll_not_found"


async def test_no_role_writes_or_reads_what_is_anothers(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        await scene.opened()
        await voted(scene, 0)
        desk, board, clerk = Keeper.SECRETARY, Keeper.BOARD, Keeper.CITY_CLERK
        tries = [
            (desk, "SELECT * FROM governance.member"),
            (desk, "SELECT salt FROM governance.roll_entry"),
            (desk, "SELECT * FROM registry.person"),
            (desk, "SELECT * FROM ballot_board.waiting"),
            (desk, "SELECT * FROM ballot_board.log_line"),
            (desk, "INSERT INTO desk_city_clerk.mark VALUES (:poll, 'x', NULL, true)"),
            (desk, "INSERT INTO governance.manifest VALUES (:poll, '{}', 'x', now())"),
            (clerk, "SELECT * FROM governance.detached_mark"),
            (clerk, "SELECT * FROM desk_secretary.mark"),
            (board, "SELECT * FROM governance.poll_roll"),
            (board, "SELECT * FROM desk_secretary.mark"),
            (board, "SELECT * FROM desk_secretary.log_line"),
            (board, "SELECT * FROM governance.detached_mark"),
            (board, "DELETE FROM ballot_board.waiting"),
            (board, "UPDATE ballot_board.waiting SET ballot = '{}'"),
        ]
        for keeper, statement in tries:
            assert await refusal_of(scene, keeper, statement) == "privilege", statement
        async with scene.office.work() as work:
            seen = await work.execute(text("SELECT count(*) FROM ballot_board.waiting"))
            assert seen.scalar_one() == 0  # what waits in a sealed poll is the board's alone
        for statement in (
            "INSERT INTO ballot_board.waiting (poll_id, ballot) VALUES (:poll, '{}')",
            "INSERT INTO desk_secretary.mark VALUES (:poll, 'x', NULL, true)",
            "INSERT INTO ballot_board.log_line VALUES (:poll, 9, 'x')",
            "TRUNCATE ballot_board.waiting",
        ):
            with pytest.raises(DBAPIError) as refusal:
                async with scene.office.work() as work:
                    await work.execute(text(statement), {"poll": scene.poll_id})
            assert refusal.value.orig.sqlstate == "42501"  # type: ignore[union-attr]


async def test_the_tables_refuse_planted_entries_whoever_writes_them(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path, batch_least=2) as scene:
        await scene.opened()
        kept = [await voted(scene, number) for number in range(2)]
        await scene.turn()
        desk, board = Keeper.SECRETARY, Keeper.BOARD
        line = "INSERT INTO SCHEMA.log_line VALUES (:poll, :number, :line)"

        async def planted(keeper: Keeper, number: int, **entry: object) -> str | None:
            return await refusal_of(
                scene, keeper, line.replace("SCHEMA", keeper.schema), number=number,
                line=canonical({"index": number, **entry}),
            )  # fmt: skip

        _, ballot = kept[0].latest()
        assert await planted(board, 5, kind="close", closed_at_ms=1) == "a_log_without_gaps"
        assert await planted(board, 2, kind="close", closed_at_ms=1) == "a_log_without_gaps"
        assert await planted(board, 3, kind="close", closed_at_ms=CLOSES_MS) == "closed_at_its_time"
        assert await planted(board, 3, kind="ballot", ballot=ballot) == "it_came_in_time"
        assert await planted(board, 3, kind="paper_ballot", content={}) == "nothing_after_the_close"
        assert await planted(board, 3, kind="extension", closes_at_ms=1) == "extended_as_decided"
        assert await planted(board, 3, kind="gossip") == "a_known_kind"
        who = pack(scene.entry_of(3).commitment)
        assert await planted(desk, 3, kind="issued", commitment=who) == "marked_and_entered"
        mark = "INSERT INTO desk_secretary.mark VALUES (:poll, :who, ARRAY['\\x00'::bytea], false)"
        unmarked = scene.entry_of(3).commitment.hex()
        assert await refusal_of(scene, desk, mark, who=unmarked) == "marked_and_entered"
        assert await refusal_of(scene, desk, mark, who="00" * 32) == "on_the_roll"
        marked = scene.entry_of(0).commitment.hex()
        assert await refusal_of(scene, desk, mark, who=marked) == "one_mark_each"
        back = "UPDATE desk_secretary.mark SET paper = false WHERE commitment = :who"
        assert await refusal_of(scene, desk, back, who=marked) == "a_mark_changes_to_paper_alone"
        for statement in (
            "DELETE FROM desk_secretary.mark",
            "UPDATE ballot_board.log_line SET line = line",
            "TRUNCATE ballot_board.log_line CASCADE",
            "DELETE FROM ballot_board.head",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation):
                owner.execute(statement)
        head = "INSERT INTO desk_secretary.head VALUES (:poll, 3, 'x')"
        assert await refusal_of(scene, desk, head) == "a_head_after_the_close"
        lot = "INSERT INTO desk_secretary.lot_revealed VALUES (:poll, :lot)"
        secret = scene.desks[desk].keys.lot(scene.poll_id)
        assert await refusal_of(scene, desk, lot, lot=secret) == "the_lot_after_the_board"
        assert (
            await refusal_of(scene, desk, lot, lot=bytes(32)) == "the_lot_is_the_one_committed_to"
        )
        await scene.ended()
        assert await planted(board, 4, kind="gossip") == "nothing_after_the_close"
        assert await planted(desk, 3, kind="paper", commitment=who) == "nothing_after_the_last_head"


async def test_two_turns_at_once_publish_a_ballot_once(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path, batch_least=2) as scene:
        await scene.opened()
        kept = [await voted(scene, number) for number in range(3)]
        database = scene.databases[Keeper.BOARD]
        await asyncio.gather(*(board_turns.turn(database, scene.board) for _ in range(3)))
        for one in kept:
            assert await voter.fetch_receipt(one, scene.places()) is not None
        async with database.reading() as reading:
            assert len(await scene.board.store.lines(reading, scene.poll_id, first=0)) == 4


async def test_a_detached_poll_tells_who_took_part_after_the_close(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(
        database_address, owner, tmp_path, tier=Tier.DETACHED, batch_least=2
    ) as scene:
        await scene.opened()
        kept = []
        for number in range(3):
            one = await prepared(scene, number)
            document = canonical(voter.fill(one, Mark("for"))).decode()
            with pytest.raises(Refused) as refused:
                await voter.send(one, scene.places())
            assert refused.value.code == "ballot_refused"  # without a name nobody hands in here
            scene.set_rows(
                "INSERT INTO governance.detached_mark VALUES (%s, %s)",
                scene.poll_id, scene.entry_of(number).commitment.hex(),
            )  # fmt: skip
            async with scene.office.work() as work:
                await work.execute(
                    text("INSERT INTO ballot_board.waiting (poll_id, ballot) VALUES (:poll, :one)"),
                    {"poll": scene.poll_id, "one": document},
                )
            kept.append(one)
        await scene.ended()
        assert await voter.fetch_receipt(kept[2], scene.places()) is not None
        async with scene.office.reading() as reading:
            closed = await closed_poll(reading, scene.poll_id)
        (log,) = closed.desk_logs
        lines = await scene.lines_of(log.keeper)
        who = [pack(scene.entry_of(number).commitment) for number in range(3)]
        ordered = sorted(who, key=unpack)
        assert [line.partition(b'"commitment":"')[2][:44].decode() for line in lines[1:]] == ordered


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b'{"key": NaN}', b'{"key": 1e999}', b'{"key": 1.5}', b"\xff\xfe",
        b'{"key": 123456789012345678901234567890}', b'{"key": "\\ud800"}', b'{"key": "\\u0000"}',
        b'{"sequence": true}', b'{"a": ' * 5000 + b"1" + b"}" * 5000, b'{"vote": 1, "vote": 2}',
    ],
    ids=range(13),
)  # fmt: skip
async def test_whatever_is_sent_to_the_box_is_refused_by_name(
    database_address: str, owner: psycopg.Connection, tmp_path: Path, body: bytes
) -> None:
    async with poll_scene(database_address, owner, tmp_path, members=1) as scene:
        await scene.opened()
        headers = {"Content-Type": "application/json"}
        async with scene.line_to(Keeper.BOARD) as line:
            for what in ("ballots", "cancellations"):
                path = f"/box/v1/polls/{scene.poll_id}/{what}"
                answer = await line.post(path, content=body, headers=headers)
                assert answer.status_code in (400, 422), answer.text
                slip = body.replace(b'{"', b'{"kind": "cancellation", "', 1)
                answer = await line.post(path, content=slip, headers=headers)
                assert answer.status_code in (400, 422), answer.text
