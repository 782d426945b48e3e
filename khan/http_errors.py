"""What goes wrong over HTTP, in one form: problem documents (RFC 9457), never a traceback."""

import contextlib
from typing import Any
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.websockets import WebSocket

from doorway.live import TRY_AGAIN_LATER
from doorway.problem import problem, problem_response, refusal_response
from doorway.services import BallotPlaces
from foundation.errors import Refusal
from khan.documentation import HTTP_ANSWERS, nothing_here
from storage.refusals import constraint_of

log = structlog.get_logger()

BODY_BYTES_MAX = 64 * 1024

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "geolocation=(), camera=(), microphone=()",
    "content-security-policy": "default-src 'none'; script-src 'self'; worker-src 'self'; "
    "style-src 'self'; font-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
"""What every answer carries."""


def security_headers(path: str, *, ballot_places: BallotPlaces) -> dict[str, str]:
    """What the answer to `path` carries: the page of votes may ask desks and box besides."""
    others = {*ballot_places.desks, ballot_places.box} - {""}
    if not others or not path.startswith("/vote/"):
        return SECURITY_HEADERS
    name = "content-security-policy"
    origins = " ".join(sorted(_origin(one) for one in others))
    policy = SECURITY_HEADERS[name].replace("connect-src 'self'", f"connect-src 'self' {origins}")
    return {**SECURITY_HEADERS, name: policy}


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


_CHARACTER_NOT_KEPT = "22021"
"""SQLSTATE character_not_in_repertoire."""

_CODES = {status: (code, sentence) for code, status, sentence in HTTP_ANSWERS}


def install(app: FastAPI) -> None:
    """Answer every refusal and every fault as a problem document."""
    # The same handlers serve requests and sockets, which the signature cannot say.
    app.add_exception_handler(Refusal, _refused)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _not_kept)
    app.add_exception_handler(Exception, _fault)  # type: ignore[arg-type]


async def _refused(connection: HTTPConnection, error: Exception) -> Response | None:
    assert isinstance(error, Refusal)
    if isinstance(connection, WebSocket):
        await _close(connection)
        return None
    return refusal_response(error)


async def _close(socket: WebSocket) -> None:
    """A socket that something kept from going on is closed, to come back and resume."""
    with contextlib.suppress(RuntimeError):
        await socket.close(TRY_AGAIN_LATER)


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if _is_not_json(request):
        return problem_response(415, problem(415, *_CODES[415]))
    faults = [
        {"field": ".".join(str(part) for part in fault["loc"][1:]), "reason": fault["msg"]}
        for fault in error.errors()
    ]
    first = faults[0] if faults else {"field": "", "reason": "it could not be read"}
    sentence = f"{first['field'] or 'The body'}: {first['reason']}."
    return problem_response(422, problem(422, "malformed", sentence, faults=faults))


def _is_not_json(request: Request) -> bool:
    """Whether a body was sent, as something else than JSON."""
    headers = request.headers
    if "transfer-encoding" not in headers and headers.get("content-length", "0") == "0":
        return False
    media_type = headers.get("content-type", "").split(";", 1)[0].strip().lower()
    return media_type != "application/json" and not media_type.endswith("+json")


def too_large() -> Response:
    """The answer to a body that need not even be read."""
    return problem_response(413, problem(413, *_CODES[413]))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and "text/html" in request.headers.get("accept", ""):
        return nothing_here()
    code, sentence = _CODES.get(error.status_code, ("refused", str(error.detail)))
    body = problem(error.status_code, code, sentence)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_methods_of(request))
    return problem_response(error.status_code, body, headers=headers)


def _methods_of(request: Request) -> list[str]:
    """What this address answers: of all routes that hold it, where the framework names but one's."""
    routes = [route for route in request.app.router.routes if not isinstance(route, Mount)]
    scope = {**request.scope, "root_path": request.scope.get("app_root_path", "")}
    return [
        method
        for method in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
        if any(route.matches(scope | {"method": method})[0] is Match.FULL for route in routes)
    ] or ["GET", "HEAD"]  # a file


async def _not_kept(_request: Request, error: Exception) -> Response:
    """A text with a character that no database keeps (NUL) is the sender's mistake; every other
    fault is ours."""
    assert isinstance(error, DBAPIError)
    if getattr(error.orig, "sqlstate", None) != _CHARACTER_NOT_KEPT:
        raise error
    sentence = "A text holds a character that cannot be kept (NUL)."
    return problem_response(422, problem(422, "malformed", sentence, faults=[]))


async def _fault(request: HTTPConnection, error: Exception) -> Response | None:
    """A mistake of ours: logged with its kind and place, answered without either."""
    facts: dict[str, Any] = {"path": request.scope.get("route_path", request.url.path)}
    if isinstance(error, DBAPIError):
        facts["sqlstate"] = getattr(error.orig, "sqlstate", None)
        facts["constraint"] = constraint_of(error)
    log.error("fault", exc_info=error, **facts)
    if isinstance(request, WebSocket):
        await _close(request)
        return None
    return problem_response(
        500,
        problem(500, *_CODES[500]),
        headers=SECURITY_HEADERS,  # answered outside of what adds them to all others
    )
