"""What the office does with the days of the books, and what everybody reads of them, for the examples."""

from uuid import UUID

from ledger.transfer import Kind, transfer_id
from tests.journeys.assemblies import signed_in_again
from tests.journeys.people import Office, Person, Town
from tests.service_time import move_time

TWO_DAYS = 2 * 24 * 3600


async def the_days_of_the_books(
    town: Town, office: Office, stranger: Person, *, trip_id: str
) -> None:
    """A tip is taken back; days later those that are over are sealed, and closed for ever."""
    body = {
        "transfer_id": str(transfer_id(Kind.TIP, UUID(trip_id))),
        "reason": "2.00 was typed instead of 0.20",
    }
    await office.post("/office/v1/books/reversals", body)
    move_time(town.city.address, TWO_DAYS)
    await signed_in_again(office)
    await office.post("/office/v1/books/days")  # or the service has sealed them by itself
    last = (await stranger.get("/public/v1/books/days"))["days"][-1]
    closed = await office.post("/office/v1/books/periods", {"last_day": last["day"]})
    assert closed["last_day"] == last["day"]
    assert closed in (await office.get("/office/v1/books/periods"))["periods"]
