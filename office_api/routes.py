"""Everything under `/office/v1`."""

from fastapi import APIRouter

from office_api import commons, live, members, motions, officials, papers, purchases, trips

router = APIRouter(prefix="/office/v1")
for part in (trips, papers, members, motions, officials, commons, purchases, live):
    router.include_router(part.router)
