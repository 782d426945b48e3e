"""Whoever has a part in votes without names: witnesses for all of them, trustees for one each."""

import json

from sqlalchemy import text

from foundation.identifiers import UUID
from governance.ballots.checkpoint import NamedKey
from governance.ballots.manifest import TrusteeTerms
from governance.ballots.plain import Fields, canonical, pack
from governance.ballots.trustees import Share
from storage.work import UnitOfWork

_INSERT_WITNESS = text("""
    INSERT INTO governance.witness (name, public, appointed_at) VALUES (:name, :public, :now)
""")
_INSERT_TRUSTEES = text("""
    INSERT INTO governance.poll_trustees (poll_id, election_key, needed, people)
    VALUES (:poll_id, :election_key, :needed, CAST(:people AS jsonb))
""")
_INSERT_RELEASE = text("""
    INSERT INTO governance.poll_release (poll_id, trustee, statement, share_number, share)
    VALUES (:poll_id, :trustee, :statement, :number, :share)
""")


async def insert_witness(work: UnitOfWork, key: NamedKey) -> None:
    """Write a witness."""
    await work.execute(_INSERT_WITNESS, {"name": key.name, "public": key.public, "now": work.now})


async def insert_trustees(work: UnitOfWork, poll_id: UUID, terms: TrusteeTerms) -> None:
    """Write who opens the ballots of a poll."""
    people = [{"name": one.name, "key": pack(one.public)} for one in terms.people]
    await work.execute(
        _INSERT_TRUSTEES,
        {
            "poll_id": poll_id,
            "election_key": terms.election_key,
            "needed": terms.needed,
            "people": json.dumps(people),
        },
    )


async def insert_release(
    work: UnitOfWork, poll_id: UUID, *, trustee: str, share: Share, statement: Fields
) -> None:
    """Write a share that was given up."""
    await work.execute(
        _INSERT_RELEASE,
        {
            "poll_id": poll_id,
            "trustee": trustee,
            "statement": canonical(statement).decode(),
            "number": share.number,
            "share": share.secret,
        },
    )
