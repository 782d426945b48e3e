"""The SQL of quotes."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Row, text

from fares.lines import lines_as_json, lines_from_json
from fares.quote import Quote
from foundation.identifiers import QuoteId, RiderId, RuleId
from foundation.measures import Point
from foundation.money import Currency, Money
from storage.work import Reading, UnitOfWork

_INSERT = text("""
    INSERT INTO fares.quote (
        quote_id, rider_id, pickup_lon, pickup_lat, dropoff_lon, dropoff_lat, metres, seconds,
        route_line, vehicle_class, seats, stops, needs, zone_from, zone_to, concession,
        is_shared, tariff_rule_id, pay_floor_rule_id, priced_at, lines, total_minor, currency,
        driver_pay_minor, made_at, expires_at, booked_for, degraded)
    VALUES (
        :quote_id, :rider_id, :pickup_lon, :pickup_lat, :dropoff_lon, :dropoff_lat, :metres,
        :seconds, :route_line, :vehicle_class, :seats, :stops, CAST(:needs AS text[]), :zone_from,
        :zone_to, :concession, :is_shared, :tariff_rule_id, :pay_floor_rule_id, :priced_at,
        CAST(:lines AS jsonb), :total_minor, :currency, :driver_pay_minor, :made_at, :expires_at,
        :booked_for, :degraded)
""")

_FIND = text("""
    SELECT *, public.service_now() >= expires_at AS is_expired
    FROM fares.quote WHERE quote_id = :quote_id
""")


_LIST = text("SELECT * FROM fares.quote WHERE quote_id = ANY(CAST(:quote_ids AS uuid[]))")


async def insert_quotes(work: UnitOfWork, quotes: Sequence[Quote]) -> None:
    """Keep quotes, sent together."""
    if quotes:
        await work.execute(_INSERT, [_values(quote) for quote in quotes])


async def insert_quote(work: UnitOfWork, quote: Quote) -> None:
    """Keep a quote."""
    await work.execute(_INSERT, _values(quote))


def _values(quote: Quote) -> dict[str, Any]:
    return {
        "quote_id": quote.quote_id,
        "rider_id": quote.rider_id,
        "pickup_lon": quote.pickup.lon,
        "pickup_lat": quote.pickup.lat,
        "dropoff_lon": quote.dropoff.lon,
        "dropoff_lat": quote.dropoff.lat,
        "metres": quote.metres,
        "seconds": quote.seconds,
        "route_line": quote.route_line,
        "vehicle_class": quote.vehicle_class,
        "seats": quote.seats,
        "stops": quote.stops,
        "needs": list(quote.needs),
        "zone_from": quote.zone_from,
        "zone_to": quote.zone_to,
        "concession": quote.concession,
        "is_shared": quote.is_shared,
        "tariff_rule_id": quote.tariff_rule_id,
        "pay_floor_rule_id": quote.pay_floor_rule_id,
        "priced_at": quote.priced_at,
        "lines": orjson.dumps(lines_as_json(quote.lines)).decode(),
        "total_minor": quote.total.minor,
        "currency": quote.total.currency,
        "driver_pay_minor": quote.driver_pay_minor,
        "made_at": quote.made_at,
        "expires_at": quote.expires_at,
        "booked_for": quote.booked_for,
        "degraded": quote.degraded,
    }


async def list_quotes(work: Reading, quote_ids: Sequence[QuoteId]) -> dict[QuoteId, Quote]:
    """Those of these quotes that there are."""
    rows = await work.execute(_LIST, {"quote_ids": list(quote_ids)})
    return {QuoteId(row.quote_id): _quote(row) for row in rows}


async def find_quote(work: Reading, quote_id: QuoteId) -> tuple[Quote, bool] | None:
    """The quote, and whether it has expired by the database's clock; or None."""
    row = (await work.execute(_FIND, {"quote_id": quote_id})).one_or_none()
    return None if row is None else (_quote(row), row.is_expired)


def _quote(row: Row[Any]) -> Quote:
    return Quote(
        quote_id=QuoteId(row.quote_id),
        rider_id=RiderId(row.rider_id),
        pickup=Point(row.pickup_lon, row.pickup_lat),
        dropoff=Point(row.dropoff_lon, row.dropoff_lat),
        metres=row.metres,
        seconds=row.seconds,
        route_line=row.route_line,
        vehicle_class=row.vehicle_class,
        seats=row.seats,
        stops=row.stops,
        needs=tuple(row.needs),
        zone_from=row.zone_from,
        zone_to=row.zone_to,
        concession=row.concession,
        is_shared=row.is_shared,
        tariff_rule_id=RuleId(row.tariff_rule_id),
        pay_floor_rule_id=RuleId(row.pay_floor_rule_id),
        priced_at=row.priced_at,
        lines=lines_from_json(row.lines),
        total=Money(row.total_minor, Currency(row.currency)),
        driver_pay_minor=row.driver_pay_minor,
        made_at=row.made_at,
        expires_at=row.expires_at,
        booked_for=row.booked_for,
        degraded=row.degraded,
    )
