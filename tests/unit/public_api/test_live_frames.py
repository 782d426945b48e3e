"""The public view sees the city and nobody in it."""

import json
import struct
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.identifiers import UUID
from public_api.live_frames import (
    CAR,
    CarState,
    DriverFigures,
    Figures,
    History,
    OfferFigures,
    RoundFigures,
    TripFigures,
    WaitFigures,
    ZoneQueue,
    decode_cars,
    encode_cars,
    encode_figures,
    gather_riders,
    public_car,
    queues,
)

NOW = datetime(2014, 12, 22, 1, 13, 5, 250_000, tzinfo=UTC)


def cars_frame(lonlat: list[tuple[float, float]], heading: float = 0.0, state: int = 0) -> bytes:
    count = len(lonlat)
    return encode_cars(
        NOW,
        10.0,
        cars=np.arange(count, dtype=np.uint32),
        lonlat=np.array(lonlat, dtype=np.float64).reshape(count, 2),
        headings=np.full(count, heading),
        states=np.full(count, state, dtype=np.uint8),
    )


def figures(**changes: object) -> Figures:
    values: dict[str, object] = {
        "now": NOW,
        "rate": 10.0,
        "demonstration": True,
        "drivers": DriverFigures(on_shift=6, free=1, to_pickup=2, on_trip=2, other=1),
        "trips": TripFigures(
            waiting=3, under_way=4, completed_today=5, unserved_today=0, cancelled_today=1
        ),
        "waits": WaitFigures(mean_seconds=None, p95_seconds=None, trips=0, window_seconds=900),
        "offers": OfferFigures(made_today=9, accepted_today=7, declined_today=1, lapsed_today=1),
        "round": RoundFigures(number=7, ms=41.2, degraded=False),
        "history": History(step_seconds=60, mean_wait_seconds=(None,), open_trips=(4,)),
        "zones": (
            ZoneQueue(code="230", name="Times Sq", waiting=3, free=0, mean_wait_seconds=None),
        ),
    }
    return Figures(**{**values, **changes})  # type: ignore[arg-type]


def test_the_bytes_lie_where_the_reference_says() -> None:
    frame = cars_frame([(-73.98566, 40.75804)], heading=90.0, state=CarState.ON_TRIP)
    assert struct.unpack_from("<4sIdf", frame) == (b"KHN1", 1, NOW.timestamp(), 10.0)
    assert struct.unpack_from("<IiiBB", frame, 20) == (0, -73_985_700, 40_758_000, 64, 2)
    assert len(frame) == 34


def test_no_car_is_shown_finer_than_four_decimals() -> None:
    chance = np.random.default_rng(7)
    places = chance.uniform((-180, -90), (180, 90), (500, 2))
    _, _, cars = decode_cars(cars_frame([(float(x), float(y)) for x, y in places]))
    assert (cars["lon"] % 100 == 0).all()
    assert (cars["lat"] % 100 == 0).all()
    assert np.abs(cars["lon"] / 1e6 - places[:, 0]).max() <= 0.5001e-4


@given(st.floats(-720, 720))
def test_a_heading_is_the_nearest_256th_of_a_turn(heading: float) -> None:
    _, _, cars = decode_cars(cars_frame([(0.0, 0.0)], heading=heading))
    gap = abs((int(cars["heading"][0]) * 360 / 256 - heading + 180) % 360 - 180)
    assert gap <= 0.7032


def test_an_empty_city_is_a_header_alone() -> None:
    at, rate, cars = decode_cars(cars_frame([]))
    assert (at, rate, len(cars)) == (NOW.timestamp(), 10.0, 0)


@pytest.mark.parametrize("place", [(float("nan"), 0.0), (180.1, 0.0), (0.0, -91.0)])
def test_a_position_outside_the_world_is_not_sent(place: tuple[float, float]) -> None:
    with pytest.raises(AssertionError):
        cars_frame([place])


@pytest.mark.parametrize("spoil", [lambda f: f[:-1], lambda f: b"KHN2" + f[4:], lambda f: f[:10]])
def test_half_a_frame_or_another_is_refused(spoil: object) -> None:
    with pytest.raises(ValueError, match="frame of cars"):
        decode_cars(spoil(cars_frame([(1.0, 2.0)])))  # type: ignore[operator]


def test_five_thousand_cars_are_seventy_kilobytes() -> None:
    assert len(cars_frame([(0.0, 0.0)] * 5000)) == 20 + 5000 * CAR.itemsize == 70_020


def test_riders_at_one_corner_are_counted_together_and_sorted() -> None:
    asked_in_this_order = np.array(
        [[-73.9851, 40.7583], [-73.9912, 40.7501], [-73.9849, 40.7579], [2.0, 41.0]]
    )
    assert gather_riders(asked_in_this_order) == [
        (-73.991, 40.75, 1),
        (-73.985, 40.758, 2),
        (2.0, 41.0, 1),
    ]
    assert gather_riders(np.empty((0, 2))) == []


def test_a_rider_finer_than_allowed_does_not_leave_the_house() -> None:
    with pytest.raises(AssertionError):
        encode_figures(figures(), [(-73.98512, 40.758, 1)])


def test_the_figures_say_what_the_reference_says() -> None:
    said = json.loads(encode_figures(figures(), [(-73.985, 40.758, 2)]))
    assert list(said) == [
        *("type", "now", "rate", "demonstration", "drivers", "trips", "waits", "offers"),
        *("round", "history", "zones", "waiting"),
    ]
    assert said["type"] == "figures"
    assert said["now"] == "2014-12-22T01:13:05.250Z"
    assert said["drivers"]["to_pickup"] == 2
    assert said["waits"] == {
        "mean_seconds": None,
        "p95_seconds": None,
        "trips": 0,
        "window_seconds": 900,
    }
    assert said["waiting"] == [[-73.985, 40.758, 2]]


def test_the_time_is_told_in_utc_whatever_zone_it_came_in() -> None:
    abroad = NOW.astimezone(timezone(timedelta(hours=-5)))
    assert json.loads(encode_figures(figures(now=abroad), []))["now"] == "2014-12-22T01:13:05.250Z"


def test_drivers_that_do_not_add_up_are_not_published() -> None:
    with pytest.raises(AssertionError):
        encode_figures(
            figures(drivers=DriverFigures(on_shift=6, free=1, to_pickup=2, on_trip=2, other=0)), []
        )


def test_queues_are_the_longest_first_and_empty_ones_are_left_out() -> None:
    zones = {
        code: ZoneQueue(code=code, name=code, waiting=waiting, free=0, mean_wait_seconds=None)
        for code, waiting in [
            ("b", 2),
            ("a", 2),
            ("c", 5),
            ("d", 0),
            *[(f"x{i}", 1) for i in range(20)],
        ]
    }
    listed = queues(zones)
    assert [zone.code for zone in listed[:4]] == ["c", "a", "b", "x0"]
    assert len(listed) == 12


def test_a_car_wears_one_number_a_shift_and_another_with_another_secret() -> None:
    shift, other = UUID(int=1), UUID(int=2)
    secret = bytes(range(32))
    assert public_car(shift, secret) == public_car(shift, secret)
    assert public_car(shift, secret) != public_car(other, secret)
    assert public_car(shift, secret) != public_car(shift, secret[::-1])
    assert 0 <= public_car(shift, secret) < 2**32
