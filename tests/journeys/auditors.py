"""An auditor for journeys: appointed by the office, signed in by passkey."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.journeys.people import Driver, Office, Person, Rider, Town


async def an_auditor(town: Town, office: Office) -> Office:
    """Somebody whom the office appointed."""
    auditor = Office(town.service, town.city.next_rider())
    await town.keep(auditor)
    body = {"phone": auditor.number, "name": "Ada Auditor"}
    appointed = await office.post("/office/v1/auditors", body)
    await auditor.sign_in_by_passkey()
    assert auditor.person_id == appointed["person_id"]
    return auditor


async def today(person: Person) -> str:
    """The day it is there, by the city's clocks."""
    now = datetime.fromisoformat((await person.get("/public/v1/clock"))["now"])
    zone = ZoneInfo((await person.get("/public/v1/city"))["timezone"])
    return now.astimezone(zone).date().isoformat()


async def all_looks(auditor: Office) -> dict[str, Any]:
    """What an auditor may look at, once each: transfers, accounts and the export by their names."""
    on = await today(auditor)
    return {
        "transfers": await auditor.get("/office/v1/books/transfers", on=on),
        "accounts": await auditor.get("/office/v1/books/accounts", role="driver", on=on),
        "export": (
            await auditor.ask("GET", "/office/v1/books/export", params={"format": "beancount"})
        ).text,
    }


async def the_books_are_open(
    auditor: Office, stranger: Person, *, driver: Driver, rider: Rider
) -> None:
    """Everybody reads the month, an auditor the transfers, and members what the auditor read."""
    await stranger.get("/public/v1/books", month=(await today(stranger))[:7])
    await all_looks(auditor)
    await driver.get("/driver/v1/audit-looks")
    await rider.get("/rider/v1/audit-looks")
