"""Matched offers: the crowd pledges, the city adds its part, all of it or nothing.

After Milan's civic crowdfunding (2016: half from the crowd in 50 days, then the city's half; 2020:
40 % in 60 days, up to 60,000 euros; 2022: 40 % in 45 days, up to 48,000) and the Community Shares
Booster in Britain (a pound for a pound, on equal terms). Terms are data that members vote; this
module says what becomes of an offer, and moves no money.

City money never buys votes: it follows eligible pledges and has no say. Who has a vote follows from
the roll and from what people paid themselves (`voices_after`).
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor

from foundation.identifiers import UUID, PersonId
from foundation.money import Currency, split_by_largest_remainder
from governance.commons.errors import (
    OfferInvalid,
    OfferNotOpen,
    OfferStillOpen,
    PledgeNotStanding,
    PledgeOutOfBounds,
)


class Form(StrEnum):
    """What pledges and match become."""

    GRANT = "grant"
    EQUITY = "equity"  # withdrawable shares of the co-operative


class End(StrEnum):
    """What becomes of an offer when it closes."""

    POSTED = "posted"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferTerms:
    """What was voted about an offer; amounts in minor units of `currency`.

    Attributes
    ----------
    target_minor
        What is to be raised, the city's part included.
    threshold
        The part of the target that eligible pledges must reach, above 0 and at most 1.
    opens_at, closes_at
        Aware UTC; the closing instant itself is too late.
    ratio
        What the city adds to each minor unit of eligible pledges.
    cap_minor
        The most that the city adds.
    pledge_min_minor, person_max_minor
        The least of one pledge and the most of all pledges of one person.
    one_person_at_most
        The part of the target up to which one person's pledges are eligible, above 0, at most 1.
    """

    title: str
    currency: Currency
    target_minor: int
    threshold: Fraction
    opens_at: datetime
    closes_at: datetime
    ratio: Fraction
    cap_minor: int
    form: Form
    pledge_min_minor: int
    person_max_minor: int
    one_person_at_most: Fraction

    def __post_init__(self) -> None:
        if not self.opens_at < self.closes_at:
            raise OfferInvalid("it closes before it opens")
        if self.target_minor <= 0 or self.cap_minor < 0 or self.ratio < 0:
            raise OfferInvalid("the target is above zero, and cap and ratio are not below it")
        if not (0 < self.threshold <= 1 and 0 < self.one_person_at_most <= 1):
            raise OfferInvalid("the threshold and one person's part are above 0 and at most 1")
        if not 0 < self.pledge_min_minor <= self.person_max_minor:
            raise OfferInvalid("the least pledge is above zero and not above one person's most")

    @property
    def threshold_minor(self) -> int:
        """What eligible pledges must reach, to the minor unit: the part of the target, rounded up."""
        return ceil(self.threshold * self.target_minor)

    @property
    def eligible_of_one_person_minor(self) -> int:
        """Up to how much one person's pledges are eligible: the part of the target, rounded down."""
        return floor(self.one_person_at_most * self.target_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pledge:
    """A promise of money.

    Attributes
    ----------
    resident
        Whether the person showed that they live in the city when they pledged.
    withdrawn_at
        When it was taken back; None: it stands.
    """

    pledge_id: UUID
    person_id: PersonId
    amount_minor: int
    made_at: datetime
    resident: bool
    withdrawn_at: datetime | None = None


class Why(StrEnum):
    """How far a pledge draws city money, and why not farther."""

    ELIGIBLE = "eligible"
    NOT_RESIDENT = "not_resident"
    SELF_DEALING = "self_dealing"  # whoever gets the money cannot make the city double it
    ABOVE_ONE_PERSONS_PART = "above_one_persons_part"


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgeLine:
    """What becomes of one standing pledge; `match_minor` is what the city adds because of it."""

    pledge_id: UUID
    person_id: PersonId
    amount_minor: int
    eligible_minor: int
    why: Why
    match_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The decision on an offer: what is posted, or that everything is voided.

    Attributes
    ----------
    lines
        Every standing pledge, the earliest first. If voided, all of them go back whole.
    pledged_minor, eligible_minor
        Sums of the lines.
    match_minor
        What the city pays; zero if voided.
    reasons
        One sentence for each test that decided, with its numbers.
    """

    end: End
    lines: tuple[PledgeLine, ...]
    pledged_minor: int
    eligible_minor: int
    threshold_minor: int
    match_minor: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """Who has how many votes; nobody's number follows from an amount."""

    persons: frozenset[PersonId]
    city: int


def check_pledge(terms: OfferTerms, standing: Sequence[Pledge], new: Pledge) -> Pledge:
    """The pledge, if it can be taken.

    Parameters
    ----------
    standing
        The same person's pledges that stand.

    Raises
    ------
    OfferNotOpen
        If it comes before the opening, or at the closing instant or later.
    PledgeOutOfBounds
        If it is too small, or too much with what the person has pledged.
    """
    _refuse_unless_open(terms, new.made_at)
    assert all(one.person_id == new.person_id for one in standing)
    together = new.amount_minor + sum(one.amount_minor for one in standing)
    if new.amount_minor < terms.pledge_min_minor or together > terms.person_max_minor:
        raise PledgeOutOfBounds(
            least_minor=terms.pledge_min_minor,
            most_minor=terms.person_max_minor,
            with_this_minor=together,
        )
    return new


def check_withdrawal(terms: OfferTerms, pledge: Pledge, at: datetime) -> None:
    """Refuse to take a pledge back when its time is over.

    Raises
    ------
    OfferNotOpen
        If the offer has closed: on its last day a pledge can still be taken back.
    PledgeNotStanding
        If it was withdrawn before.
    """
    _refuse_unless_open(terms, at)
    if pledge.withdrawn_at is not None:
        raise PledgeNotStanding


def settle(
    terms: OfferTerms,
    pledges: Sequence[Pledge],
    *,
    beneficiaries: Set[PersonId],
    at: datetime,
) -> Settlement:
    """Decide on an offer that has closed: post all or void all.

    It is posted if eligible pledges reach the threshold, and all pledges and the match together the
    target. The match is `ratio` times the eligible pledges, at most the cap, and never more than
    what the pledges leave to the target. What it adds to each pledge is divided by largest
    remainder, ties to the larger pledge, then the earlier.

    Parameters
    ----------
    pledges
        In any order, withdrawn ones too.
    beneficiaries
        Who gets something from the offer, and who decides for them.
    at
        Aware UTC, when it is decided.

    Raises
    ------
    OfferStillOpen
        If it has not closed.
    """
    if at < terms.closes_at:
        raise OfferStillOpen(terms.closes_at.isoformat())
    standing = _standing(terms, pledges)
    sifted = _eligible(terms, standing, beneficiaries)
    pledged = sum(one.amount_minor for one in standing)
    eligible = sum(minor for minor, _ in sifted)
    wanted = floor(terms.ratio * eligible)
    match = min(wanted, terms.cap_minor, max(0, terms.target_minor - pledged))
    enough = eligible >= terms.threshold_minor
    full = pledged + match >= terms.target_minor
    end = End.POSTED if enough and full else End.VOIDED
    match = match if end is End.POSTED else 0
    parts = _matched(standing, [minor for minor, _ in sifted], match)
    return Settlement(
        end=end,
        lines=tuple(
            PledgeLine(
                pledge_id=one.pledge_id, person_id=one.person_id, amount_minor=one.amount_minor,
                eligible_minor=minor, why=why, match_minor=part,
            )
            for one, (minor, why), part in zip(standing, sifted, parts, strict=True)
        ),
        pledged_minor=pledged,
        eligible_minor=eligible,
        threshold_minor=terms.threshold_minor,
        match_minor=match,
        reasons=(
            f"Eligible pledges are {eligible}, and {terms.threshold_minor} are asked for.",
            f"Of a target of {terms.target_minor}, {pledged} are pledged; the city may add "
            f"{terms.ratio} times the eligible pledges, at most {terms.cap_minor} and never beyond "
            "the target: the target is " + ("reached." if full else "not reached."),
        ),
    )  # fmt: skip


def voices_after(
    settlement: Settlement,
    terms: OfferTerms,
    before: Voices,
    *,
    membership_share_minor: int,
) -> Voices:
    """Who has a vote after an offer: one each for whoever paid a membership share themselves.

    What the city adds counts for nobody: not for itself, and not for those whose pledges it matched.

    Parameters
    ----------
    before
        The members and the city's votes by the bylaws.
    membership_share_minor
        What the bylaws ask for to become a member, minor units of the offer's currency.
    """
    assert membership_share_minor > 0
    if settlement.end is End.VOIDED or terms.form is Form.GRANT:
        return before
    paid: dict[PersonId, int] = {}
    for line in settlement.lines:
        paid[line.person_id] = paid.get(line.person_id, 0) + line.amount_minor
    joined = frozenset(person for person, own in paid.items() if own >= membership_share_minor)
    return Voices(persons=before.persons | joined, city=before.city)


def _refuse_unless_open(terms: OfferTerms, at: datetime) -> None:
    if not terms.opens_at <= at < terms.closes_at:
        raise OfferNotOpen(terms.opens_at.isoformat(), terms.closes_at.isoformat())


def _standing(terms: OfferTerms, pledges: Sequence[Pledge]) -> list[Pledge]:
    """What was pledged in time and not taken back in time, the earliest first."""
    return sorted(
        (
            one
            for one in pledges
            if terms.opens_at <= one.made_at < terms.closes_at
            and (one.withdrawn_at is None or one.withdrawn_at >= terms.closes_at)
        ),
        key=lambda one: (one.made_at, one.pledge_id),
    )


def _eligible(
    terms: OfferTerms, standing: Sequence[Pledge], beneficiaries: Set[PersonId]
) -> list[tuple[int, Why]]:
    """How much of each pledge draws city money; of one person's, the earliest first."""
    left: dict[PersonId, int] = {}
    sifted = list[tuple[int, Why]]()
    for one in standing:
        if one.person_id in beneficiaries:
            sifted.append((0, Why.SELF_DEALING))
        elif not one.resident:
            sifted.append((0, Why.NOT_RESIDENT))
        else:
            room = left.setdefault(one.person_id, terms.eligible_of_one_person_minor)
            minor = min(one.amount_minor, room)
            left[one.person_id] = room - minor
            whole = minor == one.amount_minor
            sifted.append((minor, Why.ELIGIBLE if whole else Why.ABOVE_ONE_PERSONS_PART))
    return sifted


def _matched(standing: Sequence[Pledge], eligible: Sequence[int], match: int) -> list[int]:
    """What the city adds to each pledge; the parts sum to `match`."""
    parts = [0] * len(standing)
    if match == 0:
        return parts
    by_size = sorted(range(len(standing)), key=lambda at: -eligible[at])  # stable: then the earlier
    split = split_by_largest_remainder(match, [eligible[at] for at in by_size])
    for at, part in zip(by_size, split, strict=True):
        parts[at] = part
    return parts
