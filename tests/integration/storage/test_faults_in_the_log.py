"""A fault of the database in the log: its kind and place, and never whom it was about."""

import logging
import traceback

import pytest
from sqlalchemy.exc import IntegrityError

from khan.logs import _Faults, trace_of
from storage import idempotency
from storage.embedded import EmbeddedServer
from storage.engine import Database
from storage.idempotency import KeptAnswer


async def test_a_fault_is_told_without_the_values_of_a_row(
    database: Database, embedded_server: EmbeddedServer
) -> None:
    caller = "Rita Rider"
    answer = KeptAnswer(fingerprint=b"", status=204, answer=b"")
    with pytest.raises(IntegrityError) as caught:
        async with database.work() as work:
            for _ in range(2):
                await idempotency.keep(work, caller, "a key", answer)
    error = caught.value
    assert caller in "".join(traceback.format_exception(error)), "or this test is idle"
    with pytest.raises(RuntimeError) as wrapped:
        raise RuntimeError("the second try") from error
    for fault in (error, wrapped.value):
        told = trace_of((type(fault), fault, fault.__traceback__))
        assert caller not in told
        for fact in ("IntegrityError", "idempotency_pkey", "23505", "test_faults_in_the_log.py"):
            assert fact in told
        record = logging.LogRecord(
            "uvicorn.error", logging.ERROR, "", 0, "fault", (), (type(fault), fault, None)
        )
        assert caller not in _Faults().format(record)
    assert "the second try" in told
    kept = (embedded_server.folder / "server.log").read_text(encoding="utf-8")
    assert "idempotency_pkey" in kept
    assert caller not in kept, "nor does the server tell it in its own log"
