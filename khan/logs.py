"""Where logs go, and their form."""

import logging
import sys
import traceback
from typing import Any, TextIO

import structlog
from sqlalchemy.exc import SQLAlchemyError
from structlog.typing import ExceptionTransformer, ExcInfo


def configure_logs(level: str, *, tell: ExceptionTransformer | None = None) -> None:
    """Logs are events in JSON, a line each: identifiers, never a name, a phone or a place.

    Parameters
    ----------
    tell
        How a fault is told; None: as `trace_of` does.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Faults(tell))
    logging.basicConfig(level=max(threshold, logging.WARNING), handlers=[handler], force=True)
    configure_structlog(level, sys.stderr, tell=tell)


def configure_structlog(
    level: str, stream: TextIO, *, tell: ExceptionTransformer | None = None
) -> None:
    """Our own events, a line of JSON each, to `stream`."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(tell or trace_of),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )


class _Faults(logging.Formatter):
    """What libraries log, uvicorn above all, with a fault told as we tell our own."""

    def __init__(self, tell: ExceptionTransformer | None = None) -> None:
        super().__init__(logging.BASIC_FORMAT)
        self._tell = tell or trace_of

    def formatException(self, ei: Any) -> str:
        """As we tell our own."""
        return self._tell(ei)


def trace_of(exc_info: ExcInfo) -> str:
    """A fault and what led to it, as it may be logged: places and words.

    An error of the database gives its class, constraint and SQLSTATE in place of its words, which
    may hold the values of a row (DETAIL), and so a name or a phone.
    """
    told, is_of_database = [], False
    for error in _chain(exc_info):
        is_of_database |= isinstance(error, SQLAlchemyError) or hasattr(error, "sqlstate")
        words = str(error)
        if is_of_database:
            facts = {name: getattr(error, name, None) for name in ("constraint_name", "sqlstate")}
            words = " ".join(f"{name}={value}" for name, value in facts.items() if value)
        kind = f"{type(error).__module__}.{type(error).__qualname__}"
        told.append("".join(traceback.format_tb(error.__traceback__)) + f"{kind}: {words}")
    return "\n\n".join(reversed(told))


def places_of(exc_info: ExcInfo) -> str:
    """A fault and what led to it as places and kinds alone: for processes that know who votes, or how.

    The words of an error may hold the value it was about, and the log has a time.
    """
    return "\n\n".join(
        "".join(traceback.format_tb(error.__traceback__))
        + f"{type(error).__module__}.{type(error).__qualname__}"
        for error in reversed(_chain(exc_info))
    )


def _chain(exc_info: ExcInfo) -> list[BaseException]:
    chain: list[BaseException] = []
    error: BaseException | None = exc_info[1]
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return chain
