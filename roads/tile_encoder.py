"""Mapbox Vector Tiles, version 2.1: from shapes in whole tile units to bytes.

Owns the encoding of geometry (section 4.3 of the specification), over whole arrays because a city has
half a million points; the messages are those of the mapbox-vector-tile package. Pure.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from roads.network import LongArray

_MOVE_TO, _LINE_TO, _CLOSE = 1, 2, 15
_POINT, _LINE, _POLYGON = 1, 2, 3
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
    points = shapely.get_coordinates(shape).astype(np.int64)
    return [len(points) << 3 | _MOVE_TO, *_zigzag(points)]


def _commands(lines: "np.ndarray[tuple[int], np.dtype[np.object_]]", *, closed: bool) -> list[int]:
    coords, of_line = shapely.get_coordinates(lines, return_index=True)
    points = coords.astype(np.int64)
    # A point that repeats the one before it draws nothing, and renderers stumble over it.
    fresh = np.ones(len(points), np.bool_)
    fresh[1:] = (points[1:] != points[:-1]).any(axis=1) | (of_line[1:] != of_line[:-1])
    if closed:  # the last point of a ring is its first: the command to close says so
        fresh[:-1] &= of_line[:-1] == of_line[1:]
        fresh[-1] = False
    counts = np.bincount(of_line[fresh], minlength=len(lines))
    long_enough = counts >= (3 if closed else 2)
    fresh &= long_enough[of_line]
    numbers = _zigzag(points[fresh])
    commands: list[int] = []
    here = 0
    for count in counts[long_enough].tolist():
        ahead = here + 2 * count
        commands.append(1 << 3 | _MOVE_TO)
        commands += numbers[here : here + 2]
        commands.append((count - 1) << 3 | _LINE_TO)
        commands += numbers[here + 2 : ahead]
        if closed:
            commands.append(_CLOSE)
        here = ahead
    return commands


def _zigzag(points: LongArray) -> list[int]:
    """Steps from point to point, the first from (0, 0), as numbers without a sign."""
    steps = np.diff(points, axis=0, prepend=np.zeros((1, 2), np.int64))
    numbers: list[int] = ((steps << 1) ^ (steps >> 63)).ravel().tolist()
    return numbers
