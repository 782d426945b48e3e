"""Refusals of drivers' own costs."""

from datetime import date

from foundation.errors import Conflict, Invalid, NotFound
from foundation.identifiers import UUID


class CostDatesWrong(Invalid):
    """A cost was paid on a day that is over, and is spread over a year at most."""

    code = "cost_dates_wrong"

    def __init__(self, spent_on: date, covers_until: date | None) -> None:
        super().__init__(
            "Say the day it was paid, not one to come; it may cover that day and up to 366 more.",
            spent_on=spent_on.isoformat(),
            covers_until=None if covers_until is None else covers_until.isoformat(),
        )


class CostIncomplete(Invalid):
    """An amount, or metres with a rate, is missing or is one too many."""

    code = "cost_incomplete"

    def __init__(self, what: str) -> None:
        super().__init__(f"This cost cannot be written down: {what}.", what=what)


class CostNotFound(NotFound):
    """You wrote down no cost by that identifier."""

    code = "cost_not_found"

    def __init__(self, cost_id: UUID) -> None:
        super().__init__(f"You have no cost {cost_id} in this currency.", cost_id=cost_id)


class CostPutRightAlready(Conflict):
    """A cost is put right once; what follows puts the correction right."""

    code = "cost_put_right_already"

    def __init__(self, cost_id: UUID) -> None:
        super().__init__(
            f"The cost {cost_id} was put right already; correct its correction.", cost_id=cost_id
        )


class CostWrittenOtherwise(Conflict):
    """Another cost was written down by the same identifier."""

    code = "cost_written_otherwise"

    def __init__(self, cost_id: UUID) -> None:
        super().__init__(
            f"The cost {cost_id} says something else already; use a new identifier.",
            cost_id=cost_id,
        )
