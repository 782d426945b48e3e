"""A day of shared rides: nobody rides in a full car, too long, or after they gave up."""

from dataclasses import replace

import numpy as np
import pytest

from dispatch.matching.policy import Repositioning
from foundation.chance import SeededChance
from simulation.study import shared_legs
from simulation.study.figures import Figures, figures_of
from simulation.study.fleet import NOBODY
from simulation.study.pooled import PooledOptions, PooledRecord, PooledWorld
from simulation.study.scenario import Requests, Scenario, Streets
from simulation.study.shared_legs import SharedLegs
from simulation.study.travel import TravelTable

SIDE = 8
RULE = Repositioning(every_seconds=60, memory_seconds=1800, horizon_seconds=600,
                     cars_per_zone_max=3, worth_seconds=300, drive=100)  # fmt: skip


def town(seed: int, *, requests: int = 120, vehicles: int = 4) -> Scenario:
    """A grid of streets, half a minute from corner to corner, and an hour of requests."""
    chance, links = SeededChance(seed), []
    for node in range(SIDE * SIDE):
        across, up = node % SIDE, node // SIDE
        links += [(node, node + 1), (node + 1, node)] if across < SIDE - 1 else []
        links += [(node, node + SIDE), (node + SIDE, node)] if up < SIDE - 1 else []
    tail, head = np.array(links).T
    ends = [(chance.below(64), 1 + chance.below(63)) for _ in range(requests)]
    return Scenario(
        name="grid",
        streets=Streets(
            lonlat=np.zeros((64, 2)), tail=tail, head=head,
            ms=np.array([25_000 + chance.below(10_000) for _ in links]),
            decimetres=np.full(len(links), 2000),
        ),
        requests=Requests(
            ids=tuple(map(str, range(requests))),
            at_ms=np.array(sorted(chance.below(3_600_000) for _ in range(requests))),
            origin=np.array([a for a, _ in ends]),
            destination=np.array([(a + step) % 64 for a, step in ends]),
        ),
        vehicle_ids=tuple(map(str, range(vehicles))),
        vehicle_nodes=np.array([chance.below(64) for _ in range(vehicles)]),
    )  # fmt: skip


def faults(scenario: Scenario, record: PooledRecord, options: PooledOptions) -> list[str]:
    """Every rule that a day breaks, from who boarded and left when."""
    travel = TravelTable.of(scenario.streets)
    asked, wrong = scenario.requests.at_ms, []
    served = np.flatnonzero(record.pickup_ms != NOBODY)
    direct = travel.direct_ms(scenario.requests.origin, scenario.requests.destination)
    for one in served.tolist():
        begin, end = int(record.pickup_ms[one]), int(record.dropoff_ms[one])
        if not asked[one] <= record.decided_ms[one] <= begin <= asked[one] + options.max_wait_ms:
            wrong.append(f"{one} boarded out of time")
        if not direct[one] <= end - begin <= direct[one] * options.detour_percent_max // 100:
            wrong.append(f"{one} rode too long, or faster than the streets allow")
    for car in range(len(scenario.vehicle_ids)):
        mine = served[record.vehicle[served] == car]
        events = sorted(
            [(int(record.dropoff_ms[one]), 0, -1) for one in mine]
            + [(int(record.pickup_ms[one]), 1, 1) for one in mine]
        )
        aboard, paid, since = 0, 0, 0
        for at, _, change in events:
            paid += at - since if aboard else 0
            since, aboard = at, aboard + change
            if aboard > options.seats:
                wrong.append(f"car {car} is too full")
        if paid != record.paid_ms[car]:
            wrong.append(f"car {car} was paid for another time")
        wrong += way_faults(scenario, record, car, travel)
    return wrong


def way_faults(
    scenario: Scenario, record: PooledRecord, car: int, travel: TravelTable
) -> list[str]:
    """What is wrong with the legs of a car: gaps, haste, riders who were not where it was."""
    mine = np.flatnonzero((record.vehicle == car) & (record.pickup_ms != NOBODY))
    place, at, wrong, seen = int(scenario.vehicle_nodes[car]), 0, [], []
    rows = [row for row in record.legs.rows.tolist() if row[0] == car]
    for _, begin, begin_ms, end, end_ms, aboard in rows:
        if begin != place or begin_ms < at or end_ms - begin_ms != travel.times[begin, end]:
            wrong.append(f"car {car} cannot drive from {begin} to {end} at {begin_ms}")
        riders = (record.pickup_ms[mine] <= begin_ms) & (record.dropoff_ms[mine] >= end_ms)
        if int(riders.sum()) != aboard:
            wrong.append(f"car {car} has not {aboard} aboard at {begin_ms}")
        seen.append((at, begin_ms, place))
        place, at = end, end_ms
    seen.append((at, 1 << 60, place))
    for stops, nodes in (
        (record.pickup_ms, scenario.requests.origin),
        (record.dropoff_ms, scenario.requests.destination),
    ):
        for one in mine.tolist():
            if not any(a <= stops[one] <= b and nodes[one] == where for a, b, where in seen):
                wrong.append(f"car {car} is not where {one} boards or leaves")
    return wrong


def figures(scenario: Scenario, travel: TravelTable, record: PooledRecord) -> Figures:
    """What a day comes to."""
    return figures_of(
        scenario, travel, pickup_ms=record.pickup_ms, dropoff_ms=record.dropoff_ms,
        driven=record.legs.driven(travel, len(scenario.vehicle_ids)),
        follow=np.zeros(len(scenario.vehicle_ids), dtype=np.bool_), max_wait_ms=600_000,
    )  # fmt: skip


@pytest.mark.parametrize("seats", [1, 2, 4])
@pytest.mark.parametrize("seed", range(4))
def test_a_day_keeps_every_rule(seed: int, seats: int) -> None:
    scenario = town(seed)
    options = PooledOptions(seats=seats, follow=np.arange(4) % 2 == 0)
    travel = TravelTable.of(scenario.streets)
    record = PooledWorld(scenario, travel, RULE, options).run()
    assert faults(scenario, record, options) == []
    assert (record.pickup_ms == NOBODY).tolist() == (record.vehicle == NOBODY).tolist()
    driven = record.legs.driven(travel, len(scenario.vehicle_ids))
    assert driven.paid_ms.tolist() == record.paid_ms.tolist()
    assert (driven.empty_decimetres < driven.decimetres).all()


def test_the_verifier_finds_planted_faults() -> None:
    scenario = town(1)
    options = PooledOptions(seats=4)
    record = PooledWorld(scenario, TravelTable.of(scenario.streets), RULE, options).run()
    assert faults(scenario, record, options) == []
    for wrong in (
        replace(record, pickup_ms=np.where(record.pickup_ms < 0, -1, record.pickup_ms + 600_000)),
        replace(record, dropoff_ms=record.dropoff_ms + 3_600_000),
        replace(record, vehicle=np.where(record.vehicle < 0, -1, 0)),
        replace(record, paid_ms=record.paid_ms + 1),
    ):
        assert faults(scenario, wrong, options)
    for column, change in ((shared_legs.END_MS, -1), (shared_legs.LEG_ABOARD, 1)):
        rows = record.legs.rows.copy()
        rows[len(rows) // 2, column] += change
        assert faults(scenario, replace(record, legs=SharedLegs(rows=rows)), options)
    gap = np.delete(record.legs.rows, len(record.legs.rows) // 2, axis=0)
    assert faults(scenario, replace(record, legs=SharedLegs(rows=gap)), options)
    assert faults(scenario, record, replace(options, seats=1))


def test_sharing_serves_more_than_riding_alone() -> None:
    scenario = town(2, requests=200)
    travel = TravelTable.of(scenario.streets)
    alone, shared = (
        figures(scenario, travel, PooledWorld(scenario, travel, RULE, PooledOptions(seats=s)).run())
        for s in (1, 4)
    )
    assert shared.served_share > alone.served_share
    assert shared.km_per_served_trip < alone.km_per_served_trip
    assert alone.detour_mean == pytest.approx(1)


def test_a_row_is_settled_when_its_run_changes_no_more_before_the_rider_leaves() -> None:
    scenario = town(2, requests=200)
    record = PooledWorld(scenario, TravelTable.of(scenario.streets), RULE, PooledOptions()).run()
    settled, served = record.settled_ms, record.pickup_ms != NOBODY
    assert (settled[served] >= record.decided_ms[served]).all()
    assert (settled[served] <= record.dropoff_ms[served]).all()
    assert (settled[served] > record.decided_ms[served]).any(), "nobody joined anybody"
    assert (settled[~served] == NOBODY).all()


BY_INSERTION = PooledOptions(relocate_ms=0, regroup_ms=0)
SECOND_THOUGHTS = PooledOptions(relocate_ms=15_000, regroup_ms=30_000, regroup_from=4)


@pytest.mark.parametrize("options", [
    SECOND_THOUGHTS, replace(SECOND_THOUGHTS, regroup_ms=0), replace(SECOND_THOUGHTS, relocate_ms=0),
], ids=["both", "one by one", "by groups"])  # fmt: skip
def test_riders_change_cars_and_every_rule_is_kept(options: PooledOptions) -> None:
    scenario = town(5, requests=200)
    travel = TravelTable.of(scenario.streets)
    first = PooledWorld(scenario, travel, RULE, BY_INSERTION).run()
    record = PooledWorld(scenario, travel, RULE, options).run()
    assert faults(scenario, record, options) == []
    assert (record.vehicle != first.vehicle).any()
    # Who once had a car was fetched, by whichever.
    assert (record.pickup_ms == NOBODY).tolist() == (record.decided_ms == NOBODY).tolist()


def test_second_thoughts_serve_more_or_sooner() -> None:
    """Over several towns: every single day depends on chance."""
    waits = np.zeros(2)
    for seed in range(3):
        scenario = town(seed, requests=160)
        travel = TravelTable.of(scenario.streets)
        for n, options in enumerate((BY_INSERTION, SECOND_THOUGHTS)):
            record = PooledWorld(scenario, travel, RULE, options).run()
            waits[n] += figures(scenario, travel, record).wait_mean_all_s
    assert waits[1] < waits[0]


def test_what_is_still_to_come_changes_nothing_decided_before() -> None:
    scenario = town(3)
    travel = TravelTable.of(scenario.streets)
    options = PooledOptions(follow=np.ones(4, dtype=np.bool_))
    whole = PooledWorld(scenario, travel, RULE, options).run()
    cut = scenario.until(1_800_000)
    part = PooledWorld(cut, travel, RULE, options).run()
    before = np.flatnonzero((whole.decided_ms != NOBODY) & (whole.decided_ms <= 1_800_000))
    assert (whole.vehicle[before] == part.vehicle[before]).all()
    assert (whole.decided_ms[before] == part.decided_ms[before]).all()
    assert len(before) > 20


def test_a_day_without_requests_serves_nobody() -> None:
    scenario = town(1, requests=0)
    scenario = replace(scenario, requests=replace(
        scenario.requests, at_ms=np.zeros(0, np.int64), origin=np.zeros(0, np.int64),
        destination=np.zeros(0, np.int64)))  # fmt: skip
    travel = TravelTable.of(scenario.streets)
    record = PooledWorld(scenario, travel, RULE, PooledOptions()).run()
    told = figures(scenario, travel, record)
    assert (told.served, told.served_share, told.wait_mean_s) == (0, 0.0, 0.0)
