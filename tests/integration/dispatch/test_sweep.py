"""What time brings about for many at once."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dispatch.sweep import AT_ONCE, sweep
from tests.dispatch_rows import damage
from tests.town import Town


async def states(town: Town, table: str) -> list[str]:
    async with town.database.reading() as work:
        return list((await work.execute(text(f"SELECT state FROM dispatch.{table}"))).scalars())


async def test_everything_whose_time_has_come_is_ended_in_one_sweep(
    town: Town, address: str
) -> None:
    """More of each kind than are looked at beside each other; each ends once."""
    many = 2 * AT_ONCE + 1
    for _ in range(many):
        await town.offer(await town.trip(), await town.driver(), seconds=0.001)
    damage(address, "UPDATE dispatch.trip SET expires_at = service_now() - interval '1 second'")
    assert await sweep(town.database) == 2 * many
    assert await states(town, "offer") == ["lapsed"] * many
    assert await states(town, "trip") == ["unfulfilled"] * many
    assert await sweep(town.database) == 0


async def test_two_sweeps_at_once_have_one_winner_each_time(town: Town, address: str) -> None:
    for _ in range(AT_ONCE + 2):
        await town.trip()
    damage(address, "UPDATE dispatch.trip SET expires_at = service_now() - interval '1 second'")
    await asyncio.gather(sweep(town.database), sweep(town.database))
    assert set(await states(town, "trip")) == {"unfulfilled"}
    ended = text("SELECT count(*) FROM dispatch.trip_event WHERE step = 'expire'")
    async with town.database.reading() as work:
        assert (await work.execute(ended)).scalar_one() == AT_ONCE + 2


async def test_a_fault_is_told_and_the_next_sweep_goes_on(town: Town, address: str) -> None:
    for _ in range(AT_ONCE + 2):
        await town.trip()
    damage(
        address,
        "UPDATE dispatch.trip SET expires_at = service_now() - interval '1 second'",
        "CREATE FUNCTION public.not_now() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'not now'; END $$",
        "CREATE TRIGGER not_now BEFORE UPDATE ON dispatch.trip FOR EACH ROW"
        " EXECUTE FUNCTION public.not_now()",
    )
    with pytest.raises(DBAPIError):
        await sweep(town.database)
    damage(address, "DROP TRIGGER not_now ON dispatch.trip")
    await sweep(town.database)
    assert set(await states(town, "trip")) == {"unfulfilled"}
