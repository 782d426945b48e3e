"""Amendments: another text for a motion, shown as what it takes away and what it adds."""

import difflib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from foundation.identifiers import UUID
from governance.member import MemberId


class AmendmentState(StrEnum):
    """What became of an amendment."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    PUT_TO_VOTE = "put_to_vote"
    CARRIED = "carried"
    DEFEATED = "defeated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A proposed text.

    Attributes
    ----------
    amends_version
        The version of the motion's text that it was written for; it can change no other.
    votes_for, votes_against
        Once it was voted on; the vote is open, by show of names.
    """

    amendment_id: UUID
    by: MemberId
    text: str
    amends_version: int
    proposed_at: datetime
    state: AmendmentState = AmendmentState.WAITING
    votes_for: int | None = None
    votes_against: int | None = None


def diff_of(before: str, after: str) -> str:
    """What changes between two texts, by lines, as a unified diff; empty if nothing does."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "as it stands", "as amended", lineterm="", n=2
    )
    return "\n".join(lines)
