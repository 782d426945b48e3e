"""A tariff is read whole or refused with the field named; no price is left to chance."""

from collections.abc import Callable
from typing import Any

import pytest

from fares.errors import PayFloorInvalid, TariffInvalid
from fares.pay import parse_pay_floors
from fares.tariff import parse_tariff
from tests.rules import example_pay_floor, example_tariff


def test_the_example_is_read_highest_priority_first() -> None:
    tariff = parse_tariff(example_tariff())
    assert [rule.name for rule in tariff.rules] == ["airport", "night", "day"]
    assert tariff.zone.key == "America/New_York"
    assert tariff.rules[1].distance_steps[0].per_e4 == 16_093_440


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        (lambda body: body.pop("timezone"), "the document"),
        (lambda body: body.update(surprise=1), "the document"),
        (lambda body: body.update(minor_digits=3), "minor_digits"),
        (lambda body: body.update(currency="usd"), "currency"),
        (lambda body: body.update(timezone="Mars/Olympus"), "timezone"),
        (lambda body: body.update(timezone="../../etc/passwd"), "timezone"),
        (lambda body: body.update(timezone="America"), "timezone"),
        (lambda body: body.update(vehicle_classes=[]), "vehicle_classes"),
        (lambda body: body.update(vehicle_classes=["standard", "wheelchair", "van"],
                                  rules=[body["rules"][0]]), "rules"),
        (lambda body: body["calendars"].update(holidays=["2014-02-30"]), "calendars.holidays[0]"),
        (lambda body: body["share"].update(driver_bps=8001), "share"),
        (lambda body: body["share"].update(driver_bps=-1), "share.driver_bps"),
        (lambda body: body["share"].update(driver_bps=True), "share.driver_bps"),
        (lambda body: body["dynamic"].update(allowed=True), "dynamic.allowed"),
        (lambda body: body["rounding"].update(mode="half_even"), "rounding.mode"),
        (lambda body: body["rounding"].update(at="total"), "rounding.at"),
        (lambda body: body["rounding"].update(to_minor=0), "rounding.to_minor"),
        (lambda body: body["pass_through"].append({"code": "toll", "to": "city"}), "pass_through"),
        (lambda body: body["pass_through"][0].update(to="coop"), "pass_through[0].to"),
        (lambda body: body["concessions"][0].update(funder="driver"), "concessions[0].funder"),
        (lambda body: body["concessions"][0].update(amount_minor=1), "concessions[0]"),
        (lambda body: body["concessions"][1].update(code="senior"), "concessions"),
        (lambda body: body["rules"][2].update(priority=20), "rules"),
        (lambda body: body["rules"][2].update(name="night"), "rules"),
        (lambda body: body["rules"][2].update(days=["mon"]), "rules"),
        (lambda body: body["rules"][2].update(zone_from=["x"]), "rules"),
        (lambda body: body["rules"][2].update(start_local="08:00", end_local="20:00"), "rules"),
        (lambda body: body["rules"][2].update(vehicle_classes=["standard"]), "rules"),
        (lambda body: body["rules"][2].update(vehicle_classes=["bus"]), "rules[2].vehicle_classes"),
        (lambda body: body["rules"][1].update(end_local=None), "rules[1].start_local"),
        (lambda body: body["rules"][1].update(end_local="20:00"), "rules[1].start_local"),
        (lambda body: body["rules"][1].update(end_local="25:00"), "rules[1].end_local"),
        (lambda body: body["rules"][1].update(start_local="00:00", end_local="24:00"), "rules[1].start_local"),
        (lambda body: body["rules"][1].update(calendar="school"), "rules[1].calendar"),
        (lambda body: body["rules"][1].update(days=["funday"]), "rules[1].days[0]"),
        (lambda body: body["rules"][1].update(minimum_minor=9.0), "rules[1].minimum_minor"),
        (lambda body: body["rules"][1]["flag"].update(includes_m=1.5), "rules[1].flag.includes_m"),
        (lambda body: body["rules"][1]["flag"].update(includes_m="1e3"), "rules[1].flag.includes_m"),
        (lambda body: body["rules"][1]["flag"].update(includes_m="1.23456"), "rules[1].flag.includes_m"),
        (lambda body: body["rules"][1]["distance_steps"].pop(0), "rules[1].distance_steps[0].from_m"),
        (lambda body: body["rules"][1]["distance_steps"].pop(1), "rules[1].distance_steps"),
        (lambda body: body["rules"][1]["distance_steps"][1].update(from_m=9000), "rules[1].distance_steps[1].from_m"),
        (lambda body: body["rules"][1]["distance_steps"][0].update(per_m=0), "rules[1].distance_steps[0].per_m"),
        (lambda body: body["rules"][1]["distance_steps"][0].update(to_m=0), "rules[1].distance_steps[0].to_m"),
        (lambda body: body["rules"][1]["distance_steps"][0].update(part_unit="half"), "rules[1].distance_steps[0].part_unit"),
        (lambda body: body["rules"][1]["distance_steps"][0].update(below_kmh=5), "rules[1].distance_steps[0]"),
        (lambda body: body["rules"][1]["time_steps"][0].update(below_kmh=0), "rules[1].time_steps[0].below_kmh"),
        (lambda body: body["rules"][1]["waiting"].update(per_s=0), "rules[1].waiting.per_s"),
        (lambda body: body["rules"][1]["waiting"].pop("free_s"), "rules[1].waiting"),
        (lambda body: body["rules"][1]["surcharges"][0].update(amount_minor=5), "rules[1].surcharges[0]"),
        (lambda body: body["rules"][1]["surcharges"][0]["when"].update(calendar="x"), "rules[1].surcharges[0].when.calendar"),
        (lambda body: body["rules"][1]["surcharges"][1]["zone"].update(codes=[]), "rules[1].surcharges[1].zone.codes"),
        (lambda body: body["rules"][1]["surcharges"][1].update(code="holiday"), "rules[1].surcharges"),
    ],
)  # fmt: skip
def test_a_tariff_that_makes_no_sense_is_refused_by_field(
    edit: Callable[[dict[str, Any]], object], field: str
) -> None:
    body = example_tariff()
    edit(body)
    with pytest.raises(TariffInvalid) as refusal:
        parse_tariff(body)
    assert refusal.value.field == field


@pytest.mark.parametrize("body", [[], None, "tariff", 7])
def test_what_is_no_document_is_refused(body: Any) -> None:
    with pytest.raises(TariffInvalid, match="the document must be a JSON object"):
        parse_tariff(body)


def test_slow_time_and_all_time_are_counted_by_bands_of_their_own() -> None:
    body = example_tariff()
    body["rules"][2]["time_steps"] = [
        {"per_s": 60, "amount_mills": 10_000},
        {"to_s": 600, "per_s": 60, "amount_mills": 20_000, "below_kmh": 10},
        {"from_s": 600, "per_s": 60, "amount_mills": 30_000, "below_kmh": 10},
    ]
    assert len(parse_tariff(body).rules[2].time_steps) == 3


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        (lambda body: body.pop("floors"), "the document"),
        (lambda body: body["floors"][0].update(priority=1), "floors"),
        (lambda body: body["floors"][0].pop("source"), "floors[0]"),
        (lambda body: body["floors"][0]["per_distance"].update(unit="league"), "floors[0].per_distance.unit"),
        (lambda body: body["floors"][0].update(per_minute_mills=58.3), "floors[0].per_minute_mills"),
    ],
)  # fmt: skip
def test_a_pay_floor_that_makes_no_sense_is_refused_by_field(
    edit: Callable[[dict[str, Any]], object], field: str
) -> None:
    body = example_pay_floor()
    edit(body)
    with pytest.raises(PayFloorInvalid) as refusal:
        parse_pay_floors(body)
    assert refusal.value.field == field
