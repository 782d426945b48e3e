"""`khan desk` and `khan board`: one process each, with its own role and its own keys."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import uvicorn
import uvloop
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import board_api.routes
import desk_api.routes
from foundation.chance import SystemChance
from foundation.errors import Conflict, Invalid, Refusal
from governance.ballots.token_signer import open_token
from governance.polls import board_turns, desk_turns
from governance.polls.board import BoardAtWork
from governance.polls.desk import DeskAtWork
from governance.polls.keeper import Keeper
from governance.polls.keys import FolderIssuers, Issuers, KeyFolder, TokenIssuers
from governance.polls.store.boards import BoardStore
from governance.polls.store.desks import DeskStore
from khan.keeper_settings import BoardSettings, DeskSettings, KeeperSettings
from khan.keeper_web import create_app
from khan.listening import listen
from khan.logs import configure_logs, places_of
from storage.engine import Database

CONNECTIONS_MAX = 2000
GRACE_SECONDS = 3
POOL_SIZE = 10

_TOLD = text("""
    SELECT name FROM pg_settings
    WHERE (name IN ('track_commit_timestamp', 'log_duration') AND setting = 'on')
       OR (name = 'log_statement' AND setting IN ('mod', 'all'))
       OR (name IN ('log_min_duration_statement', 'log_min_duration_sample') AND setting <> '-1')
       OR (name IN ('log_parameter_max_length_on_error', 'log_transaction_sample_rate') AND setting <> '0')
    UNION
    SELECT name FROM (VALUES ('auto_explain.log_min_duration', '-1'), ('pgaudit.log', 'none')) AS of (name, off)
    WHERE coalesce(nullif(current_setting(name, true), ''), off) <> off  -- of extensions, loaded or not
    ORDER BY name LIMIT 1
""")


class RoleNotGranted(Invalid):
    """The login of DATABASE_URL may not take on the role of the process."""

    code = "role_not_granted"

    def __init__(self, role: str) -> None:
        super().__init__(
            f"The login of DATABASE_URL may not take on the role {role}; as the tables' owner run "
            f"`khan migrate`, then GRANT {role} TO that login.",
            role=role,
        )


class DatabaseKeepsTraces(Conflict):
    """The database is set to keep the times or the texts of what is written."""

    code = "database_keeps_traces"

    def __init__(self, setting: str) -> None:
        super().__init__(
            f"The database's setting {setting} keeps when or what is written, by which ballots could "
            "be tied to members; turn it off for the polls' database.",
            setting=setting,
        )


def serve_desk(settings: DeskSettings) -> None:
    """Run an issuing desk until SIGTERM or SIGINT.

    Raises
    ------
    KeyFolderUnusable, PortTaken, NoListening, DatabaseUnavailable, RoleNotGranted,
    DatabaseKeepsTraces, SigningTokenUnavailable
        Whatever keeps it from starting, in one sentence.
    """
    configure_logs(settings.log_level, tell=places_of)
    keeper, chance = Keeper(settings.desk), SystemChance()
    keys = KeyFolder(settings.keys, chance)
    secret = settings.desk_secret
    with _issuers(settings, keys) as issuers:
        desk = DeskAtWork(store=DeskStore(keeper), keys=keys, issuers=issuers)
        _serve(
            settings, settings.port, keeper=desk,
            turn=lambda database: desk_turns.turn(database, desk),
            secret=None if secret is None else secret.get_secret_value(),
        )  # fmt: skip


def serve_board(settings: BoardSettings) -> None:
    """Run the ballot box and the board until SIGTERM or SIGINT.

    Raises
    ------
    As `serve_desk`.
    """
    configure_logs(settings.log_level, tell=places_of)
    board = BoardAtWork(
        store=BoardStore(),
        keys=KeyFolder(settings.keys, SystemChance()),
        batch_least=settings.batch_least,
        kept_back=settings.kept_back,
    )
    _serve(
        settings, settings.port, keeper=board,
        turn=lambda database: board_turns.turn(database, board),
    )  # fmt: skip


@contextlib.asynccontextmanager
async def opened_database(address: str, keeper: Keeper) -> AsyncIterator[Database]:
    """The database in the role of a keeper, which must keep no traces.

    Raises
    ------
    DatabaseUnavailable, RoleNotGranted, DatabaseKeepsTraces
    """
    database = Database(address, chance=SystemChance(), role=keeper.role, pool_size=POOL_SIZE)
    try:
        try:
            async with database.reading() as reading:
                setting = (await reading.execute(_TOLD)).scalar_one_or_none()
        except (DBAPIError, _driver_error()) as error:
            raise RoleNotGranted(keeper.role) from error
        if setting is not None:
            raise DatabaseKeepsTraces(setting)
        yield database
    finally:
        await database.dispose()


def _serve(
    settings: KeeperSettings,
    port: int,
    *,
    keeper: DeskAtWork | BoardAtWork,
    turn: Callable[[Database], Awaitable[list[Refusal]]],
    secret: str | None = None,
) -> None:
    listening = listen(settings.host, port)

    async def run() -> None:
        async with opened_database(settings.database_url, keeper.keeper) as database:
            app = create_app(
                desk_api.routes.router if isinstance(keeper, DeskAtWork) else board_api.routes.router,
                keeper=keeper, database=database, turn=lambda: turn(database),
                origin=settings.origin, secret=secret,
            )  # fmt: skip
            server = uvicorn.Server(
                uvicorn.Config(
                    app, limit_concurrency=CONNECTIONS_MAX, log_config=None, access_log=False,
                    timeout_graceful_shutdown=GRACE_SECONDS, server_header=False, lifespan="on",
                    proxy_headers=False,
                )
            )  # fmt: skip
            await server.serve(sockets=[listening])

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())
    finally:
        listening.close()


@contextlib.contextmanager
def _issuers(settings: DeskSettings, keys: KeyFolder) -> Iterator[Issuers]:
    if settings.token_module is None:
        yield FolderIssuers(keys)
        return
    pin = settings.token_pin.get_secret_value()
    with open_token(settings.token_module, settings.token, pin) as token:
        yield TokenIssuers(token)


def _driver_error() -> type[Exception]:
    """What the driver raises while it connects, before SQLAlchemy can wrap it."""
    import asyncpg

    found: type[Exception] = asyncpg.PostgresError
    return found
