"""Bylaws as data: what is read, what is taken over, and what means nothing."""

import json
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from governance.bylaws import entrenched_by, parse_bylaws
from governance.errors import BylawsInvalid, MatterUnknown
from governance.matter import Headcount, MemberClass, Method
from governance.tier import Tier
from rulebook.errors import BodyInvalid
from tests.assembly import bylaws, bylaws_body

ROOT = Path(__file__).resolve().parents[3]


def test_the_example_is_read_with_exact_fractions() -> None:
    found = bylaws()
    ordinary, special = found.get_matter("ordinary"), found.get_matter("special")
    assert ordinary.quorum == Headcount(terms=(50, Fraction(1, 20)))
    assert (ordinary.required.least, ordinary.required.is_more) == (Fraction(1, 2), True)
    assert (special.required.least, special.required.is_more) == (Fraction(3, 4), False)
    assert special.required.is_met_by(6, 7)
    assert not special.required.is_met_by(5, 7)
    assert found.meeting.short_notice_consent == Fraction(9, 10)
    assert found.classes[MemberClass.DRIVER].arrears_days_max == 60
    assert date(2026, 12, 25) in found.calendar.holidays


def test_a_matter_takes_over_what_it_does_not_say_itself() -> None:
    found = bylaws()
    fare, entrenched = found.get_matter("fare"), found.get_matter("entrenched")
    assert (fare.notice_days, fare.method, fare.tier) == (14, Method.MEDIAN, Tier.SEALED)
    assert fare.classes == (MemberClass.DRIVER, MemberClass.CITY)
    assert (entrenched.is_of_all, entrenched.required.least) == (True, 1)
    assert entrenched.quorum == Headcount(terms=(100, Fraction(1, 10)))
    assert entrenched.items
    assert not found.get_matter("special").items


@pytest.mark.parametrize(
    ("people", "least", "greatest"), [(0, 0, 50), (50, 5, 50), (51, 6, 50), (1001, 50, 101)]
)
def test_a_quorum_is_the_greatest_or_least_of_its_terms(
    people: int, least: int, greatest: int
) -> None:
    terms = (50, Fraction(1, 10))
    assert Headcount(terms=terms).of(people) == greatest
    assert Headcount(terms=terms, is_greatest=False).of(people) == least


def test_each_kind_of_rule_has_its_matters_and_special_otherwise() -> None:
    found = bylaws()
    assert found.matters_for("tariff") == ("fare", "ordinary")
    assert found.matters_for("levy") == ("special",)
    with pytest.raises(MatterUnknown, match="ordinary"):
        found.get_matter("sundry")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"days": {"holidays": ["2026-02-30"]}}, "days.holidays"),
        ({"decides": {"tariff": ["sundry"]}}, "decides.tariff"),
        ({"proxy": {"allowed": ["sundry"]}}, "proxy.allowed"),
        ({"matters": {"ordinary": {"extends": "special"}, "special": {"extends": "ordinary"}}},
         "matters.ordinary.extends"),
        ({"matters": {"ordinary": {"extends": "sundry"}}}, "matters.ordinary.extends"),
        ({"matters": {"ordinary": {"notice_days": 7, "vote_days": 7}}}, "matters.ordinary.pass"),
        ({"matters": {"ordinary": {"notice_days": 7, "vote_days": 0, "pass": {"for_over_cast": ">1/2"}}}},
         "matters.ordinary.vote_days"),
        ({"matters": {"ordinary": {"notice_days": 1, "freeze_days": 2, "vote_days": 7,
                                   "pass": {"for_over_cast": ">1/2"}}}}, "matters.ordinary.freeze_days"),
        ({"matters": {"ordinary": {"notice_days": 7, "vote_days": 7, "pass": {"for_over_cast": ">1/3"}}}},
         "matters.ordinary.pass.for_over_cast"),
        ({"matters": {"ordinary": {"notice_days": 7, "vote_days": 7, "classes": ["worker"],
                                   "pass": {"for_over_cast": ">1/2"}}}}, "matters.ordinary.classes"),
    ],
)  # fmt: skip
def test_bylaws_that_mean_nothing_name_the_field(change: dict[str, Any], field: str) -> None:
    body = {"decides": {}, "proxy": {}} | change
    with pytest.raises(BylawsInvalid) as refusal:
        bylaws(**body)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "change",
    [
        {"proxy": {"transitive": True}},
        {"classes": {"shareholder": {"vote": 1, "board_seats": 1}}},
        {"classes": {"driver": {"vote": 2, "board_seats": 1}}},
        {"motions": {"seconds": {"max": [0.1]}}},
        {"motions": {"seconds": {"max": [1], "min": [1]}}},
        {"decides": {"weather": ["ordinary"]}},
        {"meeting": {"notice_days": 14}},
    ],
)
def test_bylaws_of_another_shape_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BodyInvalid):
        bylaws(**change)


@pytest.mark.parametrize("city", sorted(path.parent.parent.name for path in ROOT.glob("cities/*/charter/bylaws.json")))  # fmt: skip
def test_every_city_pack_has_bylaws_that_mean_something(city: str) -> None:
    body = json.loads((ROOT / "cities" / city / "charter" / "bylaws.json").read_text("utf-8"))
    found = parse_bylaws(body)
    assert {"tariff", "bylaws"} <= set(found.decides)


def changed(path: tuple[str, ...], value: object) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.dumps(bylaws_body()))
    at = body
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return body


@pytest.mark.parametrize(
    ("path", "value", "items"),
    [
        (("name",), "Another name", ()),
        (("classes", "rider", "vote"), 0, ("one_member_one_vote",)),
        (("classes", "city", "board_seats"), 7, ("city_cannot_outvote",)),
        (("classes", "city", "board_seats"), 3, ()),
        (("matters", "entrenched", "pass"), {"for_over_cast": ">1/2"},
         ("asset_lock", "city_cannot_outvote", "one_member_one_vote")),
        (("matters", "ordinary", "vote_days"), 1,
         ("asset_lock", "city_cannot_outvote", "one_member_one_vote")),
        # A new matter that decides on what is entrenched by less would be another door to it.
        (("matters", "easy"), {"extends": "ordinary", "items": ["one_member_one_vote"]},
         ("one_member_one_vote",)),
        (("matters", "special", "items"), ["asset_lock"],
         ("asset_lock", "city_cannot_outvote", "one_member_one_vote")),
        (("matters", "easy"), {"extends": "ordinary"}, ()),
        # Whoever strikes a class out takes its vote.
        (("classes",), {"driver": {"vote": 1, "board_seats": 5}, "city": {"vote": 1, "board_seats": 2}},
         ("one_member_one_vote",)),
    ],
)  # fmt: skip
def test_what_is_entrenched_is_noticed_when_bylaws_change(
    path: tuple[str, ...], value: object, items: tuple[str, ...]
) -> None:
    assert entrenched_by(bylaws_body(), changed(path, value)) == items
