"""A person's trips of a month under two sets of rules: what was, and what would have been.

Pure: facts of trips in, sums out. The arithmetic is that of the final fare and of a statement:
a driver's pay is share, lines that go whole to the driver, and top-up, without tips and without
outlays given back; a rider's fares are the totals.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fares.errors import PayFloorInvalid
from fares.fare import Driven, Extras, Fare, final_fare
from fares.levy import parse_levy, with_levy
from fares.pay import PayFloors, parse_pay_floors
from fares.price import Journey, Line, price
from fares.quote import Quote
from fares.tariff import Tariff, parse_tariff
from foundation.identifiers import UUID, QuoteId, RuleId
from foundation.money import Money
from rulebook.rule import RuleKind


@dataclass(frozen=True, slots=True, kw_only=True)
class TripMade:
    """A completed trip: everything that its fare depends on besides the rules.

    Attributes
    ----------
    journey, priced_at
        As quoted, and the instant that chose the tariff's rule.
    extras, driven
        What happened on the way, and the way as it was driven.
    """

    quote_id: QuoteId
    tariff_rule_id: RuleId
    journey: Journey
    priced_at: datetime
    extras: Extras
    driven: Driven


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBy:
    """A tariff, with any levy read into it (`fares.levy`), and the pay floors beside it."""

    tariff: Tariff
    floors: PayFloors


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """The sums of some trips: what riders paid, and what drivers earned, without tips."""

    trips: int
    fares: Money
    pay: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthUnderBoth:
    """The same trips under today's rules and under a proposal."""

    today: Month
    proposed: Month

    @property
    def fares_change(self) -> Money:
        """What the rider would have paid more; below zero: less."""
        return self.proposed.fares - self.today.fares

    @property
    def pay_change(self) -> Money:
        """What the driver would have earned more; below zero: less."""
        return self.proposed.pay - self.today.pay


@dataclass(frozen=True, slots=True, kw_only=True)
class _Promised:
    """A quote of a trip made, with its lines by some tariff."""

    quote_id: QuoteId
    tariff_rule_id: RuleId
    journey: Journey
    priced_at: datetime
    lines: tuple[Line, ...]


def trip_of_receipt(receipt: Mapping[str, Any]) -> TripMade:
    """The facts that a receipt (docs/reference/receipt.md) holds; its sums are left aside.

    Raises
    ------
    JourneyTooLong, KeyError, TypeError, ValueError
        If it is none of ours; `fares.receipt.verify` says so beforehand.
    """
    said, fare = receipt["quote"], receipt["fare"]
    return TripMade(
        quote_id=QuoteId(UUID(said["quote_id"])),
        tariff_rule_id=RuleId(UUID(receipt["tariff"]["rule_id"])),
        journey=journey_of(said),
        priced_at=datetime.fromisoformat(said["priced_at"]),
        extras=_extras(fare, said["vehicle_class"]),
        driven=_driven(fare),
    )


def journey_of(said: Mapping[str, Any]) -> Journey:
    """The journey that a receipt's quote was made for."""
    return Journey(
        metres=said["metres"],
        seconds=said["seconds"],
        vehicle_class=said["vehicle_class"],
        zone_from=said["zone_from"],
        zone_to=said["zone_to"],
        seats=said["seats"],
        stops=said["stops"],
        concession=said["concession"],
        is_shared=said["shared"],
    )


def trip_of_quote(quote: Quote, fare: Mapping[str, Any]) -> TripMade:
    """The facts of a trip made on `quote`, whose fare's document (`Fare.as_json`) the books keep."""
    return TripMade(
        quote_id=quote.quote_id,
        tariff_rule_id=quote.tariff_rule_id,
        journey=quote.journey,
        priced_at=quote.priced_at,
        extras=_extras(fare, quote.vehicle_class),
        driven=_driven(fare),
    )


def price_by(bodies: Mapping[RuleKind, Mapping[str, Any]]) -> PriceBy:
    """What prices and pay are computed by under these rules: tariff, pay floor, and a levy if any.

    Raises
    ------
    TariffInvalid, PayFloorInvalid, LevyInvalid
        If one of them cannot be such a rule, or they do not go together.
    """
    tariff = parse_tariff(bodies[RuleKind.TARIFF])
    floors = parse_pay_floors(bodies[RuleKind.PAY_FLOOR])
    if floors.currency != tariff.currency:
        raise PayFloorInvalid("currency", f"is {floors.currency}, the tariff's {tariff.currency}")
    if RuleKind.LEVY in bodies:
        tariff = with_levy(tariff, parse_levy(bodies[RuleKind.LEVY]))
    return PriceBy(tariff=tariff, floors=floors)


def fare_of(trip: TripMade, by: PriceBy) -> Fare:
    """What the trip costs in the end by some rules, whether or not it was made under them.

    Raises
    ------
    VehicleClassUnknown, ConcessionUnknown, SharingNotOffered, PassThroughUnknown
        If those rules have no price for it.
    """
    promised = _Promised(
        quote_id=trip.quote_id,
        tariff_rule_id=trip.tariff_rule_id,
        journey=trip.journey,
        priced_at=trip.priced_at,
        lines=price(by.tariff, trip.journey, trip.priced_at).lines,
    )
    return final_fare(promised, by.tariff, floors=by.floors, extras=trip.extras, driven=trip.driven)


def month_under_both(
    trips: Iterable[TripMade], *, today: PriceBy, proposed: PriceBy
) -> MonthUnderBoth:
    """Two sums for the same trips.

    Raises
    ------
    VehicleClassUnknown, ConcessionUnknown, SharingNotOffered, PassThroughUnknown
        If one of the rules has no price for one of the trips.
    """
    made = list(trips)
    return MonthUnderBoth(today=_month(made, today), proposed=_month(made, proposed))


def _month(trips: list[TripMade], by: PriceBy) -> Month:
    fares = [fare_of(trip, by) for trip in trips]
    currency = by.tariff.currency
    return Month(
        trips=len(fares),
        fares=Money(sum(fare.total.minor for fare in fares), currency),
        pay=Money(sum(fare.pay.pay_minor for fare in fares), currency),
    )


def _extras(fare: Mapping[str, Any], vehicle_class: str) -> Extras:
    changed = fare["changed_to"]
    return Extras(
        waiting_seconds=fare["waiting_seconds"],
        added_stops=fare["added_stops"],
        outlays_minor=fare["outlays_minor"],
        changed_to=None if changed is None else Journey(**changed, vehicle_class=vehicle_class),
    )


def _driven(fare: Mapping[str, Any]) -> Driven:
    return Driven(metres=fare["driven_metres"], seconds=fare["driven_seconds"])
