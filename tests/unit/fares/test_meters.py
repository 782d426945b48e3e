"""Taximeters of several cities' kinds, each worked out by hand in its test."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fares.errors import ConcessionUnknown, JourneyTooLong, VehicleClassUnknown
from fares.price import Journey, Priced, Shares, decimal, price
from fares.tariff import exact_e4, parse_tariff
from tests.rules import example_tariff

NOON = datetime(2014, 12, 16, 17, tzinfo=UTC)  # a Tuesday in New York
SUNDAY_NIGHT = datetime(2014, 12, 22, 2, tzinfo=UTC)  # 21:00 in New York


def one_rule(currency: str = "USD", digits: int = 2, **rule: Any) -> dict[str, Any]:
    """A tariff of one rule for everybody, all of it for the driver."""
    return {
        "name": "One rule",
        "currency": currency,
        "minor_digits": digits,
        "timezone": "America/New_York",
        "vehicle_classes": ["standard"],
        "rules": [{"name": "always", "priority": 0} | rule],
        "concessions": [
            {"code": "half", "bps": 5000, "funder": "coop"},
            {"code": "voucher", "amount_minor": 1000, "funder": "city"},
        ],
        "share": {"driver_bps": 8000, "coop_bps": 1500, "city_bps": 500},
    }


def priced(tariff: dict[str, Any], metres: int, seconds: int, **more: Any) -> Priced:
    at = more.pop("at", NOON)
    journey = Journey(metres=metres, seconds=seconds, **({"vehicle_class": "standard"} | more))
    return price(parse_tariff(tariff), journey, at)


def amounts(found: Priced) -> dict[str, int]:
    assert sum(line.amount_minor for line in found.lines) == found.total.minor
    assert found.shares.sum_minor == found.total.minor
    return {line.code: line.amount_minor for line in found.lines}


def test_the_example_of_the_reference_page() -> None:
    """3.50 + 4,700 m at 2.00 a mile = 5.84 + 15 min at 0.55 = 8.25 + 1.00 + 0.75 = 19.34."""
    found = priced(example_tariff(), 5000, 900, zone_from="midtown", at=SUNDAY_NIGHT)
    assert amounts(found) == {
        "flag": 350, "distance": 584, "time": 825, "booking_fee": 100, "surcharge.congestion": 75,
    }  # fmt: skip
    assert str(found.total) == "19.34 USD"
    assert found.rule_name == "night"
    assert found.shares == Shares(driver_minor=1487, coop_minor=279, city_minor=93 + 75)


def test_a_meter_that_charges_begun_fifths_of_a_mile_and_slow_minutes() -> None:
    """2,000 m in 10 min. A fifth of a mile is 321.8688 m: 6.21 of them, 7 begun: 7 × 0.50 = 3.50.
    At 12 mph (19.3121 km/h) 2,000 m take 372.8 s, so 600 - 373 = 227 s were slower: 3.8 minutes,
    4 begun: 2.00. With 2.50 for getting in: 8.00."""
    meter = one_rule(
        flag={"amount_minor": 250},
        distance_steps=[{"per_m": "321.8688", "amount_mills": 50_000, "part_unit": "full"}],
        time_steps=[
            {"per_s": 60, "amount_mills": 50_000, "part_unit": "full", "below_kmh": "19.3121"}
        ],
    )
    assert amounts(priced(meter, 2000, 600)) == {"flag": 250, "distance": 350, "time": 200}
    # Faster than the crossover speed, no minute is slow: 2,000 m in 6 min are 5.00 + 1.00.
    assert amounts(priced(meter, 2000, 360)) == {"flag": 250, "distance": 350}
    # Standing still for ten minutes is all slow.
    assert amounts(priced(meter, 0, 600)) == {"flag": 250, "time": 500}


@pytest.mark.parametrize(
    ("metres", "distance"),
    [
        (0, 0),
        (234, 0),  # within what the flag covers
        (235, 20),  # 0.2 m into the first unit
        (352, 20),  # 117.2 m: still the first unit
        (353, 40),  # 118.2 m
        (9656, 1620),  # 9,421.2 m ÷ 117.4 = 80.2: 81 units
        (9657, 1640),  # and the first of the second band
        (10_000, 1700),  # 343.936 m ÷ 86.9 = 3.96: 4 units
    ],
)
def test_a_meter_with_a_dearer_second_band_after_six_miles(metres: int, distance: int) -> None:
    """0.20 for each 117.4 m begun after the first 234.8 m, from 9,656.064 m on each 86.9 m."""
    meter = one_rule(
        "GBP",
        flag={"amount_minor": 380, "includes_m": "234.8"},
        distance_steps=[
            {"to_m": "9656.064", "per_m": "117.4", "amount_mills": 20_000, "part_unit": "full"},
            {"from_m": "9656.064", "per_m": "86.9", "amount_mills": 20_000, "part_unit": "full"},
        ],
    )
    found = amounts(priced(meter, metres, 0))
    assert found == {"flag": 380} | ({"distance": distance} if distance else {})


def test_a_meter_without_decimals() -> None:
    """500 yen cover 1,096 m; then 100 for each 255 m begun: 3,904 m are 15.3, so 16: 2,100."""
    meter = one_rule(
        "JPY",
        0,
        flag={"amount_minor": 500, "includes_m": 1096},
        distance_steps=[{"per_m": 255, "amount_mills": 100_000, "part_unit": "full"}],
    )
    assert str(priced(meter, 5000, 0).total) == "2100 JPY"


def test_a_meter_with_three_decimals_rounds_the_half_up() -> None:
    """0.250 dinar a km: 1,234 m are 308.5 fils, so 309; 1,233 m are 308.25, so 308."""
    meter = one_rule("KWD", 3, distance_steps=[{"per_m": 1000, "amount_mills": 250_000}])
    assert str(priced(meter, 1234, 0).total) == "0.309 KWD"
    assert str(priced(meter, 1233, 0).total) == "0.308 KWD"


def test_bands_of_one_line_are_added_before_the_one_rounding() -> None:
    """Two bands of 0.4 cents each are 0.8 cents: one cent; rounded apart they would be nothing."""
    meter = one_rule(
        distance_steps=[
            {"to_m": 1000, "per_m": 1000, "amount_mills": 400},
            {"from_m": 1000, "per_m": 1000, "amount_mills": 400},
        ]
    )
    assert amounts(priced(meter, 2000, 0)) == {"distance": 1}


def test_time_bands_and_included_seconds() -> None:
    """Of 700 s the first 100 are covered: 500 s to the band's end at 0.01 and 100 s at 0.02."""
    meter = one_rule(
        flag={"amount_minor": 100, "includes_s": 100},
        time_steps=[
            {"to_s": 600, "per_s": 1, "amount_mills": 1_000},
            {"from_s": 600, "per_s": 1, "amount_mills": 2_000},
        ],
    )
    assert amounts(priced(meter, 0, 700)) == {"flag": 100, "time": 700}


def test_lines_are_rounded_to_the_coin_the_tariff_names() -> None:
    """To 5 minor units: 3.12 is 3.10, 3.13 is 3.15 (2.5 up)."""
    meter = one_rule(distance_steps=[{"per_m": 1000, "amount_mills": 100_000}]) | {
        "rounding": {"mode": "half_up", "at": "line", "to_minor": 5}
    }
    assert [priced(meter, metres, 0).total.minor for metres in (3120, 3124, 3125, 3175)] == [
        310, 310, 315, 320,
    ]  # fmt: skip


def test_the_minimum_is_a_line_of_its_own_and_counts_the_metered_fare_only() -> None:
    """Flag 3.00 and 500 m at 1.00 a km lack 4.50 of 8.00; the booking fee comes on top."""
    meter = one_rule(
        flag={"amount_minor": 300},
        distance_steps=[{"per_m": 1000, "amount_mills": 100_000}],
        minimum_minor=800,
        booking_fee_minor=100,
    )
    assert amounts(priced(meter, 500, 0)) == {
        "flag": 300, "distance": 50, "minimum": 450, "booking_fee": 100,
    }  # fmt: skip
    assert "minimum" not in amounts(priced(meter, 5000, 0))


def test_surcharges_are_of_the_metered_fare_with_its_minimum() -> None:
    """10 % of the minimum 8.00 is 0.80; the stop and the fee do not count."""
    meter = one_rule(
        minimum_minor=800,
        stop_fee_minor=100,
        booking_fee_minor=100,
        surcharges=[{"code": "night", "bps": 1000}, {"code": "tax", "amount_minor": 50, "to": "city"}],
    )  # fmt: skip
    assert amounts(priced(meter, 0, 0, stops=2)) == {
        "minimum": 800, "stops": 200, "booking_fee": 100, "surcharge.night": 80, "surcharge.tax": 50,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("end", "zone_from", "zone_to", "applies"),
    [
        ("from", "jfk", None, True), ("from", None, "jfk", False), ("to", None, "jfk", True),
        ("to", "jfk", None, False), ("either", "jfk", None, True), ("either", None, "jfk", True),
        ("either", "lga", "ewr", False), ("either", None, None, False),
    ],
)  # fmt: skip
def test_a_surcharge_may_be_for_a_zone(
    end: str, zone_from: str | None, zone_to: str | None, applies: bool
) -> None:
    extra = {"code": "gate", "amount_minor": 100, "zone": {"end": end, "codes": ["jfk"]}}
    found = priced(one_rule(surcharges=[extra]), 0, 0, zone_from=zone_from, zone_to=zone_to)
    assert bool(found.lines) is applies


def test_a_concession_is_borne_by_its_funder_never_by_the_driver() -> None:
    """Of 20.00 the rider pays half. Driver 16.00, city 1.00; the co-operative's 3.00 less 10.00."""
    meter = one_rule(flag={"amount_minor": 2000})
    full, half = priced(meter, 0, 0), priced(meter, 0, 0, concession="half")
    assert amounts(half) == {"flag": 2000, "concession.half": -1000}
    assert half.total.minor == 1000
    assert half.shares == Shares(driver_minor=1600, coop_minor=300 - 1000, city_minor=100)
    assert half.shares.driver_minor == full.shares.driver_minor


def test_a_concession_never_makes_a_fare_negative() -> None:
    """A voucher of 10.00 on a fare of 4.00 spares 4.00; a charge for the city stays."""
    meter = one_rule(
        flag={"amount_minor": 400},
        surcharges=[{"code": "tax", "amount_minor": 50, "to": "city"}],
    )
    found = priced(meter, 0, 0, concession="voucher")
    assert amounts(found) == {"flag": 400, "surcharge.tax": 50, "concession.voucher": -400}
    assert found.total.minor == 50


def test_what_the_tariff_does_not_know_is_refused() -> None:
    meter = one_rule(flag={"amount_minor": 400})
    with pytest.raises(VehicleClassUnknown, match="choose one of standard"):
        priced(meter, 0, 0, vehicle_class="helicopter")
    with pytest.raises(ConcessionUnknown):
        priced(meter, 0, 0, concession="friend")


@pytest.mark.parametrize("field", ["metres", "seconds", "stops"])
@pytest.mark.parametrize("value", [-1, 10**9])
def test_a_journey_no_car_can_make_is_refused(field: str, value: int) -> None:
    with pytest.raises(JourneyTooLong, match=field):
        Journey(**({"metres": 0, "seconds": 0, "vehicle_class": "standard"} | {field: value}))


@pytest.mark.parametrize("value", [True, 1.0, None])
def test_a_journey_is_in_whole_numbers(value: object) -> None:
    with pytest.raises((AssertionError, TypeError)):
        Journey(metres=value, seconds=0, vehicle_class="standard")  # type: ignore[arg-type]


def test_an_instant_without_a_zone_is_a_mistake() -> None:
    tariff = parse_tariff(one_rule())
    journey = Journey(metres=0, seconds=0, vehicle_class="standard")
    with pytest.raises(AssertionError, match="an instant"):
        price(tariff, journey, datetime(2014, 12, 1))


@pytest.mark.parametrize(
    ("text", "e4"),
    [(0, 0), ("0", 0), (7, 70_000), ("321.8688", 3_218_688), ("0.1", 1_000), ("007.50", 75_000)],
)
def test_decimals_are_exact(text: int | str, e4: int) -> None:
    assert exact_e4(text) == e4
    assert exact_e4(decimal(e4)) == e4
