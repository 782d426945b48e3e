"""Everything under `/provider/v1`: webhooks. Only a provider calls here, so that no API's description
names it."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.services import services_of
from foundation.clock import wall_now
from ledger.payments.errors import WebhookNotOurs
from ledger.payments.webhooks import take_event

router = APIRouter(prefix="/provider/v1", include_in_schema=False)


@router.post("/webhooks/stripe")
async def stripe(request: Request) -> Response:
    """An event of Stripe, taken once however often and in whatever order it is sent (204).

    The signature is judged by wall time: Stripe signs with its own clock.
    """
    services = services_of(request)
    cards = services.providers.need_cards()
    signature = request.headers.get("stripe-signature")
    if signature is None:
        raise WebhookNotOurs
    told = cards.read_event(await request.body(), signature, now=wall_now())
    async with services.database.work() as work:
        await take_event(work, cards.name, told)
    return Response(status_code=204)
