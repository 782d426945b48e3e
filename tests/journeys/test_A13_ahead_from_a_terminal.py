"""`khan ride --at`: a terminal books ahead, waits, and follows the car."""

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from foundation.local_time import LocalTimeSkipped
from khan import terminal
from khan.command_line import main
from khan.papers import verdict_on
from khan.wanted_time import TimeMeansTwo, said_of
from tests.journeys.conftest import Found
from tests.journeys.people import Town
from tests.journeys.screen import Screen, lat_lon
from tests.journeys.service import Service, in_a_thread
from tests.small_city import corner

ZONE = ZoneInfo("America/New_York")
EVE = datetime(2026, 10, 31, 22, 0, tzinfo=ZONE)
"""The clocks go back in the night."""
ENDS = {"origin": lat_lon(2, 2), "destination": lat_lon(5, 2)}


@pytest.fixture
def service(found_city: Found) -> Iterator[Service]:
    """One for each test: they move its time by hours."""
    city = found_city(
        drivers=4,
        begin=EVE,
        booking_policy={
            "position_stale_s": 3600, "quote_valid_s": 900, "book_ahead_lead_s": 240,
            "book_ahead_lead_max_s": 240, "book_ahead_warn_s": 180,
        },
        matching_policy={"offer_seconds": 120},
    )  # fmt: skip
    with in_a_thread(city) as running:
        yield running


async def test_a_terminal_books_ahead_waits_and_follows_the_car(town: Town, tmp_path: Path) -> None:
    driver, screen, kept = await town.driver(corner(2, 2)), Screen(), tmp_path / "receipt.json"
    rider = await town.rider()
    wanted = EVE + timedelta(minutes=30)
    riding = asyncio.create_task(
        asyncio.to_thread(
            terminal.ride, town.service.url, town.city.messages, phone=rider.number, yes=True,
            at="22:30", console=screen.console, receipt=kept, **ENDS,
        )
    )  # fmt: skip
    await screen.shows(f"Your car is promised for {said_of(wanted, ZONE)}")
    assert "A car would be with you" not in str(screen)
    (trip,) = (await rider.get("/rider/v1/trips"))["trips"]
    assert trip["state"] == "scheduled"
    assert datetime.fromisoformat(trip["booked_for"]) == wanted
    assert (await driver.get("/driver/v1/offers"))["offers"] == []
    now = datetime.fromisoformat((await rider.get("/readyz"))["now"])
    await town.service.let_pass((wanted - now).total_seconds() - 120)
    taken = await driver.take(trip["trip_id"])
    await screen.shows("plate")
    await driver.arrive(taken)
    await screen.shows("Your car is there")
    await driver.step(taken["trip_id"], "board", {"pin": trip["pin"]})
    await driver.step(taken["trip_id"], "complete")
    await riding
    assert "You are there" in str(screen)
    assert verdict_on(kept, None).differences == ()
    booked = json.loads(kept.read_text(encoding="utf-8"))["quote"]["booked_for"]
    assert datetime.fromisoformat(booked) == wanted


async def test_whom_nobody_takes_hears_of_it_at_the_terminal(town: Town) -> None:
    rider, screen = await town.rider(), Screen()
    now = datetime.fromisoformat((await rider.get("/readyz"))["now"])
    away = datetime(2026, 11, 1, 8, 0, tzinfo=ZONE)
    riding = asyncio.create_task(
        asyncio.to_thread(
            terminal.ride, town.service.url, town.city.messages, phone=rider.number,
            at="2026-11-01T08:00", yes=True, console=screen.console, **ENDS,
        )
    )  # fmt: skip
    await screen.shows(f"promised for {said_of(away, ZONE)}")
    await town.service.let_pass((away - now).total_seconds() - 170)
    await screen.shows("Nobody has taken it yet; we go on asking until Sunday")
    await town.service.let_pass(170 + 3600)
    await riding
    assert "The trip is over: unfulfilled" in str(screen)


def test_what_the_clocks_show_twice_or_never_is_asked_back(found_city: Found) -> None:
    def asked(service: Service, at: str) -> None:
        terminal.ride(service.url, service.city.messages, phone="+12125550188", at=at, yes=True,
                      console=Screen().console, **ENDS)  # fmt: skip

    with in_a_thread(found_city(drivers=1, begin=EVE)) as autumn:
        for at in ("01:30", "2026-11-01T01:30"):
            with pytest.raises(TimeMeansTwo):
                asked(autumn, at)
    spring = datetime(2026, 3, 7, 22, 0, tzinfo=ZONE)
    with in_a_thread(found_city(drivers=1, begin=spring)) as running:
        for at in ("02:30", "2026-03-08T02:30"):
            with pytest.raises(LocalTimeSkipped):
                asked(running, at)


@pytest.mark.parametrize("at", ["{soon}", "2031-01-01T12:00", "2020-01-01T12:00"])
async def test_what_the_service_refuses_is_one_line_and_exit_code_2(
    town: Town, capsys: pytest.CaptureFixture[str], at: str
) -> None:
    office = await town.stranger()
    now = datetime.fromisoformat((await office.get("/readyz"))["now"])
    words = ["ride", "--url", town.service.url, "--messages", str(town.city.messages), "--yes",
             "--from", ENDS["origin"], "--to", ENDS["destination"],
             "--at", at.format(soon=now.isoformat(timespec="minutes"))]  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(main, words)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("khan: A trip can be booked for a time from ")
    assert told.count("\n") == 1
