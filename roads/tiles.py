"""Map tiles: a city's own vector map, as one file.

Owns the cutting of map features into Mapbox Vector Tiles (specification 2.1), the PMTiles file
(version 3) they are kept in, and the reading of one tile. Which features there are, and what
their attributes mean, is in docs/reference/tiles.md; they are made by `tile_features` and
`osm_map`. Refuses a file that is no such map.
"""

import gzip
import io
import json
import mmap
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from roads.errors import TilesUnreadable
from roads.network import FloatArray, write_whole

LAYERS = ("land", "green", "water", "boundary", "zones", "rail", "roads", "places")
"""In the order in which a map draws them."""

ZOOM_MIN, ZOOM_MAX = 10, 15
EXTENT = 4096
MARGIN = 64
"""Units by which shapes reach over a tile's edge, so that a line's end is never seen."""

_FINEST, _COARSE = 2.0, 4.0
"""Tolerances of simplifying, units: a quarter and half of a point on a 512-point tile."""

_SMALLEST_AREA = 1024.0
"""Square units under which green and water are left out below zoom 13: 4 by 4 points."""

_ALL_AREAS_FROM = 13
_LAYERS_OF_SMALL_AREAS = frozenset({"green", "water"})
_JOINED = frozenset({"roads", "rail", "water"})
_BROKEN_FILE = (OSError, ValueError, KeyError, IndexError, EOFError, zlib.error)

Attributes = tuple[tuple[str, str | int], ...]
Shapes = npt.NDArray[np.object_]
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MapFeature:
    """One thing on the map.

    Parameters
    ----------
    shape
        Degrees.
    attributes
        Names and values, sorted by name; empty texts and zeros left out (`attributes_of`).
    """

    layer: str
    shape: BaseGeometry
    attributes: Attributes = ()
    zoom_min: int = ZOOM_MIN


def attributes_of(**values: str | int) -> Attributes:
    """Attributes without those that say nothing."""
    return tuple(sorted((name, value) for name, value in values.items() if value not in ("", 0)))


def build_tiles(
    path: Path,
    features: Sequence[MapFeature],
    *,
    title: str,
    attribution: str,
    progress: Progress = lambda _doing, _done: None,
) -> int:
    """Cut all features into tiles and write them as one file, whole or not at all.

    Parameters
    ----------
    features
        Anything to be drawn; at least one has an extent.
    progress
        Told what is being done and how many tiles are done.

    Returns
    -------
    int
        How many tiles were written.
    """
    # Imported here: the libraries are needed to build a map, never to serve one.
    from pmtiles.tile import Compression, TileType, zxy_to_tileid
    from pmtiles.writer import Writer

    assert features
    assert {feature.layer for feature in features} <= set(LAYERS)
    tiles: dict[int, bytes] = {}
    for zoom in range(ZOOM_MIN, ZOOM_MAX + 1):
        for x, y, data in _tiles_of(features, zoom):
            tiles[zxy_to_tileid(zoom, x, y)] = data
        progress("map tiles cut", len(tiles))
    buffer = io.BytesIO()
    new_writer: Any = Writer  # the package has no types
    writer = new_writer(buffer)
    for number in sorted(tiles):
        writer.write_tile(number, tiles[number])
    west, south, east, north = shapely.total_bounds([feature.shape for feature in features])
    header = {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": round(west * 1e7),
        "min_lat_e7": round(south * 1e7),
        "max_lon_e7": round(east * 1e7),
        "max_lat_e7": round(north * 1e7),
        "center_zoom": 13,
        "center_lon_e7": round((west + east) / 2 * 1e7),
        "center_lat_e7": round((south + north) / 2 * 1e7),
    }
    writer.finalize(header, _metadata(features, title, attribution))
    write_whole(path, buffer.getvalue())
    return len(tiles)


class MapTiles:
    """A city's map, open for reading; may be used by many threads.

    The directory of the file is read once: finding a tile is one look into a dictionary, and
    the bytes come straight from the mapped file.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises
        ------
        TilesUnreadable
            If it is missing, broken or not a map of vector tiles.
        """
        from pmtiles.tile import (
            MagicNumberNotFound,
            SpecVersionUnsupported,
            TileType,
            deserialize_header,
        )

        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError as gone:
            raise TilesUnreadable(path, "there is no such file") from gone
        except (OSError, ValueError) as broken:
            raise TilesUnreadable(path, "it is empty or cannot be opened") from broken
        try:
            header = deserialize_header(self._map[:127])
            if header["tile_type"] != TileType.MVT:
                raise ValueError("not vector tiles")
            if header["tile_data_offset"] + header["tile_data_length"] > len(self._map):
                raise ValueError("cut short")
            self._places = dict(_places(self._map, header))
            self.metadata: Mapping[str, Any] = _read_metadata(self._map, header)
        except (MagicNumberNotFound, SpecVersionUnsupported, *_BROKEN_FILE) as broken:
            self._map.close()
            raise TilesUnreadable(path, "it is not a map of vector tiles") from broken

    def tile(self, zoom: int, x: int, y: int) -> bytes | None:
        """One tile, gzipped, or `None` where there is nothing to draw (or no such tile)."""
        from pmtiles.tile import zxy_to_tileid

        if not (ZOOM_MIN <= zoom <= ZOOM_MAX and 0 <= x < 1 << zoom and 0 <= y < 1 << zoom):
            return None
        place = self._places.get(zxy_to_tileid(zoom, x, y))
        return None if place is None else self._map[place[0] : place[0] + place[1]]

    def __len__(self) -> int:
        return len(self._places)

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()


def _places(data: mmap.mmap, header: Mapping[str, Any]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Number, offset and length of each tile, through all directories."""
    from pmtiles.tile import deserialize_directory

    waiting = [(header["root_offset"], header["root_length"])]
    while waiting:
        offset, length = waiting.pop()
        for entry in deserialize_directory(data[offset : offset + length]):
            if entry.run_length == 0:
                waiting.append((header["leaf_directory_offset"] + entry.offset, entry.length))
            for number in range(entry.tile_id, entry.tile_id + entry.run_length):
                yield number, (header["tile_data_offset"] + entry.offset, entry.length)


def _read_metadata(data: mmap.mmap, header: Mapping[str, Any]) -> Mapping[str, Any]:
    start = header["metadata_offset"]
    value = json.loads(gzip.decompress(data[start : start + header["metadata_length"]]))
    if not isinstance(value, dict):
        raise ValueError("metadata is no object")
    return value


def _metadata(
    features: Sequence[MapFeature], title: str, attribution: str
) -> dict[str, str | list[dict[str, object]]]:
    fields: dict[str, dict[str, str]] = defaultdict(dict)
    for feature in features:
        of_layer = fields[feature.layer]
        for name, value in feature.attributes:
            of_layer[name] = "String" if isinstance(value, str) else "Number"
    return {
        "name": title,
        "attribution": attribution,
        "format": "pbf",
        "vector_layers": [
            {
                "id": layer,
                "fields": dict(sorted(fields[layer].items())),
                "minzoom": ZOOM_MIN,
                "maxzoom": ZOOM_MAX,
            }
            for layer in LAYERS
            if layer in fields
        ],
    }


def _tiles_of(features: Sequence[MapFeature], zoom: int) -> Iterator[tuple[int, int, bytes]]:
    """All tiles of one zoom level that have anything in them."""
    shown = [feature for feature in features if feature.zoom_min <= zoom]
    if not shown:
        return
    shapes = _drawn([feature.shape for feature in shown], zoom)
    if zoom < _ALL_AREAS_FROM:
        small = np.array([f.layer in _LAYERS_OF_SMALL_AREAS for f in shown])
        is_area = shapely.get_dimensions(shapes) == 2
        shapes[small & is_area & (shapely.area(shapes) < _SMALLEST_AREA)] = None
    tree = shapely.STRtree(shapes)
    west, north, east, south = (
        int(edge) for edge in np.floor(np.array(shapely.total_bounds(shapes)) / EXTENT)
    )
    for x in range(west, east + 1):
        for y in range(north, south + 1):
            found = np.sort(tree.query(_square(x, y)))
            layers = _cut([shown[i] for i in found], shapes[found], (x * EXTENT, y * EXTENT))
            if layers:
                yield x, y, _encoded(layers)


def _drawn(shapes: Sequence[BaseGeometry], zoom: int) -> Shapes:
    """Shapes in units of a zoom level's plane (Web Mercator, y downwards), simplified."""
    units = float(EXTENT << zoom)

    def project(lonlat: FloatArray) -> FloatArray:
        x = (lonlat[:, 0] + 180.0) / 360.0
        y = 0.5 - np.arcsinh(np.tan(np.radians(lonlat[:, 1]))) / (2 * np.pi)
        return np.stack([x, y], axis=1) * units

    drawn: Shapes = shapely.transform(np.array(shapes, dtype=object), project)
    tolerance = _FINEST if zoom == ZOOM_MAX else _COARSE
    is_line = shapely.get_dimensions(drawn) == 1
    # Lines may cross themselves and need no care; polygons must not.
    drawn[is_line] = shapely.simplify(drawn[is_line], tolerance, preserve_topology=False)
    drawn[~is_line] = shapely.simplify(drawn[~is_line], tolerance)
    return drawn


def _square(x: int, y: int, margin: int = MARGIN) -> BaseGeometry:
    return shapely.box(
        *(x * EXTENT - margin, y * EXTENT - margin),
        *((x + 1) * EXTENT + margin, (y + 1) * EXTENT + margin),
    )


def _cut(
    features: Sequence[MapFeature], shapes: Shapes, origin: tuple[int, int]
) -> dict[str, dict[Attributes, list[BaseGeometry]]]:
    """What one tile shows, by layer and attributes; in whole units from its north-west."""
    if not features:
        return {}
    x, y = origin
    clipped = shapely.clip_by_rect(
        shapes, x - MARGIN, y - MARGIN, x + EXTENT + MARGIN, y + EXTENT + MARGIN
    )
    whole: Shapes = shapely.transform(clipped, lambda units: np.rint(units - origin))
    parts, of_feature = _sound(whole)
    layers: dict[str, dict[Attributes, list[BaseGeometry]]] = defaultdict(dict)
    for part, index in zip(parts, of_feature.tolist(), strict=True):
        feature = features[index]
        layers[feature.layer].setdefault(feature.attributes, []).append(part)
    return layers


def _sound(shapes: Shapes) -> tuple[Shapes, npt.NDArray[np.int64]]:
    """Simple parts that rounding has not made nothing of, and the shape each is part of."""
    wrong = ~shapely.is_valid(shapes) & (shapely.get_dimensions(shapes) == 2)
    shapes[wrong] = shapely.make_valid(shapes[wrong])
    parts, of_shape = shapely.get_parts(shapes, return_index=True)
    if bool(wrong.any()):  # what was mended may be a collection of collections
        parts, of_part = shapely.get_parts(parts, return_index=True)
        of_shape = of_shape[of_part]
    # A polygon mended may leave lines behind: they are nothing to see.
    was_area = shapely.get_dimensions(shapes)[of_shape] == 2
    dimension = shapely.get_dimensions(parts)
    kept = (dimension == 0) & ~shapely.is_empty(parts)
    kept |= (dimension == 1) & (shapely.length(parts) > 0) & ~was_area
    kept |= (dimension == 2) & (shapely.area(parts) > 0)
    return parts[kept], of_shape[kept]


def _encoded(layers: Mapping[str, Mapping[Attributes, list[BaseGeometry]]]) -> bytes:
    from roads.tile_encoder import encode_tile

    rows = {
        layer: [
            (attributes, shape)
            for attributes, parts in layers[layer].items()
            for shape in _joined(parts, layer in _JOINED)
        ]
        for layer in LAYERS
        if layer in layers
    }
    return gzip.compress(encode_tile(rows, EXTENT), mtime=0)


def _joined(parts: list[BaseGeometry], join: bool) -> list[BaseGeometry]:
    """Things of the same attributes as one feature: lines end to end, polygons side by side."""
    if len(parts) == 1:
        return parts
    kinds: dict[str, list[BaseGeometry]] = defaultdict(list)
    for part in parts:
        kinds[part.geom_type].append(part)
    out: list[BaseGeometry] = []
    for kind, alike in sorted(kinds.items()):
        if kind == "LineString" and join and len(alike) > 1:
            out.append(shapely.line_merge(shapely.multilinestrings(alike), directed=True))
        elif kind == "Polygon" and len(alike) > 1:
            out.append(shapely.multipolygons(alike))
        else:
            out.extend(alike)
    return out
