"""Members: who belongs to the co-operative, as what, and in which standing at an instant.

A member is a history of changes and nothing else: what they were at any time can be told again, and
no change is ever taken back but by the next. One person is one member, in as many classes as they
joined, and has one vote.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from foundation.identifiers import UUID
from governance.bylaws import Bylaws
from governance.errors import MembershipClash
from governance.matter import MemberClass

MemberId = NewType("MemberId", UUID)
REASON_LENGTH_MAX = 500


class ChangeKind(StrEnum):
    """What can happen to a membership."""

    JOINED = "joined"
    LEFT = "left"
    SUSPENDED = "suspended"
    APPEALED = "appealed"
    APPEAL_LOST = "appeal_lost"
    REINSTATED = "reinstated"
    FELL_BEHIND = "fell_behind"
    CAUGHT_UP = "caught_up"
    DIED = "died"


OF_A_CLASS = frozenset({ChangeKind.JOINED, ChangeKind.LEFT})
"""Changes that name a class; the others are of the member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a member's history; `at` is aware UTC, `reason` is for suspensions."""

    kind: ChangeKind
    at: datetime
    member_class: MemberClass | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        assert (self.member_class is not None) == (self.kind in OF_A_CLASS), "a class where needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What somebody is after the changes so far.

    Attributes
    ----------
    joined
        Since when, by class; classes left are gone from here.
    suspended_at, appealed_at
        Since when they are suspended, and since when their appeal waits to be heard.
    has_lost_appeal
        Whether the suspension was upheld.
    behind_since
        Since when shares or dues are owed.
    """

    member_id: MemberId
    joined: tuple[tuple[MemberClass, datetime], ...] = ()
    suspended_at: datetime | None = None
    appealed_at: datetime | None = None
    has_lost_appeal: bool = False
    behind_since: datetime | None = None
    died_at: datetime | None = None
    changes: tuple[Change, ...] = field(default=(), repr=False)

    @property
    def classes(self) -> tuple[MemberClass, ...]:
        """What they are a member as, longest first."""
        return tuple(one for one, _ in self.joined)

    def has_lost_vote(self, bylaws: Bylaws, at: datetime) -> bool:
        """Whether a suspension takes the vote at `at`.

        Where the bylaws let the suspended keep it, it goes with the appeal, or with the last day on
        which they could have made one: the clear days are those of an appeal against a result, and an
        appeal that comes after them gives nothing back.
        """
        if self.suspended_at is None:
            return False
        if not bylaws.roll.suspended_keep_vote or self.has_lost_appeal:
            return True
        calendar = bylaws.calendar
        until = calendar.start_of(calendar.day_after_notice(self.suspended_at, bylaws.appeal_days))
        return at >= until and (self.appealed_at is None or self.appealed_at >= until)

    def after(self, change: Change) -> "Member":
        """The member after one more change.

        Raises
        ------
        MembershipClash
            If the change does not follow from what they are: joining twice, leaving what one is
            not, anything after death, a date before the last change.
        """
        if self.changes and change.at < self.changes[-1].at:
            raise MembershipClash("changes are written in the order in which they happened")
        if self.died_at is not None:
            raise MembershipClash("the member has died")
        changed = _STEPS[change.kind](self, change)
        return replace(changed, changes=(*self.changes, change))

    def at(self, instant: datetime) -> "Member":
        """What they were at `instant`, which includes what happened then."""
        return member_of(self.member_id, (one for one in self.changes if one.at <= instant))


def member_of(member_id: MemberId, changes: Iterable[Change]) -> Member:
    """A member from their history, oldest first.

    Raises
    ------
    MembershipClash
        If it is not a history.
    """
    member = Member(member_id=member_id)
    for change in changes:
        member = member.after(change)
    return member


def _joined(member: Member, change: Change) -> Member:
    assert change.member_class is not None
    if change.member_class in member.classes:
        raise MembershipClash(f"they are a member as {change.member_class} already")
    if member.suspended_at is not None:
        raise MembershipClash("they are suspended")
    return replace(member, joined=(*member.joined, (change.member_class, change.at)))


def _left(member: Member, change: Change) -> Member:
    if change.member_class not in member.classes:
        raise MembershipClash(f"they are no member as {change.member_class}")
    kept = tuple(one for one in member.joined if one[0] != change.member_class)
    return replace(member, joined=kept)


def _suspended(member: Member, change: Change) -> Member:
    if not member.joined or member.suspended_at is not None:
        raise MembershipClash("only a member who is not suspended can be")
    if not 1 <= len(change.reason.strip()) <= REASON_LENGTH_MAX:
        raise MembershipClash("a suspension gives its reason")
    return replace(member, suspended_at=change.at)


def _appealed(member: Member, change: Change) -> Member:
    if member.suspended_at is None or member.appealed_at or member.has_lost_appeal:
        raise MembershipClash("there is no suspension to appeal against")
    return replace(member, appealed_at=change.at)


def _appeal_lost(member: Member, change: Change) -> Member:
    if member.appealed_at is None:
        raise MembershipClash("there is no appeal")
    return replace(member, appealed_at=None, has_lost_appeal=True)


def _reinstated(member: Member, change: Change) -> Member:
    if member.suspended_at is None:
        raise MembershipClash("they are not suspended")
    return replace(member, suspended_at=None, appealed_at=None, has_lost_appeal=False)


def _fell_behind(member: Member, change: Change) -> Member:
    if not member.joined or member.behind_since is not None:
        raise MembershipClash("they owe nothing, or owed it already")
    return replace(member, behind_since=change.at)


def _caught_up(member: Member, change: Change) -> Member:
    if member.behind_since is None:
        raise MembershipClash("they owe nothing")
    return replace(member, behind_since=None)


def _died(member: Member, change: Change) -> Member:
    return replace(member, joined=(), died_at=change.at)


_STEPS = {
    ChangeKind.JOINED: _joined,
    ChangeKind.LEFT: _left,
    ChangeKind.SUSPENDED: _suspended,
    ChangeKind.APPEALED: _appealed,
    ChangeKind.APPEAL_LOST: _appeal_lost,
    ChangeKind.REINSTATED: _reinstated,
    ChangeKind.FELL_BEHIND: _fell_behind,
    ChangeKind.CAUGHT_UP: _caught_up,
    ChangeKind.DIED: _died,
}


class Exclusion(StrEnum):
    """Why a member is not on a roll; the first that holds, in this order."""

    DIED = "died"
    NO_MEMBER = "no_member"
    CLASS_HAS_NO_SAY = "class_has_no_say"
    SUSPENDED = "suspended"
    IN_ARREARS = "in_arrears"
    IN_CONFLICT = "in_conflict"
    STRUCK = "struck"


EXCLUSION_WORDS = {
    Exclusion.DIED: "they have died",
    Exclusion.NO_MEMBER: "they were no member at the notice",
    Exclusion.CLASS_HAS_NO_SAY: "this matter is for other classes of members",
    Exclusion.SUSPENDED: "they are suspended",
    Exclusion.IN_ARREARS: "they have owed their share or dues for too long",
    Exclusion.IN_CONFLICT: "they have declared a conflict of interest",
    Exclusion.STRUCK: "a correction struck them off",
}


def standing_of(
    member: Member, bylaws: Bylaws, *, classes: tuple[MemberClass, ...], at: datetime
) -> MemberClass | Exclusion:
    """The class in which a member may vote, or why they may not.

    Of several classes with a say it is the one they joined first: one person has one vote.

    Parameters
    ----------
    member
        As they were at `at`.
    classes
        Those that the matter is for.
    at
        Aware; arrears are counted in days up to it.
    """
    if member.died_at is not None:
        return Exclusion.DIED
    if not member.joined:
        return Exclusion.NO_MEMBER
    having_say = [one for one in member.classes if one in classes]
    if not having_say:
        return Exclusion.CLASS_HAS_NO_SAY
    if member.has_lost_vote(bylaws, at):
        return Exclusion.SUSPENDED
    for one in having_say:
        days_max = bylaws.classes[one].arrears_days_max
        behind = member.behind_since
        if days_max is None or behind is None or at - behind <= timedelta(days=days_max):
            return one
    return Exclusion.IN_ARREARS
