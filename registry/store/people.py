"""People, their sealed contacts and their roles."""

from datetime import datetime

from sqlalchemy import text

from foundation.identifiers import PersonId
from registry.person import Role
from registry.vault import SealedContact
from storage.work import UnitOfWork

_LOCK_PHONE = text("SELECT pg_advisory_xact_lock(:lock)")

_FIND_PERSON_BY_PHONE = text("SELECT person_id FROM registry.contact WHERE phone_index = :index")

# The contact goes first, so that of two who join by one phone the second waits for the first and
# then inserts nothing. Foreign keys are checked when the whole statement is done.
_INSERT_PERSON = text("""
    WITH contact AS (
        INSERT INTO registry.contact (person_id, phone_index, data_key, name, phone, language)
        VALUES (:person_id, :index, :data_key, :name, :phone, :language)
        ON CONFLICT (phone_index) DO NOTHING
        RETURNING person_id
    ), person AS (
        INSERT INTO registry.person (person_id, joined_at) SELECT person_id, :now FROM contact
    ), granted AS (
        INSERT INTO registry.role_grant (grant_id, person_id, role, valid_from)
        SELECT :grant_id, person_id, 'rider', :now FROM contact
    )
    SELECT person_id FROM contact
""")

_INSERT_MACHINE = text("""
    INSERT INTO registry.person (person_id, joined_at) VALUES (:person_id, :now)
""")

_GET_CONTACT = text("""
    SELECT data_key, name, phone, language FROM registry.contact WHERE person_id = :person_id
""")

_UPDATE_CONTACT = text("""
    UPDATE registry.contact
    SET data_key = :data_key, name = :name, phone = :phone, language = :language
    WHERE person_id = :person_id
""")

_ERASE_PERSON = text("""
    WITH contact AS (DELETE FROM registry.contact WHERE person_id = :person_id)
    UPDATE registry.person SET erased_at = :now
    WHERE person_id = :person_id AND erased_at IS NULL
    RETURNING person_id
""")

_FIND_PERSON = text("""
    SELECT person_id FROM registry.person WHERE person_id = :person_id AND erased_at IS NULL
""")

_LIST_ROLES = text("""
    SELECT role FROM registry.role_grant
    WHERE person_id = :person_id AND ended_at IS NULL
      AND valid_from <= :now AND (valid_to IS NULL OR :now < valid_to)
    ORDER BY role
""")

_END_LAPSED_GRANT = text("""
    UPDATE registry.role_grant SET ended_at = valid_to
    WHERE person_id = :person_id AND role = :role AND ended_at IS NULL AND valid_to <= :now
""")

_INSERT_GRANT = text("""
    INSERT INTO registry.role_grant (grant_id, person_id, role, valid_from, valid_to, granted_by)
    VALUES (:grant_id, :person_id, :role, :now, :valid_to, :granted_by)
    ON CONFLICT (person_id, role) WHERE ended_at IS NULL DO NOTHING
    RETURNING grant_id
""")

_END_GRANT = text("""
    UPDATE registry.role_grant SET ended_at = :now, ended_by = :ended_by
    WHERE person_id = :person_id AND role = :role AND ended_at IS NULL
    RETURNING grant_id
""")

_KEEP_FINGERPRINT = text("""
    INSERT INTO registry.vault_fingerprint (fingerprint) VALUES (:fingerprint) ON CONFLICT DO NOTHING
""")

# A statement of its own: one that waited for another's insert would not see what it waited for.
_GET_FINGERPRINT = text("SELECT fingerprint FROM registry.vault_fingerprint")


async def lock_phone(work: UnitOfWork, index: bytes) -> None:
    """Let one transaction at a time count the codes sent to this phone."""
    await work.execute(_LOCK_PHONE, {"lock": int.from_bytes(index[:8], "big", signed=True)})


async def find_person_by_phone(work: UnitOfWork, index: bytes) -> PersonId | None:
    """Whose phone it is."""
    found = (await work.execute(_FIND_PERSON_BY_PHONE, {"index": index})).scalar_one_or_none()
    return None if found is None else PersonId(found)


async def insert_person(
    work: UnitOfWork, person_id: PersonId, *, index: bytes, contact: SealedContact
) -> bool:
    """A new person, their contact, and the role of rider; False if the phone is somebody's."""
    row = await work.execute(
        _INSERT_PERSON,
        {
            "person_id": person_id,
            "grant_id": work.new_id(),
            "now": work.now,
            "index": index,
            "data_key": contact.data_key,
            "name": contact.name,
            "phone": contact.phone,
            "language": contact.language,
        },
    )
    return row.one_or_none() is not None


async def insert_machine(work: UnitOfWork, person_id: PersonId) -> None:
    """A machine: somebody without a contact or a role yet."""
    await work.execute(_INSERT_MACHINE, {"person_id": person_id, "now": work.now})


async def find_contact(work: UnitOfWork, person_id: PersonId) -> SealedContact | None:
    """A person's contact as sealed; None for machines and the forgotten."""
    row = (await work.execute(_GET_CONTACT, {"person_id": person_id})).one_or_none()
    if row is None:
        return None
    return SealedContact(
        data_key=row.data_key, name=row.name, phone=row.phone, language=row.language
    )


async def update_contact(work: UnitOfWork, person_id: PersonId, contact: SealedContact) -> None:
    """Replace a sealed contact; the phone it is filed under stays."""
    await work.execute(
        _UPDATE_CONTACT,
        {
            "person_id": person_id,
            "data_key": contact.data_key,
            "name": contact.name,
            "phone": contact.phone,
            "language": contact.language,
        },
    )


async def erase_person(work: UnitOfWork, person_id: PersonId) -> bool:
    """Delete the contact and mark the person forgotten; whether they were known until now."""
    row = await work.execute(_ERASE_PERSON, {"person_id": person_id, "now": work.now})
    return row.one_or_none() is not None


async def person_exists(work: UnitOfWork, person_id: PersonId) -> bool:
    """Whether such a person is known and not forgotten."""
    return (await work.execute(_FIND_PERSON, {"person_id": person_id})).one_or_none() is not None


async def list_roles(work: UnitOfWork, person_id: PersonId) -> tuple[Role, ...]:
    """The roles a person has now, in the order of their names."""
    rows = await work.execute(_LIST_ROLES, {"person_id": person_id, "now": work.now})
    return tuple(Role(role) for role in rows.scalars())


async def insert_grant(
    work: UnitOfWork,
    person_id: PersonId,
    role: Role,
    *,
    valid_to: datetime | None,
    granted_by: PersonId | None,
) -> bool:
    """Grant a role from now on; False if the person has it already."""
    grant = {
        "grant_id": work.new_id(),
        "person_id": person_id,
        "role": role.value,
        "now": work.now,
        "valid_to": valid_to,
        "granted_by": granted_by,
    }
    if (await work.execute(_INSERT_GRANT, grant)).one_or_none() is not None:
        return True
    # A grant whose time is over stands in the way of the next until it is marked as ended.
    lapsed = {"person_id": person_id, "role": role.value, "now": work.now}
    if (await work.execute(_END_LAPSED_GRANT, lapsed)).rowcount == 0:
        return False
    return (await work.execute(_INSERT_GRANT, grant)).one_or_none() is not None


async def end_grant(
    work: UnitOfWork, person_id: PersonId, role: Role, *, ended_by: PersonId
) -> bool:
    """End a role now; False if the person does not have it."""
    row = await work.execute(
        _END_GRANT,
        {"person_id": person_id, "role": role.value, "now": work.now, "ended_by": ended_by},
    )
    return row.one_or_none() is not None


async def keep_fingerprint(work: UnitOfWork, fingerprint: bytes) -> bytes:
    """The fingerprint of the vault this database is sealed with; the given one if it is the first."""
    await work.execute(_KEEP_FINGERPRINT, {"fingerprint": fingerprint})
    found: bytes = (await work.execute(_GET_FINGERPRINT)).scalar_one()
    return found
