"""Words and questions of the terminal: amounts, durations, price lists, what a person types."""

import asyncio
import contextlib
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table

from foundation.errors import Invalid
from foundation.money import Currency, Money


class InputEnded(Invalid):
    """A question was asked and nobody can answer it."""

    code = "input_ended"

    def __init__(self) -> None:
        super().__init__("Nobody answers at this terminal; use --yes to go on without asking.")


class Keyboard:
    """What is typed, line by line, while the service goes on.

    One thread reads for as long as the program lives: a question that is taken back (an offer
    that lapsed) leaves no reader behind that would swallow the next answer.
    """

    def __init__(self, console: Console, stream: TextIO | None = None) -> None:
        self._console, self._stream = console, stream or sys.stdin
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._reader: threading.Thread | None = None

    async def ask(self, question: str) -> str:
        """Ask, and wait for the line; what was typed before the question does not count.

        Raises
        ------
        InputEnded
        """
        self._console.print(f"{question}: ", end="")
        if self._reader is None:
            loop = asyncio.get_running_loop()
            self._reader = threading.Thread(target=self._read, args=(loop,), daemon=True)
            self._reader.start()
        elif self._console.is_terminal:
            while not self._lines.empty():
                self._lines.get_nowait()
        line = await self._lines.get()
        if not line:
            self._lines.put_nowait("")
            raise InputEnded
        return line.strip()

    async def agrees(self, question: str) -> bool:
        """Ask a yes-or-no question; Enter is yes."""
        return (await self.ask(f"{question} \\[Y/n]")).lower() in ("", "y", "yes")

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # nobody listens any more: the loop is closed
            for line in self._stream:
                loop.call_soon_threadsafe(self._lines.put_nowait, line)
            loop.call_soon_threadsafe(self._lines.put_nowait, "")


def money(minor: int, currency: str) -> str:
    """An amount for people."""
    return str(Money(minor, Currency(currency)))


def minutes(seconds: float) -> str:
    """A duration for people."""
    whole = max(0, round(seconds))
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def price_table(lines: Sequence[Mapping[str, Any]], total_minor: int, currency: str) -> Table:
    """Lines that sum to the total."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for line in lines:
        table.add_row(line["code"].replace("_", " "), money(line["amount_minor"], currency))
    table.add_row("[bold]total[/bold]", f"[bold]{money(total_minor, currency)}[/bold]")
    return table


WHAT_FOR = {
    "fare": "for the trip",
    "cancellation_fee": "for a trip that was cancelled late",
    "no_show_fee": "for nobody at the pick-up",
    "tip": "as a tip, wholly yours",
}


def money_arrived(message: Mapping[str, Any]) -> str:
    """A driver's `money` message in one line: how much, what for, what the day came to."""

    def said(amount: Mapping[str, Any]) -> str:
        return money(amount["amount_minor"], amount["currency"])

    line = f"{said(message['amount'])} {WHAT_FOR.get(message['what'], message['what'])}"
    if message["top_up"]["amount_minor"]:
        line += f", {said(message['top_up'])} of it to reach the pay floor"
    today = message["today"]
    return f"{line}; today {said(today['pay'])} pay, {said(today['tips'])} tips"
