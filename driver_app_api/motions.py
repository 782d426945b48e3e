"""What a motion would have meant for one's own last month."""

from fastapi import APIRouter
from starlette.requests import Request

from doorway.caller import Driver
from doorway.my_month import MyMonthOut, my_month
from doorway.schemas import problems
from doorway.services import services_of
from foundation.identifiers import UUID
from ledger.account import Role

router = APIRouter(tags=["motions"])


@router.get(
    "/motions/{motion_id}/my-month",
    responses=problems(404),
    summary="Your own month under a motion",
)
async def month(request: Request, motion_id: UUID, caller: Driver) -> MyMonthOut:
    """What your trips of the last 31 days paid you, and would have under the rule that is proposed.

    Worked out for you alone when you ask; it is kept nowhere.
    """
    async with services_of(request).database.work() as work:
        return await my_month(work, motion_id, role=Role.DRIVER, person_id=caller.person_id)
