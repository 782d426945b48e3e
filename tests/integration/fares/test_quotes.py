"""A quote is a promise: kept whole, priced by the rules of its time, nobody else's business."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from fares.errors import (
    BookedTimeOutOfRange,
    PayFloorInvalid,
    QuoteExpired,
    QuoteNotFound,
    TooManySeats,
    VehicleClassUnknown,
)
from fares.fare import Driven, Extras
from fares.pay import explain_pay
from fares.price import Journey
from fares.quote import Quote, requote
from fares.receipt import verify
from fares.route_line import decode_line
from fares.service import (
    compute_fare,
    explain_pay_of,
    get_quote,
    get_standing_quote,
    make_quote,
    price_now,
    quote_rules,
    receipt_of,
    rules_of,
    tariff_of,
)
from foundation.identifiers import UUID, QuoteId, RiderId, TripId
from foundation.measures import Point
from rulebook.errors import RuleMissing
from rulebook.rule import RuleKind
from storage.engine import Database
from tests.rules import example_bodies, example_pay_floor, found

RIDER, OTHER = RiderId(UUID(int=1)), RiderId(UUID(int=2))
LINE = [(-73.98, 40.75), (-73.96, 40.76), (-73.95, 40.78)]


async def quote_in(database: Database, **changes: Any) -> Quote:
    """A plain quote, with some of it changed."""
    request: dict[str, Any] = {
        "rider_id": RIDER,
        "pickup": Point(-73.98, 40.75),
        "dropoff": Point(-73.95, 40.78),
        "metres": 5000,
        "seconds": 900,
        "route_line": LINE,
        "zone_from": "midtown",
        "zone_to": None,
        "vehicle_class": "standard",
        "seats": 2,
        "needs": ["wheelchair"],
    }
    async with database.work() as work:
        asked = request | changes
        rules = await quote_rules(work, booked_for=asked.get("booked_for"))
        return await make_quote(work, rules, **asked)


async def test_a_quote_is_kept_as_it_was_made(database: Database) -> None:
    rules = await found(database)
    made = await quote_in(database, concession="senior", stops=1)
    async with database.work() as work:
        kept = await get_quote(work, made.quote_id, RIDER)
        assert kept == await get_standing_quote(work, made.quote_id, RIDER) == made
        tariff = await tariff_of(work, kept.tariff_rule_id)
    assert requote(kept, tariff).lines == made.lines
    assert kept.tariff_rule_id == rules[RuleKind.TARIFF].rule_id
    assert kept.expires_at - kept.made_at == timedelta(seconds=120)
    assert decode_line(kept.route_line) == LINE


async def test_somebody_elses_quote_is_answered_like_none(database: Database) -> None:
    await found(database)
    made = await quote_in(database)
    async with database.work() as work:
        with pytest.raises(QuoteNotFound) as foreign:
            await get_standing_quote(work, made.quote_id, OTHER)
        with pytest.raises(QuoteNotFound) as unknown:
            await get_quote(work, QuoteId(UUID(int=9)), RIDER)
    assert foreign.value.sentence == unknown.value.sentence
    assert foreign.value.code == unknown.value.code


async def test_a_price_stands_until_it_expires_by_the_services_time(
    database: Database, owner: psycopg.Connection
) -> None:
    await found(database)
    made = await quote_in(database)

    def move_to(seconds: float) -> None:
        # Service time is held nearly still, `seconds` after the quote was made.
        owner.execute(
            """UPDATE storage.service_time SET demonstration = true, rate = 0.000001,
               wall_origin = clock_timestamp(), service_origin = %s""",
            [made.made_at + timedelta(seconds=seconds)],
        )

    move_to(119.9)
    async with database.work() as work:
        assert (await get_standing_quote(work, made.quote_id, RIDER)).quote_id == made.quote_id
    move_to(120)
    async with database.work() as work:
        with pytest.raises(QuoteExpired, match="ask for a new one"):
            await get_standing_quote(work, made.quote_id, RIDER)
        with pytest.raises(QuoteNotFound):
            await get_standing_quote(work, made.quote_id, OTHER)
        assert await get_quote(work, made.quote_id, RIDER) == made


async def test_a_trip_booked_ahead_is_priced_by_the_booked_time(database: Database) -> None:
    await found(database)
    async with database.work() as work:
        now = work.now
    # The next 03:00 UTC and 17:00 UTC at least an hour off: night and day in New York all year.
    hour = (now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    hours = [hour + timedelta(hours=ahead) for ahead in range(1, 25)]
    night = await quote_in(database, booked_for=next(at for at in hours if at.hour == 3))
    day = await quote_in(database, booked_for=next(at for at in hours if at.hour == 17))
    assert night.priced_at == night.booked_for
    assert [line.code for line in night.lines][-1] == "surcharge.congestion"
    assert night.total.minor - 75 > day.total.minor
    async with database.work() as work:
        assert await get_quote(work, night.quote_id, RIDER) == night


@pytest.mark.parametrize("ahead", [-60, 0, 899, 604_801])
async def test_a_booked_time_too_near_or_too_far_is_refused(database: Database, ahead: int) -> None:
    await found(database)
    async with database.work() as work:
        now = work.now
    with pytest.raises(BookedTimeOutOfRange):
        # A second to spare: the unit of work begins after `now`.
        await quote_in(database, booked_for=now + timedelta(seconds=ahead + (ahead > 10_000)))


async def test_what_the_rules_have_no_price_for_is_refused(database: Database) -> None:
    await found(database)
    with pytest.raises(TooManySeats, match="at most 6"):
        await quote_in(database, seats=7)
    with pytest.raises(VehicleClassUnknown):
        await quote_in(database, vehicle_class="tank")


async def test_a_city_without_rules_quotes_nothing(database: Database) -> None:
    with pytest.raises(RuleMissing):
        await quote_in(database)


async def test_a_pay_floor_in_another_currency_is_refused(database: Database) -> None:
    floor = example_pay_floor() | {"currency": "EUR"}
    await found(database, bodies=example_bodies() | {RuleKind.PAY_FLOOR: floor})
    with pytest.raises(PayFloorInvalid, match="currency"):
        await quote_in(database)


async def test_a_price_can_be_looked_up_without_a_promise(database: Database) -> None:
    await found(database)
    made = await quote_in(database)
    async with database.work() as work:
        assert (await price_now(work, made.journey, at=made.priced_at)).lines == made.lines
        count = await work.execute(text("SELECT count(*) FROM fares.quote"))
        assert count.scalar_one() == 1
        with pytest.raises(RuleMissing):
            await price_now(work, made.journey, at=datetime(2013, 1, 1, tzinfo=UTC))


async def test_a_fare_and_its_receipt_follow_from_the_quote(database: Database) -> None:
    await found(database)
    made = await quote_in(database)
    async with database.work() as work:
        fare = await compute_fare(
            work,
            made,
            extras=Extras(
                waiting_seconds=300,
                outlays_minor={"toll": 650},
                changed_to=Journey(metres=7000, seconds=1000, vehicle_class="standard"),
            ),
            driven=Driven(metres=7100, seconds=2000),
        )
        receipt = await receipt_of(
            work, made, fare.as_json(), trip_id=TripId(work.new_id()), completed_at=work.now
        )
        rules = await rules_of(work, made)
        assert await explain_pay_of(work, made, fare.as_json()) == explain_pay(
            fare.pay, rules.floors
        )
    assert verify(receipt) == []
    assert receipt["tariff"]["adopted_by"] == "charter: Founding charter of Example"
    assert receipt["tariff"]["body"] == rules.tariff_rule.body


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE fares.quote SET total_minor = 0",
        "DELETE FROM fares.quote",
        "TRUNCATE fares.quote CASCADE",
    ],
)
async def test_I18_a_quote_is_never_changed(
    database: Database, owner: psycopg.Connection, statement: str
) -> None:
    await found(database)
    await quote_in(database)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.work() as work:
            await work.execute(text(statement))
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        owner.execute(statement)


def copy_of_quote(changes: str) -> str:
    """Insert a copy of the one quote, with `changes` over its columns."""
    return f"""
        INSERT INTO fares.quote
        SELECT (jsonb_populate_record(quote, jsonb_build_object('quote_id', gen_random_uuid())
                                             || jsonb_build_object({changes}))).*
        FROM fares.quote
    """


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ("'total_minor', total_minor + 1", "total_is_the_sum_of_lines"),
        ("'lines', '[]'::jsonb", "total_is_the_sum_of_lines"),
        ("'tariff_rule_id', pay_floor_rule_id", "priced_by_a_tariff"),
        ("'tariff_rule_id', gen_random_uuid()", "priced_by_a_tariff"),
        ("'tariff_kind', 'pay_floor'", "quote_tariff_kind_check"),
        ("'tariff_rule_id', pay_floor_rule_id, 'pay_floor_rule_id', tariff_rule_id", "priced_by_a_tariff"),
        ("'made_at', '2013-12-31T00:00:00Z', 'priced_at', '2013-12-31T00:00:00Z'", "rules_in_force_when_priced"),
        ("'priced_at', made_at + interval '1 s'", "priced_at_the_pickup"),
        ("'booked_for', made_at + interval '1 h'", "priced_at_the_pickup"),
        ("'expires_at', made_at", "stands_for_a_while"),
        ("'quote_id', quote_id", "quote_pkey"),
        ("'seats', 0", "quote_seats_check"),
        ("'metres', -1", "quote_metres_check"),
    ],
)  # fmt: skip
async def test_I18_the_database_refuses_a_quote_that_is_not_the_tariffs(
    database: Database, owner: psycopg.Connection, changes: str, constraint: str
) -> None:
    await found(database)
    await quote_in(database)
    owner.execute(copy_of_quote("'seats', 1"))  # a true copy is no offence
    with pytest.raises(psycopg.errors.IntegrityError) as refusal:
        owner.execute(copy_of_quote(changes) + " LIMIT 1")
    assert refusal.value.diag.constraint_name == constraint


async def test_I18_what_refers_to_a_quote_cannot_name_another_tariff(
    database: Database, owner: psycopg.Connection
) -> None:
    """Trips and fares refer to a quote by both columns, as this table does."""
    await found(database)
    made = await quote_in(database)
    owner.execute(
        """CREATE TABLE fares.trip_of_a_test (
               quote_id uuid UNIQUE, tariff_rule_id uuid,
               FOREIGN KEY (quote_id, tariff_rule_id) REFERENCES fares.quote (quote_id, tariff_rule_id))"""
    )
    insert = "INSERT INTO fares.trip_of_a_test VALUES (%s, %s)"
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        owner.execute(insert, [made.quote_id, made.pay_floor_rule_id])
    owner.execute(insert, [made.quote_id, made.tariff_rule_id])
