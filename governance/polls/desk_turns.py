"""What time brings a desk to do: prepare keys, sign manifests, end logs, reveal the lot."""

from collections.abc import Awaitable, Callable

from foundation.errors import Refusal
from governance.polls import desk as verbs
from governance.polls.desk import DeskAtWork
from governance.polls.keeper import Keeper, desks_of
from storage.engine import Database


async def turn(database: Database, desk: DeskAtWork) -> list[Refusal]:
    """Do what is due, each poll in its own unit of work; what could not be done comes back.

    Raises
    ------
    DatabaseUnavailable
        If the database does not answer.
    """
    refused: list[Refusal] = []

    async def each(verb: Callable[..., Awaitable[None]], *about: object) -> None:
        try:
            async with database.work() as work:
                await verb(work, desk, *about)
        except Refusal as refusal:
            refused.append(refusal)

    async with database.reading() as reading:
        noticed = await desk.store.polls_without_key(reading)
        unsigned = await desk.store.unsigned_manifests(reading)
        to_end = await desk.store.polls_to_end(reading)
        is_secretary = desk.keeper is Keeper.SECRETARY
        lots = await desk.store.lots_due(reading) if is_secretary else []
    for poll in noticed:
        if desk.keeper in desks_of(poll.tier):
            await each(verbs.prepare, poll.poll_id, poll.tier)
    for poll_id, document in unsigned:
        await each(verbs.sign, poll_id, document)
    for poll_id in to_end:
        await each(verbs.end, poll_id)
    for poll_id in lots:
        await each(verbs.reveal_lot, poll_id)
    return refused
