"""The board is away when a poll closes: nothing is closed unseen, and the time is given back."""

from pathlib import Path

import psycopg
import pytest

from foundation.chance import SeededChance
from governance.ballots.choice import Mark
from governance.polls import board as board_verbs
from governance.polls import views
from governance.polls.closing import require_seen_closed
from governance.polls.errors import BoardWasAway, PollNotReady, PollUnwitnessed
from governance.polls.keeper import Keeper
from governance.polls.records import closed_poll, hours_of
from simulation import voter
from simulation.client import Refused
from tests.polls import CLOSES_MS, PollScene, poll_scene

HALF_OF_THE_GRACE_MS = 30_000
LATER_MS = CLOSES_MS + 3_600_000


async def voted(scene: PollScene, number: int) -> voter.VoterFolder:
    kept = scene.kept_by(number)
    chance = SeededChance(f"voter {number}")
    await voter.prepare(kept, scene.places(), scene.entry_of(number), chance)
    voter.fill(kept, Mark("for"))
    await voter.send(kept, scene.places())
    return kept


async def is_closed(scene: PollScene) -> bool:
    async with scene.office.reading() as reading:
        return await views.find_close(reading, scene.poll_id) is not None


async def close_of(scene: PollScene) -> bytes:
    async with scene.office.reading() as reading:
        entry = await views.find_close_entry(reading, scene.poll_id)
    assert entry is not None
    return entry


async def test_a_board_that_comes_back_too_late_waits_for_the_time_to_be_given_back(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        manifest = await scene.opened()
        early = await voted(scene, 0)
        scene.at(CLOSES_MS + HALF_OF_THE_GRACE_MS + 1000)
        for _ in range(2):
            await scene.turn()
        assert {type(one) for one in scene.refused} == {BoardWasAway}
        assert not await is_closed(scene)
        # What waits is not published as a batch of one, and no desk has ended its log.
        async with scene.databases[Keeper.BOARD].reading() as reading:
            assert len(await scene.board.store.waiting(reading, scene.poll_id)) == 1
        async with scene.line_to(Keeper.SECRETARY) as line:
            assert (await line.get(f"/desk/v1/polls/{scene.poll_id}/head")).json()["size"] == 0
        with pytest.raises(Refused, match="closed"):
            await voted(scene, 1)
        async with scene.databases[Keeper.BOARD].work() as work:
            await board_verbs.extend(
                work, scene.board, scene.poll_id, closes_at_ms=LATER_MS, reason="the board was away"
            )
        scene.refused.clear()
        late = await voted(scene, 1)
        scene.at(LATER_MS)
        await scene.turn()
        await scene.witness(at_seconds=LATER_MS // 1000 + 1)
        await scene.turn()
        await scene.turn()
        await scene.witness(at_seconds=LATER_MS // 1000 + 3)
        assert not scene.refused
        for kept in (early, late):
            assert await voter.fetch_receipt(kept, scene.places()) is not None
        async with scene.office.reading() as reading:
            closed = await closed_poll(reading, scene.poll_id)
            assert (await hours_of(reading, scene.poll_id)).closes_at_ms == LATER_MS
        require_seen_closed(manifest, await close_of(scene), closed.board.notes)


async def test_a_board_that_is_back_soon_closes_by_itself(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        await scene.opened()
        await voted(scene, 0)
        scene.at(CLOSES_MS + HALF_OF_THE_GRACE_MS - 10_000)
        await scene.turn()
        assert not scene.refused
        assert await is_closed(scene)


async def test_a_close_that_witnesses_saw_too_late_is_told_before_anything_is_counted(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        manifest = await scene.opened()
        await voted(scene, 0)
        scene.at(CLOSES_MS)
        await scene.turn()
        await scene.witness(at_seconds=CLOSES_MS // 1000 + manifest.grace_seconds + 1)
        await scene.turn()
        await scene.turn()
        await scene.witness(at_seconds=CLOSES_MS // 1000 + manifest.grace_seconds + 2)
        async with scene.office.reading() as reading:
            closed = await closed_poll(reading, scene.poll_id)
        with pytest.raises(PollUnwitnessed, match="anew"):
            require_seen_closed(manifest, await close_of(scene), closed.board.notes)


async def test_an_extension_into_the_past_or_of_a_closed_board_is_none(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    from tests.integration.polls.test_what_a_poll_refuses import refusal_of

    extend = "INSERT INTO ballot_board.extension VALUES (:poll, 1, :until, 'because')"
    async with poll_scene(database_address, owner, tmp_path) as scene:
        await scene.opened()
        scene.at(CLOSES_MS + 10_000)
        past = await refusal_of(scene, Keeper.BOARD, extend, until=CLOSES_MS + 5_000)
        assert past == "extended_never_shortened"
        head = "INSERT INTO desk_city_clerk.head VALUES (:poll, 1, 'x')"
        assert await refusal_of(scene, Keeper.CITY_CLERK, head) == "a_head_after_the_close"
        await scene.turn()
        closed = await refusal_of(scene, Keeper.BOARD, extend, until=LATER_MS)
        assert closed == "what_is_closed_stays_closed"
        with pytest.raises(PollNotReady):
            async with scene.office.reading() as reading:
                await closed_poll(reading, scene.poll_id)
