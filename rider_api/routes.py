"""Everything under `/rider/v1`."""

from fastapi import APIRouter, Depends

import doorway.audit_looks
import doorway.government.appeals
import doorway.government.commons
import doorway.government.meetings
import doorway.government.motions
import doorway.government.polls
import doorway.government.proxies
import doorway.government.short_notices
import doorway.government.surplus
from doorway.caller import with_role
from doorway.government.membership import membership_router
from governance.matter import MemberClass
from registry.person import Role
from rider_api import cards, live, motions, needs, payment, quotes, receipts, trips

router = APIRouter(prefix="/rider/v1")
for part in (quotes, trips, receipts, payment, cards, needs, motions, live):
    router.include_router(part.router)
for shared in (
    membership_router(MemberClass.RIDER),
    doorway.government.motions.router,
    doorway.government.meetings.router,
    doorway.government.short_notices.router,
    doorway.government.proxies.router,
    doorway.government.appeals.router,
    doorway.government.polls.router,
    doorway.government.commons.router,
    doorway.government.surplus.router,
    doorway.audit_looks.router,
):
    router.include_router(shared, dependencies=[Depends(with_role(Role.RIDER))])
