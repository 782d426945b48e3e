"""Writes that may be sent again: one key, one effect, one answer (I13).

The answer is kept in the commit of its effect. A repeated request usually runs into what its
first try changed; it is then that the kept answer is looked up, so that the common case costs one
statement and no look-up. Refusals are answers too and are kept; what says nothing about the
request (the database is down, too many at once, nobody signed in) is not.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from sqlalchemy.exc import IntegrityError
from starlette.requests import Request
from starlette.responses import Response

from doorway.errors import IdempotencyKeyMissing, IdempotencyKeyReused
from doorway.problem import MEDIA_TYPE, document
from foundation.errors import NotSignedIn, Refusal, TooMany, Unavailable
from foundation.events import as_json
from storage import idempotency
from storage.engine import Database
from storage.idempotency import KeptAnswer
from storage.refusals import constraint_of
from storage.work import UnitOfWork

Handler = Callable[[UnitOfWork], Awaitable[Any]]
"""Does the work and returns the answer's body (JSON values), or a Refusal that must be committed
with what it counted (a wrong PIN)."""


async def once(
    request: Request, database: Database, *, caller: str, handler: Handler, status: int = 200
) -> Response:
    """Do a write once and answer it, however often it is sent.

    Parameters
    ----------
    caller
        Whose keys they are: two people may use the same key.
    status
        Of a successful answer.

    Raises
    ------
    IdempotencyKeyMissing, IdempotencyKeyReused
    """
    key = request.headers.get("idempotency-key", "")
    if not 1 <= len(key) <= 200 or not key.isprintable():
        raise IdempotencyKeyMissing
    fingerprint = await _fingerprint(request)
    try:
        async with database.work() as work:
            answer = _answer(fingerprint, status, await handler(work))
            await idempotency.keep(work, caller, key, answer)
    except (Unavailable, TooMany, NotSignedIn):
        raise
    except Refusal as refusal:
        refused = _answer(fingerprint, status, refusal)
        async with database.work() as work:
            before = await idempotency.keep_unless_kept(work, caller, key, refused)
        return _response(before or refused, fingerprint, is_replay=before is not None)
    except IntegrityError as error:
        if constraint_of(error) != "idempotency_pkey":
            raise
        async with database.work() as work:
            found = await idempotency.find(work, caller, key)
        assert found is not None
        return _response(found, fingerprint, is_replay=True)
    return _response(answer, fingerprint, is_replay=False)


async def _fingerprint(request: Request) -> bytes:
    digest = hashlib.sha256()
    for part in (request.method.encode(), request.url.path.encode(), await request.body()):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def _answer(fingerprint: bytes, status: int, body: Any) -> KeptAnswer:
    if isinstance(body, Refusal):
        refused, document_ = document(body)
        return KeptAnswer(fingerprint=fingerprint, status=refused, answer=document_)
    encoded = b"" if body is None else orjson.dumps(body, default=as_json)
    return KeptAnswer(
        fingerprint=fingerprint, status=204 if body is None else status, answer=encoded
    )


def _response(kept: KeptAnswer, fingerprint: bytes, *, is_replay: bool) -> Response:
    if kept.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    return Response(
        kept.answer,
        status_code=kept.status,
        media_type=MEDIA_TYPE if kept.status >= 400 else "application/json",
        headers={"Idempotent-Replayed": "true"} if is_replay else None,
    )
