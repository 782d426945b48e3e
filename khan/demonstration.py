"""What somebody asks of a demonstration."""

from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """What was asked for on the command line."""

    city: str
    start: time
    drivers: int
    riders_per_hour: float | None
    speed: float
    minutes: float | None
    port: int
    seed: int
    keep: Path | None
    open_page: bool
    share_of_shared: float = 0.0
    share_following: float = 0.0

    @property
    def base_url(self) -> str:
        """Where the service listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def page_url(self) -> str:
        """The same as a browser says it, whose passkeys hang on the name."""
        return f"http://localhost:{self.port}"

    def settings(self) -> dict[str, Any]:
        """What was asked for, as the report says it."""
        return {
            "city": self.city,
            "drivers": self.drivers,
            "speed": self.speed,
            "minutes": self.minutes,
            "seed": self.seed,
            "share_following_advice": self.share_following,
            "start": self.start.strftime("%H:%M"),
        }
