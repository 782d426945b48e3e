"""What a rider saves by sharing: fixed, whole minor units, and never out of the driver's floor."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fares.errors import SharingNotOffered, TariffInvalid
from fares.pay import driver_pay, parse_pay_floors
from fares.price import Journey, price
from fares.tariff import parse_tariff
from tests.rules import example_pay_floor, example_tariff

NOON = datetime(2014, 12, 16, 17, tzinfo=UTC)
ALONE = {"metres": 5_000, "seconds": 900, "vehicle_class": "standard"}


def tariff(**sharing: Any) -> dict[str, Any]:
    body = example_tariff()
    for rule in body["rules"]:
        rule["shared"] = sharing or None
    return body


def lines_of(body: dict[str, Any], **journey: Any) -> dict[str, int]:
    found = price(parse_tariff(body), Journey(**(ALONE | journey)), NOON)
    return {line.code: line.amount_minor for line in found.lines}


def test_it_saves_a_part_of_the_metered_fare_and_of_nothing_else() -> None:
    body = tariff(saving_bps=2000)
    alone, shared = lines_of(body), lines_of(body, is_shared=True)
    metered = alone["flag"] + alone["distance"] + alone["time"]
    assert metered == 300 + 590 + 750
    assert shared == alone | {"shared": -328}


def test_the_saving_is_borne_by_those_who_divide_the_fare() -> None:
    body = tariff(saving_bps=2000)
    alone = price(parse_tariff(body), Journey(**ALONE), NOON)
    shared = price(parse_tariff(body), Journey(**ALONE, is_shared=True), NOON)
    assert shared.shares.sum_minor == shared.total.minor == alone.total.minor - 328
    for party in ("driver_minor", "coop_minor", "city_minor"):
        assert getattr(shared.shares, party) < getattr(alone.shares, party)


@pytest.mark.parametrize("party", ["coop", "city"])
def test_or_by_one_party_alone(party: str) -> None:
    body = tariff(saving_bps=2000, borne_by=party)
    alone = price(parse_tariff(body), Journey(**ALONE), NOON).shares
    shared = price(parse_tariff(body), Journey(**ALONE, is_shared=True), NOON).shares
    assert shared.driver_minor == alone.driver_minor
    assert getattr(shared, f"{party}_minor") == getattr(alone, f"{party}_minor") - 328


def test_the_pay_floor_holds_for_a_shared_trip() -> None:
    body = tariff(saving_bps=9000)
    read, floors = parse_tariff(body), parse_pay_floors(example_pay_floor())
    journey = Journey(**ALONE, is_shared=True)
    pay = driver_pay(price(read, journey, NOON).lines, journey, share=read.share, floors=floors)
    assert pay.top_up_minor > 0
    assert pay.pay_minor == pay.floor_minor > pay.share_minor


def test_a_saving_and_a_concession_never_make_a_fare_negative() -> None:
    for party in ("split", "coop", "city"):
        body = tariff(saving_bps=10_000, borne_by=party)
        body["concessions"] = [{"code": "all", "bps": 10_000, "funder": "city"}]
        found = lines_of(body, is_shared=True, concession="all")
        assert sum(found.values()) == 0, (party, found)


def test_a_tariff_without_a_shared_price_refuses_to_share() -> None:
    with pytest.raises(SharingNotOffered):
        lines_of(tariff(), is_shared=True)


@pytest.mark.parametrize(
    "sharing", [{"saving_bps": 10_001}, {"saving_bps": 2000, "borne_by": "driver"}, {"bps": 1}]
)
def test_a_section_that_makes_no_sense_is_refused(sharing: dict[str, Any]) -> None:
    with pytest.raises(TariffInvalid, match="shared"):
        parse_tariff(tariff(**sharing))
