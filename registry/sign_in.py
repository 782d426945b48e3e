"""Verbs about signing in by one-time code, and about sessions."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from foundation import chance
from foundation.identifiers import UUID, PersonId, SessionId
from registry.errors import (
    CodeSpent,
    CodeWrong,
    PersonNotFound,
    SessionNotFound,
    SignInNeeded,
    TooManyCodes,
)
from registry.events import SessionOpened, SessionRevoked
from registry.people import join_contact
from registry.person import Contact, clean_language, clean_name
from registry.phone import parse_phone
from registry.session import (
    STRONG_FOR,
    Caller,
    SignedIn,
    SignInMethod,
    effective_roles,
    lifetime,
    token_hash,
)
from registry.session_cache import SessionCache
from registry.store import passkeys as passkey_store
from registry.store import people as people_store
from registry.store import sessions as store
from registry.vault import Vault
from storage.work import UnitOfWork

CODE_DIGITS = 6
CODES_AN_HOUR = 5


class CodeSender(Protocol):
    """What brings a code to a phone; `messages.codes.CodeMessages` does."""

    async def send_code(self, to: str, code: str, language: str) -> None:
        """Hand a code over for delivery.

        It is called inside a unit of work: an implementation must not wait for a network, but
        queue what it cannot do at once.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A code that was sent and waits to be confirmed."""

    challenge_id: UUID
    expires_at: datetime


async def request_code(
    work: UnitOfWork, phone: str, *, sender: CodeSender, vault: Vault, language: str = "en"
) -> Challenge:
    """Send a one-time code of six digits to a phone, known here or not: both are answered alike.

    Raises
    ------
    PhoneInvalid, DetailInvalid
        If the phone or the language cannot be so.
    TooManyCodes
        If five codes were sent to it within the hour (of service time).
    """
    number, language = parse_phone(phone), clean_language(language)
    index = vault.phone_index(number)
    await people_store.lock_phone(work, index)
    sent = await store.count_codes(work, index)
    if sent.count >= CODES_AN_HOUR:
        raise TooManyCodes(retry_after_seconds=max(1, math.ceil(sent.seconds_left)))
    challenge_id = work.new_id()
    code = chance.digits(CODE_DIGITS, work.chance)
    expires_at = await store.insert_code(
        work,
        challenge_id,
        index=index,
        phone=vault.seal_phone(challenge_id, number, work.chance),
        language=language,
        code_digest=vault.code_digest(challenge_id, code),
    )
    await sender.send_code(number, code, language)
    return Challenge(challenge_id=challenge_id, expires_at=expires_at)


async def confirm_code(
    work: UnitOfWork, challenge_id: UUID, code: str, *, vault: Vault, name: str = ""
) -> SignedIn | CodeWrong:
    """Sign in with the code that was sent; whoever is new here joins as a rider.

    A wrong code is *returned* as a refusal, not raised: the try it used up has to be committed,
    and raising inside the unit of work would roll it back and make every try free. The entrance
    raises it once the unit of work has ended.

    Raises
    ------
    CodeSpent
        If the code was used, tried five times, has expired, or there never was such a challenge.
    DetailInvalid
        If the name cannot be so; the code is not touched.
    PersonNotFound
        If the person was forgotten at this very moment; the code is not touched.
    """
    name = clean_name(name)
    digest = vault.code_digest(challenge_id, code)
    tried = await store.try_code(work, challenge_id, digest)
    if tried is None:
        raise CodeSpent
    if not tried.is_right:
        return CodeWrong(tries_left=tried.tries_left)
    contact = Contact(
        name=name,
        phone=vault.open_phone(challenge_id, tried.phone),
        language=tried.language,
    )
    person_id = await join_contact(work, contact, vault=vault)
    return await open_session(work, person_id, SignInMethod.CODE)


async def open_session(
    work: UnitOfWork,
    person_id: PersonId,
    method: SignInMethod,
    *,
    passkey_id: UUID | None = None,
) -> SignedIn:
    """Open a session for a person who has just proved to be themselves. Not for entrances.

    Raises
    ------
    PersonNotFound
        If there is no such person, or they were forgotten meanwhile.
    """
    assert (method is SignInMethod.PASSKEY) == (passkey_id is not None)
    roles = effective_roles(await people_store.list_roles(work, person_id), method)
    signed_in = SignedIn(
        token=chance.token(work.chance),
        session_id=SessionId(work.new_id()),
        person_id=person_id,
        roles=roles,
        expires_at=work.now + lifetime(roles),
        strong_until=work.now + STRONG_FOR if passkey_id is not None else None,
    )
    if not await store.insert_session(
        work,
        signed_in,
        token_hash=token_hash(signed_in.token),
        method=method,
        passkey_id=passkey_id,
    ):
        raise PersonNotFound
    work.announce(
        SessionOpened(
            event_id=work.new_id(),
            occurred_at=work.now,
            session_id=signed_in.session_id,
            person_id=person_id,
            method=method,
        )
    )
    return signed_in


async def issue_machine_session(work: UnitOfWork, person_id: PersonId) -> SignedIn:
    """A token for a machine, to be put into its settings; 90 days.

    Raises
    ------
    SessionNotFound
        If there is no such machine: a person's session is never issued, only proved.
    """
    if not await people_store.person_exists(work, person_id):
        raise SessionNotFound
    if await people_store.find_contact(work, person_id) is not None:
        raise SessionNotFound
    return await open_session(work, person_id, SignInMethod.ISSUED)


async def identify(work: UnitOfWork, token: str) -> Caller:
    """Who holds this token.

    Raises
    ------
    SignInNeeded
        If the token is not one of ours, or its session is revoked or over.
    """
    caller = await store.find_caller(work, token_hash(token))
    if caller is None:
        raise SignInNeeded
    return caller


async def sign_out(work: UnitOfWork, caller: Caller, *, cache: SessionCache | None = None) -> None:
    """End the caller's session at once. Again is no change."""
    await _revoke(work, caller.person_id, caller.session_id, cache=cache)


async def revoke_session(
    work: UnitOfWork,
    caller: Caller,
    session_id: SessionId,
    *,
    cache: SessionCache | None = None,
) -> None:
    """End another of the caller's own sessions: a lost phone.

    Raises
    ------
    SessionNotFound
        If there is none such, it is somebody else's, or it is over.
    """
    if not await _revoke(work, caller.person_id, session_id, cache=cache):
        raise SessionNotFound


async def forget_old_sign_ins(work: UnitOfWork) -> int:
    """Delete what signing in left; how many rows there were.

    Codes and passkey challenges go a day after they were made, sessions 30 days after they ended.
    """
    codes = await store.forget_old_codes(work)
    challenges = await passkey_store.forget_old_challenges(work)
    return codes + challenges + await store.forget_old_sessions(work)


async def _revoke(
    work: UnitOfWork,
    person_id: PersonId,
    session_id: SessionId,
    *,
    cache: SessionCache | None,
) -> bool:
    if not await store.revoke_session(work, person_id, session_id):
        return False
    if cache is not None:
        cache.forget(session_id)
    work.announce(
        SessionRevoked(
            event_id=work.new_id(),
            occurred_at=work.now,
            session_id=session_id,
            person_id=person_id,
        )
    )
    return True
