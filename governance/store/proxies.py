"""Proxies, and conflicts of interest."""

from sqlalchemy import text

from foundation.identifiers import UUID
from governance.member import MemberId
from governance.motion import MotionId
from governance.proxy import Proxy
from storage.work import Reading, UnitOfWork

_INSERT = text("""
    INSERT INTO governance.proxy (proxy_id, motion_id, giver, holder, instructed, given_at)
    VALUES (:proxy_id, :motion_id, :giver, :holder, :instructed, :now)
""")

_END = text("INSERT INTO governance.proxy_end (proxy_id, how, at) VALUES (:proxy_id, :how, :now)")

_OF_MOTION = text("""
    SELECT proxy.*, how, proxy_end.at AS ended_at FROM governance.proxy
    LEFT JOIN governance.proxy_end USING (proxy_id) WHERE motion_id = :motion_id
    ORDER BY given_at, proxy_id LIMIT 100000
""")

_MOTION_OF = text("SELECT motion_id FROM governance.proxy WHERE proxy_id = :proxy_id")

_HAS_VOTED = text("""
    SELECT EXISTS (SELECT 1 FROM governance.open_ballot
                   WHERE motion_id = :motion_id AND member_id = :member_id)
""")

_DECLARE = text("""
    INSERT INTO governance.conflict (motion_id, member_id, interest, declared_at)
    VALUES (:motion_id, :member_id, :interest, :now)
""")

_CONFLICTS = text("""
    SELECT member_id FROM governance.conflict WHERE motion_id = :motion_id ORDER BY member_id LIMIT 100000
""")


async def insert_proxy(work: UnitOfWork, proxy_id: UUID, motion_id: MotionId, proxy: Proxy) -> None:
    """Write a proxy as given."""
    told = {
        "proxy_id": proxy_id,
        "motion_id": motion_id,
        "giver": proxy.giver,
        "holder": proxy.holder,
        "instructed": proxy.instructed,
        "now": work.now,
    }
    await work.execute(_INSERT, told)


async def end_proxy(work: UnitOfWork, proxy_id: UUID, *, how: str) -> None:
    """Write how a proxy ended: "used" or "revoked"; it ends once."""
    await work.execute(_END, {"proxy_id": proxy_id, "how": how, "now": work.now})


async def list_proxies(work: Reading, motion_id: MotionId) -> dict[UUID, Proxy]:
    """Every proxy given in a vote, the oldest first."""
    rows = (await work.execute(_OF_MOTION, {"motion_id": motion_id})).all()
    return {
        row.proxy_id: Proxy(
            giver=MemberId(row.giver),
            holder=MemberId(row.holder),
            given_at=row.given_at,
            instructed=row.instructed,
            revoked_at=row.ended_at if row.how == "revoked" else None,
            used_at=row.ended_at if row.how == "used" else None,
        )
        for row in rows
    }


async def find_motion_of(work: Reading, proxy_id: UUID) -> MotionId | None:
    """The vote in which a proxy was given, or None."""
    found = (await work.execute(_MOTION_OF, {"proxy_id": proxy_id})).scalar_one_or_none()
    return None if found is None else MotionId(found)


async def has_voted(work: Reading, motion_id: MotionId, member_id: MemberId) -> bool:
    """Whether a member's ballot lies in an open vote, whoever cast it."""
    told = {"motion_id": motion_id, "member_id": member_id}
    found: bool = (await work.execute(_HAS_VOTED, told)).scalar_one()
    return found


async def insert_conflict(
    work: UnitOfWork, motion_id: MotionId, member_id: MemberId, interest: str
) -> None:
    """Write that a member has an interest in a motion."""
    told = {"motion_id": motion_id, "member_id": member_id, "interest": interest, "now": work.now}
    await work.execute(_DECLARE, told)


async def list_conflicts(work: Reading, motion_id: MotionId) -> frozenset[MemberId]:
    """Who declared an interest in a motion."""
    rows = (await work.execute(_CONFLICTS, {"motion_id": motion_id})).all()
    return frozenset(MemberId(row.member_id) for row in rows)
