"""Impact statements: three riders and two cars by hand, and what holds for each statement."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dispatch.matching.errors import PolicyInvalid
from fares.errors import LevyInvalid, PayFloorInvalid, TariffInvalid, VehicleClassUnknown
from fares.price import Journey
from roads.pack import CityPack
from rulebook.errors import BodyInvalid
from rulebook.rule import RuleKind, digest_of
from simulation.impact.demand import zoning_of
from simulation.impact.elasticity import asking_rows
from simulation.impact.errors import ImpactUnusable
from simulation.impact.rules import Rules, rules_of
from simulation.impact.side import quantile
from simulation.impact.statement import Assumptions, difference, impact_of
from tests.impact_town import (
    EACH_ZONE,
    FLOOR,
    TARIFF,
    policy_body,
    street,
    tariff,
    today,
    town_of,
)
from tests.rules import REFERENCE, examples_on
from tests.small_city import write_small_city
from tests.study_town import town


def stated(proposed: Rules, *, assumed: Assumptions = EACH_ZONE) -> dict[str, Any]:
    """The hand-made day today and under other rules."""
    return impact_of(town_of(street()), today(), proposed, assumed=assumed).as_json()


@pytest.fixture(scope="module")
def per_kilometre() -> dict[str, Any]:
    """No flag, but 1.50 a kilometre: anna 1.50 (was 2.00), ben 4.50 (4.00), carl 1.50 (2.00)."""
    body = tariff(flag_minor=0, kilometre_mills=150_000)
    return stated(today().under(RuleKind.TARIFF, body))


def test_riders_of_a_tariff_by_hand(per_kilometre: dict[str, Any]) -> None:
    before, after = (per_kilometre[side]["riders"] for side in ("today", "proposed"))
    assert (before["requests"], before["served"], before["served_share"]) == (3, 3, 1.0)
    assert (before["quoted_minor"], before["paid_minor"]) == (800, 800)
    assert (after["quoted_minor"], after["paid_minor"]) == (750, 750)
    assert (before["quoted_mean_minor"], after["quoted_mean_minor"]) == (267, 250)
    # 0.5 + 100.5 + 0.5 s; ranks: half of three is the second, 95 % the third.
    for side in (before, after):
        assert (side["wait_ms"], side["wait_mean_s"]) == (101_500, 33.8)
        assert (side["wait_median_s"], side["wait_p95_s"]) == (0.5, 100.5)


def test_zones_and_times_of_a_tariff_by_hand(per_kilometre: dict[str, Any]) -> None:
    before, after = (per_kilometre[side]["riders"] for side in ("today", "proposed"))
    assert [one["code"] for one in before["by_zone"]] == ["W", "E", "other"]
    assert [one["name"] for one in before["by_zone"]] == [
        "West End",
        "East End",
        "all other places",
    ]
    assert [one["requests"] for one in before["by_zone"]] == [2, 1, 0]
    assert [one["quoted_minor"] for one in before["by_zone"]] == [600, 200, 0]
    assert [one["quoted_minor"] for one in after["by_zone"]] == [600, 150, 0]
    assert [one["wait_mean_s"] for one in after["by_zone"]] == [50.5, 0.5, None]
    by_time = {one["name"]: one for one in after["by_time"]}
    assert {name: one["quoted_minor"] for name, one in by_time.items() if one["requests"]} == {
        "06:00-09:00": 150,
        "09:00-12:00": 450,
        "18:00-21:00": 150,
    }
    assert by_time["09:00-12:00"]["wait_ms"] == 100_500
    assert by_time["00:00-03:00"]["served_share"] is None


def test_drivers_and_shares_of_a_tariff_by_hand(per_kilometre: dict[str, Any]) -> None:
    # Today: anna 160/30/10, ben 320/60/20 and 70 to reach 390, carl 160/30/10.
    assert per_kilometre["today"]["shares"] == {
        "riders_paid_minor": 800,
        "drivers_minor": 710,
        "of_which_top_up_minor": 70,
        "cooperative_minor": 50,
        "city_minor": 40,
    }
    # Proposed: 150 is 120/22.5/7.5, the odd one to the co-operative; 450 is 360/67.5/22.5.
    # Floors 130, 390, 130 add 10, 30 and 10.
    assert per_kilometre["proposed"]["shares"] == {
        "riders_paid_minor": 750,
        "drivers_minor": 650,
        "of_which_top_up_minor": 50,
        "cooperative_minor": 23 - 10 + 68 - 30 + 23 - 10,
        "city_minor": 7 + 22 + 7,
    }
    drivers = per_kilometre["today"]["drivers"]
    # Car a earns 1.60 and 3.90, car b 1.60; the last rider leaves at 20:01:41.
    assert (drivers["drivers"], drivers["on_shift_ms"]) == (2, 72_101_000)
    assert (drivers["pay_minor"], drivers["pay_hour_minor"]) == (710, 18)  # 17.7
    assert drivers["pay_hour_minor_by_decile"] == [8, 27]  # 7.99 and 27.5
    assert drivers["pay_riding_hour_minor"] == 5112  # in 500 s
    assert drivers["pay_gini"] == 0.2746  # (550 - 160) / (2 * 710)
    assert per_kilometre["proposed"]["drivers"]["pay_gini"] == 0.3  # (520 - 130) / 1300
    # Empty: the kilometre back to ben, of six.
    assert per_kilometre["today"]["empty_km_share"] == 0.1667


def test_who_pays_more_and_who_less_by_hand(per_kilometre: dict[str, Any]) -> None:
    assert per_kilometre["prices"] == {
        "dearer": 1,
        "cheaper": 2,
        "unchanged": 0,
        "change_minor_by_percentile": {
            "0": -50, "5": -50, "25": -50, "50": -50, "75": 50, "95": 50, "100": 50,
        },
        "dearer_sum_minor": 50,
        "cheaper_sum_minor": -100,
    }  # fmt: skip
    assert per_kilometre["difference"]["shares"] == {
        "riders_paid_minor": -50,
        "drivers_minor": -60,
        "of_which_top_up_minor": -20,
        "cooperative_minor": 14,
        "city_minor": -4,
    }


def test_a_higher_floor_by_hand() -> None:
    body = json.loads(json.dumps(FLOOR))
    body["floors"][0]["per_trip_min_minor"] = 200
    told = stated(today().under(RuleKind.PAY_FLOOR, body))
    # Anna's and carl's drivers reach 2.00 with 40 more each; riders pay as before.
    assert told["difference"]["shares"] == {
        "riders_paid_minor": 0,
        "drivers_minor": 80,
        "of_which_top_up_minor": 80,
        "cooperative_minor": -80,
        "city_minor": 0,
    }
    assert told["prices"]["unchanged"] == 3


@pytest.mark.parametrize(
    ("levy", "shares"),
    [
        # 1 % of the divided fare, out of the co-operative's share: 2 + 4 + 2.
        ({"borne_by": "coop", "bps": 100}, (0, 0, -8, 8)),
        # 5 % of the metered fare on top: 10 + 20 + 10, whole to the city.
        ({"borne_by": "rider", "bps": 500}, (40, 0, 0, 40)),
        ({"borne_by": "rider", "amount_minor": 25}, (75, 0, 0, 75)),
    ],
)
def test_a_levy_by_hand(levy: dict[str, Any], shares: tuple[int, ...]) -> None:
    told = stated(today().under(RuleKind.LEVY, {"name": "Levy", "currency": "USD", **levy}))
    change = told["difference"]["shares"]
    names = ("riders_paid_minor", "drivers_minor", "cooperative_minor", "city_minor")
    assert tuple(change[name] for name in names) == shares
    assert told["rules"]["today"]["levy"] is None
    assert told["rules"]["proposed"]["levy"] is not None


def test_a_matching_policy_moves_cars_and_no_price() -> None:
    body = policy_body() | {"round_seconds": 30.0}
    told = stated(today().under(RuleKind.MATCHING_POLICY, body))
    # Rounds at whole half minutes: anna waits 30 s less 0.5, ben as much more, carl too.
    assert told["today"]["riders"]["wait_ms"] == 101_500
    assert told["proposed"]["riders"]["wait_ms"] == 29_500 + 129_500 + 29_500
    assert told["difference"]["shares"]["riders_paid_minor"] == 0
    assert told["prices"]["unchanged"] == 3


def test_the_same_rule_on_both_sides_changes_nothing_anywhere() -> None:
    scene = town_of(town(requests=120, hours=1))
    for kind, body in (
        (RuleKind.TARIFF, TARIFF),
        (RuleKind.PAY_FLOOR, FLOOR),
        (RuleKind.MATCHING_POLICY, policy_body()),
    ):
        told = impact_of(
            scene, today(), today().under(kind, body), assumed=Assumptions(elasticity=-1.0)
        ).as_json()
        assert set(numbers(told["difference"])) <= {0}
        assert told["rules"]["today"] == told["rules"]["proposed"]
        assert told["prices"]["unchanged"] == 120


def test_zones_and_times_sum_to_the_whole_and_the_fare_to_its_parts() -> None:
    scene = town_of(town(requests=200, hours=2, vehicles=3))
    proposed = today().under(RuleKind.TARIFF, tariff(flag_minor=333, kilometre_mills=77_777))
    told = impact_of(scene, today(), proposed, assumed=Assumptions(elasticity=-0.7)).as_json()
    for side in (told["today"], told["proposed"]):
        for groups in ("by_zone", "by_time"):
            for name in ("requests", "served", "quoted_minor", "paid_minor", "wait_ms"):
                whole = side["riders"][name]
                assert sum(one[name] for one in side["riders"][groups]) == whole, (groups, name)
        shares = side["shares"]
        assert shares["riders_paid_minor"] == side["riders"]["paid_minor"]
        assert shares["riders_paid_minor"] == (
            shares["drivers_minor"] + shares["cooperative_minor"] + shares["city_minor"]
        )
        assert shares["drivers_minor"] == side["drivers"]["pay_minor"]
    assert told["today"]["riders"]["served"] < 200, "a day on which somebody is left standing"
    assert told["proposed"]["riders"]["requests"] != 200


def test_the_same_input_gives_the_same_bytes_and_another_seed_other_riders() -> None:
    scene = town_of(town(requests=200, hours=2))
    proposed = today().under(RuleKind.TARIFF, tariff(flag_minor=300))

    def told(seed: int) -> str:
        assumed = Assumptions(elasticity=-1.5, seed=seed)
        return json.dumps(impact_of(scene, today(), proposed, assumed=assumed).as_json())

    assert told(1) == told(1)
    assert told(1) != told(2)
    document = json.loads(told(1))
    digest = document.pop("digest")
    assert digest == digest_of(document)


def test_few_riders_are_told_of_together() -> None:
    scene = town_of(town(requests=40, hours=1), zone_of=[0] * 8 + [1] * 73)
    of_west = int((scene.demand.zone_from == 0).sum())
    assert 0 < of_west < 10, "a zone where few ask"
    told = impact_of(scene, today(), today(), assumed=Assumptions()).as_json()
    # The rest of one zone would be told by the other's: both are told of together.
    assert [one["code"] for one in told["today"]["riders"]["by_zone"]] == ["other"]
    assert told["today"]["riders"]["by_zone"][0]["requests"] == 40


def test_equal_prices_keep_every_rider_and_dearer_ones_only_lose_some() -> None:
    fares = np.arange(100, 5_000, 7)
    everybody = np.arange(len(fares)).tolist()
    assert asking_rows(fares, fares, elasticity=-1.3, seed=3).tolist() == everybody
    assert asking_rows(fares, fares * 9, elasticity=0.0, seed=3).tolist() == everybody
    twice = asking_rows(fares, fares * 2, elasticity=-1.0, seed=3).tolist()
    thrice = asking_rows(fares, fares * 3, elasticity=-1.0, seed=3).tolist()
    assert set(thrice) < set(twice) < set(everybody)
    assert len(twice) == pytest.approx(len(fares) / 2, rel=0.1)
    half = asking_rows(fares * 2, fares, elasticity=-1.0, seed=3).tolist()
    assert half == sorted([*everybody, *everybody])


@pytest.mark.parametrize("elasticity", [0.1, -3.01, float("nan"), float("-inf")])
def test_what_is_no_elasticity_is_refused(elasticity: float) -> None:
    with pytest.raises(ImpactUnusable, match=r"makes no sense; from -3 to 0 does"):
        stated(today(), assumed=Assumptions(elasticity=elasticity))


LEVY = {"name": "Levy", "currency": "USD", "borne_by": "coop", "bps": 100}


@pytest.mark.parametrize(
    ("kind", "body", "refusal", "says"),
    [
        (RuleKind.TARIFF, TARIFF | {"share": {}}, TariffInvalid, "share is refused"),
        (RuleKind.TARIFF, tariff(timezone="Mars/One"), TariffInvalid, "not in the IANA database"),
        (RuleKind.PAY_FLOOR, FLOOR | {"currency": "EUR"}, PayFloorInvalid, "is EUR"),
        (RuleKind.PAY_FLOOR, {}, PayFloorInvalid, "'name' is a required property"),
        (RuleKind.MATCHING_POLICY, {}, BodyInvalid, "The matching_policy cannot be read"),
        (RuleKind.MATCHING_POLICY, policy_body() | {"unmatched_seconds": 60}, PolicyInvalid, "unmatched_seconds must be more"),
        (RuleKind.LEVY, LEVY | {"bps": 1501}, LevyInvalid, "the co-operative's share, 1500"),
        (RuleKind.LEVY, LEVY | {"bps": 0.5}, LevyInvalid, "bps must be a whole number"),
        (RuleKind.LEVY, LEVY | {"amount_minor": 5}, LevyInvalid, "and not both"),
        (RuleKind.LEVY, LEVY | {"bps": None, "amount_minor": 5}, LevyInvalid, "is for riders"),
        (RuleKind.LEVY, LEVY | {"borne_by": "moon"}, LevyInvalid, 'must be "rider" or "coop"'),
        (RuleKind.LEVY, LEVY | {"currency": "EUR"}, LevyInvalid, "is EUR, the tariff's USD"),
        (RuleKind.LEVY, LEVY | {"more": 1}, LevyInvalid, "more is not a field"),
        (RuleKind.BYLAWS, {}, ImpactUnusable, "no such impact"),
    ],
)  # fmt: skip
def test_a_bad_rule_is_refused_by_who_acts_on_it(
    kind: RuleKind, body: dict[str, Any], refusal: type[Exception], says: str
) -> None:
    with pytest.raises(refusal, match=says):
        today().under(kind, body)


def test_a_levy_is_not_put_beside_one_that_the_tariff_has() -> None:
    body = tariff()
    body["rules"][0]["surcharges"] = [{"code": "levy", "amount_minor": 5, "to": "city"}]
    own = today().under(RuleKind.TARIFF, body)
    with pytest.raises(LevyInvalid, match="that the tariff has already"):
        own.under(RuleKind.LEVY, LEVY | {"borne_by": "rider"})


def test_a_proposal_without_a_price_for_the_class_is_refused() -> None:
    body = tariff(vehicle_classes=["rickshaw"])
    with pytest.raises(VehicleClassUnknown):
        stated(today().under(RuleKind.TARIFF, body))


def test_two_currencies_are_not_compared() -> None:
    bodies = dict(today().bodies)
    for kind in (RuleKind.TARIFF, RuleKind.PAY_FLOOR):
        bodies[kind] = {**bodies[kind], "currency": "EUR"}
    with pytest.raises(ImpactUnusable, match="another currency"):
        stated(rules_of(bodies))


def test_a_request_is_priced_as_the_service_would_quote_it() -> None:
    scenario = street()
    # 1,000.5 m count as 1,001, 100.001 s as 101; ben's way is three edges.
    streets = replace(
        scenario.streets,
        ms=np.full(6, 100_001, dtype=np.int64),
        decimetres=np.full(6, 10_005, dtype=np.int64),
    )
    demand = town_of(replace(scenario, streets=streets)).demand
    quoted = demand.journeys()
    assert quoted[0] == (
        Journey(metres=1001, seconds=101, vehicle_class="standard", zone_from="W", zone_to="W"),
        datetime(2014, 12, 21, 13, 0, 0, 500_000, tzinfo=UTC),
    )
    assert (quoted[1][0].metres, quoted[1][0].seconds) == (3002, 301)
    assert (quoted[1][0].zone_from, quoted[1][0].zone_to) == ("W", "E")


def test_junctions_have_the_zones_of_the_citys_places(tmp_path: Path) -> None:
    pack = CityPack.open(write_small_city(tmp_path / "gridtown"))
    streets = street().streets
    zoning = zoning_of(pack, streets)
    assert [zoning.code(zone) for zone in zoning.of_node.tolist()] == ["W", "W", "E", "E"]
    assert sorted(zoning.names) == ["East End", "West End"]
    moved = streets.lonlat.copy()
    moved[2] = (0.0, 0.0)
    codes = zoning_of(pack, replace(streets, lonlat=moved)).of_node.tolist()
    assert [zoning.code(zone) for zone in codes] == ["W", "W", None, "E"]
    with pytest.raises(ImpactUnusable, match="does not lie in Gridtown"):
        zoning_of(pack, replace(streets, lonlat=np.zeros((4, 2))))


def test_quantiles_are_values_that_are_there() -> None:
    ordered = np.array([1, 2, 3, 10])
    assert [quantile(ordered, percent) for percent in (0, 25, 26, 50, 75, 76, 100)] == [
        1, 1, 2, 2, 3, 10, 10,
    ]  # fmt: skip
    assert quantile(ordered[:0], 50) is None


def test_a_difference_has_the_shape_of_what_it_is_of() -> None:
    assert difference({"a": 1, "b": [1.5, None], "c": "x"}, {"a": 3, "b": [1.0, 2], "c": "x"}) == {
        "a": 2,
        "b": [-0.5, None],
        "c": "x",
    }


def test_the_reference_page_names_every_field(per_kilometre: dict[str, Any]) -> None:
    page = (REFERENCE / "impact_statement.md").read_text(encoding="utf-8")
    percentiles = {"0", "5", "25", "50", "75", "95", "100"}
    assert not [name for name in names(per_kilometre) - percentiles if f"`{name}`" not in page]


def test_the_levy_of_the_reference_page_can_be_read() -> None:
    (body,) = examples_on("levy.md")
    today().under(RuleKind.LEVY, body)


def names(document: object) -> set[str]:
    """Every field's name in a document."""
    if isinstance(document, dict):
        return set(document).union(*(names(value) for value in document.values()))
    if isinstance(document, list):
        return set().union(*(names(value) for value in document))
    return set()


def numbers(document: object) -> list[float]:
    """Every number in a document, None as 0."""
    if isinstance(document, dict):
        return [number for value in document.values() for number in numbers(value)]
    if isinstance(document, list):
        return [number for value in document for number in numbers(value)]
    return [] if isinstance(document, str) else [document or 0]  # type: ignore[list-item]
