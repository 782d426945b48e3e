"""What the office sends and gets of the commons."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from doorway.government.commons_schemas import MINOR_MAX, Minor, Terms, Title
from doorway.schemas import Model
from governance.commons.pact import Outcome
from governance.commons.purchasing import Tag

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5_000)]
SeedHex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
ProjectName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]


class BoardAnswerIn(Model):
    """What the board says to a proposal, with its reasons."""

    accepted: bool
    reasons: Words


class TermsIn(Model):
    """The terms of a pact."""

    terms: Terms


class AdoptedIn(Model):
    """Terms that members voted, and the adoption that names them."""

    adoption_id: UUID
    terms: Terms


class MadeOut(Model):
    """What was made, by its identifier."""

    id: UUID


class ReviewIn(Model):
    """What a review of a pact found; a day where the outcome asks for one."""

    outcome: Outcome
    findings: Words
    next_review_on: Day | None = None
    ends_on: Day | None = None


class PaperIn(Model):
    """A ballot of a fund as the box gave it, without a name, and how many say the same."""

    projects: Annotated[list[ProjectName], Field(max_length=500)]
    count: Annotated[int, Field(strict=True, ge=1, le=2_000_000)] = 1


class DivideIn(Model):
    """The ballots, and the public seed that settles ties."""

    papers: Annotated[list[PaperIn], Field(max_length=5_000)]
    seed: SeedHex


class DividedOut(Model):
    """What the ballots bought."""

    funded: list[str]
    spent_minor: int


class BeneficiaryIn(Model):
    """Who gets something from an offer, so that their pledges draw no city money."""

    person_id: UUID
    why: Words


class DeskPledgeIn(Model):
    """A pledge taken at the desk, of somebody whom you have seen to live in the city."""

    person_id: UUID
    amount_minor: Minor


class SettledOut(Model):
    """What became of an offer."""

    outcome: str
    pledged_minor: int
    eligible_minor: int
    match_minor: int
    reasons: list[str]


class SupplierIn(Model):
    """A supplier, by name."""

    name: Title


class TagIn(Model):
    """What a supplier has shown, from a day to before another; a year at most."""

    tag: Tag
    since: Day
    until: Day
    evidence: Words


class BidIn(Model):
    """A bid as it was opened, with the panel's points from 0 to 100."""

    supplier_id: UUID
    price_minor: Minor
    quality_points: Annotated[int, Field(strict=True, ge=0, le=100)]
    carbon_grams: Annotated[int, Field(strict=True, ge=0, le=MINOR_MAX)] | None = None


class SeedIn(Model):
    """The public seed that settles ties."""

    seed: SeedHex


class AwardOut(Model):
    """The table of scores; the first row has won."""

    winner: UUID | None
    table: dict[str, Any]


class SpendIn(Model):
    """A payment to a supplier; the reference is the payment's own, so that it counts once."""

    reference: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]{1,100}$")]
    supplier_id: UUID
    paid_on: Day
    amount_minor: Minor
