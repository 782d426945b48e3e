"""Everything under `/driver/v1`."""

from fastapi import APIRouter, Depends

import doorway.government.commons
import doorway.government.motions
import doorway.government.polls
from doorway.caller import with_role
from doorway.government.membership import membership_router
from driver_app_api import advice, earnings, live, motions, offers, reasons, shifts, trips, wishes
from governance.matter import MemberClass
from registry.person import Role

router = APIRouter(prefix="/driver/v1")
for part in (shifts, wishes, advice, offers, trips, reasons, earnings, motions, live):
    router.include_router(part.router)
for shared in (
    membership_router(MemberClass.DRIVER),
    doorway.government.motions.router,
    doorway.government.polls.router,
    doorway.government.commons.router,
):
    router.include_router(shared, dependencies=[Depends(with_role(Role.DRIVER))])
