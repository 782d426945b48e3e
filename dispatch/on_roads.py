"""From what a round read to what it stores: candidates, road times, choice, reasons, bytes.

Owns the order of these steps, which are the live round and its benchmark alike. No database, no
clock but the stopwatch given; it may run in a thread.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.candidates import search
from dispatch.matching.codec import DEGREE
from dispatch.matching.columns import columns_of
from dispatch.matching.plan import Plan
from dispatch.matching.round_input import RoundInput
from dispatch.matching.snapshot import Snapshot
from dispatch.matching.solo import decide
from foundation.clock import stopwatch_ms
from roads.engine import RoadEngine


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A round's input and plan, with their canonical bytes made.

    Attributes
    ----------
    candidates_ms, roads_ms, solve_ms, encode_ms
        Milliseconds by the stopwatch: rows to pairs; places to streets and road times; weighing,
        choice and reasons; canonical bytes and digests.
    """

    round_input: RoundInput
    plan: Plan
    candidates_ms: float
    roads_ms: float
    solve_ms: float
    encode_ms: float


def decide_on_roads(
    snapshot: Snapshot, roads: RoadEngine, *, stopwatch: Callable[[], float] = stopwatch_ms
) -> Decided:
    """Decide a round whose road times are still to be asked for."""
    laps = [stopwatch()]
    columns = columns_of(snapshot)
    pairs = search(columns, snapshot.policy).pairs
    laps.append(stopwatch())
    drive_ms = road_times(snapshot, pairs, roads)
    # Known only now: an engine that fails answers by straight line, and says so afterwards.
    snapshot = snapshot.on_roads(degraded=roads.degraded)
    laps.append(stopwatch())
    round_input = RoundInput.of(snapshot, pairs, drive_ms)
    round_input.encode()
    laps.append(stopwatch())
    plan = decide(round_input, columns=columns)
    laps.append(stopwatch())
    plan.encode()
    laps.append(stopwatch())
    candidates, on_roads, input_bytes, deciding, plan_bytes = np.diff(laps).tolist()
    return Decided(
        round_input=round_input,
        plan=plan,
        candidates_ms=candidates,
        roads_ms=on_roads,
        solve_ms=deciding,
        encode_ms=input_bytes + plan_bytes,
    )


def road_times(
    snapshot: Snapshot, pairs: NDArray[np.int32], roads: RoadEngine
) -> NDArray[np.int32]:
    """Road time of each pair from the driver to the pick-up: milliseconds, int32, (pairs,).

    Only drivers and trips in a pair are put onto streets.
    """
    trips, trip_of = np.unique(pairs[:, 0], return_inverse=True)
    drivers, driver_of = np.unique(pairs[:, 1], return_inverse=True)
    pickups = snapshot.trip_fields.spread("pickup")[trips] / DEGREE
    places = snapshot.driver_fields.spread("place")[drivers] / DEGREE
    return roads.pair_times(
        roads.snap(places),
        roads.snap(pickups),
        np.stack([driver_of, trip_of], axis=1).astype(np.int32),
    )
