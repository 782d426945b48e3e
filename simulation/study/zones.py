"""The waiting zones of a study, over its junctions and its table of travel times."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.demand import RecentRequests, as_lately
from dispatch.matching.policy import Repositioning
from dispatch.matching.reposition import ZoneMap
from dispatch.matching.zones import Division, neighbours_by
from simulation.study.scenario import Requests, Streets, Whole
from simulation.study.travel import TravelTable


class Expecting(Protocol):
    """Says how many requests to expect; knows only what has been asked by now."""

    def expected(
        self, requests: Requests, *, asked: int, now_ms: int, rule: Repositioning
    ) -> NDArray[np.float64]:
        """Requests of each zone within the rule's horizon: (zones,)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyZones:
    """Zones of a study's streets.

    Attributes
    ----------
    centres
        int64, (zones,): the junction at the heart of each.
    zone_of
        int64, (nodes,): the zone of each junction.
    neighbours
        The drives between a zone and those next to it.
    """

    centres: Whole
    zone_of: Whole
    neighbours: ZoneMap

    @classmethod
    def of(cls, streets: Streets, travel: TravelTable) -> "StudyZones":
        """Divide the streets."""
        division = Division.of(streets.lonlat)
        centres = division.centres
        drives = travel.times[np.ix_(centres, centres)].astype(np.int64)
        return cls(centres=centres, zone_of=division.zone_of, neighbours=neighbours_by(drives))

    def expected(
        self, requests: Requests, *, asked: int, now_ms: int, rule: Repositioning
    ) -> NDArray[np.float64]:
        """Requests of each zone within the horizon, as those of the memory's time were: (zones,).

        Only the first `asked` requests are known by now.
        """
        memory_ms = rule.memory_seconds * 1000
        first = np.searchsorted(requests.at_ms, now_ms - memory_ms, side="right")
        counted = np.bincount(
            self.zone_of[requests.origin[first:asked]], minlength=len(self.centres)
        )
        recent = RecentRequests(counts=counted, within_ms=max(60_000, min(memory_ms, now_ms)))
        return as_lately(recent, at_ms=now_ms, horizon_seconds=rule.horizon_seconds)
