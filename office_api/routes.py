"""Everything under `/office/v1`."""

from fastapi import APIRouter

from office_api import live, papers, trips

router = APIRouter(prefix="/office/v1")
for part in (trips, papers, live):
    router.include_router(part.router)
