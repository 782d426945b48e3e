"""The keys by which anybody checks that a receipt is the co-operative's."""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import Field
from starlette.requests import Request

from doorway.schemas import Model, problems
from doorway.services import services_of
from papers.views import list_keys

router = APIRouter(prefix="/public/v1", tags=["receipts"])


class KeyOut(Model):
    """The public half of a key."""

    key_id: str = Field(
        description="The first 16 hexadecimal digits of the SHA-256 of the public key."
    )
    algorithm: str = Field(description="Ed25519 (RFC 8032).")
    public_key: str = Field(description="32 bytes in base64.")
    valid_from: datetime
    valid_to: datetime | None = Field(description="When the next key began. Null: it signs now.")


class KeysOut(Model):
    """Every key that ever signed; none where receipts are not signed."""

    keys: list[KeyOut]


@router.get("/keys", responses=problems(), summary="The keys that sign receipts")
async def keys(request: Request, response: Response) -> KeysOut:
    """The newest first. Old keys stay, so that old receipts can be checked; docs/reference/receipt.md
    tells how, and `khan receipt verify FILE --url ADDRESS` does it."""
    async with services_of(request).database.reading() as work:
        found = await list_keys(work)
    response.headers["Cache-Control"] = "public, max-age=300"
    return KeysOut(keys=[KeyOut.model_validate(key.as_json(), strict=False) for key in found])
