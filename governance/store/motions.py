"""Motions, their texts, seconds, amendments and steps."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Row, text

from foundation.identifiers import RuleId
from governance.amendment import Amendment, AmendmentState
from governance.asked import TextAsked, asked_of, document_of_asked
from governance.candidate import Candidate
from governance.member import MemberId
from governance.motion import Answer, FollowUp, Motion, MotionId, MotionState
from governance.motion_text import rule_text
from governance.timetable import Timetable
from rulebook.rule import canonical
from storage.work import Reading, UnitOfWork

_LOCK = text("SELECT governance.lock_motion(:motion_id)")

_INSERT = text("""
    INSERT INTO governance.motion (motion_id, title, mover, matter, rule_kind, asks, proposed_at)
    VALUES (:motion_id, :title, :mover, :matter, :rule_kind, :asks, :now)
""")

_INSERT_TEXT = text("""
    INSERT INTO governance.motion_text (motion_id, version, text, written_at)
    VALUES (:motion_id, :version, :text, :now)
""")

_INSERT_STEP = text("""
    INSERT INTO governance.motion_step (motion_id, from_state, to_state, at, detail)
    VALUES (:motion_id, :from_state, :to_state, :now, CAST(:detail AS jsonb))
""")

_INSERT_SECOND = text("""
    INSERT INTO governance.motion_second (motion_id, member_id, at)
    VALUES (:motion_id, :member_id, :now)
""")

_INSERT_AMENDMENT = text("""
    INSERT INTO governance.amendment (amendment_id, motion_id, member_id, text, amends_version,
                                      proposed_at)
    VALUES (:amendment_id, :motion_id, :member_id, :text, :amends_version, :now)
""")

_INSERT_AMENDMENT_STEP = text("""
    INSERT INTO governance.amendment_step (amendment_id, state, votes_for, votes_against, at)
    VALUES (:amendment_id, :state, :votes_for, :votes_against, :now)
""")

_INSERT_ANSWER = text("""
    INSERT INTO governance.motion_answer (motion_id, text, at) VALUES (:motion_id, :text, :at)
""")

_INSERT_FOLLOW_UP = text("""
    INSERT INTO governance.motion_follow_up (motion_id, number, text, done_percent, at)
    VALUES (:motion_id, :number, :text, :done_percent, :at)
""")

_FOLLOW_UPS = text("""
    SELECT text, done_percent, at FROM governance.motion_follow_up WHERE motion_id = :motion_id
    ORDER BY number LIMIT 1000
""")

_FIND = text("""
    SELECT motion.*, governance.state_of(motion_id) AS state,
           ARRAY(SELECT text FROM governance.motion_text AS one
                 WHERE one.motion_id = motion.motion_id ORDER BY version) AS texts,
           ARRAY(SELECT member_id FROM governance.motion_second AS one
                 WHERE one.motion_id = motion.motion_id ORDER BY at, member_id) AS seconders,
           notice.bylaws_rule_id, notice.notice_at, notice.freezes_at, notice.opens_at,
           notice.closes_at,
           (SELECT at FROM governance.motion_step AS one
            WHERE one.motion_id = motion.motion_id AND to_state = 'seconded') AS seconded_at,
           answer.text AS answer_text, answer.at AS answered_at,
           (SELECT coalesce(jsonb_object_agg(to_state, detail), '{}') FROM governance.motion_step AS one
            WHERE one.motion_id = motion.motion_id) AS details
    FROM governance.motion LEFT JOIN governance.notice USING (motion_id)
    LEFT JOIN governance.motion_answer AS answer USING (motion_id)
    WHERE motion_id = :motion_id
""")

_AMENDMENTS = text("""
    SELECT amendment.*, coalesce(step.state, 'waiting') AS state, step.votes_for, step.votes_against
    FROM governance.amendment LEFT JOIN LATERAL (
        SELECT * FROM governance.amendment_step AS one
        WHERE one.amendment_id = amendment.amendment_id
        ORDER BY (one.state = 'put_to_vote') LIMIT 1) AS step ON true
    WHERE motion_id = :motion_id ORDER BY proposed_at, amendment.amendment_id
    LIMIT 1000
""")

_INSERT_CANDIDATE = text("""
    INSERT INTO governance.candidate (motion_id, member_id, nominated_by, at)
    VALUES (:motion_id, :member_id, :by, :now)
""")

_INSERT_ACCEPTED = text("""
    INSERT INTO governance.candidate_accepted (motion_id, member_id, name, at)
    VALUES (:motion_id, :member_id, :name, :now)
""")

_INSERT_WITHDRAWN = text("""
    INSERT INTO governance.candidate_withdrawn (motion_id, member_id, at)
    VALUES (:motion_id, :member_id, :now)
""")

_CANDIDATES = text("""
    SELECT member_id, name, withdrawn.at AS withdrew_at FROM governance.candidate
    LEFT JOIN governance.candidate_accepted USING (motion_id, member_id)
    LEFT JOIN governance.candidate_withdrawn AS withdrawn USING (motion_id, member_id)
    WHERE motion_id = :motion_id ORDER BY name COLLATE "C", member_id LIMIT 1000
""")

_LIST = text("""
    SELECT motion_id FROM governance.motion ORDER BY proposed_at DESC, motion_id DESC LIMIT 500
""")


async def lock_motion(work: UnitOfWork, motion_id: MotionId) -> None:
    """Let nobody else move the motion on, or vote on it, until this unit of work ends."""
    await work.execute(_LOCK, {"motion_id": motion_id})


async def insert_motion(work: UnitOfWork, motion: Motion) -> None:
    """Write a motion as proposed."""
    await work.execute(
        _INSERT,
        {
            "motion_id": motion.motion_id,
            "title": motion.title,
            "mover": motion.mover,
            "matter": motion.matter,
            "rule_kind": motion.rule_kind,
            "asks": canonical(document_of_asked(motion.asks)).decode(),
            "now": work.now,
        },
    )
    await insert_text(work, motion)
    await insert_step(work, motion, before=None)


async def insert_text(work: UnitOfWork, motion: Motion) -> None:
    """Write the last version of the text; of a rule, its body as canonical JSON."""
    said = motion.text
    if motion.text_kind is not None:
        said = canonical(json.loads(said)).decode()
    await work.execute(
        _INSERT_TEXT,
        {
            "motion_id": motion.motion_id,
            "version": motion.version,
            "text": said,
            "now": work.now,
        },
    )


async def insert_step(work: UnitOfWork, motion: Motion, *, before: MotionState | None) -> None:
    """Write the step that brought a motion where it is."""
    detail = {
        name: value.isoformat()
        for name, value in (("answer_by", motion.answer_by), ("review_on", motion.review_on))
        if value is not None
    }
    await work.execute(
        _INSERT_STEP,
        {
            "motion_id": motion.motion_id,
            "from_state": before,
            "to_state": motion.state,
            "now": work.now,
            "detail": json.dumps(detail),
        },
    )


async def insert_second(work: UnitOfWork, motion: Motion) -> None:
    """Write the last second of a motion."""
    await work.execute(
        _INSERT_SECOND,
        {"motion_id": motion.motion_id, "member_id": motion.seconders[-1], "now": work.now},
    )


async def insert_candidate(
    work: UnitOfWork, motion_id: MotionId, member_id: MemberId, *, by: MemberId
) -> None:
    """Write who was nominated, by whom."""
    told = {"motion_id": motion_id, "member_id": member_id, "by": by, "now": work.now}
    await work.execute(_INSERT_CANDIDATE, told)


async def insert_accepted(
    work: UnitOfWork, motion_id: MotionId, member_id: MemberId, *, name: str
) -> None:
    """Write that somebody nominated stands, by which name."""
    told = {"motion_id": motion_id, "member_id": member_id, "name": name, "now": work.now}
    await work.execute(_INSERT_ACCEPTED, told)


async def insert_withdrawn(work: UnitOfWork, motion_id: MotionId, member_id: MemberId) -> None:
    """Write that somebody nominated does not stand after all."""
    told = {"motion_id": motion_id, "member_id": member_id, "now": work.now}
    await work.execute(_INSERT_WITHDRAWN, told)


async def insert_amendment(work: UnitOfWork, motion_id: MotionId, amendment: Amendment) -> None:
    """Write an amendment as proposed."""
    said = amendment.text
    await work.execute(
        _INSERT_AMENDMENT,
        {
            "amendment_id": amendment.amendment_id,
            "motion_id": motion_id,
            "member_id": amendment.by,
            "text": said,
            "amends_version": amendment.amends_version,
            "now": work.now,
        },
    )


async def insert_amendment_step(work: UnitOfWork, amendment: Amendment) -> None:
    """Write what became of an amendment."""
    await work.execute(
        _INSERT_AMENDMENT_STEP,
        {
            "amendment_id": amendment.amendment_id,
            "state": amendment.state,
            "votes_for": amendment.votes_for,
            "votes_against": amendment.votes_against,
            "now": work.now,
        },
    )


async def insert_answer(work: UnitOfWork, motion: Motion) -> None:
    """Write what the board says to a motion."""
    assert motion.answer is not None
    said = motion.answer
    await work.execute(
        _INSERT_ANSWER, {"motion_id": motion.motion_id, "text": said.text, "at": said.at}
    )


async def insert_follow_up(work: UnitOfWork, motion: Motion) -> None:
    """Write the last news of what became of a decision."""
    said = motion.follow_ups[-1]
    await work.execute(
        _INSERT_FOLLOW_UP,
        {
            "motion_id": motion.motion_id,
            "number": len(motion.follow_ups),
            "text": said.text,
            "done_percent": said.done_percent,
            "at": said.at,
        },
    )


async def find_motion(work: Reading, motion_id: MotionId) -> Motion | None:
    """A motion as it stands, or None."""
    row = (await work.execute(_FIND, {"motion_id": motion_id})).one_or_none()
    if row is None:
        return None
    amendments = (await work.execute(_AMENDMENTS, {"motion_id": motion_id})).all()
    follow_ups = (await work.execute(_FOLLOW_UPS, {"motion_id": motion_id})).all()
    candidates = (await work.execute(_CANDIDATES, {"motion_id": motion_id})).all()
    return replace(
        _motion(row, tuple(_amendment(one) for one in amendments)),
        candidates=tuple(
            Candidate(member_id=MemberId(one.member_id), name=one.name, withdrew_at=one.withdrew_at)
            for one in candidates
        ),
        answer=None
        if row.answered_at is None
        else Answer(text=row.answer_text, at=row.answered_at),
        follow_ups=tuple(
            FollowUp(text=one.text, done_percent=one.done_percent, at=one.at) for one in follow_ups
        ),
    )


async def list_motion_ids(work: Reading) -> tuple[MotionId, ...]:
    """Every motion, the newest first."""
    return tuple(MotionId(row.motion_id) for row in (await work.execute(_LIST)).all())


def _motion(row: Row[Any], amendments: tuple[Amendment, ...]) -> Motion:
    texts, asks = tuple(row.texts), asked_of(json.loads(row.asks))
    if row.rule_kind is not None and isinstance(asks, TextAsked):
        texts = tuple(rule_text(json.loads(one)) for one in texts)
    timetable = None
    if row.notice_at is not None:
        timetable = Timetable(
            notice_at=row.notice_at,
            freezes_at=row.freezes_at,
            opens_at=row.opens_at,
            closes_at=row.closes_at,
        )
    dates = {name: value for detail in row.details.values() for name, value in detail.items()}
    return Motion(
        motion_id=MotionId(row.motion_id),
        title=row.title,
        mover=row.mover,
        matter=row.matter,
        rule_kind=row.rule_kind,
        texts=texts,
        proposed_at=row.proposed_at,
        asks=asks,
        seconded_at=row.seconded_at,
        state=MotionState(row.state),
        seconders=tuple(row.seconders),
        amendments=amendments,
        timetable=timetable,
        bylaws_rule_id=None if row.bylaws_rule_id is None else RuleId(row.bylaws_rule_id),
        answer_by=_date(dates.get("answer_by")),
        review_on=_date(dates.get("review_on")),
    )


def _date(said: str | None) -> date | None:
    return None if said is None else date.fromisoformat(said)


def _amendment(row: Row[Any]) -> Amendment:
    return Amendment(
        amendment_id=row.amendment_id,
        by=row.member_id,
        text=row.text,
        amends_version=row.amends_version,
        proposed_at=row.proposed_at,
        state=AmendmentState(row.state),
        votes_for=row.votes_for,
        votes_against=row.votes_against,
    )
