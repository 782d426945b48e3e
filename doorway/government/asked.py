"""What a motion asks, how its ballots look and what came of it, in the shapes that are sent."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from doorway.schemas import Model
from governance.asked import (
    FIELDS_MAX,
    SEATS_MAX,
    TEXTS_MAX,
    TIMES_MAX,
    Asked,
    asked_of,
    document_of_asked,
)
from governance.ballots.choice import Question, question_of
from governance.ballots.plain import parse
from governance.matter import MemberClass
from governance.number_terms import Bounds
from governance.store.polls import Poll
from rulebook.rule import canonical

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Step = (
    Annotated[str, StringConstraints(min_length=1, max_length=200)]
    | Annotated[int, Field(strict=True, ge=0, le=10_000)]
)
Path = Annotated[list[Step], Field(min_length=1, max_length=20)]
Number = Annotated[int, Field(strict=True, ge=-(10**12), le=10**12)]


class TextAskedIn(Model):
    """The motion's own text, for or against."""

    kind: Literal["text"] = "text"


class NumberAskedIn(Model):
    """A number of a rule: the median of what members say, between bounds that the board publishes."""

    kind: Literal["number"]
    unit: Annotated[str, StringConstraints(min_length=1, max_length=100)] = Field(
        description="What is counted, for people.", examples=["cents per mile"]
    )
    fields: Annotated[list[Path], Field(min_length=1, max_length=FIELDS_MAX)] = Field(
        description="Where in the rule's body it stands: names of fields, and places in lists from 0; "
        "several hold the same number.",
        examples=[[["rules", 0, "per_km", "amount_mills"]]],
    )
    times: Annotated[int, Field(strict=True, ge=1, le=TIMES_MAX)] = Field(
        default=1, description="The body holds the number so many times: 1000 for cents in mills."
    )


class ElectionAskedIn(Model):
    """Who takes seats, by the single transferable vote."""

    kind: Literal["election"]
    seats: Annotated[int, Field(strict=True, ge=1, le=SEATS_MAX)]
    stands: MemberClass | None = Field(
        default=None, description="The class that candidates must be of; null: any."
    )


class OfferedTextIn(Model):
    """One of several texts; of a rule its body as JSON."""

    title: Name
    text: Annotated[str, StringConstraints(min_length=1, max_length=60_000)]


class TextsAskedIn(Model):
    """Which of several texts, or none of them, by ranks."""

    kind: Literal["texts"]
    texts: Annotated[list[OfferedTextIn], Field(min_length=1, max_length=TEXTS_MAX)]


class DivisionAskedIn(Model):
    """Which projects of a fund are paid, by equal shares."""

    kind: Literal["division"]
    budget_id: UUID


class AllocationAskedIn(Model):
    """Whether the surplus of a closed period is divided by the policy in force at its end."""

    kind: Literal["allocation"]
    period_id: UUID


AsksIn = Annotated[
    TextAskedIn
    | NumberAskedIn
    | ElectionAskedIn
    | TextsAskedIn
    | DivisionAskedIn
    | AllocationAskedIn,
    Field(discriminator="kind"),
]


def asked_in(asks: AsksIn) -> Asked:
    """What a motion asks as it was sent; raises `QuestionUnfit`."""
    return asked_of(asks.model_dump(mode="json"))


class BoundsOut(Model):
    """Between which numbers members may choose, both included; the board publishes them."""

    lowest: int
    highest: int


class OptionOut(Model):
    """What can be chosen, by its number on the ballot."""

    number: int
    name: str


class PollRefOut(Model):
    """A poll of this vote; where classes must each pass it, each has one of its own."""

    poll_id: UUID
    member_class: MemberClass | None = Field(
        description="Null: everybody without one of their own."
    )


class QuestionOut(Model):
    """What stands on the ballots, from the notice on."""

    rule: str = Field(
        description="for_against, lower_median, scottish_stv, schulze or equal_shares."
    )
    parameters: dict[str, Any] = Field(description="Of the rule, such as bounds or seats.")
    options: list[OptionOut]


class ResultOut(Model):
    """What a vote came to; what its method does not know is null."""

    outcome: str = Field(
        description="passed; or why not: no_quorum, unchanged, nobody_elected, nothing_selected, ..."
    )
    votes_for: int | None = None
    votes_against: int | None = None
    abstentions: int | None = None
    value: int | None = Field(default=None, description="The number that was decided.")
    winner: OptionOut | None = Field(default=None, description="The text that won.")
    elected: list[OptionOut] | None = None
    projects: list[OptionOut] | None = Field(
        default=None, description="The projects that are paid."
    )


class AskedOut(Model):
    """A motion's question, its polls and its result."""

    asks: AsksIn
    bounds: BoundsOut | None = Field(description="Of a vote on a number; null until published.")
    candidates: list[str] = Field(description="Who stands, by the name on the ballot.")
    question: QuestionOut | None = Field(description="Null before the notice.")
    polls: list[PollRefOut]
    result: ResultOut | None = Field(description="Null until it is certified.")


def asked_out(
    asked: Asked,
    *,
    bounds: Bounds | None,
    candidates: list[str],
    polls: tuple[Poll, ...],
    certificate: Mapping[str, Any] | None,
) -> AskedOut:
    """A motion's question, from its parts and the document of its certificate."""
    return AskedOut.model_validate(
        {
            "asks": document_of_asked(asked),
            "bounds": None
            if bounds is None
            else BoundsOut(lowest=bounds.lowest, highest=bounds.highest),
            "candidates": candidates,
            "question": _question_out(polls[0].question) if polls else None,
            "polls": [
                PollRefOut(poll_id=one.poll_id, member_class=one.member_class) for one in polls
            ],
            "result": None if certificate is None else result_out(certificate["count"]),
        }
    )


def _question_out(question: Question) -> QuestionOut:
    return QuestionOut(
        rule=question.rule.value,
        parameters=dict(question.parameters),
        options=_options(question, [one.number for one in question.options]),
    )


def result_out(count: Mapping[str, Any]) -> ResultOut:
    """What a vote came to, from the count in its certificate."""
    if "question" not in count:
        return ResultOut(
            outcome=count["outcome"],
            votes_for=count["votes_for"],
            votes_against=count["votes_against"],
            abstentions=count["abstentions"],
        )
    question = question_of(parse(canonical(count["question"])))
    result = count["result"]
    won = result.get("winner")
    return ResultOut(
        outcome=count["outcome"],
        value=result.get("value"),
        winner=None if won is None else _options(question, [won])[0],
        elected=_some(question, result.get("elected_numbers")),
        projects=_some(question, result.get("selected_numbers")),
    )


def _some(question: Question, numbers: list[int] | None) -> list[OptionOut] | None:
    return None if numbers is None else _options(question, numbers)


def _options(question: Question, numbers: list[int]) -> list[OptionOut]:
    names = {one.number: one.name for one in question.options}
    return [OptionOut(number=number, name=names[number]) for number in numbers]
