"""A small town for studies: square blocks, one-way here and there, riders by a seed."""

from pathlib import Path

import numpy as np

from foundation.chance import SeededChance
from simulation.study.scenario import Requests, Scenario, Streets

SIDE = 9
BLOCK_MS = 20_000
BLOCK_DECIMETRES = 1_500


def town(*, requests: int = 240, vehicles: int = 6, seed: int = 1, hours: int = 2) -> Scenario:
    """`SIDE` x `SIDE` junctions; every third street leads one way only; the rim both ways."""
    chance = SeededChance(seed)
    edges: list[tuple[int, int]] = []
    for row in range(SIDE):
        for column in range(SIDE):
            here = row * SIDE + column
            for east, north in ((1, 0), (0, 1)):
                if column + east >= SIDE or row + north >= SIDE:
                    continue
                there = (row + north) * SIDE + column + east
                line = row if east else column
                edges.append((here, there))
                if line % 3 != 1:
                    edges.append((there, here))
    tail, head = (np.array(side, dtype=np.int64) for side in zip(*edges, strict=True))
    nodes = SIDE * SIDE
    places = np.array(
        [(2.0 + 0.002 * (n % SIDE), 41.0 + 0.0014 * (n // SIDE)) for n in range(nodes)]
    )
    at_ms = np.sort([chance.below(hours * 3_600_000) for _ in range(requests)])
    origin = np.array([chance.below(nodes) for _ in range(requests)], dtype=np.int64)
    away = np.array([1 + chance.below(nodes - 1) for _ in range(requests)], dtype=np.int64)
    return Scenario(
        name="town",
        streets=Streets(
            lonlat=places,
            tail=tail,
            head=head,
            ms=np.array([BLOCK_MS + 10 * chance.below(900) for _ in edges], dtype=np.int64),
            decimetres=np.full(len(edges), BLOCK_DECIMETRES, dtype=np.int64),
        ),
        requests=Requests(
            ids=tuple(f"r{number}" for number in range(requests)),
            at_ms=at_ms.astype(np.int64),
            origin=origin,
            destination=(origin + away) % nodes,
        ),
        vehicle_ids=tuple(f"v{number}" for number in range(vehicles)),
        vehicle_nodes=np.array([chance.below(nodes) for _ in range(vehicles)], dtype=np.int64),
    )


def write_town(scenario: Scenario, folder: Path) -> None:
    """The same town as a scenario folder."""
    streets, requests = scenario.streets, scenario.requests

    def table(name: str, header: str, rows: list[tuple[object, ...]]) -> None:
        lines = [header, *(",".join(str(cell) for cell in row) for row in rows)]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    table(
        "nodes.csv",
        "node,lat,lon",
        [(node, lat, lon) for node, (lon, lat) in enumerate(streets.lonlat.tolist())],
    )
    table(
        "edges.csv",
        "u,v,length_m,travel_time_s",
        [
            (u, v, length / 10, ms / 1000)
            for u, v, length, ms in zip(
                streets.tail.tolist(), streets.head.tolist(), streets.decimetres.tolist(),
                streets.ms.tolist(), strict=True,
            )
        ],
    )  # fmt: skip
    table(
        "requests.csv",
        "id,t,o,d",
        [
            (name, at / 1000, o, d)
            for name, at, o, d in zip(
                requests.ids, requests.at_ms.tolist(), requests.origin.tolist(),
                requests.destination.tolist(), strict=True,
            )
        ],
    )  # fmt: skip
    table(
        "vehicles_6.csv",
        "id,node",
        list(zip(scenario.vehicle_ids, scenario.vehicle_nodes.tolist(), strict=True)),
    )
