"""Passkeys: a round trip by a software authenticator, and everything that must not pass."""

import base64
import hashlib
import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.chance import SystemChance
from registry.errors import (
    PasskeyChallengeSpent,
    PasskeyKnown,
    PasskeyRefused,
    PasskeyUnusable,
    StrongSignInNeeded,
)
from registry.person import Role
from registry.service import (
    PasskeyOptions,
    RelyingParty,
    begin_passkey_registration,
    begin_passkey_sign_in,
    finish_passkey_registration,
    finish_passkey_sign_in,
    forget_person,
    grant_role,
    identify,
    join_person,
    withdraw_passkeys,
)
from registry.session import Caller, SignedIn, SignInMethod, require_strong
from registry.sign_in import open_session
from registry.views import person_view
from simulation.software_passkey import SoftwarePasskey
from storage.engine import Database
from tests.people import VAULT

HERE = RelyingParty(rp_id="localhost", name="Khan Cars", origins=("http://localhost:8000",))
ORIGIN = HERE.origins[0]
CHANCE = SystemChance()


async def signed_in_by_code(database: Database, number: int = 1) -> Caller:
    async with database.work() as work:
        person_id = await join_person(work, phone=f"+35262155500{number}", name="Ana", vault=VAULT)
        opened = await open_session(work, person_id, SignInMethod.CODE)
    async with database.work() as work:
        return await identify(work, opened.token)


async def begin(database: Database, caller: Caller) -> PasskeyOptions:
    async with database.work() as work:
        return await begin_passkey_registration(work, caller, relying_party=HERE, vault=VAULT)


async def finish(
    database: Database, caller: Caller, asked: PasskeyOptions, credential: dict[str, Any]
) -> None:
    async with database.work() as work:
        await finish_passkey_registration(
            work,
            caller,
            challenge_id=asked.challenge_id,
            credential=credential,
            relying_party=HERE,
        )


async def register(database: Database, caller: Caller) -> SoftwarePasskey:
    asked = await begin(database, caller)
    passkey, credential = SoftwarePasskey.create(asked.options, origin=ORIGIN, chance=CHANCE)
    await finish(database, caller, asked, credential)
    return passkey


async def ask_sign_in(database: Database) -> PasskeyOptions:
    async with database.work() as work:
        return await begin_passkey_sign_in(work, relying_party=HERE)


async def answer(database: Database, asked: PasskeyOptions, credential: dict[str, Any]) -> SignedIn:
    async with database.work() as work:
        return await finish_passkey_sign_in(
            work, challenge_id=asked.challenge_id, credential=credential, relying_party=HERE
        )


async def sign_in(database: Database, passkey: SoftwarePasskey, sign_count: int = 0) -> SignedIn:
    asked = await ask_sign_in(database)
    credential = passkey.sign_in(asked.options, origin=ORIGIN, sign_count=sign_count)
    return await answer(database, asked, credential)


async def strong(database: Database, passkey: SoftwarePasskey) -> Caller:
    signed_in = await sign_in(database, passkey)
    async with database.work() as work:
        return await identify(work, signed_in.token)


async def test_a_passkey_signs_its_person_in_and_strongly_for_five_minutes(
    database: Database,
) -> None:
    caller = await signed_in_by_code(database)
    assert caller.strong_until is None
    passkey = await register(database, caller)
    signed_in = await sign_in(database, passkey)
    assert signed_in.person_id == caller.person_id
    async with database.work() as work:
        again = await identify(work, signed_in.token)
        require_strong(again, work.now)
        assert again.strong_until is not None
        assert 299 < (again.strong_until - work.now).total_seconds() <= 300
        with pytest.raises(StrongSignInNeeded):
            require_strong(again, again.strong_until)
        assert (await person_view(work, caller.person_id, vault=VAULT)).passkeys == 1


async def test_an_officer_by_passkey_is_one(database: Database) -> None:
    caller = await signed_in_by_code(database)
    passkey = await register(database, caller)
    async with database.work() as work:
        await grant_role(work, caller.person_id, Role.OFFICE, by=None)
    signed_in = await sign_in(database, passkey)
    assert signed_in.roles == {Role.RIDER, Role.OFFICE}


async def test_a_passkey_kept_as_json_still_signs_in(database: Database) -> None:
    passkey = await register(database, await signed_in_by_code(database))
    kept = json.loads(json.dumps(passkey.to_json()))
    await sign_in(database, SoftwarePasskey.from_json(kept))
    assert str(passkey.secret) not in repr(passkey)


async def test_a_second_passkey_needs_the_first(database: Database) -> None:
    by_code = await signed_in_by_code(database)
    asked = await begin(database, by_code)
    first = await register(database, by_code)
    with pytest.raises(StrongSignInNeeded):
        await begin(database, by_code)
    _, credential = SoftwarePasskey.create(asked.options, origin=ORIGIN, chance=CHANCE)
    with pytest.raises(StrongSignInNeeded):  # options asked for while there was none yet
        await finish(database, by_code, asked, credential)
    await register(database, await strong(database, first))
    async with database.work() as work:
        assert (await person_view(work, by_code.person_id, vault=VAULT)).passkeys == 2


async def test_a_challenge_is_answered_once(database: Database) -> None:
    passkey = await register(database, await signed_in_by_code(database))
    asked = await ask_sign_in(database)
    credential = passkey.sign_in(asked.options, origin=ORIGIN)
    await answer(database, asked, credential)
    with pytest.raises(PasskeyChallengeSpent):
        await answer(database, asked, credential)


async def test_a_challenge_is_over_after_five_minutes(
    database: Database, owner: psycopg.Connection
) -> None:
    caller = await signed_in_by_code(database)
    passkey = await register(database, caller)
    asked = await ask_sign_in(database)
    owner.execute("ALTER TABLE registry.passkey_challenge DISABLE TRIGGER USER")
    owner.execute(
        "UPDATE registry.passkey_challenge SET made_at = made_at - interval '5 minutes',"
        " expires_at = expires_at - interval '5 minutes' WHERE used_at IS NULL"
    )
    with pytest.raises(PasskeyChallengeSpent):
        await answer(database, asked, passkey.sign_in(asked.options, origin=ORIGIN))


async def test_another_persons_challenge_is_as_spent_as_an_unknown_one(
    database: Database,
) -> None:
    mine, theirs = await signed_in_by_code(database, 1), await signed_in_by_code(database, 2)
    asked = await begin(database, theirs)
    _, credential = SoftwarePasskey.create(asked.options, origin=ORIGIN, chance=CHANCE)
    with pytest.raises(PasskeyChallengeSpent) as foreign:
        await finish(database, mine, asked, credential)
    with pytest.raises(PasskeyChallengeSpent) as unknown:
        await finish(database, mine, replace(asked, challenge_id=mine.session_id), credential)
    assert str(foreign.value) == str(unknown.value)
    await finish(database, theirs, asked, credential)


async def test_a_challenge_to_register_signs_nobody_in(database: Database) -> None:
    caller = await signed_in_by_code(database)
    asked = await begin(database, caller)
    passkey = await register(database, caller)
    with pytest.raises(PasskeyChallengeSpent):
        await answer(database, asked, passkey.sign_in(asked.options, origin=ORIGIN))


async def test_a_passkey_is_kept_for_one_person_only(database: Database) -> None:
    mine, theirs = await signed_in_by_code(database, 1), await signed_in_by_code(database, 2)
    passkey = await register(database, mine)
    asked = await begin(database, theirs)
    copied, credential = SoftwarePasskey.create(asked.options, origin=ORIGIN, chance=CHANCE)
    stolen = _with_credential_id(credential, copied.credential_id, passkey.credential_id)
    with pytest.raises(PasskeyKnown):
        await finish(database, theirs, asked, stolen)
    assert (await sign_in(database, passkey)).person_id == mine.person_id


async def test_a_passkey_nobody_keeps_and_a_false_answer_are_refused_alike(
    database: Database,
) -> None:
    caller = await signed_in_by_code(database)
    passkey = await register(database, caller)
    asked = await begin(database, await strong(database, passkey))
    stranger, _ = SoftwarePasskey.create(asked.options, origin=ORIGIN, chance=CHANCE)
    with pytest.raises(PasskeyRefused) as unknown:
        await sign_in(database, stranger)
    forged = replace(passkey, secret=stranger.secret)
    with pytest.raises(PasskeyRefused) as false:
        await sign_in(database, forged)
    assert str(unknown.value) == str(false.value)


async def test_an_answer_given_at_another_place_is_refused(database: Database) -> None:
    passkey = await register(database, await signed_in_by_code(database))
    asked = await ask_sign_in(database)
    for origin in ("http://localhost:8001", "https://localhost:8000", "http://evil.example"):
        with pytest.raises(PasskeyRefused):
            await answer(database, asked, passkey.sign_in(asked.options, origin=origin))
    with pytest.raises(PasskeyRefused):
        elsewhere = replace(passkey, rp_id="evil.example")
        await answer(database, asked, elsewhere.sign_in(asked.options, origin=ORIGIN))
    with pytest.raises(PasskeyRefused):
        other = await ask_sign_in(database)
        await answer(database, asked, passkey.sign_in(other.options, origin=ORIGIN))
    await answer(database, asked, passkey.sign_in(asked.options, origin=ORIGIN))


async def test_an_answer_in_another_persons_name_is_refused(database: Database) -> None:
    mine, theirs = await signed_in_by_code(database, 1), await signed_in_by_code(database, 2)
    passkey = await register(database, mine)
    with pytest.raises(PasskeyRefused):
        await sign_in(database, replace(passkey, user_handle=theirs.person_id.bytes))


async def test_an_answer_without_user_verification_is_refused(database: Database) -> None:
    passkey = await register(database, await signed_in_by_code(database))
    asked = await ask_sign_in(database)
    credential = passkey.sign_in(asked.options, origin=ORIGIN)
    data = bytearray(_unpack(credential["response"]["authenticatorData"]))
    data[32] &= ~0x04
    forged = _resigned(passkey, credential, bytes(data))
    with pytest.raises(PasskeyRefused):
        await answer(database, asked, forged)
    data[32] |= 0x04
    await answer(database, asked, _resigned(passkey, credential, bytes(data)))


async def test_a_counter_that_does_not_grow_gives_a_copied_passkey_away(
    database: Database,
) -> None:
    passkey = await register(database, await signed_in_by_code(database))
    await sign_in(database, passkey, 7)
    for sign_count in (7, 6, 0):
        with pytest.raises(PasskeyRefused):
            await sign_in(database, passkey, sign_count)
    await sign_in(database, passkey, 8)


async def test_withdrawn_passkeys_and_those_of_the_forgotten_sign_nobody_in(
    database: Database,
) -> None:
    mine, theirs = await signed_in_by_code(database, 1), await signed_in_by_code(database, 2)
    lost, erased = await register(database, mine), await register(database, theirs)
    async with database.work() as work:
        await withdraw_passkeys(work, mine.person_id)
        await forget_person(work, theirs.person_id)
    for passkey in (lost, erased):
        with pytest.raises(PasskeyRefused):
            await sign_in(database, passkey)
    await register(database, await signed_in_by_code(database, 1))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_no_torn_answer_is_taken_or_is_a_mistake_of_ours(
    database: Database, data: st.DataObject
) -> None:
    caller = await signed_in_by_code(database)
    asked = await begin(database, caller)
    _, credential = SoftwarePasskey.create(asked.options, origin=ORIGIN, chance=CHANCE)
    torn = _tear(credential, data)
    with pytest.raises(PasskeyUnusable):
        await finish(database, caller, asked, torn)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_no_torn_sign_in_is_taken_or_is_a_mistake_of_ours(
    database: Database, data: st.DataObject
) -> None:
    caller = await signed_in_by_code(database)
    async with database.work() as work:
        await withdraw_passkeys(work, caller.person_id)
    passkey = await register(database, caller)
    asked = await ask_sign_in(database)
    torn = _tear(passkey.sign_in(asked.options, origin=ORIGIN), data)
    with pytest.raises(PasskeyRefused):
        await answer(database, asked, torn)


NEEDED = ("clientDataJSON", "attestationObject", "authenticatorData", "signature")
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.just({}), st.just([])
)


def _tear(credential: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """The answer with one needed member taken away, replaced by junk, or one of its bits flipped."""
    torn = deepcopy(credential)
    response = torn["response"]
    where = data.draw(st.sampled_from([name for name in NEEDED if name in response]))
    how = data.draw(st.sampled_from(["gone", "junk", "flip", "cut", "id", "response"]))
    if how == "gone":
        del response[where]
    elif how == "junk":
        response[where] = data.draw(JUNK)
    elif how == "id":
        torn["rawId"] = data.draw(JUNK)
    elif how == "response":
        torn["response"] = data.draw(JUNK)
    else:
        raw = bytearray(_unpack(response[where]))
        at = data.draw(st.integers(0, 9_999)) % len(raw)
        if how == "flip":
            # Of a new passkey only the hash of our domain, and our address: nothing signs the rest,
            # and a bit of its key or of its id makes another passkey, which is a good one.
            if where == "attestationObject":
                at = 30 + at % 32
            elif "attestationObject" in response:
                at = raw.index(ORIGIN.encode()) + at % len(ORIGIN)
            raw[at] ^= 1 << data.draw(st.integers(0, 7))
        else:
            del raw[at:]
        response[where] = _pack(bytes(raw))
    return torn


def _with_credential_id(credential: dict[str, Any], mine: bytes, other: bytes) -> dict[str, Any]:
    copied = deepcopy(credential)
    attestation = _unpack(credential["response"]["attestationObject"]).replace(mine, other)
    copied["response"]["attestationObject"] = _pack(attestation)
    copied["id"] = copied["rawId"] = _pack(other)
    return copied


def _resigned(passkey: SoftwarePasskey, credential: dict[str, Any], data: bytes) -> dict[str, Any]:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256

    forged = deepcopy(credential)
    client_data = _unpack(credential["response"]["clientDataJSON"])
    key = ec.derive_private_key(passkey.secret, ec.SECP256R1())
    signature = key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
    forged["response"]["authenticatorData"] = _pack(data)
    forged["response"]["signature"] = _pack(signature)
    return forged


def _pack(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unpack(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
