"""A number by the lower median of what voters want, inside published bounds and steps.

If everybody likes a number the less the further it lies from the one they want, no other number is
preferred to the median by a majority, and nobody gains by saying another number than the one they
want (Black 1948; Moulin 1980). Of an even number of ballots the lower of the two in the middle counts.

Phantoms are ballots for today's value that nobody casts (Moulin 1980): with them a change needs more
than half of the voters. An abstention is counted, and moves nothing.
"""

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from governance.counting.errors import CountImpossible
from governance.counting.marks import ABSTAIN, MarkPaper, sift_marks
from governance.counting.ranked import BallotFigures

RULE = "lower_median"
_WHOLE = re.compile(r"-?\d{1,15}", flags=re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberVote:
    """A vote on a number as it is to be counted.

    Attributes
    ----------
    lowest, highest, step
        What may be voted: `lowest`, `lowest + step` and so on, to `highest`; whole units, which
        `title` names.
    today
        The value in force; needed for phantoms. It may lie outside the bounds.
    phantoms
        So many ballots for today's value are added.
    phantom_share
        And so many for each valid ballot that names a number, rounded up.
    """

    title: str
    lowest: int
    highest: int
    step: int
    papers: tuple[MarkPaper, ...]
    today: int | None = None
    phantoms: int = 0
    phantom_share: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        if self.step < 1:
            raise CountImpossible(f"the step is {self.step}")
        if self.highest < self.lowest or (self.highest - self.lowest) % self.step:
            raise CountImpossible(
                f"{self.highest} is not reached from {self.lowest} in steps of {self.step}"
            )
        if self.phantoms < 0 or not 0 <= self.phantom_share <= 1:
            raise CountImpossible("phantoms are fewer than none, or more than the ballots")
        if self.today is None and (self.phantoms or self.phantom_share):
            raise CountImpossible("phantoms stand for today's value, and it is not told")


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberLine:
    """One value, from the lowest up; `up_to_here` are all ballots for it or less, phantoms too."""

    value: int
    ballots: int
    phantoms: int
    up_to_here: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberCount:
    """A whole count.

    Attributes
    ----------
    ballots
        Every ballot, once; abstentions are among the valid.
    weighed
        Ballots that name a number, and phantoms.
    place
        Which of these, in ascending order and from 1, is the median; 0 if there is none.
    value
        The number decided; None if nobody named one and there are no phantoms.
    """

    rule: str
    title: str
    lowest: int
    highest: int
    step: int
    today: int | None
    ballots: BallotFigures
    abstentions: int
    phantoms: int
    lines: tuple[NumberLine, ...]
    weighed: int
    place: int
    value: int | None


def count_lower_median(vote: NumberVote) -> NumberCount:
    """Count a vote on a number.

    Parameters
    ----------
    vote
        Bounds, step and ballots: a whole number or "abstain". A number outside the bounds or
        between the steps breaks the ballot.
    """
    marks, ballots = sift_marks(vote.papers, lambda mark: _fault(mark, vote))
    abstentions = marks.pop(ABSTAIN, 0)
    numbers: dict[int, int] = {}
    for mark, count in marks.items():
        numbers[int(mark)] = numbers.get(int(mark), 0) + count
    named = sum(numbers.values())
    phantoms = vote.phantoms + math.ceil(vote.phantom_share * named)
    lines = _lines(numbers, vote.today, phantoms)
    weighed = named + phantoms
    place = (weighed + 1) // 2
    value = next((line.value for line in lines if line.up_to_here >= place), None)
    return NumberCount(
        rule=RULE, title=vote.title, lowest=vote.lowest, highest=vote.highest, step=vote.step,
        today=vote.today, ballots=ballots, abstentions=abstentions, phantoms=phantoms, lines=lines,
        weighed=weighed, place=place, value=value,
    )  # fmt: skip


def _lines(numbers: dict[int, int], today: int | None, phantoms: int) -> tuple[NumberLine, ...]:
    haunted = {today} if phantoms and today is not None else set[int]()
    lines: list[NumberLine] = []
    so_far = 0
    for value in sorted(haunted | numbers.keys()):
        here = phantoms if value in haunted else 0
        so_far += numbers.get(value, 0) + here
        lines.append(
            NumberLine(value=value, ballots=numbers.get(value, 0), phantoms=here, up_to_here=so_far)
        )
    return tuple(lines)


def _fault(mark: str, vote: NumberVote) -> str | None:
    if mark == ABSTAIN:
        return None
    if not _WHOLE.fullmatch(mark):
        return "it is no whole number"
    number = int(mark)
    if not vote.lowest <= number <= vote.highest:
        return f"it is outside {vote.lowest} to {vote.highest}"
    if (number - vote.lowest) % vote.step:
        return f"it is between the steps of {vote.step} from {vote.lowest}"
    return None
