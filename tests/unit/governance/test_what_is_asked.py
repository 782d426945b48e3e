"""What a motion asks: documents that come back, what is refused, and the ballots that it makes."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.identifiers import UUID
from governance.asked import (
    FOR_OR_AGAINST,
    Asked,
    DivisionAsked,
    ElectionAsked,
    NumberAsked,
    OfferedText,
    TextsAsked,
    asked_of,
    check_asked,
    document_of_asked,
)
from governance.ballots.choice import Approvals, BallotOption, Question, Ranks, RuleName, padded
from governance.bylaws import parse_bylaws
from governance.candidate import Candidate
from governance.errors import BylawsInvalid, NobodyStands, QuestionUnfit
from governance.matter import Matter, MemberClass, Method
from governance.number_terms import Bounds, number_terms, pieces_of
from governance.poll_question import content_bytes_of, electorates, question_of
from rulebook.rule import Rule, RuleKind, canonical
from tests.assembly import FOUNDED, bylaws_body, member_id, motion
from tests.rules import example_tariff

FLAG = ("rules", 0, "flag", "amount_minor")
EVERY: list[Asked] = [
    FOR_OR_AGAINST,
    NumberAsked(unit="cents", fields=(FLAG, ("rules", 1, "flag", "amount_minor")), times=10),
    ElectionAsked(seats=3, stands=MemberClass.DRIVER),
    ElectionAsked(seats=1),
    TextsAsked(texts=(OfferedText(title="A", text="We do."),)),
    DivisionAsked(budget_id=UUID(int=5)),
]


@pytest.mark.parametrize("asked", EVERY)
def test_what_is_asked_comes_back_from_its_document(asked: Asked) -> None:
    assert asked_of(json.loads(canonical(document_of_asked(asked)))) == asked


@pytest.mark.parametrize(
    "document",
    [{}, {"kind": "riddle"}, {"kind": "election", "seats": "many", "stands": None},
     {"kind": "number", "unit": "x", "fields": [[1.5]], "times": 1}, {"kind": "texts", "texts": 3},
     {"kind": "division", "budget_id": "x"}],
)  # fmt: skip
def test_a_document_that_asks_nothing_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(QuestionUnfit):
        asked_of(document)


@pytest.mark.parametrize(
    ("asked", "method", "kind", "reason"),
    [
        (FOR_OR_AGAINST, Method.MEDIAN, "tariff", "asks for a number"),
        (NumberAsked(unit="x", fields=(FLAG,)), Method.MEDIAN, None, "none is named"),
        (NumberAsked(unit=" ", fields=(FLAG,)), Method.MEDIAN, "tariff", "unit"),
        (NumberAsked(unit="x", fields=()), Method.MEDIAN, "tariff", "different fields"),
        (NumberAsked(unit="x", fields=(FLAG, FLAG)), Method.MEDIAN, "tariff", "different fields"),
        (NumberAsked(unit="x", fields=(("a", -1),)), Method.MEDIAN, "tariff", "from 0"),
        (NumberAsked(unit="x", fields=(FLAG,), times=0), Method.MEDIAN, "tariff", "1 to"),
        (ElectionAsked(seats=0), Method.SCOTTISH_STV, None, "1 to 50 seats"),
        (ElectionAsked(seats=1), Method.SCOTTISH_STV, "tariff", "writes no rule"),
        (TextsAsked(texts=()), Method.RANKED, None, "1 to 20 texts"),
        (TextsAsked(texts=(OfferedText(title="Keep as is", text="x"),)), Method.RANKED, None, "one title"),
        (TextsAsked(texts=(OfferedText(title="A", text=" "),)), Method.RANKED, None, "says something"),
    ],
)  # fmt: skip
def test_what_cannot_be_put_to_a_vote_is_refused_in_words(
    asked: Asked, method: Method, kind: str | None, reason: str
) -> None:
    with pytest.raises(QuestionUnfit, match=reason):
        check_asked(asked, method=method, rule_kind=kind)


def matter(**changes: Any) -> Matter:
    body = bylaws_body()
    body["matters"] = {**body["matters"], "asked": {"extends": "ordinary", **changes}}
    return parse_bylaws(body).get_matter("asked")


def rule(body: dict[str, Any]) -> Rule:
    fields: dict[str, Any] = {
        "rule_id": UUID(int=7), "kind": RuleKind.TARIFF, "version": 1, "body": body,
        "valid_from": FOUNDED, "valid_to": None, "published_at": FOUNDED,
        "adoption_id": UUID(int=8), "adopted_by": "charter", "digest": "",
    }  # fmt: skip
    return Rule(**fields)


BODY = {"a": [{"x": 200, "y": "200"}, {"x": 200}], "b": {"x": 210}, "é": True}
X = (("a", 0, "x"), ("a", 1, "x"))
ASKED = NumberAsked(unit="cents", fields=X, times=10)


@given(st.integers(-(10**9), 10**9))
def test_the_pieces_joined_by_a_number_are_the_body_with_it(value: int) -> None:
    changed = json.loads(json.dumps(BODY))
    for place in changed["a"]:
        place["x"] = value
    assert str(value).join(pieces_of(BODY, X)) == canonical(changed).decode()


def test_a_body_that_says_what_marks_the_cut_is_cut_all_the_same() -> None:
    body = {"cut here": "cut here!", "x": 1}
    assert "2".join(pieces_of(body, (("x",),))) == canonical(body | {"x": 2}).decode()


@pytest.mark.parametrize(
    ("change", "lowest", "highest"),
    [(None, 5, 95), ("0.15", 17, 23), ("1/4", 15, 25), ("0.5", 11, 29)],
)
def test_a_number_moves_as_far_as_the_bylaws_let_it_on_the_boards_steps(
    change: str | None, lowest: int, highest: int
) -> None:
    far = {"change_at_most": change} if change else {}
    terms = number_terms(
        ASKED, rule(BODY), Bounds(lowest=5, highest=95), matter(method="median", step=2, **far)
    )
    assert (terms.today, terms.lowest, terms.highest) == (20, lowest, highest)
    assert json.loads(terms.text_with(21))["a"][1]["x"] == 210


@pytest.mark.parametrize(
    ("fields", "bounds", "reason"),
    [
        (((("a", 0, "z")),), (0, 9), "no field a.0.z"),
        (((("a", 5, "x")),), (0, 9), "no field a.5.x"),
        (((("é",)),), (0, 9), "no whole number"),
        (((("a", 0, "y")),), (0, 9), "no whole number"),
        ((("a", 0, "x"), ("b", "x")), (0, 9), "different numbers"),
        (X, (9, 0), "not reached"),
        (X, (90, 99), "as near as the bylaws"),
    ],
)
def test_a_number_that_cannot_be_voted_on(
    fields: Any, bounds: tuple[int, int], reason: str
) -> None:
    asked = NumberAsked(unit="cents", fields=fields, times=10)
    by = matter(method="median", step=1, change_at_most="0.15")
    with pytest.raises(QuestionUnfit, match=reason):
        number_terms(asked, rule(BODY), Bounds(lowest=bounds[0], highest=bounds[1]), by)
    with pytest.raises(QuestionUnfit, match="no whole number of cents"):
        number_terms(NumberAsked(unit="cents", fields=X, times=30), rule(BODY), Bounds(lowest=0, highest=9), by)  # fmt: skip


def test_the_example_tariff_holds_its_flag_fall_where_the_tests_say() -> None:
    assert len(pieces_of(example_tariff(), (FLAG,))) == 2


def test_who_gets_which_ballot() -> None:
    assert electorates(matter(ballot="sealed")) == (None,)
    apart = matter(ballot="detached", pass_each=["driver", "rider"])
    assert electorates(apart) == ("driver", "rider", None)
    only = matter(ballot="detached", pass_each=["driver"], classes=["driver"])
    assert electorates(only) == ("driver",)
    assert electorates(matter(ballot="open", pass_each=["driver"])) == (None,)


def test_classes_pass_nothing_but_what_is_for_or_against() -> None:
    with pytest.raises(BylawsInvalid, match="for or against"):
        matter(method="ranked", pass_each=["driver"])
    with pytest.raises(BylawsInvalid, match="for or against"):
        matter(method="median", **{"pass": {"for_over_all": "1"}})


def test_an_election_lists_whoever_accepted() -> None:
    by = matter(method="scottish_stv", ranks_max=12)
    stands = motion(
        asks=ElectionAsked(seats=2),
        candidates=(
            Candidate(member_id=member_id(2), name="Ben"),
            Candidate(member_id=member_id(3)),
            Candidate(member_id=member_id(4), name="Cem", withdrew_at=FOUNDED),
            Candidate(member_id=member_id(5), withdrew_at=FOUNDED),
        ),
    )
    question = question_of(stands, by, quorum=0)
    assert [one.name for one in question.options] == ["Ben"]
    assert question.parameters == {"seats": 2, "ranks_max": 1}
    with pytest.raises(NobodyStands):
        question_of(motion(asks=ElectionAsked(seats=2)), by, quorum=0)


@given(st.integers(1, 300), st.booleans())
def test_the_longest_choice_fits_its_padding(options: int, ranked: bool) -> None:
    numbers = range(1, options + 1)
    ranks: dict[str, Any] = {"status_quo": None, "required": ">1/2"}
    shares: dict[str, Any] = {"budget": 1, "costs": [1] * options, "unit": 1}
    question = Question(
        text="?", rule=RuleName.SCHULZE if ranked else RuleName.EQUAL_SHARES,
        parameters=ranks if ranked else shares,
        options=tuple(BallotOption(number=number, name=str(number)) for number in numbers),
    )  # fmt: skip
    choice = Ranks(tuple((number,) for number in numbers)) if ranked else Approvals(tuple(numbers))
    length = content_bytes_of(question)
    assert len(padded(choice, length)) == length
    assert length % 64 == 0
    assert Fraction(length, 64) >= 4
