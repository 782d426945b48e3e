"""What people see of appeals: the complaint and how far it was heard, its outcome, who hears it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from foundation.identifiers import UUID
from governance.member import MemberId
from governance.motion import MotionId
from governance.office_errors import AppealNotFound
from storage.work import Reading

_APPEALS = """
    SELECT appeal.*, lot.commitment, jury.drawn_at, jury.secret,
           ARRAY(SELECT one.member_id FROM governance.juror AS one
                 WHERE one.appeal_id = appeal.appeal_id ORDER BY place) AS jury,
           (SELECT count(*) FROM governance.juror_vote AS one
            WHERE one.appeal_id = appeal.appeal_id) AS votes,
           finding.document, finding.digest, finding.upheld, finding.sets_aside,
           correction.document AS correction, correction.digest AS correction_digest
    FROM governance.appeal
    LEFT JOIN governance.appeal_lot AS lot USING (appeal_id)
    LEFT JOIN governance.appeal_jury AS jury USING (appeal_id)
    LEFT JOIN governance.appeal_finding AS finding USING (appeal_id)
    LEFT JOIN governance.result_correction AS correction USING (appeal_id)
"""
_ONE = text(f"{_APPEALS} WHERE appeal.appeal_id = :appeal_id")
_LIST = text(f"""
    {_APPEALS} WHERE CAST(:motion_id AS uuid) IS NULL OR appeal.motion_id = :motion_id
    ORDER BY lodged_at DESC, appeal.appeal_id LIMIT :limit
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document as published, and the SHA-256 of its canonical text."""

    document: dict[str, Any]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealView:
    """An appeal as it stands.

    Attributes
    ----------
    affected, margin
        Ballots that the complaint concerns, and that would have altered the outcome (None: unknown).
    jury
        Who hears it, in the order drawn; for members' eyes.
    votes
        How many of them have found. How they found is told together, at the end, so that nobody
        finds with the majority.
    secret
        The seed that was opened for the lot, hexadecimal; None before.
    """

    appeal_id: UUID
    motion_id: MotionId
    member_id: MemberId
    lodged_at: datetime
    complaint: str
    affected: int
    margin: int | None
    stays: bool
    commitment: str | None
    secret: str | None
    jury: tuple[MemberId, ...]
    votes: int
    upheld: bool | None
    sets_aside: bool | None
    finding: Document | None
    correction: Document | None


async def get_appeal(work: Reading, appeal_id: UUID) -> AppealView:
    """One appeal; raises `AppealNotFound`."""
    row = (await work.execute(_ONE, {"appeal_id": appeal_id})).one_or_none()
    if row is None:
        raise AppealNotFound(str(appeal_id))
    return _view(row)


async def list_appeals(
    work: Reading, *, motion_id: MotionId | None = None, limit: int
) -> tuple[AppealView, ...]:
    """Appeals, the newest first; against one result, if it is named."""
    rows = (await work.execute(_LIST, {"motion_id": motion_id, "limit": limit})).all()
    return tuple(_view(row) for row in rows)


def _view(row: Row[Any]) -> AppealView:
    return AppealView(
        appeal_id=row.appeal_id, motion_id=MotionId(row.motion_id),
        member_id=MemberId(row.member_id), lodged_at=row.lodged_at, complaint=row.complaint,
        affected=row.affected, margin=row.margin, stays=row.stays, commitment=row.commitment,
        secret=None if row.secret is None else bytes(row.secret).hex(),
        jury=tuple(MemberId(one) for one in row.jury), votes=row.votes, upheld=row.upheld, sets_aside=row.sets_aside,
        finding=_document(row.document, row.digest),
        correction=_document(row.correction, row.correction_digest),
    )  # fmt: skip


def _document(said: str | None, digest: str | None) -> Document | None:
    if said is None or digest is None:
        return None
    return Document(document=json.loads(said), digest=digest)
