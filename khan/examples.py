"""Examples for the APIs' descriptions: what a service was really asked and really answered.

`api_examples.json` holds them by operation. `tests/journeys/test_A08_examples.py` plays the story
they come from on every run, and with `--record-examples` writes the file anew.
"""

import json
from pathlib import Path
from typing import Any

from dispatch.errors import OfferOver, TooManyOpenRequests, TripNotFound
from dispatch.offer import OfferState
from doorway.errors import IdempotencyKeyMissing, SlowDown
from doorway.problem import document as problem_document
from foundation.errors import Refusal
from foundation.identifiers import UUID
from registry.errors import RoleNeeded, SignInNeeded
from registry.person import Role
from storage.engine import DatabaseUnavailable

RECORDED = Path(__file__).with_name("api_examples.json")

_NOBODYS = UUID("019b5e3c-7a10-7f00-8000-000000000001")
_REFUSALS: tuple[Refusal, ...] = (
    SignInNeeded(),
    RoleNeeded(Role.DRIVER),
    TripNotFound(_NOBODYS),
    TooManyOpenRequests(1),
    OfferOver(_NOBODYS, OfferState.LAPSED),
    IdempotencyKeyMissing(),
    SlowDown(3),
    DatabaseUnavailable(),
)


def with_examples(document: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI document with an example of every body, answer and refusal."""
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    refused = {str(status): json.loads(body) for status, body in map(problem_document, _REFUSALS)}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            known = recorded.get(f"{method.upper()} {path}", {})
            if "requestBody" in operation and "body" in known:
                _put(operation["requestBody"], known["body"])
            for status, answer in operation["responses"].items():
                if status in refused:
                    _put(answer, refused[status])
                elif status.startswith("2") and "answer" in known:
                    _put(answer, known["answer"])
    return document


def _put(described: dict[str, Any], example: Any) -> None:
    for content in described.get("content", {}).values():
        # A form that is no JSON says by itself how it begins.
        content.setdefault("example", example)
