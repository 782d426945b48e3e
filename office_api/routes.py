"""Everything under `/office/v1`."""

from fastapi import APIRouter

from office_api import (
    appeals,
    commons,
    live,
    meetings,
    members,
    motions,
    officials,
    papers,
    purchases,
    trips,
)

router = APIRouter(prefix="/office/v1")
for part in (
    trips,
    papers,
    members,
    motions,
    officials,
    meetings,
    appeals,
    commons,
    purchases,
    live,
):
    router.include_router(part.router)
