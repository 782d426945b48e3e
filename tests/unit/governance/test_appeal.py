"""Appeals: the margin against every change of ballots, the window, and a jury nobody chooses."""

from datetime import UTC, datetime
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.appeal import (
    ResultCorrection,
    Tally,
    appeals_until,
    check_secret,
    draw_jury,
    find,
    margin_of,
    stays_result,
)
from governance.counting.lots import commitment_to
from governance.counting.share import RequiredShare
from governance.motion import MotionId
from governance.office_errors import AppealClash
from tests.assembly import bylaws, member_id

AT = datetime(2026, 3, 25, 4, tzinfo=UTC)
SECRET = bytes(range(32))


def tallies() -> st.SearchStrategy[tuple[Tally, int]]:
    few = st.integers(0, 4)

    @st.composite
    def drawn(draw: st.DrawFn) -> tuple[Tally, int]:
        votes_for, votes_against, abstentions, absent = (draw(few) for _ in range(4))
        roll = votes_for + votes_against + abstentions + absent
        tally = Tally(
            votes_for=votes_for, votes_against=votes_against, abstentions=abstentions,
            quorum=draw(st.integers(0, 6)),
            required=RequiredShare.parse(draw(st.sampled_from([">1/2", ">=2/3", ">=3/4", ">=1"]))),
            eligible=draw(st.sampled_from([None, max(1, roll)])),
        )  # fmt: skip
        return tally, roll

    return drawn()


def by_trying(tally: Tally, roll: int) -> int | None:
    """The fewest members who must do otherwise, found by trying everything that all could do."""
    here = (
        tally.votes_for, tally.votes_against, tally.abstentions,
        roll - tally.votes_for - tally.votes_against - tally.abstentions,
    )  # fmt: skip
    least: int | None = None
    for there in product(range(roll + 1), repeat=3):
        if sum(there) > roll:
            continue
        other = Tally(
            votes_for=there[0], votes_against=there[1], abstentions=there[2], quorum=tally.quorum,
            required=tally.required, eligible=tally.eligible,
        )  # fmt: skip
        if other.passed != tally.passed:
            after = (*there, roll - sum(there))
            moved = sum(max(0, new - old) for new, old in zip(after, here, strict=True))
            least = moved if least is None else min(least, moved)
    return least


@given(tallies())
def test_the_margin_is_the_fewest_ballots_that_could_have_altered_the_outcome(
    case: tuple[Tally, int],
) -> None:
    tally, roll = case
    assert margin_of(tally, roll_size=roll) == by_trying(tally, roll)


def test_an_appeal_stays_a_result_unless_the_margin_exceeds_it() -> None:
    assert [stays_result(affected, 3) for affected in (2, 3, 4)] == [False, True, True]
    assert stays_result(1, None)


def test_the_window_is_fourteen_clear_days_over_a_clock_change() -> None:
    certified = datetime(2026, 3, 1, 18, tzinfo=UTC)  # in New York clocks change on the 8th
    assert appeals_until(certified, bylaws()) == datetime(2026, 3, 16, 4, tzinfo=UTC)


def test_a_jury_is_drawn_by_a_seed_that_neither_side_chooses() -> None:
    people = [member_id(number) for number in range(1, 60)]
    jury = draw_jury(UUID(int=1), "One had left.", people, secret=SECRET, size=9)
    assert len(set(jury.members)) == 9
    assert jury == draw_jury(UUID(int=1), "One had left.", reversed(people), secret=SECRET, size=9)
    others = [
        draw_jury(UUID(int=1), "Two had left.", people, secret=SECRET, size=9),
        draw_jury(UUID(int=2), "One had left.", people, secret=SECRET, size=9),
        draw_jury(UUID(int=1), "One had left.", people, secret=bytes(32), size=9),
    ]
    assert all(other.members != jury.members for other in others)
    assert len(draw_jury(UUID(int=1), "x", people[:4], secret=SECRET, size=9).members) == 4
    check_secret(SECRET, commitment_to(SECRET))
    for wrong in (bytes(32), SECRET[:31]):
        with pytest.raises(AppealClash):
            check_secret(wrong, commitment_to(SECRET))


def test_a_finding_needs_more_than_half_of_the_jury_and_reasons() -> None:
    told = {"appeal_id": UUID(int=1), "motion_id": MotionId(UUID(int=2)), "affected": 2,
            "margin": 2, "found_at": AT}  # fmt: skip
    for jury, reasons in [((9, 4, 4), "So it was."), ((9, 9, 9), " "), ((0, 0, 0), "x")]:
        with pytest.raises(AppealClash):
            find(jury=jury, reasons=reasons, **told)  # type: ignore[arg-type]
    tied = find(jury=(8, 8, 4), reasons="x", **told)  # type: ignore[arg-type]
    assert (tied.upheld, tied.sets_aside) == (False, False)
    upheld = find(jury=(9, 5, 3), reasons="x", **told)  # type: ignore[arg-type]
    assert (upheld.upheld, upheld.sets_aside) == (True, True)
    correction = ResultCorrection(
        finding=upheld, certificate_digest="0" * 64, instead="Void.", paid="", corrected_rule=None
    )
    assert '"instead":"Void."' in correction.text


def test_bylaws_say_how_many_hear_an_appeal() -> None:
    assert bylaws(appeal={"body": "jury_by_lot_7"}).jury_size == 7
    assert bylaws(appeal={"body": "the board of appeal"}).jury_size == 9
