"""The pictures of an impact statement, as SVG: the same document gives the same bytes.

Bars of today beside every proposal, and what is written at them is in the document. Colours and
sizes are attributes, not styles: where styles are forbidden by a page's policy they are seen, too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from foundation.money import Currency, minor_digits
from governance.impact.errors import ImpactPictureUnknown

Form = Callable[[float], str]
Values = Sequence[float | None]

ZONES_SHOWN = 12
TODAY = "today"
PROPOSED = "proposed"

WIDTH = 860
_LEFT, _BARS = 200, 400
_BAR, _GAP = 13, 12
_SIZE = 'font-family="sans-serif" font-size="13"'
_INK, _PAPER, _LINE = "#1c2430", "#ffffff", "#c6ccd4"
_COLOURS = ("#8a94a3", "#0b6bcb", "#b3541e", "#2b7a3d")
"""Today, then the proposals; all four are told apart by those who see no red or green."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One group of bars.

    Attributes
    ----------
    names
        A row each.
    values
        By side, then by row; None draws nothing.
    form
        How a value is written.
    """

    title: str
    names: Sequence[str]
    values: Sequence[Values]
    form: Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What is compared: the first is today."""

    currency: Currency
    names: tuple[str, ...]
    sides: tuple[Mapping[str, Any], ...]

    def money(self, value: float) -> str:
        """Minor units as people write them."""
        return money_text(value, self.currency)


def sides_of_statement(statement: Mapping[str, Any]) -> Sides:
    """Today and the proposal of one statement."""
    return Sides(
        currency=Currency(statement["currency"]),
        names=(TODAY, PROPOSED),
        sides=(statement[TODAY], statement[PROPOSED]),
    )


def sides_of(document: Mapping[str, Any]) -> Sides:
    """Today and every proposal of a motion's document, which has figures."""
    stated = document["proposals"]
    first = stated[0]["statement"]
    return Sides(
        currency=Currency(first["currency"]),
        names=(TODAY, *(one["label"] for one in stated)),
        sides=(first[TODAY], *(one["statement"][PROPOSED] for one in stated)),
    )


def picture(document: Mapping[str, Any], name: str) -> str:
    """The picture of that name.

    Raises
    ------
    ImpactPictureUnknown
        If there is none: of that name, or because the document has no figures.
    """
    if not document["proposals"]:
        raise ImpactPictureUnknown(name, "none, because nothing could be worked out")
    if name not in PANELS:
        raise ImpactPictureUnknown(name, ", ".join(PANELS))
    sides = sides_of(document)
    return drawn(sides.names, [PANELS[name](sides)])


def prices_by_time(sides: Sides) -> Panel:
    """What a journey costs on average, by the time of day."""
    return _by_group(
        sides, "mean price by time of day", "by_time", ("quoted_mean_minor", sides.money)
    )


def waits_by_time(sides: Sides) -> Panel:
    """How long riders wait on average, by the time of day."""
    return _by_group(sides, "mean wait by time of day", "by_time", ("wait_mean_s", _seconds))


def prices_by_zone(sides: Sides) -> Panel:
    """What a journey costs on average from the zones where most are picked up."""
    title = "mean price by zone of the pick-up, the busiest first"
    return _by_group(sides, title, "by_zone", ("quoted_mean_minor", sides.money))


def waits_by_zone(sides: Sides) -> Panel:
    """How long riders wait on average in the zones where most are picked up."""
    title = "mean wait by zone of the pick-up, the busiest first"
    return _by_group(sides, title, "by_zone", ("wait_mean_s", _seconds))


def pay_by_decile(sides: Sides) -> Panel:
    """What drivers earn in an hour on shift, the least paid tenth first."""
    tenths = [side["drivers"]["pay_hour_minor_by_decile"] for side in sides.sides]
    return Panel(
        title="drivers' pay an hour on shift",
        names=[f"decile {number + 1}" for number in range(len(tenths[0]))],
        values=tenths,
        form=sides.money,
    )


def who_gets_what(sides: Sides) -> Panel:
    """Where the money of the day goes."""
    parts = {
        "riders paid": "riders_paid_minor",
        "to drivers": "drivers_minor",
        "to the co-operative": "cooperative_minor",
        "to the city": "city_minor",
    }
    return Panel(
        title="the money of the day",
        names=list(parts),
        values=[[side["shares"][one] for one in parts.values()] for side in sides.sides],
        form=sides.money,
    )


PANELS: Mapping[str, Callable[[Sides], Panel]] = {
    "prices-by-time": prices_by_time,
    "prices-by-zone": prices_by_zone,
    "waits-by-time": waits_by_time,
    "waits-by-zone": waits_by_zone,
    "pay-by-decile": pay_by_decile,
    "who-gets-what": who_gets_what,
}
"""By the name of the picture."""


def drawn(names: Sequence[str], panels: Sequence[Panel]) -> str:
    """Panels below one another, with one legend, as an SVG document."""
    top, parts = 20, []
    for side, name in enumerate(names):
        left = 12 + (WIDTH - 24) // len(names) * side
        parts.append(
            f'<rect x="{left}" y="{top}" width="13" height="13" fill="{_colour(side)}"/>'
            f'<text x="{left + 20}" y="{top + 11}">{escape(name)}</text>'
        )
    top += 32
    for panel in panels:
        rows, high = _rows(panel, top=top + 28)
        parts.append(
            f'<text x="12" y="{top + 14}" font-weight="bold">{escape(panel.title)}</text>{rows}'
        )
        top += 28 + high + 16
    words = escape("; ".join([*(panel.title for panel in panels), " beside ".join(names)]))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" '
        f'height="{top}" role="img" aria-label="{words}" {_SIZE} fill="{_INK}">'
        f"<title>{words}</title>"
        f'<rect width="{WIDTH}" height="{top}" fill="{_PAPER}"/>{"".join(parts)}</svg>\n'
    )


def money_text(minor: float, currency: Currency) -> str:
    """Whole minor units with thousands set apart: 123456 in USD is "1,234.56 USD"."""
    digits = minor_digits(currency)
    sign = "-" if minor < 0 else ""
    whole, part = divmod(abs(round(minor)), 10**digits)
    return f"{sign}{whole:,}{f'.{part:0{digits}d}' if digits else ''} {currency}"


def _rows(panel: Panel, *, top: int) -> tuple[str, int]:
    """The bars of a panel, and how high they are together."""
    told = [value for side in panel.values for value in side if value is not None]
    most = max([1e-9, *(abs(value) for value in told)])
    high = len(panel.values) * _BAR + _GAP
    parts = []
    for number, name in enumerate(panel.names):
        row = top + number * high
        middle = row + len(panel.values) * _BAR / 2 + 5
        parts.append(
            f'<text x="{_LEFT - 10}" y="{middle:g}" text-anchor="end">{escape(name)}</text>'
        )
        for side, of_side in enumerate(panel.values):
            value = of_side[number]
            if value is None:
                continue
            line, width = row + side * _BAR, round(_BARS * abs(value) / most, 1)
            parts.append(
                f'<rect x="{_LEFT}" y="{line}" width="{width:g}" height="{_BAR - 2}" '
                f'fill="{_colour(side)}"/>'
                f'<text x="{_LEFT + width + 8:g}" y="{line + 10}" font-size="12">'
                f"{escape(panel.form(value))}{_changed(panel, side, number)}</text>"
            )
    foot = top + len(panel.names) * high - _GAP / 2
    parts.append(
        f'<path d="M{_LEFT} {top - 6}V{foot:g}" fill="none" stroke="{_LINE}" stroke-width="1"/>'
    )
    return "".join(parts), len(panel.names) * high


def _changed(panel: Panel, side: int, row: int) -> str:
    """Of a proposal, how far it is from today, if it is: "+0.10 USD", in bold."""
    value, before = panel.values[side][row], panel.values[0][row]
    if side == 0 or value is None or before is None or value == before:
        return ""
    change = panel.form(abs(value - before))
    sign = "+" if value > before else "-"
    return f'<tspan font-weight="bold" dx="8">{escape(sign + change)}</tspan>'


def _by_group(sides: Sides, title: str, key: str, shown: tuple[str, Form]) -> Panel:
    """Groups in their order; of zones, those where most asked today."""
    field, form = shown
    first = sides.sides[0]["riders"][key]
    rows = list(range(len(first)))
    if key == "by_zone":
        rows = [row for row in rows if first[row]["requests"]]
        rows = sorted(rows, key=lambda row: (-first[row]["requests"], row))[:ZONES_SHOWN]
    return Panel(
        title=title,
        names=[first[row]["name"] for row in rows],
        values=[[side["riders"][key][row][field] for row in rows] for side in sides.sides],
        form=form,
    )


def _seconds(value: float) -> str:
    return f"{value:.1f} s"


def _colour(side: int) -> str:
    return _COLOURS[side % len(_COLOURS)]
