"""One-time codes and sessions. Their deadlines are judged by the database's service time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text

from foundation.identifiers import UUID, PersonId, SessionId
from registry.person import Role
from registry.session import Caller, SignedIn, SignInMethod, effective_roles
from storage.work import UnitOfWork

# The clock is materialized: as the inner side of a join it would be read anew for every row.
_COUNT_CODES = text("""
    WITH clock AS MATERIALIZED (SELECT service_now() AS now)
    SELECT count(*) AS codes,
           extract(epoch FROM min(made_at) + interval '1 hour' - clock.now) AS seconds_left
    FROM registry.code_challenge, clock
    WHERE phone_index = :index AND made_at > clock.now - interval '1 hour'
    GROUP BY clock.now
""")

_INSERT_CODE = text("""
    INSERT INTO registry.code_challenge
        (challenge_id, phone_index, phone, language, code_digest, made_at, expires_at)
    VALUES (:challenge_id, :index, :phone, :language, :code_digest, :now,
            CAST(:now AS timestamptz) + interval '5 minutes')
    RETURNING expires_at
""")

# The try is counted in the same statement that looks at it, so that no try is free; the clock is
# read once, so that a code cannot be judged at two instants.
_TRY_CODE = text("""
    WITH clock AS MATERIALIZED (SELECT service_now() AS now)
    UPDATE registry.code_challenge
    SET tries = tries + 1,
        used_at = CASE WHEN code_digest = :code_digest THEN clock.now END
    FROM clock
    WHERE challenge_id = :challenge_id AND used_at IS NULL AND tries < 5 AND expires_at > clock.now
    RETURNING used_at IS NOT NULL AS is_right, 5 - tries AS tries_left, phone, language
""")

_FORGET_OLD_CODES = text("""
    DELETE FROM registry.code_challenge WHERE made_at < service_now() - interval '1 day'
""")

_FORGET_OLD_SESSIONS = text("""
    DELETE FROM registry.session
    WHERE least(expires_at, revoked_at) < service_now() - interval '30 days'
""")

# The person is locked, so that whoever forgets them either finds this session or prevents it.
_INSERT_SESSION = text("""
    WITH person AS (
        SELECT person_id FROM registry.person
        WHERE person_id = :person_id AND erased_at IS NULL FOR SHARE
    )
    INSERT INTO registry.session (session_id, token_hash, person_id, opened_by, passkey_id,
                                  opened_at, expires_at, strong_until)
    SELECT :session_id, :token_hash, person_id, :opened_by, CAST(:passkey_id AS uuid),
           :now, :expires_at, CAST(:strong_until AS timestamptz)
    FROM person
    RETURNING session_id
""")

# Every request asks this. One probe of the index on token_hash, one of that on grants by person.
_FIND_CALLER = text("""
    SELECT session_id, person_id, opened_by, strong_until, expires_at,
           ARRAY(SELECT role FROM registry.role_grant g
                 WHERE g.person_id = s.person_id AND g.ended_at IS NULL AND g.valid_from <= :now
                   AND (g.valid_to IS NULL OR :now < g.valid_to)) AS roles
    FROM registry.session s
    WHERE token_hash = :token_hash AND revoked_at IS NULL AND expires_at > :now
""")

_REVOKE_SESSION = text("""
    UPDATE registry.session SET revoked_at = :now
    WHERE session_id = :session_id AND person_id = :person_id AND revoked_at IS NULL
      AND expires_at > :now
    RETURNING session_id
""")

_REVOKE_SESSIONS = text("""
    UPDATE registry.session SET revoked_at = :now
    WHERE person_id = :person_id AND revoked_at IS NULL AND expires_at > :now
    RETURNING session_id
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesSent:
    """How many codes a phone was sent in the last hour of service time, and for how many seconds
    the oldest of them still counts."""

    count: int
    seconds_left: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A counted try at a code that was open."""

    is_right: bool
    tries_left: int
    phone: bytes = field(repr=False)
    language: str


async def count_codes(work: UnitOfWork, index: bytes) -> CodesSent:
    """Codes sent to a phone within the hour."""
    row = (await work.execute(_COUNT_CODES, {"index": index})).one_or_none()
    if row is None:
        return CodesSent(count=0, seconds_left=0.0)
    return CodesSent(count=row.codes, seconds_left=float(row.seconds_left))


async def insert_code(
    work: UnitOfWork,
    challenge_id: UUID,
    *,
    index: bytes,
    phone: bytes,
    language: str,
    code_digest: bytes,
) -> datetime:
    """A code to be confirmed; gives when it expires."""
    row = await work.execute(
        _INSERT_CODE,
        {
            "challenge_id": challenge_id,
            "index": index,
            "phone": phone,
            "language": language,
            "code_digest": code_digest,
            "now": work.now,
        },
    )
    expires_at: datetime = row.scalar_one()
    return expires_at


async def try_code(work: UnitOfWork, challenge_id: UUID, code_digest: bytes) -> Try | None:
    """Try a code and count the try; None if the code is not open (or never was)."""
    row = (
        await work.execute(_TRY_CODE, {"challenge_id": challenge_id, "code_digest": code_digest})
    ).one_or_none()
    if row is None:
        return None
    return Try(
        is_right=row.is_right,
        tries_left=row.tries_left,
        phone=row.phone,
        language=row.language,
    )


async def forget_old_codes(work: UnitOfWork) -> int:
    """Delete the codes made more than a day ago; how many there were."""
    return (await work.execute(_FORGET_OLD_CODES)).rowcount


async def forget_old_sessions(work: UnitOfWork) -> int:
    """Delete the sessions over for more than 30 days; how many there were."""
    return (await work.execute(_FORGET_OLD_SESSIONS)).rowcount


async def insert_session(
    work: UnitOfWork,
    signed_in: SignedIn,
    *,
    token_hash: bytes,
    method: SignInMethod,
    passkey_id: UUID | None = None,
) -> bool:
    """A session just opened; False if there is no such person, or they were forgotten."""
    row = await work.execute(
        _INSERT_SESSION,
        {
            "session_id": signed_in.session_id,
            "token_hash": token_hash,
            "person_id": signed_in.person_id,
            "opened_by": method.value,
            "passkey_id": passkey_id,
            "now": work.now,
            "expires_at": signed_in.expires_at,
            "strong_until": signed_in.strong_until,
        },
    )
    return row.one_or_none() is not None


async def find_caller(work: UnitOfWork, token_hash: bytes) -> Caller | None:
    """Who holds this token, if its session is neither revoked nor over."""
    row: Any = (
        await work.execute(_FIND_CALLER, {"token_hash": token_hash, "now": work.now})
    ).one_or_none()
    if row is None:
        return None
    method = SignInMethod(row.opened_by)
    return Caller(
        person_id=PersonId(row.person_id),
        roles=effective_roles((Role(role) for role in row.roles), method),
        strong_until=row.strong_until,
        session_id=SessionId(row.session_id),
        expires_at=row.expires_at,
    )


async def revoke_session(work: UnitOfWork, person_id: PersonId, session_id: SessionId) -> bool:
    """End one session of a person; False if it is not theirs, or over already."""
    row = await work.execute(
        _REVOKE_SESSION, {"person_id": person_id, "session_id": session_id, "now": work.now}
    )
    return row.one_or_none() is not None


async def revoke_sessions(work: UnitOfWork, person_id: PersonId) -> Sequence[SessionId]:
    """End every open session of a person; which they were, in the order of their ids."""
    rows = await work.execute(_REVOKE_SESSIONS, {"person_id": person_id, "now": work.now})
    return [SessionId(session_id) for session_id in sorted(rows.scalars())]
