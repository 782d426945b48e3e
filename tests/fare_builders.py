"""Quotes without a database, for tests of what comes after them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from fares.fare import Driven, Extras, final_fare
from fares.pay import driver_pay, parse_pay_floors
from fares.price import Journey, price
from fares.quote import Quote
from fares.receipt import TripFacts, make_receipt
from fares.tariff import parse_tariff
from foundation.identifiers import UUID, QuoteId, RiderId, RuleId, TransferId, TripId
from foundation.measures import Point
from rulebook.rule import Rule, RuleKind, digest_of
from tests.rules import example_pay_floor, example_tariff

MADE_AT = datetime(2014, 12, 22, 2, tzinfo=UTC)  # Sunday, 21:00 in New York


def rule(kind: RuleKind, body: dict[str, Any], number: int) -> Rule:
    """A rule in force since 2014, as the rulebook gives it."""
    return Rule(
        rule_id=RuleId(UUID(int=number)),
        kind=kind,
        version=1,
        body=body,
        valid_from=datetime(2014, 2, 1, tzinfo=UTC),
        valid_to=None,
        published_at=datetime(2014, 1, 1, tzinfo=UTC),
        adoption_id=UUID(int=99),
        adopted_by="charter: Founding charter of Example",
        digest=digest_of(body),
    )


def tariff_rule(body: dict[str, Any] | None = None) -> Rule:
    """The example tariff, or `body`, as a rule."""
    return rule(RuleKind.TARIFF, body or example_tariff(), 1)


def pay_floor_rule(body: dict[str, Any] | None = None) -> Rule:
    """The example pay floor, or `body`, as a rule."""
    return rule(RuleKind.PAY_FLOOR, body or example_pay_floor(), 2)


def quote_for(
    journey: Journey,
    *,
    tariff_body: dict[str, Any] | None = None,
    floor_body: dict[str, Any] | None = None,
    at: datetime = MADE_AT,
) -> Quote:
    """A quote as `make_quote` would store it."""
    tariff = parse_tariff(tariff_body or example_tariff())
    floors = parse_pay_floors(floor_body or example_pay_floor())
    priced = price(tariff, journey, at)
    pay = driver_pay(priced.lines, journey, share=tariff.share, floors=floors)
    return Quote(
        quote_id=QuoteId(UUID(int=3)),
        rider_id=RiderId(UUID(int=4)),
        pickup=Point(-73.98, 40.75),
        dropoff=Point(-73.95, 40.78),
        metres=journey.metres,
        seconds=journey.seconds,
        route_line="_p~iF~ps|U_ulLnnqC_mqNvxq`@",
        vehicle_class=journey.vehicle_class,
        seats=journey.seats,
        stops=journey.stops,
        needs=("wheelchair",),
        zone_from=journey.zone_from,
        zone_to=journey.zone_to,
        concession=journey.concession,
        is_shared=journey.is_shared,
        tariff_rule_id=RuleId(UUID(int=1)),
        pay_floor_rule_id=RuleId(UUID(int=2)),
        priced_at=at,
        lines=priced.lines,
        total=priced.total,
        driver_pay_minor=pay.pay_minor,
        made_at=at,
        expires_at=at + timedelta(seconds=120),
        booked_for=None,
        degraded=False,
    )


def eventful_receipt(tariff: Rule | None = None) -> dict[str, Any]:
    """A trip with a concession, a wait, a stop, a toll, a changed destination and a top-up."""
    journey = Journey(
        metres=5000, seconds=900, vehicle_class="standard", zone_from="midtown",
        concession="senior", stops=1,
    )  # fmt: skip
    quote = quote_for(journey)
    fare = final_fare(
        quote,
        parse_tariff(example_tariff()),
        floors=parse_pay_floors(example_pay_floor()),
        extras=Extras(
            waiting_seconds=200,
            added_stops=1,
            outlays_minor={"toll": 650},
            changed_to=Journey(
                metres=6000, seconds=1000, vehicle_class="standard", zone_to="north"
            ),
        ),
        driven=Driven(metres=6100, seconds=2400),
    )
    document = make_receipt(
        quote,
        fare.as_json(),
        tariff_rule=tariff or tariff_rule(),
        pay_floor_rule=pay_floor_rule(),
        trip=TripFacts(
            trip_id=TripId(UUID(int=5)),
            completed_at=datetime(2014, 12, 22, 3, tzinfo=UTC),
            tip_minor=200,
            transfers=(TransferId(UUID(int=6)),),
        ),
    )
    copied: dict[str, Any] = json.loads(json.dumps(document))
    return copied
