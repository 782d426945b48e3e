"""Matters: the kinds of question that bylaws know, and what each asks of a vote.

Shares are fractions; "3/4 of the votes cast" of 7 is 6. A matter may extend another: what it does
not say itself, it takes from there.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from governance.counting.errors import CountImpossible
from governance.counting.share import RequiredShare
from governance.errors import BylawsInvalid
from governance.tier import Tier


class MemberClass(StrEnum):
    """What somebody is a member as; one person may be several."""

    DRIVER = "driver"
    RIDER = "rider"
    WORKER = "worker"
    CITY = "city"


class Method(StrEnum):
    """What a ballot says, and how ballots are counted."""

    YES_NO = "yes_no"
    MEDIAN = "median"
    RANKED = "ranked"
    SCOTTISH_STV = "scottish_stv"
    EQUAL_SHARES = "equal_shares"


@dataclass(frozen=True, slots=True, kw_only=True)
class Headcount:
    """So many people: whole numbers and shares of all, the greatest of them or the least.

    Attributes
    ----------
    terms
        An `int` is people, a `Fraction` is a share of all, rounded up to whole people.
    is_greatest
        Whether the greatest term counts; otherwise the least.
    """

    terms: tuple[int | Fraction, ...]
    is_greatest: bool = True

    def of(self, people: int) -> int:
        """How many that is, of `people`."""
        assert people >= 0, "there are never fewer than no people"
        counts = [
            math.ceil(term * people) if isinstance(term, Fraction) else term for term in self.terms
        ]
        return (max if self.is_greatest else min)(counts, default=0)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Headcount":
        """From `{"max": [50, "0.05"]}` or `{"min": [5, "1/10"]}`, as the schema lets through."""
        [(which, terms)] = body.items()
        return cls(
            terms=tuple(term if isinstance(term, int) else Fraction(term) for term in terms),
            is_greatest=which == "max",
        )


NOBODY = Headcount(terms=(0,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What bylaws ask of a vote on one kind of question.

    Attributes
    ----------
    notice_days
        Clear days between the notice and the opening.
    talk_days, freeze_days
        At least so many days of talk after the notice; the text stands unchanged for the last
        `freeze_days` before the opening.
    vote_days
        Days the vote is open.
    cooling_days
        After a decision, so many days until the same matter may be decided again.
    quorum
        Of those on the roll; ballots for, against and abstaining count.
    required
        Of the votes for and against, or of all on the roll if `is_of_all`.
    pass_each
        Classes each of which must pass it by itself.
    classes
        Who votes.
    phantoms
        Ballots for today's value that nobody cast, as a share of those that name a number.
    change_at_most
        How far a number may move at once, as a share of today's value.
    ranks_max
        The most ranks of a ballot.
    items
        What the matter entrenches.
    """

    code: str
    notice_days: int
    talk_days: int
    freeze_days: int
    vote_days: int
    nominations_days: int
    cooling_days: int
    quorum: Headcount
    required: RequiredShare
    is_of_all: bool
    pass_each: tuple[MemberClass, ...]
    classes: tuple[MemberClass, ...]
    tier: Tier
    method: Method
    tie_by_lot: bool
    phantoms: Fraction
    change_at_most: Fraction | None
    step: int
    ranks_max: int | None
    items: tuple[str, ...]


def parse_matters(
    bodies: Mapping[str, Mapping[str, Any]], *, voting: tuple[MemberClass, ...]
) -> Mapping[str, Matter]:
    """Every matter by its code, with what it takes from those that it extends.

    Parameters
    ----------
    bodies
        As the schema lets through.
    voting
        The classes with a vote, which vote where a matter names none.

    Raises
    ------
    BylawsInvalid
        If a matter extends one that is not there or itself, or lets a class vote that has no vote,
        or asks for a share below one half.
    """
    return {
        code: _matter(code, _extended(code, bodies), voting=voting)
        for code in sorted(bodies)  # in a fixed order, so that the same fault is told first
    }


def _extended(code: str, bodies: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    line: list[str] = []
    at: str | None = code
    while at is not None:
        if at in line:
            raise BylawsInvalid(f"matters.{code}.extends", "leads back to itself")
        if at not in bodies:
            raise BylawsInvalid(f"matters.{line[-1]}.extends", f"names no matter: {at}")
        line.append(at)
        at = bodies[at].get("extends")
    whole: dict[str, Any] = {}
    for name in reversed(line):
        whole.update(bodies[name])
    whole["items"] = bodies[code].get("items", ())  # what one entrenches, the other need not
    if whole.get("method", Method.YES_NO) != Method.YES_NO:
        # Each class can pass a text; of a number or an election there is one outcome for all.
        whole["pass_each"] = bodies[code].get("pass_each", ())
    return whole


def _matter(code: str, body: Mapping[str, Any], *, voting: tuple[MemberClass, ...]) -> Matter:
    field = f"matters.{code}"
    for needed in ("notice_days", "vote_days", "pass"):
        if needed not in body:
            raise BylawsInvalid(f"{field}.{needed}", "is missing, here and in what it extends")
    if body["vote_days"] < 1:
        raise BylawsInvalid(f"{field}.vote_days", "must be a day at least")
    [(over, share)] = body["pass"].items()
    method = Method(body.get("method", Method.YES_NO))
    if method is not Method.YES_NO and (body.get("pass_each") or over == "for_over_all"):
        raise BylawsInvalid(
            f"{field}.method", "asks each class, or all members, to pass what is not for or against"
        )
    if body.get("freeze_days", 0) > body["notice_days"]:
        raise BylawsInvalid(f"{field}.freeze_days", "is longer than the notice")
    classes = _classes(f"{field}.classes", body.get("classes", voting), voting)
    return Matter(
        code=code,
        notice_days=body["notice_days"],
        talk_days=body.get("talk_days", 0),
        freeze_days=body.get("freeze_days", 0),
        vote_days=body["vote_days"],
        nominations_days=body.get("nominations_days", 0),
        cooling_days=body.get("cooling_days", 0),
        quorum=Headcount.parse(body["quorum"]) if "quorum" in body else NOBODY,
        required=_required(f"{field}.pass.{over}", share),
        is_of_all=over == "for_over_all",
        pass_each=_classes(f"{field}.pass_each", body.get("pass_each", ()), classes),
        classes=classes,
        tier=Tier(body.get("ballot", Tier.DETACHED)),
        method=method,
        tie_by_lot=body.get("tie") == "lot",
        phantoms=Fraction(body.get("phantoms", 0)),
        change_at_most=Fraction(body["change_at_most"]) if "change_at_most" in body else None,
        step=body.get("step", 1),
        ranks_max=body.get("ranks_max"),
        items=tuple(body["items"]),
    )


def _required(field: str, share: str) -> RequiredShare:
    try:
        return RequiredShare.parse(share if share.startswith(">") else f">={share}")
    except CountImpossible:
        raise BylawsInvalid(field, "must be a share from one half to all") from None


def _classes(
    field: str, names: tuple[str, ...] | list[str], known: tuple[MemberClass, ...]
) -> tuple[MemberClass, ...]:
    for name in names:
        if name not in known:
            raise BylawsInvalid(field, f"names a class without a vote in it: {name}")
    return tuple(MemberClass(name) for name in names)
