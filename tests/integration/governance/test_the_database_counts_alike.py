"""The database's own counts of ballots are the counters' for any ballots."""

import json
from typing import Any

import psycopg
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.ballots.choice import Mark, Question, RuleName, Value
from governance.ballots.plain import canonical
from governance.polls.count import choices_text
from governance.results import count_by_rule

counts = st.integers(1, 50)
marks = st.lists(st.tuples(st.sampled_from(["for", "against", "abstain"]).map(Mark), counts))
numbers = st.none() | st.integers(-20, 20).map(lambda one: 5 * one)
values = st.lists(st.tuples(numbers.map(Value), counts), max_size=12)
shares = st.sampled_from([">1/2", ">=1/2", ">=2/3", ">=3/4", ">=1", ">99/100"])
phantoms = st.sampled_from(["0", "1/10", "1/3", "2/7", "1"])


def recounted(owner: psycopg.Connection, question: Question, votes: list[Any]) -> Any:
    said: Any = question.document()
    choices = choices_text(votes)
    [found] = owner.execute(
        "SELECT governance.recount(%s, %s)", [canonical(said["rule"]).decode(), choices]
    ).fetchone()  # type: ignore[misc]
    return found


def counted(question: Question, votes: list[Any]) -> Any:
    return json.loads(canonical(count_by_rule(question, votes, lot_seed=bytes(32))))


def test_for_and_against_by_any_share_and_quorum(owner: psycopg.Connection) -> None:
    @settings(deadline=None)
    @given(votes=marks, required=shares, quorum=st.integers(0, 120))
    def check(votes: list[Any], required: str, quorum: int) -> None:
        parameters = {"required": required, "quorum": quorum}
        question = Question(text="?", rule=RuleName.FOR_AGAINST, parameters=parameters)
        assert recounted(owner, question, votes) == counted(question, votes)

    check()


def test_the_lower_median_with_any_phantoms(owner: psycopg.Connection) -> None:
    @settings(deadline=None)
    @given(votes=values, share=phantoms, today=st.integers(-120, 120))
    def check(votes: list[Any], share: str, today: int) -> None:
        parameters = {
            "lowest": -100, "highest": 100, "step": 5, "today": today, "phantom_share": share,
        }  # fmt: skip
        question = Question(text="?", rule=RuleName.LOWER_MEDIAN, parameters=parameters)
        assert recounted(owner, question, votes) == counted(question, votes)

    check()


def test_by_other_rules_the_database_counts_nothing(owner: psycopg.Connection) -> None:
    assert owner.execute(
        """SELECT governance.recount('{"name": "schulze", "parameters": {}}', '[]')"""
    ).fetchone() == (None,)
