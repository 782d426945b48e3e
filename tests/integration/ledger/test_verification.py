"""The books examined whole: by their own chain, by every rule, by a digest that was kept elsewhere."""

from collections.abc import Iterator
from datetime import date, timedelta

import psycopg
import pytest

from foundation.chance import SeededChance
from ledger.reversal import NEVER_REVERSED
from ledger.transfer import Kind
from ledger.verification import CHECKERS, Verified, verify
from storage.engine import Database
from tests.book_rows import AT, DRIVER, RIDER, Writer, named, refused

DAY = timedelta(days=1)
BANK, INCOME = "bank None", "other_income None"


@pytest.fixture
def service(database_address: str) -> Iterator[psycopg.Connection]:
    """A database of its own, as the service."""
    with psycopg.connect(database_address, autocommit=True) as connection:
        connection.execute("SET ROLE khan_app")
        yield connection


def seal(connection: psycopg.Connection, number: int) -> str:
    """Seal the day of that number, from that of `AT` on; its digest."""
    starts = AT + (number - 1) * DAY
    row = connection.execute(
        "SELECT digest FROM ledger.seal_day(%s, %s, %s)",
        [date(2020, 1, number), starts, starts + DAY],
    ).fetchone()
    assert row is not None
    return str(row[0])


async def verified(address: str, *, kept: str | None = None) -> Verified:
    """What an examination finds."""
    database = Database(address, chance=SeededChance(1), pool_size=1)
    try:
        async with database.work(still=True) as work:
            return await verify(work, checkers=CHECKERS, kept=kept, told=lambda *_: None)
    finally:
        await database.dispose()


@pytest.fixture
def three_days(service: psycopg.Connection) -> list[str]:
    """Two days with a transfer each, one linked pair of the office's, and an empty one; digests."""
    writer = Writer(service)
    writer.account("bank", None, "USD")
    writer.account("other_income", None, "USD")
    writer.whole("first", (RIDER, 5), (DRIVER, -5), kind="income", of=named("first"))
    with service.transaction():
        for name in ("one", "two"):
            writer.transfer(
                name, kind="income", of=named(name), link_id=named("link"), links=2,
                made_by=named("office"), made_at=AT + DAY,
            )  # fmt: skip
            writer.entries(name, (BANK, 5), (INCOME, -5), made_at=AT + DAY)
            writer.announce(name)
    return [seal(service, number) for number in (1, 2, 3)]


async def test_what_the_database_sealed_is_what_is_computed_apart_from_it(
    database_address: str, three_days: list[str]
) -> None:
    for kept in (None, *three_days):
        found = await verified(database_address, kept=kept)
        assert found.faults == []
    assert (found.days, found.transfers, found.rules) == (3, 3, len(CHECKERS))
    assert found.last is not None
    assert found.last.digest == three_days[2]


async def test_days_of_the_first_form_are_computed_in_it(
    database_address: str, three_days: list[str], owner: psycopg.Connection
) -> None:
    owner.execute("SET session_replication_role = replica")
    previous = None
    for number in (1, 2, 3):
        row = owner.execute(
            "UPDATE ledger.sealed_day SET form = 1, previous_digest = %s, digest = ("
            "    SELECT digest FROM ledger.day_digest(starts_at, ends_at, %s, 1))"
            " WHERE number = %s RETURNING digest",
            [previous, previous, number],
        ).fetchone()
        assert row is not None
        previous = row[0]
    assert previous not in three_days
    assert (await verified(database_address, kept=previous)).faults == []
    owner.execute("UPDATE ledger.sealed_day SET form = 2 WHERE number = 1")
    rules = {fault.rule for fault in (await verified(database_address)).faults}
    assert rules == {"the_day_is_sealed", "days_follow_one_another"}


COVERED_ELSEWHERE = {
    "transfer": {"state", "entries", "links", "expires_at"},
    "entry": {"transfer_id", "line", "rounding", "made_at"},
}
"""Columns whose change is no other day: they follow from covered ones, and a rule holds them to it;
and until when a hold stood, which moves nothing."""
ANOTHER = {
    "uuid": "gen_random_uuid()", "text": "'x' || {0}", "smallint": "7", "bigint": "12345",
    "integer": "4321", "timestamp with time zone": "{0} + interval '1 microsecond'",
}  # fmt: skip


def columns_of(owner: psycopg.Connection, table: str) -> list[tuple[str, str]]:
    """The columns of a table of the books, with their types."""
    return owner.execute(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'ledger' AND table_name = %s",
        [table],
    ).fetchall()


async def test_every_column_of_a_transfer_and_of_its_entries_is_in_the_digest_of_its_day(
    database_address: str, three_days: list[str], owner: psycopg.Connection
) -> None:
    owner.execute("SET session_replication_role = replica")
    for table, elsewhere in COVERED_ELSEWHERE.items():
        found = owner.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = CAST(%s AS regclass)"
            " AND contype IN ('c', 'u')",
            [f"ledger.{table}"],
        ).fetchall()
        for (name,) in found:
            owner.execute(f"ALTER TABLE ledger.{table} DROP CONSTRAINT {name} CASCADE")
        columns = columns_of(owner, table)
        assert elsewhere <= {column for column, _ in columns}
        for column, kind in columns:
            if column in elsewhere:
                continue
            another = ANOTHER[kind].format(f"coalesce({column}, '')" if kind == "text" else column)
            with owner.transaction(force_rollback=True):
                owner.execute(
                    f"UPDATE ledger.{table} SET {column} = {another} WHERE transfer_id = %s",
                    [named("one")],
                )
                row = owner.execute(
                    "SELECT counted.digest FROM ledger.sealed_day,"
                    " ledger.day_digest(starts_at, ends_at, previous_digest, form) AS counted"
                    " WHERE number = 2"
                ).fetchone()
            assert row is not None
            assert row[0] != three_days[1], f"{table}.{column} is not covered"


async def test_an_owner_who_changes_a_row_is_found_by_the_chain(
    database_address: str, three_days: list[str], owner: psycopg.Connection
) -> None:
    owner.execute("SET session_replication_role = replica")
    owner.execute(
        "UPDATE ledger.transfer SET made_by = %s WHERE transfer_id = %s",
        [named("somebody else"), named("one")],
    )
    # Whoever owns the machine can make the database's own functions say that all is well.
    owner.execute(
        "CREATE OR REPLACE FUNCTION ledger.transfer_line_2(of_transfer uuid) RETURNS text"
        " LANGUAGE sql AS 'SELECT ''all is well'''"
    )
    found = await verified(database_address)
    assert [(one.rule, one.where) for one in found.faults] == [("the_day_is_sealed", "2020-01-02")]


async def test_an_owner_who_forges_every_digest_is_found_by_the_one_that_was_kept(
    database_address: str, three_days: list[str], owner: psycopg.Connection
) -> None:
    owner.execute("SET session_replication_role = replica")
    owner.execute("UPDATE ledger.transfer SET made_by = NULL WHERE made_by IS NOT NULL")
    for number in (2, 3):
        owner.execute(
            "UPDATE ledger.sealed_day SET previous_digest = before.digest, digest = ("
            "    SELECT digest FROM ledger.day_digest("
            "        sealed_day.starts_at, sealed_day.ends_at, before.digest, 2))"
            " FROM ledger.sealed_day AS before"
            " WHERE sealed_day.number = %s AND before.number = sealed_day.number - 1",
            [number],
        )
    assert (await verified(database_address)).faults == []
    assert (await verified(database_address, kept=three_days[0])).faults == []
    for kept in three_days[1:]:
        found = await verified(database_address, kept=kept)
        assert [one.rule for one in found.faults] == ["the_digest_that_was_kept"]


def test_code_and_database_agree_on_what_is_never_taken_back(owner: psycopg.Connection) -> None:
    rows = owner.execute(
        "SELECT kind, ledger.is_never_reversed(kind) FROM unnest(%s::text[]) AS kind",
        [[kind.value for kind in Kind]],
    ).fetchall()
    assert {Kind(kind) for kind, never in rows if never} == set(NEVER_REVERSED)


def income(writer: Writer, name: str, **columns: object) -> None:
    """5 that came in; written, and not committed yet."""
    writer.transfer(name, of=named(name), kind="income", **columns)
    writer.entries(name, (BANK, 5), (INCOME, -5))
    writer.announce(name)


def taken_back(writer: Writer, name: str, **columns: object) -> None:
    """What takes it back; written, and not committed yet."""
    writer.transfer(
        f"{name} back", of=named(name), kind="reversal", reverses=named(name), reason="?", **columns
    )
    writer.entries(f"{name} back", (BANK, -5), (INCOME, 5))
    writer.announce(f"{name} back")


def test_half_of_what_came_together_is_never_taken_back(writer: Writer) -> None:
    writer.account("bank", None, "USD")
    writer.account("other_income", None, "USD")
    one, link = writer.connection, {"link_id": named("link"), "links": 2}
    back = {"link_id": named("back"), "links": 2}
    with one.transaction():
        for name in ("a", "b", "c"):
            income(writer, name, **(link if name != "c" else {}))
    with refused("taken_back_together"), one.transaction():
        taken_back(writer, "a")
    with refused("taken_back_together"), one.transaction():
        taken_back(writer, "a", **back)
        taken_back(writer, "c", **back)
    with one.transaction():
        taken_back(writer, "a", **back)
        taken_back(writer, "b", **back)


def test_what_a_bank_did_is_never_taken_back(writer: Writer) -> None:
    writer.account("bank", None, "USD")
    writer.whole("paid", (BANK, 5), (DRIVER, -5), kind="payout_returned", of=named("paid"))
    with refused("never_reversed"):
        writer.whole(
            "paid back", (BANK, -5), (DRIVER, 5), kind="reversal", of=named("paid"),
            reverses=named("paid"), reason="a try",
        )  # fmt: skip
