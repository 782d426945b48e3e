"""Riders and the office book ahead."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.journeys.conftest import Found
from tests.journeys.people import Person, Town, journey, new_id
from tests.journeys.service import Service, in_a_thread
from tests.small_city import corner


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    city = found_city(
        booking_policy={
            "position_stale_s": 3600, "quote_valid_s": 900, "book_ahead_lead_s": 240, "book_ahead_lead_max_s": 240,
            "book_ahead_warn_s": 180,
        },
        matching_policy={"offer_seconds": 120},
    )  # fmt: skip
    with in_a_thread(city) as running:
        yield running


async def wanted_in(rider: Person, seconds: float) -> datetime:
    ready = await rider.get("/readyz")
    return datetime.fromisoformat(ready["now"]) + timedelta(seconds=seconds)


async def test_a_booked_trip_is_looked_for_in_time_and_waited_for_from_the_wanted_time(
    town: Town,
) -> None:
    rider, driver = await town.rider(), await town.driver(corner(2, 2))
    wanted = await wanted_in(rider, 360)
    quote = await rider.quote(corner(2, 2), corner(5, 2), booked_for=wanted.isoformat())
    assert datetime.fromisoformat(quote["booked_for"]) == wanted
    trip = await rider.post("/rider/v1/trips", {"trip_id": new_id(), "quote_id": quote["quote_id"]})
    assert (trip["state"], trip["total_minor"]) == ("scheduled", quote["total_minor"])
    assert (await driver.get("/driver/v1/offers"))["offers"] == []
    await town.service.let_pass(300)  # a driver who is there already would only have to wait
    offer = await driver.wait_for_offer(trip["trip_id"])
    assert datetime.fromisoformat(offer["booked_for"]) == wanted
    codes = {reason["code"] for reason in offer["reason"]["reasons"]}
    assert "rider_booked" in codes
    taken = await driver.accept(offer)
    assert datetime.fromisoformat(taken["booked_for"]) == wanted
    await driver.arrive(taken)
    answer = await driver.ask(
        "POST", f"/driver/v1/trips/{trip['trip_id']}/no-show", {"contact_attempted": True}
    )
    assert answer.json()["code"] == "no_show_too_soon"
    assert answer.json()["seconds_left"] > 300  # not from the arrival, which was before the time
    await driver.step(trip["trip_id"], "board", {"pin": trip["pin"]})
    await driver.step(trip["trip_id"], "complete")
    receipt = await rider.get(f"/rider/v1/trips/{trip['trip_id']}/receipt")
    assert receipt["fare"]["waiting_seconds"] == 0


async def test_whom_nobody_takes_hears_of_it_before_the_time_and_so_does_the_office(
    town: Town,
) -> None:
    rider, office = await town.rider(), await town.office()
    stated = {"reason": "watch", "note": "the morning desk"}
    purpose = (await office.post("/office/v1/purposes", stated))["purpose_id"]
    wanted = await wanted_in(rider, 300)
    async with (
        rider.live("/rider/v1/live") as heard,
        office.live("/office/v1/live", purpose_id=purpose) as desk,
    ):
        await heard.message("welcome")
        trip = await rider.book(
            corner(1, 1), corner(4, 1), booked_for=wanted.isoformat(), needs=["stretcher"]
        )
        await town.service.let_pass(125)
        told = await heard.message("booking_at_risk")
        seen = await desk.until(
            lambda m: (
                m["type"] == "bookings_at_risk"
                and trip["trip_id"] in [one["trip_id"] for one in m["bookings"]]
            )
        )
    assert told["trip"]["trip_id"] == trip["trip_id"]
    assert told["trip"]["at_risk_since"] < told["trip"]["booked_for"]
    assert rider.person_id not in str(seen)
    listed = (await office.get("/office/v1/bookings/at-risk"))["bookings"]
    (mine,) = [one for one in listed if one["trip_id"] == trip["trip_id"]]
    assert (mine["pickup_zone"], mine["needs"]) == ("W", ["stretcher"])
    await rider.post(f"/rider/v1/trips/{trip['trip_id']}/cancel", {})
    after = (await office.get("/office/v1/bookings/at-risk"))["bookings"]
    assert trip["trip_id"] not in [one["trip_id"] for one in after]
    assert await rider.refused("GET", "/office/v1/bookings/at-risk") == "403 role_needed"


async def test_the_office_books_for_a_local_time_and_reads_it_back(town: Town) -> None:
    office, driver = await town.office(), await town.driver(corner(3, 3))
    zone = ZoneInfo((await office.get("/public/v1/city"))["timezone"])
    local = (await wanted_in(office, 330)).astimezone(zone).replace(tzinfo=None)
    body = journey(corner(3, 3), corner(1, 3)) | {
        "trip_id": new_id(),
        "phone": town.city.next_rider(),
        "name": "Carl Caller",
        "wanted": {"local": local.isoformat()},
    }
    booking = await office.post("/office/v1/bookings", body)
    assert booking["state"] == "scheduled"
    assert booking["wanted_local"].startswith(local.isoformat(timespec="seconds")[:16])
    await town.service.let_pass(270)
    await driver.take(booking["trip_id"])
    await office.post(f"/office/v1/trips/{booking['trip_id']}/cancel", {"reason": "tested"})


Change = tuple[Service, str, tuple[str, str] | None]

CHANGES = [
    # Zone, when the service's day begins, a reading there, its two instants (or none).
    ("America/New_York", "2026-10-31T22:00-04:00", "2026-11-01T01:30",
     ("2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z")),
    ("Europe/Madrid", "2026-10-24T22:00+02:00", "2026-10-25T02:30",
     ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")),
    ("America/New_York", "2026-03-07T22:00-05:00", "2026-03-08T02:30", None),
    ("Europe/Madrid", "2026-03-28T22:00+01:00", "2026-03-29T02:30", None),
]  # fmt: skip


@pytest.fixture(params=CHANGES, ids=lambda change: f"{change[0]} {change[2]}")
def changing(request: pytest.FixtureRequest, found_city: Found) -> Iterator[Change]:
    """A city on the evening before its clocks change."""
    zone, begin, local, instants = request.param
    city = found_city(
        drivers=1, begin=datetime.fromisoformat(begin), timezone=zone, tariff={"timezone": zone}
    )
    with in_a_thread(city) as running:
        yield running, local, instants


async def test_across_a_clock_change_a_booking_means_one_instant_or_is_refused(
    changing: Change,
) -> None:
    running, local, instants = changing
    town = Town(running)
    try:
        await _book_across(town, local, instants)
    finally:
        await town.close()


async def _book_across(town: Town, local: str, instants: tuple[str, str] | None) -> None:
    office, rider = await town.office(), await town.rider()

    def asked(local: str, which: str | None = None) -> dict[str, object]:
        return journey(corner(1, 1), corner(4, 4)) | {
            "trip_id": new_id(),
            "phone": town.city.next_rider(),
            "name": "Carl Caller",
            "wanted": {"local": local} if which is None else {"local": local, "which": which},
        }

    path = "/office/v1/bookings"
    if instants is None:
        for which in (None, "first", "second"):
            assert await office.refused("POST", path, asked(local, which)) == (
                "422 local_time_skipped"
            )
        answer = await office.ask("POST", path, asked(local))
        later = str(answer.json()["later"])
        booking = await office.post(path, asked(later[:16]))
        assert booking["wanted_local"] == later  # what the refusal proposed can be booked
        instants = (booking["booked_for"], booking["booked_for"])
    else:
        assert await office.refused("POST", path, asked(local)) == "422 local_time_twice"
        for which, instant in zip(("first", "second"), instants, strict=True):
            booking = await office.post(path, asked(local, which))
            assert (booking["state"], booking["booked_for"]) == ("scheduled", instant)
            assert booking["wanted_local"].startswith(local)
    # Over the API a time carries its offset, and so is always one instant.
    for instant in instants:
        trip = await rider.book(corner(1, 1), corner(4, 4), booked_for=instant)
        assert (trip["state"], trip["booked_for"]) == ("scheduled", instant)
        await rider.post(f"/rider/v1/trips/{trip['trip_id']}/cancel", {})
