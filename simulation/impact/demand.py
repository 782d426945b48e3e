"""A day's requests as journeys that can be priced: metres, seconds, zones and instants."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from fares.price import Journey
from foundation.measures import Point
from roads.pack import CityPack
from roads.zones import NO_ZONE
from simulation.impact.errors import ImpactUnusable
from simulation.study.scenario import Requests, Scenario, Streets, Whole
from simulation.study.travel import TravelTable


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Zoning:
    """The city's zones over a scenario's junctions.

    Attributes
    ----------
    codes, names
        Of the zones: as rules name them, and as people do.
    of_node
        int64, (nodes,): index into `codes`, `NO_ZONE` outside every zone.
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    of_node: Whole

    def code(self, zone: int) -> str | None:
        """The code, or None outside every zone."""
        return None if zone == NO_ZONE else self.codes[zone]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demand:
    """Who asks for which journey, and when.

    Attributes
    ----------
    scenario
        The requests with the streets and the vehicles.
    midnight, timezone
        The instant (UTC) from which requests are counted in elapsed time, and the city's clocks.
    metres, seconds
        int64, (requests,): of the quickest way, metres to the nearest one, seconds begun ones
        counted, as the service quotes them.
    zone_from, zone_to
        int64, (requests,): indices into `zones.codes`, or `NO_ZONE`.
    """

    scenario: Scenario
    midnight: datetime
    timezone: ZoneInfo
    vehicle_class: str
    zones: Zoning
    metres: Whole
    seconds: Whole
    zone_from: Whole
    zone_to: Whole

    def __len__(self) -> int:
        return len(self.scenario.requests)

    def journeys(self) -> list[tuple[Journey, datetime]]:
        """Each request as what a price depends on, with its instant."""
        at_ms = self.scenario.requests.at_ms.tolist()
        rows = zip(
            self.metres.tolist(), self.seconds.tolist(), self.zone_from.tolist(),
            self.zone_to.tolist(), at_ms, strict=True,
        )  # fmt: skip
        return [
            (
                Journey(
                    metres=metres,
                    seconds=seconds,
                    vehicle_class=self.vehicle_class,
                    zone_from=self.zones.code(zone_from),
                    zone_to=self.zones.code(zone_to),
                ),
                self.midnight + timedelta(milliseconds=at),
            )
            for metres, seconds, zone_from, zone_to, at in rows
        ]

    def taken(self, rows: Whole) -> "Demand":
        """These requests, ascending; a row that is there again is another rider like that one."""
        requests = self.scenario.requests
        again = rows.tolist()
        ids = tuple(
            f"{requests.ids[row]}+" if place and again[place - 1] == row else requests.ids[row]
            for place, row in enumerate(again)
        )
        kept = Requests(
            ids=ids,
            at_ms=requests.at_ms[rows],
            origin=requests.origin[rows],
            destination=requests.destination[rows],
        )
        return replace(
            self,
            scenario=replace(self.scenario, requests=kept),
            metres=self.metres[rows],
            seconds=self.seconds[rows],
            zone_from=self.zone_from[rows],
            zone_to=self.zone_to[rows],
        )

    def digest(self) -> str:
        """SHA-256, in hexadecimal, of all that prices and matching take from it."""
        requests, cars = self.scenario.requests, self.scenario.vehicle_nodes
        found = hashlib.sha256(self.midnight.isoformat().encode())
        columns: Sequence[Whole] = (
            requests.at_ms, requests.origin, requests.destination, self.metres, self.seconds,
            self.zone_from, self.zone_to, cars,
        )  # fmt: skip
        for column in columns:
            found.update(np.ascontiguousarray(column, dtype="<i8").tobytes())
        return found.hexdigest()


def zoning_of(pack: CityPack, streets: Streets) -> Zoning:
    """The zone of each junction, as the service finds the zone of a place.

    Raises
    ------
    ImpactUnusable
        If not one junction lies in the city.
    """
    found: NDArray[np.int64] = pack.zones.indices_of(streets.lonlat).astype(np.int64)
    inside = pack.contains_each(streets.lonlat)
    codes = pack.zones.codes
    found[~inside] = NO_ZONE
    for node in np.flatnonzero(inside & (found == NO_ZONE)).tolist():
        lon, lat = streets.lonlat[node].tolist()
        code = pack.zone_of(Point(lon, lat))
        assert code is not None, "each place of the service area has a zone"
        found[node] = codes.index(code)
    if (found == NO_ZONE).all():
        raise ImpactUnusable("The scenario", f"does not lie in {pack.title}")
    names = tuple(pack.zones.name_of(code) for code in codes)
    return Zoning(codes=codes, names=names, of_node=found)


def demand_of(
    scenario: Scenario,
    travel: TravelTable,
    zones: Zoning,
    *,
    begins: tuple[datetime, ZoneInfo],
    vehicle_class: str,
) -> Demand:
    """A scenario's requests as journeys, all in one class of vehicle.

    Parameters
    ----------
    begins
        The day's midnight as an instant, and the city's time zone.

    Raises
    ------
    ImpactUnusable
        If nobody asks for anything.
    """
    requests, (midnight, timezone) = scenario.requests, begins
    if not len(requests):
        raise ImpactUnusable("The scenario", "has no requests")
    decimetres = travel.decimetres_of(requests.origin, requests.destination)
    return Demand(
        scenario=scenario,
        midnight=midnight.astimezone(UTC),
        timezone=timezone,
        vehicle_class=vehicle_class,
        zones=zones,
        metres=(decimetres + 5) // 10,
        seconds=-(-travel.direct_ms(requests.origin, requests.destination) // 1000),
        zone_from=zones.of_node[requests.origin],
        zone_to=zones.of_node[requests.destination],
    )
