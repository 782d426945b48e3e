"""Refusals of the commons, one sentence each."""

from foundation.errors import Conflict, Forbidden, Invalid, NotFound


class PactInvalid(Invalid):
    """The terms of a pact do not fit together; which, is said."""

    code = "pact_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"These terms make no pact: {reason}.", reason=reason)


class PactOver(Conflict):
    """The pact has ended; nothing more can be done under it."""

    code = "pact_over"

    def __init__(self, ended_on: str) -> None:
        super().__init__(f"The pact ended on {ended_on}.", ended_on=ended_on)


class DutyNotOpen(Conflict):
    """The pact has no such duty, or it is done already."""

    code = "duty_not_open"

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"Duty {number} {reason}.", number=number, reason=reason)


class DutiesOpen(Conflict):
    """A pact is not kept while duties are open; their numbers are named."""

    code = "duties_open"

    def __init__(self, numbers: tuple[int, ...]) -> None:
        named = ", ".join(str(number) for number in numbers)
        super().__init__(
            f"The pact cannot be called kept: still to be done are the duties {named}.",
            numbers=list(numbers),
        )


class ReviewTooEarly(Conflict):
    """The day of the review has not come."""

    code = "review_too_early"

    def __init__(self, review_on: str) -> None:
        super().__init__(f"The pact is reviewed on {review_on}, not before.", review_on=review_on)


class BudgetInvalid(Invalid):
    """The terms of a community fund make no sense; which, is said."""

    code = "budget_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"These terms make no budget: {reason}.", reason=reason)


class ProjectUnfit(Invalid):
    """The project cannot stand on the ballot, and why."""

    code = "project_unfit"

    def __init__(self, project: str, reason: str) -> None:
        super().__init__(
            f"Project {project} cannot be voted on: {reason}.", project=project, reason=reason
        )


class OfferInvalid(Invalid):
    """The terms of a matched offer make no sense; which, is said."""

    code = "matched_offer_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"These terms make no offer: {reason}.", reason=reason)


class OfferNotOpen(Conflict):
    """Pledges are taken, and taken back, from the opening of the offer until it closes."""

    code = "matched_offer_not_open"

    def __init__(self, opens_at: str, closes_at: str) -> None:
        super().__init__(
            f"The offer is open from {opens_at} until {closes_at}.",
            opens_at=opens_at, closes_at=closes_at,
        )  # fmt: skip


class OfferStillOpen(Conflict):
    """Before an offer closes nobody knows what becomes of it."""

    code = "matched_offer_still_open"

    def __init__(self, closes_at: str) -> None:
        super().__init__(f"The offer is open until {closes_at}.", closes_at=closes_at)


class PledgeOutOfBounds(Invalid):
    """The pledge is below the least, or takes the person above the most, that the terms allow."""

    code = "pledge_out_of_bounds"

    def __init__(self, *, least_minor: int, most_minor: int, with_this_minor: int) -> None:
        super().__init__(
            f"A pledge is at least {least_minor}, and all of one person's at most {most_minor} "
            f"(minor units); with this one they are {with_this_minor}.",
            least_minor=least_minor, most_minor=most_minor, with_this_minor=with_this_minor,
        )  # fmt: skip


class PledgeNotStanding(Conflict):
    """There is no such pledge of this person, or it was withdrawn."""

    code = "pledge_not_standing"

    def __init__(self) -> None:
        super().__init__("You have no such pledge in this offer, or it was withdrawn.")


class PurchaseInvalid(Invalid):
    """The terms of a purchase, or a bid, make no sense; which, is said."""

    code = "purchase_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This purchase cannot be scored: {reason}.", reason=reason)


class SpendInvalid(Invalid):
    """What is to be counted as spend does not fit together."""

    code = "spend_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This spend cannot be counted: {reason}.", reason=reason)


class CommonsNotFound(NotFound):
    """There is no such pact, proposal, budget, offer, supplier or purchase."""

    code = "commons_not_found"

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}.", what=what)


class CommonsRefused(Conflict):
    """The database's own rule stands against it; the rule is named."""

    code = "commons_refused"

    def __init__(self, rule: str) -> None:
        super().__init__(
            f"That cannot be done as things stand: {rule.replace('_', ' ')}.", rule=rule
        )


class NotYourDuty(Forbidden):
    """A member reports what the proposers do in a pact of their own; the office reports the rest."""

    code = "not_your_duty"

    def __init__(self) -> None:
        super().__init__("Only the proposer of a pact reports the proposers' duties as done.")
