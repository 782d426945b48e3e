"""Why this offer, and why not me: what a round stored, in plain words.

Directive (EU) 2024/2831, article 11. Nobody else is named: other drivers and riders are described
by what the round weighed, never by who they are or where.
"""

import asyncio
from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request

from dispatch.decision import Decision, StoredBytes
from dispatch.errors import TripNotFound
from dispatch.matching.explanation import sentence
from dispatch.views import decisions
from dispatch.views import trips as views
from doorway.caller import Driver
from doorway.schemas import problems
from doorway.services import services_of
from driver_app_api.schemas import ReasonOut, WhyNotOut, WhyOut
from foundation.identifiers import UUID, DriverId, OfferId, TripId

router = APIRouter(tags=["reasons"])


@router.get("/offers/{offer_id}/why", responses=problems(404), summary="Why this offer")
async def why_this_offer(request: Request, offer_id: UUID, caller: Driver) -> WhyOut:
    """Why a trip was offered to you, whatever became of the offer."""
    async with services_of(request).database.reading() as work:
        offer = await views.offer_for_driver(work, OfferId(offer_id), DriverId(caller.person_id))
    stored = zip(offer.why.get("reasons", ()), offer.why.get("words", ()), strict=True)
    return WhyOut(
        offer_id=offer.offer_id,
        trip_id=offer.trip_id,
        decided_at=offer.made_at,
        reasons=[
            ReasonOut(code=reason["code"], facts=reason["facts"], words=words)
            for reason, words in stored
        ],
    )


@router.get("/trips/{trip_id}/why-not-me", responses=problems(404), summary="Why not me")
async def why_not_me(request: Request, trip_id: UUID, caller: Driver) -> WhyNotOut:
    """Why a trip went to somebody else in the latest round that offered it while you were on
    shift; or, if nobody was offered it, why it went on waiting in the latest round and you were not
    asked. Other drivers are described, never named."""
    trip, driver = TripId(trip_id), DriverId(caller.person_id)
    async with services_of(request).database.reading() as work:
        stored = await decisions.decisions_of(work, trip, driver)
    # A large round takes a while to read: no other request waits for it.
    decision = await asyncio.to_thread(_that_knew, stored, trip)
    reasons = await asyncio.to_thread(decision.why_not, trip, driver)
    return WhyNotOut(
        trip_id=trip_id,
        decided_at=decision.at,
        reasons=[
            ReasonOut(code=reason.code, facts=dict(reason.facts), words=sentence(reason))
            for reason in reasons
        ],
    )


def _that_knew(stored: Sequence[StoredBytes], trip: TripId) -> Decision:
    """The first of the rounds in which the trip was open; TripNotFound if it was in none."""
    for one in stored:
        decision = Decision.read(one)
        if decision.knows_trip(trip):
            return decision
    raise TripNotFound(trip)
