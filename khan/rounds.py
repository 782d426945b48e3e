"""Stored rounds on the command line: the latest, one decided again (I15), one explained."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from dispatch.decision import Decision, StoredBytes
from dispatch.matching.shared.joining import decided_again
from dispatch.store.rounds import RoundFigures, StoredRound, find_round, list_rounds
from foundation.errors import NotFound
from foundation.identifiers import UUID, RoundId
from khan.kept import address_of
from khan.our_tables import our_tables
from storage.engine import Database
from storage.work import UnitOfWork

T = TypeVar("T")

LATEST = "latest"
"""Said for an identifier: the newest round there is."""


class RoundUnknown(NotFound):
    """No round goes by that identifier."""

    code = "round_unknown"

    def __init__(self, round_id: str) -> None:
        super().__init__(
            f"There is no round {round_id!r}; `khan round list` names the latest.",
            round_id=round_id,
        )


def latest_rounds(address: str, *, most: int) -> list[RoundFigures]:
    """The newest rounds with their figures, newest first."""
    return ask_database(address, lambda work: list_rounds(work, most=most))


def get_round(round_id: str, *, url: str | None, data: Path | None) -> StoredRound:
    """The round as it was stored; `latest` is the newest.

    Raises
    ------
    RoundUnknown, ArgumentUnusable, DatabaseUnnamed
    """
    wanted = None
    if round_id != LATEST:
        try:
            wanted = RoundId(UUID(round_id))
        except ValueError:
            raise RoundUnknown(round_id) from None
    stored = ask_database(address_of(url=url, data=data), lambda work: _find(work, wanted))
    if stored is None:
        raise RoundUnknown(round_id)
    return stored


def decision_of(stored: StoredRound) -> Decision:
    """The round's values; RoundUnreadable if its bytes are damaged."""
    return Decision.read(
        StoredBytes(
            round_id=stored.round_id,
            at=stored.at,
            input=stored.input,
            plan=stored.plan,
            joins=stored.joins,
        )
    )


def replay_round(stored: StoredRound) -> tuple[bool, str]:
    """Whether the stored input gives the stored plan, and the digest of what it gives."""
    plan = decision_of(stored).replay()
    is_same = plan.digest == stored.plan_digest and plan.encode() == stored.plan
    if stored.joins is not None:
        is_same = is_same and decided_again(stored.joins) == stored.joins
    return is_same, plan.digest


async def _find(work: UnitOfWork, wanted: RoundId | None) -> StoredRound | None:
    if wanted is None:
        newest = await list_rounds(work, most=1)
        return await find_round(work, newest[0].round_id) if newest else None
    return await find_round(work, wanted)


def ask_database(address: str, ask: Callable[[UnitOfWork], Awaitable[T]]) -> T:
    """What one unit of work on a database answers, from a command that does nothing else."""

    async def once() -> T:
        database = Database(address)
        try:
            with our_tables():
                async with database.work() as work:
                    return await ask(work)
        finally:
            await database.dispose()

    return asyncio.run(once())
