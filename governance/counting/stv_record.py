"""The record of a Scottish STV count: what was done at each stage, in votes to five decimals."""

from dataclasses import dataclass
from enum import StrEnum

from governance.counting.document import Votes
from governance.counting.lots import Lot
from governance.counting.ranked import BallotFigures, Option


class Action(StrEnum):
    """What a stage does; the rules are those of SSI 2007/42, schedule 1."""

    FIRST_PREFERENCES = "first_preferences"  # rule 45
    SURPLUS = "surplus"  # rules 48 and 49
    EXCLUSION = "exclusion"  # rules 50 and 51


class Why(StrEnum):
    """Why somebody is elected."""

    QUOTA = "quota"  # rule 47: as many votes as the quota, or more
    LAST_VACANCIES = "last_vacancies"  # rule 52: as many continuing candidates as vacancies


@dataclass(frozen=True, slots=True, kw_only=True)
class Elected:
    """Somebody is deemed elected at the end of a stage."""

    number: int
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """Equal votes where one had to be taken, and how that was settled.

    Attributes
    ----------
    tied
        Their numbers.
    chosen
        Whose surplus goes first, or who is excluded.
    settled_at_stage
        The last stage whose totals told the chosen one from the others; None if none did.
    lot
        The lot among those whom no stage tells apart; None if it was not needed.
    """

    tied: tuple[int, ...]
    chosen: int
    settled_at_stage: int | None
    lot: Lot | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Ballot papers that moved together: the same value each, the same next preference.

    Attributes
    ----------
    to
        The receiving candidate; None: no continuing candidate is named, the papers stay out.
    papers
        How many.
    value
        Of each, as transferred.
    votes
        Papers times value.
    """

    to: int | None
    papers: int
    value: Votes
    votes: Votes


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of the count and how things stand at its end.

    Attributes
    ----------
    number
        From 1.
    candidate
        Whose papers were transferred; None at the first stage.
    parcels
        What moved, by receiver and then by value.
    totals
        Each candidate's votes at the end of the stage, in ballot order.
    non_transferable
        Votes on papers that name no continuing candidate any more, so far.
    lost_in_cutting
        Votes lost so far because transfer values are cut off after five decimals.
    elected
        Who is deemed elected at the end of this stage, most votes first.
    excluded
        Whom this stage excluded.
    tie
        Of whom to take at this stage.
    """

    number: int
    action: Action
    candidate: int | None
    parcels: tuple[Parcel, ...]
    totals: tuple[Votes, ...]
    non_transferable: Votes
    lost_in_cutting: Votes
    elected: tuple[Elected, ...]
    excluded: int | None
    tie: Tie | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StvCount:
    """A whole count.

    Attributes
    ----------
    ballots
        Every ballot, once.
    quota
        Whole votes (rule 46).
    elected_numbers
        In the order of election; at one stage, most votes first.
    vacant
        Seats that stay empty for want of candidates or of valid ballots.
    """

    rule: str
    title: str
    options: tuple[Option, ...]
    withdrawn: tuple[int, ...]
    seats: int
    ballots: BallotFigures
    quota: int
    stages: tuple[Stage, ...]
    elected_numbers: tuple[int, ...]
    vacant: int

    @property
    def stage_totals(self) -> tuple[tuple[Votes, ...], ...]:
        """The totals at the end of each stage, in ballot order."""
        return tuple(stage.totals for stage in self.stages)
