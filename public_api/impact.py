"""What a motion would do: its impact statement and its pictures, for everybody."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from doorway.schemas import Model, problems
from doorway.services import services_of
from foundation.identifiers import UUID
from governance.impact.pictures import PANELS, picture
from governance.impact.service import get_impact
from governance.motion import MotionId

router = APIRouter(prefix="/public/v1/motions", tags=["motions"])

Name = Annotated[str, Path(pattern=r"^[a-z-]{1,40}$", examples=list(PANELS)[:1])]


class PictureOut(Model):
    """A picture of the statement."""

    name: str
    href: str


class ImpactOut(Model):
    """A motion's impact as it was worked out, and when; `document` says all that is assumed."""

    motion_id: UUID
    version: int = Field(description="Of the text that stands.")
    made_at: datetime | None = Field(description="Null where there is nothing to work out.")
    why_none: str | None = Field(description="Why there are no figures, if so.")
    is_stale: bool = Field(
        description="A rule that it compares with has changed since: another statement is being "
        "worked out, and no vote is called before it stands."
    )
    document: dict[str, Any]
    pictures: list[PictureOut]


@router.get("/{motion_id}/impact", responses=problems(404, 409), summary="What a motion would do")
async def impact(request: Request, motion_id: UUID) -> ImpactOut:
    """The same day under today's rule and under the proposal: riders by zone and time of day, drivers
    by decile, who gets what. While it is being worked out: `impact_pending`."""
    async with services_of(request).database.reading() as reading:
        found = await get_impact(reading, MotionId(motion_id))
    document = dict(found.document)
    return ImpactOut(
        motion_id=motion_id,
        version=document["version"],
        made_at=found.made_at,
        why_none=document["why_none"],
        is_stale=found.is_stale,
        document=document,
        pictures=[
            PictureOut(name=name, href=f"/public/v1/motions/{motion_id}/impact/{name}.svg")
            for name in (PANELS if document["proposals"] else ())
        ],
    )


@router.get(
    "/{motion_id}/impact/{name}.svg",
    responses=problems(404, 409)
    | {200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}},
    response_class=Response,
    summary="A picture of what a motion would do",
)
async def impact_picture(request: Request, motion_id: UUID, name: Name) -> Response:
    """One of the pictures that the statement names, as SVG."""
    async with services_of(request).database.reading() as reading:
        found = await get_impact(reading, MotionId(motion_id))
    return Response(picture(found.document, name), media_type="image/svg+xml")
