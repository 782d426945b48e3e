"""The plan of a year: exactly so many trips, the same by the same seed, each within its day."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from foundation.local_time import day_starts
from simulation.books.plan import Ending, Year


def a_year(trips: int, *, seed: int = 1, year: int = 2014) -> Year:
    return Year(
        year=year, zone=ZoneInfo("America/New_York"), trips=trips, riders=50, drivers=12, seed=seed
    )


@given(trips=st.integers(1, 1_000_000), year=st.integers(2010, 2032))
def test_the_days_have_all_the_trips(trips: int, year: int) -> None:
    days = list(a_year(trips, year=year).each_day())
    assert sum(count for _, count in days) == trips
    assert len(days) == (366 if year % 4 == 0 else 365)
    assert min(count for _, count in days) >= 0


def test_the_same_seed_plans_the_same_and_another_another() -> None:
    (day, count), *_ = a_year(50_000).each_day()
    assert a_year(50_000).trips_of(day, count) == a_year(50_000).trips_of(day, count)
    assert a_year(50_000).trips_of(day, count) != a_year(50_000, seed=2).trips_of(day, count)


@given(number=st.integers(0, 364))
def test_trips_are_within_their_day_also_when_clocks_change(number: int) -> None:
    year = a_year(100_000)
    day, count = list(year.each_day())[number]
    trips = year.trips_of(day, count)
    assert len(trips) == count
    assert [trip.at for trip in trips] == sorted(trip.at for trip in trips)
    starts, ends = (day_starts(day + timedelta(days=more), year.zone) for more in (0, 1))
    assert all(starts <= trip.at < ends for trip in trips)
    assert all(0 <= trip.rider < 50 and 0 <= trip.driver < 12 for trip in trips)
    assert all(trip.metres >= 500 and trip.seconds > 0 for trip in trips)


def test_a_year_has_every_ending() -> None:
    year = a_year(20_000)
    trips = [
        trip for day, count in list(year.each_day())[:30] for trip in year.trips_of(day, count)
    ]
    shares = {
        ending: sum(trip.ending is ending for trip in trips) / len(trips) for ending in Ending
    }
    assert 0.90 < shares[Ending.RIDDEN] < 0.96
    assert min(shares.values()) > 0.005
    assert any(trip.refund_percent for trip in trips)
    assert any(trip.waiting_seconds for trip in trips)
