"""`khan desk`, `board`, `witness`, `trustees`, `paper`, `extend`, `vote`: everybody's part in a poll."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from foundation.identifiers import UUID
from khan import options
from khan.console import ArgumentUnusable, console

if TYPE_CHECKING:
    from governance.ballots.plain import Fields
    from khan.terminal_vote import Voting

trustees = typer.Typer(
    help="Share the key that opens ballots, and give it up.", no_args_is_help=True
)
vote = typer.Typer(help="Vote from the terminal.", no_args_is_help=True)

Poll = Annotated[str, typer.Option("--poll", metavar="ID", help="The poll.")]
Folder = Annotated[Path, typer.Option("--folder", metavar="FOLDER", help="Where secrets are kept.")]
BoardUrl = Annotated[str, typer.Option("--board", metavar="URL", help="The box and board.")]
Entrance = Annotated[
    Literal["driver", "rider"], typer.Option("--as", help="Where you sign in as a member.")
]
Phone = Annotated[str, typer.Option(help="Your phone number.")]
KEEPER_EPILOG = (
    "Needed: DATABASE_URL, KHAN_KEYS{more}; docs/reference/settings.md lists every setting. SIGTERM "
    "ends it."
)


def desk() -> None:
    """Run an issuing desk: it knows the roll, and never sees a ballot."""
    from khan.keeper_process import serve_desk
    from khan.keeper_settings import DeskSettings, load

    serve_desk(load(DeskSettings))


def board() -> None:
    """Run the ballot box and the board: they know the ballots, and never see the roll."""
    from khan.keeper_process import serve_board
    from khan.keeper_settings import BoardSettings, load

    serve_board(load(BoardSettings))


def witness(
    *,
    name: Annotated[
        str, typer.Option(help="Your name as a witness, like council.example/witness.")
    ],
    folder: Folder,
    board_url: BoardUrl,
    desks: Annotated[
        str, typer.Option(metavar="URL,URL", help="The secretary's desk and the city clerk's.")
    ],
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A demonstration's service, whose clock it signs by."),
    ] = None,
) -> None:
    """Witness polls: sign what desks and board show, if it continues what you signed before.

    The first line printed is the key by which the office appoints you.
    """
    from khan.witness import run

    if not name or any(one.isspace() or one == "+" for one in name):
        raise ArgumentUnusable("--name", "a name has no space and no plus")
    run(name, folder, board=board_url, desks=desks.split(","), service=url)


@trustees.command("deal", epilog="At a witnessed meeting, on a machine without a network.")
def deal(
    *,
    poll: Poll,
    people: Annotated[int, typer.Option(min=1, max=20, help="How many trustees there are.")],
    needed: Annotated[int, typer.Option(min=1, max=20, help="How many of them open the ballots.")],
    folder: Folder,
) -> None:
    """Make a poll's election key and divide it: a file for each trustee, and one for the office."""
    from khan.trustee_work import deal as run

    if needed > people:
        raise ArgumentUnusable("--needed", f"there are only {people} trustees")
    place = run(_uuid(poll), people=people, needed=needed, folder=folder)
    console.print(
        f"Give each trustee their file from {folder}, delete it here, and take {place} to the office.",
        markup=False,
    )


@trustees.command(
    "release", epilog="Exit status 2, and nothing leaves your file, while it is early."
)
def release(
    *,
    share: Annotated[Path, typer.Argument(metavar="TRUSTEE.json", help="Your share.")],
    board_url: BoardUrl,
    notice: Annotated[
        str,
        typer.Option(metavar="HASH", help="The manifest's hash, as it was shown at the opening."),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="What goes to the office.")],
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A demonstration's service, whose clock it runs by."),
    ] = None,
) -> None:
    """Give your share up, once witnesses have signed the board as it ended.

    Write the hash down when the vote opens: a board that shows other terms gets no share.
    """
    from governance.ballots.plain import canonical

    found = asyncio.run(_release(share.read_bytes(), board_url, url, noticed_hash=notice))
    out.write_bytes(canonical(found) + b"\n")
    console.print(f"Take {out} to the office.", markup=False)


def paper(
    *,
    poll: Poll,
    choices: Annotated[
        Path, typer.Option(metavar="FILE", help='A JSON list of choices, like [{"mark": "for"}].')
    ],
) -> None:
    """Put the papers that were read after the close onto the board, all at once, and end it.

    At the board's machine, with its settings; without papers the board ends by itself.
    """
    from khan.board_work import read_papers

    asyncio.run(read_papers(_uuid(poll), choices.read_text(encoding="utf-8")))
    console.print("The papers are on the board, and it has ended.")


def extend(
    *,
    poll: Poll,
    until: Annotated[str, typer.Option(metavar="TIME", help="Like 2030-03-11T20:00+01:00.")],
    reason: Annotated[str, typer.Option(help="What everybody will read.")],
) -> None:
    """Let an open poll close later, after an outage; never earlier. At the board's machine."""
    from khan.board_work import extend as run

    try:
        later = datetime.fromisoformat(until)
    except ValueError:
        later = datetime.min
    if later.tzinfo is None:
        raise ArgumentUnusable("--until", f"{until!r} is no instant with its offset from UTC")
    asyncio.run(run(_uuid(poll), closes_at_ms=int(later.timestamp() * 1000), reason=reason))
    console.print(f"The poll closes at {later.isoformat()}.")


@vote.command(
    "prepare", epilog="Once before the roll is published, and again when the vote is open."
)
def vote_prepare(
    *, poll: Poll, folder: Folder, phone: Phone, entrance: Entrance = "driver",
    url: options.Url = options.USUAL_URL, messages: options.Messages = None,
) -> None:  # fmt: skip
    """Make a voting key; when the vote is open, have both desks sign your ballot unseen."""
    from foundation.chance import SystemChance
    from khan.terminal import vote as run

    run(
        url, messages, phone=phone, console=console, poll_id=_uuid(poll), entrance=entrance,
        folder=folder, play=lambda one: one.prepare(SystemChance()),
    )  # fmt: skip


@vote.command(
    "cast",
    epilog="One choice, of the kind that the poll asks for: --mark for, --value 120, --ranks 2,1,4 from "
    "the most wanted, --approve 1,3; or --choice with any of these.",
)
def vote_cast(
    *, poll: Poll, folder: Folder, phone: Phone,
    choice: Annotated[str | None, typer.Option(help="What you vote, of any kind.")] = None,
    mark: Annotated[str | None, typer.Option(help="for, against or abstain.")] = None,
    value: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="A number, or none for no opinion.")
    ] = None,
    ranks: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="Options from the most wanted down; 2=3 for one rank where texts are ranked.",
        ),
    ] = None,
    approve: Annotated[
        str | None, typer.Option(metavar="N,N,...", help="Projects that you approve, or none.")
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Vote for who gave you this proxy, as `khan proxy list` has it."),
    ] = None,
    entrance: Entrance = "driver",
    url: options.Url = options.USUAL_URL, messages: options.Messages = None,
) -> None:  # fmt: skip
    """Vote; again until the close, and the last ballot counts."""
    from khan import choice_words as words
    from khan.terminal import vote as run

    said = words.said_once(
        {
            words.ANY: choice, words.MARK: mark, words.VALUE: value, words.RANKS: ranks,
            words.APPROVE: approve,
        }
    )  # fmt: skip
    held = None if proxy is None else _uuid(proxy, option="--proxy")
    run(
        url, messages, phone=phone, console=console, poll_id=_uuid(poll), entrance=entrance,
        folder=folder, play=lambda one: one.cast(said, proxy=held),
    )  # fmt: skip


@vote.command("receipt", epilog="Exit status 1 while the ballot waits for others.")
def vote_receipt(
    *, poll: Poll, folder: Folder, phone: Phone, entrance: Entrance = "driver",
    url: options.Url = options.USUAL_URL, messages: options.Messages = None,
) -> None:  # fmt: skip
    """Fetch and check the receipt of your ballot; a ballot that was lost is sent again."""
    from khan.terminal import vote as run

    there: list[bool] = []

    async def play(one: "Voting") -> None:
        there.append(await one.receipt())

    run(
        url, messages, phone=phone, console=console, poll_id=_uuid(poll), entrance=entrance,
        folder=folder, play=play,
    )  # fmt: skip
    if there == [False]:
        raise typer.Exit(1)


@vote.command("status")
def vote_status(
    *, poll: Poll, folder: Folder, phone: Phone, entrance: Entrance = "driver",
    url: options.Url = options.USUAL_URL, messages: options.Messages = None,
) -> None:  # fmt: skip
    """Say where the poll is, and what your folder holds."""
    from khan.terminal import vote as run

    run(
        url, messages, phone=phone, console=console, poll_id=_uuid(poll), entrance=entrance,
        folder=folder, play=lambda one: one.status(),
    )  # fmt: skip


def install(app: typer.Typer) -> None:
    """Add the commands to `khan`."""
    more = {"desk": " and KHAN_DESK", "board": ""}
    app.command(epilog=KEEPER_EPILOG.format(more=more["desk"]))(desk)
    app.command(epilog=KEEPER_EPILOG.format(more=more["board"]))(board)
    app.command()(witness)
    app.command()(paper)
    app.command()(extend)
    app.add_typer(trustees, name="trustees")
    app.add_typer(vote, name="vote")


def _uuid(text: str, *, option: str = "--poll") -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentUnusable(option, f"{text!r} is not an identifier") from None


async def _release(share: bytes, board_url: str, url: str | None, *, noticed_hash: str) -> "Fields":
    import httpx

    from foundation.clock import wall_now
    from khan.trustee_work import release as run
    from simulation.client import open_phone_line

    now = wall_now()
    if url is not None:
        http, clock = await open_phone_line(url)
        await http.aclose()
        now = clock.at(now)
    async with httpx.AsyncClient(base_url=board_url, timeout=20, trust_env=False) as line:
        return await run(share, line, noticed_hash=noticed_hash, at_ms=int(now.timestamp() * 1000))
