"""Everything under `/driver/v1`."""

from fastapi import APIRouter

from driver_app_api import earnings, live, offers, shifts, trips

router = APIRouter(prefix="/driver/v1")
for part in (shifts, offers, trips, earnings, live):
    router.include_router(part.router)
