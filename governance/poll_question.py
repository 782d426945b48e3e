"""The question that a called vote puts on its ballots, and who gets which ballot.

Ballots without names cannot be told apart by class. So where classes must each pass a motion, each
of them has a poll of its own, whoever else votes has one together, and the whole is the sum.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from governance.asked import (
    KEEP,
    AllocationAsked,
    DivisionAsked,
    ElectionAsked,
    NumberAsked,
    TextAsked,
    TextsAsked,
)
from governance.ballots.choice import BallotOption, Question, RuleName
from governance.ballots.plain import Fields, Plain, canonical
from governance.candidate import ballot_names
from governance.errors import NobodyStands, QuestionUnfit
from governance.matter import Matter, MemberClass
from governance.motion import Motion
from governance.number_terms import NumberTerms
from governance.tier import Tier

_CONTENT_LEAST, _CONTENT_STEP, _LENGTH_BYTES = 256, 64, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotProject:
    """A project of a fund as it stands on the ballot; `cost` in minor units."""

    project_id: str
    title: str
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DivisionTerms:
    """A fund as it is voted on: minor units, and by how many of them shares grow at a time."""

    budget: int
    unit: int
    projects: tuple[BallotProject, ...]


Particulars: TypeAlias = NumberTerms | DivisionTerms | None
"""What a question takes from beside its motion: a rule in force, a fund's projects."""


def electorates(matter: Matter) -> tuple[MemberClass | None, ...]:
    """The classes that have a poll of their own; None is everybody else, in one poll."""
    if matter.tier is Tier.OPEN or not matter.pass_each:
        return (None,)  # names are shown, or nobody asks for the class
    others = set(matter.classes) - set(matter.pass_each)
    return (*matter.pass_each, *((None,) if others else ()))


def question_of(
    motion: Motion, matter: Matter, *, quorum: int, particulars: Particulars = None
) -> Question:
    """What the ballots of a motion's vote ask, and how they are counted.

    Parameters
    ----------
    quorum
        Of the votes for or against: so many ballots; 0 where several polls are summed up.

    Raises
    ------
    NobodyStands
        If it is an election without a candidate who accepted.
    QuestionUnfit
        If there is nothing to choose from.
    """
    rule, parameters, names = _rule(motion, matter, quorum, particulars)
    options = tuple(
        BallotOption(number=number, name=name) for number, name in enumerate(names, start=1)
    )
    return Question(text=motion.title, rule=rule, parameters=parameters, options=options)


_Rule: TypeAlias = tuple[RuleName, Mapping[str, Plain], tuple[str, ...]]


def _rule(motion: Motion, matter: Matter, quorum: int, particulars: Particulars) -> _Rule:
    match motion.asks:
        case TextAsked() | AllocationAsked():
            parameters: Fields = {"required": str(matter.required), "quorum": quorum}
            return RuleName.FOR_AGAINST, parameters, ()
        case NumberAsked():
            assert isinstance(particulars, NumberTerms), "a number stands in a rule"
            return RuleName.LOWER_MEDIAN, _number(particulars, matter), ()
        case ElectionAsked(seats=seats):
            names = ballot_names(motion.candidates)
            if not names:
                raise NobodyStands
            ranks = min(matter.ranks_max or len(names), len(names))
            return RuleName.SCOTTISH_STV, {"seats": seats, "ranks_max": ranks}, names
        case TextsAsked(texts=texts):
            titles = (*(one.title for one in texts), KEEP)
            terms: Fields = {"status_quo": len(titles), "required": str(matter.required)}
            return RuleName.SCHULZE, terms, titles
        case DivisionAsked():
            assert isinstance(particulars, DivisionTerms), "a division is of a fund"
            return _division(particulars)


def _number(terms: NumberTerms, matter: Matter) -> Mapping[str, Plain]:
    return {
        "lowest": terms.lowest,
        "highest": terms.highest,
        "step": terms.step,
        "today": terms.today,
        "phantom_share": str(matter.phantoms),
    }


def _division(terms: DivisionTerms) -> _Rule:
    if not terms.projects:
        raise QuestionUnfit("no project of this fund can stand on the ballot")
    costs = [one.cost for one in terms.projects]
    parameters: Fields = {"budget": terms.budget, "costs": costs, "unit": terms.unit}
    return RuleName.EQUAL_SHARES, parameters, tuple(one.title for one in terms.projects)


def content_bytes_of(question: Question) -> int:
    """To how many bytes every choice is padded: enough for the longest there can be."""
    numbers = [one.number for one in question.options]
    longest = len(canonical({"approved_or_ranks": [[number] for number in numbers]}))
    needed = max(_CONTENT_LEAST, longest + _LENGTH_BYTES)
    return -(-needed // _CONTENT_STEP) * _CONTENT_STEP
