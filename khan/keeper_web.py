"""The web of a desk or of the board: one router, one loop beside it, and nothing that tells who came.

No access log, no address, no cookie, no figures by caller; of a fault its kind and place are logged,
and neither the path asked for, which may hold a ballot's hash, nor a value.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorway.problem import problem, problem_response, refusal_response
from foundation.errors import Refusal
from governance.polls.board import BoardAtWork
from governance.polls.desk import DeskAtWork
from khan.logs import trace_of
from khan.loop import Loop
from storage.engine import Database

log = structlog.get_logger()

BODY_BYTES_MAX = 64 * 1024
TURN_EVERY_SECONDS = 1.0


def create_app(
    router: APIRouter,
    *,
    keeper: DeskAtWork | BoardAtWork,
    database: Database,
    turn: Callable[[], Awaitable[list[Refusal]]],
    origin: str,
    secret: str | None = None,
) -> FastAPI:
    """The application, for an ASGI server with its lifespan on.

    Parameters
    ----------
    turn
        What time brings to do, every second; gives what could not be done.
    origin
        The pages that may ask from a browser.
    secret
        Of a staffed desk, for papers.
    """
    told: dict[str, str] = {}

    async def turn_once() -> float:
        for refusal in await turn():
            # Each once, not every second.
            if told.get(refusal.code) != refusal.sentence:
                told[refusal.code] = refusal.sentence
                log.error("not_done", code=refusal.code, sentence=refusal.sentence)
        return TURN_EVERY_SECONDS

    loop = Loop("turns", turn_once)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        loop.start()
        log.info("ready", keeper=keeper.keeper.value)
        yield
        await loop.stop()
        await database.dispose()

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.keeper, app.state.database, app.state.secret = keeper, database, secret

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process is alive, its loop turns, and the database answers."""
        async with database.reading():
            return {"status": "alive", "loop": loop.ails() or "turning"}

    app.include_router(router)
    _install_errors(app)
    app.add_middleware(Bounded)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=[origin],
        allow_methods=["GET", "POST"],
        allow_headers=["content-type"],
    )
    return app


class Bounded:
    """Around every request: bound its body, say that nothing is to be kept of the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken = 0

        async def bounded_receive() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > BODY_BYTES_MAX:
                raise HTTPException(413, "The body is larger than 64 KiB.")
            return message

        async def plain_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", []),
                    (b"cache-control", b"no-store"),
                    (b"referrer-policy", b"no-referrer"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        await self._app(scope, bounded_receive, plain_send)


def _install_errors(app: FastAPI) -> None:
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return refusal_response(error)


async def _malformed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "The body"
    return problem_response(422, problem(422, "malformed", f"{where}: {first['msg']}."))


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem_response(
        error.status_code, problem(error.status_code, "refused", f"{error.detail}")
    )


async def _fault(_request: Request, error: Exception) -> Response:
    """A mistake of ours: logged with its kind and place, without the path and without a value."""
    log.error("fault", trace=trace_of((type(error), error, error.__traceback__)))
    return problem_response(
        500, problem(500, "fault", "Something went wrong on our side; please try again.")
    )
