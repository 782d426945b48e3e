"""Everything under `/office/v1`."""

from fastapi import APIRouter

from office_api import live, members, motions, papers, trips

router = APIRouter(prefix="/office/v1")
for part in (trips, papers, members, motions, live):
    router.include_router(part.router)
