"""The shape of each kind's body, as published JSON Schemas (draft 2020-12) in `schemas/`.

A schema answers for shape, types and ranges. What a body *means* (bands that leave no gap, a
time zone that exists) is checked by the room that acts on it: `fares.tariff` for a tariff.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from rulebook.errors import BodyInvalid

CHECKED_KINDS = (
    "tariff", "pay_floor", "booking_policy", "matching_policy", "allocation_policy", "bylaws"
)  # fmt: skip


def check_body(kind: str, body: object) -> Mapping[str, Any]:
    """The body, if it has the shape its kind asks for.

    Kinds without a schema need only be JSON objects.

    Raises
    ------
    BodyInvalid
        Naming the first field (in reading order) that is missing, unknown or out of range.
    """
    if not isinstance(body, Mapping):
        raise BodyInvalid(kind, "", "must be a JSON object")
    if kind in CHECKED_KINDS:
        problem = first_problem(_validator(kind), body)
        if problem is not None:
            raise BodyInvalid(kind, *problem)
    return body


def schema_of(kind: str) -> Mapping[str, Any]:
    """The JSON Schema of a kind, as published."""
    assert kind in CHECKED_KINDS, kind
    text = resources.files("rulebook").joinpath("schemas", f"{kind}.json").read_text("utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema


def first_problem(validator: Any, value: object) -> tuple[str, str] | None:
    """The field and what is wrong with it, or None if the value fits the schema."""
    from jsonschema.exceptions import best_match

    error = best_match(validator.iter_errors(value))
    if error is None:
        return None
    field = ""
    for step in error.absolute_path:
        field += f"[{step}]" if isinstance(step, int) else f".{step}" if field else str(step)
    return field, f"is refused: {error.message[:300]}"


def exact_validator(schema: Mapping[str, Any]) -> Any:
    """A validator (draft 2020-12) for which 1.0 is no whole number.

    JSON Schema calls 1.0 an integer. An amount that passed through a binary float is refused here
    even when nothing was lost on the way.
    """
    # Loaded here: a quarter of the time that `khan --help` may take.
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    whole = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _checker, value: type(value) is int
    )
    return extend(Draft202012Validator, type_checker=whole)(schema)


@cache
def _validator(kind: str) -> Any:
    return exact_validator(schema_of(kind))
