"""What drivers ask for between two files, whom a run holds, and what drivers are told."""

import asyncio
from zoneinfo import ZoneInfo

import psycopg
import pytest

from ledger import payouts
from ledger.errors import (
    DestinationMissing,
    NothingOwed,
    NothingToPay,
    PayoutFileExists,
    WithdrawalsClosed,
)
from ledger.payout_notices import Teller, tell_destinations_in_use
from ledger.payout_plan import Held, PayoutTerms
from ledger.payout_requests import ask_for_payout, my_payouts
from ledger.store import checks
from ledger.store.payouts import list_files
from messages.sender import NullSender
from storage.outbox import Hub, Relay
from tests.book_rows import refused
from tests.booked import City
from tests.money import USD
from tests.payout_scene import HOUR, MINE, THIEFS, Scene, new_scene
from tests.people import VAULT
from tests.service_time import move_time

NEW_YORK = ZoneInfo("America/New_York")


async def ask(scene: Scene, *, on_request: bool = True) -> int:
    async with scene.city.database.work() as work:
        due = await ask_for_payout(
            work, scene.driver_id, USD, terms=PayoutTerms(on_request=on_request)
        )
    return due.available_minor


async def preview(scene: Scene, *, least_minor: int = 1) -> payouts.Plan:
    async with scene.city.database.work() as work:
        return await payouts.preview(work, USD, least_minor=least_minor)


# --- asking


async def test_what_is_asked_for_goes_out_however_little_it_is(ready: Scene) -> None:
    too_much = ready.owed_minor + 1
    with pytest.raises(NothingToPay):
        await ready.make_file(least_minor=too_much)
    assert await ask(ready) == ready.owed_minor
    assert await ask(ready) == ready.owed_minor
    assert ready.owner.execute("SELECT number FROM ledger.payout_request").fetchall() == [(1,)]
    assert (await ready.make_file(least_minor=too_much)).file.total_minor == ready.owed_minor
    async with ready.city.database.work() as work:
        mine = await my_payouts(work, ready.driver_id, USD)
    assert (mine.owed.minor, mine.due) == (0, None)
    assert [(one.state, one.tail) for one in mine.payouts] == [("pending", "5556")]


async def test_a_request_is_answered_by_one_payout(ready: Scene) -> None:
    await ask(ready)
    await ready.make_file()
    await ready.city.settled_trip(driver_id=ready.driver_id)
    with pytest.raises(NothingToPay):
        await ready.make_file(2, only_asked=True)
    await ask(ready)
    assert (await ready.make_file(3, only_asked=True)).file.payouts == 1


async def test_who_cannot_be_paid_cannot_ask(scene: Scene) -> None:
    with pytest.raises(WithdrawalsClosed):
        await ask(scene, on_request=False)
    with pytest.raises(DestinationMissing, match="give one first"):
        await ask(scene)
    await scene.set_destination()
    with pytest.raises(DestinationMissing, match="2024-05-17"):
        await ask(scene)
    move_time(scene.address, 72 * HOUR)
    await ask(scene)
    await scene.make_file()
    with pytest.raises(NothingOwed):
        await ask(scene)


REQUEST = "INSERT INTO ledger.payout_request (driver_id, currency, number) VALUES (%s, 'USD', %s)"


async def test_the_database_refuses_a_request_for_what_cannot_be_paid(ready: Scene) -> None:
    with refused("asks_for_the_next_payout"):
        ready.owner.execute(REQUEST, [ready.driver_id, 2])
    other = await new_scene(ready.city, ready.address, ready.owner, number=2)
    with refused("asks_with_a_destination"):
        other.owner.execute(REQUEST, [other.driver_id, 1])
    ready.owner.execute(REQUEST, [ready.driver_id, 1])
    with refused("one_request_a_payout"):
        ready.owner.execute(REQUEST, [ready.driver_id, 1])
    await ready.make_file()
    with refused("asks_for_what_is_owed"):
        ready.owner.execute(REQUEST, [ready.driver_id, 2])
    for change in (
        "UPDATE ledger.payout_request SET number = 9", "DELETE FROM ledger.payout_request",
        "TRUNCATE ledger.payout_request",
    ):  # fmt: skip
        with pytest.raises(psycopg.errors.RestrictViolation):
            ready.owner.execute(change)


# --- runs


async def test_a_run_says_whom_it_holds_and_why(ready: Scene) -> None:
    nowhere = await new_scene(ready.city, ready.address, ready.owner, number=2)
    waiting = await new_scene(ready.city, ready.address, ready.owner, number=3)
    await waiting.set_destination()
    plan = await preview(ready)
    assert [(one.driver_id, one.tail) for one in plan.payees] == [(ready.driver_id, "5556")]
    assert {one.driver_id: (why, one.waits_until is None) for one, why in plan.held} == {
        nowhere.driver_id: (Held.NO_DESTINATION, True),
        waiting.driver_id: (Held.DESTINATION_WAITS, False),
    }
    dear = await preview(ready, least_minor=10**9)
    assert {why for _, why in dear.held} == {Held.BELOW_LEAST}


async def test_an_identifier_is_of_one_file(ready: Scene) -> None:
    await ready.make_file()
    async with ready.city.database.work() as work:
        [states] = await list_files(work, limit=5)
    assert (states.pending, states.sent) == (1, 0)
    ready.owner.execute("SET session_replication_role = replica")
    ready.owner.execute("UPDATE ledger.payout_file SET execute_on = '2024-05-21'")
    with pytest.raises(PayoutFileExists):
        await ready.make_file()


async def test_I21_many_runs_and_changes_at_once_pay_nobody_twice_or_too_much(
    ready: Scene, city: City
) -> None:
    drivers = [ready]
    for number in range(2, 6):
        drivers.append(await new_scene(city, ready.address, ready.owner, number=number))
        await drivers[-1].set_destination()
    move_time(ready.address, 72 * HOUR - 299)
    sessions = [one.session() for one in drivers]
    move_time(ready.address, 299)
    owed = {one.driver_id: one.owed_minor for one in drivers}

    acts = [
        *(ready.make_file(number) for number in (1, 1, 2, 3)),
        *(
            one.set_destination(THIEFS, session_id=session)
            for one, session in zip(drivers, sessions, strict=True)
        ),
        *(city.settled_trip(driver_id=one.driver_id) for one in drivers),
        ready.sent(1),
        ready.make_file(4),
    ]
    for told in await asyncio.gather(*acts, return_exceptions=True):
        assert not isinstance(told, BaseException) or isinstance(
            told, NothingToPay | payouts.PayoutFileNotFound
        ), told
    paid = ready.owner.execute(
        "SELECT driver_id, sum(amount_minor), count(*), array_agg(DISTINCT destination)"
        " FROM ledger.payout GROUP BY driver_id"
    ).fetchall()
    assert {driver_id for driver_id, *_ in paid} == set(owed)
    for driver_id, minor, _, destinations in paid:
        assert owed[driver_id] <= minor
        assert destinations == [1], "the new one waits, whatever happens at once"
    for one in drivers:
        assert await one.available() >= 0
    assert await faults(city) == []


async def faults(city: City) -> list[checks.Fault]:
    async with city.database.work() as work:
        return [one async for one in checks.faults(work)]


async def test_a_file_and_its_payouts_come_together(ready: Scene) -> None:
    await ready.make_file()
    copied = (
        "INSERT INTO ledger.payout SELECT gen_random_uuid(), payout_file_id, driver_id, 1, currency,"
        " amount_minor, kind, ordinal, made_at FROM ledger.payout"
    )
    with refused("payouts_come_with_their_file"):
        ready.owner.execute(copied)
    with refused("the_file_says_its_payouts"):
        ready.owner.execute(
            "INSERT INTO ledger.payout_file SELECT gen_random_uuid(), currency, execute_on, payouts,"
            " total_minor, digest, made_by, made_at FROM ledger.payout_file"
        )


# --- telling


async def told(scene: Scene, sender: NullSender) -> list[str]:
    """The kinds of the texts that came to the driver by now, in order."""
    relay = Relay(scene.city.database, Hub())
    await relay.start()
    while await relay.pump():
        pass
    await Teller(scene.city.database, VAULT, sender, NEW_YORK).turn()
    return [one.kind for one in sender.sent]


async def test_a_driver_is_told_of_each_thing_once(ready: Scene) -> None:
    sender = NullSender()
    async with ready.city.database.work() as work:
        assert await tell_destinations_in_use(work) == 1
    async with ready.city.database.work() as work:
        assert await tell_destinations_in_use(work) == 0
    kinds = ["payout_destination_set", "payout_destination_in_use"]
    assert await told(ready, sender) == kinds
    assert await told(ready, sender) == kinds
    assert "2024-05-17 08:00" in sender.sent[0].text
    assert "5556" in sender.sent[1].text
    await ready.make_file()
    await ready.sent()
    await ready.returned(await ready.payout_id())
    kinds += ["payout_ordered", "payout_sent", "payout_came_back"]
    assert await told(ready, sender) == kinds
    assert "account closed" in sender.sent[-1].text
    assert len({one.to for one in sender.sent}) == 1


async def test_what_is_taken_back_is_told_and_never_said_to_be_in_use(scene: Scene) -> None:
    await scene.set_destination(MINE)
    async with scene.city.database.work() as work:
        await payouts.withdraw_destination(work, scene.driver_id, 1)
    move_time(scene.address, 73 * HOUR)
    async with scene.city.database.work() as work:
        assert await tell_destinations_in_use(work) == 0
    assert await told(scene, NullSender()) == [
        "payout_destination_set", "payout_destination_withdrawn",
    ]  # fmt: skip


async def test_who_was_forgotten_is_told_nothing(ready: Scene) -> None:
    ready.owner.execute("DELETE FROM registry.contact WHERE person_id = %s", [ready.driver_id])
    assert await told(ready, NullSender()) == []


async def test_the_database_keeps_one_notice_a_fact_of_payouts(ready: Scene) -> None:
    await told(ready, NullSender())
    with refused("one_notice_a_fact"):
        ready.owner.execute("INSERT INTO ledger.payout_notice SELECT * FROM ledger.payout_notice")
    with refused("a_notice_is_of_a_payout_fact"):
        ready.owner.execute(
            "INSERT INTO ledger.payout_notice SELECT event_id, position FROM storage.outbox"
            " WHERE kind = 'fare_posted' LIMIT 1"
        )
    with pytest.raises(psycopg.errors.RestrictViolation):
        ready.owner.execute("DELETE FROM ledger.payout_notice")
