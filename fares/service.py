"""Making quotes, finding them again, and settling what is owed in the end."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fares import store
from fares.errors import (
    BookedTimeOutOfRange,
    PayFloorInvalid,
    QuoteExpired,
    QuoteNotFound,
    TooManySeats,
)
from fares.fare import Driven, Extras, Fare, final_fare
from fares.month import TripMade, trip_of_quote
from fares.pay import PayFloors, driver_pay, explain_pay, parse_pay_floors, pay_from_json
from fares.price import Journey, Priced, price
from fares.quote import Quote
from fares.receipt import TripFacts, make_receipt
from fares.route_line import encode_line
from fares.tariff import Tariff, parse_tariff
from foundation.identifiers import QuoteId, RiderId, RuleId, TransferId, TripId
from foundation.measures import Point
from rulebook.booking_policy import BookingPolicy
from rulebook.rule import Rule, RuleKind
from rulebook.service import all_in_force, booking_policy_of, get_rule, get_rules
from storage.work import Reading, UnitOfWork

_tariffs: dict[str, Tariff] = {}
_floors: dict[str, PayFloors] = {}
"""Bodies once parsed, by digest: right for every database and for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRules:
    """The rules a price and a pay are computed from, as adopted and as read."""

    tariff_rule: Rule
    pay_floor_rule: Rule
    tariff: Tariff
    floors: PayFloors


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRules:
    """What a quote is made by: the rules of the pick-up's time, and today's booking policy."""

    price: PriceRules
    policy: BookingPolicy


async def quote_rules(work: UnitOfWork, *, booked_for: datetime | None = None) -> QuoteRules:
    """The rules a quote made now would be made by, for a trip now or booked ahead.

    Raises
    ------
    RuleMissing
        If the city has no rules at that time.
    """
    at = booked_for or work.now
    rules = await all_in_force(
        work,
        {RuleKind.TARIFF: at, RuleKind.PAY_FLOOR: at, RuleKind.BOOKING_POLICY: work.now},
    )
    return QuoteRules(
        price=_price_rules(rules[RuleKind.TARIFF], rules[RuleKind.PAY_FLOOR]),
        policy=booking_policy_of(rules[RuleKind.BOOKING_POLICY]),
    )


async def make_quote(
    work: UnitOfWork,
    rules: QuoteRules,
    *,
    rider_id: RiderId,
    pickup: Point,
    dropoff: Point,
    metres: int,
    seconds: int,
    route_line: Iterable[tuple[float, float]],
    zone_from: str | None,
    zone_to: str | None,
    vehicle_class: str,
    seats: int = 1,
    stops: int = 0,
    needs: Iterable[str] = (),
    concession: str | None = None,
    is_shared: bool = False,
    booked_for: datetime | None = None,
    degraded: bool = False,
) -> Quote:
    """Promise a rider a price for a while, by the rules in force at the pick-up.

    Parameters
    ----------
    rules
        As `quote_rules` gives them for the same `booked_for`.
    metres, seconds
        Of the road route, whole; rounded by the caller, once.
    route_line
        The route's (longitude, latitude) points.
    concession
        A reduction the rider may have; the caller has checked that.
    booked_for
        The pick-up time of a trip booked ahead, or None for now.

    Raises
    ------
    TooManySeats, BookedTimeOutOfRange, VehicleClassUnknown, ConcessionUnknown, JourneyTooLong,
    SharingNotOffered
        If the request is not one that the rules have a price for.
    """
    journey = Journey(
        metres=metres,
        seconds=seconds,
        vehicle_class=vehicle_class,
        zone_from=zone_from,
        zone_to=zone_to,
        seats=seats,
        stops=stops,
        concession=concession,
        is_shared=is_shared,
    )
    _check(rules.policy, work.now, seats=seats, booked_for=booked_for)
    asked = Asked(
        rider_id=rider_id,
        pickup=pickup,
        dropoff=dropoff,
        route_line=encode_line(route_line),
        needs=tuple(needs),
        booked_for=booked_for,
        degraded=degraded,
    )
    quote = quote_at(work, asked, journey, rules=rules, made_at=work.now)
    await store.insert_quote(work, quote)
    return quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a quote keeps of the request beside the journey that is priced."""

    rider_id: RiderId
    pickup: Point
    dropoff: Point
    route_line: str
    needs: tuple[str, ...]
    booked_for: datetime | None
    degraded: bool


def quote_at(
    work: UnitOfWork, asked: Asked, journey: Journey, *, rules: QuoteRules, made_at: datetime
) -> Quote:
    """The quote that would have been made at an instant; nothing is kept, and nothing checked."""
    at = asked.booked_for or made_at
    price_rules = rules.price
    priced = price(price_rules.tariff, journey, at)
    pay = driver_pay(
        priced.lines, journey, share=price_rules.tariff.share, floors=price_rules.floors
    )
    return Quote(
        quote_id=QuoteId(work.new_id()),
        rider_id=asked.rider_id,
        pickup=asked.pickup,
        dropoff=asked.dropoff,
        metres=journey.metres,
        seconds=journey.seconds,
        route_line=asked.route_line,
        vehicle_class=journey.vehicle_class,
        seats=journey.seats,
        stops=journey.stops,
        needs=asked.needs,
        zone_from=journey.zone_from,
        zone_to=journey.zone_to,
        concession=journey.concession,
        is_shared=journey.is_shared,
        tariff_rule_id=price_rules.tariff_rule.rule_id,
        pay_floor_rule_id=price_rules.pay_floor_rule.rule_id,
        priced_at=at,
        lines=priced.lines,
        total=priced.total,
        driver_pay_minor=pay.pay_minor,
        made_at=made_at,
        expires_at=made_at + timedelta(seconds=rules.policy.quote_valid_s),
        booked_for=asked.booked_for,
        degraded=asked.degraded,
    )


async def price_now(work: UnitOfWork, journey: Journey, *, at: datetime | None = None) -> Priced:
    """What a journey would cost, promised to nobody: `khan quote`, and fares looked up.

    Raises
    ------
    VehicleClassUnknown, ConcessionUnknown, RuleMissing
        As for a quote.
    """
    rules = await quote_rules(work, booked_for=at)
    return price(rules.price.tariff, journey, at or work.now)


async def get_quote(work: Reading, quote_id: QuoteId, rider_id: RiderId) -> Quote:
    """The rider's quote, expired or not.

    Raises
    ------
    QuoteNotFound
        If there is none, or it is somebody else's.
    """
    return (await _own_quote(work, quote_id, rider_id))[0]


async def get_standing_quote(work: UnitOfWork, quote_id: QuoteId, rider_id: RiderId) -> Quote:
    """The rider's quote, while its price stands by the database's clock.

    Raises
    ------
    QuoteNotFound
        If there is none, or it is somebody else's.
    QuoteExpired
        If its time is over.
    """
    quote, is_expired = await _own_quote(work, quote_id, rider_id)
    if is_expired:
        raise QuoteExpired(str(quote_id), quote.expires_at.isoformat())
    return quote


async def rules_of(work: UnitOfWork, quote: Quote) -> PriceRules:
    """The tariff and pay floor that a quote names, in force today or not."""
    rules = await get_rules(work, [quote.tariff_rule_id, quote.pay_floor_rule_id])
    return _price_rules(rules[quote.tariff_rule_id], rules[quote.pay_floor_rule_id])


async def tariff_of(work: UnitOfWork, tariff_rule_id: RuleId) -> Tariff:
    """The tariff that a rule states.

    Raises
    ------
    RuleNotFound
        If there is no such rule.
    """
    return _read_tariff(await get_rule(work, tariff_rule_id))


async def compute_fare(work: UnitOfWork, quote: Quote, *, extras: Extras, driven: Driven) -> Fare:
    """What is owed for a trip made on `quote`; nothing is written, the ledger does that.

    Raises
    ------
    PassThroughUnknown, JourneyTooLong
        If an extra cannot be.
    """
    rules = await rules_of(work, quote)
    return final_fare(quote, rules.tariff, floors=rules.floors, extras=extras, driven=driven)


async def explain_pay_of(work: UnitOfWork, quote: Quote, fare: Mapping[str, Any]) -> list[str]:
    """The arithmetic of a driver's pay for a trip, in sentences.

    Parameters
    ----------
    fare
        The document `Fare.as_json` made, as the books keep it.
    """
    floors = _read_floors(await get_rule(work, quote.pay_floor_rule_id))
    return explain_pay(pay_from_json(fare["driver_pay"], floors.currency), floors)


async def trips_made(
    work: Reading, fares: Sequence[tuple[QuoteId, Mapping[str, Any]]]
) -> tuple[TripMade, ...]:
    """The facts of trips by their quotes and the fares' documents, as the books keep them."""
    quotes = await store.list_quotes(work, [quote_id for quote_id, _ in fares])
    return tuple(trip_of_quote(quotes[quote_id], document) for quote_id, document in fares)


async def receipt_of(
    work: UnitOfWork,
    quote: Quote,
    fare: Mapping[str, Any],
    *,
    trip_id: TripId,
    completed_at: datetime,
    tip_minor: int = 0,
    transfers: Iterable[TransferId] = (),
) -> dict[str, Any]:
    """The receipt of a completed trip (docs/reference/receipt.md).

    Parameters
    ----------
    fare
        The document `Fare.as_json` made, as the books keep it.
    """
    rules = await rules_of(work, quote)
    return make_receipt(
        quote,
        fare,
        tariff_rule=rules.tariff_rule,
        pay_floor_rule=rules.pay_floor_rule,
        trip=TripFacts(
            trip_id=trip_id,
            completed_at=completed_at,
            tip_minor=tip_minor,
            transfers=tuple(transfers),
        ),
    )


async def _own_quote(work: Reading, quote_id: QuoteId, rider_id: RiderId) -> tuple[Quote, bool]:
    found = await store.find_quote(work, quote_id)
    if found is None or found[0].rider_id != rider_id:
        raise QuoteNotFound(str(quote_id))
    return found


def _price_rules(tariff_rule: Rule, pay_floor_rule: Rule) -> PriceRules:
    tariff = _read_tariff(tariff_rule)
    floors = _read_floors(pay_floor_rule)
    if floors.currency != tariff.currency:
        raise PayFloorInvalid("currency", f"is {floors.currency}, the tariff's {tariff.currency}")
    return PriceRules(
        tariff_rule=tariff_rule, pay_floor_rule=pay_floor_rule, tariff=tariff, floors=floors
    )


def _read_tariff(rule: Rule) -> Tariff:
    if rule.digest not in _tariffs:
        _tariffs[rule.digest] = parse_tariff(rule.body)
    return _tariffs[rule.digest]


def _read_floors(rule: Rule) -> PayFloors:
    if rule.digest not in _floors:
        _floors[rule.digest] = parse_pay_floors(rule.body)
    return _floors[rule.digest]


def _check(
    policy: BookingPolicy, now: datetime, *, seats: int, booked_for: datetime | None
) -> None:
    if seats > policy.seats_max:
        raise TooManySeats(seats, policy.seats_max)
    assert seats >= 1
    if booked_for is None:
        return
    earliest = now + timedelta(seconds=policy.book_ahead_lead_s)
    latest = now + timedelta(seconds=policy.book_ahead_max_s)
    if not earliest <= booked_for <= latest:
        raise BookedTimeOutOfRange(booked_for.isoformat(), earliest.isoformat(), latest.isoformat())
