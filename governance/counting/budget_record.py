"""The record of a count of a budget: what was bought, in which order, from whose money."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from governance.counting.budget import Amount, Marks, Project
from governance.counting.lots import Lot
from governance.counting.ranked import BallotFigures


class Step(StrEnum):
    """What became of a project when its turn came."""

    SHARES = "equal_shares"  # bought from the shares of those who want it
    VOTES = "most_votes"  # bought because of its votes
    TOO_DEAR = "too_dear"  # its turn came, and what was left did not pay for it


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRound:
    """One project's turn.

    Attributes
    ----------
    support
        Of how many ballots.
    score
        Points of all ballots together; where ballots tick, the same as `support`.
    pays_at_most
        Bought from shares: what its supporters paid each, those who had less paid all they had.
    money_left
        Of the whole budget, after this turn.
    tied
        Ids that were equally good at this turn; empty if none was.
    lot
        The lot among them, where neither support nor cost told them apart.
    """

    project: str
    step: Step
    cost: Amount
    support: int
    score: int
    pays_at_most: Fraction | None
    money_left: Amount
    tied: tuple[str, ...]
    lot: Lot | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetCount:
    """A whole count.

    Attributes
    ----------
    share
        By equal shares: each voter's part of the budget at the start.
    share_at_last
        The same when projects were bought, after whole units were added.
    units_added
        How many whole units were added to each voter's share (completion "add-1").
    selected
        Ids in the order bought.
    costs
        Of the selected, in the same order.
    """

    rule: str
    title: str
    marks: Marks
    budget: Amount
    projects: tuple[Project, ...]
    ballots: BallotFigures
    share: Fraction | None
    share_at_last: Fraction | None
    units_added: int
    rounds: tuple[BudgetRound, ...]
    selected: tuple[str, ...]
    costs: tuple[Amount, ...]
    total_cost: Amount
    money_left: Amount
