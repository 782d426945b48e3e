"""Bylaws as data: who is a member as what, how long, how many, and by which majority.

Read from a rule of the kind `bylaws` (schema in `rulebook.schemas`). Every number that a vote is
judged by is here, and a vote is judged by the bylaws in force at its notice.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from governance.calendar import Calendar
from governance.errors import BylawsInvalid, CalendarZoneUnknown, MatterUnknown
from governance.matter import NOBODY, Headcount, Matter, MemberClass, parse_matters
from rulebook.schema import check_body

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_JURY = re.compile(r"jury_by_lot_([1-9][0-9]?)", flags=re.ASCII)
JURY_SIZE = 9
OTHERWISE = "special"
"""The matter that decides on kinds of rule which the bylaws do not name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassTerms:
    """A class of members; `arrears_days_max` None means that arrears do not touch the standing."""

    has_vote: bool
    board_seats: int
    arrears_days_max: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RollTerms:
    """The roll is frozen at the notice and may be corrected until some days before the opening."""

    correct_until_days: int
    suspended_keep_vote: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingTerms:
    """Meetings; minutes are of a clock, days are clear days.

    Attributes
    ----------
    short_notice_consent
        The share of votes that may agree in writing to a shorter notice.
    requisition
        The share of members that may call a meeting.
    wait_minutes
        Without a quorum for so long, a meeting is adjourned.
    adjourned_notice_days
        Notice of a meeting that is adjourned by `adjourned_long_days` or more.
    """

    notice_days: int
    short_notice_consent: Fraction
    requisition: Fraction
    wait_minutes: int
    adjourned_long_days: int
    adjourned_notice_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionTerms:
    """How many seconds a motion needs, and by when the board answers and the outcome is reviewed."""

    seconds: Headcount
    answer_days: int
    review_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyTerms:
    """Matters in which one may vote for others, and for how many."""

    matters: tuple[str, ...]
    held_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictTerms:
    """What a member with a declared conflict of interest may still do; exempt by item."""

    counts_for_quorum: bool
    votes: bool
    exempt: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bylaws:
    """Bylaws in force; see docs/reference/charter.md for the document.

    Attributes
    ----------
    decides
        For a kind of rule, the matters by which it may be changed; `matters_for` fills the gaps.
    appeal_days, jury_size
        Clear days after a certificate in which members may appeal, and how many hear them, by lot.
    minutes_draft_hours
        Minutes are drafted within so many hours of the meeting's end.
    extend_on_outage
        Whether a vote is prolonged by the time in which nobody could vote.
    """

    name: str
    calendar: Calendar
    classes: Mapping[MemberClass, ClassTerms]
    matters: Mapping[str, Matter]
    decides: Mapping[str, tuple[str, ...]]
    roll: RollTerms
    meeting: MeetingTerms
    motions: MotionTerms
    proxy: ProxyTerms
    conflict: ConflictTerms
    appeal_days: int
    jury_size: int
    extend_on_outage: bool
    minutes_draft_hours: int

    def get_matter(self, code: str) -> Matter:
        """The matter of that code.

        Raises
        ------
        MatterUnknown
            If the bylaws have none.
        """
        if code not in self.matters:
            raise MatterUnknown(code, ", ".join(sorted(self.matters)))
        return self.matters[code]

    def matters_for(self, kind: str) -> tuple[str, ...]:
        """The matters by which a rule of `kind` may be changed; none if there is no way."""
        if kind in self.decides:
            return self.decides[kind]
        return (OTHERWISE,) if OTHERWISE in self.matters else ()


def parse_bylaws(body: Mapping[str, Any]) -> Bylaws:
    """The bylaws that a rule's body states.

    Raises
    ------
    BodyInvalid
        If the body has not the shape that its schema asks for.
    BylawsInvalid
        If it has, and means nothing: a zone that does not exist, a matter that extends itself.
    """
    check_body("bylaws", body)
    classes = {MemberClass(name): _class_terms(terms) for name, terms in body["classes"].items()}
    voting = tuple(one for one in MemberClass if one in classes and classes[one].has_vote)
    matters = parse_matters(body["matters"], voting=voting)
    decides = {kind: tuple(codes) for kind, codes in body.get("decides", {}).items()}
    for kind, codes in decides.items():
        _known(f"decides.{kind}", codes, matters)
    proxy = body.get("proxy", {})
    proxy_matters = tuple(proxy.get("allowed", ()))
    _known("proxy.allowed", proxy_matters, matters)
    return Bylaws(
        name=body["name"],
        calendar=_calendar(body),
        classes=classes,
        matters=matters,
        decides=decides,
        roll=_roll_terms(body.get("roll", {})),
        meeting=_meeting_terms(body.get("meeting", {})),
        motions=_motion_terms(body.get("motions", {})),
        proxy=ProxyTerms(matters=proxy_matters, held_max=proxy.get("max_held", 1)),
        conflict=_conflict_terms(body.get("conflict", {})),
        appeal_days=body.get("appeal", {}).get("window_days", 14),
        jury_size=_jury_size(body.get("appeal", {}).get("body", "")),
        extend_on_outage=body.get("access", {}).get("extend_on_outage", True),
        minutes_draft_hours=body.get("records", {}).get("minutes_draft_hours", 72),
    )


def entrenched_by(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """The entrenched items that a change of the bylaws touches, in alphabetical order.

    One member one vote: the vote of a class, which a class that is struck out loses as well. The city
    cannot outvote: the city gets half of the board's seats or more. And whatever entrenches is itself
    entrenched: a matter with items may not be eased by less than it asks for, and no other matter
    becomes another door to them.

    Parameters
    ----------
    before, after
        Bodies of bylaws, as the schema lets through.
    """
    touched: set[str] = set()
    votes_before, votes_after = (
        {name: terms["vote"] for name, terms in body["classes"].items()} for body in (before, after)
    )
    if any(votes_after.get(name, 0) != vote for name, vote in votes_before.items()):
        touched.add("one_member_one_vote")
    seats = {name: terms["board_seats"] for name, terms in after["classes"].items()}
    city = seats.get(MemberClass.CITY, 0)
    if city and 2 * city >= sum(seats.values()):
        touched.add("city_cannot_outvote")
    for code in before["matters"].keys() | after["matters"].keys():
        if _whole_line(before, code) != _whole_line(after, code):
            for body in (before, after):
                touched.update(body["matters"].get(code, {}).get("items", ()))
    return tuple(sorted(touched))


def _whole_line(body: Mapping[str, Any], code: str) -> list[Mapping[str, Any] | None]:
    """A matter and all that it extends."""
    line: list[Mapping[str, Any] | None] = []
    at: str | None = code
    while at is not None and len(line) <= len(body["matters"]):
        found: Mapping[str, Any] | None = body["matters"].get(at)
        line.append(found)
        at = None if found is None else found.get("extends")
    return line


def _known(field: str, codes: tuple[str, ...], matters: Mapping[str, Matter]) -> None:
    for code in codes:
        if code not in matters:
            raise BylawsInvalid(field, f"names no matter: {code}")


def _class_terms(terms: Mapping[str, Any]) -> ClassTerms:
    return ClassTerms(
        has_vote=terms["vote"] == 1,
        board_seats=terms["board_seats"],
        arrears_days_max=terms.get("good_standing", {}).get("arrears_days"),
    )


def _calendar(body: Mapping[str, Any]) -> Calendar:
    days = body.get("days", {})
    try:
        return Calendar(
            timezone=body["timezone"],
            weekend=frozenset(WEEK.index(name) for name in days.get("weekend", ())),
            holidays=frozenset(_day(text) for text in days.get("holidays", ())),
            working_days_only=days.get("notice_counts") == "working_days",
        )
    except CalendarZoneUnknown:
        raise BylawsInvalid("timezone", "is not the name of a time zone") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BylawsInvalid("days.holidays", f"holds no day of the calendar: {text}") from None


def _roll_terms(body: Mapping[str, Any]) -> RollTerms:
    return RollTerms(
        correct_until_days=body.get("correct_until_days_before_open", 3),
        suspended_keep_vote=body.get("suspended_members", "keep_vote_until_appeal_ends")
        == "keep_vote_until_appeal_ends",
    )


def _jury_size(said: str) -> int:
    """So many as "jury_by_lot_7" says; nine where the bylaws say nothing of the kind."""
    found = _JURY.fullmatch(said)
    return int(found[1]) if found else JURY_SIZE


def _meeting_terms(body: Mapping[str, Any]) -> MeetingTerms:
    return MeetingTerms(
        notice_days=body.get("notice_clear_days", 14),
        short_notice_consent=Fraction(body.get("short_notice_consent", "9/10")),
        requisition=Fraction(body.get("requisition", "1/10")),
        wait_minutes=body.get("wait_minutes", 30),
        adjourned_long_days=body.get("adjourned_long_days", 14),
        adjourned_notice_days=body.get("adjourned_notice_clear_days", 7),
    )


def _motion_terms(body: Mapping[str, Any]) -> MotionTerms:
    return MotionTerms(
        seconds=Headcount.parse(body["seconds"]) if "seconds" in body else NOBODY,
        answer_days=body.get("answer_days", 28),
        review_days=body.get("review_days", 365),
    )


def _conflict_terms(body: Mapping[str, Any]) -> ConflictTerms:
    return ConflictTerms(
        counts_for_quorum=body.get("counts_quorum", False),
        votes=body.get("votes", False),
        exempt=tuple(body.get("except", ())),
    )
