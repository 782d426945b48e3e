"""Verbs about people: joining, roles, being forgotten."""

from datetime import datetime

from foundation.identifiers import PersonId
from registry.errors import PersonNotFound, VaultKeyWrong
from registry.events import (
    PersonForgotten,
    PersonJoined,
    RoleChanged,
    SessionRevoked,
)
from registry.person import Contact, Role, clean_language, clean_name
from registry.phone import Phone, parse_phone
from registry.session import PASSKEY_ONLY
from registry.session_cache import SessionCache
from registry.store import passkeys as passkey_store
from registry.store import people as store
from registry.store import sessions as session_store
from registry.vault import Vault
from storage.work import UnitOfWork


async def check_vault(work: UnitOfWork, vault: Vault) -> None:
    """Refuse to start with a key that this database was not sealed with.

    A wrong key would file known phones anew and make every person twice. The first vault that is
    checked on a database becomes its vault.

    Raises
    ------
    VaultKeyWrong
        If another vault sealed this database.
    """
    fingerprint = vault.fingerprint()
    if await store.keep_fingerprint(work, fingerprint) != fingerprint:
        raise VaultKeyWrong


async def join_person(
    work: UnitOfWork, *, phone: str, name: str = "", language: str = "en", vault: Vault
) -> PersonId:
    """The person with this phone: known already, or new and a rider from now on.

    For the office (a booking by telephone) and for enrolment; a person who signs in by code joins
    by the same path. A name given here fills an empty one and never replaces one.

    Raises
    ------
    PhoneInvalid, DetailInvalid
        If the phone, the name or the language cannot be so.
    """
    contact = Contact(
        name=clean_name(name), phone=parse_phone(phone), language=clean_language(language)
    )
    return await join_contact(work, contact, vault=vault)


async def join_contact(work: UnitOfWork, contact: Contact, *, vault: Vault) -> PersonId:
    """`join_person` for a contact that is clean already."""
    index = vault.phone_index(contact.phone)
    person_id = PersonId(work.new_id())
    sealed = vault.seal_contact(person_id, contact, work.chance)
    while not await store.insert_person(work, person_id, index=index, contact=sealed):
        known = await store.find_person_by_phone(work, index)
        if known is None:
            continue  # whoever had the phone was forgotten between the two statements
        if contact.name:
            await _fill_name(work, known, contact.name, vault=vault)
        return known
    work.announce(PersonJoined(event_id=work.new_id(), occurred_at=work.now, person_id=person_id))
    return person_id


async def find_person_by_phone(work: UnitOfWork, phone: str, *, vault: Vault) -> PersonId | None:
    """Whose phone it is, if anybody's here. Raises PhoneInvalid."""
    return await store.find_person_by_phone(work, vault.phone_index(parse_phone(phone)))


async def set_name(work: UnitOfWork, person_id: PersonId, name: str, *, vault: Vault) -> None:
    """Let a person change how they are called.

    Raises
    ------
    DetailInvalid
        If the name is too long or holds control signs.
    PersonNotFound
        If there is no such person, or they were forgotten.
    """
    contact = await get_contact(work, person_id, vault=vault)
    await _reseal(work, person_id, contact, name=clean_name(name), vault=vault)


async def get_contact(work: UnitOfWork, person_id: PersonId, *, vault: Vault) -> Contact:
    """One person's name and phone, opened. Never log it; never list it.

    Raises
    ------
    PersonNotFound
        If there is no such person, or they were forgotten.
    """
    sealed = await store.find_contact(work, person_id)
    if sealed is None:
        raise PersonNotFound
    return vault.open_contact(person_id, sealed)


async def grant_role(
    work: UnitOfWork,
    person_id: PersonId,
    role: Role,
    *,
    by: PersonId | None,
    valid_to: datetime | None = None,
    cache: SessionCache | None = None,
) -> None:
    """Give a person a role from now on, for ever or up to an instant. Again is no change.

    `by` is None only at set-up. The open sessions of a new officer end: they have to sign in
    again, by passkey, and for a shorter time.

    Raises
    ------
    PersonNotFound
        If there is no such person.
    """
    assert valid_to is None or valid_to > work.now, "a role is granted for a time to come"
    if not await store.person_exists(work, person_id):
        raise PersonNotFound
    if not await store.insert_grant(work, person_id, role, valid_to=valid_to, granted_by=by):
        return
    if role in PASSKEY_ONLY:
        await revoke_sessions(work, person_id, cache=cache)
    elif cache is not None:
        cache.forget(person_id)
    work.announce(
        RoleChanged(
            event_id=work.new_id(),
            occurred_at=work.now,
            person_id=person_id,
            role=role,
            granted=True,
        )
    )


async def end_role(
    work: UnitOfWork,
    person_id: PersonId,
    role: Role,
    *,
    by: PersonId,
    cache: SessionCache | None = None,
) -> None:
    """Take a role from a person now; felt by their next request. Again is no change."""
    if not await store.end_grant(work, person_id, role, ended_by=by):
        return
    if cache is not None:
        cache.forget(person_id)
    work.announce(
        RoleChanged(
            event_id=work.new_id(),
            occurred_at=work.now,
            person_id=person_id,
            role=role,
            granted=False,
        )
    )


async def revoke_sessions(
    work: UnitOfWork, person_id: PersonId, *, cache: SessionCache | None = None
) -> None:
    """End every session of a person at once."""
    if cache is not None:
        cache.forget(person_id)
    for session_id in await session_store.revoke_sessions(work, person_id):
        work.announce(
            SessionRevoked(
                event_id=work.new_id(),
                occurred_at=work.now,
                session_id=session_id,
                person_id=person_id,
            )
        )


async def withdraw_passkeys(
    work: UnitOfWork, person_id: PersonId, *, cache: SessionCache | None = None
) -> None:
    """Let none of a person's passkeys sign in any more, and end their sessions.

    For the office, after seeing the person: whoever lost every passkey signs in by code again and
    registers a new one.
    """
    await passkey_store.withdraw_passkeys(work, person_id)
    await revoke_sessions(work, person_id, cache=cache)


async def forget_person(
    work: UnitOfWork, person_id: PersonId, *, cache: SessionCache | None = None
) -> None:
    """Erase who somebody is: name, phone, the key that opens them, every way to sign in.

    Their identifier stays in books and licences, which the law keeps (GDPR, article 17(3)).

    Raises
    ------
    PersonNotFound
        If there is no such person, or they were forgotten before.
    """
    # In the order of locks of a sign-in by passkey: the passkey, then the person.
    await passkey_store.withdraw_passkeys(work, person_id)
    if not await store.erase_person(work, person_id):
        raise PersonNotFound
    await revoke_sessions(work, person_id, cache=cache)
    work.announce(
        PersonForgotten(event_id=work.new_id(), occurred_at=work.now, person_id=person_id)
    )


async def add_machine(work: UnitOfWork, *, by: PersonId | None) -> PersonId:
    """A machine that may call us: a person without a contact, with the role machine."""
    person_id = PersonId(work.new_id())
    await store.insert_machine(work, person_id)
    await store.insert_grant(work, person_id, Role.MACHINE, valid_to=None, granted_by=by)
    work.announce(PersonJoined(event_id=work.new_id(), occurred_at=work.now, person_id=person_id))
    return person_id


async def _fill_name(work: UnitOfWork, person_id: PersonId, name: str, *, vault: Vault) -> None:
    contact = await get_contact(work, person_id, vault=vault)
    if not contact.name:
        await _reseal(work, person_id, contact, name=name, vault=vault)


async def _reseal(
    work: UnitOfWork, person_id: PersonId, contact: Contact, *, name: str, vault: Vault
) -> None:
    changed = Contact(name=name, phone=Phone(contact.phone), language=contact.language)
    await store.update_contact(work, person_id, vault.seal_contact(person_id, changed, work.chance))
