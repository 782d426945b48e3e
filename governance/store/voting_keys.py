"""The passkeys that members vote with."""

from sqlalchemy import text

from governance.member import MemberId
from storage.work import UnitOfWork

_INSERT = text("""
    INSERT INTO governance.voting_key (member_id, number, credential, credential_id, at)
    SELECT :member_id, 1 + count(*), :credential, :credential_id, :now
    FROM governance.voting_key WHERE member_id = :member_id
    RETURNING number
""")


async def insert_voting_key(
    work: UnitOfWork, member_id: MemberId, *, credential: bytes, credential_id: bytes
) -> int:
    """Write a member's next voting key; its number comes back."""
    written = await work.execute(
        _INSERT,
        {
            "member_id": member_id,
            "credential": credential,
            "credential_id": credential_id,
            "now": work.now,
        },
    )
    return int(written.scalar_one())
