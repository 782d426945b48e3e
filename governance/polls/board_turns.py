"""What time brings the board to do: prepare keys, sign manifests, publish batches, close, end."""

from collections.abc import Awaitable, Callable

from foundation.errors import Refusal
from governance.polls import board as verbs
from governance.polls import keeping
from governance.polls.board import BoardAtWork
from governance.polls.errors import BoardWasAway
from storage.engine import Database


async def turn(database: Database, board: BoardAtWork) -> list[Refusal]:
    """Do what is due, each poll in its own unit of work; what could not be done comes back.

    Raises
    ------
    DatabaseUnavailable
        If the database does not answer.
    """
    refused: list[Refusal] = []

    async def each(verb: Callable[..., Awaitable[object]], *about: object, **terms: object) -> None:
        try:
            async with database.work() as work:
                await verb(work, board, *about, **terms)
        except Refusal as refusal:
            refused.append(refusal)

    async with database.reading() as reading:
        noticed = await board.store.polls_without_key(reading)
        unsigned = await board.store.unsigned_manifests(reading)
        to_extend = await board.store.polls_to_extend(reading)
    for poll in noticed:
        await each(verbs.prepare, poll.poll_id)
    for poll_id, document in unsigned:
        await each(keeping.sign_manifest, poll_id, document)
    # Before anything is closed: what the office gave back is given back.
    for poll_id, closes_at_ms in to_extend:
        await each(verbs.follow, poll_id, closes_at_ms=closes_at_ms)
    async with database.reading() as reading:
        waiting = {one.digest for one in await board.store.waiting(reading)}
        to_close, too_late = await verbs.to_close(reading, board)
    # These stay as they are until the vote is extended.
    refused += [BoardWasAway(poll_id) for poll_id in too_late]
    # The lock on what waits is taken only where something came or is due.
    if waiting != board.shuffled or to_close:
        async with database.work() as work:
            shuffled = await verbs.publish(work, board)
        board.shuffled = shuffled
    for poll_id in to_close:
        await each(verbs.close, poll_id)
    async with database.reading() as reading:
        to_finish = await board.store.polls_to_finish(reading)
    for poll_id in to_finish:
        await each(verbs.finish, poll_id)
    return refused
