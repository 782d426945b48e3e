"""`khan impact`: what a proposed rule would do, as members see it before they vote."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from fares.month import MonthUnderBoth, month_under_both, trip_of_receipt
from foundation.local_time import Which, instant_of
from foundation.strict_json import read_json
from khan.build import find_city, read_charter
from khan.console import ArgumentUnusable
from khan.quoting import FileUnreadable
from khan.simulate import Asked, followers, prepare
from papers.checking import verify
from roads.pack import CityPack
from rulebook.rule import RuleKind, canonical
from simulation.impact.demand import Demand, demand_of, zoning_of
from simulation.impact.elasticity import check_elasticity
from simulation.impact.rules import Rules, rules_of
from simulation.impact.statement import (
    Assumptions,
    ImpactStatement,
    Told,
    Town,
    impact_of,
)

REQUESTS_FOR_A_VEHICLE = 45
"""A car for so many requests of the day, as 400 are for Manhattan's recorded 18,003."""

SOME_DAY = date(2030, 1, 1)
"""Of a city whose demand was never recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """On what a proposal is tried, and what is assumed: the options of the command.

    Attributes
    ----------
    scenario
        The demand; None: the pack's own.
    on
        The local date that is played; None: that of the pack's recording.
    vehicles
        Cars on the streets; None: one for every `REQUESTS_FOR_A_VEHICLE` requests.
    requests_max
        Of a day with more requests every second, third ... is taken; None: all are.
    junctions_max
        Of a larger city its middle is played (`simulation.study.middle`); None: all of it.
    advice
        The share of drivers who follow advice.
    """

    scenario: Path | None = None
    on: date | None = None
    vehicles: int | None = 400
    requests_max: int | None = None
    junctions_max: int | None = None
    advice: float = 0.5
    max_wait: float = 600.0
    vehicle_class: str | None = None
    elasticity: float = 0.0
    seed: int = 1


def read_body(path: Path) -> Mapping[str, Any]:
    """A rule's body from a file.

    Raises
    ------
    FileUnreadable
        If there is none, or it holds no JSON object, or names a field twice.
    """
    value = _json(path)
    if not isinstance(value, dict):
        raise FileUnreadable(path, "it must hold a JSON object")
    try:
        text = canonical(value)
    except (ValueError, RecursionError):
        raise FileUnreadable(path, "it holds what no rule may say") from None
    if b"\\u0000" in text:  # as a charter's files: no database keeps it
        raise FileUnreadable(path, "it holds a NUL character")
    return value


def sides_of(
    pack: CityPack,
    kind: RuleKind,
    proposal: Mapping[str, Any],
    *,
    against: Mapping[str, Any] | None = None,
) -> tuple[Rules, Rules]:
    """Today's rules and the proposed ones.

    Parameters
    ----------
    against
        What today's rule of that kind is; None: the founding charter's.

    Raises
    ------
    fares.errors.*, rulebook.errors.*, dispatch.matching.errors.PolicyInvalid, ImpactUnusable
        If a body cannot be such a rule.
    """
    today = rules_of(read_charter(pack).bodies)
    if against is not None:
        today = today.under(kind, against)
    return today, today.under(kind, proposal)


def state_impact(
    pack: CityPack, sides: tuple[Rules, Rules], compared: Compared, console: Console
) -> ImpactStatement:
    """The statement for a city under two sets of rules.

    Raises
    ------
    simulation.impact.errors.*, simulation.study.errors.*, simulation.errors.*, fares.errors.*
    """
    today, proposed = sides
    town, assumed = measure_town(pack, today, compared, console)
    with _telling(console) as told:
        return impact_of(town, today, proposed, assumed=assumed, told=told)


def measure_town(
    pack: CityPack, today: Rules, compared: Compared, console: Console
) -> tuple[Town, Assumptions]:
    """The demand that all sides have in common, on measured streets, and what is assumed of it.

    Raises
    ------
    ImpactUnusable, ArgumentUnusable, simulation.study.errors.*, simulation.errors.*
    """
    check_elasticity(compared.elasticity)
    folder = pack.folder if compared.scenario is None else compared.scenario
    if not folder.is_dir():
        raise ArgumentUnusable("--scenario", f"there is no folder {folder}")
    asked = Asked(
        folder=folder, vehicles=_vehicles_most(compared), max_wait=compared.max_wait,
        advice=compared.advice, seed=compared.seed, junctions_max=compared.junctions_max,
    )  # fmt: skip
    prepared = prepare(asked, console)
    midnight = instant_of(
        datetime.combine(compared.on or pack.demand.recorded_on or SOME_DAY, time()),
        pack.zone_info,
        which=Which.FIRST,
    )
    demand = demand_of(
        prepared.scenario, prepared.travel, zoning_of(pack, prepared.scenario.streets),
        begins=(midnight.astimezone(UTC), pack.zone_info),
        vehicle_class=compared.vehicle_class or today.by.tariff.vehicle_classes[0],
    )  # fmt: skip
    every = 1 if compared.requests_max is None else -(-len(demand) // compared.requests_max)
    demand = _sized(demand, every=every, vehicles=compared.vehicles)
    assumed = Assumptions(
        elasticity=compared.elasticity,
        seed=compared.seed,
        max_wait_ms=round(compared.max_wait * 1000),
        follow=followers(
            len(demand.scenario.vehicle_ids), share=compared.advice, seed=compared.seed
        ),
        every=every,
    )
    return Town(demand=demand, travel=prepared.travel, waiting_zones=prepared.zones), assumed


def _vehicles_most(compared: Compared) -> int:
    if compared.vehicles is not None:
        return compared.vehicles
    assert compared.requests_max is not None, (
        "cars are counted by requests, of which there is a most"
    )
    return -(-compared.requests_max // REQUESTS_FOR_A_VEHICLE)


def _sized(demand: Demand, *, every: int, vehicles: int | None) -> Demand:
    """One request of `every`, and as many of the cars as that asks for, the first of them."""
    if every > 1:
        demand = demand.taken(np.arange(0, len(demand), every))
    if vehicles is not None:
        return demand
    count = -(-len(demand) // REQUESTS_FOR_A_VEHICLE)
    scenario = demand.scenario
    fewer = replace(
        scenario,
        vehicle_ids=scenario.vehicle_ids[:count],
        vehicle_nodes=scenario.vehicle_nodes[:count],
    )
    return replace(demand, scenario=fewer)


def month_of(receipts: Path, sides: tuple[Rules, Rules]) -> MonthUnderBoth:
    """A person's receipts (one, or a JSON list of them) under both sides' rules.

    Raises
    ------
    FileUnreadable
        If one of them is no receipt of ours, or was changed.
    fares.errors.*
        If one of the tariffs has no price for one of the trips.
    """
    value = _json(receipts)
    listed = value if isinstance(value, list) else [value]
    for number, receipt in enumerate(listed, start=1):
        differences = verify(receipt)
        if differences:
            raise FileUnreadable(receipts, f"receipt {number}: {differences[0].rstrip('.')}")
        if receipt["currency"] != sides[0].by.tariff.currency:
            raise FileUnreadable(receipts, f"receipt {number} is in {receipt['currency']}")
    # A fee is of a trip that did not take place: no tariff would have priced it otherwise.
    trips = [trip_of_receipt(receipt) for receipt in listed if "fare" in receipt]
    return month_under_both(trips, today=sides[0].by, proposed=sides[1].by)


def open_city(city: str) -> CityPack:
    """The pack that a statement is about.

    Raises
    ------
    khan.build.CityUnknown, roads.errors.*
    """
    return CityPack.open(find_city(city))


def _json(path: Path) -> Any:
    try:
        return read_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileUnreadable(path, "there is no such file") from None
    except OSError as fault:
        raise FileUnreadable(path, str(fault.strerror)) from None
    except (ValueError, RecursionError) as fault:
        raise FileUnreadable(path, f"it is not JSON: {fault}") from None


@contextmanager
def _telling(console: Console) -> Iterator[Told]:
    """A progress bar for each thing that is done, in a terminal; nothing elsewhere."""
    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    tasks: dict[str, TaskID] = {}

    def told(doing: str, done: int, whole: int) -> None:
        if doing not in tasks:
            tasks[doing] = bars.add_task(doing)
        bars.update(tasks[doing], completed=done, total=whole)

    with bars:
        yield told
