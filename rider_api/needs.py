"""What a rider always needs in a car, said once instead of with every trip."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Rider
from doorway.schemas import problems
from doorway.services import services_of
from doorway.writes import once
from registry.needs import needs_of, set_needs
from rider_api.schemas import NeedsKept, UsualNeeds
from storage.work import UnitOfWork

router = APIRouter(tags=["me"])


@router.get("/me/needs", responses=problems(), summary="What you always need")
async def usual_needs(request: Request, caller: Rider) -> UsualNeeds:
    """What every quote and booking of yours takes for granted."""
    services = services_of(request)
    async with services.database.work() as work:
        found = await needs_of(work, caller.person_id, vault=services.vault)
    return UsualNeeds(needs=sorted(found))


@router.post(
    "/me/needs",
    responses={200: {"model": NeedsKept}, **problems(404)},
    summary="Say what you always need",
)
async def say_needs(request: Request, body: UsualNeeds, caller: Rider) -> Response:
    """Kept sealed instead of what you said before, and taken for granted by every quote and booking
    from then on, by telephone too; a trip can ask for more. An empty list erases it, and so does
    being forgotten. Trips booked before keep theirs."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> object:
        # An answer is stored as it is: how many, not which.
        kept = await set_needs(work, caller.person_id, body.needs, vault=services.vault)
        return NeedsKept(kept=len(kept)).model_dump(mode="json")

    return await once(request, services.database, caller=str(caller.person_id), handler=handle)
