"""The rulebook's SQL."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from foundation.identifiers import UUID, RuleId
from rulebook.rule import Rule, RuleKind
from storage.work import UnitOfWork

_COLUMNS = """
    rule.rule_id, rule.kind, rule.version, rule.digest, rule.valid_from, next.valid_from AS valid_to,
    rule.published_at, rule.adoption_id, adoption.kind || ': ' || adoption.title AS adopted_by,
    next.adopted_at AS followed_at
"""

_JOINS = """
    JOIN rulebook.adoption ON adoption.adoption_id = rule.adoption_id
    LEFT JOIN rulebook.rule AS next ON next.kind = rule.kind AND next.version = rule.version + 1
"""

_IN_FORCE = text(f"""
    SELECT {_COLUMNS}
    FROM unnest(CAST(:kinds AS text[]), CAST(:instants AS timestamptz[])) AS wanted (kind, at)
    JOIN rulebook.rule ON rule.kind = wanted.kind AND rule.valid_from <= wanted.at
    {_JOINS}
    WHERE next.valid_from IS NULL OR wanted.at < next.valid_from
""")

_BY_IDS = text(f"""
    SELECT {_COLUMNS} FROM rulebook.rule {_JOINS}
    WHERE rule.rule_id = ANY(:rule_ids)
""")

_LIST = text(f"""
    SELECT {_COLUMNS} FROM rulebook.rule {_JOINS}
    WHERE CAST(:kind AS text) IS NULL OR rule.kind = :kind
    ORDER BY rule.kind, rule.version
    LIMIT 10000
""")

_BODIES = text("""
    SELECT DISTINCT ON (digest) digest, body FROM rulebook.rule WHERE digest = ANY(:digests)
""")

_HAS_CHARTER = text("SELECT EXISTS (SELECT 1 FROM rulebook.adoption WHERE kind = 'charter')")

_FOUND = text("""
    SELECT rulebook.found_charter(:adoption_id, :title, :document, :published_at, :valid_from,
                                  CAST(:rule_ids AS uuid[]), CAST(:kinds AS text[]),
                                  CAST(:bodies AS text[]))
""")

_bodies_by_digest: dict[str, Mapping[str, Any]] = {}
"""Bodies once read. Keyed by content, so that it is right for every database and for ever."""

_BODIES_KEPT = 256


async def find_in_force(
    work: UnitOfWork, wanted: Mapping[RuleKind, datetime]
) -> Mapping[RuleKind, Rule]:
    """For each kind, the rule in force at its instant; a kind without one is left out."""
    result = await work.execute(
        _IN_FORCE, {"kinds": list(wanted), "instants": [wanted[kind] for kind in wanted]}
    )
    return {rule.kind: rule for rule in await _rules(work, result.all())}


async def find_rules(work: UnitOfWork, rule_ids: Sequence[RuleId]) -> Mapping[RuleId, Rule]:
    """Those of the rules that exist, by identifier."""
    result = await work.execute(_BY_IDS, {"rule_ids": list(rule_ids)})
    return {rule.rule_id: rule for rule in await _rules(work, result.all())}


async def list_rules(work: UnitOfWork, kind: RuleKind | None) -> tuple[Rule, ...]:
    """Every rule of the kind, or of all kinds, by kind and version."""
    result = await work.execute(_LIST, {"kind": kind})
    return await _rules(work, result.all())


async def has_charter(work: UnitOfWork) -> bool:
    """Whether the city is founded."""
    return bool((await work.execute(_HAS_CHARTER)).scalar_one())


async def found_charter(
    work: UnitOfWork,
    *,
    adoption_id: UUID,
    title: str,
    document: str,
    published_at: datetime,
    valid_from: datetime,
    rules: Sequence[tuple[RuleId, RuleKind, str]],
) -> None:
    """Write the charter and version 1 of its rules; the bodies are canonical JSON text."""
    await work.execute(
        _FOUND,
        {
            "adoption_id": adoption_id,
            "title": title,
            "document": document,
            "published_at": published_at,
            "valid_from": valid_from,
            "rule_ids": [rule_id for rule_id, _, _ in rules],
            "kinds": [kind for _, kind, _ in rules],
            "bodies": [body for _, _, body in rules],
        },
    )


async def _rules(work: UnitOfWork, rows: Sequence[Row[Any]]) -> tuple[Rule, ...]:
    bodies = {
        row.digest: _bodies_by_digest[row.digest] for row in rows if row.digest in _bodies_by_digest
    }
    missing = sorted({row.digest for row in rows} - set(bodies))
    if missing:
        for row in (await work.execute(_BODIES, {"digests": missing})).all():
            bodies[row.digest] = json.loads(row.body)
        if len(_bodies_by_digest) + len(missing) > _BODIES_KEPT:
            _bodies_by_digest.clear()
        _bodies_by_digest.update(bodies)
    return tuple(_rule(row, bodies[row.digest]) for row in rows)


def _rule(row: Row[Any], body: Mapping[str, Any]) -> Rule:
    return Rule(
        rule_id=RuleId(row.rule_id),
        kind=RuleKind(row.kind),
        version=row.version,
        body=body,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        published_at=row.published_at,
        adoption_id=row.adoption_id,
        adopted_by=row.adopted_by,
        digest=row.digest,
        followed_at=row.followed_at,
    )
