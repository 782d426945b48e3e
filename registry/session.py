"""Sessions: who is calling, by what proof, and for how long. Pure.

A token is opaque and means nothing but a row; revoking the row ends it at once (OWASP ASVS 5.0,
7.4.1). *Strong* means that a passkey was used within the last five minutes.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from foundation.identifiers import PersonId, SessionId
from registry.errors import RoleNeeded, SignInNeeded, StrongSignInNeeded
from registry.person import Role

STRONG_FOR = timedelta(minutes=5)

LIFETIMES = {
    Role.RIDER: timedelta(days=90),
    Role.DRIVER: timedelta(days=14),
    Role.OFFICE: timedelta(hours=8),
    Role.REGULATOR: timedelta(hours=8),
    Role.MACHINE: timedelta(days=90),
    Role.AUDITOR: timedelta(hours=8),
}
"""How long a session lasts at most, by role; with several roles the shortest counts."""

PASSKEY_ONLY = frozenset({Role.OFFICE, Role.REGULATOR, Role.AUDITOR})
"""Roles that read about other people: a stolen SIM must not be enough to take them on."""

_TOKEN = re.compile(r"[0-9a-f]{64}")


class SignInMethod(StrEnum):
    """By what a session was opened."""

    CODE = "code"
    PASSKEY = "passkey"
    ISSUED = "issued"  # handed to a machine by the office


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is calling. Instants are service time."""

    person_id: PersonId
    roles: frozenset[Role]
    strong_until: datetime | None
    session_id: SessionId
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session just opened. The token is shown this once; only its hash is kept."""

    token: str = field(repr=False)
    session_id: SessionId
    person_id: PersonId
    roles: frozenset[Role]
    expires_at: datetime
    strong_until: datetime | None


def effective_roles(granted: Iterable[Role], method: SignInMethod) -> frozenset[Role]:
    """The roles a session carries: all that were granted, less those its proof is too weak for."""
    roles = frozenset(granted)
    if method is SignInMethod.CODE:
        return roles - PASSKEY_ONLY
    return roles


def lifetime(roles: Iterable[Role]) -> timedelta:
    """How long a session with these roles lasts; a person without any is treated as a rider."""
    return min((LIFETIMES[role] for role in roles), default=LIFETIMES[Role.RIDER])


def token_hash(token: str) -> bytes:
    """The SHA-256 of a token's text, by which its session is found.

    Raises
    ------
    SignInNeeded
        If it does not look like a token of ours: no query is spent on it.
    """
    if not _TOKEN.fullmatch(token):
        raise SignInNeeded
    return hashlib.sha256(token.encode()).digest()


def require_role(caller: Caller, role: Role) -> None:
    """Refuse a caller who lacks the role (raises RoleNeeded)."""
    if role not in caller.roles:
        raise RoleNeeded(role)


def require_strong(caller: Caller, now: datetime) -> None:
    """Refuse a caller whose passkey was not used within five minutes (raises StrongSignInNeeded)."""
    if caller.strong_until is None or caller.strong_until <= now:
        raise StrongSignInNeeded
