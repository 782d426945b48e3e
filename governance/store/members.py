"""Members and their histories."""

from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import text

from foundation.identifiers import PersonId
from governance.matter import MemberClass
from governance.member import Change, ChangeKind, Member, MemberId, member_of
from storage.work import Reading, UnitOfWork

_INSERT = text("""
    INSERT INTO governance.member (member_id, person_id, made_at)
    VALUES (:member_id, :person_id, :now) ON CONFLICT (person_id) DO NOTHING
""")

_OF_PERSON = text("SELECT member_id FROM governance.member WHERE person_id = :person_id")

_PERSONS = text("""
    SELECT person_id FROM governance.member WHERE member_id = ANY(:member_ids) LIMIT 2000000
""")

_HOW_MANY = text("SELECT governance.members_now()")

_INSERT_CHANGE = text("""
    INSERT INTO governance.member_change (member_id, number, kind, member_class, at, reason)
    VALUES (:member_id, :number, :kind, :member_class, :at, :reason)
""")

_CHANGES = text("""
    SELECT member_id, kind, member_class, at, reason FROM governance.member_change
    WHERE CAST(:member_ids AS uuid[]) IS NULL OR member_id = ANY(:member_ids)
    ORDER BY member_id, number
    LIMIT 2000000
""")


async def find_member_id(work: UnitOfWork, person_id: PersonId) -> MemberId | None:
    """The member that a person is, if they ever joined."""
    return (await work.execute(_OF_PERSON, {"person_id": person_id})).scalar_one_or_none()


async def persons_of(work: Reading, member_ids: Sequence[MemberId]) -> frozenset[PersonId]:
    """Which persons some members are."""
    rows = await work.execute(_PERSONS, {"member_ids": list(member_ids)})
    return frozenset(PersonId(row.person_id) for row in rows)


async def count_members(work: Reading) -> int:
    """How many are members of a class or more, by the database's count."""
    return int((await work.execute(_HOW_MANY)).scalar_one())


async def insert_member(work: UnitOfWork, member_id: MemberId, person_id: PersonId) -> None:
    """Write a new member; nothing if the person is one."""
    await work.execute(_INSERT, {"member_id": member_id, "person_id": person_id, "now": work.now})


async def insert_change(work: UnitOfWork, member: Member) -> None:
    """Write the last change of a member."""
    change = member.changes[-1]
    await work.execute(
        _INSERT_CHANGE,
        {
            "member_id": member.member_id,
            "number": len(member.changes),
            "kind": change.kind,
            "member_class": change.member_class,
            "at": change.at,
            "reason": change.reason,
        },
    )


async def list_members(
    work: UnitOfWork, member_ids: Sequence[MemberId] | None = None
) -> tuple[Member, ...]:
    """Members with their histories, by identifier; all of them if none are named."""
    wanted = None if member_ids is None else list(member_ids)
    rows = (await work.execute(_CHANGES, {"member_ids": wanted})).all()
    return tuple(
        member_of(
            MemberId(member_id),
            (
                Change(
                    kind=ChangeKind(row.kind),
                    at=row.at,
                    member_class=MemberClass(row.member_class) if row.member_class else None,
                    reason=row.reason,
                )
                for row in changes
            ),
        )
        for member_id, changes in groupby(rows, key=lambda row: row.member_id)
    )
