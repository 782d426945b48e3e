"""What the database refuses of payments by itself, and what the checks find that was planted."""

import psycopg
import pytest

from ledger.payments.store import checks
from tests.booked import QuotedTrip
from tests.payments import PayingCity
from tests.service_time import move_time


@pytest.fixture(params=["khan_app", "owner"])
def hand(request: pytest.FixtureRequest, owner: psycopg.Connection) -> psycopg.Connection:
    """The service's role, and the tables' owner."""
    if request.param == "khan_app":
        owner.execute("SET ROLE khan_app")
    return owner


@pytest.fixture
async def trip(paying: PayingCity) -> QuotedTrip:
    """One trip that was paid by card: captured, with a fee."""
    trip = await paying.booked(await paying.rider(method="pm_good"))
    await paying.settle(trip)
    await paying.turns()
    return trip


PAYMENT = """
    INSERT INTO ledger.payment (payment_id, rider_id, trip_id, purpose, provider, card_id, currency,
                                wanted_minor, note, made_at, changed_at, state, authorised_minor,
                                captured_minor, refunded_minor)
    SELECT gen_random_uuid(), gen_random_uuid(), {trip}, {purpose}, 'stripe', {card}, 'USD', {wanted},
           {note}, service_now(), service_now(), {state}, {authorised}, {captured}, {refunded}
"""
GOOD = {
    "trip": "NULL", "purpose": "'owed'", "card": "gen_random_uuid()", "wanted": "5", "note": "NULL",
    "state": "'wanted'", "authorised": "0", "captured": "0", "refunded": "0",
}  # fmt: skip

ROWS = {
    "a_payment_is_of_something": PAYMENT.format(**GOOD | {"wanted": "0"}),
    "a_trip_is_named": PAYMENT.format(**GOOD | {"purpose": "'trip'"}),
    "a_card_is_named": PAYMENT.format(**GOOD | {"card": "NULL"}),
    "one_payment_a_trip_and_purpose": PAYMENT.format(
        **GOOD | {"trip": "trip_id", "purpose": "'trip'"}
    )
    + " FROM ledger.payment",
    "taken_within_what_was_authorised": PAYMENT.format(
        **GOOD | {"captured": "6", "authorised": "5", "state": "'captured'"}
    ),
    "state_says_what_was_taken": PAYMENT.format(**GOOD | {"state": "'captured'"}),
    "no_card_number_in_a_payment": PAYMENT.format(**GOOD | {"note": "'4242 4242 4242 4242'"}),
    "a_payment_is_in_the_books": PAYMENT.format(
        **GOOD | {"captured": "5", "authorised": "5", "state": "'captured'"}
    ),
    "looks_follow_nudges": "UPDATE ledger.payment SET looks = nudges + 1",
    "one_payment_a_ref": "WITH other AS ("
    + PAYMENT.format(**GOOD)
    + " RETURNING payment_id) SELECT 1 FROM other;"
    " UPDATE ledger.payment SET ref = (SELECT max(ref) FROM ledger.payment) WHERE ref IS NULL",
    "a_payment_moves_forward": "UPDATE ledger.payment SET state = 'wanted', captured_minor = 0",
    "no_card_number": "INSERT INTO ledger.card SELECT gen_random_uuid(), rider_id, 'stripe', 'cus',"
    " '4242-4242-4242-4242', 'visa', '4242', service_now() FROM ledger.card",
    "one_card_a_method": "INSERT INTO ledger.card SELECT gen_random_uuid(), rider_id, provider,"
    " customer, method, brand, tail, service_now() FROM ledger.card",
    "one_command_a_payment_and_ordinal": "INSERT INTO ledger.payment_command (command_id, payment_id,"
    " what, ordinal, amount_minor, made_at, next_at) SELECT gen_random_uuid(), payment_id, what,"
    " ordinal, 1, service_now(), service_now() FROM ledger.payment_command",
    "one_open_command_a_payment": "INSERT INTO ledger.payment_command (command_id, payment_id, what,"
    " ordinal, amount_minor, reason, made_at, next_at) SELECT gen_random_uuid(), payment_id, 'refund',"
    " number, 1, 'x', service_now(), service_now() FROM ledger.payment, generate_series(1, 2) AS number",
    "only_refunds_repeat": "INSERT INTO ledger.payment_command (command_id, payment_id, what, ordinal,"
    " amount_minor, made_at, next_at) SELECT gen_random_uuid(), payment_id, 'capture', 2, 1,"
    " service_now(), service_now() FROM ledger.payment",
    "a_refund_says_why": "INSERT INTO ledger.payment_command (command_id, payment_id, what, ordinal,"
    " amount_minor, made_at, next_at) SELECT gen_random_uuid(), payment_id, 'refund', 1, 1,"
    " service_now(), service_now() FROM ledger.payment",
    "no_card_number_in_a_reason": "INSERT INTO ledger.payment_command (command_id, payment_id, what,"
    " ordinal, amount_minor, reason, made_at, next_at) SELECT gen_random_uuid(), payment_id, 'refund',"
    " 1, 1, '4242424242424242', service_now(), service_now() FROM ledger.payment",
    "a_command_stays_what_was_asked": "UPDATE ledger.payment_command SET attempts = attempts + 1",
    "facts_are_an_object": "INSERT INTO ledger.provider_event VALUES"
    " ('stripe', 'e', 'k', NULL, NULL, '[]', false, service_now())",
    "an_event_is_taken_once": "INSERT INTO ledger.provider_event SELECT 'stripe', 'e', 'k', NULL, NULL,"
    " '{}', false, service_now() FROM generate_series(1, 2)",
}
"""A guard, and a row that it refuses."""


def refusals(hand: psycopg.Connection, rows: dict[str, str]) -> dict[str, str | None]:
    """The name by which each is refused, each in a transaction of its own."""
    told: dict[str, str | None] = {}
    for guard, row in rows.items():
        try:
            with hand.transaction():
                hand.execute(row)
            told[guard] = None
        except psycopg.Error as error:
            told[guard] = error.diag.constraint_name or type(error).__name__
    return told


def test_what_cannot_be_is_refused_by_name(hand: psycopg.Connection, trip: QuotedTrip) -> None:
    assert refusals(hand, ROWS) == {guard: guard for guard in ROWS}


def test_what_was_asked_is_done_or_given_up(owner: psycopg.Connection, trip: QuotedTrip) -> None:
    owner.execute(
        "ALTER TABLE ledger.payment_command DISABLE TRIGGER a_command_stays_what_was_asked"
    )
    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        owner.execute("UPDATE ledger.payment_command SET given_up_at = done_at")
    assert caught.value.diag.constraint_name == "done_or_given_up"


OWNERS = {
    "a_payment_stays_what_it_was_made_for": "UPDATE ledger.payment SET wanted_minor = 1",
    "a_card_is_only_removed": "UPDATE ledger.card SET tail = '0000'",
    "a_command_stays_what_was_asked": "UPDATE ledger.payment_command SET amount_minor = 1",
}


def test_what_was_made_stays_even_for_the_owner(
    owner: psycopg.Connection, trip: QuotedTrip
) -> None:
    assert refusals(owner, OWNERS) == {guard: guard for guard in OWNERS}
    owner.execute("SET ROLE khan_app")
    assert set(refusals(owner, OWNERS).values()) == {"InsufficientPrivilege"}


def test_nothing_is_ever_deleted(owner: psycopg.Connection, trip: QuotedTrip) -> None:
    """Held by never_deleted, append_only and append_only_truncate, which refuse in one voice."""
    owner.execute(
        "INSERT INTO ledger.provider_event VALUES"
        " ('stripe', 'e', 'k', NULL, NULL, '{}', false, service_now())"
    )
    tries = {}
    for table in ("payment", "payment_step", "payment_command", "provider_event"):
        tries[f"delete {table}"] = f"DELETE FROM ledger.{table}"
        tries[f"truncate {table}"] = f"TRUNCATE ledger.{table} CASCADE"
    assert set(refusals(owner, tries).values()) == {"append_only"}


async def test_every_state_is_kept(
    owner: psycopg.Connection, paying: PayingCity, trip: QuotedTrip
) -> None:
    payment_id = (await paying.of_trip(trip)).payment_id
    rows = owner.execute(
        "SELECT state FROM ledger.payment_step WHERE payment_id = %s ORDER BY number", [payment_id]
    ).fetchall()
    assert [state for (state,) in rows] == ["wanted", "authorised", "captured"]


def test_money_in_of_no_payment_is_refused(owner: psycopg.Connection, trip: QuotedTrip) -> None:
    """money_in_is_of_a_payment: by its own name it asks whether the payment is in the books."""
    with pytest.raises(psycopg.errors.IntegrityError) as caught, owner.transaction():
        owner.execute(FORGED)
    assert caught.value.diag.constraint_name == "a_payment_is_in_the_books"


FORGED = """
    INSERT INTO ledger.transfer (transfer_id, kind, subject_id, currency, entries, made_at)
    VALUES (gen_random_uuid(), 'payment', '019b5e3c-7a10-7f00-8000-00000000000a', 'USD', 2, service_now());
    INSERT INTO ledger.entry (transfer_id, line, account_id, amount_minor, code, made_at)
    SELECT transfer.transfer_id, row_number() OVER (ORDER BY role), account_id,
           CASE role WHEN 'rider' THEN -7 ELSE 7 END, 'payment', transfer.made_at
    FROM ledger.transfer, ledger.account
    WHERE subject_id = '019b5e3c-7a10-7f00-8000-00000000000a' AND role IN ('rider', 'provider');
    INSERT INTO storage.outbox (event_id, topic, key, kind, occurred_at, payload)
    SELECT gen_random_uuid(), 'ledger', CAST(transfer_id AS text), 'test', service_now(), '{}'
    FROM ledger.transfer WHERE subject_id = '019b5e3c-7a10-7f00-8000-00000000000a'
"""

PLANTED = {
    "a_payment_is_in_the_books": "UPDATE ledger.payment SET refunded_minor = 3",
    "money_in_is_of_a_payment": FORGED,
    "the_fee_is_in_the_books": "UPDATE ledger.payment SET fee_minor = fee_minor + 1",
    "taken_within_what_was_authorised": "ALTER TABLE ledger.payment DROP CONSTRAINT"
    " taken_within_what_was_authorised; UPDATE ledger.payment SET authorised_minor = 1",
    "a_trip_pays_what_it_came_to": "UPDATE ledger.charge SET total_minor = total_minor - 1",
    "a_payment_stands_where_its_steps_left_it": "DELETE FROM ledger.payment_step WHERE number = 3",
    "a_dispute_and_a_payout_were_told": FORGED.replace("'payment', '019b", "'chargeback', '019b"),
    "no_card_number": "ALTER TABLE ledger.card DROP CONSTRAINT no_card_number;"
    " UPDATE ledger.card SET method = '4242424242424242'",
}


async def found(paying: PayingCity) -> set[str]:
    faults = set()
    async with paying.city.database.work() as work:
        async for fault in checks.payment_faults(work):
            assert "{" not in fault.what
            faults.add(fault.rule)
    return faults


def test_every_check_has_its_plant() -> None:
    assert set(PLANTED) == set(checks.RULES)


@pytest.mark.parametrize("rule", checks.RULES)
async def test_every_check_finds_what_was_planted(
    paying: PayingCity,
    trip: QuotedTrip,
    owner: psycopg.Connection,
    database_address: str,
    rule: str,
) -> None:
    move_time(database_address, 2 * 3600)
    assert await found(paying) == set()
    owner.execute("SET session_replication_role = replica")  # as who owns the machine could
    owner.execute(PLANTED[rule])
    assert rule in await found(paying)
