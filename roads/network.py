"""The road network as one frozen value: what every engine, map and pack is made from.

Owns the shape of a network and its file. An *arc* is a stretch of street driven in one
direction, from one junction to the next; a two-way street is two arcs that know each other
(`reverse_arc`). A *turn* is a pair of arcs that may be driven one after the other. Searches run
over arcs and turns, not over junctions, because only so can a forbidden turn be obeyed.

Refuses a file that is broken, altered or of another version. Making a network out of raw arcs
is in `roads.build`.
"""

import contextlib
import hashlib
import io
import json
import os
import threading
import zipfile
import zlib
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from roads.errors import NetworkUnreadable

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]
LongArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
WeightArray = npt.NDArray[np.uint32]

FILE_VERSION = 1
"""Raised whenever an array changes its name, type or meaning."""

ARC_MS_MAX = 3_600_000
"""No arc takes longer than an hour; one that would now is better closed."""

_BROKEN_ARCHIVE = (
    *(OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error),
    RuntimeError,  # zipfile's answer to a flipped bit that says "encrypted" or an odd method
)

_ARRAYS: dict[str, type[np.generic]] = {
    "node_lon": np.float64,
    "node_lat": np.float64,
    "arc_tail": np.int32,
    "arc_head": np.int32,
    "arc_ms": np.uint32,
    "arc_metres": np.float32,
    "arc_name": np.int32,
    "reverse_arc": np.int32,
    "coords": np.float64,
    "offsets": np.int64,
    "turn_from": np.int32,
    "turn_to": np.int32,
    "turn_ms": np.uint32,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadNetwork:
    """Streets between junctions, in both senses of direction, with the turns allowed.

    Every arc can reach every other arc by allowed turns (the network is strongly connected),
    no arc begins and ends at the same junction, and all arrays are read-only.

    Parameters
    ----------
    node_lon, node_lat
        Degrees, WGS 84, float64, (nodes,).
    arc_tail, arc_head
        Junction each arc leaves and enters, int32, (arcs,).
    arc_ms
        Free-flow time to drive the whole arc, milliseconds, uint32, 1 to `ARC_MS_MAX`, (arcs,).
    arc_metres
        Length along the street, metres, float32, (arcs,).
    arc_name
        Index into `names`; 0 is the street without a name, int32, (arcs,).
    reverse_arc
        The same street driven the other way, -1 where it is one-way, int32, (arcs,).
        The two have mirrored polylines.
    coords, offsets
        Polylines: arc ``a`` is ``coords[offsets[a]:offsets[a + 1]]``, float64 (points, 2) as
        (longitude, latitude), from tail to head, at least two points each; int64 (arcs + 1,).
    turn_from, turn_to, turn_ms
        Allowed turns, sorted by (from, to), and the delay of each in milliseconds; int32, int32
        and uint32, (turns,).
    names
        Street names, each once; ``names[0] == ""``.
    """

    node_lon: FloatArray
    node_lat: FloatArray
    arc_tail: IntArray
    arc_head: IntArray
    arc_ms: WeightArray
    arc_metres: npt.NDArray[np.float32]
    arc_name: IntArray
    reverse_arc: IntArray
    coords: FloatArray
    offsets: LongArray
    turn_from: IntArray
    turn_to: IntArray
    turn_ms: WeightArray
    names: tuple[str, ...]
    digest: str = field(init=False)
    """SHA-256 (hexadecimal) of the contents: equal networks have equal digests."""

    def __post_init__(self) -> None:
        for name, dtype in _ARRAYS.items():
            array = np.ascontiguousarray(getattr(self, name), dtype)
            if array is getattr(self, name) and array.flags.writeable:
                array = array.copy()  # the caller may go on writing into its own
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        fault = _fault(self)
        assert fault is None, fault
        object.__setattr__(self, "digest", _digest(self))

    @property
    def node_count(self) -> int:
        """How many junctions."""
        return len(self.node_lon)

    @property
    def arc_count(self) -> int:
        """How many directed arcs."""
        return len(self.arc_tail)

    @property
    def turn_count(self) -> int:
        """How many allowed turns."""
        return len(self.turn_from)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of all polylines, degrees."""
        west, south = self.coords.min(axis=0)
        east, north = self.coords.max(axis=0)
        return float(west), float(south), float(east), float(north)

    def arc_line(self, arc: int) -> FloatArray:
        """Polyline of one arc from tail to head, (points, 2) as (longitude, latitude)."""
        assert 0 <= arc < self.arc_count, arc
        return self.coords[self.offsets[arc] : self.offsets[arc + 1]]

    def arc_street(self, arc: int) -> str:
        """Name of the street an arc belongs to, empty where it has none."""
        assert 0 <= arc < self.arc_count, arc
        return self.names[int(self.arc_name[arc])]

    def save(self, path: Path) -> None:
        """Write the network as one compressed ``.npz``, whole or not at all.

        The same network always gives the same bytes.
        """
        buffer = io.BytesIO()
        arrays: dict[str, npt.NDArray[np.generic]] = {n: getattr(self, n) for n in _ARRAYS}
        text = json.dumps(self.names, ensure_ascii=False).encode()
        np.savez_compressed(
            buffer,
            version=np.array(FILE_VERSION, np.int64),
            digest=np.frombuffer(self.digest.encode(), np.uint8),
            names=np.frombuffer(text, np.uint8),
            **arrays,  # type: ignore[arg-type]  # the stub mistakes them for allow_pickle
        )
        write_whole(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> "RoadNetwork":
        """Read a network written by `save`, and check that not a bit has changed.

        Raises
        ------
        NetworkUnreadable
            If the file is missing, is not a network, is of another version, or was altered.
        """
        refuse = partial(NetworkUnreadable, path)
        try:
            stored = _read_arrays(path)
        except FileNotFoundError as gone:
            raise refuse("there is no such file") from gone
        except _BROKEN_ARCHIVE as broken:
            raise refuse("it is not a network file, or it is cut short") from broken
        if "version" not in stored or stored["version"].shape != ():
            raise refuse("it is not a network file")
        version = int(stored["version"])
        if version != FILE_VERSION:
            raise refuse(f"it is of version {version}, this program reads version {FILE_VERSION}")
        try:
            names = json.loads(stored["names"].tobytes().decode())
            arrays: dict[str, Any] = {name: stored[name] for name in _ARRAYS}
            promised = stored["digest"].tobytes().decode()
            network = cls(**arrays, names=tuple(names))
        except (KeyError, ValueError, TypeError, AssertionError) as broken:
            raise refuse("its contents contradict themselves") from broken
        if network.digest != promised:
            raise refuse("its contents were altered after it was written")
        return network


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def _read_arrays(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    # Everything is read here and now: a lazily opened .npz shares one file position between
    # threads and returns rubbish.
    opened = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    if not isinstance(opened, np.lib.npyio.NpzFile):
        raise ValueError("a single array, not an archive")
    with opened:
        return {name: opened[name] for name in opened.files}


def _fault(network: RoadNetwork) -> str | None:  # noqa: PLR0911 - one line for each promise
    """Which promise of the docstring the arrays break, cheap checks only."""
    nodes, arcs, turns = network.node_count, network.arc_count, network.turn_count
    if any(getattr(network, n).ndim != (2 if n == "coords" else 1) for n in _ARRAYS):
        return "an array has the wrong shape"
    if arcs == 0 or turns == 0:
        return "there are no arcs or no turns"
    if len(network.node_lat) != nodes or len(network.offsets) != arcs + 1:
        return "the lengths of arrays disagree"
    per_arc = ("arc_head", "arc_ms", "arc_metres", "arc_name", "reverse_arc")
    if any(len(getattr(network, n)) != arcs for n in per_arc):
        return "the lengths of the arrays of arcs disagree"
    if len(network.turn_to) != turns or len(network.turn_ms) != turns:
        return "the lengths of the arrays of turns disagree"
    if not _within(nodes, network.arc_tail, network.arc_head):
        return "an arc names a junction that is not there"
    if bool((network.arc_tail == network.arc_head).any()):
        return "an arc ends where it begins"
    if not _within(arcs, network.turn_from, network.turn_to):
        return "a turn names an arc that is not there"
    key = network.turn_from.astype(np.int64) * arcs + network.turn_to
    if bool((np.diff(key) <= 0).any()):
        return "the turns are not sorted"
    if bool((network.arc_head[network.turn_from] != network.arc_tail[network.turn_to]).any()):
        return "a turn joins arcs that do not meet"
    return _fault_of_arcs(network)


def _fault_of_arcs(network: RoadNetwork) -> str | None:
    if bool(((network.arc_ms < 1) | (network.arc_ms > ARC_MS_MAX)).any()):
        return "an arc takes no time, or more than an hour"
    if (
        not network.names
        or network.names[0] != ""
        or not _within(len(network.names), network.arc_name)
    ):
        return "an arc has a name that is not there"
    return _fault_of_lines(network)


def _fault_of_lines(network: RoadNetwork) -> str | None:
    coords, offsets = network.coords, network.offsets
    if coords.shape[1:] != (2,) or offsets[0] != 0 or offsets[-1] != len(coords):
        return "the polylines do not fit their offsets"
    if bool((np.diff(offsets) < 2).any()) or not bool(np.isfinite(coords).all()):
        return "a polyline has fewer than two points, or one that is no number"
    back = network.reverse_arc
    paired = np.flatnonzero(back >= 0)
    if not _within(network.arc_count, back[paired]) or bool((back < -1).any()):
        return "an arc names a reverse that is not there"
    if bool((back[back[paired]] != paired).any()):
        return "a street and its reverse disagree"
    return None


def _within(count: int, *indices: IntArray) -> bool:
    return all(len(i) == 0 or (i.min() >= 0 and i.max() < count) for i in indices)


def _digest(network: RoadNetwork) -> str:
    sha = hashlib.sha256(f"road network {FILE_VERSION}".encode())
    for name in _ARRAYS:
        array = getattr(network, name)
        sha.update(f"{name} {array.dtype.str} {array.shape}".encode())
        sha.update(array.tobytes())
    sha.update(json.dumps(network.names, ensure_ascii=False).encode())
    return sha.hexdigest()


assert {f.name for f in fields(RoadNetwork)} == {*_ARRAYS, "names", "digest"}
