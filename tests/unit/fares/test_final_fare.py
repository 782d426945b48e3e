"""The quoted price stands; what the rider changed is added line by line (I17)."""

from dataclasses import replace
from typing import Any

import pytest

from fares.errors import JourneyTooLong, PassThroughUnknown
from fares.fare import Driven, Extras, Fare, as_quoted, final_fare
from fares.pay import parse_pay_floors
from fares.price import Journey, price
from fares.quote import Quote, requote
from fares.tariff import parse_tariff
from tests.fare_builders import MADE_AT, quote_for
from tests.rules import example_pay_floor, example_tariff

JOURNEY = Journey(metres=5000, seconds=900, vehicle_class="standard", zone_from="midtown")
TARIFF = parse_tariff(example_tariff())
FLOORS = parse_pay_floors(example_pay_floor())


def fare(quote: Quote, driven: Driven | None = None, **extras: Any) -> Fare:
    return final_fare(
        quote,
        TARIFF,
        floors=FLOORS,
        extras=Extras(**extras),
        driven=driven or Driven(metres=5000, seconds=900),
    )


def amounts(found: Fare) -> dict[str, int]:
    assert sum(line.amount_minor for line in found.lines) == found.total.minor
    assert found.shares.sum_minor == found.total.minor
    return {line.code: line.amount_minor for line in found.lines}


def test_a_quote_computed_again_is_the_same() -> None:
    quote = quote_for(JOURNEY)
    assert requote(quote, TARIFF).lines == quote.lines
    assert requote(quote, TARIFF).total == quote.total


def test_a_trip_on_which_nothing_changed_costs_what_was_quoted() -> None:
    quote = quote_for(JOURNEY)
    found = as_quoted(quote, TARIFF, FLOORS)
    assert found.lines == quote.lines
    assert found.total == found.metered == quote.total
    assert found.pay.pay_minor == quote.driver_pay_minor


def test_a_longer_way_is_not_charged_but_paid_by_the_floor_and_shown_by_the_meter() -> None:
    """8 km in 40 min instead of 5 km in 15 min. The meter: 3.50 + 9.57 + 22.00 + 1.00 + 0.75.
    The floor: 4.97 miles and 40 min are 6.76 + 23.32 = 30.08; the share is 14.87."""
    quote = quote_for(JOURNEY)
    found = fare(quote, Driven(metres=8000, seconds=2400))
    assert found.total == quote.total
    assert found.metered.minor == 350 + 957 + 2200 + 100 + 75
    assert (found.pay.share_minor, found.pay.floor_minor) == (1487, 3008)
    assert found.pay.top_up_minor == 3008 - 1487


@pytest.mark.parametrize(
    ("seconds", "waiting"), [(0, 0), (120, 0), (121, 50), (180, 50), (181, 100), (720, 500)]
)
def test_waiting_is_charged_by_begun_minutes_after_the_free_ones(
    seconds: int, waiting: int
) -> None:
    found = fare(quote_for(JOURNEY), waiting_seconds=seconds)
    assert amounts(found).get("waiting", 0) == waiting
    assert found.metered == found.total


def test_stops_and_tolls_are_lines_of_their_own() -> None:
    """A toll goes whole to the driver who paid it, an airport fee whole to the city."""
    quote = quote_for(JOURNEY)
    found = fare(quote, added_stops=2, outlays_minor={"toll": 650, "airport_fee": 250})
    assert amounts(found) == {line.code: line.amount_minor for line in quote.lines} | {
        "added_stops": 200, "pass_through.airport_fee": 250, "pass_through.toll": 650,
    }  # fmt: skip
    # 80 % of 18.59 + 2.00, and the toll; 5 % of it, the congestion charge and the airport fee.
    assert found.shares.driver_minor == 1647 + 650
    assert found.shares.city_minor == 103 + 75 + 250
    assert found.pay.reimbursed_minor == 650
    assert found.pay.share_minor == 1647


def test_an_outlay_that_the_tariff_does_not_pass_on_is_refused() -> None:
    with pytest.raises(PassThroughUnknown, match="parking"):
        fare(quote_for(JOURNEY), outlays_minor={"parking": 500})


@pytest.mark.parametrize("extras", [{"waiting_seconds": -1}, {"added_stops": 101}, {"outlays_minor": {"toll": -5}}])  # fmt: skip
def test_extras_that_cannot_be_are_refused(extras: dict[str, Any]) -> None:
    with pytest.raises(JourneyTooLong):
        Extras(**extras)


def test_a_changed_destination_costs_what_a_quote_to_it_would_have() -> None:
    quote = quote_for(JOURNEY)
    there = Journey(metres=9000, seconds=1500, vehicle_class="standard", zone_to="midtown")
    found = fare(quote, Driven(metres=9000, seconds=1500), changed_to=there)
    direct = price(TARIFF, replace(JOURNEY, metres=9000, seconds=1500, zone_to="midtown"), MADE_AT)
    assert found.total == direct.total == found.metered
    assert found.shares == direct.shares
    assert amounts(found)["change.distance"] == 1081 - 584
    assert amounts(found)["change.time"] == 1375 - 825
    assert found.lines[: len(quote.lines)] == quote.lines


def test_a_nearer_destination_costs_less() -> None:
    found = fare(
        quote_for(JOURNEY),
        Driven(metres=600, seconds=60),
        changed_to=Journey(metres=600, seconds=60, vehicle_class="standard"),
    )
    # 3.50 + 0.37 + 0.55 lack 4.58 of the minimum.
    assert amounts(found)["change.minimum"] == 458
    assert found.total.minor == 900 + 100 + 75


def test_a_flat_fare_to_the_airport_replaces_the_meter_when_the_rider_goes_there() -> None:
    found = fare(
        quote_for(JOURNEY),
        changed_to=Journey(metres=25_000, seconds=2500, vehicle_class="standard", zone_to="JFK"),
    )
    assert found.total.minor == found.metered.minor == 5300


def test_a_concession_given_is_kept_and_the_changes_are_not_reduced() -> None:
    quote = quote_for(replace(JOURNEY, concession="senior"))
    found = fare(quote, waiting_seconds=180)
    # 25 % of the shared 18.59 is 4.65 (4.6475), borne by the city.
    assert amounts(found)["concession.senior"] == -465
    assert found.total.minor == 1934 - 465 + 50
    # Of 18.59 + 0.50 the parts are 15.272, 2.8635 and 0.9545: the last cent is the city's, whose
    # remainder is the largest. With the congestion charge, less the concession.
    assert found.shares.city_minor == 96 + 75 - 465


def test_the_document_says_everything_as_whole_numbers_and_text() -> None:
    document = fare(quote_for(JOURNEY), waiting_seconds=180, outlays_minor={"toll": 1}).as_json()
    assert document["total_minor"] == sum(line["amount_minor"] for line in document["lines"])

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)
        else:
            assert type(value) in (int, str, type(None))

    walk(document)
