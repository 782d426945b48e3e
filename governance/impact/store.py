"""The SQL of impact statements."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from foundation.identifiers import RuleId
from governance.asked import Asked, asked_of
from governance.impact.document import KINDS, RestsOn
from governance.motion import MotionId
from governance.number_terms import Bounds, NumberTerms
from storage.work import Reading, UnitOfWork

_INSERT = text("""
    INSERT INTO governance.impact (motion_id, version, rests_on, document, digest, seed, assumptions,
                                   has_figures, made_at)
    VALUES (:motion_id, :version, CAST(:rests_on AS jsonb), :document, :digest, :seed, :assumptions,
            :has_figures, :now)
    ON CONFLICT ON CONSTRAINT one_statement_a_version_and_its_rules DO NOTHING
    RETURNING motion_id
""")

_RESTS_ON = text("SELECT governance.impact_rests_on(:motion_id, :at)")

# Of several of one text: that of the rules at the notice, before it of those in force; else the last.
_FIND = text("""
    SELECT version, document, digest, made_at, rests_on, rules,
           notice_at IS NULL AND rests_on <> rules AS is_stale
    FROM governance.impact LEFT JOIN governance.notice USING (motion_id), LATERAL (
        SELECT governance.impact_rests_on(motion_id, COALESCE(notice_at, service_now())) AS rules
    ) AS basis
    WHERE motion_id = :motion_id AND version = :version
    ORDER BY rests_on = rules DESC, made_at DESC, digest LIMIT 1
""")

_ABOUT = text("""
    SELECT rule_kind, matter, asks, version, text,
           bounds.lowest AS bounds_lowest, bounds.highest AS bounds_highest,
           terms.rule_id, terms.pieces, terms.times, terms.today, terms.lowest, terms.highest,
           terms.step
    FROM governance.motion JOIN governance.motion_text USING (motion_id)
    LEFT JOIN governance.number_bounds AS bounds USING (motion_id)
    LEFT JOIN governance.number_terms AS terms USING (motion_id)
    WHERE motion_id = :motion_id ORDER BY version DESC LIMIT 1
""")

_WAITING = text("""
    SELECT motion_id, rule_kind, last.version, last.text
    FROM governance.motion JOIN LATERAL (
        SELECT version, text FROM governance.motion_text AS one
        WHERE one.motion_id = motion.motion_id ORDER BY version DESC LIMIT 1) AS last ON true
    WHERE rule_kind = ANY(CAST(:kinds AS text[])) AND NOT motion_id = ANY(CAST(:but AS uuid[]))
      AND governance.state_of(motion_id) IN ('seconded', 'amending', 'frozen', 'open')
      AND (CAST(asks AS jsonb) ->> 'kind' <> 'number'
           OR EXISTS (SELECT 1 FROM governance.number_bounds AS bounds
                      WHERE bounds.motion_id = motion.motion_id))
      AND NOT EXISTS (SELECT 1 FROM governance.impact AS stated
                      WHERE stated.motion_id = motion.motion_id AND stated.version = last.version
                        AND (governance.state_of(motion_id) <> 'seconded'
                             OR rests_on = governance.impact_rests_on(motion_id, service_now())))
    ORDER BY proposed_at, motion_id LIMIT 1
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A text whose statement is to be worked out."""

    motion_id: MotionId
    version: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a motion would write, and what those who vote on it are asked.

    Attributes
    ----------
    kind
        Of the rule; None for none.
    version, text
        As the text stands.
    bounds
        Of a vote on a number, once the board has published them.
    called
        Of a vote on a number, once it is called: its terms as the notice fixed them.
    """

    kind: str | None
    matter: str
    asks: Asked
    version: int
    text: str
    bounds: Bounds | None
    called: NumberTerms | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A statement as it was kept: its text is canonical JSON.

    Attributes
    ----------
    rests_on
        The rules it compares with.
    rules
        Those that it has to compare with: at the notice, before it those in force.
    is_stale
        Whether these are others, and no vote has been called yet.
    """

    version: int
    text: str
    digest: str
    made_at: datetime
    rests_on: RestsOn
    rules: RestsOn
    is_stale: bool


async def insert_impact(
    work: UnitOfWork,
    motion_id: MotionId,
    version: int,
    *,
    rests_on: RestsOn,
    text_and_digest: tuple[str, str],
    seed: int,
    assumptions: str,
    has_figures: bool,
) -> bool:
    """Keep a statement; False if one of that version and those rules is kept already."""
    said, digest = text_and_digest
    row = await work.execute(
        _INSERT,
        {
            "motion_id": motion_id,
            "version": version,
            "rests_on": json.dumps(dict(rests_on)),
            "document": said,
            "digest": digest,
            "seed": seed,
            "assumptions": assumptions,
            "has_figures": has_figures,
            "now": work.now,
        },
    )
    return row.one_or_none() is not None


async def rests_on_at(work: Reading, motion_id: MotionId, at: datetime) -> RestsOn:
    """What a statement on a motion rests on at an instant."""
    row = await work.execute(_RESTS_ON, {"motion_id": motion_id, "at": at})
    return dict(row.scalar_one())


async def find_impact(work: Reading, motion_id: MotionId, version: int) -> Kept | None:
    """The statement of a version, or None."""
    row = (await work.execute(_FIND, {"motion_id": motion_id, "version": version})).one_or_none()
    if row is None:
        return None
    return Kept(
        version=row.version,
        text=row.document,
        digest=row.digest,
        made_at=row.made_at,
        rests_on=dict(row.rests_on),
        rules=dict(row.rules),
        is_stale=row.is_stale,
    )


async def find_about(work: Reading, motion_id: MotionId) -> About | None:
    """What a motion is about, or None if there is no such motion."""
    row = (await work.execute(_ABOUT, {"motion_id": motion_id})).one_or_none()
    if row is None:
        return None
    bounds = None
    if row.bounds_lowest is not None:
        bounds = Bounds(lowest=row.bounds_lowest, highest=row.bounds_highest)
    return About(
        kind=row.rule_kind,
        matter=row.matter,
        asks=asked_of(json.loads(row.asks)),
        version=row.version,
        text=row.text,
        bounds=bounds,
        called=None if row.pieces is None else _terms_of(row),
    )


def _terms_of(row: Row[Any]) -> NumberTerms:
    return NumberTerms(
        rule_id=RuleId(row.rule_id),
        pieces=tuple(row.pieces),
        times=row.times,
        today=row.today,
        lowest=row.lowest,
        highest=row.highest,
        step=row.step,
    )


async def find_waiting(work: Reading, *, but: tuple[MotionId, ...] = ()) -> Waiting | None:
    """The oldest motion whose text has no statement, but for some; None if all have theirs.

    Before its vote is called also one whose statement rests on other rules than are in force.
    """
    given = {"kinds": [kind.value for kind in KINDS], "but": list(but)}
    row = (await work.execute(_WAITING, given)).one_or_none()
    if row is None:
        return None
    return Waiting(
        motion_id=MotionId(row.motion_id), version=row.version, kind=row.rule_kind, text=row.text
    )
