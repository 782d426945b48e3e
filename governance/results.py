"""The counting rules as a vote's certificate names them: plain choices in, the published record out.

The forms are those of docs/reference/ballot_bundle.md ("Rules and results"); `verifier` counts the
same ballots with code of its own and compares bytes. The full record of each stage, for people, is
`governance.counting`'s.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import TypeAlias

from governance.ballots.choice import Approvals, Choice, Mark, Question, Ranks, RuleName, Value
from governance.ballots.errors import BallotFormUnusable
from governance.ballots.plain import Fields, Plain
from governance.counting.budget import BudgetPaper, BudgetVote, Marks, Project
from governance.counting.equal_shares import count_equal_shares
from governance.counting.lots import SeededLots
from governance.counting.marks import ABSTAIN, MarkPaper
from governance.counting.median import NumberVote, count_lower_median
from governance.counting.ranked import Option, Paper, RankedVote
from governance.counting.schulze import count_schulze
from governance.counting.share import RequiredShare, ShareVote, count_for_against
from governance.counting.stv import count_scottish_stv

Votes: TypeAlias = Sequence[tuple[Choice, int]]
"""Each different choice, blank ones too, and how many ballots say it."""


def count_by_rule(question: Question, votes: Votes, *, lot_seed: bytes) -> Fields:
    """Count by the rule that the question names (`governance.ballots.tally.CountingRule`).

    Parameters
    ----------
    question
        What was asked, with the rule's parameters.
    votes
        Choices that this question allows.
    lot_seed
        32 bytes that settle what votes leave equal.

    Raises
    ------
    BallotFormUnusable, CountImpossible
        If the rule's parameters make no sense.
    """
    return _COUNTERS[question.rule](question, votes, SeededLots(lot_seed))


def _for_against(question: Question, votes: Votes, lots: SeededLots) -> Fields:
    papers = tuple(MarkPaper(mark=one.mark, count=n) for one, n in votes if isinstance(one, Mark))
    count = count_for_against(
        ShareVote(
            title=question.text,
            required=RequiredShare.parse(_text(question, "required")),
            papers=papers,
            quorum=question.parameter("quorum"),
        )
    )
    return {
        "rule": count.rule,
        "for": count.votes_for,
        "against": count.votes_against,
        "abstain": count.abstentions,
        "outcome": count.outcome.value,
    }


def _lower_median(question: Question, votes: Votes, lots: SeededLots) -> Fields:
    papers = tuple(
        MarkPaper(mark=ABSTAIN if one.value is None else str(one.value), count=n)
        for one, n in votes
        if isinstance(one, Value)
    )
    count = count_lower_median(
        NumberVote(
            title=question.text,
            lowest=question.parameter("lowest"),
            highest=question.parameter("highest"),
            step=question.parameter("step"),
            papers=papers,
            today=question.parameter("today"),
            phantom_share=Fraction(_text(question, "phantom_share")),
        )
    )
    values: Sequence[Plain] = [[one.value, one.ballots] for one in count.lines if one.ballots]
    return {
        "rule": count.rule,
        "values": values,
        "abstained": count.abstentions,
        "phantoms": count.phantoms,
        "value": count.value,
    }


def _scottish_stv(question: Question, votes: Votes, lots: SeededLots) -> Fields:
    count = count_scottish_stv(_ranked(question, votes, seats=question.parameter("seats")), lots)
    return {
        "rule": count.rule,
        "quota": count.quota,
        "elected_numbers": list(count.elected_numbers),
        "stage_totals": [[str(total) for total in stage] for stage in count.stage_totals],
        "vacant": count.vacant,
    }


def _schulze(question: Question, votes: Votes, lots: SeededLots) -> Fields:
    status_quo = question.parameters.get("status_quo")
    count = count_schulze(
        _ranked(question, votes, seats=1),
        lots,
        status_quo=None if status_quo is None else question.parameter("status_quo"),
        required=RequiredShare.parse(_text(question, "required")),
    )
    return {
        "rule": count.rule,
        "preferred": [list(row) for row in count.preferred],
        "dropped": [one.number for one in count.dropped],
        "winners": list(count.winners),
        "winner": count.winner,
    }


def _ranked(question: Question, votes: Votes, *, seats: int) -> RankedVote:
    return RankedVote(
        title=question.text,
        options=tuple(Option(number=one.number, name=one.name) for one in question.options),
        seats=seats,
        papers=tuple(
            Paper(ranking=one.groups, count=n) for one, n in votes if isinstance(one, Ranks)
        ),
    )


def _equal_shares(question: Question, votes: Votes, lots: SeededLots) -> Fields:
    vote = BudgetVote(
        title=question.text,
        budget=question.parameter("budget"),
        marks=Marks.TICKS,
        projects=tuple(
            Project(id=str(one.number), name=one.name, cost=cost)
            for one, cost in zip(question.options, costs_of(question), strict=True)
        ),
        papers=tuple(
            BudgetPaper(projects=tuple(map(str, one.numbers)), count=n)
            for one, n in votes
            if isinstance(one, Approvals)
        ),
    )
    count = count_equal_shares(vote, lots, unit=question.parameter("unit"))
    rounds: Sequence[Plain] = [
        {
            "number": int(one.project),
            "step": one.step.value,
            "pays": None if one.pays_at_most is None else str(one.pays_at_most),
        }
        for one in count.rounds
    ]
    return {
        "rule": count.rule,
        "share": None if count.share_at_last is None else str(count.share_at_last),
        "added": count.units_added,
        "rounds": rounds,
        "selected_numbers": [int(one) for one in count.selected],
        "left": question.parameter("budget") - sum(int(one) for one in count.costs),
    }


def costs_of(question: Question) -> tuple[int, ...]:
    """What each option costs, in the options' order.

    Raises
    ------
    BallotFormUnusable
        If there is not one whole number for each.
    """
    found = question.parameters.get("costs")
    costs = [one for one in found if isinstance(one, int)] if isinstance(found, list) else []
    if len(costs) != len(question.options):
        raise BallotFormUnusable(f"{question.rule} needs a cost for each option")
    return tuple(costs)


def _text(question: Question, name: str) -> str:
    found = question.parameters.get(name)
    if not isinstance(found, str):
        raise BallotFormUnusable(f"{question.rule} needs {name} as text")
    return found


_COUNTERS: Mapping[RuleName, Callable[[Question, Votes, SeededLots], Fields]] = MappingProxyType(
    {
        RuleName.FOR_AGAINST: _for_against,
        RuleName.LOWER_MEDIAN: _lower_median,
        RuleName.SCOTTISH_STV: _scottish_stv,
        RuleName.SCHULZE: _schulze,
        RuleName.EQUAL_SHARES: _equal_shares,
    }
)
