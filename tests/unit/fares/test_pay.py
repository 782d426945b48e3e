"""A driver earns the share of the fare, and never less than the floor."""

from fractions import Fraction
from typing import Any

import pytest

from fares.pay import DriverPay, PayFloor, driver_pay, explain_pay, parse_pay_floors
from fares.price import Journey, Line
from fares.tariff import GoesTo, Share
from tests.rules import example_pay_floor

MILE = Fraction("1609.344")

# Washington State L&I, TNC minimum compensation 2025 (RCW 49.46.300 (4) with its yearly adjustment):
# trips that begin in Seattle earn 0.68 a minute and 1.59 a mile, at least 5.95; others in the state
# 0.39 and 1.34, at least 3.45.
WASHINGTON_2025: dict[str, Any] = {
    "name": "Washington 2025",
    "currency": "USD",
    "floors": [
        {
            "name": "Seattle",
            "priority": 2,
            "start_zones": ["seattle"],
            "per_distance": {"mills": 159_000, "unit": "mile"},
            "per_minute_mills": 68_000,
            "per_trip_min_minor": 595,
            "source": "Washington State L&I, TNC minimum compensation 2025; RCW 49.46.300",
        },
        {
            "name": "Washington",
            "priority": 1,
            "per_distance": {"mills": 134_000, "unit": "mile"},
            "per_minute_mills": 39_000,
            "per_trip_min_minor": 345,
            "source": "Washington State L&I, TNC minimum compensation 2025; RCW 49.46.300",
        },
    ],
}
SHARE = Share(driver_bps=8000, coop_bps=1500, city_bps=500)


def floor_for(body: dict[str, Any], vehicle_class: str, zone_from: str | None = None) -> PayFloor:
    floor = parse_pay_floors(body).find_for(vehicle_class, zone_from)
    assert floor is not None
    return floor


@pytest.mark.parametrize("metres", [int(MILE * Fraction("5.2")), int(MILE * Fraction("5.2")) + 1])
def test_new_york_2024_five_point_two_miles_and_23_minutes(metres: int) -> None:
    """TLC rates effective 2024-03-01: 1.360 a mile (wheelchair 1.760) and 0.583 a minute.
    7.072 + 13.409 = 20.48; 9.152 + 13.409 = 22.56. 5.2 miles lie between 8,368 and 8,369 m."""
    body = example_pay_floor()
    assert floor_for(body, "standard").earned_minor(metres, 23 * 60) == 2048
    assert floor_for(body, "wheelchair").earned_minor(metres, 23 * 60) == 2256


@pytest.mark.parametrize(
    ("miles", "minutes", "zone", "earned"),
    [
        ("5.2", 23, "seattle", 2391),  # 8.268 + 15.64 = 23.908
        ("0.6", 4, "seattle", 595),  # 0.954 + 2.72 = 3.67: the least for a trip
        ("5.2", 23, "tacoma", 1594),  # 6.968 + 8.97 = 15.938
        ("0.6", 4, None, 345),  # 0.804 + 1.56 = 2.36
    ],
)
def test_seattle_2025_by_the_zone_of_the_pickup(
    miles: str, minutes: int, zone: str | None, earned: int
) -> None:
    metres = round(MILE * Fraction(miles))
    assert floor_for(WASHINGTON_2025, "standard", zone).earned_minor(metres, minutes * 60) == earned


def test_a_floor_by_the_kilometre() -> None:
    """1.005 a km: 1 km is 100.5 cents, a half, rounded up; 0.999 km is 100.3995."""
    body = example_pay_floor()
    body["floors"][1] |= {"per_distance": {"mills": 100_500, "unit": "km"}, "per_minute_mills": 0}
    floor = floor_for(body, "standard")
    assert [floor.earned_minor(metres, 59) for metres in (0, 999, 1000)] == [0, 100, 101]


def test_a_mile_is_1609_344_metres_exactly() -> None:
    """1,609,344 m are a thousand miles, at 1.36 each: 1,360.00; a metre less is 1,359.999."""
    body = example_pay_floor()
    body["floors"][1] |= {"per_minute_mills": 0}
    floor = floor_for(body, "standard")
    assert floor.earned_minor(1_609_344, 0) == 136_000
    assert floor.earned_minor(1_609_338, 0) == 135_999


def test_distance_and_time_are_added_before_the_one_rounding() -> None:
    """0.4 cents for the km and 0.4 cents for the minute are one cent."""
    body = example_pay_floor()
    body["floors"][1] |= {"per_distance": {"mills": 400, "unit": "km"}, "per_minute_mills": 400}
    assert floor_for(body, "standard").earned_minor(1000, 60) == 1


def pay_for(lines: list[Line], metres: int, seconds: int, body: dict[str, Any]) -> DriverPay:
    journey = Journey(metres=metres, seconds=seconds, vehicle_class="standard", zone_from="seattle")
    return driver_pay(lines, journey, share=SHARE, floors=parse_pay_floors(body))


def fare_of(minor: int) -> list[Line]:
    return [Line(code="flag", amount_minor=minor, detail={})]


def test_a_share_below_the_floor_is_topped_up_to_it() -> None:
    """80 % of 20.00 is 16.00; the floor is 23.91: the co-operative adds 7.91."""
    pay = pay_for(fare_of(2000), 8369, 1380, WASHINGTON_2025)
    assert (pay.share_minor, pay.floor_minor, pay.top_up_minor) == (1600, 2391, 791)
    assert pay.pay_minor == 2391


@pytest.mark.parametrize(("fare", "top_up"), [(2987, 1), (2988, 0), (2989, 0), (5000, 0)])
def test_a_share_at_the_floor_gets_nothing_more(fare: int, top_up: int) -> None:
    """80 % of 29.87 is 23.90 (23.896); of 29.88 it is 23.904, and the last cent is the driver's."""
    assert pay_for(fare_of(fare), 8369, 1380, WASHINGTON_2025).top_up_minor == top_up


def test_tolls_given_back_do_not_count_against_the_floor() -> None:
    toll = Line(code="pass_through.toll", amount_minor=900, goes_to=GoesTo.DRIVER, detail={})
    extra = Line(code="surcharge.pet", amount_minor=100, goes_to=GoesTo.DRIVER, detail={})
    pay = pay_for([*fare_of(2000), toll, extra], 8369, 1380, WASHINGTON_2025)
    assert (pay.share_minor, pay.reimbursed_minor, pay.top_up_minor) == (1700, 900, 691)


def test_without_a_floor_the_share_is_the_pay() -> None:
    nothing = {"name": "None", "currency": "USD", "floors": []}
    pay = pay_for(fare_of(2000), 8369, 1380, nothing)
    assert (pay.floor_name, pay.floor_minor, pay.top_up_minor, pay.pay_minor) == (None, 0, 0, 1600)


def test_the_pay_is_explained_in_numbers_a_driver_can_redo() -> None:
    floors = parse_pay_floors(WASHINGTON_2025)
    toll = Line(code="pass_through.toll", amount_minor=900, goes_to=GoesTo.DRIVER, detail={})
    assert explain_pay(pay_for([*fare_of(2000), toll], 8369, 1380, WASHINGTON_2025), floors) == [
        "Your share is 80 % of 20.00 USD: 16.00 USD.",
        "The pay floor 'Seattle' for 8369 m and 23 min 0 s, at 1.59 USD a mile and 0.68 USD a "
        "minute, at least 5.95 USD a trip, is 23.91 USD.",
        "Your share is below it: the co-operative adds 7.91 USD.",
        "What you paid for the rider is given back: 9.00 USD.",
        "Your pay for this trip is 23.91 USD.",
    ]
    pet = Line(code="surcharge.pet", amount_minor=100, goes_to=GoesTo.DRIVER, detail={})
    assert explain_pay(pay_for([*fare_of(2000), pet], 8369, 1380, WASHINGTON_2025), floors)[:2] == [
        "Your share is 80 % of 20.00 USD: 16.00 USD.",
        "With surcharges that are wholly yours, 1.00 USD, it is 17.00 USD.",
    ]
    assert "Your share reaches it: nothing is added." in explain_pay(
        pay_for(fare_of(5000), 8369, 1380, WASHINGTON_2025), floors
    )
