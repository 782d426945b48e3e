"""A scenario's vehicles: where each is, what it does, what it has driven.

Owns their arrays and every change of them. What a vehicle drives empty is kept as legs, so that the
kilometres of a day can be worked out again by anybody who has the streets.
"""

from dataclasses import dataclass, field

import numpy as np

from simulation.study import fleet_kernel as kernel
from simulation.study.fleet_kernel import LEG_COLUMNS, NOBODY, STANDING
from simulation.study.scenario import Requests, Whole
from simulation.study.travel import TravelTable

LEGS_A_CALL = 5
"""Legs that a car can end within one call of a loop, at most."""


@dataclass(slots=True)
class Legs:
    """Empty drives that ended, each from a junction to another along the quickest way."""

    vehicle: list[int] = field(default_factory=list)
    begin_ms: list[int] = field(default_factory=list)
    begin: list[int] = field(default_factory=list)
    end_ms: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)


class Vehicles:
    """The fleet of a scenario, and who asks for it.

    Attributes
    ----------
    all
        Everything as the compiled loops take it.
    """

    def __init__(self, nodes: Whole, travel: TravelTable, requests: Requests) -> None:
        count, asked = len(nodes), len(requests)
        self.all = kernel.Fleet(
            roads=kernel.Roads(travel.times, travel.first, travel.to, travel.ms),
            cars=kernel.Cars(
                doing=np.full(count, STANDING, dtype=np.int64),
                node=nodes.copy(),
                at_ms=np.zeros(count, dtype=np.int64),
                goal=nodes.copy(),
                request=np.full(count, NOBODY, dtype=np.int64),
                paid_ms=np.zeros(count, dtype=np.int64),
                free_since_ms=np.zeros(count, dtype=np.int64),
                left=nodes.copy(),
                left_ms=np.zeros(count, dtype=np.int64),
            ),
            riders=kernel.Riders(
                at_ms=requests.at_ms,
                origin=requests.origin,
                destination=requests.destination,
                direct_ms=travel.direct_ms(requests.origin, requests.destination),
                vehicle=np.full(asked, NOBODY, dtype=np.int64),
                decided_ms=np.full(asked, NOBODY, dtype=np.int64),
                pickup_ms=np.full(asked, NOBODY, dtype=np.int64),
                promised_ms=np.full(asked, NOBODY, dtype=np.int64),
            ),
            legs=np.empty((1024 + 2 * LEGS_A_CALL * count, LEG_COLUMNS), dtype=np.int64),
            legs_count=np.zeros(1, dtype=np.int64),
        )

    def make_room(self) -> None:
        """See to it that the next loop has room for its legs."""
        legs, needed = self.all.legs, LEGS_A_CALL * len(self.all.cars.doing)
        if int(self.all.legs_count[0]) + needed > len(legs):
            self.all = self.all._replace(legs=np.concatenate([legs, np.empty_like(legs)]))

    def close(self) -> Legs:
        """Let everybody drive to the end; the legs of the day."""
        self.make_room()
        kernel.close(self.all)
        legs = self.all.legs[: int(self.all.legs_count[0])]
        return Legs(*legs.T.tolist())
