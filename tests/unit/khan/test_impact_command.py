"""`khan impact` from the command line: the statement, its files, and every refusal in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from rulebook.rule import digest_of
from tests.fare_builders import eventful_receipt
from tests.impact_town import FLOOR, TARIFF, policy_body, street, tariff
from tests.small_city import write_small_city
from tests.study_town import town, write_town

Khan = Callable[..., tuple[int, str, str]]


def written(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """Gridtown with the rules of the hand-made street."""
    found = write_small_city(tmp_path / "gridtown")
    for name, body in (
        ("tariff", TARIFF),
        ("pay_floor", FLOOR),
        ("matching_policy", policy_body()),
    ):
        written(found / "charter" / f"{name}.json", body)
    return found


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """The hand-made street as a scenario folder; it lies in Gridtown."""
    found = tmp_path / "street"
    found.mkdir()
    write_town(street(), found)
    return found


@pytest.fixture
def proposal(tmp_path: Path) -> Path:
    return written(tmp_path / "proposal.json", tariff(flag_minor=0, kilometre_mills=150_000))


def test_a_tariff_is_stated_printed_and_drawn(
    khan: Khan, city: Path, day: Path, proposal: Path, tmp_path: Path
) -> None:
    report, picture = tmp_path / "impact.json", tmp_path / "impact.svg"
    words = (
        "impact", proposal, "--kind", "tariff", "--city", city, "--scenario", day, "--vehicles", 2,
        "--advice", 0, "--json", report, "--picture", picture,
    )  # fmt: skip
    code, said, told = khan(*words)
    assert (code, told) == (0, "")
    document: dict[str, Any] = json.loads(report.read_text())
    assert document["format"] == "khan-impact/1"
    # The figures of tests/unit/simulation/test_impact.py, worked out by hand.
    assert document["proposed"]["shares"]["drivers_minor"] == 650
    assert document["difference"]["shares"]["cooperative_minor"] == 14
    assert [one["code"] for one in document["today"]["riders"]["by_zone"]] == ["other"]
    assert document["demand"]["midnight"] == "2014-12-21T05:00:00+00:00"
    assert "Of 3 journeys, 1 become dearer, 2 cheaper and 0 cost the same" in said
    assert document["digest"] in said
    assert "…" not in said
    digest = document.pop("digest")
    assert digest == digest_of(document)
    drawn = ElementTree.fromstring(picture.read_text())
    texts = [one.text for one in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"today", "proposed", "mean wait by time of day", "decile 2", "4.50 USD"} <= set(texts)

    first = (report.read_bytes(), picture.read_bytes(), said)
    assert khan(*words)[0] == 0
    assert (report.read_bytes(), picture.read_bytes()) == first[:2]


def test_the_citys_own_demand_and_a_rule_in_force_beside_the_charter(
    khan: Khan, city: Path, proposal: Path, tmp_path: Path
) -> None:
    report = tmp_path / "impact.json"
    code, said, _ = khan(
        "impact", proposal, "--kind", "tariff", "--city", city, "--against", proposal,
        "--vehicles", 3, "--date", "2030-07-01", "--json", report,
    )  # fmt: skip
    assert code == 0
    document = json.loads(report.read_text())
    assert document["demand"]["requests"] == 1
    assert document["demand"]["midnight"] == "2030-07-01T04:00:00+00:00"
    assert document["rules"]["today"] == document["rules"]["proposed"]
    assert "0 become dearer, 0 cheaper and 1 cost the same" in said


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("pay_floor", FLOOR | {"floors": []}),
        ("levy", {"name": "Levy", "currency": "USD", "borne_by": "rider", "amount_minor": 10}),
        ("matching_policy", policy_body() | {"round_seconds": 30.0}),
    ],
)
def test_every_kind_can_be_stated(
    khan: Khan, city: Path, day: Path, tmp_path: Path, kind: str, body: dict[str, Any]
) -> None:
    report = tmp_path / "impact.json"
    code, _, _ = khan(
        "impact", written(tmp_path / "body.json", body), "--kind", kind, "--city", city,
        "--scenario", day, "--vehicles", 2, "--json", report,
    )  # fmt: skip
    document = json.loads(report.read_text())
    assert code == 0
    changed = [
        name
        for name, digest in document["rules"]["today"].items()
        if digest != document["rules"]["proposed"][name]
    ]
    assert changed == [kind]


def test_ones_own_month_stands_beside_it_and_not_in_the_public_statement(
    khan: Khan, day: Path, tmp_path: Path
) -> None:
    city = write_small_city(tmp_path / "gridtown")
    today = json.loads((city / "charter" / "tariff.json").read_text())
    own = eventful_receipt()
    proposed = json.loads(json.dumps(today))
    for rule in proposed["rules"]:
        rule["flag"]["amount_minor"] += 100
    concession = {"code": "senior", "bps": 2500, "funder": "coop"}
    for body in (today, proposed):
        body["concessions"] = [*body.get("concessions", []), concession]
    report = tmp_path / "impact.json"
    code, said, _ = khan(
        "impact", written(tmp_path / "p.json", proposed), "--kind", "tariff", "--city", city,
        "--against", written(tmp_path / "t.json", today), "--scenario", day, "--vehicles", 2,
        "--receipts", written(tmp_path / "r.json", [own, own]), "--json", report,
    )  # fmt: skip
    assert code == 0
    assert "Your own 2 trips: fares " in said
    # A quarter of 1.00 is spared; 83 % of 1.00 a trip is the driver's, less any top-up.
    assert "(+1.50 USD); driver's pay" in said
    assert "receipt" not in report.read_text()
    assert own["trip"]["trip_id"] not in report.read_text()


def test_what_cannot_be_stated_is_one_line(
    khan: Khan, city: Path, day: Path, proposal: Path, tmp_path: Path
) -> None:
    elsewhere, broken, twice = tmp_path / "elsewhere", tmp_path / "broken", tmp_path / "twice"
    elsewhere.mkdir()
    write_town(town(), elsewhere)
    broken.write_bytes(bytes(range(256)))
    twice.write_text('{"name": 1, "name": 2}')
    half, nul = tmp_path / "half", tmp_path / "nul"
    half.write_text('{"name": "\\ud800"}')
    nul.write_text('{"name": "\\u0000"}')
    usual = (proposal, "--kind", "tariff", "--city", city, "--scenario", day, "--vehicles", 2)
    changed = eventful_receipt()
    changed["fare"]["total_minor"] += 1
    cases: list[tuple[tuple[object, ...], str]] = [
        ((*usual, "--kind", "bylaws"), "bylaws"),
        ((*usual, "--elasticity", 1), "An elasticity of 1 makes no sense"),
        ((*usual, "--date", "yesterday"), "not a date like 2014-12-21"),
        ((*usual, "--date", "9999-12-31"), "too far away"),
        ((*usual, "--class", "rickshaw"), "no vehicles of class 'rickshaw'"),
        ((*usual, "--city", tmp_path / "nowhere"), "nowhere"),
        ((*usual, "--scenario", tmp_path / "nowhere"), "there is no folder"),
        ((*usual, "--scenario", elsewhere), "does not lie in Gridtown"),
        ((*usual, "--vehicles", 100), "must be from 1 to"),
        ((*usual, "--against", tmp_path / "none.json"), "there is no such file"),
        ((*usual, "--json", tmp_path), "is a folder"),
        ((*usual, "--receipts", written(tmp_path / "r.json", {})), "It is not a receipt of ours"),
        ((*usual, "--receipts", written(tmp_path / "s.json", changed)), "receipt 1"),
        ((broken, *usual[1:]), "it is not JSON"),
        ((half, *usual[1:]), "what no rule may say"),
        ((nul, *usual[1:]), "NUL"),
        ((twice, *usual[1:]), "'name' is given twice"),
        ((written(tmp_path / "list.json", []), *usual[1:]), "must hold a JSON object"),
        ((written(tmp_path / "empty.json", {}), *usual[1:]), "The tariff cannot be read"),
        ((proposal, *usual[3:]), "kind"),
    ]
    for words, says in cases:
        code, said, told = khan("impact", *words)
        assert (code, said) == (2, ""), words
        assert told.startswith("khan: "), words
        assert told.count("\n") == 1, words
        assert says in told, (words, told)
