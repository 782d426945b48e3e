"""One side of a statement: a day under one set of rules, in figures.

Each side is worked out from its own rules and demand alone; nothing in it depends on the other.
Sums are whole numbers, and sums over zones, or over times of day, are those of the whole.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.fairness import gini
from foundation.money import round_half_up
from simulation.impact.demand import Demand
from simulation.impact.money import Amounts
from simulation.study.fleet_kernel import NOBODY
from simulation.study.scenario import Whole

HOUR_MS = 3_600_000
BAND_HOURS = 3
BANDS = 24 // BAND_HOURS
TENTHS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Played:
    """A day as it was played, and what it brought.

    Attributes
    ----------
    vehicle, pickup_ms, dropoff_ms
        int64, (requests,): as in `simulation.study.world.Record`.
    amounts
        Of every request of this side's demand.
    empty_km_share
        Of all kilometres, driven without a rider.
    """

    demand: Demand
    vehicle: Whole
    pickup_ms: Whole
    dropoff_ms: Whole
    amounts: Amounts
    empty_km_share: float

    @property
    def served(self) -> NDArray[np.bool_]:
        """Which requests were served: (requests,)."""
        found: NDArray[np.bool_] = self.pickup_ms != NOBODY
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grouping:
    """Groups by code and by name, and the group of each request: int64, (requests,)."""

    codes: tuple[str, ...]
    names: tuple[str, ...]
    of: Whole


def bands_of(demand: Demand) -> Grouping:
    """Requests by the clock on the wall: eight times of day of three hours."""
    hours = [at.astimezone(demand.timezone).hour for _, at in demand.journeys()]
    names = tuple(
        f"{BAND_HOURS * band:02d}:00-{BAND_HOURS * (band + 1):02d}:00" for band in range(BANDS)
    )
    return Grouping(codes=names, names=names, of=np.array(hours, dtype=np.int64) // BAND_HOURS)


def side_as_json(played: Played, zones: Grouping, bands: Grouping) -> dict[str, Any]:
    """Everything that is told of one side."""
    served, amounts = played.served, played.amounts
    wait_ms = np.sort((played.pickup_ms - played.demand.scenario.requests.at_ms)[served])
    fares, coop, city, driver, top_up = (
        int(getattr(amounts, name)[served].sum())
        for name in ("fare", "coop", "city", "driver", "top_up")
    )
    return {
        "riders": {
            **_group(played, np.ones(len(served), dtype=np.bool_)),
            "wait_median_s": _seconds(quantile(wait_ms, 50)),
            "wait_p95_s": _seconds(quantile(wait_ms, 95)),
            "by_zone": _groups(played, zones),
            "by_time": _groups(played, bands),
        },
        "drivers": _drivers(played),
        "shares": {
            "riders_paid_minor": fares,
            "drivers_minor": driver,
            "of_which_top_up_minor": top_up,
            "cooperative_minor": coop,
            "city_minor": city,
        },
        "empty_km_share": round(played.empty_km_share, 4),
    }


def quantile(ordered: Whole, percent: int) -> int | None:
    """The value that so many percent do not exceed (nearest rank); None of nothing."""
    if not len(ordered):
        return None
    rank = max(1, -(-percent * len(ordered) // 100))
    return int(ordered[rank - 1])


def _groups(played: Played, grouping: Grouping) -> list[dict[str, Any]]:
    return [
        {"code": code, "name": name, **_group(played, grouping.of == number)}
        for number, (code, name) in enumerate(zip(grouping.codes, grouping.names, strict=True))
    ]


def _group(played: Played, asked: NDArray[np.bool_]) -> dict[str, Any]:
    """Sums and means of some requests; a mean of nothing is None."""
    served = asked & played.served
    requests, count = int(asked.sum()), int(served.sum())
    quoted = int(played.amounts.fare[asked].sum())
    paid = int(played.amounts.fare[served].sum())
    wait_ms = int((played.pickup_ms - played.demand.scenario.requests.at_ms)[served].sum())
    return {
        "requests": requests,
        "served": count,
        "served_share": round(count / requests, 4) if requests else None,
        "quoted_minor": quoted,
        "quoted_mean_minor": round_half_up(quoted, requests) if requests else None,
        "paid_minor": paid,
        "wait_ms": wait_ms,
        "wait_mean_s": _seconds(round_half_up(wait_ms, count)) if count else None,
    }


def _drivers(played: Played) -> dict[str, Any]:
    """Pay and its spread: each driver is on shift from midnight to the day's last end."""
    cars = len(played.demand.scenario.vehicle_ids)
    served = played.served
    pay = np.zeros(cars, dtype=np.int64)
    np.add.at(pay, played.vehicle[served], played.amounts.driver[served])
    engaged_ms = int((played.dropoff_ms - played.pickup_ms)[served].sum())
    at_ms = played.demand.scenario.requests.at_ms
    shift_ms = max(1, int(max(at_ms[-1:].sum(), played.dropoff_ms.max(initial=0))))
    ordered = np.sort(pay)
    tenths = [part for part in np.array_split(ordered, TENTHS) if len(part)]
    whole = int(pay.sum())
    return {
        "drivers": cars,
        "on_shift_ms": shift_ms,
        "pay_minor": whole,
        "pay_hour_minor": round_half_up(whole * HOUR_MS, shift_ms * cars),
        "pay_hour_minor_by_decile": [
            round_half_up(int(part.sum()) * HOUR_MS, shift_ms * len(part)) for part in tenths
        ],
        "pay_riding_hour_minor": round_half_up(whole * HOUR_MS, engaged_ms) if engaged_ms else None,
        "pay_gini": round(gini(ordered.tolist()), 4),
    }


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / 1000, 1)
