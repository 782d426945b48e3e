"""What drivers are owed goes to their banks: I21 and I22, files, and what the bank answers."""

from collections.abc import Iterator

import psycopg
import pytest

from ledger import payouts
from ledger.account import Role, account_of_driver
from ledger.errors import (
    DestinationInUse,
    NothingToPay,
    PayoutEnded,
    PayoutFileChanged,
    PayoutFileNotFound,
    PayoutNotFound,
)
from ledger.payout_file import faults_of
from ledger.store.payouts import list_destinations, list_payouts_of_driver
from tests.book_rows import AT, Writer, account_named, named, refused
from tests.money import USD, numbered
from tests.payout_scene import HOUR, MINE, THIEFS, Scene
from tests.people import a_rider
from tests.service_time import move_time


async def test_all_that_is_owed_goes_out_and_the_bank_says_so(ready: Scene) -> None:
    made = await ready.make_file()
    assert (made.file.payouts, made.file.total_minor) == (1, ready.owed_minor)
    text = await ready.text()
    assert faults_of(text) == []
    assert b"444455556" in text
    assert await ready.balance(Role.DRIVER) == -ready.owed_minor, "pending moves no balance"
    assert await ready.sent() == 1
    assert await ready.sent() == 0
    assert await ready.balance(Role.DRIVER) == 0
    assert await ready.balance(Role.BANK) == -ready.owed_minor
    async with ready.city.database.work() as work:
        (payout,) = await list_payouts_of_driver(work, ready.driver_id, limit=9)
    assert (payout.state, payout.amount_minor) == ("sent", ready.owed_minor)


async def test_the_same_file_twice_is_one_file(ready: Scene) -> None:
    first = await ready.make_file()
    again = await ready.make_file()
    assert again.file == first.file
    with pytest.raises(NothingToPay):
        await ready.make_file(2)


async def test_who_gave_no_account_is_named_and_waits(scene: Scene) -> None:
    with pytest.raises(NothingToPay, match="1 without one"):
        await scene.make_file()


async def test_small_sums_wait(ready: Scene) -> None:
    with pytest.raises(NothingToPay, match="0 without one"):
        await ready.make_file(least_minor=ready.owed_minor + 1)
    assert (await ready.make_file(least_minor=ready.owed_minor)).file.payouts == 1


@pytest.mark.parametrize("sent", [False, True])
async def test_what_the_bank_refuses_or_returns_is_owed_again(ready: Scene, sent: bool) -> None:
    await ready.make_file()
    if sent:
        await ready.sent()
    payout_id = await ready.payout_id()
    await ready.returned(payout_id)
    assert await ready.balance(Role.DRIVER) == -ready.owed_minor
    assert await ready.balance(Role.BANK) == 0
    with pytest.raises(PayoutEnded):
        await ready.returned(payout_id)
    assert await ready.sent() == 0
    assert (await ready.make_file(2)).file.total_minor == ready.owed_minor


async def test_a_file_that_would_differ_is_not_written(ready: Scene) -> None:
    await ready.make_file()
    with pytest.raises(PayoutFileChanged):
        await ready.text(payer=MINE)
    ready.owner.execute("DELETE FROM registry.contact WHERE person_id = %s", [ready.driver_id])
    with pytest.raises(PayoutFileChanged):
        await ready.text()


async def test_what_is_not_there(ready: Scene) -> None:
    for ask in (ready.text(9), ready.sent(9)):
        with pytest.raises(PayoutFileNotFound):
            await ask
    with pytest.raises(PayoutNotFound):
        await ready.returned(numbered(9))


# --- I22


async def test_I22_a_new_destination_waits_three_days(ready: Scene) -> None:
    assert await ready.set_destination(THIEFS) == 2
    move_time(ready.address, 72 * HOUR - 1)
    await ready.make_file()
    assert b"444455556" in await ready.text()
    await ready.city.settled_trip(driver_id=ready.driver_id)
    move_time(ready.address, 1)
    await ready.make_file(2)
    assert b"999900001" in await ready.text(2)


async def test_I22_its_owner_takes_back_what_somebody_else_set(ready: Scene) -> None:
    await ready.set_destination(THIEFS)
    async with ready.city.database.work() as work:
        await payouts.withdraw_destination(work, ready.driver_id, 2)
    move_time(ready.address, 72 * HOUR)
    await ready.make_file()
    assert b"444455556" in await ready.text()
    async with ready.city.database.work() as work:
        latest, first = await list_destinations(work, ready.driver_id)
        with pytest.raises(DestinationInUse):
            await payouts.withdraw_destination(work, ready.driver_id, 1)
    assert (latest.withdrawn_at is None, first.withdrawn_at) == (False, None)


@pytest.fixture(params=["khan_app", "owner"])
def anybody(
    request: pytest.FixtureRequest, owner: psycopg.Connection
) -> Iterator[psycopg.Connection]:
    """The service, and the owner of the tables."""
    if request.param == "khan_app":
        owner.execute("SET ROLE khan_app")
    yield owner
    owner.execute("RESET ROLE")


INSERT = (
    "INSERT INTO ledger.payout_destination (driver_id, number, data_key, account, tail, session_id,"
    " usable_from) VALUES (%s, 1, 'k', 'a', '1234', %s, service_now() + %s::interval)"
)


async def test_I22_the_database_asks_for_a_strong_sign_in(
    scene: Scene, anybody: psycopg.Connection
) -> None:
    anybody.execute("RESET ROLE")
    async with scene.city.database.work() as work:
        somebody = await a_rider(work)
    weak, of_another = scene.session(strong=False), scene.session(of=somebody)
    for session in (weak, of_another, numbered(5)):
        with refused("i22_strong_sign_in"):
            anybody.execute(INSERT, [scene.driver_id, session, "72 hours"])
    late = scene.session()
    move_time(scene.address, 5 * 60 + 1)
    with refused("i22_strong_sign_in"):
        anybody.execute(INSERT, [scene.driver_id, late, "72 hours"])


async def test_I22_the_database_asks_for_three_days_and_for_notice(
    scene: Scene, anybody: psycopg.Connection
) -> None:
    anybody.execute("RESET ROLE")
    session = scene.session()
    with refused("i22_waits_72_hours"):
        anybody.execute(INSERT, [scene.driver_id, session, "71 hours"])
    with refused("i22_the_owner_is_told"):
        anybody.execute(INSERT, [scene.driver_id, session, "72 hours"])


async def test_I22_a_payout_goes_to_the_destination_in_use_alone(ready: Scene) -> None:
    await ready.set_destination(THIEFS)
    await ready.make_file()
    with refused("i22_the_destination_in_use"):
        ready.owner.execute(
            "INSERT INTO ledger.payout SELECT gen_random_uuid(), payout_file_id, driver_id, 2,"
            " currency, amount_minor, kind, ordinal, made_at FROM ledger.payout"
        )


async def test_I22_what_is_in_use_is_not_taken_back(ready: Scene) -> None:
    with refused("only_what_waits_is_taken_back"):
        ready.owner.execute(
            "INSERT INTO ledger.payout_destination_withdrawn VALUES (%s, 1)", [ready.driver_id]
        )
    for change in (
        "UPDATE ledger.payout_destination SET account = 'x'",
        "UPDATE ledger.payout SET amount_minor = 1",
        "DELETE FROM ledger.payout_file",
    ):
        if "destination" not in change:
            await ready.make_file()
        with pytest.raises(psycopg.errors.RestrictViolation):
            ready.owner.execute(change)


async def test_I21_a_payout_in_the_books_is_in_a_file(ready: Scene) -> None:
    writer = Writer(ready.owner)
    driver = account_of_driver(ready.driver_id, USD).account_id
    writer.account("bank", None, "USD")
    with refused("a_payout_is_in_a_file"), ready.owner.transaction():
        writer.transfer("payout", kind="payout", of=named("payout"))
        ready.owner.execute(
            "INSERT INTO ledger.entry (transfer_id, line, account_id, amount_minor, code, made_at)"
            " VALUES (%s, 1, %s, 1, 'payout', %s), (%s, 2, %s, -1, 'payout', %s)",
            [named("payout"), driver, AT, named("payout"), account_named("bank None"), AT],
        )
        writer.announce("payout")
