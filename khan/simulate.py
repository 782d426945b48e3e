"""`khan simulate`: a recorded day through the matching core."""

import json
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from dispatch.matching.policy import Policy, parse_policy
from foundation.chance import SeededChance
from khan.build import find_city
from khan.console import ArgumentUnusable
from roads.pack import CITY, CityPack
from simulation.study.city import scenario_of
from simulation.study.demand_profile import LearnedDemand
from simulation.study.figures import Driven, Figures, driven_of, figures_of
from simulation.study.files import (
    drives_beside,
    write_drives,
    write_log,
    write_shared_drives,
)
from simulation.study.fleet import Legs
from simulation.study.middle import middle_of
from simulation.study.pooled import PooledOptions, PooledWorld
from simulation.study.profile_files import read_profile
from simulation.study.scenario import Scenario, read_scenario
from simulation.study.shared_legs import SharedLegs
from simulation.study.travel import TravelTable
from simulation.study.world import Options, World
from simulation.study.world import Progress as Told
from simulation.study.zones import StudyZones

POLICIES = Path(__file__).resolve().parents[1] / "simulation" / "study" / "policies"
Whole = NDArray[np.int64]

_FEW = 20
"""Requests, and cars, of the morning that is played before the clock starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a study is asked to do: the options of the command.

    Attributes
    ----------
    junctions_max
        Of a larger city its middle is played (`simulation.study.middle`); None: all of it.
    """

    folder: Path
    vehicles: int
    max_wait: float = 600.0
    round_seconds: float | None = None
    policy: Path | None = None
    advice: float = 0.0
    swap: bool = False
    pooling: bool = False
    seats: int = 4
    seed: int = 1
    until: float | None = None
    demand: Path | None = None
    junctions_max: int | None = None

    def check(self) -> None:
        """ArgumentUnusable if options contradict each other."""
        if self.swap and self.pooling:
            raise ArgumentUnusable("--swap", "riders who share a car are not exchanged; drop one")
        if self.demand is not None and self.pooling:
            raise ArgumentUnusable("--demand", "cars that are shared go by the last hour; drop one")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A scenario with its travel times and zones, and the processor time that they took.

    `demand` is what was learned from other days; None: the last hour tells what to expect.
    """

    scenario: Scenario
    travel: TravelTable
    zones: StudyZones
    cpu_s: float
    demand: LearnedDemand | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """What a day of either kind came to, request by request and car by car.

    `legs` are the empty drives; where cars are shared, whose ways the log does not tell, all drives.
    """

    vehicle: Whole
    decided_ms: Whole
    pickup_ms: Whole
    dropoff_ms: Whole
    driven: Driven
    round_ms: NDArray[np.float64]
    legs: Legs | SharedLegs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Day:
    """One day played, and what it cost this machine."""

    name: str
    outcome: Outcome
    figures: Figures
    cpu_s: float
    prepare_cpu_s: float

    def as_json(self) -> dict[str, Any]:
        """Everything that is told of it."""
        rounds = self.outcome.round_ms
        return {
            "policy": self.name,
            **self.figures.as_json(),
            "requests_per_cpu_s": round(self.figures.requests / max(1e-9, self.cpu_s), 1),
            "cpu_s": round(self.cpu_s, 3),
            "prepare_cpu_s": round(self.prepare_cpu_s, 3),
            "rounds": len(rounds),
            "round_ms_p50": round(float(np.quantile(rounds, 0.50)), 3) if len(rounds) else 0.0,
            "round_ms_p99": round(float(np.quantile(rounds, 0.99)), 3) if len(rounds) else 0.0,
            "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        }


def policy_of(asked: Asked) -> tuple[str, Policy]:
    """The policy of a file, or the one that fits: drivers who stand, who move, who share.

    Raises
    ------
    ArgumentUnusable, dispatch.matching.PolicyInvalid
    """
    usual = "shared" if asked.pooling else "moving" if asked.advice > 0 else "standing"
    path = POLICIES / f"{usual}.json" if asked.policy is None else asked.policy
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArgumentUnusable("--policy", f"there is no file {path}") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as fault:
        raise ArgumentUnusable("--policy", f"{path} cannot be read: {fault}") from None
    if not isinstance(body, Mapping):
        raise ArgumentUnusable("--policy", f"{path} must hold a JSON object")
    policy = parse_policy(body)
    if asked.round_seconds is not None:
        policy = replace(policy, round_ms=round(asked.round_seconds * 1000))
    return path.stem, policy


def prepare(asked: Asked, console: Console) -> Prepared:
    """Read the scenario, or the city pack, and measure its streets.

    Raises
    ------
    simulation.study.errors.*, simulation.errors.*, roads.errors.*
    """
    began = time.process_time()
    scenario = _scenario(asked)
    if asked.junctions_max is not None:
        scenario = middle_of(scenario, asked.junctions_max)
    demand = None if asked.demand is None else read_profile(asked.demand, scenario.streets)
    if asked.until is not None:
        scenario = scenario.until(round(asked.until * 1000))
    with _bars(console) as bars:
        task = bars.add_task("measuring the streets", total=scenario.streets.nodes)
        travel = TravelTable.of(
            scenario.streets, lambda _, done, whole: bars.update(task, completed=done, total=whole)
        )
    zones = StudyZones.of(scenario.streets, travel)
    cpu_s = time.process_time() - began
    return Prepared(scenario=scenario, travel=travel, zones=zones, cpu_s=cpu_s, demand=demand)


def _scenario(asked: Asked) -> Scenario:
    if not asked.folder.exists() or (asked.folder / CITY).is_file():
        pack = CityPack.open(find_city(str(asked.folder)))
        return scenario_of(pack, vehicles=asked.vehicles, seed=asked.seed)
    return read_scenario(asked.folder, vehicles=asked.vehicles)


def play(
    asked: Asked,
    prepared: Prepared,
    console: Console,
    *,
    named: tuple[str, Policy] | None = None,
) -> Day:
    """Play the day, under the policy that is asked for or the one that is `named`."""
    name, policy = policy_of(asked) if named is None else named
    follow = followers(asked.vehicles, share=asked.advice, seed=asked.seed)
    # What a compiler does once is no part of a day.
    morning = _morning(prepared)
    all_follow = np.ones(len(morning.scenario.vehicle_ids), dtype=np.bool_)
    _play(asked, morning, policy, all_follow, _nobody)
    with _bars(console) as bars:
        task = bars.add_task(f"playing the day: {name}", total=1)
        began = time.process_time()
        outcome = _play(
            asked, prepared, policy, follow,
            lambda now, end: bars.update(task, completed=now, total=end),
        )  # fmt: skip
        cpu_s = time.process_time() - began
    figures = figures_of(
        prepared.scenario, prepared.travel, pickup_ms=outcome.pickup_ms,
        dropoff_ms=outcome.dropoff_ms, driven=outcome.driven, follow=follow,
        max_wait_ms=round(asked.max_wait * 1000),
    )  # fmt: skip
    return Day(
        name=name, outcome=outcome, figures=figures, cpu_s=cpu_s, prepare_cpu_s=prepared.cpu_s
    )


def write(day: Day, scenario: Scenario, log: Path) -> None:
    """Write who served whom, and beside it the drives that this does not tell."""
    outcome = day.outcome
    write_log(
        scenario, log, vehicle=outcome.vehicle, decided_ms=outcome.decided_ms,
        pickup_ms=outcome.pickup_ms, dropoff_ms=outcome.dropoff_ms,
    )  # fmt: skip
    if isinstance(outcome.legs, SharedLegs):
        write_shared_drives(scenario, drives_beside(log), outcome.legs)
    else:
        write_drives(scenario, drives_beside(log), outcome.legs)


def followers(vehicles: int, *, share: float, seed: int) -> NDArray[np.bool_]:
    """Which drivers follow advice: that share of them, drawn by the seed; (vehicles,)."""
    chance = SeededChance(f"{seed} followers")
    drawn = np.array([chance.uniform() for _ in range(vehicles)])
    found = np.zeros(vehicles, dtype=np.bool_)
    found[np.argsort(drawn, kind="stable")[: round(vehicles * share)]] = True
    return found


def _nobody(_now: int, _end: int) -> None:
    """Tell nobody."""


def _morning(prepared: Prepared) -> Prepared:
    """The first requests of the day with as many cars: enough to have everything compiled, advice
    to those who stand idle, too."""
    scenario = prepared.scenario
    few = replace(
        scenario,
        requests=scenario.requests.taken(np.arange(min(_FEW, len(scenario.requests)))),
        vehicle_ids=scenario.vehicle_ids[:_FEW],
        vehicle_nodes=scenario.vehicle_nodes[:_FEW],
    )
    return replace(prepared, scenario=few)


def _play(
    asked: Asked, prepared: Prepared, policy: Policy, follow: NDArray[np.bool_], told: Told
) -> Outcome:
    play_kind = _shared if asked.pooling else _solo
    return play_kind(asked, prepared, policy, follow, told)


def _solo(
    asked: Asked, prepared: Prepared, policy: Policy, follow: NDArray[np.bool_], told: Told
) -> Outcome:
    options = Options(
        max_wait_ms=round(asked.max_wait * 1000), follow=follow, swap=asked.swap,
        expecting=prepared.demand, zones=prepared.zones,
    )  # fmt: skip
    record = World(prepared.scenario, prepared.travel, policy, options).run(told)
    return Outcome(
        vehicle=record.vehicle,
        decided_ms=record.decided_ms,
        pickup_ms=record.pickup_ms,
        dropoff_ms=record.dropoff_ms,
        driven=driven_of(prepared.scenario, prepared.travel, record),
        round_ms=record.round_ms,
        legs=record.legs,
    )


def _shared(
    asked: Asked, prepared: Prepared, policy: Policy, follow: NDArray[np.bool_], told: Told
) -> Outcome:
    options = PooledOptions(
        seats=asked.seats,
        max_wait_ms=round(asked.max_wait * 1000),
        detour_percent_max=policy.shared.detour_percent_max,
        round_ms=policy.round_ms,
        follow=follow,
    )
    world = PooledWorld(prepared.scenario, prepared.travel, policy.repositioning, options)
    record = world.run(told)
    return Outcome(
        vehicle=record.vehicle,
        decided_ms=record.settled_ms,
        pickup_ms=record.pickup_ms,
        dropoff_ms=record.dropoff_ms,
        driven=record.legs.driven(prepared.travel, len(prepared.scenario.vehicle_ids)),
        round_ms=record.round_ms,
        legs=record.legs,
    )


def _bars(console: Console) -> Progress:
    """A progress bar in a terminal; nothing elsewhere."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
