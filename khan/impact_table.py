"""What `khan impact` prints and draws of a statement: nothing that is not in its document."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from fares.month import MonthUnderBoth
from foundation.money import Currency, Money
from governance.impact import pictures
from governance.impact.pictures import ZONES_SHOWN, money_text
from khan.console import print_wide

Document = dict[str, Any]

SIDES = ("today", "proposed")

ROWS: tuple[tuple[str, str, str], ...] = (
    ("served", "riders.served_share", "share"),
    ("price, mean of all asked for", "riders.quoted_mean_minor", "money"),
    ("wait, mean", "riders.wait_mean_s", "seconds"),
    ("wait, 95th percentile", "riders.wait_p95_s", "seconds"),
    ("empty kilometres", "empty_km_share", "share"),
    ("drivers' pay an hour on shift", "drivers.pay_hour_minor", "money"),
    ("drivers' pay an hour with a rider", "drivers.pay_riding_hour_minor", "money"),
    ("Gini of drivers' pay", "drivers.pay_gini", "plain"),
    ("riders paid", "shares.riders_paid_minor", "money"),
    ("  to drivers", "shares.drivers_minor", "money"),
    ("    of which top-ups", "shares.of_which_top_up_minor", "money"),
    ("  to the co-operative, before costs", "shares.cooperative_minor", "money"),
    ("  to the city", "shares.city_minor", "money"),
)
"""What is told first: words, where it stands, and how it is written."""

_TABLE = 120


def print_statement(document: Document, month: MonthUnderBoth | None, console: Console) -> None:
    """Print the statement as tables and sentences."""
    demand = document["demand"]
    console.print(
        f"{demand['name']}: {demand['requests']:,} requests, {demand['vehicles']:,} vehicles, "
        f"from {demand['midnight']} ({demand['timezone']})",
        markup=False,
    )
    print_wide(_whole(document), console, width=_TABLE)
    riders = document["today"]["riders"]
    print_wide(_groups(document, "by_time", "time of day", range(len(riders["by_time"]))), console, width=_TABLE)  # fmt: skip
    busiest = sorted(
        (row for row in range(len(riders["by_zone"])) if riders["by_zone"][row]["requests"]),
        key=lambda row: -riders["by_zone"][row]["requests"],
    )
    shown = busiest[:ZONES_SHOWN]
    print_wide(_groups(document, "by_zone", "zone of the pick-up", shown), console, width=_TABLE)
    if len(busiest) > len(shown):
        console.print(f"{len(busiest) - len(shown)} more zones are in the statement (--json).")
    print_wide(_deciles(document), console, width=_TABLE)
    console.print(prices_in_words(document), markup=False)
    if month is not None:
        console.print(month_in_words(month), markup=False)
    console.print(assumed_in_words(document), markup=False)
    console.print(f"Digest: {document['digest']}", markup=False)


def prices_in_words(document: Document) -> str:
    """One sentence on how many journeys become dearer and cheaper, and by how much."""
    prices, currency = document["prices"], document["currency"]
    by = prices["change_minor_by_percentile"]
    asked = document["demand"]["requests"]
    return (
        f"Of {asked:,} journeys, {prices['dearer']:,} become dearer, {prices['cheaper']:,} cheaper "
        f"and {prices['unchanged']:,} cost the same: half of them change by "
        f"{_signed(by['25'], currency)} to {_signed(by['75'], currency)}, "
        f"all by {_signed(by['0'], currency)} to {_signed(by['100'], currency)}."
    )


def month_in_words(month: MonthUnderBoth) -> str:
    """What a person's own trips would have come to."""
    return (
        f"Your own {month.today.trips:,} trips: fares {month.today.fares} today, "
        f"{month.proposed.fares} proposed ({_change(month.fares_change)}); "
        f"driver's pay {month.today.pay} today, {month.proposed.pay} proposed "
        f"({_change(month.pay_change)})."
    )


def assumed_in_words(document: Document) -> str:
    """What the statement takes for granted, in one paragraph."""
    assumed = document["assumptions"]
    return (
        f"Assumed: elasticity {assumed['elasticity']:g}, seed {assumed['seed']}, "
        f"{assumed['drivers_who_follow_advice']} drivers follow advice, riders wait up to "
        f"{assumed['max_wait_s']:g} s, cars of class {assumed['vehicle_class']}. "
        + " ".join(assumed["in_words"])
    )


def picture_of(document: Document) -> str:
    """Prices and waits by time of day, and drivers' pay by decile, as an SVG document."""
    sides = pictures.sides_of_statement(document)
    panels = [pictures.prices_by_time, pictures.waits_by_time, pictures.pay_by_decile]
    return pictures.drawn(sides.names, [panel(sides) for panel in panels])


def write_picture(document: Document, path: Path) -> None:
    """Write the picture whole, or not at all."""
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_text(picture_of(document), encoding="utf-8")
    unfinished.replace(path)


def _whole(document: Document) -> Table:
    table = _table("", "today", "proposed", "difference")
    for words, path, form in ROWS:
        cells = [_at(document[side], path) for side in (*SIDES, "difference")]
        told = [_told(value, form, document["currency"]) for value in cells[:2]]
        table.add_row(words, *told, _told(cells[2], form, document["currency"], signed=True))
    return table


def _groups(document: Document, key: str, heading: str, rows: Sequence[int]) -> Table:
    table = _table(
        heading, "requests", "price today", "proposed", "difference", "wait today", "proposed",
        "difference",
    )  # fmt: skip
    sides = [document[side]["riders"][key] for side in (*SIDES, "difference")]
    for row in rows:
        one = [side[row] for side in sides]
        cells = []
        for name, form in (("quoted_mean_minor", "money"), ("wait_mean_s", "seconds")):
            cells += [_told(side[name], form, document["currency"]) for side in one[:2]]
            cells.append(_told(one[2][name], form, document["currency"], signed=True))
        table.add_row(one[0]["name"], f"{one[0]['requests']:,}", *cells)
    return table


def _deciles(document: Document) -> Table:
    table = _table("drivers, by pay", "an hour today", "proposed", "difference")
    sides = [
        document[side]["drivers"]["pay_hour_minor_by_decile"] for side in (*SIDES, "difference")
    ]
    for number, (today, proposed, change) in enumerate(zip(*sides, strict=True), start=1):
        table.add_row(
            f"decile {number}",
            _told(today, "money", document["currency"]),
            _told(proposed, "money", document["currency"]),
            _told(change, "money", document["currency"], signed=True),
        )
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for heading in others:
        table.add_column(heading, justify="right")
    return table


def _at(document: Document, path: str) -> Any:
    found: Any = document
    for name in path.split("."):
        found = found[name]
    return found


def _told(value: float | None, form: str, currency: str, *, signed: bool = False) -> str:
    if value is None:
        return "-"
    size = abs(value)
    match form:
        case "money":
            text = money_text(size, Currency(currency))
        case "share":
            text = f"{size * 100:.2f} %"
        case "seconds":
            text = f"{size:.1f} s"
        case _:
            text = f"{size:.4f}"
    sign = "-" if value < 0 else "+" if signed else ""
    return sign + text


def _signed(minor: int, currency: str) -> str:
    return _change(Money(minor, Currency(currency)))


def _change(money: Money) -> str:
    return str(money) if money.minor < 0 else f"+{money}"
