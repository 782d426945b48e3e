"""The tariff: a dated price list as data, read into values that arithmetic can use.

The language is that of docs/reference/tariff.md; its shape is `rulebook/schemas/tariff.json`.
This module turns a body into frozen values and refuses what has the right shape and makes no
sense: bands that leave a gap, a calendar nobody defined, an hour without a price.

Units: amounts are whole minor units, rates whole mills (thousandths of a minor unit). Lengths
and times that a price is measured in are exact decimals, kept as whole ten-thousandths (`_e4`)
of a metre, a second or a km/h: a mile is 1609.344 m and a fifth of it 321.8688 m, exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fares.errors import TariffInvalid
from fares.hours import WEEKDAYS, Window, minute_of
from foundation.money import Currency, minor_digits
from rulebook.errors import BodyInvalid
from rulebook.schema import check_body

SCALE = 10_000
"""Ten-thousandths in one metre, second or km/h."""

BPS = 10_000
"""Basis points in a whole."""

MILLS = 1_000
"""Mills in a minor unit."""


class GoesTo(StrEnum):
    """Who gets a line: divided by the adopted share, or whole to one party."""

    SPLIT = "split"
    DRIVER = "driver"
    COOP = "coop"
    CITY = "city"


class PartUnit(StrEnum):
    """What a begun unit costs: all of it (the meter has clicked), or its part."""

    FULL = "full"
    PRORATA = "prorata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One band of a distance or time charge: `amount_mills` for each `per_e4`."""

    from_e4: int
    to_e4: int | None
    per_e4: int
    amount_mills: int
    part_unit: PartUnit
    below_kmh_e4: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """What getting in costs, and what it includes."""

    amount_minor: int
    includes_m_e4: int
    includes_s_e4: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The charge for keeping the car waiting after `free_s` seconds."""

    free_s: int
    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Surcharge:
    """An extra by hour or zone: a fixed amount, or basis points of the metered fare."""

    code: str
    amount_minor: int | None
    bps: int | None
    window: Window
    zone_end: str | None
    zones: frozenset[str]
    goes_to: GoesTo

    def applies_to(self, zone_from: str | None, zone_to: str | None) -> bool:
        """Whether the journey's zones call for it."""
        match self.zone_end:
            case None:
                return True
            case "from":
                return zone_from in self.zones
            case "to":
                return zone_to in self.zones
            case _:
                return zone_from in self.zones or zone_to in self.zones


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """What a rider saves of the metered fare by letting others ride along, whoever bears it."""

    saving_bps: int
    borne_by: GoesTo


@dataclass(frozen=True, slots=True, kw_only=True)
class Concession:
    """A reduction for the rider; the funder makes up for it, never the driver."""

    code: str
    amount_minor: int | None
    bps: int | None
    funder: GoesTo


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffRule:
    """One way to price a journey, and the journeys it is for."""

    name: str
    priority: int
    vehicle_classes: frozenset[str]
    zone_from: frozenset[str]
    zone_to: frozenset[str]
    window: Window
    flag: Flag
    distance_steps: tuple[Step, ...]
    time_steps: tuple[Step, ...]
    minimum_minor: int
    waiting: Waiting | None
    stop_fee_minor: int
    booking_fee_minor: int
    surcharges: tuple[Surcharge, ...]
    sharing: Sharing | None = None

    @property
    def is_for_all_hours_and_zones(self) -> bool:
        """Whether only the vehicle's class is asked for."""
        return self.window.is_always and not self.zone_from and not self.zone_to


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How a fare is divided, in basis points that sum to 10,000."""

    driver_bps: int
    coop_bps: int
    city_bps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """A whole price list; `rules` come highest priority first."""

    name: str
    currency: Currency
    zone: ZoneInfo
    vehicle_classes: tuple[str, ...]
    rules: tuple[TariffRule, ...]
    pass_through: Mapping[str, GoesTo]
    concessions: Mapping[str, Concession]
    share: Share
    to_minor: int


def parse_tariff(body: Mapping[str, Any]) -> Tariff:
    """The tariff that a rule's body states.

    Raises
    ------
    TariffInvalid
        Naming the field that is missing, unknown, out of range or makes no sense.
    """
    try:
        check_body("tariff", body)
    except BodyInvalid as refusal:
        raise TariffInvalid(refusal.field or "the document", refusal.reason) from None
    if body["minor_digits"] != minor_digits(Currency(body["currency"])):
        raise TariffInvalid("minor_digits", f"is not that of {body['currency']} in ISO 4217")
    share = Share(**body["share"])
    if share.driver_bps + share.coop_bps + share.city_bps != BPS:
        raise TariffInvalid("share", f"must sum to {BPS} basis points")
    calendars = {
        name: frozenset(_date(f"calendars.{name}[{index}]", day) for index, day in enumerate(days))
        for name, days in body.get("calendars", {}).items()
    }
    classes = tuple(body["vehicle_classes"])
    rules = tuple(
        sorted(
            (
                _rule(f"rules[{index}]", raw, calendars, classes)
                for index, raw in enumerate(body["rules"])
            ),
            key=lambda rule: -rule.priority,
        )
    )
    _check_rules(rules, classes)
    return Tariff(
        name=body["name"],
        currency=Currency(body["currency"]),
        zone=_zone(body["timezone"]),
        vehicle_classes=classes,
        rules=rules,
        pass_through=_pass_through(body.get("pass_through", [])),
        concessions=_concessions(body.get("concessions", [])),
        share=share,
        to_minor=body.get("rounding", {"to_minor": 1})["to_minor"],
    )


def exact_e4(quantity: int | str) -> int:
    """A whole number, or a decimal with up to four places in quotes, as ten-thousandths."""
    whole, _, places = str(quantity).partition(".")
    return int(whole) * SCALE + int((places + "0000")[:4])


def _check_rules(rules: Sequence[TariffRule], classes: Sequence[str]) -> None:
    """Every journey has one price: no ties, and a rule for every hour and zone of each class."""
    if len({rule.priority for rule in rules}) < len(rules):
        raise TariffInvalid("rules", "must each have a priority of their own, so that none tie")
    if len({rule.name for rule in rules}) < len(rules):
        raise TariffInvalid("rules", "must each have a name of their own")
    for vehicle_class in classes:
        if not any(
            rule.is_for_all_hours_and_zones
            and (not rule.vehicle_classes or vehicle_class in rule.vehicle_classes)
            for rule in rules
        ):
            raise TariffInvalid(
                "rules", f"leave {vehicle_class!r} without a price at some hour or place"
            )


def _rule(
    field: str,
    raw: Mapping[str, Any],
    calendars: Mapping[str, frozenset[date]],
    classes: Sequence[str],
) -> TariffRule:
    unknown = sorted(set(raw.get("vehicle_classes", [])) - set(classes))
    if unknown:
        raise TariffInvalid(f"{field}.vehicle_classes", f"names {unknown[0]!r}, not a class here")
    flag = raw.get("flag", {"amount_minor": 0})
    surcharges = tuple(
        _surcharge(f"{field}.surcharges[{index}]", one, calendars)
        for index, one in enumerate(raw.get("surcharges", []))
    )
    if len({surcharge.code for surcharge in surcharges}) < len(surcharges):
        raise TariffInvalid(f"{field}.surcharges", "must each have a code of their own")
    return TariffRule(
        name=raw["name"],
        priority=raw["priority"],
        vehicle_classes=frozenset(raw.get("vehicle_classes", [])),
        zone_from=frozenset(raw.get("zone_from", [])),
        zone_to=frozenset(raw.get("zone_to", [])),
        window=_window(field, raw, calendars),
        flag=Flag(
            amount_minor=flag["amount_minor"],
            includes_m_e4=exact_e4(flag.get("includes_m", 0)),
            includes_s_e4=exact_e4(flag.get("includes_s", 0)),
        ),
        distance_steps=_steps(f"{field}.distance_steps", raw.get("distance_steps", []), "m"),
        time_steps=_steps(f"{field}.time_steps", raw.get("time_steps", []), "s"),
        minimum_minor=raw.get("minimum_minor", 0),
        waiting=_waiting(f"{field}.waiting", raw.get("waiting")),
        stop_fee_minor=raw.get("stop_fee_minor", 0),
        booking_fee_minor=raw.get("booking_fee_minor", 0),
        surcharges=surcharges,
        sharing=_sharing(raw.get("shared")),
    )


def _window(field: str, raw: Mapping[str, Any], calendars: Mapping[str, frozenset[date]]) -> Window:
    start, end = raw.get("start_local"), raw.get("end_local")
    if (start is None) != (end is None):
        raise TariffInvalid(f"{field}.start_local", "and end_local go together")
    hours = None if start is None or end is None else (minute_of(start), minute_of(end))
    if hours is not None and (hours[0] == 1440 or hours[0] == hours[1] % 1440):
        raise TariffInvalid(f"{field}.start_local", "must differ from end_local; null is all day")
    calendar = raw.get("calendar")
    if calendar is not None and calendar not in calendars:
        raise TariffInvalid(f"{field}.calendar", f"names {calendar!r}, which calendars lacks")
    days = raw.get("days")
    return Window(
        weekdays=frozenset(WEEKDAYS.index(day) for day in days) if days else None,
        dates=calendars[calendar] if calendar is not None else None,
        start_minute=None if hours is None else hours[0],
        end_minute=None if hours is None else hours[1],
    )


def _steps(field: str, raw: Sequence[Mapping[str, Any]], unit: str) -> tuple[Step, ...]:
    """Bands in order. Those that count the same thing start at 0 and leave no gap."""
    steps = tuple(_step(f"{field}[{index}]", one, unit) for index, one in enumerate(raw))
    for threshold in {step.below_kmh_e4 for step in steps}:
        reached: int | None = 0
        for index, step in enumerate(steps):
            if step.below_kmh_e4 != threshold:
                continue
            if step.from_e4 != reached:
                raise TariffInvalid(
                    f"{field}[{index}].from_{unit}", "must be where the band before it ends"
                )
            reached = step.to_e4
        if reached is not None:
            raise TariffInvalid(f"{field}", f"must end with a band whose to_{unit} is null")
    return steps


def _step(field: str, raw: Mapping[str, Any], unit: str) -> Step:
    per, to = exact_e4(raw[f"per_{unit}"]), raw.get(f"to_{unit}")
    if per == 0:
        raise TariffInvalid(f"{field}.per_{unit}", "must be more than 0")
    below = raw.get("below_kmh")
    if below is not None and exact_e4(below) == 0:
        raise TariffInvalid(f"{field}.below_kmh", "must be more than 0, or null")
    step = Step(
        from_e4=exact_e4(raw.get(f"from_{unit}", 0)),
        to_e4=None if to is None else exact_e4(to),
        per_e4=per,
        amount_mills=raw["amount_mills"],
        part_unit=PartUnit(raw.get("part_unit", "prorata")),
        below_kmh_e4=None if below is None else exact_e4(below),
    )
    if step.to_e4 is not None and step.to_e4 <= step.from_e4:
        raise TariffInvalid(f"{field}.to_{unit}", f"must be more than from_{unit}")
    return step


def _waiting(field: str, raw: Mapping[str, Any] | None) -> Waiting | None:
    if raw is None:
        return None
    return Waiting(free_s=raw["free_s"], step=_step(field, raw, "s"))


def _sharing(raw: Mapping[str, Any] | None) -> Sharing | None:
    if raw is None:
        return None
    return Sharing(saving_bps=raw["saving_bps"], borne_by=GoesTo(raw.get("borne_by", "split")))


def _surcharge(
    field: str, raw: Mapping[str, Any], calendars: Mapping[str, frozenset[date]]
) -> Surcharge:
    zone = raw.get("zone")
    if zone is not None and not zone["codes"]:
        raise TariffInvalid(f"{field}.zone.codes", "must name a zone")
    return Surcharge(
        code=raw["code"],
        amount_minor=raw.get("amount_minor"),
        bps=raw.get("bps"),
        window=_window(f"{field}.when", raw.get("when") or {}, calendars),
        zone_end=None if zone is None else zone["end"],
        zones=frozenset() if zone is None else frozenset(zone["codes"]),
        goes_to=GoesTo(raw.get("to", "split")),
    )


def _pass_through(raw: Sequence[Mapping[str, Any]]) -> Mapping[str, GoesTo]:
    outlays = {one["code"]: GoesTo(one["to"]) for one in raw}
    if len(outlays) < len(raw):
        raise TariffInvalid("pass_through", "must each have a code of their own")
    return outlays


def _concessions(raw: Sequence[Mapping[str, Any]]) -> Mapping[str, Concession]:
    concessions = {
        one["code"]: Concession(
            code=one["code"],
            amount_minor=one.get("amount_minor"),
            bps=one.get("bps"),
            funder=GoesTo(one["funder"]),
        )
        for one in raw
    }
    if len(concessions) < len(raw):
        raise TariffInvalid("concessions", "must each have a code of their own")
    return concessions


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TariffInvalid("timezone", f"{name!r} is not in the IANA database") from None


def _date(field: str, day: str) -> date:
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise TariffInvalid(field, f"{day!r} is not a date") from None
