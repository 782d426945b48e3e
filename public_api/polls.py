"""Polls as everybody sees them: which there are, their terms, and after the count all there is."""

from collections.abc import AsyncIterator
from datetime import datetime
from itertools import count
from typing import Any

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import StreamingResponse

from doorway.schemas import Model, problems
from doorway.services import services_of
from foundation.identifiers import UUID
from governance import poll_views as views
from governance.motion import MotionState
from governance.poll_views import PollView
from governance.tier import Tier
from storage.engine import Database

router = APIRouter(prefix="/public/v1", tags=["polls"])
files = APIRouter(prefix="/public/v1", include_in_schema=False)

SHOWN_MAX = 200


class PollOut(Model):
    """One question to one electorate."""

    poll_id: UUID
    motion_id: UUID
    title: str
    member_class: str | None = Field(description="Null: everybody without a poll of their own.")
    tier: Tier
    state: MotionState = Field(description="Of the motion.")
    opens_at: datetime
    closes_at: datetime


class PollsOut(Model):
    """The polls, the last to open first."""

    polls: list[PollOut]


class PollTermsOut(PollOut):
    """A poll with what a voter's device needs."""

    manifest: str | None = Field(description="Its terms, word for word, from the opening on.")
    digest: str | None = Field(description="SHA-256 of the manifest, in hexadecimal.")
    desks: list[str] = Field(description="Addresses of the desks that sign ballots, in order.")
    box: str = Field(description="Address of the ballot box and the board.")
    rp_id: str = Field(description="The domain at which members sign with their voting keys.")
    certificate: str | None = Field(description="The count, word for word, once there is one.")


@router.get("/polls", responses=problems(), summary="What is and was voted on")
async def list_polls(request: Request) -> PollsOut:
    """The latest 200 polls."""
    async with services_of(request).database.reading() as work:
        found = await views.list_polls(work, limit=SHOWN_MAX)
    return PollsOut(polls=[PollOut(**_shown(one)) for one in found])


@router.get("/polls/{poll_id}", responses=problems(404), summary="The terms of a poll")
async def get_poll(request: Request, poll_id: UUID) -> PollTermsOut:
    """Its manifest and where ballots are asked for and put in; and its count."""
    services = services_of(request)
    async with services.database.reading() as work:
        found = await views.get_poll(work, poll_id)
    return PollTermsOut(
        **_shown(found),
        manifest=found.manifest,
        digest=found.digest,
        desks=list(services.ballot_places.desks),
        box=services.ballot_places.box,
        rp_id=services.relying_party.rp_id,
        certificate=found.certificate,
    )


@files.get("/polls/{poll_id}/bundle.zip")
async def get_bundle(request: Request, poll_id: UUID) -> StreamingResponse:
    """For counting it again: `khan verify BUNDLE.zip`, on any computer, off line."""
    database = services_of(request).database
    async with database.reading() as work:
        length = await views.get_bundle_bytes(work, poll_id)
    return StreamingResponse(
        _pieces(database, poll_id),
        media_type="application/zip",
        headers={"Content-Length": str(length)},
    )


async def _pieces(database: Database, poll_id: UUID) -> AsyncIterator[bytes]:
    """Piece after piece, each asked for when the last one has gone out.

    No connection is held between them: whoever reads slowly keeps none from others.
    """
    for number in count():
        async with database.reading() as work:
            piece = await views.find_bundle_piece(work, poll_id, number)
        if piece is None:
            return
        yield piece


def _shown(poll: PollView) -> dict[str, Any]:
    return {
        "poll_id": poll.poll_id,
        "motion_id": poll.motion_id,
        "title": poll.title,
        "member_class": poll.member_class,
        "tier": poll.tier,
        "state": poll.state,
        "opens_at": poll.opens_at,
        "closes_at": poll.closes_at,
    }
