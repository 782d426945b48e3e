"""The figures of a day, worked out from who served whom and the streets alone.

Owns their definitions. Nothing is counted while the day is played: whoever has the record and the
edges comes to the same numbers.
"""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.fairness import gini
from simulation.study.fleet_kernel import NOBODY
from simulation.study.scenario import Scenario, Whole
from simulation.study.travel import TravelTable
from simulation.study.world import Record

KILOMETRE = 10_000
"""In decimetres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One day under one policy.

    Attributes
    ----------
    requests, served
        How many asked, and how many were brought to where they wanted.
    served_share, served_share_shortest, served_share_longest
        Of all, and of the quarter of requests with the shortest and the longest direct ride.
    wait_mean_s, wait_median_s, wait_p95_s
        From asking to boarding, of those served, in seconds.
    wait_mean_all_s
        The same with the scenario's longest wait for everybody unserved.
    ride_mean_s, detour_mean
        Time aboard, and all of it over all direct rides: 1 where nobody shares.
    served_ride_s
        Direct rides of those served, all together, in seconds.
    km_per_served_trip, empty_km_share, empty_time_share
        All driving over those served; the part of all kilometres, and of all time on shift, that
        is driven without a rider.
    paid_minutes_per_hour, earnings_gini
        Minutes of an hour on shift with a rider aboard, on average, and the Gini coefficient of
        that time among drivers.
    paid_minutes_per_hour_followers, paid_minutes_per_hour_others
        The same average of those who follow advice, and of those who do not; None without any.
    """

    requests: int
    served: int
    served_share: float
    served_share_shortest: float
    served_share_longest: float
    wait_mean_s: float
    wait_median_s: float
    wait_p95_s: float
    wait_mean_all_s: float
    ride_mean_s: float
    detour_mean: float
    served_ride_s: float
    km_per_served_trip: float
    empty_km_share: float
    empty_time_share: float
    paid_minutes_per_hour: float
    earnings_gini: float
    paid_minutes_per_hour_followers: float | None
    paid_minutes_per_hour_others: float | None

    def as_json(self) -> dict[str, int | float | None]:
        """By name, rounded to what is meant."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Driven:
    """What each car drove: decimetres and milliseconds, int64, (vehicles,)."""

    decimetres: Whole
    empty_decimetres: Whole
    empty_ms: Whole
    paid_ms: Whole


def driven_of(scenario: Scenario, travel: TravelTable, record: Record) -> Driven:
    """What each car drove on a day of solo trips."""
    vehicles, requests, legs = len(scenario.vehicle_ids), scenario.requests, record.legs
    served = np.flatnonzero(record.pickup_ms != NOBODY)
    cars = record.vehicle[served]
    loaded = travel.decimetres_of(requests.origin[served], requests.destination[served])
    empty = travel.decimetres_of(_whole(legs.begin), _whole(legs.end))
    of_leg = _whole(legs.vehicle)
    empty_decimetres = _sums(of_leg, empty, vehicles)
    return Driven(
        decimetres=empty_decimetres + _sums(cars, loaded, vehicles),
        empty_decimetres=empty_decimetres,
        empty_ms=_sums(of_leg, travel.direct_ms(_whole(legs.begin), _whole(legs.end)), vehicles),
        paid_ms=_sums(cars, (record.dropoff_ms - record.pickup_ms)[served], vehicles),
    )


def figures_of(
    scenario: Scenario,
    travel: TravelTable,
    *,
    pickup_ms: Whole,
    dropoff_ms: Whole,
    driven: Driven,
    follow: NDArray[np.bool_],
    max_wait_ms: int,
) -> Figures:
    """Work the figures out; a day on which nobody was served has zeros."""
    requests = scenario.requests
    served = pickup_ms != NOBODY
    count = max(1, int(served.sum()))
    wait = (pickup_ms - requests.at_ms)[served] / 1000
    ride_ms = (dropoff_ms - pickup_ms)[served]
    direct = travel.direct_ms(requests.origin, requests.destination)
    order = np.argsort(direct, kind="stable")
    quarter = max(1, len(order) // 4)
    asked = max(1, len(requests))
    unserved_s = (asked - int(served.sum())) * max_wait_ms / 1000
    on_shift_ms = max(1, int(max(requests.at_ms[-1:].sum(), dropoff_ms.max(initial=0))))
    per_hour = driven.paid_ms / on_shift_ms * 60
    return Figures(
        requests=len(requests),
        served=int(served.sum()),
        served_share=int(served.sum()) / asked,
        served_share_shortest=float(served[order[:quarter]].mean()) if len(order) else 0.0,
        served_share_longest=float(served[order[-quarter:]].mean()) if len(order) else 0.0,
        wait_mean_s=float(wait.sum()) / count,
        wait_median_s=float(np.median(wait)) if len(wait) else 0.0,
        wait_p95_s=float(np.quantile(wait, 0.95)) if len(wait) else 0.0,
        wait_mean_all_s=(float(wait.sum()) + unserved_s) / asked,
        ride_mean_s=float(ride_ms.sum()) / 1000 / count,
        detour_mean=float(ride_ms.sum()) / max(1.0, float(direct[served].sum())),
        served_ride_s=float(direct[served].sum()) / 1000,
        km_per_served_trip=float(driven.decimetres.sum()) / KILOMETRE / count,
        empty_km_share=float(driven.empty_decimetres.sum() / max(1, driven.decimetres.sum())),
        empty_time_share=float(driven.empty_ms.sum()) / on_shift_ms / len(driven.empty_ms),
        paid_minutes_per_hour=float(per_hour.mean()),
        earnings_gini=gini(driven.paid_ms.tolist()),
        paid_minutes_per_hour_followers=_mean(per_hour[follow]) if len(follow) else None,
        paid_minutes_per_hour_others=_mean(per_hour[~follow]) if len(follow) else None,
    )


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None


def _whole(values: list[int]) -> Whole:
    return np.array(values, dtype=np.int64)


def _sums(groups: Whole, values: Whole, count: int) -> Whole:
    """Sum of the values of each group, exact: (count,)."""
    found = np.zeros(count, dtype=np.int64)
    np.add.at(found, groups, values)
    return found
