"""What a motion asks of those who vote, as data: it decides what a ballot looks like.

A text for or against; a number that a rule holds; who sits on the board; one of several texts; how a
fund is divided; whether the surplus of a closed period is divided by the policy of its end. Whoever moves it says so once; it stands as it was moved, while the wording of the
motion beside it may be amended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from foundation.identifiers import UUID
from governance.ballots.plain import Fields, Plain
from governance.errors import QuestionUnfit
from governance.matter import MemberClass, Method

Path: TypeAlias = tuple[str | int, ...]
"""Where in a rule's body something stands: names of fields, and places in lists from 0."""

TEXTS_MAX = 20
SEATS_MAX = 50
FIELDS_MAX = 50
TIMES_MAX = 1_000_000
KEEP = "Keep as is"
"""The last option of a vote on several texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAsked:
    """The motion's own text, for or against."""


FOR_OR_AGAINST = TextAsked()


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberAsked:
    """A number of a rule.

    Attributes
    ----------
    unit
        What is counted, for people: "cents per mile".
    fields
        Where in the rule's body it stands; several hold the same number.
    times
        The body holds the number this many times, such as 1000 where votes are in cents and the
        body in mills.
    """

    unit: str
    fields: tuple[Path, ...]
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectionAsked:
    """Who takes so many seats; `stands` is the class that candidates must be of, None any."""

    seats: int
    stands: MemberClass | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedText:
    """One of several texts; of a rule its body as canonical JSON, which is what is enacted."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextsAsked:
    """Which of several texts, or none of them."""

    texts: tuple[OfferedText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DivisionAsked:
    """Which projects of a fund are paid (`governance.commons.budget`)."""

    budget_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationAsked:
    """Whether a closed period's surplus is divided by the policy in force at its end."""

    period_id: UUID


ALLOCATION = "allocation"
"""How bylaws name, in `decides`, what decides on the division of a surplus."""

Asked: TypeAlias = (
    TextAsked | NumberAsked | ElectionAsked | TextsAsked | DivisionAsked | AllocationAsked
)

METHOD_OF: Mapping[type, Method] = MappingProxyType(
    {
        TextAsked: Method.YES_NO,
        NumberAsked: Method.MEDIAN,
        ElectionAsked: Method.SCOTTISH_STV,
        TextsAsked: Method.RANKED,
        DivisionAsked: Method.EQUAL_SHARES,
        AllocationAsked: Method.YES_NO,
    }
)
_WORDS = {
    Method.YES_NO: "a text, for or against",
    Method.MEDIAN: "a number",
    Method.SCOTTISH_STV: "who is elected",
    Method.RANKED: "one of several texts",
    Method.EQUAL_SHARES: "how a fund is divided",
}


def check_asked(asked: Asked, *, method: Method, rule_kind: str | None) -> None:
    """Whether a motion may ask this by a matter's method, about a rule or none.

    Raises
    ------
    QuestionUnfit
        With the reason.
    """
    if METHOD_OF[type(asked)] is not method:
        raise QuestionUnfit(f"this matter asks for {_WORDS[method]}")
    match asked:
        case NumberAsked():
            _check_number(asked, rule_kind)
        case ElectionAsked(seats=seats):
            _insist(1 <= seats <= SEATS_MAX, f"an election is for 1 to {SEATS_MAX} seats")
        case TextsAsked(texts=texts):
            _insist(
                1 <= len(texts) <= TEXTS_MAX, f"there are 1 to {TEXTS_MAX} texts to choose from"
            )
            titles = [one.title.strip() for one in texts]
            _insist(all(1 <= len(one) <= 200 for one in titles), "a text has a title")
            _insist(len({*titles, KEEP}) == len(titles) + 1, "two texts have one title")
            _insist(all(one.text.strip() for one in texts), "a text says something")
    if isinstance(asked, ElectionAsked | DivisionAsked | AllocationAsked):
        _insist(rule_kind is None, "an election or a division writes no rule")


def _check_number(asked: NumberAsked, rule_kind: str | None) -> None:
    _insist(rule_kind is not None, "a number is one of a rule, and none is named")
    _insist(1 <= len(asked.unit.strip()) <= 100, "a number has a unit of 1 to 100 characters")
    _insist(1 <= asked.times <= TIMES_MAX, f"a body holds a number 1 to {TIMES_MAX} times")
    _insist(
        1 <= len(set(asked.fields)) == len(asked.fields) <= FIELDS_MAX and all(asked.fields),
        f"a number stands in 1 to {FIELDS_MAX} different fields",
    )
    places = [step for path in asked.fields for step in path if isinstance(step, int)]
    _insist(all(place >= 0 for place in places), "a place in a list is counted from 0")


def _insist(holds: bool, otherwise: str) -> None:
    if not holds:
        raise QuestionUnfit(otherwise)


def document_of_asked(asked: Asked) -> Fields:
    """What is asked as it is kept and published."""
    match asked:
        case TextAsked():
            return {"kind": "text"}
        case NumberAsked():
            fields: Plain = [list(path) for path in asked.fields]
            return {"kind": "number", "unit": asked.unit, "fields": fields, "times": asked.times}
        case ElectionAsked():
            return {"kind": "election", "seats": asked.seats, "stands": asked.stands}
        case TextsAsked():
            texts: Plain = [{"title": one.title, "text": one.text} for one in asked.texts]
            return {"kind": "texts", "texts": texts}
        case DivisionAsked():
            return {"kind": "division", "budget_id": str(asked.budget_id)}
        case AllocationAsked():
            return {"kind": ALLOCATION, "period_id": str(asked.period_id)}


def asked_of(fields: Mapping[str, Any]) -> Asked:
    """What a document of `document_of_asked` asks.

    Raises
    ------
    QuestionUnfit
        If it is none.
    """
    try:
        return _asked_of(fields)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise QuestionUnfit("the document does not say what is asked") from None


def _asked_of(fields: Mapping[str, Any]) -> Asked:
    match fields["kind"]:
        case "text":
            return TextAsked()
        case "number":
            paths = tuple(tuple(path) for path in fields["fields"])
            if not all(isinstance(step, str | int) for path in paths for step in path):
                raise ValueError("a path is of names and places")
            return NumberAsked(unit=str(fields["unit"]), fields=paths, times=int(fields["times"]))
        case "election":
            stands = fields["stands"]
            return ElectionAsked(
                seats=int(fields["seats"]), stands=None if stands is None else MemberClass(stands)
            )
        case "texts":
            return TextsAsked(
                texts=tuple(
                    OfferedText(title=str(one["title"]), text=str(one["text"]))
                    for one in fields["texts"]
                )
            )
        case "division":
            return DivisionAsked(budget_id=UUID(fields["budget_id"]))
        case "allocation":
            return AllocationAsked(period_id=UUID(fields["period_id"]))
    raise ValueError("of no known kind")
