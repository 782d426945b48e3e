"""Everything under `/driver/v1`."""

from fastapi import APIRouter

from driver_app_api import advice, earnings, live, motions, offers, reasons, shifts, trips, wishes

router = APIRouter(prefix="/driver/v1")
for part in (shifts, wishes, advice, offers, trips, reasons, earnings, motions, live):
    router.include_router(part.router)
