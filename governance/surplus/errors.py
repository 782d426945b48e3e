"""What is refused about the division of a surplus."""

from foundation.errors import Conflict, Invalid, NotFound


class AllocationPolicyInvalid(Invalid):
    """An allocation policy has the right shape and means nothing; the field is named."""

    code = "allocation_policy_invalid"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"The allocation policy's {field} {reason}.", field=field, reason=reason)


class PeriodNotClosed(Conflict):
    """No surplus is divided before its period is closed and its result stands in the books."""

    code = "period_not_closed"

    def __init__(self, period_id: str) -> None:
        super().__init__(
            "This period is not closed, or its result is not in the surplus account yet.",
            period_id=period_id,
        )


class NothingToCarryOut(Conflict):
    """The motion divides no surplus, or did not pass."""

    code = "no_surplus_decided"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This motion divides no surplus: {reason}.", reason=reason)


class AlreadyAllocated(Conflict):
    """A period's surplus is divided once."""

    code = "surplus_already_allocated"

    def __init__(self, period_id: str) -> None:
        super().__init__(
            "The surplus of this period is divided already; what is wrong in it is put right in the "
            "next period.",
            period_id=period_id,
        )


class AllocationOtherCurrency(Conflict):
    """The policy divides another currency than the period's result is in."""

    code = "allocation_currency"

    def __init__(self, currency: str, other: str) -> None:
        super().__init__(
            f"The policy divides {currency}, and the period's result is in {other}.",
            currency=currency,
            other=other,
        )


class AllocationNotFound(NotFound):
    """No surplus was divided under that name, or it gave this person nothing to show."""

    code = "allocation_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such allocation, or you have no part in it.")


class NotYetDue(Conflict):
    """Retained parts fall due, and unclaimed money lapses, on the day that the document names."""

    code = "surplus_not_yet_due"

    def __init__(self, what: str, at: str) -> None:
        super().__init__(f"{what} at {at} at the earliest.", at=at)
