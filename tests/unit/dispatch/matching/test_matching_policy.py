"""A policy says what it means, or is refused by the name of the field."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dispatch.matching import PolicyInvalid, parse_policy
from tests.matching_world import PAGE, charter_body, charter_policy, town_body

ROOT = PAGE.parents[2]
CHARTERS = [
    *sorted(ROOT.glob("cities/*/charter/matching_policy.json")),
    ROOT / "roads" / "model_charter" / "matching_policy.json",
]


def test_a_policy_is_read_in_whole_numbers_and_given_back_as_it_was() -> None:
    policy = parse_policy(town_body())

    assert policy.round_ms == 1000
    assert policy.weights.idle == 50
    assert policy.caps_seconds.homeward == 60
    assert policy.pair_ms_max == 1_125_000
    assert policy.body() == town_body()


@pytest.mark.parametrize("charter", CHARTERS, ids=lambda path: path.parts[-3])
def test_every_charters_policy_is_the_one_on_the_reference_page(charter: Path) -> None:
    assert json.loads(charter.read_text("utf-8")) == charter_body() == charter_policy().body()


def test_the_tables_of_the_reference_page_tell_the_charters_numbers() -> None:
    """Each field once, with the number that the body above the tables has."""
    fields = re.findall(
        r"^\| `([a-z_.]+)` \|[^|]+\|[^|]+\| ([0-9.]+) \|", PAGE.read_text("utf-8"), re.M
    )
    body = charter_body()
    told = {name: value for name, value in body.items() if not isinstance(value, dict)}
    for section in ("weights", "caps_seconds", "repositioning", "shared"):
        told |= {f"{section}.{name}": value for name, value in body[section].items()}

    assert len(fields) == len(dict(fields))
    assert {name: float(value) for name, value in fields} == told


def test_the_reference_page_tells_the_dearest_pair_of_the_charter() -> None:
    (total,) = re.findall(r"charter: [0-9 +]+ = (\d+)\)", PAGE.read_text("utf-8"))

    assert charter_policy().pair_ms_max == int(total) * 1000


@pytest.mark.parametrize(
    "field",
    [
        *(name for name in town_body() if name not in ("weights", "caps_seconds")),
        *(f"weights.{name}" for name in town_body()["weights"]),
        *(f"caps_seconds.{name}" for name in town_body()["caps_seconds"]),
    ],
)
@pytest.mark.parametrize("wrong", ["1", None, True, float("nan"), float("inf"), -1, 10**9, [1]])
def test_every_field_refuses_what_is_no_number_in_its_range(field: str, wrong: Any) -> None:
    body = _with(field, wrong)

    with pytest.raises(PolicyInvalid) as refused:
        parse_policy(body)

    assert refused.value.field == field
    assert field in str(refused.value)
    assert refused.value.code == "matching_policy_invalid"


@pytest.mark.parametrize("field", ["weights", "caps_seconds", "offer_seconds", "weights.age"])
def test_a_missing_field_is_named(field: str) -> None:
    body = town_body()
    section, _, name = field.rpartition(".")
    del (body[section] if section else body)[name]

    with pytest.raises(PolicyInvalid, match=f"{field} is missing"):
        parse_policy(body)


@pytest.mark.parametrize("field", ["acceptance_rate", "weights.declined", "caps_seconds.age"])
def test_an_unknown_field_is_refused_because_a_rule_must_not_be_half_read(field: str) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        parse_policy(_with(field, 1))

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("weights.age", 0.0001, "three decimals"),
        ("offer_seconds", 12.5, "whole number"),
        ("weights", 3, "object"),
        ("unmatched_seconds", 1125, "beside a free driver"),
    ],
)
def test_a_field_that_cannot_be_meant_is_refused(field: str, value: Any, complaint: str) -> None:
    with pytest.raises(PolicyInvalid, match=complaint) as refused:
        parse_policy(_with(field, value))

    assert refused.value.field == field


def test_a_policy_under_which_a_trip_could_starve_is_refused() -> None:
    body = town_body()
    body["weights"] |= {"age": 0, "overdue": 0}

    with pytest.raises(PolicyInvalid, match="starve"):
        parse_policy(body)


def test_a_weight_is_read_as_it_is_written_and_not_as_its_binary_neighbour() -> None:
    body = _with("weights.age", 0.3)

    assert parse_policy(body).weights.age == 300
    assert parse_policy(body).body()["weights"]["age"] == 0.3


def _with(field: str, value: Any) -> dict[str, Any]:
    body = town_body()
    section, _, name = field.rpartition(".")
    (body[section] if section else body)[name] = value
    return body
