"""A rule of the house: every guard that the votes' tables name has a test that tries to break it.

Asked of the catalogue, so that a new constraint or trigger cannot be forgotten. A guard is tried where
a test names it; that the test means it, a reader of the test sees.
"""

import re
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[3]
SCHEMAS = [
    "governance", "commons", "polls", "desk_secretary", "desk_city_clerk", "ballot_board",
    "customers",
]  # fmt: skip
"""Where votes are held, and who pays for trips; the impact of motions stands in `governance`."""
MADE_BY_POSTGRESQL = re.compile(r"_(pkey|key\d*|fkey\d*|check\d*|excl\d*|not_null)$")
"""How a name ends that nobody chose."""

_CONSTRAINTS = """
    SELECT DISTINCT conname FROM pg_constraint JOIN pg_class ON conrelid = pg_class.oid
    WHERE CAST(CAST(relnamespace AS regnamespace) AS text) = ANY (%s)
      AND contype IN ('c', 'f', 'p', 'u', 'x')
    UNION
    SELECT index.relname FROM pg_index JOIN pg_class AS index ON indexrelid = index.oid
    WHERE indisunique AND CAST(CAST(index.relnamespace AS regnamespace) AS text) = ANY (%s)
"""
_TRIGGERS = """
    SELECT DISTINCT tgname, prosrc FROM pg_trigger
    JOIN pg_class ON tgrelid = pg_class.oid JOIN pg_proc ON tgfoid = pg_proc.oid
    WHERE NOT tgisinternal AND CAST(CAST(relnamespace AS regnamespace) AS text) = ANY (%s)
"""
_FUNCTIONS = """
    SELECT prosrc FROM pg_proc WHERE CAST(CAST(pronamespace AS regnamespace) AS text) = ANY (%s)
"""
_REFUSED = re.compile(r"\b(?:refuse\(|check_poll_stands\([^;]*, )'([a-z0-9_]+)'")
"""A refusal by name, straight or by the function that asks where a poll stands."""


def guards(owner: psycopg.Connection) -> set[str]:
    """The names under which the votes' schemas refuse a row.

    Of a trigger these are the names that its function refuses by; its own where it names none.
    """
    found = owner.execute(_CONSTRAINTS, [SCHEMAS, SCHEMAS]).fetchall()
    named = {name for (name,) in found if not MADE_BY_POSTGRESQL.search(name)}
    for name, source in owner.execute(_TRIGGERS, [SCHEMAS]).fetchall():
        if not _REFUSED.search(source):
            named.add(name)
    for (source,) in owner.execute(_FUNCTIONS, [SCHEMAS]).fetchall():
        named |= set(_REFUSED.findall(source))
    return named


def words_of_tests() -> set[str]:
    """Every word in the tests but in this one."""
    return {
        word
        for place in (ROOT / "tests").rglob("*.py")
        if place != Path(__file__)
        for word in re.findall(r"[a-z0-9_]+", place.read_text(encoding="utf-8"))
    }


def test_every_guard_of_votes_has_a_test_that_names_it(owner: psycopg.Connection) -> None:
    found = guards(owner)
    # The query itself: a guard of each kind is among those found.
    assert {
        "one_poll_a_class", "on_the_roll", "nobody_supports_their_own", "closed_once",
        "a_tag_once_at_a_time", "told_after_the_close", "move_close", "append_only_truncate",
        "counted_after_the_close",
    } <= found  # fmt: skip
    missing = sorted(found - words_of_tests())
    assert not missing, f"no test tries to break {missing}"
