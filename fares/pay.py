"""What the driver earns: a share of the fare, and never less than the pay floor in force.

After each trip the share is compared with the floor for the distance and time driven; what it
lacks is a top-up from the co-operative, never from the rider. Tips are not pay: they go whole to
the driver and are never counted here, nor shown with an offer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fares.errors import PayFloorInvalid
from fares.price import Journey, Line, divide, split_base
from fares.tariff import GoesTo, Share
from foundation.money import Currency, Money, minor_digits, round_half_up
from rulebook.errors import BodyInvalid
from rulebook.schema import check_body

MILLIMETRES = {"km": 1_000_000, "mile": 1_609_344}
"""In one unit of distance, exactly; the international mile of 1959."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayFloor:
    """The least a trip earns its driver: so much a distance and minute, and a least for any trip.

    Attributes
    ----------
    distance_mills, unit
        Mills for each km or mile.
    minute_mills
        Mills for each minute.
    per_trip_min_minor
        Minor units for any trip however short.
    source
        The law or motion the numbers come from.
    """

    name: str
    priority: int
    vehicle_classes: frozenset[str]
    start_zones: frozenset[str]
    distance_mills: int
    unit: str
    minute_mills: int
    per_trip_min_minor: int
    source: str

    def earned_minor(self, metres: int, seconds: int) -> int:
        """Minor units for a trip of that distance and time, rounded once, half up."""
        unit_mm = MILLIMETRES[self.unit]
        mills = metres * 1000 * self.distance_mills * 60 + seconds * self.minute_mills * unit_mm
        return max(self.per_trip_min_minor, round_half_up(mills, unit_mm * 60 * 1000))


@dataclass(frozen=True, slots=True, kw_only=True)
class PayFloors:
    """The pay floors in force, highest priority first; there may be none."""

    name: str
    currency: Currency
    floors: tuple[PayFloor, ...]

    def find_for(self, vehicle_class: str, zone_from: str | None) -> PayFloor | None:
        """The floor of highest priority for that class and zone of the pick-up."""
        for floor in self.floors:
            if floor.vehicle_classes and vehicle_class not in floor.vehicle_classes:
                continue
            if floor.start_zones and zone_from not in floor.start_zones:
                continue
            return floor
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverPay:
    """A driver's pay for one trip, with what is needed to redo it.

    Attributes
    ----------
    shared_minor
        The part of the fare that is divided, of which the driver gets `driver_bps`.
    share_minor
        The driver's share, with `extras_minor`: the surcharges that go whole to the driver.
    top_up_minor
        What the co-operative adds to reach `floor_minor`.
    reimbursed_minor
        Outlays given back (tolls): not pay, and not counted against the floor.
    """

    currency: Currency
    shared_minor: int
    driver_bps: int
    share_minor: int
    extras_minor: int = 0
    floor_name: str | None
    floor_minor: int
    top_up_minor: int
    reimbursed_minor: int
    metres: int
    seconds: int

    @property
    def pay_minor(self) -> int:
        """Share and top-up: what an offer shows."""
        return self.share_minor + self.top_up_minor

    def as_json(self) -> dict[str, Any]:
        """The pay as a fare's document keeps it; the currency is the fare's."""
        return {
            "shared_minor": self.shared_minor,
            "driver_bps": self.driver_bps,
            "share_minor": self.share_minor,
            "extras_minor": self.extras_minor,
            "floor_name": self.floor_name,
            "floor_minor": self.floor_minor,
            "top_up_minor": self.top_up_minor,
            "reimbursed_minor": self.reimbursed_minor,
            "pay_minor": self.pay_minor,
            "metres": self.metres,
            "seconds": self.seconds,
        }


def pay_from_json(value: Mapping[str, Any], currency: Currency) -> DriverPay:
    """The pay that `DriverPay.as_json` wrote."""
    fields = {name: item for name, item in value.items() if name != "pay_minor"}
    return DriverPay(currency=currency, **fields)


def parse_pay_floors(body: Mapping[str, Any]) -> PayFloors:
    """The pay floors that a rule's body states (docs/reference/pay_floor.md).

    Raises
    ------
    PayFloorInvalid
        Naming the field that is missing, unknown or out of range.
    """
    try:
        check_body("pay_floor", body)
    except BodyInvalid as refusal:
        raise PayFloorInvalid(refusal.field or "the document", refusal.reason) from None
    floors = tuple(
        sorted((_floor(raw) for raw in body["floors"]), key=lambda floor: -floor.priority)
    )
    if len({floor.priority for floor in floors}) < len(floors):
        raise PayFloorInvalid("floors", "must each have a priority of their own")
    return PayFloors(name=body["name"], currency=Currency(body["currency"]), floors=floors)


def driver_pay(
    lines: Sequence[Line], journey: Journey, *, share: Share, floors: PayFloors
) -> DriverPay:
    """The driver's pay for `lines`, checked against the floor for the journey driven."""
    whole = [line for line in lines if line.goes_to is GoesTo.DRIVER]
    whole_minor = sum(line.amount_minor for line in whole)
    reimbursed = sum(line.amount_minor for line in whole if line.code.startswith("pass_through."))
    share_minor = divide(lines, share).driver_minor - reimbursed
    floor = floors.find_for(journey.vehicle_class, journey.zone_from)
    floor_minor = 0 if floor is None else floor.earned_minor(journey.metres, journey.seconds)
    return DriverPay(
        currency=floors.currency,
        shared_minor=split_base(lines),
        driver_bps=share.driver_bps,
        share_minor=share_minor,
        extras_minor=whole_minor - reimbursed,
        floor_name=None if floor is None else floor.name,
        floor_minor=floor_minor,
        top_up_minor=max(0, floor_minor - share_minor),
        reimbursed_minor=reimbursed,
        metres=journey.metres,
        seconds=journey.seconds,
    )


def explain_pay(pay: DriverPay, floors: PayFloors) -> list[str]:
    """The arithmetic of a driver's pay in sentences, for the statement."""

    def money(minor: int) -> str:
        return str(Money(minor, pay.currency))

    percent = f"{pay.driver_bps / 100:g} %"
    divided = pay.share_minor - pay.extras_minor
    sentences = [f"Your share is {percent} of {money(pay.shared_minor)}: {money(divided)}."]
    if pay.extras_minor:
        sentences.append(
            f"With surcharges that are wholly yours, {money(pay.extras_minor)}, "
            f"it is {money(pay.share_minor)}."
        )
    floor = next((one for one in floors.floors if one.name == pay.floor_name), None)
    if floor is not None:
        minutes, seconds = divmod(pay.seconds, 60)
        sentences.append(
            f"The pay floor {floor.name!r} for {pay.metres} m and {minutes} min {seconds} s, at "
            f"{say_rate(floor.distance_mills, pay.currency)} a {floor.unit} and "
            f"{say_rate(floor.minute_mills, pay.currency)} a minute"
            + (
                f", at least {money(floor.per_trip_min_minor)} a trip"
                if floor.per_trip_min_minor
                else ""
            )
            + f", is {money(pay.floor_minor)}."
        )
        sentences.append(
            f"Your share is below it: the co-operative adds {money(pay.top_up_minor)}."
            if pay.top_up_minor
            else "Your share reaches it: nothing is added."
        )
    if pay.reimbursed_minor:
        sentences.append(
            f"What you paid for the rider is given back: {money(pay.reimbursed_minor)}."
        )
    sentences.append(f"Your pay for this trip is {money(pay.pay_minor)}.")
    return sentences


def say_rate(mills: int, currency: Currency) -> str:
    """Mills as major units with every digit that matters: 136000 in USD is "1.36 USD"."""
    digits = minor_digits(currency) + 3
    whole, part = divmod(mills, 10**digits)
    places = f"{part:0{digits}d}".rstrip("0")
    return f"{whole}{f'.{places}' if places else ''} {currency}"


def _floor(raw: Mapping[str, Any]) -> PayFloor:
    return PayFloor(
        name=raw["name"],
        priority=raw["priority"],
        vehicle_classes=frozenset(raw.get("vehicle_classes", [])),
        start_zones=frozenset(raw.get("start_zones", [])),
        distance_mills=raw["per_distance"]["mills"],
        unit=raw["per_distance"]["unit"],
        minute_mills=raw["per_minute_mills"],
        per_trip_min_minor=raw.get("per_trip_min_minor", 0),
        source=raw["source"],
    )
