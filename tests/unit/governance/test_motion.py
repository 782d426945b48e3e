"""A motion's way: every step in its place, the text frozen before the vote, nothing taken back."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.amendment import Amendment, AmendmentState, diff_of
from governance.errors import (
    AmendmentUnknown,
    MotionElsewhere,
    MotionTextInvalid,
    NoticeTooShort,
    NotYoursToDo,
    TextFrozen,
    TooEarly,
)
from governance.motion import (
    LEGAL_STEPS,
    Answer,
    FollowUp,
    Motion,
    MotionState,
    accept_amendment,
    amend,
    answer,
    certify,
    close_vote,
    decide_amendment,
    earliest_start,
    follow_up,
    freeze,
    give_notice,
    open_vote,
    put_amendment_to_vote,
    second,
    withdraw,
)
from governance.motion_text import check_text, rule_text
from governance.timetable import Outage, Timetable, plan_vote, prolonged
from tests.assembly import DAY, MOVED, bylaws, member_id, motion, noticed

NOTICE = MOVED + DAY


def an_amendment(text: str = "The co-operative rents a house\nat the station.", *, number: int = 1,
                 at: datetime = NOTICE + DAY, version: int = 1) -> Amendment:  # fmt: skip
    return Amendment(
        amendment_id=UUID(int=number), by=member_id(5), text=text, amends_version=version,
        proposed_at=at,
    )  # fmt: skip


def timetable_of(found: Motion) -> Timetable:
    assert found.timetable is not None
    return found.timetable


def test_a_motion_goes_from_proposal_to_certificate_and_is_followed_up() -> None:
    found = noticed()
    times, rules = timetable_of(found), bylaws()
    found = freeze(found, at=times.freezes_at)
    found = open_vote(found, at=times.opens_at)
    found = close_vote(found, at=times.closes_at)
    found = certify(found, has_passed=True, bylaws=rules, at=times.closes_at)
    assert found.state is MotionState.CERTIFIED
    assert found.review_on == date(2027, 3, 25)
    found = follow_up(found, FollowUp(text="Lease signed.", done_percent=40, at=times.closes_at))
    assert found.follow_ups[0].done_percent == 40
    assert not found.is_review_due(date(2027, 3, 24))
    assert found.is_review_due(date(2027, 3, 25))


def test_the_notice_has_fourteen_clear_days_and_the_text_stands_for_the_last_two() -> None:
    times = timetable_of(noticed())  # sent on 3 March in New York; clocks change on the 8th
    assert times.opens_at == datetime(2026, 3, 18, 4, tzinfo=UTC)
    assert times.freezes_at == datetime(2026, 3, 16, 4, tzinfo=UTC)
    assert times.closes_at == datetime(2026, 3, 25, 4, tzinfo=UTC)


def test_a_vote_cannot_open_before_its_notice_has_run() -> None:
    rules = bylaws()
    with pytest.raises(NoticeTooShort, match="13 clear days"):
        plan_vote(rules, rules.get_matter("ordinary"), notice_at=NOTICE, opens_on=date(2026, 3, 17))
    later = plan_vote(rules, rules.get_matter("ordinary"), notice_at=NOTICE, opens_on=date(2026, 3, 20))  # fmt: skip
    assert later.closes_at == datetime(2026, 3, 27, 4, tzinfo=UTC)


def test_a_vote_that_would_close_on_a_holiday_closes_a_working_day_later() -> None:
    rules = bylaws()  # 25 December 2026 is a Friday
    times = plan_vote(rules, rules.get_matter("ordinary"), notice_at=datetime(2026, 12, 4, 12, tzinfo=UTC))  # fmt: skip
    assert rules.calendar.day_of(times.opens_at) == date(2026, 12, 19)
    assert times.closes_at == rules.calendar.end_of(date(2026, 12, 28))


@pytest.mark.parametrize("step", [freeze, open_vote, close_vote])
def test_no_step_comes_before_its_time(step: object) -> None:
    found = noticed()
    times = timetable_of(found)
    way = [(freeze, times.freezes_at), (open_vote, times.opens_at), (close_vote, times.closes_at)]
    for take, at in way:
        if take is step:
            with pytest.raises(TooEarly):
                take(found, at=at - timedelta(microseconds=1))
            return
        found = take(found, at=at)


def test_seconds_are_counted_once_and_never_the_mover_s() -> None:
    found, rules = motion(), bylaws()
    with pytest.raises(NotYoursToDo, match="own motion"):
        second(found, member_id(1), needed=2, bylaws=rules, at=MOVED)
    found = second(found, member_id(2), needed=2, bylaws=rules, at=MOVED)
    assert found.state is MotionState.PROPOSED
    with pytest.raises(NotYoursToDo, match="already"):
        second(found, member_id(2), needed=2, bylaws=rules, at=MOVED)
    found = second(found, member_id(3), needed=2, bylaws=rules, at=MOVED)
    assert found.state is MotionState.SECONDED
    with pytest.raises(MotionElsewhere):
        second(found, member_id(4), needed=2, bylaws=rules, at=MOVED)


def test_the_board_answers_by_a_date_once() -> None:
    found = noticed()
    assert found.answer_by == date(2026, 3, 30)
    assert not found.is_answer_overdue(date(2026, 3, 30))
    assert found.is_answer_overdue(date(2026, 3, 31))
    answered = answer(found, Answer(text="We can pay for it.", at=NOTICE))
    assert not answered.is_answer_overdue(date(2026, 3, 31))
    with pytest.raises(MotionElsewhere):
        answer(answered, Answer(text="We cannot.", at=NOTICE))
    with pytest.raises(MotionElsewhere):
        answer(motion(), Answer(text="Nobody seconded it.", at=NOTICE))


def test_an_amendment_shows_what_it_takes_away_and_adds() -> None:
    found = noticed()
    assert diff_of(found.text, an_amendment().text).splitlines()[2:] == [
        "@@ -1,2 +1,2 @@", "-The co-operative rents a room", "+The co-operative rents a house",
        " at the station.",
    ]  # fmt: skip


def test_the_mover_accepts_an_amendment_or_members_vote_on_it() -> None:
    found = amend(amend(noticed(), an_amendment()), an_amendment("A tent.", number=2))
    with pytest.raises(NotYoursToDo):
        accept_amendment(found, UUID(int=1), by=member_id(5), at=NOTICE + DAY)
    accepted = accept_amendment(found, UUID(int=1), by=member_id(1), at=NOTICE + DAY)
    assert (accepted.version, accepted.text.split()[4]) == (2, "house")
    # The other one was written for the text that stood before.
    with pytest.raises(MotionTextInvalid, match="version 2 stands"):
        accept_amendment(accepted, UUID(int=2), by=member_id(1), at=NOTICE + DAY)
    with pytest.raises(AmendmentUnknown):
        accept_amendment(accepted, UUID(int=1), by=member_id(1), at=NOTICE + DAY)


@pytest.mark.parametrize(("votes_for", "carried"), [(5, True), (4, False), (3, False)])
def test_an_amendment_put_to_vote_needs_more_for_than_against(
    votes_for: int, carried: bool
) -> None:
    found = put_amendment_to_vote(amend(noticed(), an_amendment()), UUID(int=1), at=NOTICE + DAY)
    found = decide_amendment(found, UUID(int=1), votes_for=votes_for, votes_against=4, at=NOTICE + DAY)  # fmt: skip
    assert found.version == (2 if carried else 1)
    assert (found.amendments[0].state is AmendmentState.CARRIED) == carried
    assert (found.amendments[0].votes_for, found.amendments[0].votes_against) == (votes_for, 4)


def test_no_amendment_is_accepted_inside_the_freeze_even_if_nobody_wrote_it_down() -> None:
    found = amend(noticed(), an_amendment())
    frozen_from = timetable_of(found).freezes_at
    assert found.state is MotionState.AMENDING
    with pytest.raises(TextFrozen):
        accept_amendment(found, UUID(int=1), by=member_id(1), at=frozen_from)
    with pytest.raises(TextFrozen):
        amend(found, an_amendment("A tent.", number=2, at=frozen_from))
    assert accept_amendment(found, UUID(int=1), by=member_id(1), at=frozen_from - DAY).version == 2


def test_a_mover_withdraws_until_the_text_is_frozen() -> None:
    found = noticed()
    with pytest.raises(NotYoursToDo):
        withdraw(found, member_id(2), at=MOVED)
    assert withdraw(found, member_id(1), at=MOVED).state is MotionState.WITHDRAWN
    frozen_from = timetable_of(found).freezes_at
    with pytest.raises(MotionElsewhere):
        withdraw(freeze(found, at=frozen_from), member_id(1), at=frozen_from)
    with pytest.raises(TextFrozen):
        withdraw(found, member_id(1), at=frozen_from)  # and nobody has written it down


@pytest.mark.parametrize(
    ("title", "text", "kind"),
    [("", "x", None), ("x", "  ", None), ("x" * 201, "x", None), ("x", "a\0b", None),
     ("x", "not json", "tariff"), ("x", "[]", "tariff"), ("x", '{"b":1,"a":2}', "tariff")],
)  # fmt: skip
def test_a_text_that_cannot_be_voted_on_is_refused(title: str, text: str, kind: str | None) -> None:
    with pytest.raises(MotionTextInvalid):
        check_text(title, text, rule_kind=kind)
    check_text("x", rule_text({"b": 1, "a": "é"}), rule_kind="tariff")


def test_a_rule_holds_after_a_notice_of_its_own() -> None:
    rules = bylaws()
    certified = datetime(2026, 3, 25, 4, 0, 1, tzinfo=UTC)
    starts = earliest_start(rules.get_matter("ordinary"), rules, certified_at=certified)
    assert rules.calendar.clear_days(certified, starts) == 14
    assert starts == rules.calendar.start_of(date(2026, 4, 9))


@given(st.lists(st.sampled_from(list(MotionState)), max_size=12))
def test_no_walk_leaves_a_final_state_or_skips_a_step(wanted: list[MotionState]) -> None:
    found, walked = motion(), [MotionState.PROPOSED]
    for state in wanted:
        try:
            found = found.stepped(state, "go")
        except MotionElsewhere:
            assert state not in LEGAL_STEPS[found.state]
            continue
        walked.append(found.state)
    assert all(after in LEGAL_STEPS[before] for before, after in pairwise(walked))
    final = {MotionState.CERTIFIED, MotionState.LOST, MotionState.WITHDRAWN}
    assert not final & set(walked[:-1])


def test_a_vote_is_judged_by_the_bylaws_that_its_notice_names() -> None:
    with pytest.raises(MotionElsewhere):
        found = noticed()
        give_notice(found, timetable_of(found), bylaws_rule_id=found.bylaws_rule_id)  # type: ignore[arg-type]


TIMES = timetable_of(noticed())
HOUR = timedelta(hours=1)


def test_an_outage_in_the_last_hour_is_given_back_and_one_in_the_time_given_back_too() -> None:
    last_hour = Outage(since=TIMES.closes_at - HOUR / 2, until=TIMES.closes_at + HOUR / 2)
    assert prolonged(TIMES, [last_hour]).closes_at == TIMES.closes_at + HOUR
    again = Outage(since=TIMES.closes_at + HOUR * 3 / 4, until=TIMES.closes_at + 2 * HOUR)
    assert prolonged(TIMES, [again, last_hour]).closes_at == TIMES.closes_at + HOUR * 9 / 4
    after = Outage(since=TIMES.closes_at, until=TIMES.closes_at + HOUR)
    before = Outage(since=TIMES.opens_at - HOUR, until=TIMES.opens_at)
    assert prolonged(TIMES, [after, before]) == TIMES


@given(st.lists(st.tuples(st.integers(-50, 250), st.integers(1, 60)), max_size=6))
def test_there_is_as_much_time_to_vote_whatever_breaks(spans: list[tuple[int, int]]) -> None:
    outages = [
        Outage(since=TIMES.opens_at + start * HOUR, until=TIMES.opens_at + (start + long) * HOUR)
        for start, long in spans
    ]
    found = prolonged(TIMES, outages)
    hours = int((found.closes_at - TIMES.opens_at) / HOUR)
    usable = sum(
        not any(one.since <= TIMES.opens_at + hour * HOUR < one.until for one in outages)
        for hour in range(hours)
    )
    assert usable == (TIMES.closes_at - TIMES.opens_at) / HOUR
