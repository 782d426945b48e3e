"""When a vote is open: from an instant to before another, which may move later and never earlier."""

from dataclasses import dataclass, replace

from governance.ballots.errors import ExtensionShortens
from governance.ballots.manifest import Manifest
from governance.ballots.plain import Fields
from governance.errors import VoteNotOpen

NOT_YET_OPEN = "This vote has not opened yet; come back when it does."
IS_CLOSED = "This vote is closed; nothing more is taken."


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Milliseconds since 1970-01-01 UTC: open from the first to before the second."""

    opens_at_ms: int
    closes_at_ms: int

    @classmethod
    def of(cls, manifest: Manifest) -> "Hours":
        """The hours as noticed."""
        return cls(opens_at_ms=manifest.opens_at_ms, closes_at_ms=manifest.closes_at_ms)

    def extended(self, closes_at_ms: int, *, at_ms: int, is_closed: bool = False) -> "Hours":
        """The hours with a later close, decided at `at_ms`.

        Also after the hour, while the board is not closed: in an outage over the close there is no
        other way to give the time back.

        Raises
        ------
        ExtensionShortens
            If it is not later, or past already.
        VoteNotOpen
            If the board is closed: what is closed stays closed.
        """
        if is_closed:
            raise VoteNotOpen(IS_CLOSED)
        if closes_at_ms <= max(self.closes_at_ms, at_ms):
            raise ExtensionShortens
        return replace(self, closes_at_ms=closes_at_ms)

    def require_open(self, at_ms: int) -> None:
        """Insist that the vote is open.

        Raises
        ------
        VoteNotOpen
            If it is not.
        """
        if at_ms < self.opens_at_ms:
            raise VoteNotOpen(NOT_YET_OPEN)
        if at_ms >= self.closes_at_ms:
            raise VoteNotOpen(IS_CLOSED)


def extension_entry(hours: Hours, reason: str) -> Fields:
    """The board's entry that tells of a later close."""
    return {"kind": "extension", "closes_at_ms": hours.closes_at_ms, "reason": reason}


def close_entry(hours: Hours) -> Fields:
    """The board's entry behind which no ballot stands."""
    return {"kind": "close", "closed_at_ms": hours.closes_at_ms}
