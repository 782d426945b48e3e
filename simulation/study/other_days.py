"""Other days like a recorded one, for choosing and for reporting on days that nobody has seen.

Owns how a day is made from a recorded day, and which days are for learning and which for reporting.

A made day is a bootstrap by zone and quarter hour. A cell is a pick-up zone in a quarter hour; how
often it asks is a Poisson draw round the cell's own count, and who asks is drawn from the cell's
trips with replacement. That is the same as to let each trip happen a Poisson number of times of
mean 1 (Hanley and MacGibbon, "Creating non-parametric bootstrap samples using Poisson frequencies",
Computer Methods and Programs in Biomedicine 83(1), 2006), which is how it is done. Each draw asks at
a new instant of the quarter hour, and is picked up and dropped off at junctions drawn anew within the
trip's own zones, so that two days hold hardly a trip alike.

It keeps: the streets and cars; the expected requests of each zone in each quarter hour; from which
zone to which zone people go then. It destroys: what a quarter hour knows (a train that arrives, a
show that ends); what is common to cells (rain, a holiday, an evening that begins late: the total of
a made day varies like a Poisson count only, real weeks vary more); what makes one weekday unlike
another. It adds noise of its own: it takes a cell's one count for what is to be expected there.

Learning and reporting. Days made of the same trips share that noise, and a demand learned on some of
them would know more of the others than last week knows of this. Therefore the recorded trips are
halved: every second one, in the order of asking, is for learning days, the rest is for reporting
days, each happening a Poisson number of times of mean 2. No recorded trip is behind both.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass, replace

import numpy as np

from dispatch.matching.zones import Division
from foundation.chance import SeededChance
from simulation.study.scenario import Requests, Scenario, Streets, Whole
from simulation.study.trips import Trips

QUARTER_MS = 900_000
JUNCTIONS_A_CELL = 12
"""Junctions of a zone within which a trip moves: smaller than the zones that advice speaks of."""

LEARNING_SEEDS = (1, 2, 3, 4, 5)
REPORTING_SEEDS = (101, 102, 103, 104, 105)
"""The days on which things are learned and chosen, and those on which they are reported."""

_REDRAWS = 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MadeDay:
    """A day's requests, and the recorded trip behind each.

    Attributes
    ----------
    requests
        In the order of asking, named `seed-1`, `seed-2`, ...
    recorded
        For each request the name of the trip from which it was drawn.
    """

    requests: Requests
    recorded: tuple[str, ...]

    def of(self, scenario: Scenario) -> Scenario:
        """The scenario with these requests in place of its own."""
        return replace(scenario, requests=self.requests)


def make_day(
    streets: Streets, requests: Requests, *, seed: int, trips: Trips = Trips.ALL
) -> MadeDay:
    """Make another day.

    Parameters
    ----------
    requests
        The recorded day's; their order in the file changes nothing.
    seed
        The same seed, trips and streets give the same day on every machine.
    trips
        Of which of the recorded trips: all, or one of the two halves.
    """
    chosen = requests.taken(_rows(requests, trips))
    mean = 1 if trips is Trips.ALL else 2
    chance = SeededChance(f"another day {seed} {trips}")
    zone_of = Division.of(streets.lonlat, junctions=JUNCTIONS_A_CELL).zone_of
    pickups, dropoffs = _Places(zone_of, chosen.origin), _Places(zone_of, chosen.destination)
    drawn: list[tuple[int, int, int, int]] = []
    for row, (at_ms, origin, destination) in enumerate(
        zip(chosen.at_ms.tolist(), chosen.origin.tolist(), chosen.destination.tolist(), strict=True)
    ):
        quarter = at_ms // QUARTER_MS * QUARTER_MS
        for _ in range(_poisson(mean, chance)):
            begin, end = origin, destination
            at = quarter + chance.below(QUARTER_MS)
            for _ in range(_REDRAWS):
                begin, end = pickups.near(origin, chance), dropoffs.near(destination, chance)
                if begin != end:
                    break
            else:  # a zone in which nearly all begin and end at one junction
                begin, end = origin, destination
            drawn.append((at, row, begin, end))
    drawn.sort()
    columns = np.array(drawn, dtype=np.int64).reshape(-1, 4)
    return MadeDay(
        requests=Requests(
            ids=tuple(f"{seed}-{number}" for number in range(1, len(drawn) + 1)),
            at_ms=columns[:, 0].copy(),
            origin=columns[:, 2].copy(),
            destination=columns[:, 3].copy(),
        ),
        recorded=tuple(chosen.ids[row] for row in columns[:, 1].tolist()),
    )


def _rows(requests: Requests, trips: Trips) -> Whole:
    """The rows of these trips, in an order that does not depend on the file's."""
    order = sorted(range(len(requests)), key=lambda row: (requests.at_ms[row], requests.ids[row]))
    if trips is Trips.LEARNING:
        order = order[0::2]
    elif trips is Trips.REPORTING:
        order = order[1::2]
    return np.array(order, dtype=np.int64)


def _poisson(mean: int, chance: SeededChance) -> int:
    """A Poisson draw, by counting how many probabilities fit below a uniform one."""
    left = chance.uniform()
    probability = math.exp(-mean)
    count = 0
    while left >= probability > 0:
        left -= probability
        count += 1
        probability *= mean / count
    return count


class _Places:
    """Draws a junction of a zone, as often as trips used it, and each once more."""

    def __init__(self, zone_of: Whole, used: Whole) -> None:
        order = np.argsort(zone_of, kind="stable")
        often = np.bincount(used, minlength=len(zone_of)) + 1
        until = np.cumsum(often[order])
        ends = np.searchsorted(zone_of[order], np.arange(int(zone_of.max(initial=0)) + 2))
        self._zone_of: list[int] = zone_of.tolist()
        self._junctions: list[int] = order.tolist()
        self._until: list[int] = until.tolist()
        self._bounds: list[int] = np.concatenate([[0], until])[ends].tolist()

    def near(self, junction: int, chance: SeededChance) -> int:
        """A junction of the same zone."""
        zone = self._zone_of[junction]
        low, high = self._bounds[zone], self._bounds[zone + 1]
        return self._junctions[bisect_right(self._until, low + chance.below(high - low))]
