"""The web of a desk or of the board: one router, one loop beside it, and nothing that tells who came.

No access log, no address, no cookie, no figures by caller; of a fault its kind and place are logged,
and neither the path asked for, which may hold a ballot's hash, nor a value.
"""

import asyncio
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
from khan.logs import places_of
from khan.loop import Loop
from storage.engine import Database

log = structlog.get_logger()

BODY_BYTES_MAX = 64 * 1024
BODY_WITHIN_SECONDS = 20.0
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
    told: set[str] = set()

    async def turn_once() -> float:
        refused = {refusal.sentence: refusal for refusal in await turn()}
        for sentence, refusal in refused.items():
            # Each once, not every second.
            if sentence not in told:
                log.error("not_done", code=refusal.code, sentence=sentence)
        told.clear()
        told.update(refused)
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
    """Around every request: bound its body and the time it takes to come, keep nothing of the answer."""

    def __init__(self, app: ASGIApp, *, body_within_seconds: float = BODY_WITHIN_SECONDS) -> None:
        self._app, self._body_within = app, body_within_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken, is_whole = 0, False
        until = asyncio.get_running_loop().time() + self._body_within

        async def bounded_receive() -> Message:
            nonlocal taken, is_whole
            try:
                async with asyncio.timeout_at(None if is_whole else until):
                    message = await receive()
            except TimeoutError:
                # Else as many slow senders as there are connections keep every voter out.
                raise HTTPException(408, "The body took too long to come.") from None
            is_whole = not message.get("more_body", False)
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
    log.error("fault", trace=places_of((type(error), error, error.__traceback__)))
    return problem_response(
        500, problem(500, "fault", "Something went wrong on our side; please try again.")
    )
