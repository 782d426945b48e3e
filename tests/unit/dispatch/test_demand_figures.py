"""What is shown of demand: nothing of few requests, nothing fine, nothing anew at once."""

from datetime import UTC, datetime, timedelta

import numpy as np

from dispatch.demand_figures import ANEW_EVERY, FEWEST_REQUESTS, DemandLog, published
from dispatch.matching.demand import RecentRequests, as_lately

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def recent(*counts: int, seconds: int = 3600) -> RecentRequests:
    return RecentRequests(counts=np.array(counts), within_ms=seconds * 1000)


def hourly(lately: RecentRequests) -> np.ndarray:
    return as_lately(lately, at_ms=0, horizon_seconds=3600)


def test_what_was_asked_for_goes_on_as_it_was() -> None:
    lately = recent(0, 3, 6, seconds=1800)
    assert as_lately(lately, at_ms=5, horizon_seconds=1200).tolist() == [0.0, 2.0, 4.0]


def test_no_figure_is_of_fewer_than_ten_requests_and_none_finer_than_five() -> None:
    lately = recent(0, FEWEST_REQUESTS - 1, FEWEST_REQUESTS, 14, 15, 103)
    found = published(lately, hourly(lately), at=NOON)
    assert found.requests_hour == (None, None, 10, 10, 15, 100)
    assert (found.as_of, found.counted_seconds) == (NOON, 3600)


def test_many_expected_of_few_counted_is_held_back_too() -> None:
    # In ten minutes of a young city nine asked: 54 an hour, and still nine people.
    lately = recent(9, 10, seconds=600)
    assert published(lately, hourly(lately), at=NOON).requests_hour == (None, 60)


def test_nothing_is_told_anew_within_five_minutes() -> None:
    shown = DemandLog()
    assert shown.latest is None
    for minutes, counts in ((0, 20), (2, 30), (5, 40)):
        lately = recent(counts)
        shown.note(lately, hourly(lately), at=NOON + timedelta(minutes=minutes))
        assert shown.latest is not None
        if minutes < 5:
            assert shown.latest.requests_hour == (20,)
    assert timedelta(minutes=5) == ANEW_EVERY
    assert (shown.latest.requests_hour, shown.latest.as_of) == (
        (40,),
        NOON + timedelta(minutes=5),
    )
