"""Everything under `/office/v1`."""

from fastapi import APIRouter

from office_api import (
    appeals,
    audit,
    books,
    commons,
    customers,
    disputes,
    live,
    meetings,
    members,
    motions,
    officials,
    papers,
    payments,
    payouts,
    purchases,
    register,
    surplus,
    trips,
)

router = APIRouter(prefix="/office/v1")
for part in (
    trips,
    papers,
    payments,
    register,
    members,
    motions,
    officials,
    meetings,
    appeals,
    commons,
    purchases,
    surplus,
    books,
    payouts,
    audit,
    customers,
    disputes,
    live,
):
    router.include_router(part.router)
