"""Terms that would only be found wanting after the vote are refused before anybody signs them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from governance.ballots.choice import BallotOption, Question, RuleName
from governance.ballots.errors import BallotFormUnusable, DocumentMalformed
from governance.ballots.manifest import Manifest, read
from governance.ballots.plain import Plain
from governance.tier import Tier
from tests.ballot_scene import BOARD_SEATS, CLOSES, FARE, RESOLUTION, changed_json, opened

RIGHT: dict[RuleName, dict[str, Plain]] = {
    RuleName.FOR_AGAINST: {"required": ">=3/4", "quorum": 0},
    RuleName.LOWER_MEDIAN: {
        "lowest": -5, "highest": 10, "step": 5, "today": 7, "phantom_share": "1/10",
    },
    RuleName.SCOTTISH_STV: {"seats": 1, "ranks_max": 3},
    RuleName.SCHULZE: {"status_quo": None, "required": ">1/2"},
    RuleName.EQUAL_SHARES: {"budget": 90, "costs": [60, 30], "unit": 1},
}  # fmt: skip
TWO = (BallotOption(number=1, name="a"), BallotOption(number=2, name="b"))


def _question(rule: RuleName, **parameters: Plain) -> Question:
    options = () if rule in (RuleName.FOR_AGAINST, RuleName.LOWER_MEDIAN) else TWO
    return Question(text="?", rule=rule, parameters=RIGHT[rule] | parameters, options=options)


@pytest.mark.parametrize("rule", list(RuleName))
def test_a_rule_has_its_parameters_no_more_and_no_less(rule: RuleName) -> None:
    question = _question(rule)
    assert read(opened(question).manifest.document()).question == question
    with pytest.raises(BallotFormUnusable, match="has the parameters"):
        _question(rule, extra=1)
    for name in RIGHT[rule]:
        fewer = {one: value for one, value in RIGHT[rule].items() if one != name}
        with pytest.raises(BallotFormUnusable, match="has the parameters"):
            replace(question, parameters=fewer)


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        (RuleName.FOR_AGAINST, {"required": "1/2"}),
        (RuleName.FOR_AGAINST, {"required": ">1/0"}),
        (RuleName.FOR_AGAINST, {"required": ">" + "1" * 19}),
        (RuleName.FOR_AGAINST, {"required": 5}),
        (RuleName.FOR_AGAINST, {"quorum": -1}),
        (RuleName.FOR_AGAINST, {"quorum": True}),
        (RuleName.LOWER_MEDIAN, {"step": 4}),
        (RuleName.LOWER_MEDIAN, {"step": 0}),
        (RuleName.LOWER_MEDIAN, {"highest": -10}),
        (RuleName.LOWER_MEDIAN, {"today": None}),
        (RuleName.LOWER_MEDIAN, {"phantom_share": "0.1"}),
        (RuleName.SCOTTISH_STV, {"seats": 0}),
        (RuleName.SCOTTISH_STV, {"ranks_max": "3"}),
        (RuleName.SCHULZE, {"status_quo": 3}),
        (RuleName.SCHULZE, {"status_quo": 0}),
        (RuleName.SCHULZE, {"status_quo": True}),
        (RuleName.SCHULZE, {"required": "all"}),
        (RuleName.EQUAL_SHARES, {"budget": 0}),
        (RuleName.EQUAL_SHARES, {"budget": 2**53}),
        (RuleName.EQUAL_SHARES, {"unit": 0}),
        (RuleName.EQUAL_SHARES, {"costs": [60]}),
        (RuleName.EQUAL_SHARES, {"costs": [60, 0]}),
        (RuleName.EQUAL_SHARES, {"costs": [60, "30"]}),
        (RuleName.EQUAL_SHARES, {"costs": "ab"}),
    ],
)
def test_parameters_that_cannot_be_counted_by_are_refused(
    rule: RuleName, wrong: dict[str, Plain]
) -> None:
    with pytest.raises(BallotFormUnusable):
        _question(rule, **wrong)


def test_options_are_where_the_rule_asks_for_them() -> None:
    with pytest.raises(BallotFormUnusable):
        replace(RESOLUTION, options=TWO)
    with pytest.raises(BallotFormUnusable):
        replace(FARE, options=TWO)
    for rule in (RuleName.SCOTTISH_STV, RuleName.SCHULZE, RuleName.EQUAL_SHARES):
        with pytest.raises(BallotFormUnusable):
            replace(_question(rule), options=())


def _two_trustees_of_one_name(manifest: Manifest) -> dict[str, Any]:
    assert manifest.trustees is not None
    first, *others = manifest.trustees.people
    people = (replace(first, name=others[-1].name), *others)
    return {"trustees": replace(manifest.trustees, people=people)}


def _two_witnesses_of_one_name(manifest: Manifest) -> dict[str, Any]:
    first, second = manifest.witnesses
    return {"witnesses": (first, replace(second, name=first.name))}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda m: {"content_bytes": 63}, "64 to 4096"),
        (lambda m: {"content_bytes": 4097}, "64 to 4096"),
        (lambda m: {"witnesses_needed": 3}, "too few witnesses"),
        (lambda m: {"opens_at_ms": CLOSES}, "closes after it opens"),
        (_two_trustees_of_one_name, "two trustees"),
        (_two_witnesses_of_one_name, "two logs or witnesses"),
        (lambda m: {"trustees": None}, "an open vote alone"),
        (lambda m: {"tier": Tier.DETACHED}, "only a sealed vote"),
    ],
)
def test_terms_that_do_not_fit_one_another_are_refused(
    wrong: Callable[[Manifest], dict[str, Any]], reason: str
) -> None:
    manifest = opened().manifest
    with pytest.raises(BallotFormUnusable, match=reason):
        replace(manifest, **wrong(manifest))


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(extra=1),
        lambda m: m["roll"].update(extra=1),
        lambda m: m["desks"][0].update(extra=1),
        lambda m: m["desks"][0]["log"].update(extra=1),
        lambda m: m["rule"].update(extra=1),
        lambda m: m["rule"]["parameters"].update(extra=1),
        lambda m: m["options"][0].update(extra=1),
        lambda m: m["relying_party"].update(extra=1),
        lambda m: m["relying_party"].update(origins=[5]),
        lambda m: m["trustees"].update(extra=1),
        lambda m: m["witnesses"][0].update(extra=1),
    ],
)
def test_a_document_that_adds_something_is_no_manifest(
    change: Callable[[dict[str, Any]], object],
) -> None:
    document = opened(BOARD_SEATS).manifest.document()
    with pytest.raises((DocumentMalformed, BallotFormUnusable)):
        read(changed_json(document, change))
