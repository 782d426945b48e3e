"""Usual needs as they are sealed."""

from sqlalchemy import text

from foundation.identifiers import PersonId
from registry.vault import SealedNeeds
from storage.work import Reading, UnitOfWork

_FIND = text("SELECT data_key, needs FROM registry.usual_needs WHERE person_id = :person_id")
_UPSERT = text("""
    INSERT INTO registry.usual_needs (person_id, data_key, needs)
    VALUES (:person_id, :data_key, :needs)
    ON CONFLICT (person_id) DO UPDATE SET data_key = excluded.data_key, needs = excluded.needs
""")
_DELETE = text("DELETE FROM registry.usual_needs WHERE person_id = :person_id")


async def find_needs(work: Reading, person_id: PersonId) -> SealedNeeds | None:
    """What the person said; None if they did not."""
    row = (await work.execute(_FIND, {"person_id": person_id})).one_or_none()
    return None if row is None else SealedNeeds(data_key=row.data_key, needs=row.needs)


async def upsert_needs(work: UnitOfWork, person_id: PersonId, sealed: SealedNeeds) -> None:
    """Keep it instead of what was kept."""
    await work.execute(
        _UPSERT, {"person_id": person_id, "data_key": sealed.data_key, "needs": sealed.needs}
    )


async def delete_needs(work: UnitOfWork, person_id: PersonId) -> None:
    """Keep nothing."""
    await work.execute(_DELETE, {"person_id": person_id})
