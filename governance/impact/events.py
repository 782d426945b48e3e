"""What is announced about impact statements."""

from dataclasses import dataclass
from typing import ClassVar

from foundation.events import Event
from governance.motion import MotionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactStated(Event):
    """The impact statement of a motion's text stands; `has_figures` is False where it says why not."""

    kind: ClassVar[str] = "impact_stated"
    topic: ClassVar[str] = "governance.impact_stated"
    motion_id: MotionId
    version: int
    digest: str
    has_figures: bool

    @property
    def key(self) -> str:
        """A version has one statement."""
        return f"{self.motion_id}:{self.version}"
