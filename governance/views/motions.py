"""What people see of motions and votes: one statement or a few for each look, however many members
there are.

What everybody may see is without a name here; who voted how in an open vote is read apart, by
`list_open_ballots`, for members alone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from foundation.identifiers import UUID, PersonId
from governance.errors import MotionNotFound
from governance.matter import MemberClass
from governance.member import Exclusion, MemberId
from governance.motion import Motion, MotionId, MotionState
from governance.store import motions as store
from governance.tier import Tier
from rulebook.rule import RuleKind
from storage.work import Reading

_LINES = """
    SELECT motion.*, governance.state_of(motion_id) AS state, notice.opens_at, notice.closes_at,
           (SELECT count(*) FROM governance.motion_second AS one
            WHERE one.motion_id = motion.motion_id) AS seconds
    FROM governance.motion LEFT JOIN governance.notice USING (motion_id)
"""
_LIST = text(f"""
    SELECT * FROM ({_LINES}) AS motion
    WHERE (CAST(:state AS text) IS NULL OR state = :state)
      AND (CAST(:before AS uuid) IS NULL OR (proposed_at, motion_id) < (
          SELECT proposed_at, motion_id FROM governance.motion WHERE motion_id = :before))
    ORDER BY proposed_at DESC, motion_id DESC LIMIT :limit
""")
_LINE = text(f"{_LINES} WHERE motion_id = :motion_id")

# How many members there are is asked for as long as seconds are missing, and not afterwards.
_AROUND = text("""
    SELECT notice.tier, notice.corrected_until, published.size, published.digest AS roll_digest,
           certificate.document, certificate.digest, certificate.has_passed,
           rule.rule_id, rule.kind, rule.version, rule.valid_from,
           CASE WHEN governance.state_of(motion_id) = 'proposed'
                THEN governance.members_now() END AS members
    FROM governance.motion
    LEFT JOIN governance.notice USING (motion_id)
    LEFT JOIN governance.roll_published AS published USING (motion_id)
    LEFT JOIN governance.certificate USING (motion_id)
    LEFT JOIN rulebook.rule ON rule.adoption_id = motion.motion_id
    WHERE motion_id = :motion_id
""")

_PART = text("""
    SELECT me.member_id,
           EXISTS (SELECT FROM governance.notice WHERE motion_id = :motion_id) AS is_called,
           roll.member_class, left_out.reason AS left_out, struck.reason AS struck,
           EXISTS (SELECT FROM (
               SELECT DISTINCT ON (member_class) kind FROM governance.member_change AS change
               WHERE change.member_id = me.member_id AND kind IN ('joined', 'left')
               ORDER BY member_class, number DESC) AS last WHERE kind = 'joined')
           AND NOT EXISTS (SELECT FROM governance.member_change AS death
                           WHERE death.member_id = me.member_id AND death.kind = 'died') AS is_member,
           (SELECT mark FROM governance.open_ballot AS cast_
            WHERE (cast_.motion_id, cast_.member_id) = (:motion_id, me.member_id)
            ORDER BY sequence DESC LIMIT 1) AS mark
    FROM governance.member AS me
    LEFT JOIN governance.roll AS roll ON (roll.motion_id, roll.member_id) = (:motion_id, me.member_id)
    LEFT JOIN governance.roll_left_out AS left_out
        ON (left_out.motion_id, left_out.member_id) = (:motion_id, me.member_id)
    LEFT JOIN governance.roll_struck AS struck
        ON (struck.motion_id, struck.member_id) = (:motion_id, me.member_id)
    WHERE me.person_id = :person_id
""")

_OPEN_BALLOTS = text("""
    SELECT member_id, member_class, mark
    FROM governance.counted_ballot JOIN governance.roll USING (motion_id, member_id)
    WHERE motion_id = :motion_id AND (CAST(:after AS uuid) IS NULL OR member_id > :after)
    ORDER BY member_id LIMIT :limit
""")

_SIZES = text("""
    SELECT member_class, count(*) AS size FROM governance.roll WHERE motion_id = :motion_id
    GROUP BY 1 ORDER BY 1
""")

# Who was struck off was first on the roll, who was added was not on it: each stands here once.
_CHANGES_OF_ROLL = text("""
    SELECT member_id, 'left_out' AS what, reason, CAST(NULL AS text) AS member_class
    FROM governance.roll_left_out WHERE motion_id = :motion_id
    UNION ALL SELECT member_id, 'struck', reason, NULL
    FROM governance.roll_struck WHERE motion_id = :motion_id
    UNION ALL SELECT member_id, 'added', reason, member_class
    FROM governance.roll_entry WHERE motion_id = :motion_id AND reason IS NOT NULL
    ORDER BY 1, 2 LIMIT :limit
""")

_ORIGIN = text("""
    SELECT rule.rule_id, adoption.adoption_id, adoption.kind, adoption.title, adoption.digest,
           adoption.document, adoption.adopted_at,
           CASE adoption.kind WHEN 'certificate' THEN adoption_id ELSE appeal.motion_id END AS motion_id
    FROM rulebook.rule JOIN rulebook.adoption USING (adoption_id)
    LEFT JOIN governance.appeal ON appeal.appeal_id = adoption_id
    WHERE rule.kind = :kind AND rule.version = :version
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionLine:
    """A motion in a list; instants are aware UTC, `opens_at` and `closes_at` None before notice."""

    motion_id: MotionId
    title: str
    matter: str
    rule_kind: str | None
    state: MotionState
    proposed_at: datetime
    seconds: int
    opens_at: datetime | None
    closes_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """A certificate as published: `digest` is the SHA-256 of its canonical JSON."""

    digest: str
    has_passed: bool
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enacted:
    """The rule that a motion wrote."""

    rule_id: UUID
    kind: str
    version: int
    valid_from: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RollShown:
    """What is public of a roll; size and digest are None until it is published at the opening."""

    corrected_until: datetime
    size: int | None
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionView:
    """A motion with what came of it.

    Attributes
    ----------
    members
        How many members there are, while it still needs seconds; else None.
    tier
        How far names and choices are apart in its vote; None before the notice.
    """

    motion: Motion
    members: int | None
    tier: Tier | None
    roll: RollShown | None
    certificate: Certified | None
    rule: Enacted | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A person's own part in a vote.

    Attributes
    ----------
    is_member
        Whether they are a member today.
    is_called
        Whether there is a roll yet.
    member_class
        The class in which they are on the roll; None if they are not.
    reason
        Why they are not on it.
    mark
        Their last open ballot; None if they cast none.
    """

    member_id: MemberId
    is_member: bool
    is_called: bool
    member_class: MemberClass | None
    reason: Exclusion | None
    mark: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBallot:
    """What a member said in an open vote."""

    member_id: MemberId
    member_class: MemberClass
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollNote:
    """Why a roll does not just say who was a member: left out, struck off, or added."""

    member_id: MemberId
    what: str
    reason: str
    member_class: MemberClass | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What adopted a version of a rule; `motion_id` is None for the founding charter's.

    A rule that stood before and follows one that was set aside has the motion whose result that was;
    the document is then the finding's.
    """

    rule_id: UUID
    adoption_id: UUID
    motion_id: MotionId | None
    title: str
    digest: str
    document: str
    adopted_at: datetime


async def list_motions(
    work: Reading, *, state: MotionState | None, before: UUID | None, limit: int
) -> tuple[MotionLine, ...]:
    """Motions, the newest first, `limit` of them before the motion `before`; one statement."""
    asked = {"state": state, "before": before, "limit": limit}
    return tuple(_line(row) for row in (await work.execute(_LIST, asked)).all())


async def get_line(work: Reading, motion_id: MotionId) -> MotionLine:
    """A motion as a list has it; one statement. There is such a motion."""
    return _line((await work.execute(_LINE, {"motion_id": motion_id})).one())


def _line(row: Row[Any]) -> MotionLine:
    return MotionLine(
        motion_id=MotionId(row.motion_id),
        title=row.title,
        matter=row.matter,
        rule_kind=row.rule_kind,
        state=MotionState(row.state),
        proposed_at=row.proposed_at,
        seconds=row.seconds,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
    )


async def get_motion(work: Reading, motion_id: MotionId) -> MotionView:
    """A motion with its texts, amendments, timetable, answer and result; four statements.

    Raises
    ------
    MotionNotFound
        If there is none.
    """
    motion = await store.find_motion(work, motion_id)
    if motion is None:
        raise MotionNotFound(str(motion_id))
    row = (await work.execute(_AROUND, {"motion_id": motion_id})).one()
    return MotionView(
        motion=motion,
        members=row.members,
        tier=None if row.tier is None else Tier(row.tier),
        roll=None
        if row.corrected_until is None
        else RollShown(corrected_until=row.corrected_until, size=row.size, digest=row.roll_digest),
        certificate=None
        if row.document is None
        else Certified(
            digest=row.digest, has_passed=row.has_passed, document=json.loads(row.document)
        ),
        rule=None
        if row.rule_id is None
        else Enacted(
            rule_id=row.rule_id, kind=row.kind, version=row.version, valid_from=row.valid_from
        ),
    )


async def find_part(work: Reading, motion_id: MotionId, person_id: PersonId) -> Part | None:
    """A person's part in a vote; None if they never were a member. One statement."""
    asked = {"motion_id": motion_id, "person_id": person_id}
    row = (await work.execute(_PART, asked)).one_or_none()
    if row is None:
        return None
    reason = None
    if row.is_called and row.member_class is None:
        reason = Exclusion.STRUCK if row.struck else Exclusion(row.left_out or Exclusion.NO_MEMBER)
    return Part(
        member_id=MemberId(row.member_id),
        is_member=row.is_member,
        is_called=row.is_called,
        member_class=None if row.member_class is None else MemberClass(row.member_class),
        reason=reason,
        mark=row.mark,
    )


async def list_open_ballots(
    work: Reading, motion_id: MotionId, *, after: UUID | None, limit: int
) -> tuple[OpenBallot, ...]:
    """The ballots of an open vote as counted, by member, those after `after`; one statement."""
    asked = {"motion_id": motion_id, "after": after, "limit": limit}
    return tuple(
        OpenBallot(
            member_id=MemberId(row.member_id),
            member_class=MemberClass(row.member_class),
            mark=row.mark,
        )
        for row in (await work.execute(_OPEN_BALLOTS, asked)).all()
    )


async def roll_sizes(work: Reading, motion_id: MotionId) -> Mapping[MemberClass, int]:
    """How many are on the roll, by class; one statement."""
    rows = (await work.execute(_SIZES, {"motion_id": motion_id})).all()
    return {MemberClass(row.member_class): row.size for row in rows}


async def list_roll_notes(
    work: Reading, motion_id: MotionId, *, limit: int
) -> tuple[RollNote, ...]:
    """Everybody left out, struck off or added, each with the reason; one statement."""
    asked = {"motion_id": motion_id, "limit": limit}
    return tuple(
        RollNote(
            member_id=MemberId(row.member_id),
            what=row.what,
            reason=row.reason,
            member_class=None if row.member_class is None else MemberClass(row.member_class),
        )
        for row in (await work.execute(_CHANGES_OF_ROLL, asked)).all()
    )


async def find_origin(work: Reading, kind: RuleKind, version: int) -> Origin | None:
    """What adopted a version of a rule; one statement."""
    row = (await work.execute(_ORIGIN, {"kind": kind, "version": version})).one_or_none()
    if row is None:
        return None
    return Origin(
        rule_id=row.rule_id,
        adoption_id=row.adoption_id,
        motion_id=None if row.motion_id is None else MotionId(row.motion_id),
        title=row.title,
        digest=row.digest,
        document=row.document,
        adopted_at=row.adopted_at,
    )


def missing_seconds(view: MotionView, needed: int) -> int:
    """How many more members must stand behind it; 0 once it is seconded."""
    if view.motion.state is not MotionState.PROPOSED:
        return 0
    return max(0, needed - len(view.motion.seconders))


def names_wanted(view: MotionView) -> Sequence[MemberId]:
    """Members whom a motion names: its mover, who seconded it, who amends it, whoever is nominated."""
    motion = view.motion
    nominated = (one.member_id for one in motion.candidates)
    return (motion.mover, *motion.seconders, *(one.by for one in motion.amendments), *nominated)
