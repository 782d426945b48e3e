"""What `khan impact` prints and draws of a statement: nothing that is not in its document."""

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from fares.month import MonthUnderBoth
from foundation.money import Currency, Money, minor_digits
from khan.console import print_wide

Document = dict[str, Any]

ZONES_SHOWN = 12
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

_LEFT, _WIDE, _HIGH = 150, 480, 36
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
    currency = Currency(document["currency"])
    sides = [document[side] for side in SIDES]
    times = [row["name"] for row in sides[0]["riders"]["by_time"]]
    deciles = [
        f"decile {number + 1}"
        for number in range(len(sides[0]["drivers"]["pay_hour_minor_by_decile"]))
    ]
    panels: list[tuple[str, list[str], list[list[float | None]], Callable[[float], str]]] = [
        ("mean price by time of day", times,
         [[row["quoted_mean_minor"] for row in side["riders"]["by_time"]] for side in sides],
         lambda value: _money(value, currency)),
        ("mean wait by time of day", times,
         [[row["wait_mean_s"] for row in side["riders"]["by_time"]] for side in sides],
         lambda value: f"{value:.1f} s"),
        ("drivers' pay an hour on shift", deciles,
         [side["drivers"]["pay_hour_minor_by_decile"] for side in sides],
         lambda value: _money(value, currency)),
    ]  # fmt: skip
    top, drawn = 50, []
    for title, names, values, form in panels:
        drawn.append(f'<text x="12" y="{top + 14}" class="title">{escape(title)}</text>')
        drawn += _bars(names, values, form, top=top + 26)
        top += 26 + len(names) * _HIGH + 14
    legend = "".join(
        f'<rect x="{_LEFT + 140 * side}" y="14" width="13" height="13" class="side{side}"/>'
        f'<text x="{_LEFT + 20 + 140 * side}" y="25">{name}</text>'
        for side, name in enumerate(SIDES)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 780 {top}" role="img" '
        'aria-label="Today beside the proposal">'
        "<style>text{font:14px sans-serif;fill:#1c2430}.words{text-anchor:end}"
        ".title{font-weight:bold}.side0{fill:#8a94a3}.side1{fill:#0b6bcb}</style>"
        f'<rect width="780" height="{top}" fill="#fff"/>{legend}{"".join(drawn)}</svg>\n'
    )


def write_picture(document: Document, path: Path) -> None:
    """Write the picture whole, or not at all."""
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_text(picture_of(document), encoding="utf-8")
    unfinished.replace(path)


def _bars(
    names: Sequence[str],
    values: Sequence[Sequence[float | None]],
    form: Callable[[float], str],
    *,
    top: int,
) -> list[str]:
    most = max([1e-9, *(abs(value) for side in values for value in side if value is not None)])
    drawn = []
    for number, name in enumerate(names):
        row = top + number * _HIGH
        drawn.append(f'<text x="{_LEFT - 10}" y="{row + 19}" class="words">{escape(name)}</text>')
        for side, of_side in enumerate(values):
            value, line = of_side[number], row + side * 15
            if value is None:
                continue
            width = round(_WIDE * abs(value) / most, 1)
            drawn.append(
                f'<rect x="{_LEFT}" y="{line}" width="{width}" height="12" class="side{side}"/>'
                f'<text x="{_LEFT + width + 8}" y="{line + 11}">{escape(form(value))}</text>'
            )
    return drawn


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
            text = _money(size, Currency(currency))
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


def _money(minor: float, currency: Currency) -> str:
    """Whole minor units with thousands set apart: 123456 in USD is "1,234.56 USD"."""
    digits = minor_digits(currency)
    whole, part = divmod(round(minor), 10**digits)
    return f"{whole:,}{f'.{part:0{digits}d}' if digits else ''} {currency}"
