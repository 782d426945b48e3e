"""I13: one Idempotency-Key, one effect, one answer, also when both tries are under way at once."""

import asyncio
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from dispatch import errors
from dispatch.service import offers, requests
from dispatch.trip import Actor, By
from doorway.errors import IdempotencyKeyMissing, IdempotencyKeyReused
from doorway.writes import once
from fares.quote import Quote
from foundation.identifiers import TripId
from storage.work import UnitOfWork
from tests.town import Town


def sent(key: str = "a key", body: bytes = b"{}") -> Request:
    """A request with that key, as it comes in."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {
        "type": "http", "method": "POST", "scheme": "http", "path": "/trips", "query_string": b"",
        "server": ("town", 80), "headers": [(b"idempotency-key", key.encode())],
    }  # fmt: skip
    return Request(scope, receive)


class Asking:
    """Books a quote under an identifier made by the client; waits on the way if told to."""

    def __init__(self, town: Town, quote: Quote, *, is_made_by_client: bool = True) -> None:
        self.town, self.quote = town, quote
        self.trip_id = TripId(quote.quote_id) if is_made_by_client else None
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def __call__(self, work: UnitOfWork) -> dict[str, str]:
        trip = await requests.request_trip(
            work, trip_id=self.trip_id or TripId(work.new_id()), quote_id=self.quote.quote_id,
            rider_id=self.quote.rider_id, by=By(actor=Actor.RIDER, actor_id=self.quote.rider_id),
        )  # fmt: skip
        await self.goes_on.wait()
        return {"trip_id": str(trip.trip_id)}

    def send(self, request: Request | None = None) -> asyncio.Task[Response]:
        return asyncio.create_task(
            once(
                request or sent(), self.town.database, caller=str(self.quote.rider_id),
                handler=self, status=201,
            )
        )  # fmt: skip


async def trips(town: Town) -> int:
    async with town.database.work() as work:
        return int((await work.execute(text("SELECT count(*) FROM dispatch.trip"))).scalar_one())


@pytest.mark.parametrize("is_made_by_client", [True, False])
async def test_I13_two_tries_at_once_are_one_trip_and_one_answer(
    town: Town, is_made_by_client: bool
) -> None:
    quote = await town.quote(await town.rider())
    asking = Asking(town, quote, is_made_by_client=is_made_by_client)
    asking.goes_on.clear()
    first, second = asking.send(), asking.send()
    waiting = 0
    while not waiting:
        async with town.database.work() as work:
            found = await work.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))
            waiting = found.scalar_one()
    asking.goes_on.set()
    answers = await asyncio.gather(first, second)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({bytes(answer.body) for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 1
    assert await trips(town) == 1


async def test_I13_many_tries_at_once_are_one_trip(town: Town) -> None:
    asking = Asking(town, await town.quote(await town.rider()))
    answers = await asyncio.gather(*(asking.send() for _ in range(5)))
    assert {(answer.status_code, bytes(answer.body)) for answer in answers} == {
        (201, bytes(answers[0].body))
    }
    assert await trips(town) == 1


async def test_I13_another_body_under_the_same_key_is_refused(town: Town) -> None:
    asking = Asking(town, await town.quote(await town.rider()))
    assert (await asking.send()).status_code == 201
    with pytest.raises(IdempotencyKeyReused):
        await asking.send(sent(body=b'{"other": 1}'))
    with pytest.raises(IdempotencyKeyMissing):
        await asking.send(sent(key=""))
    assert await trips(town) == 1


async def test_I13_a_refusal_is_the_answer_too(town: Town) -> None:
    driver_id = await town.driver()
    trip = await town.trip()
    offer_id = await town.offer(trip, driver_id, seconds=0.001)

    async def accept(work: UnitOfWork) -> None:
        await offers.accept_offer(work, offer_id=offer_id, driver_id=driver_id, attempt=None)

    first, again = [
        await once(sent(), town.database, caller=str(driver_id), handler=accept) for _ in range(2)
    ]
    assert first.status_code == again.status_code == 410
    assert orjson.loads(first.body)["code"] == errors.OfferOver.code
    assert first.body == again.body
