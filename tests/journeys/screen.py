"""What a terminal shows, for journeys of `khan ride` and `khan drive`."""

import asyncio
import io

from rich.console import Console

from tests.journeys.people import PATIENCE_SECONDS
from tests.small_city import corner


def lat_lon(column: int, row: int) -> str:
    """A corner of the small city as people paste it."""
    place = corner(column, row)
    return f"{place.lat},{place.lon}"


class Screen:
    """What one terminal showed."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        self.console = Console(file=self.text, width=200, highlight=False)

    def __str__(self) -> str:
        return self.text.getvalue()

    async def shows(self, words: str) -> None:
        """Wait until the terminal has shown these words."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while words not in str(self):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{words!r} is not in:\n{self}") from None
