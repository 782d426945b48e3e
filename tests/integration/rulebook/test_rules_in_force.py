"""Rules are founded once, found by their time, and never edited (I18, I19)."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from foundation.identifiers import RuleId
from rulebook.errors import CharterExists, RuleMissing, RuleNotFound
from rulebook.rule import RuleKind, digest_of
from rulebook.service import (
    all_in_force,
    booking_policy,
    found_city,
    get_rule,
    in_force,
    list_rules,
)
from storage.engine import Database
from tests.rules import example_bodies, example_charter, found

BEGINS = datetime(2014, 2, 1, tzinfo=UTC)


async def test_a_founded_city_has_its_rules_in_force_as_version_one(database: Database) -> None:
    rules = await found(database)
    assert set(rules) == set(example_bodies())
    async with database.work() as work:
        tariff = await in_force(work, RuleKind.TARIFF, work.now)
        assert tariff == rules[RuleKind.TARIFF] == await get_rule(work, tariff.rule_id)
        assert await list_rules(work, RuleKind.TARIFF) == (tariff,)
        assert (await booking_policy(work, work.now)).seats_max == 6
    assert tariff.version == 1
    assert tariff.adopted_by == "charter: Founding charter of Example"
    assert tariff.body == example_bodies()[RuleKind.TARIFF]
    assert tariff.digest == digest_of(tariff.body)


async def test_a_rule_holds_from_its_first_instant_and_not_before(database: Database) -> None:
    await found(database)
    async with database.work() as work:
        assert (await in_force(work, RuleKind.TARIFF, BEGINS)).valid_from == BEGINS
        with pytest.raises(RuleMissing, match="No tariff is in force"):
            await in_force(work, RuleKind.TARIFF, BEGINS - timedelta(microseconds=1))
        with pytest.raises(RuleMissing, match="No levy"):
            await all_in_force(work, {RuleKind.TARIFF: BEGINS, RuleKind.LEVY: BEGINS})
        with pytest.raises(RuleNotFound):
            await get_rule(work, RuleId(work.new_id()))


async def test_I19_a_city_is_founded_once(database: Database) -> None:
    await found(database)
    with pytest.raises(CharterExists):
        await found(database)


async def test_I19_of_two_founders_at_once_one_is_refused(database: Database) -> None:
    async with database.work() as first:
        await found_city(first, example_charter())
        # The second cannot see the first's uncommitted charter, and waits at the index.
        second = asyncio.create_task(found(database))
        await asyncio.wait([second], timeout=0.5)
        assert not second.done()
    with pytest.raises(CharterExists):
        await second
    async with database.work() as work:
        assert len(await list_rules(work)) == len(example_bodies())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rulebook.rule SET body = '{}'",
        "DELETE FROM rulebook.rule",
        "TRUNCATE rulebook.rule CASCADE",
        "UPDATE rulebook.adoption SET title = 'x'",
        "INSERT INTO rulebook.adoption SELECT * FROM rulebook.adoption",
        "INSERT INTO rulebook.rule (rule_id) SELECT rule_id FROM rulebook.rule",
        "ALTER TABLE rulebook.rule DISABLE TRIGGER ALL",
    ],
)
async def test_I18_the_service_cannot_write_rules(database: Database, statement: str) -> None:
    await found(database)
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        async with database.work() as work:
            await work.execute(text(statement))


@pytest.mark.parametrize("table", ["rule", "adoption"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET kind = kind", "DELETE FROM {}", "TRUNCATE {} CASCADE"])  # fmt: skip
async def test_I18_even_the_owner_cannot_change_a_rule(
    database: Database, owner: psycopg.Connection, table: str, statement: str
) -> None:
    await found(database)
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        owner.execute(statement.format(f"rulebook.{table}"))


def insert_rule(owner: psycopg.Connection, **changes: object) -> None:
    """The first levy, by the charter; each test breaks one thing of it."""
    body = str(changes.get("body", "{}"))
    adoption_id, adopted_at = owner.execute(
        "SELECT adoption_id, adopted_at FROM rulebook.adoption WHERE kind = 'charter'"
    ).fetchone()
    row = {
        "kind": "levy",
        "version": 1,
        "body": body,
        "digest": hashlib.sha256(body.encode()).hexdigest(),
        "valid_from": datetime(2030, 2, 1, tzinfo=UTC),
        "published_at": datetime(2030, 1, 1, tzinfo=UTC),
        "supersedes": None,
        "superseded_from": None,
        "adoption_id": adoption_id,
        "notice_days": 0,
        "adoption_kind": "charter",
        "adopted_at": adopted_at,
    } | changes
    columns = ", ".join(row)
    values = ", ".join(f"%({name})s" for name in row)
    owner.execute(
        f"INSERT INTO rulebook.rule (rule_id, {columns}) VALUES (gen_random_uuid(), {values})", row
    )


def next_tariff(owner: psycopg.Connection, **changes: object) -> dict[str, object]:
    """What makes the row of `insert_rule` the tariff that follows the charter's."""
    [charters] = owner.execute("SELECT rule_id FROM rulebook.rule WHERE kind = 'tariff'").fetchone()
    return {
        "kind": "tariff",
        "version": 2,
        "supersedes": charters,
        "superseded_from": BEGINS,
    } | changes


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({}, "a_charter_writes_first_versions"),
        ({"valid_from": BEGINS, "published_at": BEGINS}, "rules_of_a_kind_never_overlap"),
        ({"superseded_from": datetime(2014, 1, 1, tzinfo=UTC)}, "follows_the_version_before"),
        ({"superseded_from": None}, "first_supersedes_nothing"),
        ({"supersedes": None, "superseded_from": None}, "first_supersedes_nothing"),
        ({"version": 3}, "follows_the_version_before"),
        ({"kind": "levy"}, "follows_the_version_before"),
        ({"version": 1, "supersedes": None, "superseded_from": None}, "versions_are_numbered_by_kind"),
    ],
)  # fmt: skip
async def test_I18_the_versions_of_a_kind_are_one_line(
    database: Database, owner: psycopg.Connection, changes: dict[str, object], constraint: str
) -> None:
    await found(database)
    if constraint != "a_charter_writes_first_versions":  # which would be judged first
        owner.execute("ALTER TABLE rulebook.rule DROP CONSTRAINT a_charter_writes_first_versions")
    with pytest.raises(psycopg.errors.IntegrityError) as refusal:
        insert_rule(owner, **next_tariff(owner, **changes))
    assert refusal.value.diag.constraint_name == constraint


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"published_at": datetime(2030, 2, 2, tzinfo=UTC)}, "notice_has_run"),
        ({"notice_days": 14}, "names_what_adopted_it"),
        ({"adoption_kind": "certificate"}, "i19_the_text_that_was_voted_on"),
        ({"adopted_at": datetime(2014, 1, 1, tzinfo=UTC)}, "names_what_adopted_it"),
        ({"adoption_id": "00000000-0000-7000-8000-000000000000"}, "names_what_adopted_it"),
        ({"digest": "0" * 64}, "body_is_what_was_hashed"),
        ({"kind": "surge"}, "kind_is_known"),
    ],
)  # fmt: skip
async def test_I18_I19_the_database_refuses_a_rule_that_breaks_the_law(
    database: Database, owner: psycopg.Connection, changes: dict[str, object], constraint: str
) -> None:
    await found(database)
    with pytest.raises(psycopg.errors.IntegrityError) as refusal:
        insert_rule(owner, **changes)
    assert refusal.value.diag.constraint_name == constraint


async def test_I19_a_second_charter_is_refused_by_the_database(
    database: Database, owner: psycopg.Connection
) -> None:
    await found(database)
    with pytest.raises(psycopg.errors.UniqueViolation, match="one_charter"):
        owner.execute(
            """INSERT INTO rulebook.adoption (adoption_id, kind, title, document, digest, notice_days)
               VALUES (gen_random_uuid(), 'charter', 'Coup', '{}', encode(sha256('{}'), 'hex'), 0)"""
        )


async def test_I19_a_charter_with_a_senseless_date_founds_nothing(database: Database) -> None:
    with pytest.raises(DBAPIError, match="notice_has_run"):
        await found(database, published_at=datetime(2015, 1, 1, tzinfo=UTC))
    async with database.work() as work:
        assert await list_rules(work) == ()
