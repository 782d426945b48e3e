"""Everything under `/box/v1` and `/board/v1`: ballots come without a name; everyone sees the board."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from foundation.identifiers import UUID
from governance.ballots.errors import DocumentMalformed
from governance.ballots.plain import pack
from governance.polls import board as verbs
from governance.polls import keeping
from governance.polls.board import BoardAtWork
from storage.engine import Database

router = APIRouter()
Document = Annotated[dict[str, Any], Body()]
SIZE_MAX = (1 << 31) - 1
"""More entries no log has: its numbers are 32 bits wide."""


class CosignatureBrought(BaseModel):
    """A head of the board with a witness's line on it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    note: Annotated[str, Field(max_length=16384)]


@router.post("/box/v1/polls/{poll_id}/ballots", status_code=202)
async def ballot(request: Request, poll_id: UUID, document: Document) -> dict[str, object]:
    """Take a ballot; it waits, and goes onto the board with others. The same again is one."""
    if "kind" in document:
        raise DocumentMalformed("a ballot has no kind")
    return await _take(request, poll_id, document)


@router.post("/box/v1/polls/{poll_id}/cancellations", status_code=202)
async def cancellation(request: Request, poll_id: UUID, document: Document) -> dict[str, object]:
    """Take a cancellation slip: it strikes its ballot key out for good."""
    if document.get("kind") != "cancellation":
        raise DocumentMalformed("a cancellation slip says that it is one")
    return await _take(request, poll_id, document)


@router.get("/box/v1/polls/{poll_id}/receipts/{digest}")
async def receipt(
    request: Request,
    poll_id: UUID,
    digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """Where a ballot stands on the board, by the hash that the box answered with."""
    database, board = _of(request)
    async with database.reading() as reading:
        found = await verbs.find_receipt(reading, board, poll_id, digest)
    return Response(found.document(), media_type="application/json")


@router.get("/board/v1/polls")
async def polls(request: Request) -> dict[str, list[str]]:
    """The polls that have a board, the newest first, at most 1000."""
    database, board = _of(request)
    async with database.reading() as reading:
        return {"polls": [str(one) for one in await board.store.open_polls(reading)]}


@router.get("/board/v1/polls/{poll_id}")
async def head(request: Request, poll_id: UUID) -> dict[str, int | str | bool | None]:
    """The board's newest signed head with the witnesses' lines that it has, and whether it ended."""
    database, board = _of(request)
    async with database.reading() as reading:
        # Asked first: whoever reads that it has ended reads its last head.
        finished = await board.store.is_finished(reading, poll_id)
        shown = await keeping.show_head(reading, board, poll_id)
    return {"size": shown.size, "note": shown.note, "finished": finished}


@router.get("/board/v1/polls/{poll_id}/manifest")
async def manifest(request: Request, poll_id: UUID) -> Response:
    """The manifest that this board has signed, byte for byte."""
    database, board = _of(request)
    async with database.reading() as reading:
        found = await board.manifest(reading, poll_id)
    return Response(found.document(), media_type="application/json")


@router.get("/board/v1/polls/{poll_id}/log")
async def log(
    request: Request,
    poll_id: UUID,
    first: Annotated[int, Query(alias="from", ge=0, le=SIZE_MAX)] = 0,
) -> dict[str, list[str]]:
    """Entries from a number on, at most 1000."""
    database, board = _of(request)
    async with database.reading() as reading:
        await board.manifest(reading, poll_id)
        lines = await board.store.lines(reading, poll_id, first=first)
    return {"lines": [line.decode() for _, line in lines]}


@router.get("/board/v1/polls/{poll_id}/consistency")
async def consistency(
    request: Request, poll_id: UUID, first: Annotated[int, Query(ge=1, le=SIZE_MAX)]
) -> dict[str, object]:
    """That the newest head continues the one of `first` entries."""
    database, board = _of(request)
    async with database.reading() as reading:
        shown, proof = await keeping.prove_growth(reading, board, poll_id, first=first)
    return {"size": shown.size, "note": shown.note, "proof": [pack(one) for one in proof]}


@router.post("/board/v1/polls/{poll_id}/cosignatures")
async def cosign(request: Request, poll_id: UUID, brought: CosignatureBrought) -> dict[str, int]:
    """Keep the lines of the poll's witnesses under a head of the board."""
    database, board = _of(request)
    async with database.work() as work:
        return {"kept": await keeping.take_cosignature(work, board, poll_id, brought.note)}


async def _take(request: Request, poll_id: UUID, document: dict[str, Any]) -> dict[str, object]:
    database, board = _of(request)
    async with database.work() as work:
        taken = await verbs.receive(work, board, poll_id, document)
    return {"ballot": taken.digest, "waiting": taken.waiting}


def _of(request: Request) -> tuple[Database, BoardAtWork]:
    state = request.app.state
    return state.database, state.keeper
