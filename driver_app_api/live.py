"""The driver's live feed: offers, the trip, and positions on the way in."""

import math
from typing import Any

from fastapi import APIRouter
from starlette.websockets import WebSocket

from dispatch.errors import NotOnShift
from dispatch.position import Position
from dispatch.views import trips as views
from doorway.government.live import what_it_means
from doorway.live import DRIVER_SIDE, FrameUnreadable, LiveSocket
from driver_app_api.advice import advice_out, told_now
from driver_app_api.money import money_message
from driver_app_api.offers import offer_out
from driver_app_api.trips import show, stops_ahead
from foundation.identifiers import UUID, DriverId, OfferId, PersonId, TripId
from foundation.measures import Point
from governance.events import TOLD_TO_EVERYBODY
from ledger.payout_notices import TOLD_OF
from storage.outbox import Announced
from storage.work import Reading

router = APIRouter()

_NOT_SAID = frozenset({"driver_id", "transfer_id"})
"""What a fact about payouts holds that its driver knows or cannot use."""


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Offers and trip changes with their sequence numbers, advice without; positions come in."""
    connection = LiveSocket(socket, DRIVER_SIDE)
    opened = await connection.open()
    if opened is None:
        return
    caller, token, since = opened
    feed = _Feed(connection, DriverId(caller.person_id))
    await connection.run(
        caller, token, since, describe=feed.describe, receive=feed.receive, also=feed.advice
    )


def _about_payouts(announced: Announced) -> dict[str, Any] | None:
    """What became of the driver's payouts and of where they go; None for any other fact."""
    if announced.kind not in TOLD_OF:
        return None
    said = {name: value for name, value in announced.payload.items() if name not in _NOT_SAID}
    return {"type": announced.kind} | said


class _Feed:
    """What one driver's socket says and hears."""

    def __init__(self, connection: LiveSocket, driver_id: DriverId) -> None:
        self._connection, self._driver_id = connection, driver_id
        self._services = connection.services
        self._sent_to: int | None = None

    async def describe(self, work: Reading, announced: Announced) -> dict[str, Any] | None:
        """A fact in this driver's words; None for what they do not hear of."""
        facts = announced.payload
        if announced.topic in TOLD_TO_EVERYBODY:
            return await what_it_means(work, announced, PersonId(self._driver_id))
        match announced.kind:
            case "offer_made":
                return await self._offer(work, OfferId(UUID(facts["offer_id"])))
            case "offer_declined" | "offer_lapsed" | "offer_withdrawn" | "offer_accepted":
                how = announced.kind.removeprefix("offer_")
                return {"type": "offer_ended", "offer_id": facts["offer_id"], "how": how}
            case "shift_started" | "shift_ended":
                return {"type": announced.kind, "shift_id": facts["shift_id"]}
            case kind if "after" in facts:
                trip_id = TripId(UUID(facts["trip_id"]))
                trip = await show(work, self._services, trip_id, self._driver_id)
                stops = await stops_ahead(work, self._driver_id)
                return {
                    "type": "trip", "event": kind, "trip": trip.model_dump(mode="json"),
                    "stops": [stop.model_dump(mode="json") for stop in stops],
                }  # fmt: skip
            case _:
                return _about_payouts(announced) or await money_message(
                    work, self._services, self._driver_id, announced
                )

    async def _offer(self, work: Reading, offer_id: OfferId) -> dict[str, Any] | None:
        offer = await views.offer_for_driver(work, offer_id, self._driver_id)
        if offer.state != "made":
            return None  # over before it could be shown: the facts that follow say how
        return {"type": "offer", "offer": offer_out(offer).model_dump(mode="json")}

    async def advice(self) -> None:
        """Where to wait, at each turn that says otherwise than was said; without a number, for the
        latest is all that counts."""
        turn = await self._services.advice.next_turn()
        if turn.goal_of(self._driver_id) == self._sent_to:
            return  # most often: thousands hear of a turn in the same moment
        told = told_now(self._services, self._driver_id)
        goes_to = None if told.goes_to is None else told.goes_to.zone
        if goes_to != self._sent_to:
            self._sent_to = goes_to
            out = advice_out(told)
            await self._connection.send({"type": "advice", "advice": out.model_dump(mode="json")})

    async def receive(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Positions, and pings that keep a connection open."""
        match message.get("type"):
            case "position":
                self._take_position(message)
                return None
            case "ping":
                return {"type": "pong"}
            case _:
                raise FrameUnreadable

    def _take_position(self, message: dict[str, Any]) -> None:
        seq, heading = message.get("seq"), message.get("heading", 0)
        if type(seq) is not int or not 0 <= seq < 2**62:
            raise FrameUnreadable
        if isinstance(heading, bool) or not isinstance(heading, int | float):
            raise FrameUnreadable
        if not math.isfinite(heading):
            raise FrameUnreadable
        point = Point(message.get("lon"), message.get("lat"))  # type: ignore[arg-type]
        known = self._services.board.find(self._driver_id)
        if known is None:
            # Off shift a position is not even looked at (I30).
            raise NotOnShift
        self._services.board.report(
            Position(
                driver_id=self._driver_id,
                shift_id=known.shift_id,
                seq=seq,
                point=point,
                heading=round(heading) % 360,
                at=self._services.now(),
            )
        )
