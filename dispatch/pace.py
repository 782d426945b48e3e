"""How long after one round the next begins: pure arithmetic of counts and of measured work.

Owns the rule; members vote the longest pace (`round_seconds` of the matching policy), and nobody
waits longer. Where drivers abound, a trip gains little by being compared with the
few others of the same moment, and its rider would rather be answered; where trips abound, a longer
round compares more of them. On a recorded day the plans of 2 to 10 seconds are equally good, and
those of 60 worse (docs/decisions/0341-rounds-hurry-when-little-is-open.md).
"""

SHORTEST_SHARE = (1, 2)
"""Of the longest pace, when next to nothing is open."""

CROWDED_SHARE = (1, 2)
"""Open trips among all open trips and free drivers: from here on the pace is the longest."""

WORK_SHARE = (1, 4)
"""No more than this share of the time is spent in rounds, as long as the longest pace allows."""


def next_round_ms(
    longest_ms: int, *, open_trips: int, free_drivers: int, worked_ms: float = 0.0
) -> int:
    """Milliseconds from the beginning of a round to that of the next.

    Parameters
    ----------
    longest_ms
        The pace that the policy allows at most.
    open_trips, free_drivers
        How many the last round saw.
    worked_ms
        How long the last round took.

    Returns
    -------
    int
        From half of the longest pace, when nothing is open, evenly up to all of it, when there
        are as many trips as drivers. At least four times what the last round took, so that
        rounds leave room for the rest of the service; never more than the longest pace.

    >>> [next_round_ms(1000, open_trips=n, free_drivers=30) for n in (0, 3, 10, 30, 300)]
    [500, 590, 750, 1000, 1000]
    >>> next_round_ms(1000, open_trips=0, free_drivers=30, worked_ms=200)
    800
    """
    assert longest_ms > 0
    assert min(open_trips, free_drivers) >= 0
    assert worked_ms >= 0
    up, down = SHORTEST_SHARE
    shortest_ms = longest_ms * up // down
    everybody = open_trips + free_drivers
    crowded, whole = open_trips * CROWDED_SHARE[1], everybody * CROWDED_SHARE[0]
    spread_ms = longest_ms - shortest_ms
    pace_ms = shortest_ms + (spread_ms * min(crowded, whole) // whole if whole else 0)
    room_ms = round(worked_ms * WORK_SHARE[1] / WORK_SHARE[0])
    return min(longest_ms, max(pace_ms, room_ms))
