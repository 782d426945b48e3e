"""Candidates of an election: nominated, on the ballot, or withdrawn."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from governance.member import MemberId


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody nominated.

    Attributes
    ----------
    name
        As on the ballot; None until they accept.
    withdrew_at
        When they said that they do not stand after all; for this election that is their last word.
    """

    member_id: MemberId
    name: str | None = None
    withdrew_at: datetime | None = None


def ballot_names(candidates: Iterable[Candidate]) -> tuple[str, ...]:
    """The names on the ballot: of those who accepted and have not withdrawn, in the order given."""
    return tuple(one.name for one in candidates if one.name is not None and one.withdrew_at is None)
