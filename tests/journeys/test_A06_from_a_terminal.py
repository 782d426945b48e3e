"""`khan ride` meets `khan drive`: two terminals, one trip, nothing but the public APIs."""

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from khan import terminal
from khan.papers import verdict_on
from tests.journeys.conftest import Found
from tests.journeys.screen import Screen, lat_lon
from tests.journeys.service import Service, in_a_thread


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    with in_a_thread(
        # A busy machine may need seconds of its own for what somebody does in one.
        found_city(
            rate=20.0,
            drivers=3,
            matching_policy={"offer_seconds": 120},
            booking_policy={"quote_valid_s": 900},
        )
    ) as it:
        yield it


async def test_one_rides_and_one_drives(service: Service, tmp_path: Path) -> None:
    rider, driver, receipt = Screen(), Screen(), tmp_path / "receipt.json"
    messages, phone = service.city.messages, service.city.next_driver()
    driving = asyncio.to_thread(
        terminal.drive, service.url, messages, phone=phone, at=lat_lon(1, 0), trips=1, yes=True,
        console=driver.console,
    )  # fmt: skip
    riding = asyncio.to_thread(
        terminal.ride, service.url, messages, phone="+12125550142", origin=lat_lon(0, 0),
        destination=lat_lon(4, 4), yes=True, console=rider.console, receipt=receipt,
    )  # fmt: skip
    await asyncio.gather(driving, riding)
    assert verdict_on(receipt, None).differences == ()
    shown = str(rider)
    for words in ("total", "The driver gets", "Your PIN", "plate", "Your car is there",
                  "You are there", "Receipt"):  # fmt: skip
        assert words in shown, shown
    shown = str(driver)
    for words in ("You are on shift", "An offer:", "why you:", "Driving to", "Completed:", "Money:",
                  "You are off shift", "1 trips"):  # fmt: skip
        assert words in shown, shown


async def test_what_is_typed_decides(service: Service) -> None:
    screen = Screen()
    await asyncio.to_thread(
        terminal.ride, service.url, service.city.messages, phone="+12125550143",
        origin=lat_lon(0, 0), destination=lat_lon(4, 4), yes=False, console=screen.console,
        typed=io.StringIO("n\n"),
    )  # fmt: skip
    assert "Nothing was booked." in str(screen)
    with pytest.raises(terminal.InputEnded):
        await asyncio.to_thread(
            terminal.ride, service.url, service.city.messages, phone="+12125550143",
            origin=lat_lon(0, 0), destination=lat_lon(4, 4), yes=False, console=screen.console,
            typed=io.StringIO(""),
        )  # fmt: skip


def test_what_goes_wrong_is_one_sentence(service: Service) -> None:
    console = Screen().console
    more = {"phone": "+12125550144", "yes": True, "console": console}
    with pytest.raises(terminal.Unreachable):
        terminal.ride("http://127.0.0.1:9", service.city.messages, origin=lat_lon(0, 0),
                      destination=lat_lon(1, 1), **more)  # fmt: skip
    with pytest.raises(terminal.ToldNo) as told:
        terminal.ride(service.url, service.city.messages, origin="10,10",
                      destination=lat_lon(1, 1), **more)  # fmt: skip
    assert "outside the area we serve" in str(told.value)
    with pytest.raises(terminal.ToldNo) as told:
        terminal.drive(service.url, service.city.messages, at=None, trips=1, **more)
    assert told.value.facts["refusal"] == "role_needed"
