"""Deciding a stored round again (I15)."""

import asyncio
from pathlib import Path

from dispatch.matching.shared.joining import decided_again
from dispatch.matching.snapshot import RoundInput
from dispatch.matching.solo import decide
from dispatch.store.rounds import find_round
from foundation.errors import Invalid, NotFound
from foundation.identifiers import UUID, RoundId
from khan.build import our_tables
from storage import embedded
from storage.engine import Database


class RoundUnknown(NotFound):
    """No round goes by that identifier."""

    code = "round_unknown"

    def __init__(self, round_id: str) -> None:
        super().__init__(f"There is no round {round_id} in this database.", round_id=round_id)


class DatabaseUnnamed(Invalid):
    """Neither DATABASE_URL nor --data says where to look."""

    code = "database_unnamed"

    def __init__(self) -> None:
        super().__init__("Say where the database is: --data FOLDER of a demonstration, or --url.")


def replay_round(round_id: str, *, url: str | None, data: Path | None) -> tuple[bool, str]:
    """Whether the stored input gives the stored plan, and that plan's digest.

    Raises
    ------
    RoundUnknown, DatabaseUnnamed
    """
    try:
        wanted = RoundId(UUID(round_id))
    except ValueError:
        raise RoundUnknown(round_id) from None
    if data is not None:
        url = embedded.start(data.resolve() / "postgres").address("khan")
    if url is None:
        raise DatabaseUnnamed
    return asyncio.run(_replay(url, wanted))


async def _replay(url: str, round_id: RoundId) -> tuple[bool, str]:
    database = Database(url)
    try:
        with our_tables():
            async with database.work() as work:
                stored = await find_round(work, round_id)
    finally:
        await database.dispose()
    if stored is None:
        raise RoundUnknown(str(round_id))
    plan = decide(RoundInput.decode(stored.input))
    same = plan.digest == stored.plan_digest and plan.encode() == stored.plan
    if stored.joins is not None:
        same = same and decided_again(stored.joins) == stored.joins
    return same, plan.digest
