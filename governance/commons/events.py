"""Facts of the commons. None names a voter, and a pledge is never told of with its person."""

from dataclasses import dataclass
from typing import ClassVar

from foundation.events import Event
from foundation.identifiers import UUID

TOPIC = "commons"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalLodged(Event):
    """Somebody proposed a pact; the board answers by `answer_by` (a day, ISO 8601)."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "proposal_lodged"

    proposal_id: UUID
    answer_by: str

    @property
    def key(self) -> str:
        """The proposal: the database asks for this row."""
        return f"{self.kind}:{self.proposal_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalAnswered(Event):
    """The board accepted or refused a proposal."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "proposal_answered"

    proposal_id: UUID
    accepted: bool

    @property
    def key(self) -> str:
        """The proposal: it is answered once."""
        return f"{self.kind}:{self.proposal_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PactAgreed(Event):
    """A pact was made, from a proposal or from a funded project."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "pact_agreed"

    pact_id: UUID

    @property
    def key(self) -> str:
        """The pact."""
        return f"{self.kind}:{self.pact_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyReported(Event):
    """A duty of a pact was done."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "duty_done"

    pact_id: UUID
    number: int

    @property
    def key(self) -> str:
        """The pact and the duty's number."""
        return f"{self.kind}:{self.pact_id}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PactReviewed(Event):
    """A pact was looked back on: continued, kept or ended."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "pact_reviewed"

    pact_id: UUID
    ordinal: int
    outcome: str

    @property
    def key(self) -> str:
        """The pact and the review's number."""
        return f"{self.kind}:{self.pact_id}:{self.ordinal}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetOpened(Event):
    """A community fund takes projects. The pot is minor units of `currency`."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "budget_opened"

    budget_id: UUID
    pot_minor: int
    currency: str

    @property
    def key(self) -> str:
        """The budget."""
        return f"{self.kind}:{self.budget_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetDivided(Event):
    """A community fund was divided; its projects are pacts now."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "budget_divided"

    budget_id: UUID
    projects: list[str]
    spent_minor: int

    @property
    def key(self) -> str:
        """The budget: it is divided once."""
        return f"{self.kind}:{self.budget_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedOfferOpened(Event):
    """An offer that the city matches was put up by voted terms."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "matched_offer_opened"

    offer_id: UUID
    target_minor: int
    currency: str

    @property
    def key(self) -> str:
        """The offer."""
        return f"{self.kind}:{self.offer_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedOfferSettled(Event):
    """An offer closed: everything is posted or everything is voided. The books act on this."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "matched_offer_settled"

    offer_id: UUID
    outcome: str
    pledged_minor: int
    match_minor: int

    @property
    def key(self) -> str:
        """The offer: it is settled once."""
        return f"{self.kind}:{self.offer_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseAwarded(Event):
    """The bids of a purchase were scored; `supplier_id` won, or nobody."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "purchase_awarded"

    purchase_id: UUID
    supplier_id: UUID | None

    @property
    def key(self) -> str:
        """The purchase: it is awarded once."""
        return f"{self.kind}:{self.purchase_id}"
