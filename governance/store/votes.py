"""Notices, rolls, open ballots, certificates, and the one call that writes a rule."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import text

from foundation.identifiers import RuleId
from governance.certificate import Certificate
from governance.electoral_roll import Correction, ElectoralRoll, Entry, LeftOut
from governance.events import VoteClosesSoon
from governance.matter import Headcount, Matter, MemberClass
from governance.member import Exclusion, MemberId
from governance.motion import Motion, MotionId
from governance.number_terms import Bounds, NumberTerms
from storage.work import Reading, UnitOfWork

_INSERT_NOTICE = text("""
    INSERT INTO governance.notice (motion_id, bylaws_rule_id, notice_at, freezes_at, opens_at,
        closes_at, corrected_until, tier, method, quorum_terms, required_numerator,
        required_denominator, is_more, is_of_all, pass_each, rule_notice_days)
    VALUES (:motion_id, :bylaws_rule_id, :notice_at, :freezes_at, :opens_at, :closes_at,
        :corrected_until, :tier, :method, CAST(:quorum_terms AS jsonb), :numerator, :denominator,
        :is_more, :is_of_all, CAST(:pass_each AS text[]), :rule_notice_days)
""")

_INSERT_BOUNDS = text("""
    INSERT INTO governance.number_bounds (motion_id, lowest, highest, at)
    VALUES (:motion_id, :lowest, :highest, :now)
""")

_BOUNDS = text("SELECT lowest, highest FROM governance.number_bounds WHERE motion_id = :motion_id")

_INSERT_NUMBER = text("""
    INSERT INTO governance.number_terms (motion_id, rule_id, pieces, times, today, lowest, highest,
        step, change_numerator, change_denominator)
    VALUES (:motion_id, :rule_id, :pieces, :times, :today, :lowest, :highest, :step, :numerator,
        :denominator)
""")

_LAST_DECIDED = text("""
    SELECT max(certified_at) FROM governance.certificate JOIN governance.motion USING (motion_id)
    WHERE matter = :matter AND valid >= quorum
""")

_INSERT_ENTRIES = text("""
    INSERT INTO governance.roll_entry (motion_id, member_id, member_class, salt, commitment, reason)
    SELECT :motion_id, entry.*, CAST(:reason AS text)
    FROM unnest(CAST(:member_ids AS uuid[]), CAST(:classes AS text[]), CAST(:salts AS bytea[]),
                CAST(:commitments AS text[])) AS entry
""")

_INSERT_LEFT_OUT = text("""
    INSERT INTO governance.roll_left_out (motion_id, member_id, reason)
    SELECT :motion_id, one.* FROM unnest(CAST(:member_ids AS uuid[]), CAST(:reasons AS text[])) AS one
""")

_STRIKE = text("""
    INSERT INTO governance.roll_struck (motion_id, member_id, reason, at)
    VALUES (:motion_id, :member_id, :reason, :at)
""")

_PUBLISH = text("""
    INSERT INTO governance.roll_published (motion_id, size, digest, at)
    VALUES (:motion_id, :size, :digest, :now)
""")

_ROLL = text("""
    SELECT member_id, member_class, salt FROM governance.roll
    WHERE motion_id = :motion_id AND (CAST(:only AS uuid) IS NULL OR member_id = :only)
    ORDER BY member_id LIMIT 2000000
""")

_LEFT_OUT = text("""
    SELECT member_id, reason FROM governance.roll_left_out AS one WHERE motion_id = :motion_id
      AND (CAST(:only AS uuid) IS NULL OR member_id = :only)
      AND NOT EXISTS (SELECT 1 FROM governance.roll_entry AS entry
                      WHERE (entry.motion_id, entry.member_id) = (one.motion_id, one.member_id))
    UNION ALL SELECT member_id, 'struck' FROM governance.roll_struck
    WHERE motion_id = :motion_id AND (CAST(:only AS uuid) IS NULL OR member_id = :only)
    ORDER BY member_id LIMIT 2000000
""")

_NOTICE = text("""
    SELECT notice_at, corrected_until FROM governance.notice WHERE motion_id = :motion_id
""")

_CAST = text("""
    INSERT INTO governance.open_ballot (motion_id, member_id, sequence, mark, cast_at)
    SELECT :motion_id, :member_id, 1 + count(*), :mark, :now FROM governance.open_ballot
    WHERE motion_id = :motion_id AND member_id = :member_id
""")

_COUNTED = text("""
    SELECT roll.member_class, ballot.mark, count(*) AS members
    FROM governance.counted_ballot AS ballot JOIN governance.roll USING (motion_id, member_id)
    WHERE motion_id = :motion_id GROUP BY 1, 2 ORDER BY 1, 2
""")

_INSERT_CERTIFICATE = text("""
    INSERT INTO governance.certificate (motion_id, document, digest, has_passed, roll_size,
        ballots_cast, valid, votes_for, votes_against, abstentions, value, winner, quorum, certified_at)
    VALUES (:motion_id, :document, :digest, :has_passed, :roll_size, :ballots_cast, :valid, :votes_for,
        :votes_against, :abstentions, :value, :winner, :quorum, :now)
""")

_CERTIFICATE = text("SELECT document FROM governance.certificate WHERE motion_id = :motion_id")

# Whether it was told stands in the outbox, found there by the key of its row.
_CLOSING = text("""
    SELECT motion_id, closes_at FROM governance.notice
    WHERE opens_at <= :now AND :now < closes_at AND closes_at <= :until
      AND governance.state_of(motion_id) = 'open'
      AND NOT EXISTS (SELECT FROM storage.outbox
                      WHERE (topic, key) = (:topic, CAST(notice.motion_id AS text)))
    ORDER BY closes_at, motion_id LIMIT 100
""")

_ADOPT_ALLOCATION = text("SELECT governance.adopt_allocation(:motion_id)")

_ENACT = text("SELECT governance.enact(:motion_id, :rule_id, :valid_from)")

_LOCK_RULES = text("SELECT governance.lock_rules(:kind)")
_NOW = text("SELECT public.service_now()")


def quorum_terms(quorum: Headcount) -> dict[str, list[list[int]]]:
    """A headcount as the database counts it: numerator and denominator, 0 for so many people."""
    terms = [
        [term.numerator, term.denominator] if isinstance(term, Fraction) else [term, 0]
        for term in quorum.terms
    ]
    return {"max" if quorum.is_greatest else "min": terms}


async def insert_notice(
    work: UnitOfWork, motion: Motion, matter: Matter, roll: ElectoralRoll
) -> None:
    """Write the vote as called, and the roll as drawn."""
    assert motion.timetable is not None
    await work.execute(
        _INSERT_NOTICE,
        {
            "motion_id": motion.motion_id,
            "bylaws_rule_id": motion.bylaws_rule_id,
            "notice_at": motion.timetable.notice_at,
            "freezes_at": motion.timetable.freezes_at,
            "opens_at": motion.timetable.opens_at,
            "closes_at": motion.timetable.closes_at,
            "corrected_until": roll.corrected_until,
            "tier": matter.tier,
            "method": matter.method,
            "quorum_terms": json.dumps(quorum_terms(matter.quorum)),
            "numerator": matter.required.least.numerator,
            "denominator": matter.required.least.denominator,
            "is_more": matter.required.is_more,
            "is_of_all": matter.is_of_all,
            "pass_each": list(matter.pass_each),
            "rule_notice_days": matter.notice_days,
        },
    )
    await _insert_entries(work, motion.motion_id, roll.entries, reason=None)
    await work.execute(
        _INSERT_LEFT_OUT,
        {
            "motion_id": motion.motion_id,
            "member_ids": [one.member_id for one in roll.left_out],
            "reasons": [one.reason for one in roll.left_out],
        },
    )


async def insert_bounds(work: UnitOfWork, motion_id: MotionId, bounds: Bounds) -> None:
    """Write between which numbers members may choose."""
    told = {"motion_id": motion_id, "lowest": bounds.lowest, "highest": bounds.highest}
    await work.execute(_INSERT_BOUNDS, told | {"now": work.now})


async def find_bounds(work: Reading, motion_id: MotionId) -> Bounds | None:
    """The bounds that the board published, or None."""
    row = (await work.execute(_BOUNDS, {"motion_id": motion_id})).one_or_none()
    return None if row is None else Bounds(lowest=row.lowest, highest=row.highest)


async def insert_number_terms(
    work: UnitOfWork, motion_id: MotionId, terms: NumberTerms, *, change_at_most: Fraction | None
) -> None:
    """Write a vote on a number as called; the database joins the pieces again and compares."""
    await work.execute(
        _INSERT_NUMBER,
        {
            "motion_id": motion_id,
            "rule_id": terms.rule_id,
            "pieces": list(terms.pieces),
            "times": terms.times,
            "today": terms.today,
            "lowest": terms.lowest,
            "highest": terms.highest,
            "step": terms.step,
            "numerator": None if change_at_most is None else change_at_most.numerator,
            "denominator": None if change_at_most is None else change_at_most.denominator,
        },
    )


async def last_decided_at(work: Reading, matter: str) -> datetime | None:
    """When a vote on this matter was last certified that had its quorum; None if none was."""
    found = await work.execute(_LAST_DECIDED, {"matter": matter})
    at: datetime | None = found.scalar_one()
    return at


async def _insert_entries(
    work: UnitOfWork, motion_id: MotionId, entries: Sequence[Entry], *, reason: str | None
) -> None:
    await work.execute(
        _INSERT_ENTRIES,
        {
            "motion_id": motion_id,
            "member_ids": [entry.member_id for entry in entries],
            "classes": [entry.member_class for entry in entries],
            "salts": [entry.salt for entry in entries],
            "commitments": [entry.commitment for entry in entries],
            "reason": reason,
        },
    )


async def insert_correction(
    work: UnitOfWork, motion_id: MotionId, correction: Correction, entry: Entry | None
) -> None:
    """Write a correction: a new entry, or one struck off."""
    if entry is not None:
        await _insert_entries(work, motion_id, [entry], reason=correction.reason)
        return
    await work.execute(
        _STRIKE,
        {
            "motion_id": motion_id,
            "member_id": correction.member_id,
            "reason": correction.reason,
            "at": correction.at,
        },
    )


async def publish_roll(work: UnitOfWork, motion_id: MotionId, roll: ElectoralRoll) -> None:
    """Write size and digest of the roll; the database recounts both."""
    await work.execute(
        _PUBLISH,
        {"motion_id": motion_id, "size": roll.size, "digest": roll.digest, "now": work.now},
    )


async def get_roll(
    work: UnitOfWork, motion_id: MotionId, *, only: MemberId | None = None
) -> ElectoralRoll:
    """The roll of a vote that was called, as corrected; or what it says of one member alone."""
    where = {"motion_id": motion_id, "only": only}
    notice = (await work.execute(_NOTICE, {"motion_id": motion_id})).one()
    entries = (await work.execute(_ROLL, where)).all()
    left_out = (await work.execute(_LEFT_OUT, where)).all()
    return ElectoralRoll(
        frozen_at=notice.notice_at,
        corrected_until=notice.corrected_until,
        entries=tuple(
            Entry(
                member_id=MemberId(row.member_id),
                member_class=MemberClass(row.member_class),
                salt=bytes(row.salt),
            )
            for row in entries
        ),
        left_out=tuple(
            LeftOut(member_id=MemberId(row.member_id), reason=Exclusion(row.reason))
            for row in left_out
        ),
    )


async def insert_open_ballot(
    work: UnitOfWork, motion_id: MotionId, member_id: MemberId, mark: str
) -> None:
    """Write a ballot of an open vote; it replaces the member's last."""
    await work.execute(
        _CAST, {"motion_id": motion_id, "member_id": member_id, "mark": mark, "now": work.now}
    )


async def count_marks(
    work: UnitOfWork, motion_id: MotionId
) -> tuple[tuple[MemberClass, str, int], ...]:
    """The last mark of everybody who voted: class, mark and how many."""
    rows = (await work.execute(_COUNTED, {"motion_id": motion_id})).all()
    return tuple((MemberClass(row.member_class), row.mark, row.members) for row in rows)


async def insert_certificate(work: UnitOfWork, certificate: Certificate) -> None:
    """Write a certificate; the database counts the board again and judges it by the notice."""
    count = certificate.count
    await work.execute(
        _INSERT_CERTIFICATE,
        {
            "motion_id": certificate.motion_id,
            "document": certificate.text,
            "digest": certificate.digest,
            "has_passed": certificate.has_passed,
            "roll_size": certificate.roll_size,
            "ballots_cast": certificate.cast,
            "valid": certificate.valid,
            "votes_for": None if count is None else count.votes_for,
            "votes_against": None if count is None else count.votes_against,
            "abstentions": None if count is None else count.abstentions,
            "value": certificate.value,
            "winner": certificate.winner,
            "quorum": certificate.quorum,
            "now": work.now,
        },
    )


async def find_certificate(work: UnitOfWork, motion_id: MotionId) -> dict[str, Any] | None:
    """The certificate of a motion as published, or None."""
    found = (await work.execute(_CERTIFICATE, {"motion_id": motion_id})).scalar_one_or_none()
    if found is None:
        return None
    document: dict[str, Any] = json.loads(found)
    return document


async def list_closing(
    work: UnitOfWork, *, within: timedelta
) -> tuple[tuple[MotionId, datetime], ...]:
    """Open votes that close `within` so long and of which nobody was reminded; the soonest first."""
    asked = {"now": work.now, "until": work.now + within, "topic": VoteClosesSoon.topic}
    rows = (await work.execute(_CLOSING, asked)).all()
    return tuple((MotionId(row.motion_id), row.closes_at) for row in rows)


async def lock_rules(work: UnitOfWork, kind: str) -> datetime:
    """Let nobody else call a vote on a kind of rule, or write one, until this unit of work ends.

    Returns
    -------
    The service time at which all of its rules can be seen.
    """
    await work.execute(_LOCK_RULES, {"kind": kind})
    now: datetime = (await work.execute(_NOW)).scalar_one()
    return now


async def adopt_allocation(work: UnitOfWork, motion_id: MotionId) -> None:
    """Adopt what a certified motion on a period's surplus decided; the database judges it."""
    await work.execute(_ADOPT_ALLOCATION, {"motion_id": motion_id})


async def enact(
    work: UnitOfWork, motion_id: MotionId, *, rule_id: RuleId, valid_from: datetime
) -> None:
    """Write the rule that a certified motion adopts; what it says is read from the motion."""
    await work.execute(
        _ENACT, {"motion_id": motion_id, "rule_id": rule_id, "valid_from": valid_from}
    )
