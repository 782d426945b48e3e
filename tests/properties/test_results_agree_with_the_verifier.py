"""What a certificate says of a count is what the verifier, written apart, comes to."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.ballots.choice import (
    Approvals,
    BallotOption,
    Choice,
    Mark,
    Question,
    Ranks,
    RuleName,
    Value,
    choice_of,
    fields_of,
)
from governance.ballots.errors import BallotFormUnusable
from governance.ballots.plain import canonical
from governance.counting.errors import CountImpossible
from governance.results import count_by_rule
from governance.tier import Tier
from tests.ballot_scene import FARE, opened
from verifier.counts import recount
from verifier.terms import Terms, read_terms

OPTIONS = tuple(BallotOption(number=number, name=f"Option {number}") for number in range(1, 6))


def asked(rule: RuleName, **parameters: Any) -> Question:
    options = () if rule in (RuleName.FOR_AGAINST, RuleName.LOWER_MEDIAN) else OPTIONS
    return Question(text="What?", rule=rule, parameters=parameters, options=options)


def terms_of(question: Question) -> Terms:
    terms = read_terms(opened(FARE, tier=Tier.OPEN).manifest.document())
    return replace(
        terms,
        rule=question.rule.value,
        parameters=dict(question.parameters),
        options=tuple(one.name for one in question.options),
    )


def merged(choices: Sequence[tuple[Choice, int]]) -> list[tuple[Choice, int]]:
    """As a tally hands them over: each choice once, by its document."""
    found: dict[bytes, tuple[Choice, int]] = {}
    for choice, count in choices:
        document = canonical(fields_of(choice))
        found[document] = (choice, count + found.get(document, (choice, 0))[1])
    return [found[document] for document in sorted(found)]


counts = st.integers(1, 9)
marks = st.sampled_from(["for", "against", "abstain"]).map(Mark)
values = st.none() | st.integers(0, 20).map(lambda one: 100 + 5 * one)
orders = st.permutations(range(1, 6)).flatmap(
    lambda whole: st.integers(0, 5).map(lambda end: tuple((n,) for n in whole[:end]))
)
weak_orders = st.dictionaries(st.integers(1, 5), st.integers(1, 3)).map(
    lambda places: tuple(
        tuple(sorted(number for number, place in places.items() if place == at))
        for at in sorted(set(places.values()))
    )
)
approvals = st.sets(st.integers(1, 5)).map(lambda one: Approvals(tuple(sorted(one))))
required = st.sampled_from([">1/2", ">=1/2", ">=2/3", ">=3/4", ">=1"])
seeds = st.binary(min_size=32, max_size=32)


def some(choices: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(st.tuples(choices, counts), max_size=8).map(merged)


def check(question: Question, votes: list[tuple[Choice, int]], seed: bytes) -> None:
    said = [(fields_of(one), n) for one, n in votes]
    assert all(choice_of(fields, question) == one for (fields, _), (one, _) in zip(said, votes, strict=True))  # fmt: skip
    ours = count_by_rule(question, votes, lot_seed=seed)
    theirs = recount(terms_of(question), said, seed)
    assert json.loads(canonical(ours)) == json.loads(json.dumps(theirs))


@given(some(marks), required, st.integers(0, 30), seeds)
def test_for_and_against(votes: Any, share: str, quorum: int, seed: bytes) -> None:
    check(asked(RuleName.FOR_AGAINST, required=share, quorum=quorum), votes, seed)


@given(some(values.map(Value)), st.sampled_from(["0", "1/10", "1/3", "1"]), st.integers(90, 210), seeds)  # fmt: skip
def test_the_lower_median(votes: Any, phantoms: str, today: int, seed: bytes) -> None:
    question = asked(RuleName.LOWER_MEDIAN, lowest=100, highest=200, step=5, today=today, phantom_share=phantoms)  # fmt: skip
    check(question, votes, seed)


@given(some(orders.map(Ranks)), st.integers(1, 4), seeds)
def test_scottish_stv(votes: Any, seats: int, seed: bytes) -> None:
    check(asked(RuleName.SCOTTISH_STV, seats=seats, ranks_max=5), votes, seed)


@given(some(weak_orders.map(Ranks)), required, st.none() | st.integers(1, 5), seeds)
def test_schulze(votes: Any, share: str, status_quo: int | None, seed: bytes) -> None:
    check(asked(RuleName.SCHULZE, required=share, status_quo=status_quo), votes, seed)


@given(some(approvals), st.lists(st.integers(1, 60), min_size=5, max_size=5), seeds)
def test_equal_shares_tells_each_turn_and_never_overspends(
    votes: Any, costs: list[int], seed: bytes
) -> None:
    question = asked(RuleName.EQUAL_SHARES, budget=100, costs=costs, unit=1)
    check(question, votes, seed)
    found: Any = count_by_rule(question, votes, lot_seed=seed)
    spent = sum(costs[number - 1] for number in found["selected_numbers"])
    assert found["money_left"] == 100 - spent >= 0
    wanted = {number for one, _ in votes for number in one.numbers}
    assert {one["option"] for one in found["rounds"]} == wanted
    assert (found["share"] is None) == (not wanted)
    unbought = wanted - set(found["selected_numbers"])
    assert all(costs[number - 1] > found["money_left"] for number in unbought)
    assert json.loads(canonical(found)) == found


def test_parameters_that_mean_nothing_are_named() -> None:
    with pytest.raises(BallotFormUnusable, match="every project has a cost"):
        count_by_rule(asked(RuleName.EQUAL_SHARES, budget=1, costs=[1], unit=1), [], lot_seed=bytes(32))  # fmt: skip
    with pytest.raises(BallotFormUnusable, match="has the parameters quorum, required"):
        count_by_rule(asked(RuleName.FOR_AGAINST, quorum=0), [], lot_seed=bytes(32))
    with pytest.raises(CountImpossible, match="from one half to all"):
        count_by_rule(asked(RuleName.FOR_AGAINST, required=">1/3", quorum=0), [], lot_seed=bytes(32))  # fmt: skip
