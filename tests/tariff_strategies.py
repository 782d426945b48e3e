"""Hypothesis strategies: price lists and journeys of every shape the language allows."""

from typing import Any

from hypothesis import strategies as st

PARTS = st.sampled_from(["full", "prorata"])
RATES = st.integers(0, 900_000)
UNITS = st.sampled_from([1, 100, "117.4", "321.8688", 1000, "1609.344", "0.0001", 60, "22.7"])
CLOCKS = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02d}:{quarter % 4 * 15:02d}")
ZONES = ["north", "south", "airport"]
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
CURRENCIES = st.sampled_from([("JPY", 0), ("USD", 2), ("EUR", 2), ("KWD", 3)])


@st.composite
def steps(draw: st.DrawFn, unit: str, *, slow: bool) -> list[dict[str, Any]]:
    """Bands from 0 to no end, without a gap."""
    edges = sorted(draw(st.sets(st.integers(1, 20_000), max_size=3)))
    bands = []
    below = draw(st.sampled_from([None, 10, "19.3121"])) if slow else None
    for start, end in zip([0, *edges], [*edges, None], strict=True):
        band = {
            f"from_{unit}": start,
            f"to_{unit}": end,
            f"per_{unit}": draw(UNITS),
            "amount_mills": draw(RATES),
            "part_unit": draw(PARTS),
        }
        bands.append(band | ({"below_kmh": below} if slow else {}))
    return bands


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    """Days, hours (also over midnight) and a calendar, each or none."""
    window: dict[str, Any] = {}
    if draw(st.booleans()):
        window["days"] = sorted(draw(st.sets(st.sampled_from(DAYS), min_size=1)))
    if draw(st.booleans()):
        start, end = draw(st.lists(CLOCKS, min_size=2, max_size=2, unique=True))
        window |= {"start_local": start, "end_local": end}
    if draw(st.booleans()):
        window["calendar"] = "holidays"
    return window


@st.composite
def surcharges(draw: st.DrawFn, code: str) -> dict[str, Any]:
    """An amount or a percentage, at some time or place or always."""
    extra: dict[str, Any] = {
        "code": code,
        "to": draw(st.sampled_from(["split", "driver", "coop", "city"])),
    }
    if draw(st.booleans()):
        extra["amount_minor"] = draw(st.integers(0, 5_000))
    else:
        extra["bps"] = draw(st.integers(0, 10_000))
    if draw(st.booleans()):
        extra["when"] = draw(windows())
    if draw(st.booleans()):
        extra["zone"] = {
            "end": draw(st.sampled_from(["from", "to", "either"])),
            "codes": [draw(st.sampled_from(ZONES))],
        }
    return extra


@st.composite
def rules(draw: st.DrawFn, name: str, priority: int, *, slow: bool) -> dict[str, Any]:
    """One rule; priority 0 asks for nothing."""
    rule: dict[str, Any] = {
        "name": name,
        "priority": priority,
        "flag": {
            "amount_minor": draw(st.integers(0, 2_000)),
            "includes_m": draw(st.sampled_from([0, 300, "254.5"])),
            "includes_s": draw(st.sampled_from([0, 60, "50.4"])),
        },
        "distance_steps": draw(steps("m", slow=False)),
        "time_steps": draw(steps("s", slow=slow)),
        "minimum_minor": draw(st.sampled_from([0, 700, 1_501])),
        "waiting": draw(
            st.none()
            | st.fixed_dictionaries(
                {
                    "free_s": st.integers(0, 300),
                    "per_s": st.sampled_from([60, 1, "22.7"]),
                    "amount_mills": RATES,
                    "part_unit": PARTS,
                }
            )
        ),
        "stop_fee_minor": draw(st.integers(0, 300)),
        "booking_fee_minor": draw(st.integers(0, 300)),
        "shared": {
            "saving_bps": draw(st.integers(0, 10_000)),
            "borne_by": draw(st.sampled_from(["split", "coop", "city"])),
        },
        "surcharges": [draw(surcharges(f"extra_{index}")) for index in range(draw(st.integers(0, 2)))],
    }  # fmt: skip
    if priority:
        rule |= draw(windows())
        rule["zone_from"] = draw(st.lists(st.sampled_from(ZONES), max_size=1))
        rule["vehicle_classes"] = draw(st.sampled_from([[], ["standard"]]))
    return rule


@st.composite
def tariffs(draw: st.DrawFn, *, slow: bool = False) -> dict[str, Any]:
    """A whole price list; `slow` adds time that counts below a speed only."""
    currency, digits = draw(CURRENCIES)
    driver = draw(st.integers(0, 10_000))
    coop = draw(st.integers(0, 10_000 - driver))
    return {
        "name": "Drawn",
        "currency": currency,
        "minor_digits": digits,
        "timezone": draw(st.sampled_from(["America/New_York", "Europe/London", "Asia/Kathmandu"])),
        "vehicle_classes": ["standard", "wheelchair"],
        "calendars": {"holidays": ["2014-12-25", "2014-11-02"]},
        "rules": [
            draw(rules(f"rule {priority}", priority, slow=slow))
            for priority in range(draw(st.integers(1, 3)))
        ],
        "pass_through": [{"code": "toll", "to": "driver"}, {"code": "gate", "to": "city"}],
        "concessions": [
            {"code": "senior", "bps": draw(st.integers(0, 10_000)), "funder": "city"},
            {"code": "voucher", "amount_minor": draw(st.integers(0, 3_000)), "funder": "coop"},
        ],
        "share": {"driver_bps": driver, "coop_bps": coop, "city_bps": 10_000 - driver - coop},
        "rounding": {
            "mode": "half_up",
            "at": "line",
            "to_minor": draw(st.sampled_from([1, 1, 5, 10])),
        },
    }


@st.composite
def journeys(draw: st.DrawFn) -> dict[str, Any]:
    """The fields of a Journey."""
    return {
        "metres": draw(st.integers(0, 60_000)),
        "seconds": draw(st.integers(0, 9_000)),
        "vehicle_class": draw(st.sampled_from(["standard", "wheelchair"])),
        "zone_from": draw(st.sampled_from([None, *ZONES])),
        "zone_to": draw(st.sampled_from([None, *ZONES])),
        "stops": draw(st.integers(0, 3)),
        "concession": draw(st.sampled_from([None, None, "senior", "voucher"])),
        "is_shared": draw(st.booleans()),
    }
