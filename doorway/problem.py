"""Refusals as problem documents (RFC 9457), and the one table from a refusal's kind to a status."""

from typing import Any

import orjson
from starlette.responses import Response

from foundation.errors import (
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    NotSignedIn,
    Refusal,
    TooMany,
    Unavailable,
)
from foundation.events import as_json

MEDIA_TYPE = "application/problem+json"

_STATUS: tuple[tuple[type[Refusal], int], ...] = (
    (NotSignedIn, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Gone, 410),
    (Invalid, 422),
    (TooMany, 429),
    (Unavailable, 503),
)


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal's kind."""
    for kind, status in _STATUS:
        if isinstance(refusal, kind):
            return status
    raise AssertionError(f"{type(refusal).__name__} has no kind")


def problem(status: int, code: str, detail: str, **facts: Any) -> bytes:
    """A problem document: `type` is a relative reference to the page that lists the codes."""
    return orjson.dumps(
        {
            "type": f"/docs/errors#{code}",
            "title": code.replace("_", " "),
            "status": status,
            "detail": detail,
            "code": code,
            **as_json(facts),
        },
        default=str,
    )


def document(refusal: Refusal) -> tuple[int, bytes]:
    """Status and problem document of a refusal."""
    status = status_of(refusal)
    facts = {name: value for name, value in refusal.facts.items() if name not in _RESERVED}
    return status, problem(status, refusal.code, refusal.sentence, **facts)


_RESERVED = frozenset({"type", "title", "status", "detail", "code"})


def problem_response(status: int, body: bytes, headers: dict[str, str] | None = None) -> Response:
    """A response that carries a problem document."""
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def refusal_response(refusal: Refusal) -> Response:
    """The response for a refusal."""
    headers = {}
    if isinstance(refusal, TooMany):
        headers["Retry-After"] = str(refusal.retry_after_seconds)
    if isinstance(refusal, Unavailable):
        headers["Retry-After"] = "2"
    if isinstance(refusal, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    return problem_response(*document(refusal), headers=headers)
