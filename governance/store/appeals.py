"""Outages and extensions, appeals and their juries, findings and corrections, and reminders."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from foundation.identifiers import UUID, RuleId
from governance.appeal import Finding, Jury, ResultCorrection
from governance.member import MemberId
from governance.motion import MotionId
from governance.timetable import Outage
from storage.work import Reading, UnitOfWork

_INSERT_OUTAGE = text("""
    INSERT INTO governance.outage (outage_id, part, since, until, cause, noted_by)
    VALUES (:outage_id, :part, :since, :until, :cause, :noted_by)
""")

_OUTAGES = text("""
    SELECT since, until FROM governance.outage WHERE part = ANY(CAST(:parts AS text[]))
    ORDER BY since, until LIMIT 100000
""")

_PLANNED_CLOSE = text("SELECT governance.planned_close(:motion_id)")

_TIER = text("SELECT tier FROM governance.notice WHERE motion_id = :motion_id")

_CLOSED_BOARD = text("""
    SELECT EXISTS (SELECT 1 FROM governance.poll
                   WHERE motion_id = :motion_id AND tier <> 'open' AND polls.has_closed(poll_id))
""")

_EXTEND = text("""
    INSERT INTO governance.vote_extension (motion_id, number, closes_before, closes_at)
    SELECT :motion_id, 1 + count(*), :closes_before, :closes_at FROM governance.vote_extension
    WHERE motion_id = :motion_id RETURNING number
""")

_COMMIT = text("INSERT INTO governance.lot_commitment (commitment) VALUES (:commitment)")

_LOCK_LOTS = text("SELECT governance.lock_lots()")

_FREE_COMMITMENT = text("""
    SELECT commitment FROM governance.lot_commitment
    WHERE commitment NOT IN (SELECT commitment FROM governance.appeal_lot)
    ORDER BY registered_at, commitment LIMIT 1
""")

_LODGE = text("""
    INSERT INTO governance.appeal (appeal_id, motion_id, member_id, complaint, affected, margin, stays)
    VALUES (:appeal_id, :motion_id, :member_id, :complaint, :affected, :margin, :stays)
""")

_ASSIGN = text("""
    INSERT INTO governance.appeal_lot (appeal_id, commitment) VALUES (:appeal_id, :commitment)
""")

_APPEAL = text("""
    SELECT appeal.*, commitment, (SELECT count(*) FROM governance.juror AS one
                                  WHERE one.appeal_id = appeal.appeal_id) AS jurors,
           (SELECT count(*) FROM governance.juror_vote AS one
            WHERE one.appeal_id = appeal.appeal_id) AS votes,
           (SELECT count(*) FROM governance.juror_vote AS one
            WHERE one.appeal_id = appeal.appeal_id AND upholds) AS upholding,
           EXISTS (SELECT 1 FROM governance.appeal_finding AS one
                   WHERE one.appeal_id = appeal.appeal_id) AS is_found
    FROM governance.appeal LEFT JOIN governance.appeal_lot USING (appeal_id)
    WHERE appeal_id = :appeal_id
""")

_HAS_APPEALED = text("""
    SELECT EXISTS (SELECT 1 FROM governance.appeal
                   WHERE motion_id = :motion_id AND member_id = :member_id)
""")

_JURY = text("""
    INSERT INTO governance.appeal_jury (appeal_id, secret, drawn_at) VALUES (:appeal_id, :secret, :now)
""")

_JURORS = text("""
    INSERT INTO governance.juror (appeal_id, place, member_id)
    SELECT :appeal_id, place, member_id
    FROM unnest(CAST(:member_ids AS uuid[])) WITH ORDINALITY AS drawn (member_id, place)
""")

_LIST_JURORS = text("""
    SELECT member_id FROM governance.juror WHERE appeal_id = :appeal_id ORDER BY place LIMIT 1000
""")

_VOTE = text("""
    INSERT INTO governance.juror_vote (appeal_id, member_id, upholds, at)
    VALUES (:appeal_id, :member_id, :upholds, :now)
""")

_HAS_FOUND = text("""
    SELECT EXISTS (SELECT 1 FROM governance.juror_vote
                   WHERE appeal_id = :appeal_id AND member_id = :member_id)
""")

_FIND = text("""
    INSERT INTO governance.appeal_finding (appeal_id, upheld, affected, sets_aside, document, digest, found_at)
    VALUES (:appeal_id, :upheld, :affected, :sets_aside, :document,
            encode(sha256(convert_to(:document, 'UTF8')), 'hex'), :found_at)
""")

_CORRECT = text("""
    INSERT INTO governance.result_correction (motion_id, appeal_id, document, digest, corrected_at)
    VALUES (:motion_id, :appeal_id, :document, encode(sha256(convert_to(:document, 'UTF8')), 'hex'), :now)
""")

_RULE_TO_CORRECT = text("""
    SELECT rule_id, valid_from FROM rulebook.rule
    WHERE rule_id = governance.rule_to_correct(:motion_id)
""")

_CORRECT_RULE = text("SELECT governance.correct_rule(:appeal_id, :rule_id, :valid_from)")

_CORRECTION = text("SELECT document FROM governance.result_correction WHERE motion_id = :motion_id")

_CERTIFIED = text("""
    SELECT document, digest, certified_at FROM governance.certificate WHERE motion_id = :motion_id
""")

_STAYED = text("""
    SELECT DISTINCT motion_id FROM governance.appeal WHERE stays AND NOT EXISTS (
        SELECT 1 FROM governance.appeal_finding AS one WHERE one.appeal_id = appeal.appeal_id)
    ORDER BY motion_id LIMIT 1000
""")

_DUE = text("""
    SELECT * FROM (
        SELECT 'answer_overdue' AS kind, motion_id AS subject, CAST(detail ->> 'answer_by' AS date) AS due_on
        FROM governance.motion_step WHERE to_state = 'seconded' AND detail ? 'answer_by'
          AND CAST(detail ->> 'answer_by' AS date) < :today
          AND governance.state_of(motion_id) NOT IN ('withdrawn', 'lost', 'certified')
          AND NOT EXISTS (SELECT 1 FROM governance.motion_answer AS one
                          WHERE one.motion_id = motion_step.motion_id)
        UNION ALL
        SELECT 'review_due', motion_id, CAST(detail ->> 'review_on' AS date)
        FROM governance.motion_step WHERE to_state = 'certified' AND detail ? 'review_on'
          AND CAST(detail ->> 'review_on' AS date) <= :today
          AND NOT EXISTS (SELECT 1 FROM governance.motion_follow_up AS one
                          WHERE one.motion_id = motion_step.motion_id
                            AND CAST(one.at AT TIME ZONE :timezone AS date)
                                >= CAST(detail ->> 'review_on' AS date))
        UNION ALL
        SELECT 'minutes_overdue', meeting_id,
               CAST((at + make_interval(hours => :hours)) AT TIME ZONE :timezone AS date)
        FROM governance.meeting_record WHERE kind IN ('closed', 'adjourned')
          AND at + make_interval(hours => :hours) <= :now
          AND NOT EXISTS (SELECT 1 FROM governance.minutes AS one
                          WHERE one.meeting_id = meeting_record.meeting_id)) AS due
    ORDER BY due_on, kind, subject LIMIT 1000
""")

_REMIND = text("""
    INSERT INTO governance.reminder (kind, subject, due_on, at) VALUES (:kind, :subject, :due_on, :now)
    ON CONFLICT ON CONSTRAINT reminded_once DO NOTHING RETURNING 1
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAppeal:
    """An appeal, and how far it was heard."""

    appeal_id: UUID
    motion_id: MotionId
    member_id: MemberId
    complaint: str
    affected: int
    margin: int | None
    stays: bool
    commitment: str | None
    jurors: int
    votes: int
    upholding: int
    is_found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """A certificate as it stands in the database."""

    document: dict[str, Any]
    digest: str
    certified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something that should have been done by a local day: `kind` of which motion or meeting."""

    kind: str
    subject: UUID
    due_on: date


async def insert_outage(work: UnitOfWork, outage_id: UUID, outage: Outage, **told: str) -> None:
    """Write who was down when; `told` is part, cause and noted_by."""
    row = {"outage_id": outage_id, "since": outage.since, "until": outage.until} | told
    await work.execute(_INSERT_OUTAGE, row)


async def list_outages(work: Reading, parts: tuple[str, ...]) -> tuple[Outage, ...]:
    """When any of these parts was down."""
    rows = (await work.execute(_OUTAGES, {"parts": list(parts)})).all()
    return tuple(Outage(since=row.since, until=row.until) for row in rows)


async def planned_close(work: Reading, motion_id: MotionId) -> datetime:
    """When a vote was to close by its notice, before any extension."""
    found: datetime = (await work.execute(_PLANNED_CLOSE, {"motion_id": motion_id})).scalar_one()
    return found


async def tier_of(work: Reading, motion_id: MotionId) -> str:
    """How far names and choices are apart in a vote, by its notice."""
    found: str = (await work.execute(_TIER, {"motion_id": motion_id})).scalar_one()
    return found


async def has_closed_board(work: Reading, motion_id: MotionId) -> bool:
    """Whether the board of one of a vote's polls has its close."""
    return bool((await work.execute(_CLOSED_BOARD, {"motion_id": motion_id})).scalar_one())


async def insert_extension(
    work: UnitOfWork, motion_id: MotionId, *, closes_before: datetime, closes_at: datetime
) -> int:
    """Move a close; the extension's number in its vote."""
    told = {"motion_id": motion_id, "closes_before": closes_before, "closes_at": closes_at}
    number: int = (await work.execute(_EXTEND, told)).scalar_one()
    return number


async def insert_commitment(work: UnitOfWork, commitment: str) -> None:
    """Write the hash of a seed that is sealed."""
    await work.execute(_COMMIT, {"commitment": commitment})


async def find_free_commitment(work: UnitOfWork) -> str | None:
    """The oldest sealed seed that draws nothing yet, or None; nobody else is given it meanwhile."""
    await work.execute(_LOCK_LOTS)
    found: str | None = (await work.execute(_FREE_COMMITMENT)).scalar_one_or_none()
    return found


async def insert_appeal(work: UnitOfWork, appeal: StoredAppeal) -> None:
    """Write an appeal as lodged, and the sealed seed that will draw its jury, if there is one."""
    named = {"appeal_id": appeal.appeal_id}
    await work.execute(
        _LODGE,
        named
        | {
            "motion_id": appeal.motion_id,
            "member_id": appeal.member_id,
            "complaint": appeal.complaint,
            "affected": appeal.affected,
            "margin": appeal.margin,
            "stays": appeal.stays,
        },
    )
    if appeal.commitment is not None:
        await assign_lot(work, appeal.appeal_id, appeal.commitment)


async def assign_lot(work: UnitOfWork, appeal_id: UUID, commitment: str) -> None:
    """Write which sealed seed draws the jury of an appeal."""
    await work.execute(_ASSIGN, {"appeal_id": appeal_id, "commitment": commitment})


async def find_appeal(work: Reading, appeal_id: UUID) -> StoredAppeal | None:
    """An appeal as it stands, or None."""
    row = (await work.execute(_APPEAL, {"appeal_id": appeal_id})).one_or_none()
    if row is None:
        return None
    names = ("appeal_id", "motion_id", "member_id", "complaint", "affected", "margin", "stays",
             "commitment", "jurors", "votes", "upholding", "is_found")  # fmt: skip
    return StoredAppeal(**{name: getattr(row, name) for name in names})


async def has_appealed(work: Reading, motion_id: MotionId, member_id: MemberId) -> bool:
    """Whether a member appealed against a result."""
    told = {"motion_id": motion_id, "member_id": member_id}
    found: bool = (await work.execute(_HAS_APPEALED, told)).scalar_one()
    return found


async def insert_jury(work: UnitOfWork, appeal_id: UUID, jury: Jury, *, secret: bytes) -> None:
    """Write a jury as drawn; the database draws it again."""
    named = {"appeal_id": appeal_id}
    await work.execute(_JURY, named | {"secret": secret, "now": work.now})
    await work.execute(_JURORS, named | {"member_ids": list(jury.members)})


async def list_jurors(work: Reading, appeal_id: UUID) -> tuple[MemberId, ...]:
    """Who hears an appeal, in the order drawn."""
    rows = (await work.execute(_LIST_JURORS, {"appeal_id": appeal_id})).all()
    return tuple(MemberId(row.member_id) for row in rows)


async def insert_juror_vote(
    work: UnitOfWork, appeal_id: UUID, member_id: MemberId, *, upholds: bool
) -> None:
    """Write how a juror finds."""
    told = {"appeal_id": appeal_id, "member_id": member_id, "upholds": upholds, "now": work.now}
    await work.execute(_VOTE, told)


async def has_found(work: Reading, appeal_id: UUID, member_id: MemberId) -> bool:
    """Whether a juror has voted."""
    told = {"appeal_id": appeal_id, "member_id": member_id}
    found: bool = (await work.execute(_HAS_FOUND, told)).scalar_one()
    return found


async def insert_finding(work: UnitOfWork, finding: Finding) -> None:
    """Write what a jury found."""
    told = {
        "appeal_id": finding.appeal_id,
        "upheld": finding.upheld,
        "affected": finding.affected,
        "sets_aside": finding.sets_aside,
        "document": finding.text,
        "found_at": finding.found_at,
    }
    await work.execute(_FIND, told)


async def insert_correction(work: UnitOfWork, correction: ResultCorrection) -> None:
    """Write what a result is from now on."""
    told = {
        "motion_id": correction.finding.motion_id,
        "appeal_id": correction.finding.appeal_id,
        "document": correction.text,
        "now": work.now,
    }
    await work.execute(_CORRECT, told)


async def find_rule_to_correct(
    work: Reading, motion_id: MotionId
) -> tuple[RuleId, datetime] | None:
    """The rule that a result wrote and from when it holds, if no later one follows it."""
    row = (await work.execute(_RULE_TO_CORRECT, {"motion_id": motion_id})).one_or_none()
    return None if row is None else (RuleId(row.rule_id), row.valid_from)


async def correct_rule(
    work: UnitOfWork, appeal_id: UUID, *, rule_id: RuleId, valid_from: datetime
) -> None:
    """Let the rule that stood before follow the one that a finding set aside."""
    told = {"appeal_id": appeal_id, "rule_id": rule_id, "valid_from": valid_from}
    await work.execute(_CORRECT_RULE, told)


async def find_correction(work: Reading, motion_id: MotionId) -> dict[str, Any] | None:
    """How a result was corrected, as published, or None."""
    found = (await work.execute(_CORRECTION, {"motion_id": motion_id})).scalar_one_or_none()
    if found is None:
        return None
    document: dict[str, Any] = json.loads(found)
    return document


async def find_certified(work: Reading, motion_id: MotionId) -> Certified | None:
    """The certificate of a vote with its hash and instant, or None."""
    row = (await work.execute(_CERTIFIED, {"motion_id": motion_id})).one_or_none()
    if row is None:
        return None
    return Certified(
        document=json.loads(row.document), digest=row.digest, certified_at=row.certified_at
    )


async def list_stayed(work: Reading) -> tuple[MotionId, ...]:
    """Results that an appeal stays until it is heard."""
    return tuple(MotionId(row.motion_id) for row in (await work.execute(_STAYED)).all())


async def list_due(
    work: Reading, *, now: datetime, today: date, **terms: object
) -> tuple[Due, ...]:
    """What is overdue or due; `terms` are `timezone`, and the `hours` within which minutes are drafted."""
    rows = (await work.execute(_DUE, {"now": now, "today": today} | terms)).all()
    return tuple(Due(kind=row.kind, subject=row.subject, due_on=row.due_on) for row in rows)


async def insert_reminder(work: UnitOfWork, due: Due) -> bool:
    """Write that something was told of; False if it was told before."""
    told = {"kind": due.kind, "subject": due.subject, "due_on": due.due_on, "now": work.now}
    return (await work.execute(_REMIND, told)).one_or_none() is not None
