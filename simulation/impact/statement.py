"""The statement: one day under two sets of rules, and what differs.

Where only money differs and nobody minds the price, no car moves otherwise: the day is played once
and priced twice. Else each side is played from the same beginning, with the same drivers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rulebook.rule import digest_of
from simulation.impact.demand import Demand
from simulation.impact.elasticity import asking_rows, check_elasticity
from simulation.impact.errors import ImpactUnusable
from simulation.impact.money import Amounts, amounts_of
from simulation.impact.rules import Rules
from simulation.impact.side import Grouping, Played, bands_of, quantile, side_as_json
from simulation.study.figures import driven_of
from simulation.study.scenario import Whole
from simulation.study.travel import TravelTable
from simulation.study.world import Options, World
from simulation.study.zones import StudyZones

FORMAT = "khan-impact/1"
FEW = 10
"""No zone's figures are a person's: where fewer ask, they are told of together."""

QUANTILES = (0, 5, 25, 50, 75, 95, 100)

Told = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is done, and how much there is."""


def _silent(doing: str, done: int, whole: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assumptions:
    """What a statement takes for granted, told with it.

    Attributes
    ----------
    elasticity
        Of demand by price, from -3 to 0 (`simulation.impact.elasticity`).
    seed
        Fixes who asks again at another price. The caller draws `follow` by it, too.
    max_wait_ms
        After so long a rider who has nobody coming in time is gone.
    follow
        (vehicles,): which drivers follow advice where to wait; empty: nobody.
    few
        Zones where fewer ask are told of together.
    every
        The demand is one of so many requests of the day; the caller has taken it so.
    """

    elasticity: float = 0.0
    seed: int = 1
    max_wait_ms: int = 600_000
    follow: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    few: int = FEW
    every: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Town:
    """What both sides have in common: demand, streets and where drivers may wait."""

    demand: Demand
    travel: TravelTable
    waiting_zones: StudyZones


@dataclass(frozen=True, kw_only=True, eq=False)
class ImpactStatement:
    """Two days, and the prices of the same requests under both rules.

    Attributes
    ----------
    town, assumed
        The demand as recorded, and what was taken for granted.
    rules, played
        Of today and of the proposal, in this order.
    fares
        What each recorded request is quoted by both: int64, (2, requests).
    """

    town: Town
    assumed: Assumptions
    rules: tuple[Rules, Rules]
    played: tuple[Played, Played]
    fares: Whole

    @cached_property
    def _zones(self) -> list[int]:
        """Zones told by themselves: the others are so many that none can be worked out."""
        demand = self.town.demand
        whole = len(demand.zones.codes)
        asked = np.bincount(demand.zone_from + 1, minlength=whole + 1)[1:].tolist()
        told = [zone for zone in range(whole) if asked[zone] >= self.assumed.few]
        rest = len(demand) - sum(asked[zone] for zone in told)
        while told and 0 < rest < self.assumed.few:
            least = min(told, key=lambda zone: (asked[zone], zone))
            told.remove(least)
            rest += asked[least]
        return told

    def _by_zone(self, demand: Demand) -> Grouping:
        """By the zone of the pick-up; where few ask, and outside every zone: `other`."""
        zones, told = demand.zones, self._zones
        group = np.full(len(zones.codes) + 1, len(told), dtype=np.int64)  # the last: `NO_ZONE`
        group[told] = np.arange(len(told))
        return Grouping(
            codes=(*(zones.codes[zone] for zone in told), "other"),
            names=(*(zones.names[zone] for zone in told), "all other places"),
            of=group[demand.zone_from],
        )

    def as_json(self) -> dict[str, Any]:
        """The statement as docs/reference/impact_statement.md describes it, with its digest."""
        today, proposed = (
            side_as_json(played, self._by_zone(played.demand), bands_of(played.demand))
            for played in self.played
        )
        demand = self.town.demand
        document: dict[str, Any] = {
            "format": FORMAT,
            "currency": self.rules[0].by.tariff.currency,
            "demand": {
                "name": demand.scenario.name,
                "sha256": demand.digest(),
                "midnight": demand.midnight.isoformat(),
                "timezone": demand.timezone.key,
                "requests": len(demand),
                "vehicles": len(demand.scenario.vehicle_ids),
            },
            "rules": {"today": self.rules[0].digests, "proposed": self.rules[1].digests},
            "assumptions": self._assumptions(),
            "today": today,
            "proposed": proposed,
            "difference": difference(today, proposed),
            "prices": _prices(self.fares),
        }
        return document | {"digest": digest_of(document)}

    def _assumptions(self) -> dict[str, Any]:
        follow = self.assumed.follow
        return {
            "elasticity": self.assumed.elasticity,
            "seed": self.assumed.seed,
            "one_request_in": self.assumed.every,
            "max_wait_s": self.assumed.max_wait_ms / 1000,
            "vehicle_class": self.town.demand.vehicle_class,
            "drivers_who_follow_advice": int(follow.sum()) if len(follow) else 0,
            "few": self.assumed.few,
            "in_words": list(IN_WORDS),
        }


IN_WORDS = (
    "Every street takes its free-flow time; boarding takes none; nobody waits at stops or shares.",
    "All drivers are on shift from midnight to the end of the last trip, and accept every offer.",
    "The matcher evens out paid time, not money: prices by themselves move no car.",
    "The co-operative's part is its share less top-ups, before any cost of running the service.",
    "Where a price is r times today's, r to the power of the elasticity times as many ask.",
)
"""What holds for every statement, for the reader."""


def impact_of(
    town: Town, today: Rules, proposed: Rules, *, assumed: Assumptions, told: Told = _silent
) -> ImpactStatement:
    """Play and price the town's demand under both sets of rules; raises as `impacts_of`."""
    (stated,) = impacts_of(town, today, [proposed], assumed=assumed, told=told)
    return stated


def impacts_of(
    town: Town,
    today: Rules,
    proposals: Sequence[Rules],
    *,
    assumed: Assumptions,
    told: Told = _silent,
) -> tuple[ImpactStatement, ...]:
    """A statement for each proposal; today is played and priced once for all of them.

    Each is what it would be alone: a vote on a number is shown by several of its numbers.

    Raises
    ------
    ImpactUnusable
        If an assumption makes no sense, or two tariffs are in different currencies.
    fares.errors.VehicleClassUnknown
        If one of the tariffs has no price for the demand's class.
    """
    check_elasticity(assumed.elasticity)
    currencies = {rules.by.tariff.currency for rules in (today, *proposals)}
    if len(currencies) > 1:
        raise ImpactUnusable("The proposed tariff", "is in another currency than today's")
    told("pricing", 0, len(proposals) + 1)
    before = amounts_of(town.demand, today.by)
    first = _played(town, town.demand, before, policy_of=today, assumed=assumed, told=told)
    stated = []
    for number, proposed in enumerate(proposals, start=1):
        told("pricing", number, len(proposals) + 1)
        alike = today.price_alike(proposed)
        after = before if alike else amounts_of(town.demand, proposed.by)
        second = _second(town, first, after, rules=(today, proposed), assumed=assumed, told=told)
        stated.append(
            ImpactStatement(
                town=town,
                assumed=assumed,
                rules=(today, proposed),
                played=(first, second),
                fares=np.stack([before.fare, after.fare]),
            )
        )
    return tuple(stated)


def _second(
    town: Town,
    first: Played,
    after: Amounts,
    *,
    rules: tuple[Rules, Rules],
    assumed: Assumptions,
    told: Told,
) -> Played:
    """The proposal's side: the first day priced anew, or another day where cars move otherwise."""
    demand, (today, proposed) = town.demand, rules
    rows = asking_rows(
        first.amounts.fare, after.fare, elasticity=assumed.elasticity, seed=assumed.seed
    )
    alike = len(rows) == len(demand) and bool((rows == np.arange(len(demand))).all())
    if alike and today.match_alike(proposed):
        return replace(first, amounts=after)
    asking = demand if alike else demand.taken(rows)
    amounts = _taken(after, rows)
    return _played(town, asking, amounts, policy_of=proposed, assumed=assumed, told=told)


def difference(today: object, proposed: object) -> Any:
    """Proposed less today, for every number of two documents of one shape; names stay."""
    if isinstance(today, Mapping) and isinstance(proposed, Mapping):
        return {name: difference(today[name], proposed[name]) for name in today}
    if isinstance(today, list) and isinstance(proposed, list):
        return [difference(one, other) for one, other in zip(today, proposed, strict=True)]
    if isinstance(today, str):
        return today
    if isinstance(today, int) and isinstance(proposed, int):
        return proposed - today
    if isinstance(today, int | float) and isinstance(proposed, int | float):
        return round(proposed - today, 4)
    return None


def _played(
    town: Town, demand: Demand, amounts: Amounts, *, policy_of: Rules, assumed: Assumptions,
    told: Told,
) -> Played:  # fmt: skip
    options = Options(
        max_wait_ms=assumed.max_wait_ms, follow=assumed.follow, zones=town.waiting_zones
    )
    world = World(demand.scenario, town.travel, policy_of.policy, options)
    record = world.run(lambda now, end: told("playing the day", now, end))
    driven = driven_of(demand.scenario, town.travel, record)
    whole = int(driven.decimetres.sum())
    return Played(
        demand=demand,
        vehicle=record.vehicle,
        pickup_ms=record.pickup_ms,
        dropoff_ms=record.dropoff_ms,
        amounts=amounts,
        empty_km_share=int(driven.empty_decimetres.sum()) / max(1, whole),
    )


def _taken(amounts: Amounts, rows: Whole) -> Amounts:
    return Amounts(
        **{name: getattr(amounts, name)[rows] for name in (one.name for one in fields(Amounts))}
    )


def _prices(fares: Whole) -> dict[str, Any]:
    """How many of the recorded requests become dearer and cheaper, and by how much."""
    change = np.sort(fares[1] - fares[0])
    dearer, cheaper = change[change > 0], change[change < 0]
    return {
        "dearer": len(dearer),
        "cheaper": len(cheaper),
        "unchanged": len(change) - len(dearer) - len(cheaper),
        "change_minor_by_percentile": {
            str(percent): quantile(change, percent) for percent in QUANTILES
        },
        "dearer_sum_minor": int(dearer.sum()),
        "cheaper_sum_minor": int(cheaper.sum()),
    }
