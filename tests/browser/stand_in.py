"""A service that only looks like one: the pages, tiles of a town, and cars that drive about.

For looking at the pages while they are written, and for their tests; the product never runs it.
`python -m tests.browser.stand_in [--port N] [--cars N] [--speed N] [--city FOLDER]`
"""

import argparse
import asyncio
import contextlib
import gzip
import json
import mimetypes
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.browser.town import Map, Tiles, Town, grid_town, packed_town, zones_geojson
from tests.browser.traffic import Traffic

CLIENTS = Path(__file__).resolve().parents[2] / "clients"
RULES = json.loads((Path(__file__).parent / "rules.json").read_text(encoding="utf-8"))
mimetypes.add_type("text/javascript", ".mjs")
mimetypes.add_type("font/woff2", ".woff2")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; font-src 'self'; "
        "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    "Cache-Control": "no-cache",
}


@dataclass
class StandIn:
    """The whole pretence; the fields below are what a test may turn."""

    town: Town
    traffic: Traffic
    period_seconds: float = 1.0
    is_down: bool = False  # refuse new sockets
    is_silent: bool = False  # keep sockets open and send nothing
    sockets: set[WebSocket] = field(default_factory=set)
    paths_asked: list[str] = field(default_factory=list)
    port: int = 0
    map: Map | None = None

    def app(self) -> Starlette:
        """The routes of docs/reference/live_public.md."""
        tiles: Map = self.map or Tiles(self.town)

        async def page(request: Request) -> Response:
            path = request.url.path.lstrip("/")
            file = (CLIENTS / (path + "index.html" if path.endswith("/") else path)).resolve()
            if CLIENTS not in file.parents or not file.is_file():
                return Response(status_code=404)
            headers = {
                **HEADERS,
                "Content-Type": mimetypes.guess_type(file.name)[0] or "text/plain",
            }
            squeezed = file.with_name(file.name + ".gz")
            if squeezed.is_file() and "gzip" in request.headers.get("accept-encoding", ""):
                return Response(
                    squeezed.read_bytes(),
                    headers={**headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"},
                )
            return Response(file.read_bytes(), headers=headers)

        async def tile(request: Request) -> Response:
            z, x, y = (int(request.path_params[name]) for name in "zxy")
            body = await asyncio.to_thread(tiles.tile, z, x, y)
            if not body:
                return Response(status_code=204)
            return Response(
                body if body[:2] == b"\x1f\x8b" else gzip.compress(body, 1),
                headers={
                    "Content-Encoding": "gzip",
                    "Content-Type": "application/vnd.mapbox-vector-tile",
                },
            )

        async def city(_request: Request) -> Response:
            west, south, east, north = self.town.bounds
            return JSONResponse(
                {
                    "name": self.town.name,
                    "title": self.town.title,
                    "timezone": self.town.timezone,
                    "currency": "USD",
                    "centre": [(west + east) / 2, (south + north) / 2],
                    "bounds": self.town.bounds,
                    "tiles": "/tiles/{z}/{x}/{y}.mvt",
                    "zones": "/public/v1/zones",
                    "attribution": "© OpenStreetMap contributors",
                    "documentation": [
                        {"title": "Rider API", "href": "/docs/rider"},
                        {"title": "Driver API", "href": "/docs/driver"},
                        {"title": "Office API", "href": "/docs/office"},
                        {"title": "Public API", "href": "/docs/public"},
                    ],
                }
            )

        async def rules(_request: Request) -> Response:
            return JSONResponse(RULES)

        async def zones(_request: Request) -> Response:
            return JSONResponse(zones_geojson(self.town))

        return Starlette(
            routes=[
                Route("/", lambda _request: RedirectResponse("/live/")),
                Route("/live/{rest:path}", page),
                Route("/verify/{rest:path}", page),
                Route("/vendor/{rest:path}", page),
                Route("/public/v1/city", city),
                Route("/public/v1/rules", rules),
                Route("/public/v1/zones", zones),
                Route("/tiles/{z:int}/{x:int}/{y:int}.mvt", tile),
                WebSocketRoute("/public/v1/live", self._watch),
            ],
            lifespan=self._lifespan,
        )

    async def _watch(self, socket: WebSocket) -> None:
        if self.is_down:
            await socket.close(1013)
            return
        await socket.accept()
        await self._tell(socket)
        self.sockets.add(socket)
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await socket.receive()
        self.sockets.discard(socket)

    async def _tell(self, socket: WebSocket) -> None:
        await socket.send_bytes(self.traffic.cars_frame())
        await socket.send_text(self.traffic.figures_frame().decode())

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        beat = asyncio.create_task(self._beat())
        yield
        beat.cancel()

    async def _beat(self) -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(self.period_seconds)
            now = time.monotonic()
            await asyncio.to_thread(self.traffic.advance, (now - last) * self.traffic.rate)
            last = now
            if self.is_down:
                for socket in tuple(self.sockets):
                    self.sockets.discard(socket)
                    with contextlib.suppress(RuntimeError):
                        await socket.close(1001)
            elif not self.is_silent:
                for socket in tuple(self.sockets):
                    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                        await self._tell(socket)


@contextlib.contextmanager
def running(stand_in: StandIn) -> Iterator[str]:
    """Serve in a thread; gives the address."""
    server = uvicorn.Server(
        uvicorn.Config(
            stand_in.app(),
            host="127.0.0.1",
            port=stand_in.port,
            log_level="error",
            ws="websockets-sansio",
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
        assert thread.is_alive(), "the stand-in did not start"
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--cars", type=int, default=600)
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--period", type=float, default=1.0)
    parser.add_argument("--city", type=Path, help="a city pack; otherwise a made-up grid")
    options = parser.parse_args()
    town, its_map = packed_town(options.city) if options.city else (grid_town(), None)
    traffic = Traffic(town, cars=options.cars, rate=options.speed)
    service = StandIn(town, traffic, options.period, port=options.port, map=its_map)
    with running(service) as address:
        print(f"{address}/live/", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
