"""Everything under `/office/v1`."""

from fastapi import APIRouter

from office_api import appeals, commons, live, meetings, members, motions, papers, purchases, trips

router = APIRouter(prefix="/office/v1")
for part in (trips, papers, members, motions, meetings, appeals, commons, purchases, live):
    router.include_router(part.router)
