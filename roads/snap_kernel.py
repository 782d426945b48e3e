"""The inner loops of snapping, compiled to machine code by Numba.

Owns nothing but speed: only `roads.snap` imports it, when an index is made. Streets are cut into
straight pieces, and each cell of one grid lists the pieces whose box touches it. A point looks at
rings of cells around its own until nothing nearer can come. All lengths are metres on the plane.
"""

import numpy as np

from foundation.compiled import compiled
from roads.network import FloatArray, LongArray


@compiled
def _cell(value: float, corner: float, width: float, cells: int) -> int:
    return min(max(int(np.floor((value - corner) / width)), 0), cells - 1)


@compiled
def grid(
    pieces: FloatArray, corner: FloatArray, width: float, shape: LongArray
) -> tuple[LongArray, LongArray]:
    """Which pieces touch each cell.

    Parameters
    ----------
    pieces
        (pieces, 4): x and y of where each begins and ends.
    corner, width, shape
        Where the grid begins, (2,); the width of a cell; columns and rows, (2,).

    Returns
    -------
    tuple of numpy.ndarray
        Those of cell ``c`` (row by row) are ``members[first[c]:first[c + 1]]``, ascending.
    """
    columns, rows = shape[0], shape[1]
    first = np.zeros(columns * rows + 1, np.int64)
    members = np.empty(0, np.int64)
    for is_filling in (False, True):
        for piece in range(len(pieces)):
            x0, y0, x1, y1 = pieces[piece]
            left, right = min(x0, x1), max(x0, x1)
            low, high = min(y0, y1), max(y0, y1)
            for row in range(
                _cell(low, corner[1], width, rows), _cell(high, corner[1], width, rows) + 1
            ):
                for column in range(
                    _cell(left, corner[0], width, columns),
                    _cell(right, corner[0], width, columns) + 1,
                ):
                    cell = row * columns + column
                    if is_filling:
                        members[first[cell]] = piece
                    first[cell if is_filling else cell + 1] += 1
        if is_filling:
            # Each beginning has moved on to its cell's end: the next one's beginning.
            first[1:] = first[:-1].copy()
            first[0] = 0
        else:
            first = np.cumsum(first)
            members = np.empty(first[-1], np.int64)
    return first, members


@compiled
def _apart(x: float, y: float, piece: FloatArray) -> tuple[float, float]:
    """Squared distance from a point to a piece, and how far along the piece that is, 0 to 1."""
    x0, y0 = piece[0], piece[1]
    east, north = piece[2] - x0, piece[3] - y0
    squared = east * east + north * north
    along = 0.0
    if squared > 0:
        along = min(max(((x - x0) * east + (y - y0) * north) / squared, 0.0), 1.0)
    off_east, off_north = x0 + along * east - x, y0 + along * north - y
    return off_east * off_east + off_north * off_north, along


@compiled
def _nearest(  # noqa: PLR0917 - compiled loops take plain arrays
    x: float,
    y: float,
    pieces: FloatArray,
    first: LongArray,
    members: LongArray,
    corner: FloatArray,
    width: float,
    shape: LongArray,
) -> tuple[float, int]:
    """The squared distance to the nearest piece, and which it is; of equals the lowest number."""
    columns, rows = shape[0], shape[1]
    column, row = _cell(x, corner[0], width, columns), _cell(y, corner[1], width, rows)
    best, which = np.inf, -1
    for ring in range(max(columns, rows)):
        for r in range(max(row - ring, 0), min(row + ring, rows - 1) + 1):
            # The whole row at the top and the bottom of the ring, its two ends between them.
            step = 1 if abs(r - row) == ring else 2 * ring
            for c in range(column - ring, column + ring + 1, step):
                if c < 0 or c >= columns:
                    continue
                for place in range(first[r * columns + c], first[r * columns + c + 1]):
                    piece = members[place]
                    apart, _ = _apart(x, y, pieces[piece])
                    if apart < best or (apart == best and piece < which):
                        best, which = apart, piece
        # Whatever lies further out is at least so many whole cells away.
        if best <= (ring * width) ** 2:
            break
    return best, which


@compiled
def _find(streets: LongArray, found: LongArray, begin: int, size: int, piece: int) -> int:
    """Where among the finds from ``begin`` on a piece of the same street stands, or ``size``."""
    place = begin
    while place < size and streets[found[place]] != streets[piece]:
        place += 1
    return place


@compiled
def snap(  # noqa: PLR0917
    points: FloatArray,
    pieces: FloatArray,
    streets: LongArray,
    first: LongArray,
    members: LongArray,
    corner: FloatArray,
    width: float,
    shape: LongArray,
    slack: float,
) -> tuple[LongArray, LongArray, LongArray, FloatArray]:
    """For each point its nearest piece, and the nearest piece of each street about as near.

    Parameters
    ----------
    streets
        The street of each piece; those of one street stand together, in its direction.
    slack
        How much further than the nearest still counts.

    Returns
    -------
    tuple of nearest, which, found and along
        A piece for each point, (points,). Then for each find the point, the piece, and how far
        along the piece, (finds,), in no particular order.
    """
    columns = shape[0]
    nearest = np.empty(len(points), np.int64)
    which, found = np.empty(2 * len(points), np.int64), np.empty(2 * len(points), np.int64)
    size = 0
    for point in range(len(points)):
        x, y = points[point]
        best, piece = _nearest(x, y, pieces, first, members, corner, width, shape)
        nearest[point] = piece
        begin, reach = size, np.sqrt(best) + slack
        for r in range(
            _cell(y - reach, corner[1], width, shape[1]),
            _cell(y + reach, corner[1], width, shape[1]) + 1,
        ):
            for c in range(
                _cell(x - reach, corner[0], width, columns),
                _cell(x + reach, corner[0], width, columns) + 1,
            ):
                for place in range(first[r * columns + c], first[r * columns + c + 1]):
                    piece = members[place]
                    apart, _ = _apart(x, y, pieces[piece])
                    if apart > reach * reach:
                        continue
                    known = _find(streets, found, begin, size, piece)
                    if known < size:
                        before, _ = _apart(x, y, pieces[found[known]])
                        if apart < before or (apart == before and piece < found[known]):
                            found[known] = piece
                        continue
                    if size == len(found):
                        which = np.concatenate((which, np.empty_like(which)))
                        found = np.concatenate((found, np.empty_like(found)))
                    which[size], found[size] = point, piece
                    size += 1
    along = np.empty(size)
    for find in range(size):
        x, y = points[which[find]]
        _, along[find] = _apart(x, y, pieces[found[find]])
    return nearest, which[:size], found[:size], along
