"""The price of a journey: a pure function of tariff, route, class and local time.

Every line is computed exactly and rounded once (half up, to the tariff's `to_minor`); the total
is the sum of the lines. Nothing here reads a clock, a database or the demand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fares.errors import (
    ConcessionUnknown,
    JourneyTooLong,
    SharingNotOffered,
    VehicleClassUnknown,
)
from fares.tariff import (
    BPS,
    MILLS,
    SCALE,
    Concession,
    GoesTo,
    PartUnit,
    Share,
    Step,
    Surcharge,
    Tariff,
    TariffRule,
)
from foundation.money import Money, round_half_up, split_by_largest_remainder

METRES_MAX = 3_000_000
SECONDS_MAX = 604_800
STOPS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What a price depends on besides the tariff and the instant.

    Attributes
    ----------
    metres, seconds
        Of the route on the road, whole, 0 to 3,000,000 m and 0 to 604,800 s.
    zone_from, zone_to
        Codes of the zones at the ends, or None outside every zone.
    stops
        Stops on the way, known beforehand.
    concession
        Code of a reduction the rider is entitled to; the caller has checked that.
    is_shared
        Whether the rider lets others ride along.

    Raises
    ------
    JourneyTooLong
        If a number is out of range.
    """

    metres: int
    seconds: int
    vehicle_class: str
    zone_from: str | None = None
    zone_to: str | None = None
    seats: int = 1
    stops: int = 0
    concession: str | None = None
    is_shared: bool = False

    def __post_init__(self) -> None:
        for name, limit in (("metres", METRES_MAX), ("seconds", SECONDS_MAX), ("stops", STOPS_MAX)):
            value = getattr(self, name)
            assert type(value) is int, f"{name} are whole"
            if not 0 <= value <= limit:
                raise JourneyTooLong(f"{value} {name}, where 0 to {limit} are possible")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a quote or fare.

    Attributes
    ----------
    code
        `flag`, `distance`, `time`, `minimum`, `stops`, `booking_fee`, `surcharge.CODE`,
        `shared`, `concession.CODE`; in a final fare also `waiting`, `added_stops`, `change.CODE`,
        `pass_through.CODE`.
    goes_to
        Divided by the adopted share, or whole to one party.
    detail
        The quantities behind the amount, as JSON values: what a person needs to redo it.
    """

    code: str
    amount_minor: int
    goes_to: GoesTo = GoesTo.SPLIT
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Who gets what of a fare; the three sum to the rider's total, to the minor unit.

    A part is negative when that party funds a concession worth more than its share: it owes.
    """

    driver_minor: int
    coop_minor: int
    city_minor: int

    @property
    def sum_minor(self) -> int:
        """The whole that was divided."""
        return self.driver_minor + self.coop_minor + self.city_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A journey's price, line by line, and the tariff's rule that made it."""

    rule_name: str
    lines: tuple[Line, ...]
    total: Money
    shares: Shares


def price(tariff: Tariff, journey: Journey, at: datetime) -> Priced:
    """What `journey` costs when the pick-up is at `at` (aware; the booked time if booked ahead).

    Raises
    ------
    VehicleClassUnknown, ConcessionUnknown, SharingNotOffered
        If the tariff has no price, or no reduction, of that name.
    """
    assert at.tzinfo is not None, "an instant, not a clock reading of somewhere"
    local = at.astimezone(tariff.zone)
    rule = choose_rule(tariff, journey, at)
    lines = [*_metered(rule, journey, tariff.to_minor)]
    metered_minor = sum(line.amount_minor for line in lines)
    if journey.stops:
        lines.append(stops_line("stops", rule, journey.stops, tariff.to_minor))
    lines.append(_fixed("booking_fee", rule.booking_fee_minor, tariff.to_minor))
    lines += [
        _surcharge_line(surcharge, metered_minor, tariff.to_minor)
        for surcharge in rule.surcharges
        if surcharge.applies_to(journey.zone_from, journey.zone_to)
        and surcharge.window.holds(local)
    ]
    if journey.is_shared:
        lines.append(_sharing_line(rule, metered_minor, tariff.to_minor))
    if journey.concession is not None:
        if journey.concession not in tariff.concessions:
            raise ConcessionUnknown(journey.concession)
        concession = tariff.concessions[journey.concession]
        lines.append(_concession_line(concession, _unspared(lines), tariff.to_minor))
    kept = tuple(line for line in lines if line.amount_minor)
    return Priced(
        rule_name=rule.name,
        lines=kept,
        total=Money(sum(line.amount_minor for line in kept), tariff.currency),
        shares=divide(kept, tariff.share),
    )


def choose_rule(tariff: Tariff, journey: Journey, at: datetime) -> TariffRule:
    """The rule of highest priority whose class, zones and local hours fit.

    Raises
    ------
    VehicleClassUnknown
        If the tariff does not know the class.
    """
    if journey.vehicle_class not in tariff.vehicle_classes:
        raise VehicleClassUnknown(journey.vehicle_class, tariff.vehicle_classes)
    local = at.astimezone(tariff.zone)
    for rule in tariff.rules:
        if rule.vehicle_classes and journey.vehicle_class not in rule.vehicle_classes:
            continue
        if rule.zone_from and journey.zone_from not in rule.zone_from:
            continue
        if rule.zone_to and journey.zone_to not in rule.zone_to:
            continue
        if rule.window.holds(local):
            return rule
    raise AssertionError("parse_tariff lets no hour or zone go without a rule")


def divide(lines: Sequence[Line], share: Share) -> Shares:
    """Each party's part of the lines: the split ones by largest remainder, the others whole.

    Ties of remainders go to the driver, then the co-operative, then the city.
    """
    weights = (share.driver_bps, share.coop_bps, share.city_bps)
    driver, coop, city = split_by_largest_remainder(split_base(lines), weights)
    for line in lines:
        match line.goes_to:
            case GoesTo.DRIVER:
                driver += line.amount_minor
            case GoesTo.COOP:
                coop += line.amount_minor
            case GoesTo.CITY:
                city += line.amount_minor
            case GoesTo.SPLIT:
                pass
    return Shares(driver_minor=driver, coop_minor=coop, city_minor=city)


def split_base(lines: Sequence[Line]) -> int:
    """The minor units that are divided by share: the sum of the lines that say so."""
    return sum(line.amount_minor for line in lines if line.goes_to is GoesTo.SPLIT)


def stops_line(code: str, rule: TariffRule, stops: int, to_minor: int) -> Line:
    """The charge for `stops` stops."""
    return Line(
        code=code,
        amount_minor=_rounded(stops * rule.stop_fee_minor, 1, to_minor),
        detail={"stops": stops, "each_minor": rule.stop_fee_minor},
    )


def waiting_line(rule: TariffRule, seconds: int, to_minor: int) -> Line:
    """The charge for `seconds` of waiting, of which the tariff's first are free."""
    if rule.waiting is None:
        return Line(code="waiting", amount_minor=0, detail={})
    charged = max(0, seconds - rule.waiting.free_s)
    amount, bands = _charge([(rule.waiting.step, 0, charged * SCALE)], "s", to_minor)
    detail = {"seconds": seconds, "free_s": rule.waiting.free_s, "bands": bands}
    return Line(code="waiting", amount_minor=amount, detail=detail)


def _metered(rule: TariffRule, journey: Journey, to_minor: int) -> list[Line]:
    """Flag, distance, time, and what they lack of the minimum."""
    included_m, included_s = rule.flag.includes_m_e4, rule.flag.includes_s_e4
    metres_e4 = journey.metres * SCALE
    distance, distance_bands = _charge(
        [(step, included_m, metres_e4) for step in rule.distance_steps], "m", to_minor
    )
    time, time_bands = _charge(
        [
            (step, included_s, slow_seconds(journey, step.below_kmh_e4) * SCALE)
            for step in rule.time_steps
        ],
        "s",
        to_minor,
    )
    flag = _rounded(rule.flag.amount_minor, 1, to_minor)
    lacking = max(0, _rounded(rule.minimum_minor, 1, to_minor) - flag - distance - time)
    return [
        Line(code="flag", amount_minor=flag, detail={}),
        Line(
            code="distance",
            amount_minor=distance,
            detail={"metres": journey.metres, "bands": distance_bands},
        ),
        Line(
            code="time",
            amount_minor=time,
            detail={"seconds": journey.seconds, "bands": time_bands},
        ),
        Line(code="minimum", amount_minor=lacking, detail={"minimum_minor": rule.minimum_minor}),
    ]


def slow_seconds(journey: Journey, below_kmh_e4: int | None) -> int:
    """Whole seconds that cannot have been driven at that speed or faster; all, without one."""
    if below_kmh_e4 is None:
        return journey.seconds
    # metres / (km/h / 3.6) seconds, cut up, so that the slow rest is cut down.
    driven = -(-journey.metres * 36 * SCALE // (10 * below_kmh_e4))
    return max(0, journey.seconds - driven)


def _charge(
    counted: Sequence[tuple[Step, int, int]], unit: str, to_minor: int
) -> tuple[int, list[dict[str, Any]]]:
    """Bands of (step, first and last ten-thousandth that counts), summed exactly, rounded once."""
    numerator, denominator = 0, 1
    bands = []
    for step, first, last in counted:
        upper = last if step.to_e4 is None else min(last, step.to_e4)
        length = upper - max(first, step.from_e4)
        if length <= 0:
            continue
        if step.part_unit is PartUnit.FULL:
            units = -(-length // step.per_e4)
            numerator += step.amount_mills * units * denominator
        else:
            numerator = numerator * step.per_e4 + step.amount_mills * length * denominator
            denominator *= step.per_e4
        bands.append(
            {
                f"counted_{unit}": decimal(length),
                f"per_{unit}": decimal(step.per_e4),
                "amount_mills": step.amount_mills,
                "part_unit": step.part_unit.value,
            }
        )
    return _rounded(numerator, denominator * MILLS, to_minor), bands


def _rounded(numerator: int, denominator: int, to_minor: int) -> int:
    """The one rounding of a line: half up, to a multiple of `to_minor` minor units."""
    return round_half_up(numerator, denominator * to_minor) * to_minor


def _fixed(code: str, amount_minor: int, to_minor: int) -> Line:
    return Line(code=code, amount_minor=_rounded(amount_minor, 1, to_minor), detail={})


def _surcharge_line(surcharge: Surcharge, metered_minor: int, to_minor: int) -> Line:
    return Line(
        code=f"surcharge.{surcharge.code}",
        amount_minor=_part(surcharge.amount_minor, surcharge.bps, metered_minor, to_minor),
        goes_to=surcharge.goes_to,
        detail={} if surcharge.bps is None else {"bps": surcharge.bps, "of_minor": metered_minor},
    )


def _sharing_line(rule: TariffRule, metered_minor: int, to_minor: int) -> Line:
    """What a rider saves by sharing, as a negative line, never more than the metered fare."""
    if rule.sharing is None:
        raise SharingNotOffered(rule.name)
    saved = _part(None, rule.sharing.saving_bps, metered_minor, to_minor)
    return Line(
        code="shared",
        amount_minor=-min(saved, metered_minor),
        goes_to=rule.sharing.borne_by,
        detail={"bps": rule.sharing.saving_bps, "of_minor": metered_minor},
    )


def _unspared(lines: Sequence[Line]) -> int:
    """What is left of the shared lines for a concession: a saving counts, whoever bears it."""
    borne = sum(
        line.amount_minor
        for line in lines
        if line.code == "shared" and line.goes_to is not GoesTo.SPLIT
    )
    return split_base(lines) + borne


def _concession_line(concession: Concession, base_minor: int, to_minor: int) -> Line:
    """What the rider is spared, as a negative line that its funder bears."""
    spared = _part(concession.amount_minor, concession.bps, base_minor, to_minor)
    return Line(
        code=f"concession.{concession.code}",
        amount_minor=-min(spared, base_minor),
        goes_to=concession.funder,
        detail={"of_minor": base_minor, "funder": concession.funder.value}
        | ({} if concession.bps is None else {"bps": concession.bps}),
    )


def _part(amount_minor: int | None, bps: int | None, of_minor: int, to_minor: int) -> int:
    if amount_minor is not None:
        return _rounded(amount_minor, 1, to_minor)
    assert bps is not None, "the schema asks for an amount or basis points"
    return _rounded(of_minor * bps, BPS, to_minor)


def decimal(value_e4: int) -> str:
    """Ten-thousandths as the shortest decimal: 3218688 is "321.8688", 50000 is "5"."""
    whole, rest = divmod(value_e4, SCALE)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".") if rest else str(whole)
