"""What the database itself refuses, whoever asks: the service's role, and the tables' owner."""

import json
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from fares.lines import lines_as_json
from foundation.identifiers import RiderId, RuleId, TripId
from foundation.money import Money, split_by_largest_remainder
from ledger import service
from storage.engine import Database
from tests.book_rows import AT, DRIVER, RIDER, Writer, named, refused
from tests.booked import City, QuotedTrip
from tests.money import USD, line


@pytest.fixture
def database_address(founded: tuple[str, RuleId]) -> str:
    """One database for all of this file, whose tests write almost nothing."""
    return founded[0]


@pytest.fixture
def city(database: Database, founded: tuple[str, RuleId]) -> City:
    """The example city."""
    return City(database=database, tariff_rule_id=founded[1])


def test_a_right_transfer_is_written(writer: Writer) -> None:
    writer.whole("right", (RIDER, 5), (DRIVER, -5))


@pytest.mark.parametrize(
    "entries",
    [
        [(RIDER, 5), (DRIVER, -4)],
        [(RIDER, 5), (DRIVER, 5)],
        [(RIDER, 9_223_372_036_854_775_807), (DRIVER, -9_223_372_036_854_775_806)],
    ],
)
def test_I16_a_transfer_sums_to_zero(writer: Writer, entries: list[tuple[str, int]]) -> None:
    with refused("sums_to_zero"):
        writer.whole("wrong", *entries)


def test_I16_a_transfer_has_two_entries_at_least(writer: Writer) -> None:
    with refused("two_entries_at_least"):
        writer.whole("wrong", (RIDER, 0))
    with refused("two_entries_at_least"):
        writer.whole("wrong")


def test_I16_a_transfer_is_never_without_its_entries(writer: Writer) -> None:
    with refused("sums_to_zero"), writer.connection.transaction():
        writer.transfer("wrong")
        writer.announce("wrong")


def test_I16_a_transfer_is_never_extended_later(writer: Writer) -> None:
    writer.whole("right", (RIDER, 5), (DRIVER, -5))
    with refused("never_extended"):
        writer.entries("right", (RIDER, 1), (DRIVER, -1), first=3)
    with refused("entry_pkey"):
        writer.entries("right", (RIDER, 1), (DRIVER, -1))


def test_I16_a_transfer_is_never_extended_in_its_own_transaction(writer: Writer) -> None:
    with refused("never_extended"), writer.connection.transaction():
        writer.transfer("right")
        writer.entries("right", (RIDER, 5), (DRIVER, -5))
        writer.announce("right")
        writer.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        writer.entries("right", (RIDER, 1), (DRIVER, -1), first=3)


def test_I16_the_entries_come_all_together(writer: Writer) -> None:
    with refused("sums_to_zero"), writer.connection.transaction():
        writer.transfer("wrong")
        writer.entries("wrong", (RIDER, 5))
    with refused("never_extended"), writer.connection.transaction():
        writer.transfer("wrong", entries=3)
        writer.entries("wrong", (RIDER, 5), (DRIVER, -5))


@pytest.mark.parametrize("lines", [[0, 2], [1, 3], [0, 1], [2, 3]])
def test_I16_the_numbers_of_the_entries_leave_no_room(writer: Writer, lines: list[int]) -> None:
    with refused("never_extended"), writer.connection.transaction():
        writer.transfer("wrong")
        writer.entries("wrong", (RIDER, 5), (DRIVER, -5), lines=lines)


def test_I16_currencies_never_mix(writer: Writer) -> None:
    writer.account("driver", "driver", "EUR")
    with refused("one_currency_a_transfer"):
        writer.whole("wrong", (RIDER, 5), ("driver driver EUR", -5))
    with refused("one_currency_a_transfer"):
        writer.whole("wrong", (RIDER, 5), ("driver unknown", -5))


def test_I16_an_entry_belongs_to_a_transfer_of_its_instant(writer: Writer) -> None:
    with refused("entry_of_a_transfer"):
        writer.entries("no such transfer", (RIDER, 5), (DRIVER, -5))
    with refused("entry_of_a_transfer"), writer.connection.transaction():
        writer.transfer("wrong")
        writer.entries("wrong", (RIDER, 5), (DRIVER, -5), made_at=datetime(2021, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("table", ["role", "account", "transfer", "entry", "charge", "work_record"])
def test_I16_nothing_in_the_books_is_ever_changed(writer: Writer, table: str) -> None:
    writer.whole("right", (RIDER, 5), (DRIVER, -5))
    column = {
        "role": "title", "account": "opened_at", "transfer": "made_at", "entry": "made_at",
        "charge": "made_at", "work_record": "made_at",
    }[table]  # fmt: skip
    statements = [
        f"UPDATE ledger.{table} SET {column} = {column}",
        f"DELETE FROM ledger.{table}",
        f"TRUNCATE ledger.{table} CASCADE",
    ]
    has_rows = table not in ("charge", "work_record")
    for statement in statements if has_rows else statements[2:]:
        with pytest.raises(
            (psycopg.errors.RestrictViolation, psycopg.errors.InsufficientPrivilege)
        ):
            writer.connection.execute(statement)


def test_I16_the_service_cannot_switch_the_checks_off(city: City, database_address: str) -> None:
    with psycopg.connect(database_address, autocommit=True) as connection:
        connection.execute("SET ROLE khan_app")
        for statement in (
            "ALTER TABLE ledger.entry DISABLE TRIGGER ALL",
            "DROP TRIGGER entries_are_whole_and_balanced ON ledger.entry",
            "SET session_replication_role = replica",
            "INSERT INTO ledger.role VALUES ('slush', 'house', 'debit', 'x')",
            "CREATE OR REPLACE FUNCTION ledger.check_entries() RETURNS trigger LANGUAGE sql AS ''",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_I31_a_transfer_is_announced_in_its_commit(writer: Writer) -> None:
    with refused("announced_in_the_same_commit"), writer.connection.transaction():
        writer.transfer("silent")
        writer.entries("silent", (RIDER, 5), (DRIVER, -5))
    writer.whole("right", (RIDER, 5), (DRIVER, -5))
    with refused("one_row_a_change"):
        writer.announce("right")


# --- accounts


def test_an_account_is_one_for_each_role_owner_and_currency(writer: Writer) -> None:
    insert = (
        "INSERT INTO ledger.account"
        " VALUES (ledger.account_id(%s, %s, 'USD'), %s, %s, %s, 'USD', now())"
    )
    with refused("account_id_follows_from_its_name"):
        writer.connection.execute(
            "INSERT INTO ledger.account VALUES (%s, 'city', 'house', NULL, 'EUR', now())",
            [named("any")],
        )
    for role, owned_by, owner, rule in (
        ("rider", "person", named("rider"), "account_pkey"),
        ("city", "house", None, "account_pkey"),
        ("rider", "person", None, "account_has_an_owner"),
        ("city", "house", named("rider"), "account_has_an_owner"),
        ("city", "person", named("rider"), "role_in_the_chart"),
        ("slush", "house", None, "role_in_the_chart"),
    ):
        with refused(rule):
            writer.connection.execute(insert, [role, owner, role, owned_by, owner])


# --- holds


def hold(writer: Writer, name: str, **columns: Any) -> None:
    writer.whole(name, (RIDER, 50), ("clearing None", -50), kind="hold", **columns)


def void(writer: Writer, name: str, of: str, **columns: Any) -> None:
    writer.whole(name, kind="void", resolves=named(of), reason="test", **columns)


def test_a_trip_has_one_open_hold_at_most(writer: Writer) -> None:
    hold(writer, "first")
    with refused("one_transfer_a_subject_kind_and_ordinal"):
        hold(writer, "second")
    with refused("one_open_hold_a_trip"):
        hold(writer, "second", ordinal=2)
    void(writer, "void of first", of="first")
    hold(writer, "second", ordinal=2)
    with refused("one_open_hold_a_trip"):
        hold(writer, "fourth", ordinal=4)


def test_a_hold_is_ended_once_and_by_its_own_trip(writer: Writer) -> None:
    hold(writer, "first")
    with refused("ends_what_is_pending"):
        void(writer, "void", of="first", trip_id=named("another trip"))
    with refused("ends_what_is_pending"):
        void(writer, "void", of="no such hold")
    with refused("a_void_ends_a_hold"):
        writer.whole("void", kind="void", reason="test")
    with refused("ends_what_is_pending"):
        writer.whole("tip", (RIDER, 5), (DRIVER, -5), resolves=named("first"))
    void(writer, "void", of="first")
    with refused("a_hold_ends_once"):
        void(writer, "void again", of="first", ordinal=2)
    with refused("ends_what_is_pending"):
        void(writer, "void of the void", of="void", ordinal=2)


def test_a_hold_whose_time_is_over_can_be_voided_only(writer: Writer) -> None:
    hold(writer, "first", expires_at=datetime(2010, 1, 1, tzinfo=UTC))
    with refused("hold_still_stands"):
        writer.whole("fee", (RIDER, 5), (DRIVER, -5), kind="no_show_fee", resolves=named("first"))
    with refused("only_what_is_pending_expires"):
        writer.whole("tip", (RIDER, 5), (DRIVER, -5), expires_at=AT)
    void(writer, "void", of="first")


# --- charges


async def fare_rows(
    city: City,
    writer: Writer,
    *,
    trip: QuotedTrip | None = None,
    lines: list[tuple[str, int]] | None = None,
    entries: list[tuple[str, int]] | None = None,
    bps: list[int | None] | None = None,
    of: list[int | None] | None = None,
    **charge: Any,
) -> None:
    """A fare in raw rows, right unless told otherwise; the split is the example tariff's."""
    trip = trip or await city.quoted_trip(rider_id=RiderId(named("rider")))
    written = lines_as_json(trip.quote.lines) + [
        lines_as_json([line(code, amount)])[0] for code, amount in lines or []
    ]
    base = sum(one["amount_minor"] for one in written if one["goes_to"] == "split")
    driver_bps, coop_bps, city_bps = split(city)
    entries = entries or dividing(city, base)
    columns = {
        "trip_id": trip.trip_id, "kind": "fare", "rider_id": named("rider"),
        "driver_id": named("driver"), "currency": "USD", "total_minor": base,
        "tariff_rule_id": trip.quote.tariff_rule_id, "quote_id": trip.quote.quote_id,
        "document": json.dumps({"lines": written}), "made_at": AT,
    } | charge  # fmt: skip
    name = f"fare {trip.trip_id}"
    with writer.connection.transaction():
        writer.transfer(name, kind=columns["kind"], trip_id=trip.trip_id, entries=len(entries))
        names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
        writer.connection.execute(
            f"INSERT INTO ledger.charge ({names}) VALUES ({marks})", list(columns.values())
        )
        writer.entries(
            name, *entries,
            codes=["fare", *["share"] * (len(entries) - 1)],
            bps=bps or [None, driver_bps, coop_bps, city_bps],
            of=of or [None, base, base, base],
        )  # fmt: skip
        writer.announce(name)


def split(city: City) -> tuple[int, int, int]:
    from tests.rules import example_tariff

    share = example_tariff()["share"]
    return share["driver_bps"], share["coop_bps"], share["city_bps"]


async def test_a_right_fare_is_written(city: City, writer: Writer) -> None:
    await fare_rows(city, writer, lines=[("waiting", 75)])


async def test_I17_a_trip_has_exactly_one_fare(city: City, writer: Writer) -> None:
    trip = await city.quoted_trip(rider_id=RiderId(named("rider")))
    asked = "SELECT ledger.fare_is_posted(%s)"
    assert writer.connection.execute(asked, [trip.trip_id]).fetchone() == (False,)
    await fare_rows(city, writer, trip=trip)
    assert writer.connection.execute(asked, [trip.trip_id]).fetchone() == (True,)
    with refused("transfer_pkey"):
        await fare_rows(city, writer, trip=trip)
    with refused("one_transfer_a_subject_kind_and_ordinal"):
        writer.whole("another fare", (RIDER, 5), (DRIVER, -5), kind="fare", trip_id=trip.trip_id)
    with refused("first_and_only"):
        writer.whole(
            "a second", (RIDER, 5), (DRIVER, -5), kind="fare", trip_id=trip.trip_id, ordinal=2
        )
    with refused("a_charge_has_its_lines"):
        writer.whole("a fee", (RIDER, 5), (DRIVER, -5), kind="no_show_fee", trip_id=trip.trip_id)


async def test_I17_a_fare_comes_with_its_lines_and_lines_with_a_fare(
    city: City, writer: Writer
) -> None:
    with refused("a_charge_has_its_lines"):
        writer.whole("bare", (RIDER, 5), (DRIVER, -5), kind="fare")
    trip = await city.quoted_trip()
    with refused("a_charge_is_posted"):
        writer.connection.execute(
            "INSERT INTO ledger.charge (trip_id, kind, rider_id, driver_id, currency, total_minor,"
            " tariff_rule_id, document, made_at)"
            " VALUES (%s, 'no_show_fee', %s, %s, 'USD', 0, %s, '{\"lines\": []}', now())",
            [trip.trip_id, trip.rider_id, trip.driver_id, trip.quote.tariff_rule_id],
        )


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"lines": [("surcharge.invented", 100)]}, "the_fare_is_the_quote_and_itemised_changes"),
        ({"total_minor": 1}, "the_total_is_the_sum_of_its_lines"),
        ({"document": '{"lines": []}'}, "the_total_is_the_sum_of_its_lines"),
        ({"rider_id": named("other")}, "the_fare_is_the_quote_and_itemised_changes"),
        ({"driver_id": named("other")}, "shares_follow_the_adopted_split"),
        ({"tariff_rule_id": named("other")}, "the_tariff_is_the_one_quoted"),
        ({"quote_id": None}, "a_fare_names_its_quote"),
        ({"currency": "EUR"}, "a_charge_has_its_lines"),
        ({"kind": "no_show_fee"}, "a_fare_names_its_quote"),
    ],
)
async def test_I17_a_fare_is_the_quote_and_itemised_changes(
    city: City, writer: Writer, wrong: dict[str, Any], rule: str
) -> None:
    with refused(rule):
        await fare_rows(city, writer, **wrong)


async def test_I17_the_rider_pays_the_total_and_nobody_else(city: City, writer: Writer) -> None:
    trip = await city.quoted_trip(rider_id=RiderId(named("rider")))
    total = trip.quote.total.minor
    with refused("the_rider_pays_the_total"):
        await fare_rows(
            city, writer, trip=trip,
            entries=[("cooperative None", total), *dividing(city, total)[1:]],
        )  # fmt: skip


def dividing(city: City, total: int, *, to_driver: int = 0) -> list[tuple[str, int]]:
    """The entries of a fare by the adopted split, or with some of the city's part moved."""
    driver, coop, rest = split_by_largest_remainder(total, split(city))
    return [
        (RIDER, total), (DRIVER, -driver - to_driver), ("cooperative None", -coop),
        ("city None", to_driver - rest),
    ]  # fmt: skip


@pytest.mark.parametrize("to_driver", [-2, 2, 100])
async def test_I20_a_share_is_within_a_minor_unit_of_the_split(
    city: City, writer: Writer, to_driver: int
) -> None:
    trip = await city.quoted_trip(rider_id=RiderId(named("rider")))
    with refused("rounding_below_one_minor_unit"):
        await fare_rows(
            city, writer, trip=trip,
            entries=dividing(city, trip.quote.total.minor, to_driver=to_driver),
        )  # fmt: skip


async def test_I20_the_split_is_the_one_adopted(city: City, writer: Writer) -> None:
    trip = await city.quoted_trip(rider_id=RiderId(named("rider")))
    total = trip.quote.total.minor
    with refused("shares_follow_the_adopted_split"):
        await fare_rows(
            city, writer, trip=trip, entries=[(RIDER, total), (DRIVER, -total)],
            bps=[None, 10_000], of=[None, total],
        )  # fmt: skip
    with refused("shares_follow_the_adopted_split"):
        # The right percentages of half the fare; the other half goes to the co-operative unnamed.
        half = total // 2
        rest = dividing(city, half)[1:]
        codes: list[int | None] = [None, *split(city), None]
        await fare_rows(
            city, writer, trip=trip,
            entries=[(RIDER, total), *rest, ("cooperative None", half - total)],
            bps=codes, of=[None, half, half, half, None],
        )  # fmt: skip


async def test_a_charge_leaves_no_open_hold(city: City, writer: Writer) -> None:
    trip = await city.held_trip(rider_id=RiderId(named("rider")))
    with refused("a_charge_ends_the_hold"):
        await fare_rows(city, writer, trip=trip)


# --- refunds


async def test_I21_refunds_together_never_exceed_the_charge(city: City, writer: Writer) -> None:
    trip = await city.settled_trip(rider_id=RiderId(named("rider")))
    async with city.database.work() as work:
        await service.refund(work, trip_id=trip.trip_id, amount=Money(100, USD), reason="test")

    def give_back(name: str, amount: int, ordinal: int) -> None:
        writer.whole(
            name, ("cooperative None", amount), (RIDER, -amount),
            kind="refund", trip_id=trip.trip_id, ordinal=ordinal, reason="test",
        )  # fmt: skip

    left = trip.quote.total.minor - 100
    with refused("refunds_within_the_charge"):
        give_back("too much", left + 1, 2)
    with refused("one_open_hold_a_trip"):
        give_back("out of turn", 1, 3)
    give_back("the rest", left, 2)
    with refused("refunds_within_the_charge"):
        give_back("a cent more", 1, 3)


# --- work


def test_a_trip_counts_once_in_the_work_record(writer: Writer) -> None:
    insert = "INSERT INTO ledger.work_record VALUES (%s, %s, %s, %s, 0, 60, 100, 1, now())"
    trip = TripId(named("trip"))
    writer.connection.execute(insert, [named("1"), named("driver"), named("shift"), trip])
    with refused("a_trip_counts_once"):
        writer.connection.execute(insert, [named("2"), named("other"), named("shift"), trip])
    with refused("a_counted_trip_is_named"):
        writer.connection.execute(insert, [named("3"), named("other"), named("shift"), None])
