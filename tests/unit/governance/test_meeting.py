"""Meetings: notice, quorum at every moment, adjournment, minutes out of the record; proxies."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from governance.errors import MeetingClash, NoticeTooShort, ProxyRefused
from governance.matter import Headcount
from governance.meeting import (
    Meeting,
    Record,
    RecordKind,
    Withdrawal,
    call_meeting,
    minutes_of,
    went_on,
)
from governance.proxy import Proxy, check_new_proxy, check_revocation
from tests.assembly import bylaws, member_id

HELD = datetime(2026, 3, 24, 22, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def meeting(**changes: Any) -> Meeting:
    fields: dict[str, Any] = {
        "title": "General meeting",
        "notice_at": HELD - timedelta(days=15),
        "held_at": HELD,
        "agenda": ("Accounts", "A rest room"),
        "quorum": Headcount(terms=(2, Fraction(1, 2))),
        "members": 6,
    }
    return Meeting(**(fields | changes))


def on(found: Meeting, *happened: tuple[str, int | None] | str, minute: int = 0) -> Meeting:
    """What happens, a kind and a member or item each, a minute apart from `minute` on."""
    for place, what in enumerate(happened):
        kind, number = (what, None) if isinstance(what, str) else what
        of_member = kind in ("arrived", "left", "conflict_declared")
        found = went_on(
            found,
            Record(
                kind=RecordKind(kind),
                at=HELD + (minute + place) * MINUTE,
                member=member_id(number) if of_member and number else None,
                item=2 if kind == "conflict_declared" else None if of_member else number,
                text="Approved." if kind == "decided" else "",
            ),
            bylaws=bylaws(),
        )
    return found


OPEN = (("arrived", 1), ("arrived", 2), ("arrived", 3), "opened")


def test_a_notice_too_short_stands_only_with_nine_tenths_in_writing() -> None:
    short = meeting(notice_at=HELD - timedelta(days=14))
    with pytest.raises(NoticeTooShort, match="13 clear days"):
        call_meeting(short, bylaws=bylaws(), consent=Fraction(89, 100))
    assert call_meeting(short, bylaws=bylaws(), consent=Fraction(9, 10)) == short
    assert call_meeting(meeting(), bylaws=bylaws()) == meeting()
    with pytest.raises(MeetingClash, match="business"):
        call_meeting(meeting(agenda=()), bylaws=bylaws())


def test_a_meeting_opens_with_a_quorum_and_decides_only_with_it() -> None:
    with pytest.raises(MeetingClash, match="no quorum"):
        on(meeting(), ("arrived", 1), ("arrived", 2), "opened")
    found = on(meeting(), *OPEN, ("item_begun", 1), ("decided", 1))
    assert found.counted(bylaws()) == 3
    lost = on(found, ("left", 3), ("item_begun", 2), minute=10)
    with pytest.raises(MeetingClash, match="no quorum any more"):
        on(lost, ("decided", 2), minute=20)
    assert on(lost, ("arrived", 4), ("decided", 2), minute=20).record[-1].item == 2


def test_quorum_lost_mid_meeting_adjourns_after_half_an_hour() -> None:
    lost = on(meeting(), *OPEN, ("item_begun", 1), ("left", 3))  # gone at minute 5
    with pytest.raises(MeetingClash, match="30 minutes"):
        on(lost, "adjourned", minute=34)
    found = on(lost, "adjourned", minute=35)
    with pytest.raises(MeetingClash, match="over"):
        on(found, ("arrived", 5), minute=40)
    resumed = meeting(resumes=True, notice_at=HELD - timedelta(days=8))
    assert call_meeting(resumed, bylaws=bylaws()).quorum_needed == 1
    assert on(resumed, ("arrived", 1), "opened", ("item_begun", 1), ("decided", 1)).record


def test_who_is_in_conflict_does_not_count_for_that_item() -> None:
    found = on(meeting(), *OPEN, ("item_begun", 1), ("conflict_declared", 3))
    assert found.counted(bylaws()) == 3
    at_hand = on(found, ("item_begun", 2), minute=10)
    assert at_hand.counted(bylaws()) == 2
    with pytest.raises(MeetingClash, match="no quorum"):
        on(at_hand, ("decided", 2), minute=12)


@pytest.mark.parametrize(
    "happened",
    [(*OPEN, ("decided", 1)), (*OPEN, ("item_begun", 3)), (("item_begun", 1),), (("left", 1),),
     (*OPEN, ("arrived", 1)), (*OPEN, "opened"), (*OPEN, "closed", ("item_begun", 1)),
     ("arrived",)],
)  # fmt: skip
def test_what_cannot_happen_is_refused(happened: Any) -> None:
    with pytest.raises(MeetingClash):
        on(meeting(), *happened)


def test_minutes_say_what_is_on_record_and_nothing_else() -> None:
    found = on(meeting(), *OPEN, ("item_begun", 1), ("decided", 1), ("left", 3), "closed")
    text = minutes_of(found, bylaws=bylaws(), names=[(member_id(1), "Ana"), (member_id(3), "Bo")])
    lines = text.splitlines()
    assert lines[1] == "Notice sent 2026-03-09, held 2026-03-24: 14 clear days."
    assert lines[2] == "Quorum: 3 of 6 members."
    assert lines[6] == "18:00  Ana is there. (1 count, no quorum)"
    assert lines[11] == "18:05  Item 1 is decided: Approved. (3 count)"
    assert lines[12] == "18:06  Bo leaves. (2 count, no quorum)"
    assert len(lines) == 6 + len(found.record)


def proxy(giver: int, holder: int) -> Proxy:
    return Proxy(giver=member_id(giver), holder=member_id(holder), given_at=HELD)


def test_a_proxy_is_one_step_for_few_and_only_where_allowed() -> None:
    held = [proxy(number, 1) for number in range(2, 7)]
    check_new_proxy(proxy(6, 1), held[:4], matter="ordinary", bylaws=bylaws())
    for new, standing, matter, reason in [
        (proxy(7, 1), held, "ordinary", "more than 5"),
        (proxy(2, 9), held, "ordinary", "already"),
        (proxy(1, 9), held, "ordinary", "passed on"),
        (proxy(8, 2), held, "ordinary", "passed on"),
        (proxy(8, 8), [], "ordinary", "own proxy"),
        (proxy(2, 1), [], "special", "themselves"),
    ]:
        with pytest.raises(ProxyRefused, match=reason):
            check_new_proxy(new, standing, matter=matter, bylaws=bylaws())


def test_a_proxy_that_voted_is_not_taken_back() -> None:
    given = proxy(2, 1)
    check_revocation(given)
    with pytest.raises(ProxyRefused, match="voted already"):
        check_revocation(replace(given, used_at=HELD))
    assert not replace(given, revoked_at=HELD).stands


def test_minutes_name_candidates_who_withdrew_before_the_end() -> None:
    withdrew = tuple(
        Withdrawal(item=2, member=member_id(number), at=at)
        for number, at in ((4, HELD - timedelta(days=3)), (5, HELD + timedelta(days=9)))
    )
    found = on(meeting(withdrawals=withdrew), *OPEN, "closed")
    said = minutes_of(found, bylaws=bylaws(), names=((member_id(4), "Dora"),))
    assert "Item 2: Dora withdrew from the election on 2026-03-21." in said.splitlines()
    assert str(member_id(5)) not in said
