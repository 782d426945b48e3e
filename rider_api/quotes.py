"""A price fixed before booking."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import fares.service
from dispatch.waiting import expected_wait_seconds
from doorway.caller import Rider
from doorway.places import quote_between
from doorway.schemas import LineOut, problems
from doorway.services import Services, services_of
from doorway.writes import once
from fares.quote import Quote
from fares.route_line import decode_line
from foundation.identifiers import UUID, QuoteId, RiderId
from registry.needs import needs_of
from rider_api.schemas import QuoteIn, QuoteOut
from storage.work import UnitOfWork

router = APIRouter(tags=["quotes"])


def quote_out(quote: Quote, services: Services) -> QuoteOut:
    """A quote as the rider sees it; the wait is guessed anew each time it is shown."""
    return QuoteOut(
        quote_id=quote.quote_id,
        total_minor=quote.total.minor,
        currency=quote.total.currency,
        lines=[
            LineOut(code=line.code, amount_minor=line.amount_minor, detail=dict(line.detail))
            for line in quote.lines
        ],
        driver_pay_minor=quote.driver_pay_minor,
        metres=quote.metres,
        seconds=quote.seconds,
        expected_wait_seconds=expected_wait_seconds(
            services.board, services.city.roads, quote.pickup
        ),
        expires_at=quote.expires_at,
        booked_for=quote.booked_for,
        shared=quote.is_shared,
        zone_from=quote.zone_from,
        zone_to=quote.zone_to,
        tariff_rule_id=quote.tariff_rule_id,
        degraded=quote.degraded,
        route=list(decode_line(quote.route_line)),
    )


@router.post(
    "/quotes",
    status_code=201,
    responses={201: {"model": QuoteOut}, **problems(404)},
    summary="Ask for a price",
)
async def make_quote(request: Request, body: QuoteIn, caller: Rider) -> Response:
    """A fixed price for a journey: every line of it, what the driver gets, and about how long a
    car would take to come. It stands until `expires_at` and books with `POST /trips`."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> object:
        usual = await needs_of(work, caller.person_id, vault=services.vault)
        quote = await quote_between(
            work,
            services.city,
            rider_id=RiderId(caller.person_id),
            pickup=body.pickup.point(),
            dropoff=body.dropoff.point(),
            seats=body.seats,
            vehicle_class=body.vehicle_class,
            needs=sorted(usual.union(body.needs)),
            booked_for=body.booked_for,
            is_shared=body.shared,
        )
        return quote_out(quote, services).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )


@router.get("/quotes/{quote_id}", responses=problems(404), summary="A quote again")
async def get_quote(request: Request, quote_id: UUID, caller: Rider) -> QuoteOut:
    """The rider's quote, expired or not."""
    services = services_of(request)
    async with services.database.reading() as work:
        quote = await fares.service.get_quote(work, QuoteId(quote_id), RiderId(caller.person_id))
    return quote_out(quote, services)
