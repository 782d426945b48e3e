"""Everything under `/rider/v1`."""

from fastapi import APIRouter

from rider_api import live, motions, needs, quotes, receipts, trips

router = APIRouter(prefix="/rider/v1")
for part in (quotes, trips, receipts, needs, motions, live):
    router.include_router(part.router)
