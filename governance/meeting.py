"""Meetings: notice, agenda, who is there, the quorum at every moment, and minutes from the record.

A meeting is what was noticed and a record of what happened; everything else is worked out from these,
so that minutes can say nothing that the record does not.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from governance.bylaws import Bylaws
from governance.errors import MeetingClash, NoticeTooShort
from governance.matter import Headcount
from governance.member import MemberId
from governance.motion import MotionId


class RecordKind(StrEnum):
    """What happens at a meeting."""

    ARRIVED = "arrived"
    LEFT = "left"
    OPENED = "opened"
    ITEM_BEGUN = "item_begun"
    CONFLICT_DECLARED = "conflict_declared"
    SAID = "said"
    DECIDED = "decided"
    ADJOURNED = "adjourned"
    CLOSED = "closed"


OF_A_MEMBER = frozenset({RecordKind.ARRIVED, RecordKind.LEFT, RecordKind.CONFLICT_DECLARED})
OF_AN_ITEM = frozenset(
    {
        RecordKind.ITEM_BEGUN,
        RecordKind.CONFLICT_DECLARED,
        RecordKind.SAID,
        RecordKind.DECIDED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing that happened; `item` counts the agenda from 1, `text` is for the minutes."""

    kind: RecordKind
    at: datetime
    member: MemberId | None = None
    item: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A candidate who stood in the election of an item, and does not any more."""

    item: int
    member: MemberId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of an agenda.

    Attributes
    ----------
    subject
        A word of the bylaws' exceptions ("member_bonus"), if it falls under one.
    motion_id
        The motion that is spoken of.
    """

    title: str
    subject: str | None = None
    motion_id: MotionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A meeting as noticed and as it went.

    Attributes
    ----------
    members
        How many could come.
    resumes
        Whether it goes on with an adjourned one: then those present are a quorum (Co-operatives
        UK, worker model).
    adjourned_at
        When that one was adjourned; a short while later it goes on without another notice.
    in_conflict
        Items and members who declared, before the meeting, an interest in the motion of that item.
    exempt_items
        Items from which the bylaws let nobody stand aside.
    withdrawals
        Candidates of the elections on the agenda who withdrew, the first one first.
    """

    title: str
    notice_at: datetime
    held_at: datetime
    agenda: tuple[str, ...]
    quorum: Headcount
    members: int
    resumes: bool = False
    adjourned_at: datetime | None = None
    in_conflict: AbstractSet[tuple[int, MemberId]] = frozenset()
    exempt_items: AbstractSet[int] = frozenset()
    withdrawals: tuple[Withdrawal, ...] = ()
    record: tuple[Record, ...] = ()

    @property
    def quorum_needed(self) -> int:
        """How many must be there."""
        return 1 if self.resumes else max(1, self.quorum.of(self.members))

    def present(self) -> tuple[MemberId, ...]:
        """Who is there, in the order in which they came."""
        here: dict[MemberId, None] = {}
        for one in self.record:
            if one.member is None:
                continue
            if one.kind is RecordKind.ARRIVED:
                here[one.member] = None
            elif one.kind is RecordKind.LEFT:
                here.pop(one.member, None)
        return tuple(here)

    def aside(self, item: int | None) -> frozenset[MemberId]:
        """Who stands aside from an item: by what they declared there, or of its motion before."""
        if item is None or item in self.exempt_items:
            return frozenset()
        declared = {
            one.member
            for one in self.record
            if one.kind is RecordKind.CONFLICT_DECLARED and one.item == item and one.member
        }
        return frozenset(declared | {who for number, who in self.in_conflict if number == item})

    def counted(self, bylaws: Bylaws) -> int:
        """How many count for the quorum now: without those in conflict with the item at hand."""
        if bylaws.conflict.counts_for_quorum:
            return len(self.present())
        aside = self.aside(self.item_at_hand)
        return sum(1 for one in self.present() if one not in aside)

    def may_decide(self, member_id: MemberId, bylaws: Bylaws) -> bool:
        """Whether a member's hand counts for the item at hand."""
        if member_id not in self.present():
            return False
        return bylaws.conflict.votes or member_id not in self.aside(self.item_at_hand)

    def has_quorum(self, bylaws: Bylaws) -> bool:
        """Whether anything can be decided now."""
        return self.counted(bylaws) >= self.quorum_needed

    @property
    def over_at(self) -> datetime | None:
        """When it was closed or adjourned; None while it goes on, or has not begun."""
        ends = (
            one.at for one in self.record if one.kind in (RecordKind.CLOSED, RecordKind.ADJOURNED)
        )
        return next(ends, None)

    @property
    def is_open(self) -> bool:
        """Whether it was opened and goes on."""
        return self._has(RecordKind.OPENED) and self.over_at is None

    @property
    def item_at_hand(self) -> int | None:
        """The item of the agenda that is spoken of; None before the first."""
        begun = [one.item for one in self.record if one.kind is RecordKind.ITEM_BEGUN]
        return begun[-1] if begun else None

    def _has(self, kind: RecordKind) -> bool:
        return any(one.kind is kind for one in self.record)


def call_meeting(meeting: Meeting, *, bylaws: Bylaws, consent: Fraction = Fraction(0)) -> Meeting:
    """The meeting, if its notice is long enough.

    Parameters
    ----------
    consent
        The share of votes that agreed in writing to a shorter notice.

    Raises
    ------
    NoticeTooShort
        If neither the days nor the consent suffice.
    MeetingClash
        If it has no agenda: a notice names the business.
    """
    if not meeting.agenda:
        raise MeetingClash("a notice names the business")
    terms = bylaws.meeting
    needed = _notice_needed(meeting, bylaws)
    given = bylaws.calendar.clear_days(meeting.notice_at, meeting.held_at)
    if given < needed and consent < terms.short_notice_consent:
        raise NoticeTooShort(given, needed)
    return meeting


def _notice_needed(meeting: Meeting, bylaws: Bylaws) -> int:
    """Clear days of notice; an adjournment of less than `adjourned_long_days` needs none."""
    terms = bylaws.meeting
    if not meeting.resumes:
        return terms.notice_days
    if meeting.adjourned_at is not None:
        day_of = bylaws.calendar.day_of
        if (
            day_of(meeting.held_at) - day_of(meeting.adjourned_at)
        ).days < terms.adjourned_long_days:
            return 0
    return terms.adjourned_notice_days


def went_on(meeting: Meeting, happened: Record, *, bylaws: Bylaws) -> Meeting:
    """The meeting after one more thing happened.

    Raises
    ------
    MeetingClash
        If it cannot happen now: opening or deciding without a quorum, an item that the notice does
        not name, somebody leaving who is not there, anything after the close.
    """
    reason = _clash(meeting, happened, bylaws)
    if reason is not None:
        raise MeetingClash(reason)
    return replace(meeting, record=(*meeting.record, happened))


def _clash(meeting: Meeting, happened: Record, bylaws: Bylaws) -> str | None:
    """Why something cannot happen now, or None."""
    kind = happened.kind
    if meeting.record and happened.at < meeting.record[-1].at:
        return "the record is kept in order"
    if meeting.over_at is not None:
        return "it is over"
    if (happened.member is not None) != (kind in OF_A_MEMBER):
        return "it is not said who"
    if happened.item is not None and kind not in OF_AN_ITEM:
        return "no item of the agenda belongs to that"
    if kind in _CLASHES:
        return _CLASHES[kind](meeting, happened, bylaws)
    return _clash_of_item(meeting, happened, bylaws)


def _clash_of_coming(meeting: Meeting, happened: Record, bylaws: Bylaws) -> str | None:
    is_there = happened.member in meeting.present()
    if is_there != (happened.kind is RecordKind.ARRIVED):
        return None
    return "they are there already" if is_there else "they are not there"


def _clash_of_opening(meeting: Meeting, happened: Record, bylaws: Bylaws) -> str | None:
    if meeting._has(RecordKind.OPENED) or happened.at < meeting.held_at:
        return "it is open, or begins later"
    return None if meeting.has_quorum(bylaws) else "there is no quorum"


def _clash_of_closing(meeting: Meeting, happened: Record, bylaws: Bylaws) -> str | None:
    return None if meeting._has(RecordKind.OPENED) else "it is not open"


def _clash_of_item(meeting: Meeting, happened: Record, bylaws: Bylaws) -> str | None:
    if not meeting._has(RecordKind.OPENED):
        return "it is not open"
    if happened.item is None or not 1 <= happened.item <= len(meeting.agenda):
        return "the notice names no such business"
    if happened.kind is not RecordKind.DECIDED:
        return None
    if happened.item != meeting.item_at_hand:
        return "that item is not at hand"
    return None if meeting.has_quorum(bylaws) else "there is no quorum any more"


def _clash_of_adjourning(meeting: Meeting, happened: Record, bylaws: Bylaws) -> str | None:
    if meeting.has_quorum(bylaws):
        return None if meeting._has(RecordKind.OPENED) else "there is a quorum to open it with"
    waited_from = max(meeting.held_at, _quorum_lost_at(meeting, bylaws))
    if happened.at < waited_from + timedelta(minutes=bylaws.meeting.wait_minutes):
        return f"one waits {bylaws.meeting.wait_minutes} minutes for a quorum"
    return None


def _quorum_lost_at(meeting: Meeting, bylaws: Bylaws) -> datetime:
    """Since when there has been no quorum without a break."""
    since = meeting.notice_at
    for step in range(len(meeting.record)):
        if replace(meeting, record=meeting.record[: step + 1]).has_quorum(bylaws) or (
            step and replace(meeting, record=meeting.record[:step]).has_quorum(bylaws)
        ):
            since = meeting.record[step].at
    return since


def minutes_of(meeting: Meeting, *, bylaws: Bylaws, names: Sequence[tuple[MemberId, str]]) -> str:
    """The minutes' draft, a line for each thing on record, local times; for the secretary to sign.

    Parameters
    ----------
    names
        What members are called in minutes.
    """
    called = dict(names)
    calendar = bylaws.calendar
    lines = [
        meeting.title,
        f"Notice sent {calendar.day_of(meeting.notice_at)}, held {calendar.day_of(meeting.held_at)}: "
        f"{calendar.clear_days(meeting.notice_at, meeting.held_at)} clear days.",
        f"Quorum: {meeting.quorum_needed} of {meeting.members} members.",
        *(f"Item {number}: {item}" for number, item in enumerate(meeting.agenda, start=1)),
        *(
            f"Item {one.item}: {called.get(one.member, str(one.member))} withdrew from the election "
            f"on {calendar.day_of(one.at)}."
            for one in meeting.withdrawals
            if meeting.over_at is None or one.at <= meeting.over_at
        ),
        "",
    ]
    so_far = replace(meeting, record=())
    for one in meeting.record:
        so_far = replace(so_far, record=(*so_far.record, one))
        who = "" if one.member is None else called.get(one.member, str(one.member))
        what = _WORDS[one.kind].format(who=who, item=one.item, text=one.text)
        lost = "" if so_far.has_quorum(bylaws) else ", no quorum"
        lines.append(f"{calendar.clock_of(one.at)}  {what} ({so_far.counted(bylaws)} count{lost})")
    return "\n".join(lines)


_WORDS = {
    RecordKind.ARRIVED: "{who} is there.",
    RecordKind.LEFT: "{who} leaves.",
    RecordKind.OPENED: "The meeting is opened. {text}",
    RecordKind.ITEM_BEGUN: "Item {item} is taken up. {text}",
    RecordKind.CONFLICT_DECLARED: "{who} declares a conflict of interest in item {item}. {text}",
    RecordKind.SAID: "On item {item}: {text}",
    RecordKind.DECIDED: "Item {item} is decided: {text}",
    RecordKind.ADJOURNED: "The meeting is adjourned. {text}",
    RecordKind.CLOSED: "The meeting is closed. {text}",
}

_CLASHES = {
    RecordKind.ARRIVED: _clash_of_coming,
    RecordKind.LEFT: _clash_of_coming,
    RecordKind.OPENED: _clash_of_opening,
    RecordKind.CLOSED: _clash_of_closing,
    RecordKind.ADJOURNED: _clash_of_adjourning,
}
