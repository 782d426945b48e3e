"""Laws of prices, for every tariff the language allows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fares.fare import Driven, Extras, final_fare
from fares.lines import lines_as_json, lines_from_json
from fares.pay import MILLIMETRES, driver_pay, parse_pay_floors
from fares.price import Journey, Line, choose_rule, divide, price
from fares.quote import requote
from fares.receipt import TripFacts, make_receipt, verify
from fares.route_line import decode_line, encode_line
from fares.tariff import Share, parse_tariff
from foundation.identifiers import UUID, TripId
from tests.fare_builders import pay_floor_rule, quote_for, tariff_rule
from tests.rules import example_pay_floor
from tests.tariff_strategies import journeys, tariffs

INSTANTS = st.integers(0, 366 * 24 * 60).map(
    lambda minute: datetime(2014, 2, 1, tzinfo=UTC) + timedelta(minutes=minute)
)
LAWS = settings(max_examples=80, deadline=None)


@LAWS
@given(tariffs(slow=True), journeys(), INSTANTS)
def test_the_lines_sum_to_the_total_and_the_shares_too(
    body: dict[str, Any], journey: dict[str, Any], at: datetime
) -> None:
    found = price(parse_tariff(body), Journey(**journey), at)
    assert sum(line.amount_minor for line in found.lines) == found.total.minor
    assert found.shares.sum_minor == found.total.minor >= 0
    to_minor = body["rounding"]["to_minor"]
    assert all(line.amount_minor % to_minor == 0 for line in found.lines)
    assert lines_from_json(lines_as_json(found.lines)) == found.lines


@LAWS
@given(tariffs(), journeys(), INSTANTS, st.integers(0, 5_000), st.integers(0, 2_000))
def test_a_longer_or_slower_way_never_costs_less(
    body: dict[str, Any], fields: dict[str, Any], at: datetime, metres: int, seconds: int
) -> None:
    tariff, journey = parse_tariff(body), Journey(**fields)
    further = replace(journey, metres=journey.metres + metres)
    slower = replace(journey, seconds=journey.seconds + seconds)
    now = price(tariff, journey, at).total.minor
    assert price(tariff, further, at).total.minor >= now
    assert price(tariff, slower, at).total.minor >= now


@LAWS
@given(tariffs(slow=True), journeys(), INSTANTS, st.integers(0, 2_000))
def test_a_slower_way_never_costs_less_when_only_slow_time_counts(
    body: dict[str, Any], fields: dict[str, Any], at: datetime, seconds: int
) -> None:
    tariff, journey = parse_tariff(body), Journey(**fields)
    slower = replace(journey, seconds=journey.seconds + seconds)
    assert price(tariff, slower, at).total.minor >= price(tariff, journey, at).total.minor


@LAWS
@given(tariffs(slow=True), journeys(), INSTANTS)
def test_distance_and_time_are_what_fractions_say(
    body: dict[str, Any], fields: dict[str, Any], at: datetime
) -> None:
    """The same charge in plain fractions, from the published document alone."""
    tariff, journey = parse_tariff(body), Journey(**fields)
    name = choose_rule(tariff, journey, at).name
    raw = next(rule for rule in body["rules"] if rule["name"] == name)
    lines = {line.code: line.amount_minor for line in price(tariff, journey, at).lines}
    to_minor = body["rounding"]["to_minor"]
    included = Fraction(raw["flag"]["includes_m"])
    assert lines.get("distance", 0) == in_fractions(
        raw["distance_steps"], "m", included, lambda _: journey.metres, to_minor
    )

    def counted(step: Mapping[str, Any]) -> int:
        if step["below_kmh"] is None:
            return journey.seconds
        driven = Decimal(journey.metres) * Decimal("3.6") / Decimal(str(step["below_kmh"]))
        return max(0, journey.seconds - int(driven.to_integral_value(ROUND_CEILING)))

    included = Fraction(raw["flag"]["includes_s"])
    assert lines.get("time", 0) == in_fractions(raw["time_steps"], "s", included, counted, to_minor)


def in_fractions(
    steps: Sequence[Mapping[str, Any]], unit: str, included: Fraction, counted: Any, to_minor: int
) -> int:
    mills = Fraction(0)
    for step in steps:
        end = (
            counted(step) if step[f"to_{unit}"] is None else min(counted(step), step[f"to_{unit}"])
        )
        length = max(Fraction(0), end - max(included, Fraction(step[f"from_{unit}"])))
        units = length / Fraction(step[f"per_{unit}"])
        if step["part_unit"] == "full":
            units = Fraction(-(-units.numerator // units.denominator))
        mills += units * step["amount_mills"]
    coins = mills / 1000 / to_minor + Fraction(1, 2)
    return (coins.numerator // coins.denominator) * to_minor


def test_every_fare_up_to_500_splits_exactly() -> None:
    for share in (
        Share(driver_bps=8000, coop_bps=1500, city_bps=500),
        Share(driver_bps=3333, coop_bps=3333, city_bps=3334),
        Share(driver_bps=9999, coop_bps=0, city_bps=1),
    ):
        for minor in range(50_001):
            shares = divide([Line(code="flag", amount_minor=minor, detail={})], share)
            assert shares.driver_minor + shares.coop_minor + shares.city_minor == minor
            assert abs(shares.driver_minor * 10_000 - minor * share.driver_bps) < 10_000
            assert abs(shares.coop_minor * 10_000 - minor * share.coop_bps) < 10_000
            assert abs(shares.city_minor * 10_000 - minor * share.city_bps) < 10_000


@LAWS
@given(tariffs(slow=True), journeys(), INSTANTS, st.data())
def test_a_receipt_computed_again_gives_the_same_integers(
    body: dict[str, Any], fields: dict[str, Any], at: datetime, data: st.DataObject
) -> None:
    floor_body = example_pay_floor() | {"currency": body["currency"]}
    quote = quote_for(Journey(**fields), tariff_body=body, floor_body=floor_body, at=at)
    tariff, floors = parse_tariff(body), parse_pay_floors(floor_body)
    assert requote(quote, tariff).lines == quote.lines
    changed = data.draw(st.none() | journeys())
    fare = final_fare(
        quote,
        tariff,
        floors=floors,
        extras=Extras(
            waiting_seconds=data.draw(st.integers(0, 2_000)),
            added_stops=data.draw(st.integers(0, 3)),
            outlays_minor=data.draw(
                st.dictionaries(st.sampled_from(["toll", "gate"]), st.integers(0, 5_000))
            ),
            changed_to=None if changed is None else Journey(**changed),
        ),
        driven=Driven(
            metres=data.draw(st.integers(0, 60_000)), seconds=data.draw(st.integers(0, 9_000))
        ),
    )
    assert fare.total.minor == sum(line.amount_minor for line in fare.lines)
    assert fare.shares.sum_minor == fare.total.minor >= 0
    assert fare.pay.pay_minor >= fare.pay.floor_minor
    assert fare.pay.share_minor + fare.pay.reimbursed_minor == fare.shares.driver_minor
    receipt = make_receipt(
        quote,
        fare.as_json(),
        tariff_rule=tariff_rule(body),
        pay_floor_rule=pay_floor_rule(floor_body),
        trip=TripFacts(trip_id=TripId(UUID(int=5)), completed_at=at),
    )
    assert verify(receipt) == []


@LAWS
@given(
    st.integers(0, 100_000),
    st.integers(0, 20_000),
    st.integers(0, 500_000),
    st.integers(0, 500_000),
    st.sampled_from(["km", "mile"]),
)
def test_a_pay_floor_is_what_fractions_say(
    metres: int, seconds: int, distance_mills: int, minute_mills: int, unit: str
) -> None:
    body = example_pay_floor()
    body["floors"][1] |= {
        "per_distance": {"mills": distance_mills, "unit": unit},
        "per_minute_mills": minute_mills,
    }
    journey = Journey(metres=metres, seconds=seconds, vehicle_class="standard")
    share = Share(driver_bps=10_000, coop_bps=0, city_bps=0)
    pay = driver_pay([], journey, share=share, floors=parse_pay_floors(body))
    mills = Fraction(metres * 1000, MILLIMETRES[unit]) * distance_mills
    mills += Fraction(seconds, 60) * minute_mills
    assert pay.pay_minor == int(mills / 1000 + Fraction(1, 2))


@LAWS
@given(
    st.lists(
        st.tuples(st.integers(-18_000_000, 18_000_000), st.integers(-9_000_000, 9_000_000)),
        max_size=30,
    )
)
def test_a_route_line_keeps_five_decimals(points_e5: list[tuple[int, int]]) -> None:
    points = [(lon / 100_000, lat / 100_000) for lon, lat in points_e5]
    assert decode_line(encode_line(points)) == points
