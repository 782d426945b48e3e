"""What somebody always needs is sealed, theirs to change, and gone when they are forgotten."""

import psycopg
import pytest
from sqlalchemy import text

from foundation.identifiers import PersonId
from registry.errors import DetailInvalid, PersonNotFound, VaultKeyWrong
from registry.needs import NEEDS_MAX, needs_of, set_needs
from registry.service import forget_person, set_name
from registry.vault import Vault
from storage.engine import Database
from tests.people import VAULT, a_rider

OTHER_VAULT = Vault.from_secret(b"another secret of thirty-two bytes")


async def rows(database: Database) -> list[tuple[bytes, bytes]]:
    async with database.reading() as work:
        found = await work.execute(text("SELECT data_key, needs FROM registry.usual_needs"))
        return [(row.data_key, row.needs) for row in found]


async def test_what_is_said_last_is_kept_and_nothing_erases_it(database: Database) -> None:
    async with database.work() as work:
        person = PersonId(await a_rider(work))
        assert await needs_of(work, person, vault=VAULT) == frozenset()
        await set_needs(work, person, ["wheelchair", "child_seat"], vault=VAULT)
        await set_needs(work, person, ["wheelchair", "wheelchair"], vault=VAULT)
        assert await needs_of(work, person, vault=VAULT) == {"wheelchair"}
        await set_needs(work, person, [], vault=VAULT)
        assert await needs_of(work, person, vault=VAULT) == frozenset()
    assert await rows(database) == []


async def test_it_is_sealed_and_its_length_tells_nothing(database: Database) -> None:
    async with database.work() as work:
        few, many = PersonId(await a_rider(work, 1)), PersonId(await a_rider(work, 2))
        await set_needs(work, few, ["lift"], vault=VAULT)
        await set_needs(work, many, ["wheelchair", "child_seat", "guide_dog"], vault=VAULT)
    (_, one), (_, other) = await rows(database)
    assert len(one) == len(other)
    assert b"wheelchair" not in one + other
    async with database.reading() as work:
        outbox = (await work.execute(text("SELECT payload::text FROM storage.outbox"))).scalars()
        assert "wheelchair" not in " ".join(outbox)


async def test_another_key_or_another_row_opens_nothing(
    database: Database, database_address: str
) -> None:
    async with database.work() as work:
        person, other = PersonId(await a_rider(work, 1)), PersonId(await a_rider(work, 2))
        await set_needs(work, person, ["wheelchair"], vault=VAULT)
        with pytest.raises(VaultKeyWrong):
            await needs_of(work, person, vault=OTHER_VAULT)
    with psycopg.connect(database_address) as owner:
        owner.execute(
            "INSERT INTO registry.usual_needs SELECT %s, data_key, needs"
            " FROM registry.usual_needs", [other],
        )  # fmt: skip
    async with database.work() as work:
        with pytest.raises(VaultKeyWrong):
            await needs_of(work, other, vault=VAULT)


async def test_who_is_forgotten_leaves_no_needs_and_can_say_none(database: Database) -> None:
    async with database.work() as work:
        person = PersonId(await a_rider(work))
        await set_needs(work, person, ["wheelchair"], vault=VAULT)
    async with database.work() as work:
        await forget_person(work, person)
    assert await rows(database) == []
    async with database.work() as work:
        assert await needs_of(work, person, vault=VAULT) == frozenset()
        with pytest.raises(PersonNotFound):
            await set_needs(work, person, ["wheelchair"], vault=VAULT)


async def test_a_new_name_leaves_them_as_they_are(database: Database) -> None:
    async with database.work() as work:
        person = PersonId(await a_rider(work))
        await set_needs(work, person, ["wheelchair"], vault=VAULT)
        await set_name(work, person, "Another Name", vault=VAULT)
        assert await needs_of(work, person, vault=VAULT) == {"wheelchair"}


@pytest.mark.parametrize(
    "needs",
    [["Wheelchair"], [""], ["a b"], ["x" * 31], [f"n{'x' * n}" for n in range(NEEDS_MAX + 1)]],
)
async def test_what_is_no_need_is_refused(database: Database, needs: list[str]) -> None:
    async with database.work() as work:
        person = PersonId(await a_rider(work))
        with pytest.raises(DetailInvalid):
            await set_needs(work, person, needs, vault=VAULT)
