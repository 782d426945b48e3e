"""Self-government among the commands of `khan`: motions, memberships, polls, the commons."""

import typer

from khan import (
    commons_office_commands,
    member_office_commands,
    motion_election_commands,
    motion_office_commands,
    poll_commands,
    poll_office_commands,
    proxy_commands,
)

assert motion_office_commands.motion is motion_election_commands.motion, "one command in parts"


def install(app: typer.Typer) -> None:
    """Add the commands to `khan`."""
    app.add_typer(motion_office_commands.motion, name="motion")
    app.add_typer(member_office_commands.member, name="member")
    app.add_typer(poll_office_commands.poll, name="poll")
    app.add_typer(proxy_commands.proxy, name="proxy")
    app.add_typer(commons_office_commands.commons, name="commons")
    poll_commands.install(app)
