"""What is kept of a motion's impact: its form, its checks and its pictures."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any
from xml.etree import ElementTree

import pytest

from governance.impact.audit import faults_of
from governance.impact.document import (
    Proposed,
    Subject,
    document_of,
    document_of_none,
    ends_and_middle,
    has_impact,
    read_document,
    text_of,
    why_no_impact,
)
from governance.impact.errors import ImpactPictureUnknown, ImpactUnreadable
from governance.impact.pictures import PANELS, money_text, picture
from rulebook.rule import RuleKind, digest_of
from simulation.impact.statement import Assumptions, impacts_of
from tests.impact_town import EACH_ZONE, FLOOR, street, tariff, today, town_of
from tests.money import USD

SUBJECT = Subject(motion_id="0" * 8 + "-0000-0000-0000-000000000001", version=2, kind="tariff")
SVG = "{http://www.w3.org/2000/svg}"
BODIES = [tariff(kilometre_mills=mills) for mills in (90_000, 120_000, 150_000)]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Three numbers for a kilometre: 0.90, 1.20 and 1.50, where today's is 1.00."""
    proposed = [today().under(RuleKind.TARIFF, body) for body in BODIES]
    stated = impacts_of(town_of(street()), today(), proposed, assumed=EACH_ZONE)
    named = [
        Proposed(label=f"{mills // 1000} cents", body=body, value=mills)
        for mills, body in zip((90_000, 120_000, 150_000), BODIES, strict=True)
    ]
    documents = [one.as_json() for one in stated]
    return document_of(SUBJECT, list(zip(named, documents, strict=True)), assumptions={"seed": 1})


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(100, 200, (100, 150, 200)), (3, 6, (3, 4, 6)), (7, 8, (7, 8)), (5, 5, (5,)), (-3, 0, (-3, -2, 0))],
)  # fmt: skip
def test_a_number_is_shown_by_its_ends_and_the_middle(
    low: int, high: int, shown: tuple[int, ...]
) -> None:
    assert ends_and_middle(low, high) == shown


def test_the_middle_is_a_number_that_can_be_voted() -> None:
    assert ends_and_middle(10, 25, step=5) == (10, 15, 25)
    assert ends_and_middle(10, 15, step=5) == (10, 15)


def test_each_of_several_proposals_is_what_it_would_be_alone(document: dict[str, Any]) -> None:
    for body, one in zip(BODIES, document["proposals"], strict=True):
        (alone,) = impacts_of(
            town_of(street()), today(), [today().under(RuleKind.TARIFF, body)], assumed=EACH_ZONE
        )
        assert one["statement"] == alone.as_json()
        assert one["body_digest"] == digest_of(body)


def test_elasticity_of_one_proposal_does_not_reach_the_next() -> None:
    minding = Assumptions(few=1, elasticity=-2.0, seed=4)
    rules = [today().under(RuleKind.TARIFF, body) for body in (BODIES[2], BODIES[0])]
    together = impacts_of(town_of(street()), today(), rules, assumed=minding)
    for one, alone in zip(together, rules, strict=True):
        (same,) = impacts_of(town_of(street()), today(), [alone], assumed=minding)
        assert one.as_json() == same.as_json()


def test_a_document_reads_back_and_one_that_was_changed_does_not(document: dict[str, Any]) -> None:
    text = text_of(document)
    assert read_document(text) == document
    assert text_of(read_document(text)) == text
    changed = text.replace('"version":2', '"version":3')
    for wrong in (changed, "nonsense", "[]", '{"format":"khan-impact/1"}', text[:-1]):
        with pytest.raises(ImpactUnreadable):
            read_document(wrong)


def test_a_motion_without_figures_says_why() -> None:
    assert not has_impact(None)
    assert not has_impact("bylaws")
    assert all(has_impact(kind) for kind in ("tariff", "pay_floor", "levy", "matching_policy"))
    for kind in (None, "bylaws", "privacy_purposes"):
        none = document_of_none(SUBJECT, why_no_impact(kind))
        assert (none["proposals"], none["why_none"]) == ([], why_no_impact(kind))
        assert none["why_none"].endswith(".")
        with pytest.raises(ImpactPictureUnknown):
            picture(none, "prices-by-time")


def _more(path: str, by: float) -> Callable[[dict[str, Any]], None]:
    """Add `by` to the number at `path`."""

    def plant(statement: dict[str, Any]) -> None:
        *way, last = path.split(".")
        found: Any = statement
        for name in way:
            found = found[int(name)] if isinstance(found, list) else found[name]
        at: Any = int(last) if isinstance(found, list) else last
        found[at] += by

    return plant


PLANTED = {
    "today.shares.city_minor": "not what drivers, co-operative and city got",
    "proposed.shares.cooperative_minor": "not what drivers, co-operative and city got",
    "today.riders.paid_minor": "told twice",
    "proposed.drivers.pay_minor": "told twice",
    "today.riders.by_zone.0.quoted_minor": "quoted_minor by_zone does not sum",
    "proposed.riders.by_time.3.served": "served by_time does not sum",
    "proposed.riders.by_time.3.wait_ms": "wait_ms by_time does not sum",
    "today.drivers.pay_hour_minor_by_decile.0": "a decile earns more",
    "difference.riders.quoted_minor": "not the proposal less today",
    "difference.empty_km_share": "not the proposal less today",
    "prices.dearer": "not all journeys",
}


@pytest.mark.parametrize("path", PLANTED)
def test_a_planted_fault_in_the_figures_is_named(document: dict[str, Any], path: str) -> None:
    statement = deepcopy(document["proposals"][2]["statement"])
    assert faults_of(statement) == []
    _more(path, 1000)(statement)
    del statement["digest"]
    statement["digest"] = digest_of(statement)  # as if it had been worked out so
    assert any(PLANTED[path] in fault for fault in faults_of(statement)), faults_of(statement)


def test_a_difference_under_the_same_rules_and_a_missing_figure_are_named() -> None:
    (same,) = impacts_of(town_of(street()), today(), [today()], assumed=EACH_ZONE)
    statement = same.as_json()
    assert faults_of(statement) == []
    for side, by in (("proposed", 1), ("difference", 1)):
        _more(f"{side}.empty_km_share", by)(statement)
    assert "the same rules make a difference" in faults_of(statement)
    del statement["prices"]
    assert "missing" in faults_of(statement)[-1]
    assert faults_of({})[0].startswith("a figure is missing")


@pytest.mark.parametrize("name", PANELS)
def test_each_picture_shows_today_and_every_proposal_and_is_the_same_again(
    document: dict[str, Any], name: str
) -> None:
    drawn = picture(document, name)
    assert picture(json.loads(text_of(document)), name) == drawn
    texts = [one.text for one in ElementTree.fromstring(drawn).iter(f"{SVG}text")]
    assert {"today", "90 cents", "120 cents", "150 cents"} <= set(texts)
    # Styles are forbidden by the page's policy, and would not be seen.
    assert "style" not in drawn


def test_bars_are_as_long_as_their_values_and_say_the_change(document: dict[str, Any]) -> None:
    drawn = ElementTree.fromstring(picture(document, "who-gets-what"))
    bars = [bar for bar in drawn.iter(f"{SVG}rect") if bar.get("x") == "200"]
    paid = [one["statement"]["proposed"]["shares"]["riders_paid_minor"] for one in document["proposals"]]  # fmt: skip
    values = [document["proposals"][0]["statement"]["today"]["shares"]["riders_paid_minor"], *paid]
    widths = [float(bar.get("width", "")) for bar in bars[:4]]
    assert widths == [round(400 * value / max(values), 1) for value in values]
    # 8.00 today; 5 km in all: 0.50 less, 1.00 and 2.50 more.
    assert [one.text for one in drawn.iter(f"{SVG}tspan")][:3] == [
        "-0.50 USD",
        "+1.00 USD",
        "+2.50 USD",
    ]


def test_names_of_zones_cannot_break_a_picture(document: dict[str, Any]) -> None:
    evil = deepcopy(document)
    for one in evil["proposals"]:
        one["label"] = "<script>"
        for side in ("today", "proposed", "difference"):
            one["statement"][side]["riders"]["by_zone"][0]["name"] = 'a"<b>&'
    ElementTree.fromstring(picture(evil, "prices-by-zone"))
    with pytest.raises(ImpactPictureUnknown):
        picture(document, "../secret")


def test_money_is_written_as_people_write_it() -> None:
    assert money_text(123_456, USD) == "1,234.56 USD"
    assert money_text(-5, USD) == "-0.05 USD"
    assert FLOOR["currency"] == USD
