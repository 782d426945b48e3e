"""Divided surpluses as everybody reads them: totals and terms, and nobody's work."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request

from doorway.schemas import Model, problems
from doorway.services import services_of
from governance.surplus.service import get_allocation
from governance.surplus.store import Stored, list_allocations

router = APIRouter(prefix="/public/v1", tags=["the surplus"])


class AllocationOut(Model):
    """A period's surplus as it was divided; `digest` is the SHA-256 of the document in canonical
    JSON."""

    period_id: UUID
    motion_id: UUID
    currency: str
    digest: str


class AllocationDocumentOut(AllocationOut):
    """With the document: what each step took, the terms of every division, the hash of all lines."""

    document: dict[str, Any]


class AllocationsOut(Model):
    """The latest period first."""

    allocations: list[AllocationOut]


@router.get("/surplus", responses=problems(), summary="Surpluses that were divided")
async def allocations(request: Request) -> AllocationsOut:
    """Each carries out a vote: its motion is named."""
    async with services_of(request).database.reading() as work:
        found = await list_allocations(work)
    return AllocationsOut(allocations=[AllocationOut(**_named(one)) for one in found])


@router.get("/surplus/{period_id}", responses=problems(404), summary="How one was divided")
async def allocation(request: Request, period_id: UUID) -> AllocationDocumentOut:
    """With it and one's own work anybody computes their own part anew
    (docs/reference/allocation_policy.md)."""
    async with services_of(request).database.reading() as work:
        found = await get_allocation(work, period_id)
    return AllocationDocumentOut(**_named(found), document=dict(found.document))


def _named(stored: Stored) -> dict[str, Any]:
    return {
        "period_id": stored.period_id,
        "motion_id": stored.adoption_id,
        "currency": stored.currency,
        "digest": stored.digest,
    }
