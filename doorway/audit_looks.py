"""What auditors looked at, for every member: the log of their looks."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field
from starlette.requests import Request

from doorway.schemas import Model, problems
from doorway.services import services_of
from foundation.identifiers import UUID
from ledger.audit_views import list_looks

router = APIRouter(tags=["the books"])

SHOWN = 100


class LookOut(Model):
    """One look: by whom, at what, of which time."""

    look_id: UUID
    auditor_id: UUID
    what: str
    starts_at: datetime | None = Field(description="Null: from the beginning.")
    ends_at: datetime
    form: str | None = Field(description="Of an export.")
    at: datetime


class LooksOut(Model):
    """Looks, newest first."""

    looks: list[LookOut]


@router.get("/audit-looks", responses=problems(), summary="What auditors looked at")
async def looks(
    request: Request,
    before: Annotated[AwareDatetime | None, Query(description="For older ones.")] = None,
) -> LooksOut:
    """Every look at the books by an auditor, a hundred at a time. Each is written in the transaction
    that looks, and cannot be changed."""
    async with services_of(request).database.reading() as work:
        found = await list_looks(work, limit=SHOWN, before=before)
    return LooksOut(
        looks=[
            LookOut(
                look_id=one.look_id,
                auditor_id=one.auditor_id,
                what=one.what.value,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                form=None if one.form is None else one.form.value,
                at=one.at,
            )
            for one in found
        ]
    )
