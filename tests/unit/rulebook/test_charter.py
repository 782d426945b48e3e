"""A charter is read whole, or refused with the file and field that is wrong."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fares.pay import parse_pay_floors
from fares.tariff import parse_tariff
from rulebook.charter import parse_charter
from rulebook.errors import CharterInvalid
from rulebook.rule import RuleKind, canonical, digest_of
from tests.rules import example_bodies, write_charter

READERS = {RuleKind.TARIFF: parse_tariff, RuleKind.PAY_FLOOR: parse_pay_floors}


def change(folder: Path, file: str, edit: Callable[[dict[str, Any]], object]) -> None:
    body = json.loads((folder / file).read_text())
    edit(body)
    (folder / file).write_text(json.dumps(body))


def test_the_example_charter_is_read(tmp_path: Path) -> None:
    charter = parse_charter(write_charter(tmp_path), readers=READERS)
    assert charter.city == "example"
    assert charter.valid_from == datetime(2014, 2, 1, 5, tzinfo=UTC)
    assert charter.bodies == example_bodies()


def test_kinds_that_have_no_room_yet_may_come_with_any_body(tmp_path: Path) -> None:
    (write_charter(tmp_path) / "levy.json").write_text('{"percent": "1/100"}')
    assert parse_charter(tmp_path).bodies[RuleKind.LEVY] == {"percent": "1/100"}


@pytest.mark.parametrize(
    "file", ["charter.json", "bylaws.json", "tariff.json", "pay_floor.json",
             "booking_policy.json", "matching_policy.json"],
)  # fmt: skip
def test_a_missing_file_is_named(tmp_path: Path, file: str) -> None:
    (write_charter(tmp_path) / file).unlink()
    with pytest.raises(CharterInvalid, match="is missing") as refusal:
        parse_charter(tmp_path)
    assert refusal.value.file == file


@pytest.mark.parametrize(
    ("file", "edit", "field"),
    [
        ("charter.json", lambda body: body.pop("city"), "city"),
        ("charter.json", lambda body: body.update(city=7), "city"),
        ("charter.json", lambda body: body.update(motto="ours"), "motto"),
        ("charter.json", lambda body: body.update(signed_by=[]), "signed_by"),
        ("charter.json", lambda body: body.update(valid_from="2014-02-01"), "valid_from"),
        ("charter.json", lambda body: body.update(valid_from="soon"), "valid_from"),
        ("charter.json", lambda body: body.update(valid_from=None), "valid_from"),
        ("charter.json", lambda body: body.update(published_at="2015-01-01T00:00:00Z"), "published_at"),
        ("tariff.json", lambda body: body.pop("currency"), ""),
        ("tariff.json", lambda body: body["share"].update(city_bps=501), "share"),
        ("tariff.json", lambda body: body["rules"][1].update(minimum_minor=9.0), "rules[1].minimum_minor"),
        ("tariff.json", lambda body: body.update(timezone="America/Gotham"), "timezone"),
        ("pay_floor.json", lambda body: body["floors"][0].update(priority=1), "floors"),
        ("booking_policy.json", lambda body: body.update(seats_max=0), "seats_max"),
        ("booking_policy.json", lambda body: body.update(seats_max=True), "seats_max"),
        ("matching_policy.json", lambda body: body.update(round_seconds=0), "round_seconds"),
        ("bylaws.json", lambda body: body["matters"]["special"].update(quorum={"max": [0.1]}),
         "matters.special.quorum.max[0]"),
        ("bylaws.json", lambda body: body["classes"]["city"].update(vote=2), "classes.city.vote"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(
    tmp_path: Path, file: str, edit: Callable[[dict[str, Any]], object], field: str
) -> None:
    change(write_charter(tmp_path), file, edit)
    with pytest.raises(CharterInvalid) as refusal:
        parse_charter(tmp_path, readers=READERS)
    assert (refusal.value.file, refusal.value.field) == (file, field)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not JSON"),
        ("[]", "is not a JSON object"),
        ('{"a": NaN}', "NaN is not a number of JSON"),
        ('{"a": 1, "a": 2}', "'a' is given twice"),
        ("[" * 100_000, "is not JSON"),
        ('{"\ud800": 1}'.encode("utf-8", "surrogatepass"), "is not JSON"),
        ('{"a": "\\ud800"}', "is not JSON"),
        ('{"a": "\\u0000"}', "NUL"),
    ],
)
def test_a_file_that_is_not_json_is_named(tmp_path: Path, text: str | bytes, reason: str) -> None:
    write_charter(tmp_path)
    path = tmp_path / "tariff.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CharterInvalid, match="tariff.json") as refusal:
        parse_charter(tmp_path)
    assert reason in refusal.value.reason


def test_a_file_of_no_kind_is_refused_because_it_may_be_a_misspelt_one(tmp_path: Path) -> None:
    (write_charter(tmp_path) / "tarif.json").write_text("{}")
    with pytest.raises(CharterInvalid, match="tarif.json"):
        parse_charter(tmp_path)


def test_the_digest_does_not_depend_on_how_the_file_was_written() -> None:
    assert canonical({"b": "é", "a": [1, 2]}) == '{"a":[1,2],"b":"é"}'.encode()
    assert digest_of({"b": 1, "a": 2}) == digest_of({"a": 2, "b": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})
