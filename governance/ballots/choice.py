"""What a ballot says, as plain values: the box's output and every counter's input.

A choice is one of four kinds, by the rule of the vote: a mark (for, against, abstain), ranks
(groups of option numbers, best first), a value, or approvals. What a voter got wrong stops nobody:
the ballot is broken, with a reason that is listed and counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from governance.ballots.errors import BallotFormUnusable, DocumentMalformed
from governance.ballots.parameters import require_parameters, whole_number
from governance.ballots.plain import (
    Fields,
    Plain,
    as_object,
    canonical,
    list_of,
    number_of,
    object_of,
    parse,
    text_of,
)

_LENGTH_BYTES = 2


class RuleName(StrEnum):
    """The counting rules that a ballot can be for."""

    FOR_AGAINST = "for_against"
    LOWER_MEDIAN = "lower_median"
    SCOTTISH_STV = "scottish_stv"
    SCHULZE = "schulze"
    EQUAL_SHARES = "equal_shares"


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotOption:
    """What can be chosen: a candidate, a text, a project; numbered from 1."""

    number: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked and how the answers are counted.

    Attributes
    ----------
    parameters
        Of the rule, as docs/reference/ballot_bundle.md lists them; whole numbers and text alone.
    options
        Numbered 1, 2, 3 and so on; none where a mark or a value is asked for.
    """

    text: str
    rule: RuleName
    parameters: Mapping[str, Plain]
    options: tuple[BallotOption, ...] = ()

    def __post_init__(self) -> None:
        numbers = [option.number for option in self.options]
        if numbers != list(range(1, len(numbers) + 1)):
            raise BallotFormUnusable("the options are not numbered 1, 2, 3 and so on")
        require_parameters(self.rule.value, self.parameters, options=len(self.options))

    def parameter(self, name: str) -> int:
        """A whole-numbered parameter.

        Raises
        ------
        BallotFormUnusable
            If there is none.
        """
        return whole_number(self.rule.value, self.parameters, name)

    def document(self) -> Fields:
        """The question's part of a manifest."""
        return {
            "question": self.text,
            "rule": {"name": self.rule.value, "parameters": dict(self.parameters)},
            "options": [{"number": one.number, "name": one.name} for one in self.options],
        }


def question_of(fields: Mapping[str, Plain]) -> Question:
    """The question in a manifest's fields.

    Raises
    ------
    DocumentMalformed, BallotFormUnusable
        If there is none, or it makes no sense.
    """
    rule = object_of(fields, "rule")
    try:
        name = RuleName(text_of(rule, "name"))
    except ValueError as error:
        raise DocumentMalformed("its rule is not known") from error
    options = [as_object(one, "option") for one in list_of(fields, "options")]
    return Question(
        text=text_of(fields, "question"),
        rule=name,
        parameters=object_of(rule, "parameters"),
        options=tuple(
            BallotOption(number=number_of(one, "number"), name=text_of(one, "name"))
            for one in options
        ),
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """One of for, against, abstain."""

    mark: str


@dataclass(frozen=True, slots=True)
class Ranks:
    """Option numbers from the most wanted down; those in one group are ranked equal."""

    groups: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A number within the bounds of the vote; None: no opinion."""

    value: int | None


@dataclass(frozen=True, slots=True)
class Approvals:
    """The options that are approved, by number, in rising order."""

    numbers: tuple[int, ...]


Choice: TypeAlias = Mark | Ranks | Value | Approvals
MARKS = ("for", "against", "abstain")


class BallotBroken(Exception):
    """A ballot cannot be followed; `reason` is stable and is listed with the ballot."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def is_blank(choice: Choice) -> bool:
    """Whether the voter took part and chose nothing."""
    match choice:
        case Mark(mark):
            return mark == "abstain"
        case Ranks(groups):
            return not groups
        case Value(value):
            return value is None
        case Approvals(numbers):
            return not numbers


def fields_of(choice: Choice) -> Fields:
    """A choice as the document that a ballot holds."""
    match choice:
        case Mark(mark):
            return {"mark": mark}
        case Ranks(groups):
            return {"ranks": [list(group) for group in groups]}
        case Value(value):
            return {"value": value}
        case Approvals(numbers):
            return {"approved": list(numbers)}


def choice_of(fields: Mapping[str, Plain], question: Question) -> Choice:
    """The choice that a ballot's document says.

    Raises
    ------
    BallotBroken
        If it says none that this question allows.
    """
    if len(fields) != 1:
        raise BallotBroken("malformed")
    match question.rule, fields:
        case RuleName.FOR_AGAINST, {"mark": str(mark)}:
            if mark not in MARKS:
                raise BallotBroken("malformed")
            return Mark(mark)
        case RuleName.LOWER_MEDIAN, {"value": value}:
            return _value(value, question)
        case ((RuleName.SCOTTISH_STV | RuleName.SCHULZE), {"ranks": list(groups)}):
            return _ranks(groups, question)
        case RuleName.EQUAL_SHARES, {"approved": list(numbers)}:
            approved = _numbers(numbers)
            _require_known(approved, question)
            if list(approved) != sorted(approved):
                raise BallotBroken("malformed")
            return Approvals(approved)
    raise BallotBroken("wrong_kind")


def _value(value: Plain, question: Question) -> Value:
    if value is None:
        return Value(None)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BallotBroken("malformed")
    low, high, step = (question.parameter(name) for name in ("lowest", "highest", "step"))
    if not low <= value <= high:
        raise BallotBroken("outside_bounds")
    if (value - low) % step:
        raise BallotBroken("off_step")
    return Value(value)


def _ranks(groups: Sequence[Plain], question: Question) -> Ranks:
    if not all(isinstance(group, list) and group for group in groups):
        raise BallotBroken("malformed")
    found = tuple(_numbers(group) for group in groups)  # type: ignore[arg-type]
    _require_known(tuple(number for group in found for number in group), question)
    if any(list(group) != sorted(group) for group in found):
        raise BallotBroken("malformed")
    if question.rule is RuleName.SCOTTISH_STV:
        if any(len(group) > 1 for group in found):
            raise BallotBroken("equal_ranks")
        if len(found) > question.parameter("ranks_max"):
            raise BallotBroken("too_many_ranks")
    return Ranks(found)


def _numbers(values: Sequence[Plain]) -> tuple[int, ...]:
    found = [one for one in values if isinstance(one, int) and not isinstance(one, bool)]
    if len(found) != len(values):
        raise BallotBroken("malformed")
    return tuple(found)


def _require_known(numbers: Sequence[int], question: Question) -> None:
    if any(not 1 <= number <= len(question.options) for number in numbers):
        raise BallotBroken("unknown_option")
    if len(set(numbers)) != len(numbers):
        raise BallotBroken("option_twice")


def padded(choice: Choice, length: int) -> bytes:
    """A choice as bytes of one length for all, so that a ciphertext's length tells nothing.

    Two bytes of length (big-endian), the canonical document, zeros.

    Raises
    ------
    BallotFormUnusable
        If it does not fit; the vote's `content_bytes` is too small then.
    """
    document = canonical(fields_of(choice))
    if len(document) + _LENGTH_BYTES > length:
        raise BallotFormUnusable("the choice is longer than the vote's content_bytes")
    return (len(document).to_bytes(_LENGTH_BYTES, "big") + document).ljust(length, b"\0")


def unpadded(content: bytes, question: Question, *, length: int) -> Choice:
    """The choice in an opened content.

    Raises
    ------
    BallotBroken
        If there is none that this question allows.
    """
    end = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "big")
    if len(content) != length or end > length or content[end:].strip(b"\0"):
        raise BallotBroken("malformed")
    try:
        fields = parse(content[_LENGTH_BYTES:end])
    except DocumentMalformed as error:
        raise BallotBroken("malformed") from error
    return choice_of(fields, question)
