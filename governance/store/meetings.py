"""Meetings, requests for them, their record, minutes, and hands raised on amendments."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Row, text

from foundation.identifiers import UUID, RuleId
from governance.bylaws import Bylaws
from governance.matter import Headcount
from governance.meeting import Item, Meeting, Record, RecordKind, Withdrawal
from governance.member import MemberId
from governance.store.votes import quorum_terms
from storage.work import Reading, UnitOfWork

_LOCK = text("SELECT governance.lock_meeting(:meeting_id)")

_INSERT = text("""
    INSERT INTO governance.meeting (meeting_id, title, place, bylaws_rule_id, notice_at, held_at, matter,
                                    quorum_terms, members, requisition_id, resumes, short_notice_id)
    VALUES (:meeting_id, :title, :place, :bylaws_rule_id, :notice_at, :held_at, :matter,
            CAST(:quorum_terms AS jsonb), :members, :requisition_id, :resumes, :short_notice_id)
""")

_INSERT_ITEMS = text("""
    INSERT INTO governance.meeting_item (meeting_id, number, title, subject, motion_id)
    SELECT :meeting_id, item.number, title, subject, motion_id
    FROM unnest(CAST(:titles AS text[]), CAST(:subjects AS text[]), CAST(:motion_ids AS uuid[]))
         WITH ORDINALITY AS item (title, subject, motion_id, number)
""")

_INSERT_CONSENTS = text("""
    INSERT INTO governance.meeting_consent (meeting_id, member_id, on_paper)
    SELECT :meeting_id, unnest(CAST(:member_ids AS uuid[])), :on_paper
""")

_INSERT_RECORD = text("""
    INSERT INTO governance.meeting_record (meeting_id, number, kind, at, member_id, item, text)
    VALUES (:meeting_id, :number, :kind, :at, :member_id, :item, :text)
""")

_FIND = text("""
    SELECT meeting.*, (SELECT at FROM governance.meeting_record AS one
                       WHERE one.meeting_id = meeting.resumes AND kind = 'adjourned') AS adjourned_at
    FROM governance.meeting WHERE meeting_id = :meeting_id
""")

_ITEMS = text("""
    SELECT item.number, item.title, subject, item.motion_id, motion.matter, motion.rule_kind
    FROM governance.meeting_item AS item LEFT JOIN governance.motion USING (motion_id)
    WHERE meeting_id = :meeting_id ORDER BY item.number LIMIT 1000
""")

_IN_CONFLICT = text("""
    SELECT item.number, conflict.member_id FROM governance.meeting_item AS item
    JOIN governance.conflict USING (motion_id) WHERE meeting_id = :meeting_id LIMIT 100000
""")

_WITHDRAWN = text("""
    SELECT item.number, member_id, withdrawn.at FROM governance.meeting_item AS item
    JOIN governance.candidate_withdrawn AS withdrawn USING (motion_id)
    JOIN governance.candidate_accepted USING (motion_id, member_id)
    WHERE meeting_id = :meeting_id ORDER BY withdrawn.at, member_id LIMIT 1000
""")

_RECORD = text("""
    SELECT kind, at, member_id, item, text FROM governance.meeting_record
    WHERE meeting_id = :meeting_id ORDER BY number LIMIT 1000000
""")

_INSERT_MINUTES = text("""
    INSERT INTO governance.minutes (meeting_id, text, digest, due_at, drafted_at)
    VALUES (:meeting_id, :text, encode(sha256(convert_to(:text, 'UTF8')), 'hex'), :due_at, :now)
    RETURNING digest
""")

_INSERT_CORRECTION = text("""
    INSERT INTO governance.minutes_correction (meeting_id, number, text, asked_by, at)
    SELECT :meeting_id, 1 + count(*), :text, :asked_by, :now FROM governance.minutes_correction
    WHERE meeting_id = :meeting_id
""")

_MINUTES = text("""
    SELECT text, digest, due_at, drafted_at FROM governance.minutes WHERE meeting_id = :meeting_id
""")

_CORRECTIONS = text("""
    SELECT text, asked_by, at FROM governance.minutes_correction
    WHERE meeting_id = :meeting_id ORDER BY number LIMIT 1000
""")

_INSERT_REQUISITION = text("""
    INSERT INTO governance.requisition (requisition_id, title, business, asked_at)
    VALUES (:requisition_id, :title, CAST(:business AS text[]), :now)
""")

_LOCK_REQUISITION = text("SELECT governance.lock_requisition(:requisition_id)")

_SIGN = text("""
    INSERT INTO governance.requisition_signature (requisition_id, member_id, at)
    VALUES (:requisition_id, :member_id, :now)
""")

_REQUISITION = text("""
    SELECT title, business, ARRAY(SELECT member_id FROM governance.requisition_signature AS one
                                  WHERE one.requisition_id = requisition.requisition_id
                                  ORDER BY at, member_id) AS signed
    FROM governance.requisition WHERE requisition_id = :requisition_id
""")

_RAISE_HAND = text("""
    INSERT INTO governance.amendment_ballot (amendment_id, member_id, meeting_id, mark, at)
    VALUES (:amendment_id, :member_id, :meeting_id, :mark, :now)
""")

_HANDS = text("""
    SELECT member_id, mark FROM governance.amendment_ballot
    WHERE amendment_id = :amendment_id ORDER BY member_id LIMIT 100000
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMeeting:
    """A meeting, and what is kept beside its record."""

    meeting_id: UUID
    meeting: Meeting
    place: str
    bylaws_rule_id: RuleId
    matter: str
    items: tuple[Item, ...]
    exempt_words: tuple[tuple[str, ...], ...]

    def judged_by(self, bylaws: Bylaws) -> Meeting:
        """The meeting, with the items from which these bylaws let nobody stand aside."""
        exempt = frozenset(
            number
            for number, words in enumerate(self.exempt_words, start=1)
            if set(words) & set(bylaws.conflict.exempt)
        )
        return replace(self.meeting, exempt_items=exempt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a notice rests on: who agreed to a shorter one by themselves or on paper, what members
    were asked or ask for, and the adjourned meeting that it goes on with."""

    agreed: tuple[MemberId, ...] = ()
    on_paper: tuple[MemberId, ...] = ()
    short_notice_id: UUID | None = None
    requisition_id: UUID | None = None
    resumes: UUID | None = None

    @property
    def consenting(self) -> tuple[MemberId, ...]:
        """Everybody who agreed, each once."""
        return (*self.agreed, *self.on_paper)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requisition:
    """A request for a meeting, and who signed it."""

    title: str
    business: tuple[str, ...]
    signed: tuple[MemberId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A correction of minutes: added, never put in the place of anything."""

    text: str
    asked_by: MemberId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """Minutes as drafted, and what was added."""

    text: str
    digest: str
    due_at: datetime
    drafted_at: datetime
    additions: tuple[Addition, ...]


async def lock_meeting(work: UnitOfWork, meeting_id: UUID) -> None:
    """Let nobody else add to the record until this unit of work ends."""
    await work.execute(_LOCK, {"meeting_id": meeting_id})


async def insert_meeting(work: UnitOfWork, stored: StoredMeeting, *, grounds: Grounds) -> None:
    """Write a notice whole: time, place, business, and who agreed to a shorter one."""
    meeting, named = stored.meeting, {"meeting_id": stored.meeting_id}
    await work.execute(
        _INSERT,
        named
        | {
            "title": meeting.title,
            "place": stored.place,
            "bylaws_rule_id": stored.bylaws_rule_id,
            "notice_at": meeting.notice_at,
            "held_at": meeting.held_at,
            "matter": stored.matter,
            "quorum_terms": json.dumps(quorum_terms(meeting.quorum)),
            "members": meeting.members,
            "requisition_id": grounds.requisition_id,
            "resumes": grounds.resumes,
            "short_notice_id": grounds.short_notice_id,
        },
    )
    await work.execute(
        _INSERT_ITEMS,
        named
        | {
            "titles": [one.title for one in stored.items],
            "subjects": [one.subject for one in stored.items],
            "motion_ids": [one.motion_id for one in stored.items],
        },
    )
    for on_paper, who in ((True, grounds.on_paper), (False, grounds.agreed)):
        if who:
            told = named | {"member_ids": list(who), "on_paper": on_paper}
            await work.execute(_INSERT_CONSENTS, told)


async def insert_record(work: UnitOfWork, meeting_id: UUID, meeting: Meeting) -> None:
    """Write the last thing that happened at a meeting."""
    happened = meeting.record[-1]
    await work.execute(
        _INSERT_RECORD,
        {
            "meeting_id": meeting_id,
            "number": len(meeting.record),
            "kind": happened.kind,
            "at": happened.at,
            "member_id": happened.member,
            "item": happened.item,
            "text": happened.text,
        },
    )


async def find_meeting(work: Reading, meeting_id: UUID) -> StoredMeeting | None:
    """A meeting as it went so far, or None."""
    named = {"meeting_id": meeting_id}
    row = (await work.execute(_FIND, named)).one_or_none()
    if row is None:
        return None
    items = (await work.execute(_ITEMS, named)).all()
    aside = (await work.execute(_IN_CONFLICT, named)).all()
    withdrawn = (await work.execute(_WITHDRAWN, named)).all()
    record = (await work.execute(_RECORD, named)).all()
    return StoredMeeting(
        meeting_id=meeting_id,
        place=row.place,
        bylaws_rule_id=RuleId(row.bylaws_rule_id),
        matter=row.matter,
        items=tuple(
            Item(title=one.title, subject=one.subject, motion_id=one.motion_id) for one in items
        ),
        exempt_words=tuple(
            tuple(word for word in (one.subject, one.matter, one.rule_kind) if word)
            for one in items
        ),
        meeting=Meeting(
            title=row.title,
            notice_at=row.notice_at,
            held_at=row.held_at,
            agenda=tuple(one.title for one in items),
            quorum=_headcount(row.quorum_terms),
            members=row.members,
            resumes=row.resumes is not None,
            adjourned_at=row.adjourned_at,
            in_conflict=frozenset((one.number, MemberId(one.member_id)) for one in aside),
            withdrawals=tuple(
                Withdrawal(item=one.number, member=MemberId(one.member_id), at=one.at)
                for one in withdrawn
            ),
            record=tuple(_record(one) for one in record),
        ),
    )


async def insert_minutes(work: UnitOfWork, meeting_id: UUID, said: str, *, due_at: datetime) -> str:
    """Write the draft of minutes; the SHA-256 of its text, hexadecimal."""
    told = {"meeting_id": meeting_id, "text": said, "due_at": due_at, "now": work.now}
    digest: str = (await work.execute(_INSERT_MINUTES, told)).scalar_one()
    return digest


async def insert_addition(
    work: UnitOfWork, meeting_id: UUID, said: str, *, asked_by: MemberId
) -> None:
    """Write a correction of minutes beside them."""
    told = {"meeting_id": meeting_id, "text": said, "asked_by": asked_by, "now": work.now}
    await work.execute(_INSERT_CORRECTION, told)


async def find_minutes(work: Reading, meeting_id: UUID) -> Minutes | None:
    """The minutes of a meeting with their corrections, or None."""
    named = {"meeting_id": meeting_id}
    row = (await work.execute(_MINUTES, named)).one_or_none()
    if row is None:
        return None
    additions = (await work.execute(_CORRECTIONS, named)).all()
    return Minutes(
        text=row.text,
        digest=row.digest,
        due_at=row.due_at,
        drafted_at=row.drafted_at,
        additions=tuple(
            Addition(text=one.text, asked_by=MemberId(one.asked_by), at=one.at) for one in additions
        ),
    )


async def insert_requisition(
    work: UnitOfWork, requisition_id: UUID, *, title: str, business: Sequence[str]
) -> None:
    """Write a request for a meeting."""
    told = {
        "requisition_id": requisition_id,
        "title": title,
        "business": list(business),
        "now": work.now,
    }
    await work.execute(_INSERT_REQUISITION, told)


async def lock_requisition(work: UnitOfWork, requisition_id: UUID) -> None:
    """Let nobody else sign a request until this unit of work ends."""
    await work.execute(_LOCK_REQUISITION, {"requisition_id": requisition_id})


async def insert_signature(work: UnitOfWork, requisition_id: UUID, member_id: MemberId) -> None:
    """Write that a member asks for that meeting, too."""
    told = {"requisition_id": requisition_id, "member_id": member_id, "now": work.now}
    await work.execute(_SIGN, told)


async def find_requisition(work: Reading, requisition_id: UUID) -> Requisition | None:
    """A request for a meeting, or None."""
    row = (await work.execute(_REQUISITION, {"requisition_id": requisition_id})).one_or_none()
    if row is None:
        return None
    return Requisition(title=row.title, business=tuple(row.business), signed=tuple(row.signed))


async def insert_hand(
    work: UnitOfWork, amendment_id: UUID, member_id: MemberId, *, meeting_id: UUID, mark: str
) -> None:
    """Write how a member votes on an amendment, by name."""
    told = {
        "amendment_id": amendment_id,
        "member_id": member_id,
        "meeting_id": meeting_id,
        "mark": mark,
        "now": work.now,
    }
    await work.execute(_RAISE_HAND, told)


async def list_hands(work: Reading, amendment_id: UUID) -> tuple[tuple[MemberId, str], ...]:
    """Who voted how on an amendment."""
    rows = (await work.execute(_HANDS, {"amendment_id": amendment_id})).all()
    return tuple((MemberId(row.member_id), row.mark) for row in rows)


def _record(row: Row[Any]) -> Record:
    return Record(
        kind=RecordKind(row.kind), at=row.at, member=row.member_id, item=row.item, text=row.text
    )


def _headcount(terms: dict[str, list[list[int]]]) -> Headcount:
    """What `quorum_terms` wrote."""
    [(which, pairs)] = terms.items()
    return Headcount(
        terms=tuple(Fraction(part, whole) if whole else part for part, whole in pairs),
        is_greatest=which == "max",
    )
