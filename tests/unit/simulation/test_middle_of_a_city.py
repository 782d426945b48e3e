"""The middle of a city: what is kept, that all of it is reached from all of it, and that nothing is made up."""

import numpy as np
import pytest

from simulation.study.middle import middle_of
from simulation.study.travel import TravelTable
from tests.study_town import SIDE, town


@pytest.mark.parametrize("junctions", [1, 5, 20, 40, 80])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_junction_that_is_kept_is_reached_from_every_other(junctions: int, seed: int) -> None:
    whole = town(requests=300, vehicles=9, seed=seed)
    middle = middle_of(whole, junctions)
    assert 1 <= middle.streets.nodes <= junctions
    TravelTable.of(middle.streets)  # refuses two junctions between which there is no way
    assert middle.vehicle_ids == whole.vehicle_ids
    assert set(middle.vehicle_nodes.tolist()) <= set(range(middle.streets.nodes))


def test_requests_are_those_between_kept_junctions_with_their_places_and_times() -> None:
    whole = town(requests=300, seed=4)
    middle = middle_of(whole, 30)
    kept = {tuple(place) for place in middle.streets.lonlat.tolist()}

    def told(one: object) -> set[tuple[object, ...]]:
        streets, requests = one.streets, one.requests  # type: ignore[attr-defined]
        return {
            (name, at, *streets.lonlat[o].tolist(), *streets.lonlat[d].tolist())
            for name, at, o, d in zip(
                requests.ids, requests.at_ms.tolist(), requests.origin.tolist(),
                requests.destination.tolist(), strict=True,
            )
        }  # fmt: skip

    expected = {row for row in told(whole) if row[2:4] in kept and row[4:] in kept}
    assert told(middle) == expected
    assert 0 < len(middle.requests) < 300
    assert (np.diff(middle.requests.at_ms) >= 0).all()


def test_streets_keep_their_times_and_lengths() -> None:
    whole, middle = town(seed=5), middle_of(town(seed=5), 25)

    def edges(one: object) -> set[tuple[object, ...]]:
        streets = one.streets  # type: ignore[attr-defined]
        return {
            (*streets.lonlat[a].tolist(), *streets.lonlat[b].tolist(), ms, length)
            for a, b, ms, length in zip(
                streets.tail.tolist(), streets.head.tolist(), streets.ms.tolist(),
                streets.decimetres.tolist(), strict=True,
            )
        }  # fmt: skip

    assert edges(middle) < edges(whole)


def test_a_city_that_is_no_larger_is_given_back() -> None:
    whole = town()
    assert middle_of(whole, SIDE * SIDE) is whole
