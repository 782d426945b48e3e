"""A demand profile as a file that anybody can read, and the learning of one from folders.

Owns the JSON form, docs/reference/demand_profile.md. Refuses, in one sentence, a file that is of
another form, of other streets, or holds what no demand can be.
"""

import contextlib
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from dispatch.matching.zones import Division
from simulation.errors import DemandUnreadable
from simulation.study import demand_profile as usual
from simulation.study.demand_profile import QUARTERS, DemandProfile, LearnedDemand, Source, learn
from simulation.study.errors import StudyUnusable
from simulation.study.made_files import MADE, digest_of
from simulation.study.other_days import QUARTER_MS
from simulation.study.scenario import Streets, read_scenario

FORMAT = 1
_RATE_MAX = 1e6


def learn_from(folders: Sequence[Path]) -> tuple[DemandProfile, Streets]:
    """Learn a profile from scenario folders, which must have the same streets.

    Raises
    ------
    ScenarioUnreadable
        If a folder has a fault.
    StudyUnusable
        If two folders have different streets, or hold the same day.
    """
    days, streets, digest = [], None, ""
    for folder in folders:
        scenario = read_scenario(folder, vehicles=1)
        if streets is None:
            streets, digest = scenario.streets, streets_digest(scenario.streets)
        elif streets_digest(scenario.streets) != digest:
            raise StudyUnusable(str(folder), f"has other streets than {folders[0]}")
        days.append((_source(folder, digest_of(scenario.requests), len(scenario.requests)),
                     scenario.requests))  # fmt: skip
        if len({source.requests_sha256 for source, _ in days}) < len(days):
            raise StudyUnusable(str(folder), "holds the same day as a folder before it")
    assert streets is not None, "no folders"
    parts = Division.of(streets.lonlat)
    profile = learn(days, zone_of=parts.zone_of, centres=parts.centres, streets_sha256=digest)
    return profile, streets


def streets_digest(streets: Streets) -> str:
    """SHA-256, in hexadecimal, of junctions and edges in the order of their files."""
    found = hashlib.sha256()
    for name, kind in (("lonlat", "<f8"), ("tail", "<i8"), ("head", "<i8"), ("ms", "<i8")):
        found.update(np.ascontiguousarray(getattr(streets, name), dtype=kind).tobytes())
    return found.hexdigest()


def write_profile(profile: DemandProfile, streets: Streets, path: Path) -> None:
    """Write the file whole, or not at all."""
    places = streets.lonlat[profile.centres].tolist()
    body = {
        "format": FORMAT,
        "what": "requests expected by zone and quarter hour, the first from midnight",
        "streets_sha256": profile.streets_sha256,
        "learned_from": [
            {name: getattr(source, name) for name in _SOURCE} for source in profile.sources
        ],
        "quarter_seconds": QUARTER_MS // 1000,
        "smoothing_quarters": usual.SMOOTHING,
        "shrinkage_requests": usual.SHRINKAGE,
        "trust_requests": profile.trust,
        "zones": [
            {"centre": centre, "lon": lon, "lat": lat,
             "requests": [round(value, usual.DECIMALS) for value in row]}
            for centre, (lon, lat), row in zip(
                profile.centres.tolist(), places, profile.requests.tolist(), strict=True
            )
        ],
    }  # fmt: skip
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_text(_compact(body), encoding="utf-8")
    unfinished.replace(path)


def read_profile(path: Path, streets: Streets) -> LearnedDemand:
    """The profile of a file, for streets whose zones it means.

    Raises
    ------
    DemandUnreadable
        Names the file, the place and the fault.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DemandUnreadable(path, "", "there is no such file") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as fault:
        raise DemandUnreadable(path, "", str(fault)) from None
    if not isinstance(body, Mapping) or body.get("format") != FORMAT:
        raise DemandUnreadable(path, "", f"it is no demand profile of format {FORMAT}")
    if body.get("streets_sha256") != streets_digest(streets):
        raise DemandUnreadable(path, "streets_sha256", "it was learned on other streets")
    parts = Division.of(streets.lonlat)
    rows = _rows(path, body.get("zones"), parts.centres.tolist())
    trust = body.get("trust_requests")
    if not _is_rate(trust) or trust < 1:
        raise DemandUnreadable(path, "trust_requests", f"it must be from 1 to {_RATE_MAX:g}")
    profile = DemandProfile(
        streets_sha256=str(body["streets_sha256"]),
        centres=parts.centres,
        requests=np.array(rows, dtype=np.float64).reshape(-1, QUARTERS),
        sources=_sources(path, body.get("learned_from")),
        trust=float(trust),
    )
    return LearnedDemand(profile=profile, zone_of=parts.zone_of)


_SOURCE: Mapping[str, tuple[type, ...]] = {
    "requests_sha256": (str,),
    "requests": (int,),
    "name": (str,),
    "seed": (int, type(None)),
    "trips": (str, type(None)),
}


def _rows(path: Path, zones: Any, centres: Sequence[int]) -> list[list[float]]:
    if not isinstance(zones, list) or len(zones) != len(centres):
        raise DemandUnreadable(path, "zones", f"it must list the {len(centres)} zones")
    rows = []
    for number, (zone, centre) in enumerate(zip(zones, centres, strict=True)):
        where = f"zones[{number}]"
        if not isinstance(zone, Mapping) or zone.get("centre") != centre:
            raise DemandUnreadable(path, where, f"the centre must be junction {centre}")
        row = zone.get("requests")
        if not isinstance(row, list) or len(row) != QUARTERS:
            raise DemandUnreadable(path, where, f"requests must be {QUARTERS} numbers")
        if not all(_is_rate(value) for value in row):
            raise DemandUnreadable(path, where, f"requests must be from 0 to {_RATE_MAX:g}")
        rows.append([float(value) for value in row])
    return rows


def _is_rate(value: Any) -> TypeGuard[float]:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value <= _RATE_MAX


def _sources(path: Path, told: Any) -> tuple[Source, ...]:
    if not isinstance(told, list) or not told:
        raise DemandUnreadable(path, "learned_from", "it must list the days")
    for number, one in enumerate(told):
        fit = isinstance(one, Mapping) and all(
            isinstance(one.get(name), kinds) for name, kinds in _SOURCE.items()
        )
        if not fit:
            raise DemandUnreadable(
                path, f"learned_from[{number}]", f"it must hold {', '.join(_SOURCE)}"
            )
    return tuple(Source(**{name: one[name] for name in _SOURCE}) for one in told)


def _source(folder: Path, digest: str, requests: int) -> Source:
    """A day's name for the record; how it was made, if it says so and is unchanged since."""
    made: Any = None
    with contextlib.suppress(OSError, UnicodeDecodeError, json.JSONDecodeError):
        made = json.loads((folder / MADE).read_text(encoding="utf-8"))
    known = made if isinstance(made, Mapping) and made.get("requests_sha256") == digest else {}
    seed, trips = known.get("seed"), known.get("trips")
    return Source(
        requests_sha256=digest,
        requests=requests,
        name=folder.resolve().name,
        seed=seed if isinstance(seed, int) else None,
        trips=trips if isinstance(trips, str) else None,
    )


def _compact(body: Mapping[str, Any]) -> str:
    """JSON with a line for each zone: short enough to read, long enough to compare."""
    *head, (last, zones) = body.items()
    lines = [f'  "{name}": {json.dumps(value)},' for name, value in head]
    rows = ",\n".join(f"    {json.dumps(zone)}" for zone in zones)
    return "\n".join(["{", *lines, f'  "{last}": [', rows, "  ]", "}"]) + "\n"
