"""A street of four corners, three riders and two cars: a day whose every figure is worked out by hand.

The corners are a kilometre and 100 seconds apart and lie in `small_city`: two in the West End, two
in the East End. Car a stands at corner 0, car b at corner 2. On Sunday 2014-12-21, New York time,

* anna asks at 08:00:00.5 to go from 0 to 1: 1 km; car a is there at the next round, after 0.5 s;
* ben asks at 10:00:00.5 to go from 0 to 3: 3 km; car a, at corner 1, is there after 100.5 s;
* carl asks at 20:00:00.5 to go from 2 to 3: 1 km; car b is there after 0.5 s.
"""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from rulebook.rule import RuleKind
from simulation.impact.demand import Demand, Zoning, demand_of
from simulation.impact.rules import Rules, rules_of
from simulation.impact.statement import Assumptions, Town
from simulation.study.scenario import Requests, Scenario, Streets
from simulation.study.travel import TravelTable
from simulation.study.zones import StudyZones
from tests.matching_world import only_pickup
from tests.small_city import corner

NEW_YORK = ZoneInfo("America/New_York")
MIDNIGHT = datetime(2014, 12, 21, 5, tzinfo=UTC)
HOUR_MS = 3_600_000

TARIFF: dict[str, Any] = {
    "name": "By the kilometre",
    "currency": "USD",
    "minor_digits": 2,
    "timezone": "America/New_York",
    "vehicle_classes": ["standard"],
    "rules": [
        {
            "name": "Every journey",
            "priority": 1,
            "flag": {"amount_minor": 100},
            "distance_steps": [{"per_m": 1000, "amount_mills": 100_000}],
        }
    ],
    "share": {"driver_bps": 8000, "coop_bps": 1500, "city_bps": 500},
    "dynamic": {"allowed": False},
}
"""1.00 and 1.00 a kilometre: anna 2.00, ben 4.00, carl 2.00."""

FLOOR: dict[str, Any] = {
    "name": "Floor",
    "currency": "USD",
    "floors": [
        {
            "name": "Standard",
            "priority": 1,
            "per_distance": {"mills": 100_000, "unit": "km"},
            "per_minute_mills": 18_000,
            "source": "made up",
        }
    ],
}
"""1.00 a kilometre and 0.18 a minute: anna 1.30, ben 3.90, carl 1.30."""


def tariff(
    *, flag_minor: int = 100, kilometre_mills: int = 100_000, **changes: Any
) -> dict[str, Any]:
    """The town's tariff, but for these fields."""
    body = deepcopy(TARIFF) | changes
    body["rules"][0]["flag"]["amount_minor"] = flag_minor
    body["rules"][0]["distance_steps"][0]["amount_mills"] = kilometre_mills
    return body


def policy_body() -> dict[str, Any]:
    """Whoever is nearest, once a second."""
    return only_pickup(round_seconds=1.0).body()


def today() -> Rules:
    """The rules in force."""
    return rules_of(
        {
            RuleKind.TARIFF: TARIFF,
            RuleKind.PAY_FLOOR: FLOOR,
            RuleKind.MATCHING_POLICY: policy_body(),
        }
    )


def street() -> Scenario:
    """The day as a scenario."""
    places = [corner(column, 0) for column in (0, 1, 4, 5)]
    tail, head = np.array([0, 1, 1, 2, 2, 3]), np.array([1, 0, 2, 1, 3, 2])
    return Scenario(
        name="street",
        streets=Streets(
            lonlat=np.array([(place.lon, place.lat) for place in places]),
            tail=tail,
            head=head,
            ms=np.full(6, 100_000, dtype=np.int64),
            decimetres=np.full(6, 10_000, dtype=np.int64),
        ),
        requests=Requests(
            ids=("anna", "ben", "carl"),
            at_ms=np.array([8, 10, 20], dtype=np.int64) * HOUR_MS + 500,
            origin=np.array([0, 0, 2]),
            destination=np.array([1, 3, 3]),
        ),
        vehicle_ids=("a", "b"),
        vehicle_nodes=np.array([0, 2]),
    )


def town_of(scenario: Scenario, zone_of: list[int] | None = None) -> Town:
    """A scenario as both sides of a statement see it; zones W and E."""
    travel = TravelTable.of(scenario.streets)
    nodes = scenario.streets.nodes
    zones = [2 * node // nodes for node in range(nodes)] if zone_of is None else zone_of
    return Town(
        demand=demand_on(scenario, travel, zones),
        travel=travel,
        waiting_zones=StudyZones.of(scenario.streets, travel),
    )


def demand_on(scenario: Scenario, travel: TravelTable, zones: list[int]) -> Demand:
    """The demand of a scenario in New York, on the Sunday."""
    zoning = Zoning(
        codes=("W", "E"), names=("West End", "East End"), of_node=np.array(zones, dtype=np.int64)
    )
    return demand_of(
        scenario, travel, zoning, begins=(MIDNIGHT, NEW_YORK), vehicle_class="standard"
    )


EACH_ZONE = Assumptions(few=1)
"""So few riders as these are told of zone by zone."""
