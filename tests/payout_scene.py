"""A driver who earned something and is to be paid, in a city whose time stands still."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import psycopg

from foundation.identifiers import DriverId, SessionId
from ledger import payouts, views
from ledger.account import Role
from ledger.bank_account import BankAccount
from ledger.store.payouts import list_payouts_of_file
from tests.booked import City
from tests.money import USD, numbered
from tests.people import VAULT, a_driver, an_officer

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

    async def make_file(
        self, number: int = 1, *, least_minor: int = 1, only_asked: bool = False
    ) -> payouts.FileMade:
        async with self.city.database.work() as work:
            return await payouts.make_file(
                work, VAULT, numbered(number), payer=PAYER, currency=USD,
                execute_on=date(2024, 5, 20), least_minor=least_minor, made_by=OFFICER,
                only_asked=only_asked,
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

    async def available(self) -> int:
        """What is owed to the driver and not on its way."""
        row = self.owner.execute(
            "SELECT ledger.available(ledger.account_id('driver', %s, 'USD'))", [self.driver_id]
        ).fetchone()
        assert row is not None
        return int(row[0])

    async def balance(self, role: Role) -> int:
        async with self.city.database.work() as work:
            return (await views.balances(work)).get((role, USD), 0)


async def new_scene(
    city: City, address: str, owner: psycopg.Connection, *, number: int = 1
) -> Scene:
    """A driver who drove one trip, before anything else happens; the first, or another."""
    async with city.database.work() as work:
        driver_id = (await a_driver(work, await an_officer(work), number)).driver_id
    await city.settled_trip(driver_id=driver_id)
    made = Scene(city=city, address=address, owner=owner, driver_id=driver_id, owed_minor=0)
    made.owed_minor = await made.available()
    assert made.owed_minor > 0
    return made
