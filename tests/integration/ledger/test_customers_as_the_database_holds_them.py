"""What the database refuses of customers, vouchers, ways to pay, invoices and disputes, even its owner;
and that each check finds what came past it."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import psycopg
import pytest

from foundation.chance import SeededChance
from ledger.customers import disputes, invoicing, store_checks
from ledger.customers.way import Limits
from ledger.transfer import Kind, transfer_id
from storage import embedded
from storage.engine import Database
from tests.booked import QuotedTrip, found_example
from tests.paying import CASH, SUPPLIER, Payers, by_voucher, on

NOBODY = UUID(int=0xA11)
LATER = "2015-02-01 12:00+00"


@dataclass
class Scene:
    """Somebody of everything, as the service wrote it."""

    address: str
    customer: UUID
    other: UUID
    voucher: UUID
    digest: bytes
    invoice: UUID
    dispute: UUID
    decided: UUID
    assigned: QuotedTrip
    cash: QuotedTrip
    used: QuotedTrip
    plain: QuotedTrip
    held: QuotedTrip
    count: int = field(default=0)

    def new(self) -> UUID:
        self.count += 1
        return uuid5(NOBODY, str(self.count))


async def played(address: str) -> Scene:
    """The scene: time stands at noon of 1 February 2015, the invoice is of December."""
    database = Database(address, chance=SeededChance(7), pool_size=2)
    city = await found_example(database)
    async with database.work() as work:
        payers = Payers(city, work.new_id())
    price = (await city.quoted_trip()).quote.total.minor
    limits = Limits(per_trip_minor=price, per_month_minor=3 * price)
    customer, other = await payers.customer(limits, centres=("press",)), await payers.customer()
    voucher, code = await payers.voucher(other, price + 100, days=365)
    assigned = await payers.on_customer(customer)
    cash = await payers.book(await city.quoted_trip(), CASH)
    used = await payers.book(await city.quoted_trip(), by_voucher(code))
    for trip in (cash, used):
        await payers.charge(trip)
    plain = await city.settled_trip()
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute(
            "UPDATE storage.service_time SET rate = 1e-9, wall_origin = clock_timestamp(),"
            " service_origin = %s",
            [LATER],
        )
    held = await city.quoted_trip()
    await payers.listed(customer, held)
    await payers.book(held, on(customer))
    async with database.work() as work:
        invoice = await invoicing.issue_invoice(
            work, customer, date(2014, 12, 1), supplier=SUPPLIER, by=payers.office
        )
        one, two = [
            await disputes.open_dispute(
                work, work.new_id(), trip_id=trip.trip_id, rider_id=trip.rider_id, about="charge",
                asked_minor=100, words="Why?",
            )
            for trip in (plain, assigned)
        ]  # fmt: skip
        await disputes.decide(
            work, two.dispute_id, outcome="refund", amount_minor=50, borne_by="cooperative",
            reason="so", by=payers.office,
        )  # fmt: skip
    await database.dispose()
    with psycopg.connect(address) as owner:
        row = owner.execute("SELECT digest FROM customers.voucher").fetchone()
    assert row is not None
    return Scene(
        address=address, customer=customer, other=other, voucher=voucher, digest=row[0],
        invoice=invoice.document_id, dispute=one.dispute_id, decided=two.dispute_id,
        assigned=assigned, cash=cash, used=used, plain=plain, held=held,
    )  # fmt: skip


def made(server: embedded.EmbeddedServer, template: str, name: str) -> Iterator[Scene]:
    embedded.create_database(server, name, template=template)
    yield asyncio.run(played(server.address(name)))
    with psycopg.connect(server.address("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def scene(embedded_server: embedded.EmbeddedServer, template_database: str) -> Iterator[Scene]:
    yield from made(embedded_server, template_database, f"khan_{Path(__file__).stem}"[:50])


@pytest.fixture(params=["khan_app", "owner"])
def raw(request: pytest.FixtureRequest, scene: Scene) -> Iterator["Raw"]:
    """Rows written one by one, as the service and as the tables' owner; nothing of it stays."""
    with psycopg.connect(scene.address) as connection:
        if request.param == "khan_app":
            connection.execute("SET ROLE khan_app")
        yield Raw(connection, scene)
        connection.rollback()


@dataclass
class Raw:
    """Writes rows right or wrong, and says by which rule they are refused."""

    connection: psycopg.Connection
    scene: Scene

    def row(self, table: str, **values: Any) -> None:
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        self.connection.execute(
            f"INSERT INTO customers.{table} ({names}) VALUES ({marks})", list(values.values())
        )

    def transfer(
        self, kind: str, subject: UUID, minor: int, debit: tuple[str, UUID | None],
        credit: tuple[str, UUID | None], *, of_trip: bool = True, **more: Any,
    ) -> UUID:  # fmt: skip
        """A whole transfer of two entries, announced."""
        name, at = self.scene.new(), more.pop("at", LATER)
        row = {
            "transfer_id": name, "kind": kind, "subject_id": subject, "currency": "USD",
            "trip_id": subject if of_trip else None, "entries": 2, "made_at": at,
        } | more  # fmt: skip
        marks = ", ".join(["%s"] * len(row))
        self.connection.execute(
            f"INSERT INTO ledger.transfer ({', '.join(row)}) VALUES ({marks})", list(row.values())
        )
        for role, owner in (debit, credit):
            self.connection.execute(
                "INSERT INTO ledger.account SELECT ledger.account_id(role, %s, 'USD'), role,"
                " owned_by, %s, 'USD', %s FROM ledger.role WHERE role = %s ON CONFLICT DO NOTHING",
                [owner, owner, at, role],
            )
        self.connection.execute(
            "INSERT INTO ledger.entry (transfer_id, line, account_id, amount_minor, code, made_at)"
            " VALUES (%s, 1, ledger.account_id(%s, %s, 'USD'), %s, 'x', %s),"
            " (%s, 2, ledger.account_id(%s, %s, 'USD'), %s, 'x', %s)",
            [name, *debit, minor, at, name, *credit, -minor, at],
        )
        self.connection.execute(
            "INSERT INTO storage.outbox (event_id, topic, key, kind, occurred_at, payload)"
            " VALUES (gen_random_uuid(), 'ledger', %s, 'test', %s, '{}')",
            [str(name), at],
        )
        return name

    def refused(self, act: Any) -> str | None:
        """The rule by which what `act` writes is refused, at once or at the commit."""
        try:
            with self.connection.transaction():
                act(self, self.scene)
                self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
                raise psycopg.Rollback
        except psycopg.errors.IntegrityError as error:
            return error.diag.constraint_name
        return None


def payment(raw: Raw, scene: Scene, **values: Any) -> None:
    """A way to pay by the customer, of a rider on its list, but for what is said otherwise."""
    raw.row("payment", **({
        "trip_id": scene.new(), "way": "customer", "rider_id": scene.held.rider_id,
        "currency": "USD", "promised_minor": 1, "customer_id": scene.customer,
        "limits_number": 1, "month": "2015-02-01", "made_at": LATER,
    } | values))  # fmt: skip


VOUCHERED: dict[str, Any] = {
    "way": "voucher", "customer_id": None, "limits_number": None, "month": None,
}  # fmt: skip


def document(raw: Raw, scene: Scene, **values: Any) -> None:
    said = values.get("said", "{}")
    raw.row("document", **({
        "document_id": scene.new(), "number": 2, "kind": "invoice", "customer_id": scene.customer,
        "month": "2015-01-01", "currency": "USD", "lines": 1, "total_minor": 0,
        "due_on": "2015-03-01", "said": said, "digest": sha256(said.encode()).hexdigest(),
        "issued_by": NOBODY, "issued_at": LATER,
    } | values))  # fmt: skip


def line(raw: Raw, scene: Scene, document_id: UUID, transfer: UUID, minor: int, trip: Any) -> None:
    raw.row(
        "document_line", document_id=document_id, line=1, transfer_id=transfer,
        amount_minor=minor, trip_id=trip,
    )  # fmt: skip


def of_voucher(scene: Scene) -> UUID:
    return transfer_id(Kind.VOUCHER_ISSUED, scene.voucher)


def whole_invoice(raw: Raw, scene: Scene, *, month: str, issued_at: str = LATER) -> None:
    """An invoice of the other customer, whose one entry is its voucher."""
    one = scene.new()
    minor = raw.connection.execute("SELECT amount_minor FROM customers.voucher").fetchone()
    assert minor is not None
    line(raw, scene, one, of_voucher(scene), minor[0], None)
    document(raw, scene, document_id=one, customer_id=scene.other, month=month,
             total_minor=minor[0], issued_at=issued_at)  # fmt: skip


def decision(raw: Raw, scene: Scene, **values: Any) -> None:
    raw.row("decision", **({
        "dispute_id": scene.dispute, "outcome": "nothing", "amount_minor": 0, "reason": "so",
        "decided_by": NOBODY, "decided_at": LATER,
    } | values))  # fmt: skip


def refund(raw: Raw, scene: Scene, trip: QuotedTrip, minor: int, *, by: str) -> UUID:
    bearer = (by, trip.driver_id if by == "driver" else None)
    return raw.transfer("refund", trip.trip_id, minor, bearer, ("rider", trip.rider_id),
                        reason="so", ordinal=1)  # fmt: skip


def borne(raw: Raw, scene: Scene, *, minor: int) -> None:
    """A refund of the plain trip that its driver bears by a decision."""
    name = refund(raw, scene, scene.plain, minor, by="driver")
    decision(raw, scene, outcome="refund", amount_minor=minor, borne_by="driver", transfer_id=name)


def voucher(raw: Raw, scene: Scene, **values: Any) -> None:
    raw.row("voucher", **({
        "voucher_id": scene.new(), "customer_id": scene.other, "digest": b"1" * 32,
        "currency": "USD", "amount_minor": 5, "valid_until": "2016-01-01", "issued_by": NOBODY,
        "issued_at": LATER,
    } | values))  # fmt: skip


def rider(raw: Raw, scene: Scene, **values: Any) -> None:
    raw.row("rider", **({
        "customer_id": scene.customer, "rider_id": NOBODY, "added_by": NOBODY, "added_at": LATER,
    } | values))  # fmt: skip


def update_rider(raw: Raw, scene: Scene) -> None:
    raw.connection.execute("UPDATE customers.rider SET ended_at = NULL, ended_by = NULL")


def dispute(raw: Raw, scene: Scene, **values: Any) -> None:
    raw.row("dispute", **({
        "dispute_id": scene.new(), "trip_id": scene.cash.trip_id, "about": "charge",
        "rider_id": scene.cash.rider_id, "asked_minor": 1, "currency": "USD", "words": "Why?",
        "opened_at": LATER,
    } | values))  # fmt: skip


def assigned_to(raw: Raw, scene: Scene, customer: UUID) -> None:
    """The rider's own trip, put on a customer's account without a word at its booking."""
    trip = scene.plain
    raw.transfer("assigned", trip.trip_id, 5, ("customer", customer), ("rider", trip.rider_id))


def paid(raw: Raw, scene: Scene) -> None:
    raw.transfer("customer_paid", scene.new(), 5, ("bank", None), ("customer", scene.other),
                 of_trip=False)  # fmt: skip


def passed_on(raw: Raw, scene: Scene) -> None:
    """To a customer who paid nothing of it."""
    raw.transfer("refund_passed_on", transfer_id(Kind.FARE, scene.plain.trip_id), 5,
                 ("rider", scene.plain.rider_id), ("customer", scene.other),
                 of_trip=False)  # fmt: skip


def credit_note_of_another(raw: Raw, scene: Scene) -> None:
    one = scene.new()
    name = transfer_id(Kind.VOUCHER_ISSUED, scene.voucher)
    line(raw, scene, one, name, 0, None)
    document(raw, scene, document_id=one, kind="credit_note", month=None, due_on=None,
             corrects=scene.invoice)  # fmt: skip


def left_out(raw: Raw, scene: Scene) -> None:
    """An invoice of January with one voucher, without the voucher of December."""
    one, small = scene.new(), scene.new()
    name = raw.transfer("voucher_issued", small, 5, ("customer", scene.other),
                        ("voucher", scene.other), of_trip=False, at="2015-01-05")  # fmt: skip
    voucher(raw, scene, voucher_id=small)
    line(raw, scene, one, name, 5, None)
    document(raw, scene, document_id=one, customer_id=scene.other, total_minor=5)


def credits_something_else(raw: Raw, scene: Scene) -> None:
    """What is left of a voucher, by a note that corrects an invoice of trips."""
    one = scene.new()
    name = raw.transfer("voucher_lapsed", scene.voucher, 5, ("voucher", scene.other),
                        ("customer", scene.other), of_trip=False, at="2016-02-01")  # fmt: skip
    line(raw, scene, one, name, -5, None)
    document(raw, scene, document_id=one, kind="credit_note", month=None, due_on=None,
             corrects=scene.invoice, customer_id=scene.other, total_minor=-5)  # fmt: skip


REFUSED: dict[str, list[Any]] = {
    "said_at_the_booking": [lambda r, s: payment(r, s, trip_id=s.plain.trip_id)],
    "an_open_customer": [lambda r, s: payment(r, s, limits_number=2)],
    "may_ride_on_it": [lambda r, s: payment(r, s, rider_id=NOBODY)],
    "within_the_limit_of_a_trip": [lambda r, s: payment(r, s, promised_minor=10**9)],
    "within_the_limit_of_a_month": [
        lambda r, s: [payment(r, s, promised_minor=s.held.quote.total.minor) for _ in range(3)]
    ],
    "a_voucher_that_stands": [
        lambda r, s: payment(r, s, **VOUCHERED, voucher_id=s.voucher, currency="EUR"),
        lambda r, s: payment(r, s, **VOUCHERED, voucher_id=s.voucher, made_at="2016-02-01"),
    ],
    "within_the_voucher": [
        lambda r, s: payment(r, s, **VOUCHERED, voucher_id=s.voucher, promised_minor=101)
    ],
    "a_way_of_a_booking": [payment],
    "a_way_names_who_pays": [
        lambda r, s: payment(r, s, way="cash"),
        lambda r, s: payment(r, s, **VOUCHERED),
    ],
    "charged_to_a_cost_centre": [lambda r, s: payment(r, s, cost_centre="none")],
    "one_way_to_pay_a_trip": [
        lambda r, s: [payment(r, s, trip_id=UUID(int=5)) for _ in range(2)]
    ],
    "cash_of_the_fare": [
        lambda r, s: r.transfer("cash_collected", s.plain.trip_id, s.plain.quote.total.minor,
                                ("driver", s.plain.driver_id), ("rider", s.plain.rider_id)),
    ],
    "short_of_what_was_taken": [
        lambda r, s: r.transfer("cash_short", s.plain.trip_id, 5, ("rider", s.plain.rider_id),
                                ("driver", s.plain.driver_id)),
        lambda r, s: r.transfer("cash_short", s.cash.trip_id, 10**6, ("rider", s.cash.rider_id),
                                ("driver", s.cash.driver_id)),
    ],
    "assigned_as_booked": [
        lambda r, s: assigned_to(r, s, s.customer),
        lambda r, s: assigned_to(r, s, s.other),
    ],
    "used_as_booked": [
        lambda r, s: r.transfer("voucher_used", s.plain.trip_id, 5, ("voucher", s.other),
                                ("rider", s.plain.rider_id)),
    ],
    "never_reversed": [
        lambda r, s: r.transfer("reversal", transfer_id(Kind.ASSIGNED, s.assigned.trip_id),
                                s.assigned.quote.total.minor, ("rider", s.assigned.rider_id), ("customer", s.customer),
                                of_trip=False, reason="so",
                                reverses=transfer_id(Kind.ASSIGNED, s.assigned.trip_id)),
    ],
    "issued_as_registered": [
        lambda r, s: r.transfer("voucher_issued", s.new(), 5, ("customer", s.other),
                                ("voucher", s.other), of_trip=False),
    ],
    "lapsed_when_over": [
        lambda r, s: r.transfer("voucher_lapsed", s.voucher, 5, ("voucher", s.other),
                                ("customer", s.other), of_trip=False),
    ],
    "a_voucher_is_in_the_books": [voucher],
    "one_voucher_a_code": [lambda r, s: voucher(r, s, digest=s.digest)],
    "a_voucher_ends_after_it_begins": [lambda r, s: voucher(r, s, valid_until=LATER)],
    "limits_follow_without_a_gap": [
        lambda r, s: r.row("limits", customer_id=s.customer, number=3, set_by=NOBODY, set_at=LATER)
    ],
    "listed_once_at_a_time": [lambda r, s: [rider(r, s, added_at=at) for at in (LATER, "2015-03-01")]],
    "a_cost_centre_of_the_customer": [lambda r, s: rider(r, s, cost_centre="none")],
    "a_rider_ends_by_somebody": [
        lambda r, s: r.connection.execute("UPDATE customers.rider SET ended_at = added_at")
    ],
    "a_listed_rider_ends_once": [update_rider],
    "a_document_is_its_entries": [
        document,
        credit_note_of_another,
    ],
    "a_month_is_invoiced_whole": [
        left_out,
    ],
    "invoiced_when_over": [lambda r, s: whole_invoice(r, s, month="2015-02-01")],
    "corrects_what_it_names": [credits_something_else],
    "a_document_stands": [
        lambda r, s: r.row("document_line", document_id=s.invoice, line=9, amount_minor=0,
                           transfer_id=of_voucher(s)),
    ],
    "a_line_of_a_document": [lambda r, s: line(r, s, s.new(), of_voucher(s), 5, None)],
    "an_entry_is_invoiced_once": [
        lambda r, s: line(r, s, s.new(), transfer_id(Kind.ASSIGNED, s.assigned.trip_id), 5, None)
    ],
    "one_document_a_number": [lambda r, s: document(r, s, number=1)],
    "numbers_without_a_gap": [lambda r, s: document(r, s, number=7)],
    "one_invoice_a_month": [lambda r, s: document(r, s, month="2014-12-01")],
    "an_invoice_or_its_correction": [lambda r, s: document(r, s, due_on=None)],
    "the_digest_of_what_it_says": [lambda r, s: document(r, s, digest="0" * 64)],
    "paid_by_a_customer": [paid],
    "what_was_paid_is_in_the_books": [
        lambda r, s: r.row("paid", payment_id=s.new(), customer_id=s.other, currency="USD",
                           amount_minor=5, made_by=NOBODY, made_at=LATER),
    ],
    "disputes_their_own": [
        lambda r, s: dispute(r, s, rider_id=NOBODY),
        lambda r, s: dispute(r, s, asked_minor=10**9),
    ],
    "disputed_once": [lambda r, s: [dispute(r, s) for _ in range(2)]],
    "decided_once": [lambda r, s: decision(r, s, dispute_id=s.decided)],
    "a_decision_names_its_entries": [lambda r, s: decision(r, s, outcome="refund")],
    "nobody_decides_their_own_dispute": [lambda r, s: decision(r, s, decided_by=s.plain.rider_id)],
    "one_decision_a_transfer": [
        lambda r, s: decision(r, s, outcome="refund", amount_minor=50, borne_by="cooperative",
                              transfer_id=transfer_id(Kind.REFUND, s.assigned.trip_id)),
    ],
    "decided_by_new_entries": [
        lambda r, s: decision(r, s, outcome="refund", amount_minor=50, borne_by="driver",
                              transfer_id=transfer_id(Kind.FARE, s.plain.trip_id)),
    ],
    "borne_as_decided": [
        lambda r, s: refund(r, s, s.plain, 5, by="driver"),
        lambda r, s: refund(r, s, s.plain, 5, by="bank"),
    ],
    "borne_by_what_they_got": [lambda r, s: borne(r, s, minor=s.plain.quote.total.minor)],
    "back_to_who_paid": [lambda r, s: refund(r, s, s.used, 5, by="cooperative")],
    "passed_on_to_who_paid": [passed_on],
}  # fmt: skip


@pytest.mark.parametrize("rule", sorted(REFUSED))
def test_the_database_refuses_what_must_never_be(raw: Raw, rule: str) -> None:
    for act in REFUSED[rule]:
        assert raw.refused(act) == rule


def test_nothing_written_is_changed(raw: Raw) -> None:
    for table in ("customer", "limits", "payment", "document", "document_line", "decision"):
        for act in (
            f"UPDATE customers.{table} SET {'document_id' if 'document' in table else {'decision': 'dispute_id', 'payment': 'trip_id'}.get(table, 'customer_id')} = %s",
            f"DELETE FROM customers.{table} WHERE %s IS NOT NULL",
        ):
            with pytest.raises(psycopg.Error), raw.connection.transaction():
                raw.connection.execute(act, [NOBODY])
        with pytest.raises(psycopg.Error), raw.connection.transaction():
            raw.connection.execute(f"TRUNCATE customers.{table} CASCADE")


def test_a_way_to_pay_names_limits_and_a_pin_of_its_own_customer(scene: Scene) -> None:
    """The references by themselves, without the trigger that would say more."""
    with psycopg.connect(scene.address) as owner:
        owner.execute("ALTER TABLE customers.payment DISABLE TRIGGER USER")
        raw = Raw(owner, scene)
        wrong = {
            "limits_of_the_customer": {"limits_number": 9},
            "a_pin_of_the_customer": {"pin_digest": b"0" * 32},
        }
        for rule, values in wrong.items():
            assert raw.refused(lambda r, s, values=values: payment(r, s, **values)) == rule
        owner.rollback()


# --- planted defects


@pytest.fixture(scope="module")
def planted(embedded_server: embedded.EmbeddedServer, template_database: str) -> Iterator[Scene]:
    """The same scene, with one defect for each check, put past every trigger."""
    for scene in made(embedded_server, template_database, "khan_planted_customers"):
        with psycopg.connect(scene.address, autocommit=True) as owner:
            owner.execute("SET session_replication_role = replica")
            plant(owner, scene)
        yield scene


def plant(owner: psycopg.Connection, scene: Scene) -> None:
    raw = Raw(owner, scene)
    trip, other = scene.assigned, scene.used
    # Limits lowered under what was promised, and the voucher to a cent.
    owner.execute("UPDATE customers.limits SET per_trip_minor = 1, per_month_minor = 1")
    owner.execute("UPDATE customers.voucher SET amount_minor = 1")
    # Money that the driver took and nobody entered; money on an account that nobody chose.
    owner.execute(
        "DELETE FROM ledger.transfer WHERE subject_id = %s AND kind = 'cash_collected'",
        [scene.cash.trip_id],
    )
    raw.transfer("assigned", scene.plain.trip_id, 5, ("customer", scene.other),
                 ("rider", scene.plain.rider_id))  # fmt: skip
    # A refund that stayed with the rider, and one that a driver bears without a word.
    refund(raw, scene, other, 5, by="cooperative")
    refund(raw, scene, scene.plain, 5, by="driver")
    # An invoice of another sum, with a number that leaves a gap; a decision without an entry.
    owner.execute("UPDATE customers.document SET total_minor = total_minor + 1, number = 3")
    owner.execute("UPDATE customers.decision SET transfer_id = %s", [scene.new()])
    assert trip.trip_id != other.trip_id


async def faults_of(address: str) -> dict[str, list[str]]:
    database = Database(address, pool_size=1)
    found: dict[str, list[str]] = {}
    async with database.work() as work:
        async for fault in store_checks.faults(work):
            found.setdefault(fault.rule, []).append(fault.where)
            assert "{" not in fault.what
    await database.dispose()
    return found


async def test_a_sound_register_has_no_fault(scene: Scene) -> None:
    assert await faults_of(scene.address) == {}


async def test_every_check_finds_what_was_planted(planted: Scene) -> None:
    found = await faults_of(planted.address)
    assert sorted(found) == sorted(store_checks.RULES)
    where = {
        "within_the_voucher": planted.voucher,
        "issued_as_registered": planted.voucher,
        "paid_as_booked": planted.cash.trip_id,
        "back_to_who_paid": planted.used.trip_id,
        "numbers_without_a_gap": planted.invoice,
        "a_document_is_its_entries": planted.invoice,
        "decided_by_new_entries": planted.decided,
    }
    assert {rule: found[rule] for rule in where} == {
        rule: [str(one)] for rule, one in where.items()
    }
