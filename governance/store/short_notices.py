"""Meetings at shorter notice that members are asked to agree to, and who did."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, text

from foundation.identifiers import UUID
from governance.member import MemberId
from storage.work import Reading, UnitOfWork

_INSERT = text("""
    INSERT INTO governance.short_notice (short_notice_id, title, place, business, held_at, asked_at)
    VALUES (:short_notice_id, :title, :place, CAST(:business AS text[]), :held_at, :now)
""")

_AGREE = text("""
    INSERT INTO governance.short_notice_consent (short_notice_id, member_id, at)
    VALUES (:short_notice_id, :member_id, :now)
""")

_AGREED = """
    SELECT short_notice.*,
           ARRAY(SELECT member_id FROM governance.short_notice_consent AS one
                 JOIN governance.member_now USING (member_id)
                 WHERE one.short_notice_id = short_notice.short_notice_id
                 ORDER BY at, member_id) AS agreed,
           (SELECT count(*) FROM governance.short_notice_consent AS one
            WHERE one.short_notice_id = short_notice.short_notice_id) AS given,
           (SELECT meeting_id FROM governance.meeting AS one
            WHERE one.short_notice_id = short_notice.short_notice_id) AS meeting_id
    FROM governance.short_notice
"""
_FIND = text(f"{_AGREED} WHERE short_notice_id = :short_notice_id")
_OPEN = text(f"""
    SELECT * FROM ({_AGREED} WHERE held_at > :now) AS asked WHERE meeting_id IS NULL
    ORDER BY held_at, short_notice_id LIMIT 1000
""")
_MEMBERS = text("SELECT governance.members_now()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A meeting that members are asked to agree to, exactly as it would be called.

    Attributes
    ----------
    agreed
        Members of today who agreed, the first one first.
    given
        How many ever agreed, members of today or not.
    meeting_id
        The meeting that was called so; None while they are asked.
    """

    short_notice_id: UUID
    title: str
    place: str
    business: tuple[str, ...]
    held_at: datetime
    agreed: tuple[MemberId, ...] = ()
    given: int = 0
    meeting_id: UUID | None = None


async def insert_short_notice(work: UnitOfWork, asked: Asked) -> None:
    """Write what members are asked to agree to."""
    told = {
        "short_notice_id": asked.short_notice_id, "title": asked.title, "place": asked.place,
        "business": list(asked.business), "held_at": asked.held_at, "now": work.now,
    }  # fmt: skip
    await work.execute(_INSERT, told)


async def insert_agreement(work: UnitOfWork, short_notice_id: UUID, member_id: MemberId) -> None:
    """Write that a member agrees."""
    told = {"short_notice_id": short_notice_id, "member_id": member_id, "now": work.now}
    await work.execute(_AGREE, told)


async def find_short_notice(work: Reading, short_notice_id: UUID) -> Asked | None:
    """What members are or were asked to agree to, or None; one statement."""
    found = (await work.execute(_FIND, {"short_notice_id": short_notice_id})).one_or_none()
    return None if found is None else _asked(found._mapping)


async def list_open(work: UnitOfWork) -> tuple[Asked, ...]:
    """Everything that members are asked to agree to now, the soonest first; one statement."""
    rows = (await work.execute(_OPEN, {"now": work.now})).all()
    return tuple(_asked(row._mapping) for row in rows)


async def count_members(work: Reading) -> int:
    """How many members there are today, as the database counts them for a notice."""
    return int((await work.execute(_MEMBERS)).scalar_one())


def _asked(row: RowMapping) -> Asked:
    return Asked(
        short_notice_id=row["short_notice_id"],
        title=row["title"],
        place=row["place"],
        business=tuple(row["business"]),
        held_at=row["held_at"],
        agreed=tuple(MemberId(one) for one in row["agreed"]),
        given=row["given"],
        meeting_id=row["meeting_id"],
    )
