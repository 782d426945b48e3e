"""What one votes, as typed: every kind of question has its option, and a wrong shape is one sentence."""

from collections.abc import Mapping

import pytest

from governance.ballots.choice import (
    Approvals,
    BallotOption,
    Choice,
    Mark,
    Question,
    Ranks,
    RuleName,
    Value,
)
from governance.ballots.plain import Plain
from khan.choice_words import ANY, Said, choice_said, said_once
from khan.console import ArgumentUnusable
from tests.unit.khan.conftest import Khan

PARAMETERS: Mapping[RuleName, Mapping[str, Plain]] = {
    RuleName.FOR_AGAINST: {"required": ">1/2", "quorum": 0},
    RuleName.LOWER_MEDIAN: {
        "lowest": 200, "highest": 400, "step": 5, "today": 300, "phantom_share": "0",
    },
    RuleName.SCOTTISH_STV: {"seats": 1, "ranks_max": 3},
    RuleName.SCHULZE: {"status_quo": 4, "required": ">1/2"},
    RuleName.EQUAL_SHARES: {"budget": 10, "costs": [1, 2, 3, 4], "unit": 1},
}  # fmt: skip


def question(rule: RuleName) -> Question:
    with_options = rule not in (RuleName.FOR_AGAINST, RuleName.LOWER_MEDIAN)
    return Question(
        text="?", rule=rule, parameters=PARAMETERS[rule],
        options=tuple(BallotOption(number=n, name=f"Option {n}") for n in range(1, 5))
        if with_options else (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "option", "text", "choice"),
    [
        (RuleName.FOR_AGAINST, "--mark", "abstain", Mark("abstain")),
        (RuleName.LOWER_MEDIAN, "--value", "205", Value(205)),
        (RuleName.LOWER_MEDIAN, "--value", "none", Value(None)),
        (RuleName.SCOTTISH_STV, "--ranks", "2,1,4", Ranks(((2,), (1,), (4,)))),
        (RuleName.SCOTTISH_STV, "--ranks", "none", Ranks(())),
        (RuleName.SCHULZE, "--ranks", "3, 2=1, 4", Ranks(((3,), (1, 2), (4,)))),
        (RuleName.EQUAL_SHARES, "--approve", "3,1", Approvals((1, 3))),
        (RuleName.EQUAL_SHARES, "--approve", "none", Approvals(())),
    ],
)
def test_every_kind_has_its_option_and_the_one_for_all(
    rule: RuleName, option: str, text: str, choice: Choice
) -> None:
    assert choice_said(Said(option=option, text=text), question(rule)) == choice
    assert choice_said(Said(option=ANY, text=text), question(rule)) == choice


@pytest.mark.parametrize(
    ("rule", "option", "text", "told"),
    [
        (RuleName.FOR_AGAINST, "--ranks", "1", "this poll asks for a mark"),
        (RuleName.FOR_AGAINST, "--mark", "maybe", "'maybe' is not a mark"),
        (RuleName.LOWER_MEDIAN, "--mark", "for", "this poll asks for a number, like --value 120"),
        (RuleName.LOWER_MEDIAN, "--value", "2.5", "'2.5' is not a number"),
        (RuleName.LOWER_MEDIAN, "--value", "195", "choose a number from 200 to 400"),
        (RuleName.LOWER_MEDIAN, "--value", "203", "numbers go in steps of 5 from 200"),
        (RuleName.SCOTTISH_STV, "--approve", "1", "this poll asks for ranks"),
        (RuleName.SCOTTISH_STV, "--ranks", "5", "the options are numbered 1 to 4"),
        (RuleName.SCOTTISH_STV, "--ranks", "1,2,1", "an option is named twice"),
        (RuleName.SCOTTISH_STV, "--ranks", "1,2,3,4", "rank 3 at most"),
        (RuleName.SCOTTISH_STV, "--ranks", "1=2", "in an election no two have one rank"),
        (RuleName.SCHULZE, "--ranks", "1;2", "'1;2' is not ranks"),
        (RuleName.EQUAL_SHARES, "--value", "3", "this poll asks for the projects you approve"),
        (RuleName.EQUAL_SHARES, "--approve", "0", "the options are numbered 1 to 4"),
    ],
)
def test_what_does_not_fit_is_told_with_what_would(
    rule: RuleName, option: str, text: str, told: str
) -> None:
    with pytest.raises(ArgumentUnusable, match=told) as refusal:
        choice_said(Said(option=option, text=text), question(rule))
    assert str(refusal.value).startswith(f"{option}: ")


def test_one_choice_is_said() -> None:
    assert said_once({"--choice": None, "--value": "3"}) == Said(option="--value", text="3")
    for typed in ({"--choice": None}, {"--choice": "for", "--mark": "for"}):
        with pytest.raises(ArgumentUnusable, match="say one choice, by one of --choice"):
            said_once(typed)


def test_the_command_line_refuses_none_two_and_a_proxy_that_is_none(khan: Khan) -> None:
    words = ["vote", "cast", "--poll", "0" * 32, "--folder", "f", "--phone", "1"]
    for more, told in (
        ([], "say one choice"),
        (["--mark", "for", "--value", "3"], "say one choice"),
        (["--mark", "for", "--proxy", "x"], "--proxy: 'x' is not an identifier"),
    ):
        code, out, error = khan(*words, *more)
        assert (code, out, error.count("\n")) == (2, "", 1)
        assert told in error
