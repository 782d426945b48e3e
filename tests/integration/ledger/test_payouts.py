"""What drivers are owed goes to their banks: I21 and I22, files, and what the bank answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import psycopg
import pytest

from foundation.identifiers import DriverId, SessionId
from ledger import payouts, views
from ledger.account import Role, account_of_driver
from ledger.bank_account import BankAccount
from ledger.errors import (
    DestinationInUse,
    NothingToPay,
    PayoutEnded,
    PayoutFileChanged,
    PayoutFileNotFound,
    PayoutNotFound,
)
from ledger.payout_file import faults_of
from ledger.store.payouts import list_destinations, list_payouts_of_driver, list_payouts_of_file
from tests.book_rows import AT, Writer, account_named, named, refused
from tests.booked import City
from tests.money import USD, numbered
from tests.people import VAULT, a_driver, a_rider, an_officer
from tests.service_time import move_time, stop_time

HOUR = 3600
OFFICER = numbered(77)
PAYER = BankAccount.of(
    {"holder": "Khan Cars", "routing_number": "021001208", "account_number": "0001112223"}
)
MINE = BankAccount.of(
    {"holder": "Dora Driver", "routing_number": "021000021", "account_number": "444455556"}
)
THIEFS = BankAccount.of(
    {"holder": "D. Driver", "routing_number": "021000021", "account_number": "999900001"}
)


@dataclass(slots=True, kw_only=True)
class Scene:
    """One driver who earned something, in a city whose time stands still."""

    city: City
    address: str
    owner: psycopg.Connection
    driver_id: DriverId
    owed_minor: int

    def session(self, *, strong: bool = True, of: UUID | None = None) -> SessionId:
        """A session of the driver's, opened with a passkey."""
        row = self.owner.execute(
            """
            WITH passkey AS (
                INSERT INTO registry.passkey (passkey_id, person_id, credential_id, public_key,
                                              sign_count, made_at)
                VALUES (gen_random_uuid(), %(person)s, sha256(gen_random_uuid()::text::bytea), 'k',
                        0, service_now())
                RETURNING passkey_id
            )
            INSERT INTO registry.session (session_id, token_hash, person_id, opened_by, passkey_id,
                                          opened_at, expires_at, strong_until)
            SELECT gen_random_uuid(), sha256(gen_random_uuid()::text::bytea), %(person)s, 'passkey',
                   passkey_id, service_now(), service_now() + interval '1 day',
                   CASE WHEN %(strong)s THEN service_now() + interval '5 minutes' END
            FROM passkey RETURNING session_id
            """,
            {"person": of or self.driver_id, "strong": strong},
        ).fetchone()
        assert row is not None
        return SessionId(row[0])

    async def set_destination(
        self, account: BankAccount = MINE, *, session_id: SessionId | None = None
    ) -> int:
        async with self.city.database.work() as work:
            return await payouts.set_destination(
                work, VAULT, self.driver_id, account, session_id=session_id or self.session()
            )

    async def make_file(self, number: int = 1, *, least_minor: int = 1) -> payouts.FileMade:
        async with self.city.database.work() as work:
            return await payouts.make_file(
                work, VAULT, numbered(number), payer=PAYER, currency=USD,
                execute_on=date(2024, 5, 20), least_minor=least_minor, made_by=OFFICER,
            )  # fmt: skip

    async def text(self, number: int = 1, payer: BankAccount = PAYER) -> bytes:
        async with self.city.database.work() as work:
            return await payouts.file_text(work, VAULT, numbered(number), payer=payer)

    async def sent(self, number: int = 1) -> int:
        async with self.city.database.work() as work:
            return await payouts.mark_sent(work, numbered(number), made_by=OFFICER)

    async def returned(self, payout_id: UUID) -> None:
        async with self.city.database.work() as work:
            await payouts.mark_returned(work, payout_id, reason="account closed", made_by=OFFICER)

    async def payout_id(self, number: int = 1) -> UUID:
        async with self.city.database.work() as work:
            (payout,) = await list_payouts_of_file(work, numbered(number))
        return payout.payout_id

    async def balance(self, role: Role) -> int:
        async with self.city.database.work() as work:
            return (await views.balances(work)).get((role, USD), 0)


@pytest.fixture
async def scene(city: City, database_address: str, owner: psycopg.Connection) -> Scene:
    """A driver who drove one trip, four days ago."""
    stop_time(database_address, at="2024-05-14 12:00+00")
    async with city.database.work() as work:
        driver_id = (await a_driver(work, await an_officer(work))).driver_id
    await city.settled_trip(driver_id=driver_id)
    made = Scene(
        city=city, address=database_address, owner=owner, driver_id=driver_id, owed_minor=0
    )
    made.owed_minor = -await made.balance(Role.DRIVER)
    assert made.owed_minor > 0
    return made


@pytest.fixture
async def ready(scene: Scene) -> Scene:
    """The driver's account is in use."""
    await scene.set_destination()
    move_time(scene.address, 72 * HOUR)
    return scene


async def test_all_that_is_owed_goes_out_and_the_bank_says_so(ready: Scene) -> None:
    made = await ready.make_file()
    assert (made.file.payouts, made.file.total_minor) == (1, ready.owed_minor)
    text = await ready.text()
    assert faults_of(text) == []
    assert b"444455556" in text
    assert await ready.balance(Role.DRIVER) == -ready.owed_minor, "pending moves no balance"
    assert await ready.sent() == 1
    assert await ready.sent() == 0
    assert await ready.balance(Role.DRIVER) == 0
    assert await ready.balance(Role.BANK) == -ready.owed_minor
    async with ready.city.database.work() as work:
        (payout,) = await list_payouts_of_driver(work, ready.driver_id, limit=9)
    assert (payout.state, payout.amount_minor) == ("sent", ready.owed_minor)


async def test_the_same_file_twice_is_one_file(ready: Scene) -> None:
    first = await ready.make_file()
    again = await ready.make_file()
    assert again.file == first.file
    with pytest.raises(NothingToPay):
        await ready.make_file(2)


async def test_who_gave_no_account_is_named_and_waits(scene: Scene) -> None:
    with pytest.raises(NothingToPay, match="1 without one"):
        await scene.make_file()


async def test_small_sums_wait(ready: Scene) -> None:
    with pytest.raises(NothingToPay, match="0 without one"):
        await ready.make_file(least_minor=ready.owed_minor + 1)
    assert (await ready.make_file(least_minor=ready.owed_minor)).file.payouts == 1


@pytest.mark.parametrize("sent", [False, True])
async def test_what_the_bank_refuses_or_returns_is_owed_again(ready: Scene, sent: bool) -> None:
    await ready.make_file()
    if sent:
        await ready.sent()
    payout_id = await ready.payout_id()
    await ready.returned(payout_id)
    assert await ready.balance(Role.DRIVER) == -ready.owed_minor
    assert await ready.balance(Role.BANK) == 0
    with pytest.raises(PayoutEnded):
        await ready.returned(payout_id)
    assert await ready.sent() == 0
    assert (await ready.make_file(2)).file.total_minor == ready.owed_minor


async def test_a_file_that_would_differ_is_not_written(ready: Scene) -> None:
    await ready.make_file()
    with pytest.raises(PayoutFileChanged):
        await ready.text(payer=MINE)
    ready.owner.execute("DELETE FROM registry.contact WHERE person_id = %s", [ready.driver_id])
    with pytest.raises(PayoutFileChanged):
        await ready.text()


async def test_what_is_not_there(ready: Scene) -> None:
    for ask in (ready.text(9), ready.sent(9)):
        with pytest.raises(PayoutFileNotFound):
            await ask
    with pytest.raises(PayoutNotFound):
        await ready.returned(numbered(9))


# --- I22


async def test_I22_a_new_destination_waits_three_days(ready: Scene) -> None:
    assert await ready.set_destination(THIEFS) == 2
    move_time(ready.address, 72 * HOUR - 1)
    await ready.make_file()
    assert b"444455556" in await ready.text()
    await ready.city.settled_trip(driver_id=ready.driver_id)
    move_time(ready.address, 1)
    await ready.make_file(2)
    assert b"999900001" in await ready.text(2)


async def test_I22_its_owner_takes_back_what_somebody_else_set(ready: Scene) -> None:
    await ready.set_destination(THIEFS)
    async with ready.city.database.work() as work:
        await payouts.withdraw_destination(work, ready.driver_id, 2)
    move_time(ready.address, 72 * HOUR)
    await ready.make_file()
    assert b"444455556" in await ready.text()
    async with ready.city.database.work() as work:
        latest, first = await list_destinations(work, ready.driver_id)
        with pytest.raises(DestinationInUse):
            await payouts.withdraw_destination(work, ready.driver_id, 1)
    assert (latest.withdrawn_at is None, first.withdrawn_at) == (False, None)


@pytest.fixture(params=["khan_app", "owner"])
def anybody(
    request: pytest.FixtureRequest, owner: psycopg.Connection
) -> Iterator[psycopg.Connection]:
    """The service, and the owner of the tables."""
    if request.param == "khan_app":
        owner.execute("SET ROLE khan_app")
    yield owner
    owner.execute("RESET ROLE")


INSERT = (
    "INSERT INTO ledger.payout_destination (driver_id, number, data_key, account, tail, session_id,"
    " usable_from) VALUES (%s, 1, 'k', 'a', '1234', %s, service_now() + %s::interval)"
)


async def test_I22_the_database_asks_for_a_strong_sign_in(
    scene: Scene, anybody: psycopg.Connection
) -> None:
    anybody.execute("RESET ROLE")
    async with scene.city.database.work() as work:
        somebody = await a_rider(work)
    weak, of_another = scene.session(strong=False), scene.session(of=somebody)
    for session in (weak, of_another, numbered(5)):
        with refused("i22_strong_sign_in"):
            anybody.execute(INSERT, [scene.driver_id, session, "72 hours"])
    late = scene.session()
    move_time(scene.address, 5 * 60 + 1)
    with refused("i22_strong_sign_in"):
        anybody.execute(INSERT, [scene.driver_id, late, "72 hours"])


async def test_I22_the_database_asks_for_three_days_and_for_notice(
    scene: Scene, anybody: psycopg.Connection
) -> None:
    anybody.execute("RESET ROLE")
    session = scene.session()
    with refused("i22_waits_72_hours"):
        anybody.execute(INSERT, [scene.driver_id, session, "71 hours"])
    with refused("i22_the_owner_is_told"):
        anybody.execute(INSERT, [scene.driver_id, session, "72 hours"])


async def test_I22_a_payout_goes_to_the_destination_in_use_alone(ready: Scene) -> None:
    await ready.set_destination(THIEFS)
    await ready.make_file()
    with refused("i22_the_destination_in_use"):
        ready.owner.execute(
            "INSERT INTO ledger.payout SELECT gen_random_uuid(), payout_file_id, driver_id, 2,"
            " currency, amount_minor, kind, ordinal, made_at FROM ledger.payout"
        )


async def test_I22_what_is_in_use_is_not_taken_back(ready: Scene) -> None:
    with refused("only_what_waits_is_taken_back"):
        ready.owner.execute(
            "INSERT INTO ledger.payout_destination_withdrawn VALUES (%s, 1)", [ready.driver_id]
        )
    for change in (
        "UPDATE ledger.payout_destination SET account = 'x'",
        "UPDATE ledger.payout SET amount_minor = 1",
        "DELETE FROM ledger.payout_file",
    ):
        if "destination" not in change:
            await ready.make_file()
        with pytest.raises(psycopg.errors.RestrictViolation):
            ready.owner.execute(change)


async def test_I21_a_payout_in_the_books_is_in_a_file(ready: Scene) -> None:
    writer = Writer(ready.owner)
    driver = account_of_driver(ready.driver_id, USD).account_id
    writer.account("bank", None, "USD")
    with refused("a_payout_is_in_a_file"), ready.owner.transaction():
        writer.transfer("payout", kind="payout", of=named("payout"))
        ready.owner.execute(
            "INSERT INTO ledger.entry (transfer_id, line, account_id, amount_minor, code, made_at)"
            " VALUES (%s, 1, %s, 1, 'payout', %s), (%s, 2, %s, -1, 'payout', %s)",
            [named("payout"), driver, AT, named("payout"), account_named("bank None"), AT],
        )
        writer.announce("payout")
