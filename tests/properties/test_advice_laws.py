"""Advice, whatever the city: nobody is sent twice or for nothing, and no order decides."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.matching.advice import Scene, advise_cars, place_worth_ms
from dispatch.matching.columns import Whole
from dispatch.matching.reposition import STAY
from dispatch.matching.zones import neighbours_by
from tests.advice_scenes import RULE

ZONES_MAX, CARS_MAX = 9, 12


@st.composite
def cities(draw: st.DrawFn) -> tuple[Scene, Whole]:
    """A city, and how long each car drives to the heart of each zone; no two of a zone as long.
    Cars stand at the heart of their zone, or some of them far from the road."""
    zones = draw(st.integers(1, ZONES_MAX))
    seed = draw(st.integers(0, 2**32 - 1))
    chance = np.random.default_rng(seed)
    places = chance.integers(0, 1_500_000, size=(zones, 2))
    apart = np.abs(places[:, None, :] - places[None, :, :]).sum(axis=2)
    cars = draw(st.integers(0, CARS_MAX))
    zone_of_car = chance.integers(0, zones, size=cars)
    drives = apart[zone_of_car] + chance.permutation(cars * zones).reshape(cars, zones)
    drives += draw(st.sampled_from([0, 200_000])) * chance.permutation(cars)[:, None]
    return Scene(
        zone_map=neighbours_by(apart),
        expected=chance.exponential(draw(st.sampled_from([0.1, 1.0, 5.0])), size=zones),
        there=chance.integers(0, 3, size=zones),
        zone_of_car=zone_of_car,
    ), drives


def told(seen: Scene, drives: Whole) -> list[int]:
    advice = advise_cars(seen, lambda pairs: drives[pairs[:, 0], pairs[:, 1]], RULE)
    return [one.zone for one in advice]


@given(city=cities())
@settings(max_examples=150, deadline=None)
def test_every_car_is_told_once_and_gains_by_going(city: tuple[Scene, Whole]) -> None:
    seen, drives = city
    advice = advise_cars(seen, lambda pairs: drives[pairs[:, 0], pairs[:, 1]], RULE)
    assert len(advice) == len(seen.zone_of_car)
    ends = seen.there.copy()
    for car, one in enumerate(advice):
        here = int(seen.zone_of_car[car])
        assert one.zone == STAY or 0 <= one.zone < seen.zone_map.zones
        assert one.zone != here
        assert one.zone == STAY or one.gain_ms > 0
        assert one.zone == STAY or one.drive_ms == drives[car, one.zone]
        ends[here if one.zone == STAY else one.zone] += 1
    # What was said of each zone is what comes about if everybody does as advised: no more are sent
    # from anywhere than are there, and no more into a zone than are worth anything to it.
    assert ends.sum() == seen.there.sum() + len(seen.zone_of_car)
    sent = np.bincount([one.zone for one in advice if one.zone != STAY], minlength=len(ends))
    assert (sent <= RULE.cars_per_zone_max).all()
    for one in advice:
        if one.there is not None:
            assert one.there.cars == ends[one.zone]


@given(city=cities(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_the_order_of_cars_is_immaterial_and_the_same_comes_out_twice(
    city: tuple[Scene, Whole], seed: int
) -> None:
    seen, drives = city
    order = np.random.default_rng(seed).permutation(len(seen.zone_of_car))
    mixed = Scene(
        zone_map=seen.zone_map, expected=seen.expected, there=seen.there,
        zone_of_car=seen.zone_of_car[order],
    )  # fmt: skip
    first = told(seen, drives)
    assert told(seen, drives) == first
    assert told(mixed, drives[order]) == [first[car] for car in order.tolist()]
    assert (place_worth_ms(seen, RULE) == place_worth_ms(mixed, RULE)).all()


@given(city=cities(), more=st.integers(1, 5))
@settings(max_examples=100, deadline=None)
def test_a_place_is_worth_no_more_for_more_cars_there(city: tuple[Scene, Whole], more: int) -> None:
    seen, _ = city
    crowded = Scene(
        zone_map=seen.zone_map, expected=seen.expected, there=seen.there + more,
        zone_of_car=seen.zone_of_car,
    )  # fmt: skip
    worth = place_worth_ms(seen, RULE)
    assert (place_worth_ms(crowded, RULE) <= worth).all()
    assert (worth <= RULE.worth_seconds * 1000).all()
