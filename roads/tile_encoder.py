"""Mapbox Vector Tiles, version 2.1: from shapes in whole tile units to bytes.

Owns the encoding of geometry (section 4.3 of the specification); the messages are those of the mapbox-vector-tile package. Pure.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

Shapes = npt.NDArray[np.object_]

_MOVE_TO, _LINE_TO, _CLOSE = 1, 2, 15
VERSION = 2

Rows = Sequence[tuple[tuple[tuple[str, str | int], ...], BaseGeometry]]
"""Attributes and shape of each feature; whole units, y downwards, one kind of shape each."""


def encode_tile(layers: Mapping[str, Rows], extent: int) -> bytes:
    """The bytes of one tile, not compressed; layers in the order given.

    Shapes that are nothing in whole units (a line of one point) are left out.
    """
    from mapbox_vector_tile.Mapbox import vector_tile_pb2

    tile = vector_tile_pb2.tile()
    for name, rows in layers.items():
        layer = tile.layers.add()
        layer.name, layer.version, layer.extent = name, VERSION, extent
        keys: dict[str, int] = {}
        values: dict[tuple[type, str | int], int] = {}
        for attributes, shape in rows:
            geometry = _geometry(shape)
            if not geometry:
                continue
            feature = layer.features.add()
            feature.type = shapely.get_dimensions(shape) + 1
            feature.geometry.extend(geometry)
            for key, value in attributes:
                feature.tags.append(keys.setdefault(key, len(keys)))
                feature.tags.append(values.setdefault((type(value), value), len(values)))
        layer.keys.extend(keys)
        for _, value in values:
            stored = layer.values.add()
            if isinstance(value, str):
                stored.string_value = value
            else:
                stored.int_value = value
        if not layer.features:
            del tile.layers[-1]
    data: bytes = tile.SerializeToString()
    return data


def _geometry(shape: BaseGeometry) -> list[int]:
    """The commands that draw a shape."""
    dimension = int(shapely.get_dimensions(shape))
    if dimension == 2:
        # An outer ring has a positive area where y goes down: counter-clockwise as numbers.
        rings = shapely.get_rings(shapely.get_parts(shapely.orient_polygons(shape)))
        return _commands(rings, closed=True)
    if dimension == 1:
        return _commands(shapely.get_parts(shape), closed=False)
    points = shapely.get_coordinates(shape).astype(np.int64).tolist()
    numbers, _ = _steps(points, (0, 0))
    return [len(points) << 3 | _MOVE_TO, *numbers]


def _commands(lines: Shapes, *, closed: bool) -> list[int]:
    """Each line or ring: move to its first point, draw to the others, close."""
    coords, of_line = shapely.get_coordinates(lines, return_index=True)
    runs: dict[int, list[list[int]]] = {}
    for point, line in zip(coords.astype(np.int64).tolist(), of_line.tolist(), strict=True):
        run = runs.setdefault(line, [])
        # A point that repeats the one before it draws nothing, and renderers stumble over it.
        if not run or run[-1] != point:
            run.append(point)
    commands: list[int] = []
    pen = (0, 0)
    for run in runs.values():
        if closed and run[0] == run[-1]:
            run.pop()  # the command to close says so
        if len(run) < (3 if closed else 2):
            continue
        numbers, pen = _steps(run, pen)
        commands.append(1 << 3 | _MOVE_TO)
        commands += numbers[:2]
        commands.append((len(run) - 1) << 3 | _LINE_TO)
        commands += numbers[2:]
        if closed:
            commands.append(_CLOSE)
    return commands


def _steps(points: list[list[int]], pen: tuple[int, int]) -> tuple[list[int], tuple[int, int]]:
    """Steps from point to point as numbers without a sign, and where the pen is then."""
    at_x, at_y = pen
    numbers: list[int] = []
    for x, y in points:
        east, south = x - at_x, y - at_y
        numbers += ((east << 1) ^ (east >> 63), (south << 1) ^ (south >> 63))
        at_x, at_y = x, y
    return numbers, (at_x, at_y)
