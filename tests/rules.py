"""A small city's rules for tests: the examples of the reference pages, so that those are tried.

`found(database)` puts them in force from 2014-02-01 on; a test's service time is later.
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rulebook.charter import Charter
from rulebook.rule import Rule, RuleKind
from rulebook.service import found_city
from storage.engine import Database

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"


def examples_on(page: str) -> list[dict[str, Any]]:
    """The JSON documents shown on a reference page."""
    text = (REFERENCE / page).read_text("utf-8")
    return [json.loads(found) for found in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def example_tariff() -> dict[str, Any]:
    """The tariff of docs/reference/tariff.md: USD, New York, standard and wheelchair."""
    return examples_on("tariff.md")[0]


def example_pay_floor() -> dict[str, Any]:
    """The pay floor of docs/reference/pay_floor.md: New York 2024."""
    return examples_on("pay_floor.md")[0]


def example_booking_policy() -> dict[str, Any]:
    """The policy of docs/reference/booking_policy.md."""
    return examples_on("booking_policy.md")[0]


def example_bodies() -> dict[RuleKind, dict[str, Any]]:
    """A body for each kind that a charter must have."""
    return {
        RuleKind.BYLAWS: examples_on("charter.md")[1],
        RuleKind.TARIFF: example_tariff(),
        RuleKind.PAY_FLOOR: example_pay_floor(),
        RuleKind.BOOKING_POLICY: example_booking_policy(),
        RuleKind.MATCHING_POLICY: examples_on("matching_policy.md")[0],
    }


def example_charter(**changes: Any) -> Charter:
    """The example charter; `bodies` or any other field may be replaced."""
    fields: dict[str, Any] = {
        "city": "example",
        "title": "Founding charter of Example",
        "signed_by": ("The founding meeting",),
        "published_at": datetime(2014, 1, 1, tzinfo=UTC),
        "valid_from": datetime(2014, 2, 1, tzinfo=UTC),
        "bodies": example_bodies(),
    }
    return Charter(**(fields | changes))


def write_charter(folder: Path) -> Path:
    """The example charter as the folder of a city pack."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "charter.json").write_text(json.dumps(examples_on("charter.md")[0]))
    for kind, body in example_bodies().items():
        (folder / f"{kind}.json").write_text(json.dumps(body))
    return folder


async def found(database: Database, **changes: Any) -> dict[RuleKind, Rule]:
    """Found the example city; its rules by kind."""
    async with database.work() as work:
        rules = await found_city(work, example_charter(**changes))
    return {rule.kind: rule for rule in rules}
