"""Verbs about passkeys (Web Authentication Level 2), checked by the `webauthn` library.

A challenge is answered once, within five minutes. User verification (finger, face, PIN) is always
asked for: a passkey stands for two factors here, and only it makes a sign-in strong. No
attestation is asked for: which maker's device somebody uses is not our business.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import options_to_json_dict, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from foundation.errors import Refusal
from foundation.identifiers import UUID
from registry.errors import (
    PasskeyChallengeSpent,
    PasskeyKnown,
    PasskeyRefused,
    PasskeyUnusable,
)
from registry.events import PasskeyRegistered
from registry.people import get_contact
from registry.session import Caller, SignedIn, SignInMethod, require_strong
from registry.sign_in import open_session
from registry.store import passkeys as store
from registry.vault import Vault
from storage.work import UnitOfWork

_REGISTRATION, _SIGN_IN = "registration", "sign_in"
_ANSWER_WITHIN_MS = 300_000
_CHALLENGE_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """Who we are to a browser.

    Attributes
    ----------
    rp_id
        The domain passkeys are bound to, without scheme or port.
    name
        What the browser shows.
    origins
        Where our pages may be opened: scheme, host and port.
    """

    rp_id: str
    name: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyOptions:
    """What a browser's `navigator.credentials` is called with, as JSON values (base64url bytes)."""

    challenge_id: UUID
    options: dict[str, Any]
    expires_at: datetime


async def begin_passkey_registration(
    work: UnitOfWork, caller: Caller, *, relying_party: RelyingParty, vault: Vault
) -> PasskeyOptions:
    """Options for adding a passkey to the caller.

    The first one may be added after a sign-in by code; every further one needs a strong sign-in,
    or whoever steals a SIM could add their own and pass for strong ever after.

    Raises
    ------
    StrongSignInNeeded
        If the caller has a passkey and did not use it within five minutes.
    PersonNotFound
        If the caller has no contact (a machine).
    """
    known = await _require_may_register(work, caller)
    contact = await get_contact(work, caller.person_id, vault=vault)
    challenge = _draw_challenge(work)
    options = generate_registration_options(
        rp_id=relying_party.rp_id,
        rp_name=relying_party.name,
        user_name=contact.name or relying_party.name,
        user_id=caller.person_id.bytes,
        challenge=challenge,
        timeout=_ANSWER_WITHIN_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    challenge_id = work.new_id()
    expires_at = await store.insert_challenge(
        work,
        challenge_id,
        purpose=_REGISTRATION,
        person_id=caller.person_id,
        challenge=challenge,
    )
    return PasskeyOptions(
        challenge_id=challenge_id, options=options_to_json_dict(options), expires_at=expires_at
    )


async def finish_passkey_registration(
    work: UnitOfWork,
    caller: Caller,
    *,
    challenge_id: UUID,
    credential: dict[str, Any],
    relying_party: RelyingParty,
) -> None:
    """Keep the passkey a browser has made for the caller.

    Raises
    ------
    PasskeyChallengeSpent
        If the challenge is used, over, somebody else's or unknown.
    PasskeyUnusable
        If the answer does not hold.
    PasskeyKnown
        If the passkey is registered already.
    StrongSignInNeeded
        As for `begin_passkey_registration`.
    """
    await _require_may_register(work, caller)
    challenge = await store.spend_challenge(
        work, challenge_id, purpose=_REGISTRATION, person_id=caller.person_id
    )
    if challenge is None:
        raise PasskeyChallengeSpent
    with _told_as(PasskeyUnusable):
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=relying_party.rp_id,
            expected_origin=list(relying_party.origins),
            require_user_verification=True,
        )
    passkey = store.KeptPasskey(
        passkey_id=work.new_id(),
        person_id=caller.person_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
    )
    if not await store.insert_passkey(work, passkey, credential_id=verified.credential_id):
        raise PasskeyKnown
    work.announce(
        PasskeyRegistered(event_id=work.new_id(), occurred_at=work.now, person_id=caller.person_id)
    )


async def begin_passkey_sign_in(work: UnitOfWork, *, relying_party: RelyingParty) -> PasskeyOptions:
    """Options for signing in with whatever passkey of ours the device holds.

    No person is named: the options tell nobody who has an account.
    """
    challenge = _draw_challenge(work)
    options = generate_authentication_options(
        rp_id=relying_party.rp_id,
        challenge=challenge,
        timeout=_ANSWER_WITHIN_MS,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    challenge_id = work.new_id()
    expires_at = await store.insert_challenge(
        work, challenge_id, purpose=_SIGN_IN, person_id=None, challenge=challenge
    )
    return PasskeyOptions(
        challenge_id=challenge_id, options=options_to_json_dict(options), expires_at=expires_at
    )


async def finish_passkey_sign_in(
    work: UnitOfWork,
    *,
    challenge_id: UUID,
    credential: dict[str, Any],
    relying_party: RelyingParty,
) -> SignedIn:
    """Open a session, strong for five minutes, for whoever answers with a passkey kept here.

    Raises
    ------
    PasskeyChallengeSpent
        If the challenge is used, over, of another purpose or unknown.
    PasskeyRefused
        If the passkey is unknown or withdrawn, or its answer does not hold.
    """
    challenge = await store.spend_challenge(work, challenge_id, purpose=_SIGN_IN, person_id=None)
    if challenge is None:
        raise PasskeyChallengeSpent
    with _told_as(PasskeyRefused):
        answer = parse_authentication_credential_json(credential)
    passkey = await store.find_passkey(work, answer.raw_id)
    if passkey is None or not _is_named(answer, passkey):
        raise PasskeyRefused
    with _told_as(PasskeyRefused):
        verified = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=relying_party.rp_id,
            expected_origin=list(relying_party.origins),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    if verified.new_sign_count != passkey.sign_count:
        await store.count_use(work, passkey.passkey_id, verified.new_sign_count)
    return await open_session(
        work, passkey.person_id, SignInMethod.PASSKEY, passkey_id=passkey.passkey_id
    )


async def require_own_passkey(work: UnitOfWork, caller: Caller) -> None:
    """Insist that whoever has a passkey has signed in by it within five minutes.

    Raises
    ------
    StrongSignInNeeded
    """
    await _require_may_register(work, caller)


async def _require_may_register(work: UnitOfWork, caller: Caller) -> list[bytes]:
    known = await store.list_credential_ids(work, caller.person_id)
    if known:
        require_strong(caller, work.now)
    return known


def _draw_challenge(work: UnitOfWork) -> bytes:
    return work.chance.bits(8 * _CHALLENGE_BYTES).to_bytes(_CHALLENGE_BYTES, "big")


def _is_named(answer: AuthenticationCredential, passkey: store.KeptPasskey) -> bool:
    """Whether the answer's user handle, where it has one, is the passkey's person (step 6 of
    section 7.2 of the recommendation)."""
    handle = answer.response.user_handle
    return handle is None or handle == passkey.person_id.bytes


@contextmanager
def _told_as(refusal: Callable[[], Refusal]) -> Iterator[None]:
    """Turn whatever the library makes of a hostile answer into one refusal.

    Beside its own exceptions it lets through those of base64, CBOR maps without their keys, and
    curves without such a point.
    """
    try:
        yield
    except (
        WebAuthnException,
        UnsupportedAlgorithm,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ):
        raise refusal() from None
