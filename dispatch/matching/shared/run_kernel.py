"""Runs as plain arrays, and the loops over them, compiled to machine code.

Owns speed: one tried place in a run takes well under a microsecond, so that a simulation may keep
thousands of runs as rows of a table and work on them in place.

The arrays, all int64 unless said:

- ``trips`` (trips, 9): the columns `PICKUP` to `DIRECT`. Places are rows of the travel table.
- ``drivers`` (drivers, 4): the columns `PLACE` to `FINISH_BY`.
- ``stops`` (drivers, stops_max) and ``counts`` (drivers,): stop ``2 * trip`` is a pick-up and
  ``2 * trip + 1`` the drop-off of that trip. A trip on board has only its drop-off left.
- ``travel`` int32 (places, places): milliseconds from row to column; `UNREACHED` where no road.
- ``rates`` (4,): `DRIVE`, `DELAY`, `WAIT` (weights of a millisecond driven, of delay at a drop-off,
  of waiting at a pick-up) and `DWELL` (milliseconds that the car stands at each stop).

All times are milliseconds on one scale. A stop *begins* when the car is there and, at a pick-up,
the rider too (not before `WANTED_AT`); it ends `DWELL` later. A ride lasts from the end of its
pick-up to the beginning of its drop-off. All ids are checked by the caller.
"""

import numpy as np
from numpy.typing import NDArray

from foundation.compiled import compiled

Whole = NDArray[np.int64]
Travel = NDArray[np.int32]

PICKUP, DROPOFF, SEATS, WANTED_AT, PICKUP_BY, DROPOFF_BY, RIDE_MAX, BOARDED_AT, DIRECT = range(9)
PLACE, FREE_AT, CAPACITY, FINISH_BY = range(4)
DRIVE, DELAY, DWELL, WAIT = range(4)

NEVER = 1 << 60
"""A deadline that never comes; also the cost of what cannot be."""

NOT_ABOARD = -NEVER
"""In place of `BOARDED_AT` for a rider who is still to be picked up."""

UNREACHED = 2**31 - 1

KEPT, SEATS_EXCEEDED, PICKED_UP_LATE, DROPPED_LATE, RIDDEN_TOO_LONG, FINISHED_LATE = range(6)
"""What a run breaks, first of all at its earliest stop; `KEPT` if nothing."""

_BEGIN, _TRIAL, _FROM, _LOAD = range(4)
SCRATCH_ROWS = 4


@compiled
def broken_at(  # noqa: PLR0917 - compiled loops take plain arrays
    code: int, begin: int, ended: int, load: int, capacity: int, trips: Whole
) -> int:
    """Which limit a stop breaks.

    ``ended`` is when its trip's pick-up ended (for a drop-off), ``load`` the seats taken after it.
    """
    trip = code >> 1
    if code & 1 == 0:
        if load > capacity:
            return SEATS_EXCEEDED
        return PICKED_UP_LATE if begin > trips[trip, PICKUP_BY] else KEPT
    if begin > trips[trip, DROPOFF_BY]:
        return DROPPED_LATE
    return RIDDEN_TOO_LONG if begin - ended > trips[trip, RIDE_MAX] else KEPT


@compiled
def seats_aboard(stops: Whole, count: int, trips: Whole) -> int:
    """Seats taken before the first stop: trips whose pick-up lies behind."""
    load = 0
    for p in range(count):
        if stops[p] & 1 and trips[stops[p] >> 1, BOARDED_AT] != NOT_ABOARD:
            load += trips[stops[p] >> 1, SEATS]
    return load


@compiled
def follow(  # noqa: PLR0917 - compiled loops take plain arrays
    stops: Whole, count: int, driver: Whole, trips: Whole, travel: Travel, dwell: int, begins: Whole
) -> tuple[int, int, int]:
    """Drive a run as soon as possible, whatever it breaks.

    Writes when each stop begins into ``begins``. Returns the time driven, the first limit broken,
    and at which stop.
    """
    now, place, drive = driver[FREE_AT], driver[PLACE], 0
    load = seats_aboard(stops, count, trips)
    broken, where = (SEATS_EXCEEDED, 0) if load > driver[CAPACITY] else (KEPT, -1)
    for p in range(count):
        code = stops[p]
        trip, kind = code >> 1, code & 1
        leg = int(travel[place, trips[trip, kind]])
        begin = now + leg
        ended = trips[trip, BOARDED_AT]
        if kind == 0:
            begin = max(begin, trips[trip, WANTED_AT])
            load += trips[trip, SEATS]
        else:
            load -= trips[trip, SEATS]
            for q in range(p):
                if stops[q] == code - 1:
                    ended = begins[q] + dwell
        if broken == KEPT:
            broken = broken_at(code, begin, ended, load, driver[CAPACITY], trips)
            where = p if broken != KEPT else -1
        begins[p] = begin
        now, place, drive = begin + dwell, trips[trip, kind], drive + leg
    if broken == KEPT and count > 0 and now > driver[FINISH_BY]:
        broken, where = FINISHED_LATE, count - 1
    return drive, broken, where


@compiled
def _prepare(  # noqa: PLR0917 - compiled loops take plain arrays
    stops: Whole, count: int, driver: Whole, trips: Whole, travel: Travel, dwell: int, pad: Whole
) -> int:
    """Fill the scratch of a run: when its stops begin, where each began, seats before each stop.

    Returns the first limit that the run breaks as it stands.
    """
    _, broken, _ = follow(stops, count, driver, trips, travel, dwell, pad[_BEGIN])
    load = seats_aboard(stops, count, trips)
    for p in range(count):
        code = stops[p]
        pad[_TRIAL, p] = pad[_BEGIN, p]
        pad[_LOAD, p] = load
        load += trips[code >> 1, SEATS] * (1 - 2 * (code & 1))
        pad[_FROM, p] = -1
        if code & 1:
            for q in range(p):
                if stops[q] == code - 1:
                    pad[_FROM, p] = q
    pad[_LOAD, count] = load
    return broken


@compiled
def _pass(  # noqa: PLR0917 - compiled loops take plain arrays
    p: int, stops: Whole, now: int, place: int, extra: int, capacity: int, trips: Whole,
    travel: Travel, dwell: int, pad: Whole,
) -> tuple[int, int]:  # fmt: skip
    """Serve stop ``p`` of the run as it stands, leaving ``place`` at ``now`` with ``extra`` seats.

    Returns when it begins, or -1 if it cannot, and the time driven to it.
    """
    code = stops[p]
    trip, kind = code >> 1, code & 1
    leg = int(travel[place, trips[trip, kind]])
    begin, ended, load = now + leg, trips[trip, BOARDED_AT], 0
    if kind == 0:
        begin = max(begin, trips[trip, WANTED_AT])
        load = pad[_LOAD, p + 1] + extra
    elif pad[_FROM, p] >= 0:
        ended = pad[_TRIAL, pad[_FROM, p]] + dwell
    if broken_at(code, begin, ended, load, capacity, trips) != KEPT:
        return -1, leg
    pad[_TRIAL, p] = begin
    return begin, leg


@compiled
def _finish(  # noqa: PLR0917 - compiled loops take plain arrays
    p: int, stops: Whole, count: int, now: int, place: int, driver: Whole, trips: Whole,
    travel: Travel, rates: Whole, pad: Whole,
) -> tuple[bool, int]:  # fmt: skip
    """Serve stops ``p`` to the last. Returns whether it can, and the weighted drive and delays."""
    cost, dwell = 0, rates[DWELL]
    while p < count:
        begin, leg = _pass(p, stops, now, place, 0, driver[CAPACITY], trips, travel, dwell, pad)
        if begin < 0:
            return False, cost
        code = stops[p]
        later = begin - pad[_BEGIN, p]
        cost += rates[DRIVE] * leg + (rates[DELAY] if code & 1 else rates[WAIT]) * later
        now, place = begin + dwell, trips[code >> 1, code & 1]
        p += 1
    return now <= driver[FINISH_BY], cost


@compiled
def _best_dropoff(  # noqa: PLR0917 - compiled loops take plain arrays
    i: int, stops: Whole, count: int, driver: Whole, trips: Whole, trip: int, travel: Travel,
    rates: Whole, pad: Whole,
) -> tuple[int, int]:  # fmt: skip
    """The best place of the drop-off when the pick-up comes before stop ``i``.

    The trial times before stop ``i`` are those of the run as it stands. Returns drive and delays,
    weighted and without the drive of the run as it stands, and the stop before which the drop-off comes. `NEVER` if there is none.
    """
    dwell, capacity, seats = rates[DWELL], driver[CAPACITY], trips[trip, SEATS]
    now, place, best, best_j = driver[FREE_AT], driver[PLACE], NEVER, -1
    if i > 0:
        before = stops[i - 1]
        now, place = pad[_BEGIN, i - 1] + dwell, trips[before >> 1, before & 1]
    if pad[_LOAD, i] + seats > capacity:
        return best, best_j
    leg = int(travel[place, trips[trip, PICKUP]])
    begin = max(now + leg, trips[trip, WANTED_AT])
    if begin > trips[trip, PICKUP_BY]:
        return best, best_j
    soonest, ended = trips[trip, WANTED_AT] + trips[trip, DIRECT], begin + dwell
    so_far = rates[DRIVE] * leg + rates[WAIT] * (begin - trips[trip, WANTED_AT])
    now, place = ended, trips[trip, PICKUP]
    for j in range(i, count + 1):
        leg = int(travel[place, trips[trip, DROPOFF]])
        begin = now + leg
        if begin <= trips[trip, DROPOFF_BY] and begin - ended <= trips[trip, RIDE_MAX]:
            fits, rest = _finish(
                j, stops, count, begin + dwell, trips[trip, DROPOFF], driver, trips, travel,
                rates, pad,
            )  # fmt: skip
            cost = so_far + rates[DRIVE] * leg + rates[DELAY] * (begin - soonest) + rest
            if fits and cost < best:
                best, best_j = cost, j
        if j == count:
            break
        begin, leg = _pass(j, stops, now, place, seats, capacity, trips, travel, dwell, pad)
        if begin < 0:
            break
        code = stops[j]
        later = begin - pad[_BEGIN, j]
        so_far += rates[DRIVE] * leg + (rates[DELAY] if code & 1 else rates[WAIT]) * later
        now, place = begin + dwell, trips[code >> 1, code & 1]
    return best, best_j


@compiled
def _least(  # noqa: PLR0917 - compiled loops take plain arrays
    i: int, place: int, boards: int, stops: Whole, count: int, trips: Whole, trip: int,
    travel: Travel, rates: Whole, pad: Whole,
) -> int:  # fmt: skip
    """What a trip at least costs whose pick-up comes before stop ``i``, reached from ``place``.

    As if its drop-off cost no driving and no time: what its own wait costs, the way by its pick-up,
    and how much later that makes the stops ahead, as far as the first that has to wait for its
    rider anyhow. `NEVER` if one of them then breaks a limit. For tables of shortest times.
    """
    pickup, dwell = trips[trip, PICKUP], rates[DWELL]
    cost = (rates[WAIT] + rates[DELAY]) * (boards - trips[trip, WANTED_AT])
    leg = int(travel[place, pickup])
    if i == count:
        return int(cost + rates[DRIVE] * (leg + trips[trip, DIRECT]))
    after = trips[stops[i] >> 1, stops[i] & 1]
    onward = int(travel[pickup, after])
    cost += rates[DRIVE] * (leg + onward - int(travel[place, after]))
    later = boards + dwell + onward - pad[_BEGIN, i]
    for q in range(i, count):
        code, begin = stops[q], pad[_BEGIN, q]
        one = code >> 1
        if later <= 0 or (code & 1 == 0 and begin == trips[one, WANTED_AT]):
            break
        begin += later
        if code & 1 == 0:
            if begin > trips[one, PICKUP_BY]:
                return NEVER
            cost += rates[WAIT] * later
            continue
        ended = trips[one, BOARDED_AT]
        if pad[_FROM, q] >= 0:
            ended = pad[_BEGIN, pad[_FROM, q]] + dwell
        rides_longer = pad[_FROM, q] < i and begin - ended > trips[one, RIDE_MAX]
        if rides_longer or begin > trips[one, DROPOFF_BY]:
            return NEVER
        cost += rates[DELAY] * later
    return int(cost)


@compiled
def best_place(  # noqa: PLR0917 - compiled loops take plain arrays
    stops: Whole, count: int, driver: Whole, trips: Whole, trip: int, travel: Travel, rates: Whole,
    pad: Whole,
) -> tuple[int, int, int]:  # fmt: skip
    """The cheapest pair of places of a trip in a run, of all that keep every limit.

    Returns the cost, and before which stop (of the run as it stands) the pick-up and the drop-off
    come: 0 <= pick-up <= drop-off <= count. Equal costs: the earliest pick-up, then the earliest
    drop-off. `NEVER`, -1, -1 if the trip does not fit, or the run breaks a limit already.
    ``pad`` is scratch: (SCRATCH_ROWS, stops_max + 1).
    """
    return cheaper_place(stops, count, driver, trips, trip, travel, rates, NEVER, pad)


@compiled
def cheaper_place(  # noqa: PLR0917 - compiled loops take plain arrays
    stops: Whole, count: int, driver: Whole, trips: Whole, trip: int, travel: Travel, rates: Whole,
    bound: int, pad: Whole,
) -> tuple[int, int, int]:  # fmt: skip
    """`best_place`, if it costs less than ``bound``; else the bound, -1, -1.

    A bound below `NEVER` saves most of the work where ``travel`` is of shortest times: then a later
    place of the pick-up never lets the rider wait less, and no stop shortens a way.
    """
    best, best_i, best_j = bound, -1, -1
    if _prepare(stops, count, driver, trips, travel, rates[DWELL], pad) != KEPT:
        return best, best_i, best_j
    driven, place = 0, driver[PLACE]
    for p in range(count):
        there = trips[stops[p] >> 1, stops[p] & 1]
        driven += int(travel[place, there])
        place = there
    before, place, now = 0, driver[PLACE], driver[FREE_AT]
    pickup, wanted, pickup_by = trips[trip, PICKUP], trips[trip, WANTED_AT], trips[trip, PICKUP_BY]
    for i in range(count + 1):
        if i > 0:
            there = trips[stops[i - 1] >> 1, stops[i - 1] & 1]
            before += int(travel[place, there])
            place, now = there, pad[_BEGIN, i - 1] + rates[DWELL]
            pad[_TRIAL, i - 1] = pad[_BEGIN, i - 1]
        if bound < NEVER:
            boards = max(now + int(travel[place, pickup]), wanted)
            if boards > pickup_by or (rates[WAIT] + rates[DELAY]) * (boards - wanted) >= best:
                break
            if _least(i, place, boards, stops, count, trips, trip, travel, rates, pad) >= best:
                continue
        cost, j = _best_dropoff(i, stops, count, driver, trips, trip, travel, rates, pad)
        if j >= 0:
            cost += rates[DRIVE] * (before - driven)
            if cost < best:
                best, best_i, best_j = cost, i, j
    return best, best_i, best_j


@compiled
def best_places(  # noqa: PLR0917 - compiled loops take plain arrays
    stops: Whole, counts: Whole, drivers: Whole, trips: Whole, trip: int, candidates: Whole,
    travel: Travel, rates: Whole,
) -> Whole:  # fmt: skip
    """`best_place` of one trip in the run of each candidate driver: (candidates, 3)."""
    pad = np.empty((SCRATCH_ROWS, stops.shape[1] + 1), np.int64)
    found = np.empty((len(candidates), 3), np.int64)
    for k in range(len(candidates)):
        d = candidates[k]
        cost, i, j = NEVER, -1, -1
        if counts[d] + 2 <= stops.shape[1]:
            cost, i, j = best_place(
                stops[d], counts[d], drivers[d], trips, trip, travel, rates, pad
            )
        found[k, 0], found[k, 1], found[k, 2] = cost, i, j
    return found


@compiled
def insert(stops: Whole, count: int, trip: int, i: int, j: int) -> None:
    """Put a trip into a row of stops, in place, where `best_place` said."""
    for p in range(count - 1, j - 1, -1):
        stops[p + 2] = stops[p]
    stops[j + 1] = 2 * trip + 1
    for p in range(j - 1, i - 1, -1):
        stops[p + 1] = stops[p]
    stops[i] = 2 * trip
