"""Where the commands speak, and how they refuse what was typed."""

import os
from pathlib import Path

from rich.console import Console
from rich.table import Table

from foundation.errors import Invalid

# Terminals wrap long lines by themselves, and a command or a path stays one to be copied.
console = Console(highlight=False, emoji=False, soft_wrap=True)


def print_wide(table: Table, console: Console, *, width: int) -> None:
    """Print a table with room for every column, also where the output is no terminal."""
    wide = Console(file=console.file, width=max(width, console.width), highlight=False, emoji=False)
    wide.print(table)


class ArgumentUnusable(Invalid):
    """A value on the command line makes no sense."""

    code = "argument_unusable"

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}.", what=what)


def writable(option: str, file: Path | None) -> None:
    """Refuse before the run what could not be written after it."""
    if file is None:
        return
    if file.is_dir():
        raise ArgumentUnusable(option, f"{file} is a folder; name a file")
    if not os.access(file.parent, os.W_OK):
        raise ArgumentUnusable(option, f"nothing can be written in {file.parent}")
