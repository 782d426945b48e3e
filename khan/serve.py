"""One service process: the web with its loops, until it is told to stop."""

import asyncio
import contextlib
import logging
import os
import socket
import sys
import traceback
from collections.abc import Iterator
from typing import Any, TextIO

import structlog
import uvicorn
import uvloop
from sqlalchemy.exc import SQLAlchemyError
from structlog.typing import ExcInfo

from khan.build import Running, build
from khan.demo import PortTaken
from khan.settings import Settings
from khan.web import create_app

FRAME_BYTES_MAX = 8 * 1024
CONNECTIONS_MAX = 20_000
GRACE_SECONDS = 3


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then stop gracefully.

    Raises
    ------
    khan.demo.PortTaken
    storage.engine.DatabaseUnavailable, roads.errors.PackIncomplete, ...
        Whatever keeps the service from starting, in one sentence.
    """
    configure_logs(settings.log_level)
    # A round computes in a thread beside the loop. With the usual 5 ms between switches, every
    # awaited answer would wait that long for its turn while a round runs.
    sys.setswitchinterval(0.0005)
    listening = listen(settings)
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


def listen(settings: Settings) -> socket.socket:
    """The socket the service will listen on; port 0 takes any free one.

    Raises
    ------
    khan.demo.PortTaken
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError:
        listening.close()
        raise PortTaken(settings.port) from None
    return listening


def configure_logs(level: str) -> None:
    """Logs are events in JSON, a line each: identifiers, never a name, a phone or a place."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Faults(logging.BASIC_FORMAT))
    logging.basicConfig(level=max(threshold, logging.WARNING), handlers=[handler], force=True)
    configure_structlog(level, sys.stderr)


def configure_structlog(level: str, stream: TextIO) -> None:
    """Our own events, a line of JSON each, to `stream`."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(trace_of),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )


class _Faults(logging.Formatter):
    """What libraries log, uvicorn above all, with a fault told as we tell our own."""

    def formatException(self, ei: Any) -> str:
        """As `trace_of`."""
        return trace_of(ei)


def trace_of(exc_info: ExcInfo) -> str:
    """A fault and what led to it, as it may be logged: places and words.

    An error of the database gives its class, constraint and SQLSTATE in place of its words, which
    may hold the values of a row (DETAIL), and so a name or a phone.
    """
    chain: list[BaseException] = []
    error: BaseException | None = exc_info[1]
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    told, is_of_database = [], False
    for error in chain:
        is_of_database |= isinstance(error, SQLAlchemyError) or hasattr(error, "sqlstate")
        words = str(error)
        if is_of_database:
            facts = {name: getattr(error, name, None) for name in ("constraint_name", "sqlstate")}
            words = " ".join(f"{name}={value}" for name, value in facts.items() if value)
        kind = f"{type(error).__module__}.{type(error).__qualname__}"
        told.append("".join(traceback.format_tb(error.__traceback__)) + f"{kind}: {words}")
    return "\n\n".join(reversed(told))
