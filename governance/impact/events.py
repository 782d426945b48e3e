"""What is announced about impact statements."""

from dataclasses import dataclass
from typing import ClassVar

from foundation.events import Event
from governance.motion import MotionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactStated(Event):
    """An impact statement of a motion's text stands; `has_figures` is False where it says why not.

    A text has another one where a rule that the first rests on changed before the notice.
    """

    kind: ClassVar[str] = "impact_stated"
    topic: ClassVar[str] = "governance.impact_stated"
    motion_id: MotionId
    version: int
    digest: str
    has_figures: bool

    @property
    def key(self) -> str:
        """A version has one statement for the same rules."""
        return f"{self.motion_id}:{self.version}:{self.digest}"
