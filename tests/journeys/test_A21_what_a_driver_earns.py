"""A driver hears of money trip by trip, reads the week, and takes it along; nobody else reads it."""

import asyncio
import csv
import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from pypdf import PdfReader

from khan.statement_tables import show
from khan.statements import Asked, StatementFiles, from_database, from_service
from tests.journeys.people import Driver, Rider, Town, new_id
from tests.journeys.screen import Screen
from tests.journeys.service import Service
from tests.journeys.statement_story import what_a_driver_is_paid
from tests.small_city import corner


async def served(town: Town) -> tuple[Rider, Driver, str, list[dict[str, Any]]]:
    """A trip from the quote to the tip, and the messages of money that its driver heard."""
    rider, driver = await town.rider(), await town.driver(corner(1, 1))
    quote = await rider.quote(corner(0, 0), corner(4, 4))
    async with driver.live("/driver/v1/live") as heard:
        await heard.message("welcome")
        trip = await rider.post(
            "/rider/v1/trips", {"trip_id": new_id(), "quote_id": quote["quote_id"]}
        )
        trip_id: str = trip["trip_id"]
        taken = await driver.take(trip_id)
        await driver.arrive(taken)
        await driver.step(trip_id, "board", {"pin": trip["pin"]})
        await driver.step(trip_id, "complete")
        fare = await heard.message("money")
        await rider.post(f"/rider/v1/trips/{trip_id}/tip", {"amount_minor": 300})
        tip = await heard.message("money")
    return rider, driver, trip_id, [fare, tip]


async def test_money_is_told_trip_by_trip_and_stands_in_the_statement(
    town: Town, service: Service
) -> None:
    rider, driver, trip_id, (fare, tip) = await served(town)
    assert (fare["what"], tip["what"]) == ("fare", "tip")
    assert fare["trip_id"] == tip["trip_id"] == trip_id
    assert fare["amount"] == fare["today"]["pay"]
    assert (tip["amount"]["amount_minor"], tip["today"]["tips"]["amount_minor"]) == (300, 300)
    assert tip["today"]["trips"] == 1

    week = await what_a_driver_is_paid(driver, trip_id)
    (total,) = week["totals"]
    assert total["sums"]["pay"] == fare["amount"]["amount_minor"]
    assert total["closing_minor"] == total["sums"]["all"] == total["sums"]["pay"] + 300
    assert total["after_costs"]["costs_minor"] == 4_200
    assert total["after_costs"]["pay_minor"] == total["sums"]["pay"] - 4_200
    (trip,) = week["trips"]
    assert trip["floor"]["holds"] is True
    assert trip["floor"]["version"] == 1
    assert week["shifts"][0]["shift_id"] == driver.shift_id

    path = f"/driver/v1/statements/weeks/{week['name']}"
    table = (await driver.ask("GET", f"{path}/file", params={"form": "csv"})).text
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [one["what"] for one in rows][:2] == ["opening", "share"]
    assert rows[-1]["amount"] == f"{total['closing_minor'] / 100:.2f}"
    paper = await driver.ask("GET", f"{path}/file", params={"form": "pdf", "language": "es"})
    assert paper.headers["content-type"] == "application/pdf"
    assert "Extracto" in PdfReader(io.BytesIO(paper.content)).pages[0].extract_text()
    spanish = await driver.get(path, language="es")
    assert "una propina" in spanish["lines"][-1]["why"]

    other = await town.driver(corner(3, 3))
    of_trip = f"/driver/v1/statements/trips/{trip_id}"
    assert await other.refused("GET", of_trip) == "404 nothing_of_that"
    assert await rider.refused("GET", of_trip) == "403 role_needed"
    assert (await other.get("/driver/v1/costs"))["costs"] == []
    assert (await other.get(path))["lines"] == []


async def test_the_kept_answer_says_nothing_of_a_cost(town: Town, service: Service) -> None:
    driver = await town.driver(corner(2, 2))
    now = datetime.fromisoformat((await driver.get("/public/v1/clock"))["now"])
    day = (now - timedelta(days=2)).date().isoformat()
    body = {"cost_id": new_id(), "kind": "other", "spent_on": day, "amount_minor": 987_654}
    wrong = body | {"kind": "distance"}
    assert await driver.refused("POST", "/driver/v1/costs", wrong) == "422 cost_incomplete"
    await driver.post("/driver/v1/costs", body)
    with psycopg.connect(service.city.address) as owner:
        kept = owner.execute(
            "SELECT answer FROM storage.idempotency WHERE caller = %s AND status < 300",
            [driver.person_id],
        ).fetchall()
        told = owner.execute(
            "SELECT count(*) FROM storage.outbox WHERE payload::text LIKE '%%987654%%'"
        ).fetchone()
    assert not [one for (one,) in kept if b"987654" in bytes(one)]
    assert told == (0,)


async def test_khan_statement_asks_the_service_or_the_database(
    town: Town, service: Service, tmp_path: Path
) -> None:
    _, driver, trip_id, (fare, _) = await served(town)
    files = StatementFiles(csv=tmp_path / "trip.csv", pdf=tmp_path / "trip.pdf")
    asked = Asked(driver=driver.number, of="trips", name=trip_id, language="en", files=files)
    screen = Screen()
    told = await asyncio.to_thread(
        from_service, service.url, asked, messages=service.city.messages, console=screen.console
    )
    assert files.csv is not None
    assert files.pdf is not None
    assert files.csv.read_bytes().startswith(b"when,")
    assert files.pdf.read_bytes().startswith(b"%PDF-")
    known = Asked(
        driver=str(UUID(driver.person_id)), of="trips", name=trip_id, language="en", files=files
    )
    read = await asyncio.to_thread(from_database, known, url=service.city.address, data=None)
    assert json.loads(json.dumps(read)) | {"lines": [], "trips": []} == told | {
        "lines": [], "trips": [],
    }  # fmt: skip
    show(told, screen.console)
    assert f"{fare['amount']['amount_minor'] / 100:.2f} USD" in str(screen)
