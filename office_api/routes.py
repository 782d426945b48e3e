"""Everything under `/office/v1`."""

from fastapi import APIRouter

from office_api import (
    appeals,
    audit,
    commons,
    customers,
    disputes,
    live,
    meetings,
    members,
    motions,
    officials,
    papers,
    purchases,
    register,
    surplus,
    trips,
)

router = APIRouter(prefix="/office/v1")
for part in (
    trips,
    papers,
    register,
    members,
    motions,
    officials,
    meetings,
    appeals,
    commons,
    purchases,
    surplus,
    audit,
    customers,
    disputes,
    live,
):
    router.include_router(part.router)
