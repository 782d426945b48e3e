"""Everything under `/desk/v1`: issue, paper at a staffed desk, and after the close the log."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from foundation.identifiers import UUID
from governance.ballots.assertion import Assertion
from governance.ballots.issuance import Request as BallotRequest
from governance.ballots.plain import pack, unpack
from governance.polls import desk as verbs
from governance.polls import keeping
from governance.polls.desk import DeskAtWork
from governance.polls.errors import DeskSecretWrong
from storage.engine import Database

router = APIRouter(prefix="/desk/v1/polls")
Base64 = Annotated[str, Field(max_length=8192)]
SIZE_MAX = (1 << 31) - 1
"""More entries no log has: its numbers are 32 bits wide."""


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class AssertionAsked(_Asked):
    """What the voting passkey answered, base64."""

    authenticator_data: Base64
    client_data: Base64
    signature: Base64


class IssueAsked(_Asked):
    """A member asks for a signature; the same to every desk but for `blinded`."""

    commitment: Base64
    requests: Annotated[list[Base64], Field(max_length=8)]
    assertion: AssertionAsked | None = None
    blinded: Base64 | None = None


class PaperAsked(_Asked):
    """The entry of the roll that gets a ballot paper."""

    commitment: Base64


class CosignatureBrought(_Asked):
    """A head of the log with a witness's line on it."""

    note: Annotated[str, Field(max_length=16384)]


@router.post("/{poll_id}/issue")
async def issue(request: Request, poll_id: UUID, asked: IssueAsked) -> dict[str, str | None]:
    """Mark who asks, and sign the blinded message; the same request again gets the same answer."""
    signed = asked.assertion
    wanted = BallotRequest(
        commitment=unpack(asked.commitment, 32),
        requests=tuple(unpack(one, 32) for one in asked.requests),
        assertion=None if signed is None else Assertion(
            authenticator_data=unpack(signed.authenticator_data),
            client_data=unpack(signed.client_data),
            signature=unpack(signed.signature),
        ),
    )  # fmt: skip
    blinded = None if asked.blinded is None else unpack(asked.blinded)
    database, desk = _of(request)
    async with database.work() as work:
        signature = await verbs.issue(work, desk, poll_id, wanted, blinded=blinded)
    return {"signature": None if signature is None else pack(signature)}


@router.post("/{poll_id}/paper")
async def paper(
    request: Request,
    poll_id: UUID,
    asked: PaperAsked,
    authorization: Annotated[str, Header()] = "",
) -> dict[str, bool]:
    """Note that somebody at the staffed desk gets a ballot paper: with the desk's own secret."""
    secret: str | None = request.app.state.secret
    if secret is None or not hmac.compare_digest(
        authorization.encode(), f"Bearer {secret}".encode()
    ):
        raise DeskSecretWrong
    database, desk = _of(request)
    async with database.work() as work:
        await verbs.admit_to_paper(work, desk, poll_id, unpack(asked.commitment, 32))
    return {"paper": True}


@router.get("/{poll_id}")
async def status(request: Request, poll_id: UUID) -> dict[str, int]:
    """How many were issued a ballot so far."""
    database, desk = _of(request)
    async with database.reading() as reading:
        return {"issued": await verbs.count_issued(reading, desk, poll_id)}


@router.get("/{poll_id}/head")
async def head(request: Request, poll_id: UUID) -> dict[str, int | str | None]:
    """The log's signed head, after the close; before, size 0."""
    database, desk = _of(request)
    async with database.reading() as reading:
        shown = await keeping.show_head(reading, desk, poll_id)
    return {"size": shown.size, "note": shown.note}


@router.get("/{poll_id}/log")
async def log(
    request: Request,
    poll_id: UUID,
    first: Annotated[int, Query(alias="from", ge=0, le=SIZE_MAX)] = 0,
) -> dict[str, list[str]]:
    """Entries from a number on, at most 1000, after the close."""
    database, desk = _of(request)
    async with database.reading() as reading:
        lines = await verbs.show_log(reading, desk, poll_id, first=first)
    return {"lines": [line.decode() for line in lines]}


@router.get("/{poll_id}/consistency")
async def consistency(
    request: Request, poll_id: UUID, first: Annotated[int, Query(ge=1, le=SIZE_MAX)]
) -> dict[str, object]:
    """That the signed head continues the one of `first` entries."""
    database, desk = _of(request)
    async with database.reading() as reading:
        shown, proof = await keeping.prove_growth(reading, desk, poll_id, first=first)
    return {"size": shown.size, "note": shown.note, "proof": [pack(one) for one in proof]}


@router.post("/{poll_id}/cosignatures")
async def cosign(request: Request, poll_id: UUID, brought: CosignatureBrought) -> dict[str, int]:
    """Keep the lines of the poll's witnesses under a head of this log."""
    database, desk = _of(request)
    async with database.work() as work:
        return {"kept": await keeping.take_cosignature(work, desk, poll_id, brought.note)}


def _of(request: Request) -> tuple[Database, DeskAtWork]:
    state = request.app.state
    return state.database, state.keeper
