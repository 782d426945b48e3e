"""The inner loops of matching, compiled to machine code by Numba.

Owns nothing but speed: importing this module brings the compiler in, so it is imported where it is
first needed. The loops hold no interpreter lock, and use no arithmetic that could differ between
machines: whole numbers, and square roots, which IEEE 754 fixes to the last bit.
"""

import numpy as np
from numpy.typing import NDArray

from foundation.compiled import compiled

Whole = NDArray[np.int64]

WINDOW = 2
"""Cells looked at on each side of a trip's own."""


TOO_MANY = 4
"""Times the drivers wanted: where so many are, narrower cells will do."""


@compiled
def _spread_bits(number: np.int64) -> np.int64:
    """The lowest 24 bits of a number with a gap after each."""
    spread = np.int64(number) & 0xFFFFFF
    spread = (spread | (spread << 16)) & 0x0000FFFF0000FFFF
    spread = (spread | (spread << 8)) & 0x00FF00FF00FF00FF
    spread = (spread | (spread << 4)) & 0x0F0F0F0F0F0F0F0F
    spread = (spread | (spread << 2)) & 0x3333333333333333
    return (spread | (spread << 1)) & 0x5555555555555555


@compiled
def morton_keys(columns: Whole, rows: Whole) -> Whole:
    """Places of cells on Morton's curve, on which every square of 2^n by 2^n cells is one run.

    G. M. Morton, "A Computer Oriented Geodetic Data Base and a New Technique in File Sequencing",
    IBM, 1966. Columns and rows are below 2^24; all (cells,).
    """
    keys = np.empty(len(columns), np.int64)
    for cell in range(len(columns)):
        keys[cell] = _spread_bits(columns[cell]) | (_spread_bits(rows[cell]) << 1)
    return keys


@compiled
def _first_at_least(keys: Whole, wanted: np.int64) -> np.int64:
    low, high = np.int64(0), np.int64(len(keys))
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _runs(  # noqa: PLR0917 - compiled loops take plain arrays
    keys: Whole, column: np.int64, row: np.int64, level: int, cells_max: Whole, runs: Whole
) -> tuple[int, int]:
    """Runs of drivers in the cells around one, written into `runs`; how many, and how many drivers.

    `column` and `row` are those of the finest cell; a cell of a level is 2^level of those wide.
    """
    found, drivers = 0, 0
    for r in range((row >> level) - WINDOW, (row >> level) + WINDOW + 1):
        if r < 0 or r > cells_max[1] >> level:
            continue
        for c in range((column >> level) - WINDOW, (column >> level) + WINDOW + 1):
            if c < 0 or c > cells_max[0] >> level:
                continue
            key = (_spread_bits(np.int64(c)) | (_spread_bits(np.int64(r)) << 1)) << (2 * level)
            first = _first_at_least(keys, key)
            end = _first_at_least(keys, key + (np.int64(1) << (2 * level)))
            if end > first:
                runs[found, 0], runs[found, 1] = first, end
                found += 1
                drivers += int(end - first)
    return found, drivers


@compiled
def _keep_nearest(
    away: np.int64, driver: np.int64, kept: int, kept_away: Whole, kept_driver: Whole
) -> int:
    """Put a driver into a list of the nearest in order; how many it holds then."""
    wanted = len(kept_away)
    place = kept
    while place > 0 and (
        kept_away[place - 1] > away
        or (kept_away[place - 1] == away and kept_driver[place - 1] > driver)
    ):
        place -= 1
    if place >= wanted:
        return kept
    last = min(kept, wanted - 1)
    for move in range(last, place, -1):
        kept_away[move], kept_driver[move] = kept_away[move - 1], kept_driver[move - 1]
    kept_away[place], kept_driver[place] = away, driver
    return min(kept + 1, wanted)


@compiled
def _crow(east: np.int64, north: np.int64) -> np.int64:
    """The straight line, cut down, as `columns.crow_decimetres` has it."""
    return np.int64(np.sqrt(np.float64(east * east + north * north)))


@compiled
def nearest(  # noqa: PLR0917
    keys: Whole,
    drivers: Whole,
    places: Whole,
    busy: Whole,
    cells_max: Whole,
    corner: Whole,
    pickups: Whole,
    wanted: int,
    cell_width: int,
    reach: int,
) -> tuple[Whole, Whole, Whole]:
    """For each pick-up its nearest drivers, by straight line plus what a busy driver is behind.

    Parameters
    ----------
    keys, drivers, places, busy
        Drivers in the order of their cells: key of the cell, row in the snapshot, (x, y), and
        what they are behind; the places and distances in decimetres.
    cells_max, corner
        Highest column and row of a finest cell; where cells begin, decimetres; both (2,).
    pickups
        (trips, 2), decimetres.
    wanted, cell_width, reach
        Drivers to find; width of the finest cells; nobody further away matters.

    Returns
    -------
    tuple of numpy.ndarray
        Rows of the drivers, (trips, wanted), nearest first and equally near by row; how many were
        found, which is fewer only where there are no more in reach; how many were looked at.
    """
    found = np.empty((len(pickups), wanted), np.int64)
    counts, looked_at = np.empty(len(pickups), np.int64), np.zeros(len(pickups), np.int64)
    kept_away = np.empty(wanted, np.int64)
    runs = np.empty(((2 * WINDOW + 1) ** 2, 2), np.int64)
    level = 0
    for trip in range(len(pickups)):
        x, y = pickups[trip, 0], pickups[trip, 1]
        column, row = (x - corner[0]) // cell_width, (y - corner[1]) // cell_width
        # Two trips are likely to need cells of about the same width; the answer is the same.
        level, may_narrow = max(0, level - 1), True
        while True:
            surely_within = WINDOW * (cell_width << level)
            is_last = surely_within >= reach or len(keys) <= wanted
            run_count, there = _runs(keys, column, row, level, cells_max, runs)
            if len(keys) <= wanted:
                runs[0, 0], runs[0, 1] = 0, len(keys)
                run_count, there = 1, len(keys)
            if there > TOO_MANY * wanted and may_narrow and level > 0:
                level -= 1
                continue
            may_narrow = False
            if there < wanted and not is_last:
                level += 1
                continue
            looked_at[trip] += there
            kept, within = 0, 0
            for run in range(run_count):
                for place in range(runs[run, 0], runs[run, 1]):
                    away = _crow(x - places[place, 0], y - places[place, 1]) + busy[place]
                    if is_last or away <= surely_within:
                        within += 1
                        kept = _keep_nearest(away, drivers[place], kept, kept_away, found[trip])
            if is_last or within >= wanted:
                counts[trip] = kept
                break
            level += 1
    return found, counts, looked_at
