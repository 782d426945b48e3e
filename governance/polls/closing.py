"""When a board may still close by itself, and whether witnesses saw it closed in time.

Ballots have no times; that none came late is told by the clocks of witnesses who see the board closed
soon after the hour (decision 0412). A board that was away over the close and came back much later
would close where nobody can vouch for it: it waits instead until the vote is extended.
"""

from collections.abc import Sequence

from governance.ballots import checkpoint
from governance.ballots.hours import Hours
from governance.ballots.manifest import Manifest
from governance.ballots.plain import number_of, parse
from governance.polls.errors import PollUnwitnessed


def may_close(manifest: Manifest, hours: Hours, *, at_ms: int) -> bool:
    """Whether a board that closes now is seen in time: half of the grace is the witnesses'."""
    return at_ms <= hours.closes_at_ms + manifest.grace_seconds * 1000 // 2


def require_seen_closed(manifest: Manifest, close: bytes, notes: Sequence[str]) -> None:
    """Insist on what the verifier will: witnesses enough, from the close to the end of the grace.

    Parameters
    ----------
    close
        The board's close entry.
    notes
        The board's heads.

    Raises
    ------
    PollUnwitnessed
        If too few signed the closed board in that time.
    """
    closed = parse(close)
    earliest = -(-number_of(closed, "closed_at_ms") // 1000)
    latest = earliest + manifest.grace_seconds
    in_time: set[str] = set()
    for note in notes:
        opened = checkpoint.open_note(note, [manifest.board, *manifest.witnesses])
        if checkpoint.read_checkpoint(opened.text).head.size == number_of(closed, "index") + 1:
            in_time |= {
                one.name
                for one in opened.signed
                if one.at_seconds is not None and earliest <= one.at_seconds <= latest
            }
    if len(in_time) < manifest.witnesses_needed:
        raise PollUnwitnessed(manifest.vote)
