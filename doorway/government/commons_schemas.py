"""What is sent and shown of the commons, at the members' entrances and in the office."""

import re
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from doorway.schemas import Model
from governance.commons.pact import Pact

MINOR_MAX = 10**12
"""Ten thousand million euros: whatever is typed wrongly ends before the database's own bound."""
_POWER_OF_TEN = re.compile(r"\s*[-+]?[\d._]+[eE]")
_DEPTH_MAX = 6


def _reasonable(value: Any, depth: int = 0) -> None:
    """Refuse what is no document of terms, before anything reckons with it: figures past any budget,
    fractions written as powers of ten (their digits would fill the memory), what nests deeply."""
    if depth > _DEPTH_MAX:
        raise ValueError("nests too deeply")
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            _reasonable(one, depth + 1)
    elif isinstance(value, int | float) and abs(value) > MINOR_MAX:
        raise ValueError(f"holds a figure above {MINOR_MAX}")
    elif isinstance(value, str) and ("\0" in value or _POWER_OF_TEN.match(value)):
        raise ValueError("holds a text that cannot be kept, or a power of ten")


def _checked(terms: dict[str, Any]) -> dict[str, Any]:
    _reasonable(terms)
    return terms


Terms = Annotated[dict[str, Any], AfterValidator(_checked)]
"""Terms as docs/reference has them; read by the room that they are for."""
Minor = Annotated[int, Field(strict=True, ge=1, le=MINOR_MAX)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class ProposalMadeIn(Model):
    """What you would like to be done together."""

    title: Title
    body: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


class ProposalLodgedOut(Model):
    """It is before the board, which answers by that day."""

    proposal_id: UUID
    answer_by: date


class ProposalOut(Model):
    """A proposal and its answer; `accepted` is null until there is one."""

    proposal_id: UUID
    title: str
    body: str
    lodged_on: date
    answer_by: date
    accepted: bool | None
    reasons: str | None


class ProposalsOut(Model):
    """The newest first."""

    proposals: list[ProposalOut]


class PactStateOut(Model):
    """How far a pact has come: which duties are done, of how many."""

    pact_id: UUID
    duties: int
    done: list[int]
    reviews: int

    @classmethod
    def of(cls, pact_id: UUID, pact: Pact) -> "PactStateOut":
        """A pact as it stands."""
        return cls(
            pact_id=pact_id,
            duties=len(pact.terms.duties),
            done=sorted(one.number for one in pact.done),
            reviews=len(pact.reviews),
        )


class ProjectIn(Model):
    """A project: `terms` is the pact it becomes, in which the co-operative pays its cost."""

    project_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
    cost_minor: Minor
    terms: Terms


class ProjectLodgedOut(Model):
    """The project you lodged or stand behind."""

    project_id: str


class ProjectOut(Model):
    """A project lodged with a fund."""

    project_id: str
    title: str
    aim: str
    cost_minor: int
    currency: str
    lodged_on: date
    supporters: int
    is_mine: bool
    supported: bool = Field(description="Whether you stand behind it.")


class ProjectsOut(Model):
    """By identifier."""

    projects: list[ProjectOut]


class PledgeIn(Model):
    """How much you pledge."""

    amount_minor: Minor


class PledgeMadeOut(Model):
    """A pledge by its identifier."""

    pledge_id: UUID


class PledgeOut(Model):
    """A pledge of yours."""

    pledge_id: UUID
    amount_minor: int
    made_at: datetime
    draws_city_money: bool
    withdrawn_at: datetime | None


class MyPledgesOut(Model):
    """The oldest first."""

    pledges: list[PledgeOut]
