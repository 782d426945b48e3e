"""What governance announces. Who seconded or voted is in no announcement; nor is any choice."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from foundation.events import Event
from foundation.identifiers import RuleId
from governance.motion import MotionId, MotionState


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionStepped(Event):
    """A motion reached a state: proposed, seconded, called, frozen, open, closed, decided."""

    kind: ClassVar[str] = "motion_stepped"
    topic: ClassVar[str] = "governance.motion_stepped"
    motion_id: MotionId
    state: MotionState

    @property
    def key(self) -> str:
        """A state is reached once."""
        return f"{self.motion_id}:{self.state}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionTextChanged(Event):
    """An amendment was accepted or carried; the text has a new version."""

    kind: ClassVar[str] = "motion_text_changed"
    topic: ClassVar[str] = "governance.motion_text_changed"
    motion_id: MotionId
    version: int

    @property
    def key(self) -> str:
        """A version is written once."""
        return f"{self.motion_id}:{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEnacted(Event):
    """A motion that passed wrote its rule, which holds from `valid_from` on."""

    kind: ClassVar[str] = "rule_enacted"
    topic: ClassVar[str] = "governance.rule_enacted"
    motion_id: MotionId
    rule_id: RuleId
    rule_kind: str
    valid_from: datetime

    @property
    def key(self) -> str:
        """A motion writes one rule."""
        return str(self.motion_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteClosesSoon(Event):
    """A vote is over within a day; told once."""

    kind: ClassVar[str] = "vote_closes_soon"
    topic: ClassVar[str] = "governance.vote_closes_soon"
    motion_id: MotionId
    closes_at: datetime

    @property
    def key(self) -> str:
        """Told once for a motion."""
        return str(self.motion_id)


TOLD_TO_EVERYBODY = frozenset({MotionStepped.topic, VoteClosesSoon.topic})
"""Facts of no one person: every live socket hears them, and says what they mean to its person."""
