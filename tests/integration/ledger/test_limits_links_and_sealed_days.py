"""What the database refuses of transfers of any subject: limits, links, reversals, sealed days."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from tests.book_rows import AT, DRIVER, RIDER, Writer, account_named, named, refused

BANK = "bank None"
OFFER = "offer offer"


@pytest.fixture(scope="module", autouse=True)
def _without_files(founded: tuple[str, object]) -> None:
    """Payouts here are of no file for the bank, so that the limit alone answers."""
    with psycopg.connect(founded[0], autocommit=True) as owner:
        owner.execute("ALTER TABLE ledger.transfer DISABLE TRIGGER a_payout_is_in_a_file")


@pytest.fixture
def booked(writer: Writer) -> Writer:
    """With the accounts of these tests, and 50 USD cents owed to the driver."""
    writer.account("bank", None, "USD")
    writer.account("offer", "offer", "USD", owned_by="offer")
    writer.account("reserve", "fund", "USD", owned_by="fund")
    writer.whole("earned", (RIDER, 50), (DRIVER, -50))
    return writer


def payout(writer: Writer, name: str, minor: int) -> None:
    """A pending payout to the driver."""
    writer.whole(name, (DRIVER, minor), (BANK, -minor), kind="payout", of=named(name))


def test_I21_a_payout_never_exceeds_the_balance(booked: Writer) -> None:
    with refused("never_more_than_there_is"):
        payout(booked, "too much", 51)
    payout(booked, "first", 30)
    with refused("never_more_than_there_is"):
        payout(booked, "what the first holds", 21)
    payout(booked, "the rest", 20)


def test_I21_what_a_void_lets_go_can_be_paid_out_again(booked: Writer) -> None:
    payout(booked, "first", 50)
    booked.whole("void", kind="void", resolves=named("first"), of=named("first"), reason="test")
    payout(booked, "second", 50)


def test_I21_two_payouts_at_once_do_not_take_the_same_money(founded: tuple[str, object]) -> None:
    with (
        psycopg.connect(founded[0], autocommit=True) as here,
        psycopg.connect(founded[0], autocommit=True) as there,
    ):
        first, second = Writer(here), Writer(there)
        first.account("bank", None, "USD")
        first.whole("earned", (RIDER, 50), (DRIVER, -50))
        refusals: list[str | None] = []

        def after_the_first() -> None:
            try:
                payout(second, "second", 50)
            except psycopg.errors.CheckViolation as refusal:
                refusals.append(refusal.diag.constraint_name)

        waiting = threading.Thread(target=after_the_first)
        with here.transaction():
            payout(first, "first", 50)
            waiting.start()
        waiting.join()
    assert refusals == ["never_more_than_there_is"]


@pytest.mark.parametrize("account", [OFFER, "reserve fund"])
def test_an_account_with_a_limit_never_owes(booked: Writer, account: str) -> None:
    with refused("never_more_than_there_is"):
        booked.whole("taken", (account, 1), (BANK, -1), kind="expense", of=named("bill"))
    booked.whole("given", (BANK, 5), (account, -5), kind="income", of=named("grant"))
    booked.whole("taken", (account, 5), (BANK, -5), kind="expense", of=named("bill"))


def test_what_posts_a_payout_moves_what_was_pending(booked: Writer) -> None:
    payout(booked, "first", 50)
    with refused("moves_what_it_names"):
        booked.whole(
            "less", (DRIVER, 49), (BANK, -49),
            kind="payout_sent", of=named("first"), resolves=named("first"),
        )  # fmt: skip
    with refused("what_ends_names_what_it_ends"):
        booked.whole("of nothing", (DRIVER, 50), (BANK, -50), kind="payout_sent", of=named("first"))
    booked.whole(
        "sent", (DRIVER, 50), (BANK, -50),
        kind="payout_sent", of=named("first"), resolves=named("first"),
    )  # fmt: skip


def reversal(writer: Writer, name: str, of: str, *entries: tuple[str, int]) -> None:
    """Takes back the transfer of that name."""
    writer.whole(
        name, *entries, kind="reversal", of=named(of), reverses=named(of), reason="a mistake"
    )


def test_a_reversal_takes_back_the_whole_once(booked: Writer) -> None:
    with refused("moves_what_it_names"):
        reversal(booked, "half", "earned", (RIDER, -25), (DRIVER, 25))
    reversal(booked, "whole", "earned", (RIDER, -50), (DRIVER, 50))
    with refused("one_transfer_a_subject_kind_and_ordinal"):
        reversal(booked, "again", "earned", (RIDER, -50), (DRIVER, 50))
    with refused("first_and_only"):
        booked.whole(
            "again", (RIDER, -50), (DRIVER, 50), kind="reversal",
            of=named("earned"), reverses=named("earned"), reason="again", ordinal=2,
        )  # fmt: skip


def test_only_what_was_posted_is_reversed(booked: Writer) -> None:
    payout(booked, "pending", 50)
    with refused("reverses_what_was_posted"):
        reversal(booked, "of a payout", "pending", (DRIVER, -50), (BANK, 50))
    with refused("reverses_what_was_posted"):
        reversal(booked, "of nothing", "no such", (DRIVER, -50), (BANK, 50))
    with refused("a_reversal_names_what_it_reverses"):
        booked.whole("nameless", (RIDER, -50), (DRIVER, 50), kind="reversal", reason="?")


def test_linked_transfers_come_all_or_none(booked: Writer) -> None:
    linked = {"link_id": named("link"), "links": 2}
    with refused("linked_come_together"):
        booked.whole("alone", (RIDER, 5), (DRIVER, -5), of=named("one"), kind="income", **linked)
    with booked.connection.transaction():
        for name in ("one", "two"):
            booked.transfer(name, kind="income", of=named(name), **linked)
            booked.entries(name, (RIDER, 5), (DRIVER, -5))
            booked.announce(name)
    with refused("linked_come_together"):
        booked.whole("late", (RIDER, 5), (DRIVER, -5), of=named("late"), kind="income", **linked)


@pytest.mark.parametrize("kind", ["allocation", "revolved"])
def test_a_surplus_is_divided_by_a_decision_alone(booked: Writer, kind: str) -> None:
    with refused("a_surplus_is_divided_by_a_decision"):
        booked.whole("divided", (BANK, 5), (OFFER, -5), kind=kind, of=named("year"))
    with refused("names_the_decision"):
        booked.whole(
            "divided", (BANK, 5), (OFFER, -5),
            kind=kind, of=named("year"), adoption_id=named("no motion"),
        )  # fmt: skip


# --- days

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def service(database_address: str) -> Iterator[psycopg.Connection]:
    """A database of its own, as the service."""
    with psycopg.connect(database_address, autocommit=True) as connection:
        connection.execute("SET ROLE khan_app")
        yield connection


def seal(connection: psycopg.Connection, number: int, *, start: datetime | None = None) -> str:
    """Seal the day of that number; its digest."""
    starts = start or FIRST + (number - 1) * DAY
    day = date(2020, 1, number)
    row = connection.execute(
        "SELECT digest FROM ledger.seal_day(%s, %s, %s)", [day, starts, FIRST + number * DAY]
    ).fetchone()
    assert row is not None
    return str(row[0])


def recount(connection: psycopg.Connection, number: int) -> tuple[int, str]:
    """Transfers and digest of a sealed day, counted again."""
    row = connection.execute(
        "SELECT counted.* FROM ledger.sealed_day,"
        " ledger.day_digest(starts_at, ends_at, previous_digest) AS counted WHERE number = %s",
        [number],
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_a_sealed_day_takes_nothing_more(service: psycopg.Connection) -> None:
    writer = Writer(service)
    writer.whole("right", (RIDER, 5), (DRIVER, -5))
    digest = seal(service, 1)
    assert recount(service, 1) == (1, digest)
    with refused("the_day_is_sealed"):
        writer.whole("late", (RIDER, 5), (DRIVER, -5), of=named("other"), kind="income")


def test_days_follow_one_another(service: psycopg.Connection) -> None:
    Writer(service).whole("right", (RIDER, 5), (DRIVER, -5))
    with refused("days_follow_without_a_gap"):
        seal(service, 2)
    seal(service, 1)
    with refused("days_follow_without_a_gap"):
        seal(service, 3)
    with refused("a_day_ends_after_it_begins"):
        seal(service, 1, start=FIRST + DAY)
    with refused("a_day_is_sealed_once"):
        service.execute(
            "SELECT ledger.seal_day(%s, %s, %s)", [FIRST.date(), FIRST + DAY, FIRST + 2 * DAY]
        )
    first, second = recount(service, 1)[1], seal(service, 2)
    assert recount(service, 2) == (0, second)
    assert first != second


def test_a_day_is_sealed_when_it_is_over(service: psycopg.Connection) -> None:
    tomorrow = datetime(2999, 1, 1, tzinfo=UTC)
    with refused("sealed_when_over"):
        service.execute(
            "SELECT ledger.seal_day(%s, %s, %s)", [tomorrow.date(), tomorrow - DAY, tomorrow]
        )


def test_the_service_writes_no_day_nor_balance_by_hand(service: psycopg.Connection) -> None:
    seal(service, 1)
    for statement in (
        "INSERT INTO ledger.sealed_day DEFAULT VALUES",
        "INSERT INTO ledger.period DEFAULT VALUES",
        "INSERT INTO ledger.closed_balance DEFAULT VALUES",
        "UPDATE ledger.sealed_day SET digest = digest",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute(statement)


@pytest.mark.parametrize(
    "planted",
    [
        "UPDATE ledger.entry SET amount_minor = amount_minor + sign(amount_minor)",
        "UPDATE ledger.entry SET account_id = gen_random_uuid() WHERE line = 1",
        "UPDATE ledger.entry SET code = 'fare' WHERE line = 1",
        "UPDATE ledger.transfer SET reason = 'another'",
        "UPDATE ledger.transfer SET made_at = made_at + interval '1 microsecond'",
        "DELETE FROM ledger.transfer",
    ],
)
def test_one_changed_row_changes_every_digest_after_it(
    service: psycopg.Connection, planted: str
) -> None:
    Writer(service).whole("right", (RIDER, 5), (DRIVER, -5))
    sealed = [seal(service, number) for number in (1, 2)]
    service.execute("RESET ROLE")
    service.execute("SET session_replication_role = replica")  # as who owns the machine could
    service.execute(planted)
    assert recount(service, 1)[1] != sealed[0]


def close(connection: psycopg.Connection, name: str, ends: datetime) -> None:
    """Close the period that ends then."""
    connection.execute(
        "SELECT ledger.close_period(%s, %s, %s)", [named(name), ends, named("treasurer")]
    )


def balances(connection: psycopg.Connection, ends: datetime) -> dict[UUID, int]:
    """The closing balances of a period, without empty ones."""
    return dict(
        connection.execute(
            "SELECT account_id, amount_minor FROM ledger.closed_balance WHERE ends_at = %s", [ends]
        ).fetchall()
    )


def test_a_period_closes_with_its_days_and_keeps_its_balances(service: psycopg.Connection) -> None:
    writer = Writer(service)
    writer.whole("january", (RIDER, 5), (DRIVER, -5))
    seal(service, 1)
    with refused("closed_when_its_days_are_sealed"):
        close(service, "too early", FIRST + 2 * DAY)
    close(service, "first", FIRST + DAY)
    writer.whole(
        "later", (RIDER, 7), (DRIVER, -7), kind="income", of=named("later"), made_at=AT + DAY
    )
    seal(service, 2)
    with refused("a_period_ends_after_it_begins"):
        close(service, "again", FIRST + DAY)
    close(service, "second", FIRST + 2 * DAY)
    with refused("a_period_ends_after_it_begins"):
        close(service, "again", FIRST + 2 * DAY)
    rider, driver = account_named(RIDER), account_named(DRIVER)
    assert balances(service, FIRST + DAY) == {rider: 5, driver: -5}
    assert balances(service, FIRST + 2 * DAY) == {rider: 12, driver: -12}
    available = service.execute("SELECT ledger.available(%s)", [driver]).fetchone()
    assert available == (12,)
