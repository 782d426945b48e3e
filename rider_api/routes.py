"""Everything under `/rider/v1`."""

from fastapi import APIRouter

from rider_api import live, needs, quotes, receipts, trips

router = APIRouter(prefix="/rider/v1")
for part in (quotes, trips, receipts, needs, live):
    router.include_router(part.router)
