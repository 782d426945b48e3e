"""Passkeys and the challenges they answer."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text

from foundation.identifiers import UUID, PersonId
from storage.work import UnitOfWork

_INSERT_CHALLENGE = text("""
    INSERT INTO registry.passkey_challenge
        (challenge_id, purpose, person_id, challenge, made_at, expires_at)
    VALUES (:challenge_id, :purpose, :person_id, :challenge, :now,
            CAST(:now AS timestamptz) + interval '5 minutes')
    RETURNING expires_at
""")

_SPEND_CHALLENGE = text("""
    WITH clock AS MATERIALIZED (SELECT service_now() AS now)
    UPDATE registry.passkey_challenge SET used_at = clock.now
    FROM clock
    WHERE challenge_id = :challenge_id AND purpose = :purpose
      AND person_id IS NOT DISTINCT FROM :person_id
      AND used_at IS NULL AND expires_at > clock.now
    RETURNING challenge
""")

_FORGET_OLD_CHALLENGES = text("""
    DELETE FROM registry.passkey_challenge WHERE made_at < service_now() - interval '1 day'
""")

_LIST_PASSKEYS = text("""
    SELECT credential_id FROM registry.passkey
    WHERE person_id = :person_id AND withdrawn_at IS NULL ORDER BY passkey_id
""")

_INSERT_PASSKEY = text("""
    INSERT INTO registry.passkey
        (passkey_id, person_id, credential_id, public_key, sign_count, made_at)
    VALUES (:passkey_id, :person_id, :credential_id, :public_key, :sign_count, :now)
    ON CONFLICT (credential_id) DO NOTHING
    RETURNING passkey_id
""")

# Locked, so that two answers with the same counter cannot both be newer than the last.
_FIND_PASSKEY = text("""
    SELECT p.passkey_id, p.person_id, p.public_key, p.sign_count
    FROM registry.passkey p JOIN registry.person USING (person_id)
    WHERE p.credential_id = :credential_id AND p.withdrawn_at IS NULL AND erased_at IS NULL
    FOR UPDATE OF p
""")

_COUNT_USE = text("""
    UPDATE registry.passkey SET sign_count = :sign_count WHERE passkey_id = :passkey_id
""")

_WITHDRAW_PASSKEYS = text("""
    UPDATE registry.passkey SET withdrawn_at = :now
    WHERE person_id = :person_id AND withdrawn_at IS NULL
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPasskey:
    """What is kept of a passkey to check its answers."""

    passkey_id: UUID
    person_id: PersonId
    public_key: bytes = field(repr=False)
    sign_count: int


async def insert_challenge(
    work: UnitOfWork,
    challenge_id: UUID,
    *,
    purpose: str,
    person_id: PersonId | None,
    challenge: bytes,
) -> datetime:
    """A challenge to be answered once; gives when it expires."""
    row = await work.execute(
        _INSERT_CHALLENGE,
        {
            "challenge_id": challenge_id,
            "purpose": purpose,
            "person_id": person_id,
            "challenge": challenge,
            "now": work.now,
        },
    )
    expires_at: datetime = row.scalar_one()
    return expires_at


async def spend_challenge(
    work: UnitOfWork, challenge_id: UUID, *, purpose: str, person_id: PersonId | None
) -> bytes | None:
    """Use up a challenge; None if it is used, over, of another purpose or another person's."""
    row = await work.execute(
        _SPEND_CHALLENGE,
        {"challenge_id": challenge_id, "purpose": purpose, "person_id": person_id},
    )
    challenge: bytes | None = row.scalar_one_or_none()
    return challenge


async def forget_old_challenges(work: UnitOfWork) -> int:
    """Delete the challenges made more than a day ago; how many there were."""
    return (await work.execute(_FORGET_OLD_CHALLENGES)).rowcount


async def list_credential_ids(work: UnitOfWork, person_id: PersonId) -> list[bytes]:
    """The WebAuthn credential ids of a person's passkeys, oldest first."""
    return list((await work.execute(_LIST_PASSKEYS, {"person_id": person_id})).scalars())


async def insert_passkey(work: UnitOfWork, passkey: KeptPasskey, *, credential_id: bytes) -> bool:
    """Keep a new passkey; False if the credential id is known already."""
    row = await work.execute(
        _INSERT_PASSKEY,
        {
            "passkey_id": passkey.passkey_id,
            "person_id": passkey.person_id,
            "credential_id": credential_id,
            "public_key": passkey.public_key,
            "sign_count": passkey.sign_count,
            "now": work.now,
        },
    )
    return row.one_or_none() is not None


async def find_passkey(work: UnitOfWork, credential_id: bytes) -> KeptPasskey | None:
    """The passkey with this credential id, locked, if it can sign anybody in."""
    row = (await work.execute(_FIND_PASSKEY, {"credential_id": credential_id})).one_or_none()
    if row is None:
        return None
    return KeptPasskey(
        passkey_id=row.passkey_id,
        person_id=PersonId(row.person_id),
        public_key=row.public_key,
        sign_count=row.sign_count,
    )


async def count_use(work: UnitOfWork, passkey_id: UUID, sign_count: int) -> None:
    """Keep the counter a passkey has reached."""
    await work.execute(_COUNT_USE, {"passkey_id": passkey_id, "sign_count": sign_count})


async def withdraw_passkeys(work: UnitOfWork, person_id: PersonId) -> int:
    """Let no passkey of a person sign in any more; how many there were."""
    return (
        await work.execute(_WITHDRAW_PASSKEYS, {"person_id": person_id, "now": work.now})
    ).rowcount
