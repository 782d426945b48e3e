"""Drivers are paid what they are owed, to the account they gave, by files for the bank."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from khan.command_line import app
from ledger.payout_file import faults_of
from tests.journeys.assemblies import signed_in_again
from tests.journeys.conftest import Found
from tests.journeys.payout_story import ACCOUNT, PAYER, THREE_DAYS
from tests.journeys.people import PATIENCE_SECONDS, Driver, Office, Person, Town, new_id
from tests.journeys.service import Service, in_a_thread
from tests.service_time import move_time
from tests.small_city import corner


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    with in_a_thread(found_city(drivers=4), **PAYER) as running:
        yield running


async def driven(town: Town) -> Driver:
    """A driver who earned a fare and went home."""
    rider, driver = await town.rider(), await town.driver(corner(2, 2))
    trip = await rider.book(corner(2, 2), corner(4, 4))
    await driver.arrive(await driver.take(trip["trip_id"]))
    await driver.step(trip["trip_id"], "board", {"pin": trip["pin"]})
    await driver.step(trip["trip_id"], "complete")
    await driver.go_home()
    return driver


async def test_drivers_are_told_and_paid_from_terminals(
    town: Town, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    driver = await driven(town)
    office, keyed = await town.office(), Office(town.service, driver.number)
    await town.keep(keyed)
    await keyed.sign_in_by_passkey()

    async def khan(who: Person, *words: str) -> str:
        capsys.readouterr()
        typed = ["payouts", *words, "--token", str(who.token), "--url", town.service.url]
        await asyncio.to_thread(app, typed, standalone_mode=False)
        return capsys.readouterr().out

    assert "You gave no bank account yet." in await khan(driver, "destination")
    account = tmp_path / "account.json"
    account.write_text(json.dumps(ACCOUNT), encoding="utf-8")
    async with driver.live("/driver/v1/live") as live:
        await live.until(lambda said: said["type"] == "welcome")
        said = await khan(keyed, "destination", "--account", str(account))
        told = await live.until(lambda said: said["type"] == "payout_destination_set")
    assert (told["tail"], told["number"]) == ("5556", 1)
    assert "...5556 is used from " in said
    assert await text_to(town, driver.number, "ending in 5556. If that was not you")
    assert "Taken back." in await khan(keyed, "destination", "--take-back", "1")
    await khan(keyed, "destination", "--account", str(account))
    assert "held: the account is not 72 hours old" in await khan(office, "preview")
    move_time(town.city.address, THREE_DAYS)
    await signed_in_again(office, driver)
    assert "2  ...5556: in use" in await khan(driver, "destination")
    assert " goes out with the next file." in await khan(driver, "withdraw")
    assert f"{driver.person_id}  " in await khan(office, "preview", "--only-asked")
    run, file = new_id(), tmp_path / "pain001.xml"
    words = ("make", "--run", run, "--on", "2099-01-05", "--only-asked", "--out", str(file))
    assert f"File {run}: 1 driver, " in await khan(office, *words)
    assert faults_of(file.read_bytes()) == []
    assert "1 driver paid." in await khan(office, "sent", run)
    assert "1 sent" in await khan(office, "list")
    [payout] = json.loads(await khan(office, "list", run, "--json"))["payouts"]
    said = await khan(office, "returned", payout["payout_id"], "--reason", "account closed")
    assert said == "Done. The driver is owed it again.\n"
    assert "to ...5556: came back (account closed)" in await khan(office, "list", run)
    assert ": came back (account closed)" in await khan(driver, "mine")


async def text_to(town: Town, number: str, part: str) -> bool:
    """Wait until a text with these words came to the phone."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            for line in town.city.messages.read_text(encoding="utf-8").splitlines():
                message = json.loads(line)
                if message["to"] == number and part in message["text"]:
                    return True
            await asyncio.sleep(0.1)
