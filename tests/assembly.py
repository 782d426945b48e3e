"""A small assembly for tests: the example's bylaws, members, and a motion at every point of its way."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from foundation.identifiers import RuleId
from governance.bylaws import Bylaws, parse_bylaws
from governance.matter import MemberClass
from governance.member import Change, ChangeKind, Member, MemberId, member_of
from governance.motion import Motion, MotionId, MotionState, give_notice, second
from governance.timetable import plan_vote
from rulebook.rule import RuleKind
from tests.rules import example_bodies

FOUNDED = datetime(2026, 1, 5, 12, tzinfo=UTC)
MOVED = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def bylaws_body(**changes: Any) -> dict[str, Any]:
    """The example's bylaws; top-level fields may be replaced."""
    return example_bodies()[RuleKind.BYLAWS] | changes


def bylaws(**changes: Any) -> Bylaws:
    """The example's bylaws as read."""
    return parse_bylaws(bylaws_body(**changes))


def member_id(number: int) -> MemberId:
    """A member's identifier that sorts by its number."""
    return MemberId(UUID(int=number))


def member(number: int, *classes: str, joined: datetime = FOUNDED) -> Member:
    """A member who joined the classes one after the other; a driver if none is named."""
    return member_of(
        member_id(number),
        (
            Change(kind=ChangeKind.JOINED, at=joined + place * DAY, member_class=MemberClass(one))
            for place, one in enumerate(classes or ("driver",))
        ),
    )


def motion(**changes: Any) -> Motion:
    """A motion that member 1 has proposed."""
    fields: dict[str, Any] = {
        "motion_id": MotionId(UUID(int=1)),
        "title": "A rest room at the station",
        "mover": member_id(1),
        "matter": "ordinary",
        "rule_kind": None,
        "texts": ("The co-operative rents a room\nat the station.",),
        "proposed_at": MOVED,
    }
    return Motion(**(fields | changes))


def noticed(at: datetime = MOVED + DAY, **changes: Any) -> Motion:
    """The motion, seconded by two, and the vote on it called at `at`."""
    rules = bylaws()
    found = motion(**changes)
    for number in (2, 3):
        found = second(found, member_id(number), needed=2, bylaws=rules, at=MOVED)
    assert found.state is MotionState.SECONDED
    timetable = plan_vote(rules, rules.get_matter(found.matter), notice_at=at)
    return give_notice(found, timetable, bylaws_rule_id=RuleId(UUID(int=9)))
