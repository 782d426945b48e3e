"""Money as a demonstration's drivers see it arrive: a line for each trip, and no flood of them."""

from collections.abc import Callable, Mapping
from typing import Any

from foundation.clock import stopwatch_ms
from khan.terminal_words import money, money_arrived

BETWEEN_LINES_MS = 1_000.0
"""By the clock on the wall: in a fast city more arrives than anybody reads."""


class Purse:
    """Says what arrives, one line a second at most; what came between is counted in the next line."""

    def __init__(
        self, say: Callable[[str], None], *, stopwatch: Callable[[], float] = stopwatch_ms
    ) -> None:
        self._say, self._stopwatch = say, stopwatch
        self._said_at: float | None = None
        self._unsaid, self._unsaid_minor = 0, 0

    def paid(self, number: str, message: Mapping[str, Any]) -> None:
        """A driver of that phone number hears that money arrived."""
        now = self._stopwatch()
        amount = message["amount"]
        if self._said_at is not None and now - self._said_at < BETWEEN_LINES_MS:
            self._unsaid += 1
            self._unsaid_minor += amount["amount_minor"]
            return
        line = f"  {number} gets {money_arrived(message)}"
        if self._unsaid:
            others = money(self._unsaid_minor, amount["currency"])
            line += f" (before that, {self._unsaid} more got {others})"
        self._said_at, self._unsaid, self._unsaid_minor = now, 0, 0
        self._say(line)
