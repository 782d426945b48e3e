"""What goes wrong over HTTP, in one form: problem documents (RFC 9457), never a traceback."""

import contextlib
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from doorway.live import TRY_AGAIN_LATER
from doorway.problem import problem, problem_response, refusal_response
from foundation.errors import Refusal

log = structlog.get_logger()

_CODES = {
    400: ("unreadable", "The request could not be read."),
    404: ("no_such_route", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not answer that method."),
    413: ("body_too_large", "The body is too large; 64 KiB are accepted."),
    415: ("media_type_unknown", "Send JSON, as application/json."),
}


def install(app: FastAPI) -> None:
    """Answer every refusal and every fault as a problem document."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)


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


async def _malformed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"field": ".".join(str(part) for part in fault["loc"][1:]), "reason": fault["msg"]}
        for fault in error.errors()
    ]
    first = faults[0] if faults else {"field": "", "reason": "it could not be read"}
    sentence = f"{first['field'] or 'The body'}: {first['reason']}."
    return problem_response(422, problem(422, "malformed", sentence, faults=faults))


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, sentence = _CODES.get(error.status_code, ("refused", str(error.detail)))
    body = problem(error.status_code, code, sentence)
    return problem_response(error.status_code, body, headers=dict(error.headers or {}))


async def _fault(request: HTTPConnection, error: Exception) -> Response | None:
    """A mistake of ours: logged with its kind and place, answered without either."""
    facts: dict[str, Any] = {"path": request.scope.get("route_path", request.url.path)}
    if isinstance(error, DBAPIError):
        facts["sqlstate"] = getattr(error.orig, "sqlstate", None)
    log.error("fault", exc_info=error, **facts)
    if isinstance(request, WebSocket):
        await _close(request)
        return None
    return problem_response(
        500, problem(500, "fault", "Something went wrong on our side; nothing was changed.")
    )
