"""A choice as typed on the command line, for every rule by which ballots are counted.

`--choice` takes what the poll asks for, whatever that is; the others say which kind they are, so that
a number meant for another poll is not taken for a rank.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from governance.ballots import choice as choices
from governance.ballots.choice import BallotBroken, Choice, Question, RuleName
from governance.ballots.plain import Fields
from khan.console import ArgumentUnusable

ANY, MARK, VALUE, RANKS, APPROVE = "--choice", "--mark", "--value", "--ranks", "--approve"
OPTION_OF: Mapping[RuleName, str] = MappingProxyType(
    {
        RuleName.FOR_AGAINST: MARK,
        RuleName.LOWER_MEDIAN: VALUE,
        RuleName.SCOTTISH_STV: RANKS,
        RuleName.SCHULZE: RANKS,
        RuleName.EQUAL_SHARES: APPROVE,
    }
)
_EXAMPLES = {
    MARK: "a mark (for, against or abstain), like --mark for",
    VALUE: "a number, like --value 120, or --value none",
    RANKS: "ranks from the most wanted down, like --ranks 2,1,4 (and 2=3 for one rank, where texts are "
    "ranked)",
    APPROVE: "the projects you approve, like --approve 1,3, or --approve none",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was typed, after which option."""

    option: str
    text: str


def said_once(typed: Mapping[str, str | None]) -> Said:
    """The one choice among those that could have been typed, by option.

    Raises
    ------
    ArgumentUnusable
        If there is none, or more than one.
    """
    said = [Said(option=option, text=text) for option, text in typed.items() if text is not None]
    if len(said) != 1:
        options = ", ".join(typed)
        raise ArgumentUnusable(ANY, f"say one choice, by one of {options}")
    return said[0]


def choice_said(said: Said, question: Question) -> Choice:
    """A choice as typed: `for`, `against`, `abstain`; a number or `none`; `2,1,4` (ranks or options).

    Raises
    ------
    ArgumentUnusable
        If the question has no such answer; it says what it asks for.
    """
    option = OPTION_OF[question.rule]
    if said.option not in (ANY, option):
        raise ArgumentUnusable(said.option, f"this poll asks for {_EXAMPLES[option]}")
    try:
        return choices.choice_of(_fields(said.text.strip(), question.rule), question)
    except BallotBroken as broken:
        raise ArgumentUnusable(said.option, _reason(broken, said.text, question)) from None
    except ValueError:
        raise ArgumentUnusable(said.option, f"{said.text!r} is not {_EXAMPLES[option]}") from None


def _fields(text: str, rule: RuleName) -> Fields:
    groups = [] if text == "none" else [one for one in text.split(",") if one.strip()]
    match rule:
        case RuleName.FOR_AGAINST:
            return {"mark": text}
        case RuleName.LOWER_MEDIAN:
            return {"value": None if text == "none" else int(text)}
        case RuleName.SCOTTISH_STV | RuleName.SCHULZE:
            return {"ranks": [sorted(int(n) for n in one.split("=")) for one in groups]}
        case RuleName.EQUAL_SHARES:
            return {"approved": sorted(int(one) for one in groups)}


def _reason(broken: BallotBroken, text: str, question: Question) -> str:
    """Why the poll has no such answer, and which it has."""
    if broken.reason in _REASONS:
        known = {name: str(value) for name, value in question.parameters.items()}
        return _REASONS[broken.reason].format(options=len(question.options), **known)
    return f"{text!r} is not {_EXAMPLES[OPTION_OF[question.rule]]}"


_REASONS = {
    "outside_bounds": "choose a number from {lowest} to {highest}",
    "off_step": "numbers go in steps of {step} from {lowest}",
    "unknown_option": "the options are numbered 1 to {options}",
    "option_twice": "an option is named twice",
    "too_many_ranks": "rank {ranks_max} at most",
    "equal_ranks": "in an election no two have one rank",
}
