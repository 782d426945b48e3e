"""What a terminal shows, for journeys of `khan ride` and `khan drive`."""

import asyncio
import io
import queue

from rich.console import Console

from tests.journeys.people import PATIENCE_SECONDS
from tests.small_city import corner


def lat_lon(column: int, row: int) -> str:
    """A corner of the small city as people paste it."""
    place = corner(column, row)
    return f"{place.lat},{place.lon}"


class Typing(io.TextIOBase):
    """What a person types at a terminal, as they type it."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def types(self, line: str) -> None:
        self._lines.put(f"{line}\n")

    def hangs_up(self) -> None:
        self._lines.put("")

    def readline(self, _size: int | None = -1, /) -> str:  # type: ignore[override]
        return self._lines.get()


class Screen:
    """What one terminal showed."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        self.console = Console(file=self.text, width=200, highlight=False)

        self._read = 0

    def __str__(self) -> str:
        return self.text.getvalue()

    async def asks(self, words: str) -> str:
        """Wait until the terminal shows these words after those waited for before; what came."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (found := str(self).find(words, self._read)) < 0:
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{words!r} does not follow:\n{str(self)[self._read :]}") from None
        begin, self._read = self._read, found + len(words)
        return str(self)[begin : self._read]

    async def shows(self, words: str) -> None:
        """Wait until the terminal has shown these words."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while words not in str(self):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{words!r} is not in:\n{self}") from None
