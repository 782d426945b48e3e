"""What a demonstration says when it is up: where to look, and what to paste into another terminal.

Every line that is a command works as it stands: the program as this terminal finds it, the paths of
this run, two places of this city.
"""

import math
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foundation.measures import Point
from khan.options import USUAL_URL
from khan.seed import OFFICE_PHONE, VISITOR_DRIVER_PHONE, VISITOR_RIDER_PHONE
from roads.network import FloatArray
from roads.pack import CityPack

_A_SHORT_TRIP_METRES = 2500.0
_METRES_A_DEGREE = 111_195.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Where a demonstration was started.

    Attributes
    ----------
    program
        How this program was called: `sys.argv[0]`.
    folder
        Our working directory.
    is_the_shells
        Whether the shell stands there, too; `dev.py` moves before it calls us.
    """

    program: Path
    folder: Path
    is_the_shells: bool

    @classmethod
    def own(cls, environment: Mapping[str, str] = os.environ) -> "Terminal":
        """This process's."""
        folder, shells = Path.cwd(), environment.get("PWD", "")
        return cls(
            program=Path(sys.argv[0]),
            folder=folder,
            is_the_shells=bool(shells) and Path(shells).resolve() == folder.resolve(),
        )

    def shown(self, path: Path) -> str:
        """A path as it can be typed there: short if it is inside the shell's folder."""
        path = self.folder / path
        if self.is_the_shells and path.is_relative_to(self.folder):
            return str(path.relative_to(self.folder))
        return str(path)

    def command(self, path: str | None = None) -> tuple[str, ...]:
        """The words that call this program there; `path` is the shell's PATH, ours if left out."""
        if self.program.name == "__main__.py":
            return self.shown(Path(sys.executable)), "-m", "khan"
        program = self.folder / self.program
        found = shutil.which("khan", path=path) if self.is_the_shells else None
        if found == str(program) and not program.is_relative_to(self.folder):
            return ("khan",)
        return (self.shown(program),)


def greeting(
    pack: CityPack, terminal: Terminal, *, port: int, pid: str, log: Path, messages: Path
) -> Iterator[str]:
    """The lines of a demonstration that is up."""
    url = f"http://localhost:{port}"
    origin, destination = short_trip(pack)
    where = () if url == USUAL_URL else ("--url", url)
    usual = (*where, "--messages", terminal.shown(messages))
    ends = ("--from", _pasted(origin), "--to", _pasted(destination))
    ride = (*terminal.command(), "ride", *usual, *ends)
    drive = (*terminal.command(), "drive", *usual, "--phone", VISITOR_DRIVER_PHONE)
    yield ""
    yield f"The city live:  {url}/live/"
    yield f"  The APIs:  {url}/docs/rider (and /docs/driver, /docs/office, /docs/public)"
    yield f"  The assembly:  {url}/vote/ (vote on a phone) and {url}/verify/ (count a vote again)"
    yield f"  The commons:  {url}/public/v1/commons/pacts (and /budgets, /offers)"
    yield f"  Ride along, from {_zone(pack, origin)} to {_zone(pack, destination)}, in another terminal:"
    yield f"    {shlex.join(ride)}"
    yield "  Drive along, as a driver-member, in another terminal:"
    yield f"    {shlex.join(drive)}"
    yield (
        f"  Sign-ins:  {VISITOR_RIDER_PHONE} rides, {VISITOR_DRIVER_PHONE} drives, "
        f"{OFFICE_PHONE} is the office"
    )
    yield f"  Their codes arrive in {terminal.shown(messages)}"
    yield f"  The service is process {pid}; its log is {terminal.shown(log)}"


def short_trip(pack: CityPack) -> tuple[Point, Point]:
    """Two junctions to go between: near the middle of the city, and of a zone not far away."""
    network = pack.network
    junctions = np.stack([network.node_lon, network.node_lat], axis=1)
    junctions = junctions[pack.contains_each(junctions)]
    origin = _nearest(junctions, pack.centre)
    middles = [zone.shape.representative_point() for zone in pack.zones.zones]
    ends = np.array([_nearest(junctions, Point(middle.x, middle.y)) for middle in middles])
    elsewhere = ends[(ends != origin).any(axis=1)]
    away = elsewhere if len(elsewhere) else junctions
    start = Point(*origin.tolist())
    end = away[np.abs(_metres(away, start) - _A_SHORT_TRIP_METRES).argmin()]
    return start, Point(*end.tolist())


def _nearest(junctions: FloatArray, place: Point) -> FloatArray:
    found: FloatArray = junctions[_metres(junctions, place).argmin()]
    return found


def _metres(places: FloatArray, place: Point) -> FloatArray:
    """Flat distances, good enough to choose by."""
    east = (places[:, 0] - place.lon) * math.cos(math.radians(place.lat))
    metres: FloatArray = np.hypot(east, places[:, 1] - place.lat) * _METRES_A_DEGREE
    return metres


def _pasted(place: Point) -> str:
    return f"{place.lat:.5f},{place.lon:.5f}"


def _zone(pack: CityPack, place: Point) -> str:
    code = pack.zone_of(place)
    assert code is not None
    return pack.zones.name_of(code)
