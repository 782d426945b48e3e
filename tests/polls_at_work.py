"""A poll that is open, as if weeks had passed: written by the owner of the tables, past the triggers
that hold everybody else to the calendar."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import psycopg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from governance.ballots.choice import Question
from governance.ballots.manifest import Manifest
from governance.ballots.plain import canonical
from governance.ballots.roll import commitment_to
from governance.tier import Tier
from tests.ballot_scene import RESOLUTION
from tests.journeys.people import new_id

SALT = bytes(range(32))
PIECE_BYTES = 4
"""Pieces in which a bundle is put here, so that even a small one has several."""


def _new_id() -> UUID:
    return UUID(new_id())


_STEPS = (None, "proposed", "seconded", "amending", "frozen", "open")


@dataclass(frozen=True, kw_only=True)
class StagedPoll:
    """A poll's rows. `people` are persons who become members, all drivers."""

    people: Sequence[UUID]
    tier: Tier = Tier.OPEN
    title: str = "A bench at the rank"
    question: Question = RESOLUTION
    poll_id: UUID = field(default_factory=_new_id)
    motion_id: UUID = field(default_factory=_new_id)
    last_step: str = "open"

    def stage(self, address: str) -> "StagedPoll":
        """Write it."""
        with psycopg.connect(address) as owner:
            owner.execute("SET LOCAL session_replication_role = replica")
            members = [self._member(owner, person) for person in self.people]
            self._motion(owner, members[0])
            self._roll(owner, members)
            document = canonical(self.question.document()).decode()
            owner.execute(
                "INSERT INTO governance.poll (poll_id, motion_id, tier, question)"
                " VALUES (%s, %s, %s, %s)",
                [self.poll_id, self.motion_id, self.tier.value, document],
            )
        return self

    def publish(self, address: str, manifest: Manifest, credentials: dict[str, bytes]) -> None:
        """Its manifest and its roll; `credentials` by commitment in hexadecimal."""
        with psycopg.connect(address) as owner:
            owner.execute("SET LOCAL session_replication_role = replica")
            owner.execute(
                "INSERT INTO governance.manifest VALUES (%s, %s, %s, service_now())",
                [self.poll_id, manifest.document().decode(), manifest.digest().hex()],
            )
            for commitment, credential in credentials.items():
                owner.execute(
                    "INSERT INTO governance.poll_roll (poll_id, commitment, credential)"
                    " VALUES (%s, %s, %s)",
                    [self.poll_id, commitment, credential],
                )

    def count(self, address: str, certificate: str, bundle: bytes) -> None:
        """What it came to."""
        digest = hashlib.sha256(certificate.encode()).hexdigest()
        with psycopg.connect(address) as owner:
            owner.execute("SET LOCAL session_replication_role = replica")
            for number, start in enumerate(range(0, len(bundle), PIECE_BYTES)):
                piece = bundle[start : start + PIECE_BYTES]
                owner.execute(
                    "INSERT INTO governance.bundle_piece VALUES (%s, %s, %s)",
                    [self.poll_id, number, piece],
                )
            owner.execute(
                "INSERT INTO governance.poll_count VALUES (%s, %s, %s, '[]', %s)",
                [self.poll_id, certificate, digest, len(bundle)],
            )

    def _member(self, owner: psycopg.Connection, person: UUID) -> UUID:
        known = owner.execute(
            "SELECT member_id FROM governance.member WHERE person_id = %s", [person]
        ).fetchone()
        if known is not None:
            return UUID(str(known[0]))
        member = _new_id()
        owner.execute(
            "INSERT INTO governance.member VALUES (%s, %s, service_now())", [member, person]
        )
        owner.execute(
            "INSERT INTO governance.member_change"
            " VALUES (%s, 1, 'joined', 'driver', service_now() - interval '60 days', 'asked')",
            [member],
        )
        return member

    def _motion(self, owner: psycopg.Connection, mover: UUID) -> None:
        owner.execute(
            "INSERT INTO governance.motion (motion_id, title, mover, matter, proposed_at)"
            " VALUES (%s, %s, %s, 'ordinary', service_now() - interval '40 days')",
            [self.motion_id, self.title, mover],
        )
        owner.execute(
            "INSERT INTO governance.motion_text"
            " VALUES (%s, 1, 'A bench is put up.', service_now() - interval '40 days')",
            [self.motion_id],
        )
        steps = list(_STEPS[: _STEPS.index(self.last_step) + 1])
        for number, (before, after) in enumerate(pairwise(steps)):
            owner.execute(
                "INSERT INTO governance.motion_step VALUES (%s, %s, %s, service_now() - %s, '{}')",
                [self.motion_id, before, after, timedelta(days=40 - 5 * number)],
            )
        owner.execute(
            "INSERT INTO governance.notice SELECT %s, rule_id, 'bylaws',"
            " service_now() - interval '30 days', service_now() - interval '10 days',"
            " service_now() - interval '1 day', service_now() + interval '6 days',"
            " service_now() - interval '2 days', %s, 'yes_no', %s, 1, 2, true, false, '{}', 0"
            " FROM rulebook.rule WHERE kind = 'bylaws' ORDER BY version DESC LIMIT 1",
            [self.motion_id, self.tier.value, json.dumps({"max": [[0, 0]]})],
        )

    def _roll(self, owner: psycopg.Connection, members: Sequence[UUID]) -> None:
        commitments = sorted(commitment_to(str(one), SALT).hex() for one in members)
        for one in members:
            owner.execute(
                "INSERT INTO governance.roll_entry VALUES (%s, %s, 'driver', %s, %s)",
                [self.motion_id, one, SALT, commitment_to(str(one), SALT).hex()],
            )
        digest = hashlib.sha256(json.dumps(commitments, separators=(",", ":")).encode()).hexdigest()
        owner.execute(
            "INSERT INTO governance.roll_published VALUES (%s, %s, %s, service_now())",
            [self.motion_id, len(members), digest],
        )


def packed(data: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(data).decode()


def voting_key(private: Any = None) -> dict[str, str]:
    """A new passkey's public half, as a browser gives it."""
    public = (private or ec.generate_private_key(ec.SECP256R1())).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    spki = public.public_bytes(serialization.Encoding.DER, form)
    return {"credential": packed(spki), "credential_id": packed(b"on-this-phone")}
