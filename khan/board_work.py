"""What is done by hand at the board's machine: read papers, extend a poll."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from foundation.chance import SystemChance
from foundation.identifiers import UUID
from foundation.strict_json import read_json
from governance.ballots.choice import BallotBroken, Choice, Question, choice_of
from governance.polls import board as verbs
from governance.polls.board import BoardAtWork
from governance.polls.keeper import Keeper
from governance.polls.keys import KeyFolder
from governance.polls.store.boards import BoardStore
from khan.console import ArgumentUnusable
from khan.keeper_process import opened_database
from khan.keeper_settings import BoardSettings, load
from storage.work import UnitOfWork


async def read_papers(poll_id: UUID, papers: str) -> None:
    """Put papers, a JSON list of choices, onto the closed board, and end it.

    Raises
    ------
    ArgumentUnusable
        If it is not a list of choices that the question allows.
    PollNotFound, PollNotReady, BallotRefused
        As they say.
    """
    settings = load(BoardSettings)
    board = _board(settings)
    async with _opened(settings) as work:
        manifest = await board.manifest(work, poll_id)
        choices = choices_in(papers, manifest.question)
        await verbs.read_papers(work, board, poll_id, choices)


async def extend(poll_id: UUID, *, closes_at_ms: int, reason: str) -> None:
    """Let a poll close later.

    Raises
    ------
    PollNotFound, VoteNotOpen, ExtensionShortens
        As they say.
    """
    settings = load(BoardSettings)
    board = _board(settings)
    async with _opened(settings) as work:
        await verbs.extend(work, board, poll_id, closes_at_ms=closes_at_ms, reason=reason)


def choices_in(text: str, question: Question) -> list[Choice]:
    """The choices in a JSON list.

    Raises
    ------
    ArgumentUnusable
        Naming the first that the question does not allow.
    """
    try:
        found = read_json(text)
    except (ValueError, RecursionError) as error:
        raise ArgumentUnusable("--choices", f"the file is not JSON ({error})") from None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ArgumentUnusable("--choices", "the file holds no list of choices")
    choices = []
    for number, one in enumerate(found, start=1):
        try:
            choices.append(choice_of(one, question))
        except BallotBroken as broken:
            reason = broken.reason.replace("_", " ")
            raise ArgumentUnusable("--choices", f"paper {number}: {reason}") from None
    return choices


@asynccontextmanager
async def _opened(settings: BoardSettings) -> AsyncIterator[UnitOfWork]:
    async with (
        opened_database(settings.database_url, Keeper.BOARD) as database,
        database.work() as work,
    ):
        yield work


def _board(settings: BoardSettings) -> BoardAtWork:
    return BoardAtWork(store=BoardStore(), keys=KeyFolder(settings.keys, SystemChance()))
