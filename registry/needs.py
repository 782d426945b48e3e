"""What a rider always needs in a car, said once: sealed, theirs to change, gone when they are."""

import re
from collections.abc import Iterable

from foundation.identifiers import PersonId
from registry.errors import DetailInvalid, PersonNotFound
from registry.store import needs as store
from registry.store import people as people_store
from registry.vault import Vault
from storage.work import UnitOfWork

NEEDS_MAX = 10
_CODE = re.compile(r"[a-z_]{1,30}")


async def set_needs(
    work: UnitOfWork, person_id: PersonId, needs: Iterable[str], *, vault: Vault
) -> frozenset[str]:
    """Keep what a person always needs, instead of what was kept before; nothing erases it.

    Returns
    -------
    frozenset of str
        What is kept now.

    Raises
    ------
    DetailInvalid
        If there are too many, or one is no code like wheelchair.
    PersonNotFound
        If there is no such person, or they were forgotten.
    """
    kept = frozenset(needs)
    if len(kept) > NEEDS_MAX or not all(_CODE.fullmatch(need) for need in kept):
        raise DetailInvalid("needs", f"must be at most {NEEDS_MAX} words like wheelchair")
    if await people_store.find_contact(work, person_id) is None:
        raise PersonNotFound
    if kept:
        await store.upsert_needs(work, person_id, vault.seal_needs(person_id, kept, work.chance))
    else:
        await store.delete_needs(work, person_id)
    return kept


async def needs_of(work: UnitOfWork, person_id: PersonId, *, vault: Vault) -> frozenset[str]:
    """What a person always needs; empty if they never said, or were forgotten. Never log it."""
    sealed = await store.find_needs(work, person_id)
    return frozenset() if sealed is None else vault.open_needs(person_id, sealed)
