"""One service process: the web with its loops, until it is told to stop."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Iterator

import uvicorn
import uvloop

from khan.build import Running, build
from khan.listening import listen
from khan.logs import configure_logs
from khan.settings import Settings
from khan.web import create_app

FRAME_BYTES_MAX = 8 * 1024
CONNECTIONS_MAX = 20_000
GRACE_SECONDS = 3


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then stop gracefully.

    Raises
    ------
    khan.listening.PortTaken, khan.listening.NoListening
    storage.engine.DatabaseUnavailable, roads.errors.PackIncomplete, ...
        Whatever keeps the service from starting, in one sentence.
    """
    configure_logs(settings.log_level)
    # A round computes in a thread beside the loop. With the usual 5 ms between switches, every
    # awaited answer would wait that long for its turn while a round runs.
    sys.setswitchinterval(0.0005)
    listening = listen(settings.host, settings.port)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, listening))
    finally:
        listening.close()
        if settings.pid_file is not None:
            settings.pid_file.unlink(missing_ok=True)


async def _serve(settings: Settings, listening: socket.socket) -> None:
    server = server_of(await build(settings))
    if settings.pid_file is not None:
        settings.pid_file.write_text(f"{os.getpid()}\n", encoding="utf-8")
    await server.serve(sockets=[listening])


class _Server(uvicorn.Server):
    """A server whose process ends by itself after a signal: uvicorn would raise it once more, and
    what is left to tidy up (the pid file) would stay."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals as usual, and keep them."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def server_of(running: Running) -> uvicorn.Server:
    """The web server of a service, with the limits that hold in service."""
    return _Server(
        uvicorn.Config(
            create_app(running),
            ws="websockets-sansio",
            ws_max_size=FRAME_BYTES_MAX,
            ws_per_message_deflate=False,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_graceful_shutdown=GRACE_SECONDS,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="on",
        )
    )
