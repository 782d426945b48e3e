"""The web service: every entrance under one roof, with its loops beside it."""

import contextlib
from collections.abc import AsyncIterator, Mapping

import structlog
from fastapi import APIRouter, FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import driver_app_api.routes
import office_api.routes
import provider_api.routes
import public_api.books
import public_api.city
import public_api.commons
import public_api.commons_whole
import public_api.impact
import public_api.keys
import public_api.live
import public_api.meetings
import public_api.motions
import public_api.polls
import public_api.shared_trips
import public_api.sign_in
import public_api.surplus
import rider_api.routes
from doorway.services import BallotPlaces
from foundation.clock import stopwatch_ms
from foundation.errors import Unavailable
from khan import documentation, http_errors, static_files
from khan.build import Running
from khan.http_errors import BODY_BYTES_MAX, security_headers, too_large
from khan.worker import Loops
from public_api.live import LiveView
from storage.timings import Timings

log = structlog.get_logger()

REQUESTS = Counter(
    "khan_http_requests_total", "Answers by entrance and status", ["entrance", "status"]
)
SECONDS = Histogram("khan_http_seconds", "Wall time of a request", ["entrance"])
SOCKETS = Counter("khan_live_sockets_total", "Live sockets opened", ["entrance"])


ENTRANCES = {
    "rider": (rider_api.routes.router,),
    "driver": (driver_app_api.routes.router,),
    "office": (office_api.routes.router,),
    "public": (
        public_api.city.router,
        public_api.commons.router,
        public_api.commons_whole.router,
        public_api.motions.router,
        public_api.meetings.router,
        public_api.polls.router,
        public_api.impact.router,
        public_api.books.router,
        public_api.keys.router,
        public_api.surplus.router,
        public_api.sign_in.router,
        public_api.shared_trips.router,
        public_api.live.router,
    ),
}
"""The routers of each entrance, by the name that its description has."""


def create_app(running: Running) -> FastAPI:
    """The application, for an ASGI server with its lifespan on."""
    live_view = LiveView(running.services)
    loops = Loops(running, live_view)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with loops.turning():
            log.info("ready", city=running.services.city.pack.name)
            yield
        await live_view.close()
        await running.dispose()

    app = FastAPI(
        title="Khan Cars",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.services, app.state.live_view = running.services, live_view
    for routers in ENTRANCES.values():
        for router in routers:
            app.include_router(router)
    app.include_router(public_api.city.tiles)
    app.include_router(public_api.polls.files)
    app.include_router(provider_api.routes.router)
    app.include_router(documentation.router_for(ENTRANCES))
    app.include_router(operations(running, loops))
    static_files.mount(app, running.services.clients)
    http_errors.install(app)
    app.add_middleware(
        Measured, timings=running.timings, ballot_places=running.services.ballot_places
    )
    return app


def operations(running: Running, loops: Loops) -> APIRouter:
    """What the machines that watch the service ask, and the way from `/` to the city live."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def home() -> Response:
        """The city live."""
        return RedirectResponse("/live/")

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process is alive."""
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz() -> dict[str, object]:
        """The database answers, rounds are run, and every loop turns."""
        if ailing := loops.ailing():
            raise LoopsAiling(ailing)
        async with running.services.database.work() as work:
            now = work.now
        if running.services.rounds.number is None:
            raise NotReadyYet
        return {"status": "ready", "now": now, "round": running.services.rounds.number}

    @router.get("/metrics")
    async def metrics() -> Response:
        """Figures for Prometheus, without a person in them."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


class LoopsAiling(Unavailable):
    """A loop beside the web does not turn; starting the service again mends that."""

    code = "loops_ailing"

    def __init__(self, loops: Mapping[str, str]) -> None:
        said = ", ".join(f"{name} {ails}" for name, ails in sorted(loops.items()))
        super().__init__(f"The service must be started again: {said}.", loops=dict(loops))


class NotReadyYet(Unavailable):
    """The service has started and has not run its first round."""

    code = "not_ready_yet"

    def __init__(self) -> None:
        super().__init__("The service is starting; please try again in a moment.")


class Measured:
    """Around every request: time it, bound its body, add the headers every answer carries."""

    def __init__(self, app: ASGIApp, *, timings: Timings, ballot_places: BallotPlaces) -> None:
        self._app, self._timings, self._ballot_places = app, timings, ballot_places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, socket or lifespan."""
        if scope["type"] == "websocket":
            SOCKETS.labels(_entrance(scope["path"])).inc()
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = stopwatch_ms(), 500
        secured = security_headers(scope["path"], ballot_places=self._ballot_places)

        async def measured_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = message.get("headers", [])
                own = {name.lower() for name, _ in given}
                # A page with a stricter policy of its own keeps it.
                message["headers"] = [
                    *given,
                    *(
                        (name.encode(), value.encode())
                        for name, value in secured.items()
                        if name.encode() not in own
                    ),
                ]
            await send(message)

        taken = 0

        async def bounded_receive() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > BODY_BYTES_MAX:
                raise HTTPException(413)
            return message

        try:
            if _declared_length(scope) > BODY_BYTES_MAX:
                await too_large()(scope, receive, measured_send)
            else:
                await self._app(scope, bounded_receive, measured_send)
        finally:
            took = stopwatch_ms() - began
            entrance = _entrance(scope["path"])
            REQUESTS.labels(entrance, status).inc()
            SECONDS.labels(entrance).observe(took / 1000)
            if entrance in ("rider", "driver", "office", "public"):
                self._timings.add(took)


def _declared_length(scope: Scope) -> int:
    """Bytes of the body as its header says; 0 if it does not say."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _entrance(path: str) -> str:
    first = path.split("/", 2)[1] if "/" in path else ""
    return first if first in ("rider", "driver", "office", "public", "tiles", "live") else "other"
