"""Who is a member today, and who a member is: for the office, for other members, for nobody else."""

from collections.abc import Iterable, Mapping

from sqlalchemy import text

from foundation.identifiers import UUID, PersonId
from governance.member import MemberId
from storage.work import Reading

_PEOPLE = text("""
    SELECT member_id, person_id FROM governance.member WHERE member_id = ANY(:member_ids)
""")

_MEMBERS = """
    SELECT DISTINCT ON (member_id, member_class) member_id, kind FROM governance.member_change
    WHERE kind IN ('joined', 'left') AND member_id NOT IN (
        SELECT member_id FROM governance.member_change WHERE kind = 'died')
    ORDER BY member_id, member_class, number DESC
"""
_MEMBER_PEOPLE = text(f"""
    SELECT DISTINCT person_id FROM ({_MEMBERS}) AS last JOIN governance.member USING (member_id)
    WHERE kind = 'joined' LIMIT 2000000
""")
_PAGE = text("""
    SELECT member_id, person_id FROM governance.member
    WHERE CAST(:after AS uuid) IS NULL OR member_id > :after
    ORDER BY member_id LIMIT :limit
""")
_NUMBERED = text("""
    SELECT member_id, person_id FROM governance.member
    WHERE starts_with(CAST(member_id AS text), :begins)
      AND (CAST(:after AS uuid) IS NULL OR member_id > :after)
    ORDER BY member_id LIMIT :limit
""")
_IS_MEMBER = text("""
    SELECT EXISTS (SELECT FROM (
        SELECT DISTINCT ON (member_class) kind FROM governance.member_change
        WHERE member_id = me.member_id AND kind IN ('joined', 'left')
        ORDER BY member_class, number DESC) AS last WHERE kind = 'joined')
      AND NOT EXISTS (SELECT FROM governance.member_change
                      WHERE member_id = me.member_id AND kind = 'died')
    FROM governance.member AS me WHERE person_id = :person_id
""")


async def people_of(work: Reading, member_ids: Iterable[MemberId]) -> Mapping[MemberId, PersonId]:
    """Who members are as persons; one statement. For members' eyes."""
    rows = (await work.execute(_PEOPLE, {"member_ids": sorted(set(member_ids))})).all()
    return {MemberId(row.member_id): PersonId(row.person_id) for row in rows}


async def register_page(
    work: Reading, *, after: UUID | None, limit: int, begins: str | None = None
) -> Mapping[MemberId, PersonId]:
    """Whoever is or was a member, by number, `limit` of them after `after`; one statement.

    Parameters
    ----------
    begins
        Only those whose number begins so, as a UUID is written.
    """
    asked: dict[str, object] = {"after": after, "limit": limit}
    if begins is None:
        rows = (await work.execute(_PAGE, asked)).all()
    else:
        rows = (await work.execute(_NUMBERED, asked | {"begins": begins})).all()
    return {MemberId(row.member_id): PersonId(row.person_id) for row in rows}


async def list_people(work: Reading) -> frozenset[PersonId]:
    """Every member of today, as persons; one statement."""
    return frozenset(PersonId(row.person_id) for row in await work.execute(_MEMBER_PEOPLE))


async def is_member(work: Reading, person_id: PersonId) -> bool:
    """Whether a person is a member today; one statement."""
    found = await work.execute(_IS_MEMBER, {"person_id": person_id})
    return bool(found.scalar_one_or_none())
