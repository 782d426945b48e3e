"""Where logs go, and their form."""

import logging
import sys
from typing import TextIO

import structlog


def configure_logs(level: str) -> None:
    """Logs are events in JSON, a line each: identifiers, never a name, a phone or a place."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=max(threshold, logging.WARNING), stream=sys.stderr, force=True)
    configure_structlog(level, sys.stderr)


def configure_structlog(level: str, stream: TextIO) -> None:
    """Our own events, a line of JSON each, to `stream`."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
