"""Where the commands speak, and how they refuse what was typed."""

from rich.console import Console

from foundation.errors import Invalid

# Terminals wrap long lines by themselves, and a command or a path stays one to be copied.
console = Console(highlight=False, emoji=False, soft_wrap=True)


class ArgumentUnusable(Invalid):
    """A value on the command line makes no sense."""

    code = "argument_unusable"

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}.", what=what)
