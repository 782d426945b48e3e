"""What `khan simulate` prints: the figures of a day, or of two side by side, and their picture."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from rich.table import Table

from khan.simulate import Day

ROWS: tuple[tuple[str, str, str, float], ...] = (
    ("served", "served_share", "{:.2f} %", 100),
    ("  shortest quarter", "served_share_shortest", "{:.2f} %", 100),
    ("  longest quarter", "served_share_longest", "{:.2f} %", 100),
    ("wait, mean", "wait_mean_s", "{:.1f} s", 1),
    ("wait, median", "wait_median_s", "{:.1f} s", 1),
    ("wait, 95th percentile", "wait_p95_s", "{:.1f} s", 1),
    ("wait, unserved counted in full", "wait_mean_all_s", "{:.1f} s", 1),
    ("ride, mean", "ride_mean_s", "{:.1f} s", 1),
    ("detour", "detour_mean", "{:.3f}", 1),
    ("rides served, direct", "served_ride_s", "{:,.0f} s", 1),
    ("driven a served trip", "km_per_served_trip", "{:.2f} km", 1),
    ("empty kilometres", "empty_km_share", "{:.1f} %", 100),
    ("empty driving, of the time", "empty_time_share", "{:.1f} %", 100),
    ("paid minutes an hour", "paid_minutes_per_hour", "{:.2f}", 1),
    ("  drivers who follow advice", "paid_minutes_per_hour_followers", "{:.2f}", 1),
    ("  drivers who do not", "paid_minutes_per_hour_others", "{:.2f}", 1),
    ("Gini of paid time", "earnings_gini", "{:.4f}", 1),
    ("requests a CPU second", "requests_per_cpu_s", "{:,.0f}", 1),
    ("preparing the streets", "prepare_cpu_s", "{:.1f} CPU s", 1),
    ("round, median", "round_ms_p50", "{:.2f} ms", 1),
    ("round, 99th percentile", "round_ms_p99", "{:.2f} ms", 1),
    ("peak memory", "peak_rss_mb", "{:.0f} MB", 1),
)
"""What is printed: words, key, form, and by what it is multiplied."""

_DRAWN = ROWS[0:1] + ROWS[3:7] + ROWS[10:12] + ROWS[16:17]
_LEFT, _WIDE, _HIGH = 230, 420, 46


def table_of(days: Sequence[Day]) -> Table:
    """A column for each day; with two, a third for the second less the first."""
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for day in days:
        table.add_column(day.name, justify="right")
    if len(days) == 2:
        table.add_column("difference", justify="right")
    told = [day.as_json() for day in days]
    for words, key, form, times in ROWS:
        values = [one[key] for one in told]
        if all(value is None for value in values):
            continue
        cells = ["-" if value is None else form.format(value * times) for value in values]
        if len(days) == 2:
            first, second = values
            missing = first is None or second is None
            cells.append("-" if missing else _signed(form, (second - first) * times))
        table.add_row(words, *cells)
    return table


def _signed(form: str, value: float) -> str:
    text = form.format(abs(value))
    return f"-{text}" if value < 0 else f"+{text}"


def paired(days: Sequence[Day]) -> str:
    """One sentence on the riders whom both days served, and those whom only one did."""
    first, second = (day.outcome.pickup_ms for day in days)
    both = (first >= 0) & (second >= 0)
    later = (second - first)[both] / 1000
    error = float(later.std(ddof=1)) / len(later) ** 0.5 if len(later) > 1 else 0.0
    return (
        f"Of {len(first):,} riders, {int(both.sum()):,} were served by both, "
        f"{int(((first >= 0) & (second < 0)).sum()):,} by {days[0].name} only and "
        f"{int(((first < 0) & (second >= 0)).sum()):,} by {days[1].name} only. "
        f"Those served by both boarded {_signed('{:.1f} s', float(later.mean()) if len(later) else 0.0)} "
        f"(standard error {error:.1f} s) under {days[1].name}: "
        f"{int((later < 0).sum()):,} sooner, {int((later > 0).sum()):,} later."
    )


def picture_of(days: Sequence[Day]) -> str:
    """The two days as bars, an SVG document."""
    told = [day.as_json() for day in days]
    rows = []
    for number, (words, key, form, times) in enumerate(_DRAWN):
        top = 60 + number * _HIGH
        most = max(1e-9, *(abs(one[key]) for one in told))
        rows.append(f'<text x="{_LEFT - 12}" y="{top + 20}" class="words">{escape(words)}</text>')
        for side, one in enumerate(told):
            width = round(_WIDE * abs(one[key]) / most, 1)
            line = top + side * 16
            rows.append(
                f'<rect x="{_LEFT}" y="{line}" width="{width}" height="13" class="day{side}"/>'
                f'<text x="{_LEFT + width + 8}" y="{line + 11}" class="number">'
                f"{escape(form.format(one[key] * times))}</text>"
            )
    legend = "".join(
        f'<rect x="{_LEFT + 180 * side}" y="22" width="13" height="13" class="day{side}"/>'
        f'<text x="{_LEFT + 20 + 180 * side}" y="33" class="number">{escape(day.name)}</text>'
        for side, day in enumerate(days)
    )
    high = 60 + len(_DRAWN) * _HIGH + 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {high}" role="img" '
        f'aria-label="{escape(days[0].name)} beside {escape(days[1].name)}">'
        "<style>text{font:14px sans-serif;fill:#1c2430}.words{text-anchor:end}"
        ".day0{fill:#8a94a3}.day1{fill:#0b6bcb}</style>"
        f'<rect width="800" height="{high}" fill="#fff"/>{legend}{"".join(rows)}</svg>\n'
    )


def write_picture(days: Sequence[Day], path: Path) -> None:
    """Write the picture whole, or not at all."""
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_text(picture_of(days), encoding="utf-8")
    unfinished.replace(path)
