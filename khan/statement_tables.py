"""A statement's document as tables for a terminal, in its own language."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from foundation.money import Currency, Money
from khan.console import print_wide
from ledger.statements.values import Sum
from ledger.statements.words import label

WIDTH = 180
SUMS = {
    Sum.PAY: "pay", Sum.TIPS: "tips", Sum.OUTLAYS: "outlays", Sum.CASH: "cash",
    Sum.PAYOUTS: "payouts", Sum.OTHER: "other",
}  # fmt: skip


def show(document: Mapping[str, Any], console: Console) -> None:
    """The whole statement: totals and rates, costs, shifts, trips with their floors, lines."""
    language, zone = document["language"], ZoneInfo(document["timezone"])

    def say(word: str) -> str:
        return label(word, language)

    days = (
        ""
        if document["first_day"] is None
        else f", {document['first_day']} - {document['last_day']}"
    )
    console.print(
        f"{say('statement')}: {say(document['of'])} {document['name']}{days} ({zone.key})",
        markup=False,
    )
    work = document["work"]
    console.print(
        f"  {say('on_shift')} {_hours(work['seconds_on_shift'])}, "
        f"{say('engaged')} {_hours(work['seconds_engaged'])}, "
        f"{say('distance')} {_kilometres(work['metres'])}, {say('trips')} {work['trips']}",
        markup=False,
    )
    if not document["lines"]:
        console.print(f"  {say('nothing')}", markup=False)
    for total in document["totals"]:
        _grid(_total(total, say), console)
    _costs(document, console, say)
    _table(say("shifts"), *_shifts(document, zone, say), console)
    _table(say("trips"), *_trips(document, zone, say), console)
    _table(say("lines"), *_lines(document, zone, say), console)


def _total(total: Mapping[str, Any], say: Any) -> Iterable[tuple[str, str]]:
    def money(minor: int) -> str:
        return _money(minor, total["currency"])

    if total["opening_minor"] is not None:
        yield say("opening"), money(total["opening_minor"])
    for one, word in SUMS.items():
        if total["sums"][one] or one is Sum.PAY:
            yield say(word), money(total["sums"][one])
    if total["closing_minor"] is not None:
        yield say("closing"), money(total["closing_minor"])
    yield from _rates(total["rates"], total["currency"], say, of=say("pay"))
    after = total["after_costs"]
    if after is not None:
        yield say("costs"), money(after["costs_minor"])
        yield say("after_costs"), money(after["pay_minor"])
        yield from _rates(after["rates"], total["currency"], say, of=say("after_costs"))


def _rates(
    rates: Mapping[str, Any], currency: str, say: Any, *, of: str
) -> Iterable[tuple[str, str]]:
    for word in ("engaged_hour", "shift_hour", "kilometre"):
        rate = rates[word]
        said = say("none") if rate is None else _money(rate["amount_minor"], currency)
        yield f"{of}: {say(word)}", said


def _costs(document: Mapping[str, Any], console: Console, say: Any) -> None:
    for one in document["costs"] or ():
        said = f"  {say('costs')}: {one['spent_on']} {say(one['kind'])}"
        console.print(f"{said} {_money(one['minor_here'], one['currency'])}", markup=False)


Rows = tuple[Sequence[str], list[list[str]]]


def _shifts(document: Mapping[str, Any], zone: ZoneInfo, say: Any) -> Rows:
    heads = [say(one) for one in ("when", "on_shift", "engaged", "distance", "trips", "sum")]
    return heads, [
        [
            _when(one["started_at"], zone),
            _hours(one["seconds_on_shift"]),
            _hours(one["seconds_engaged"]),
            _kilometres(one["metres"]),
            str(one["trips"]),
            ", ".join(_money(two["sums"]["all"], two["currency"]) for two in one["sums"]) or "-",
        ]
        for one in document["shifts"]
    ]


def _trips(document: Mapping[str, Any], zone: ZoneInfo, say: Any) -> Rows:
    words = ("when", "trip", "engaged", "distance", "share", "floors", "top_up", "tips", "sum")
    rows = []
    for one in document["trips"]:
        floor, currency = one["floor"], one["currency"]
        held = ["-"] * 3
        if floor is not None:
            names = ("share_minor", "floor_minor", "top_up_minor")
            held = [_money(floor[name], currency) for name in names]
        rows.append(
            [
                _when(one["ended_at"], zone),
                one["trip_id"],
                _hours(one["seconds_engaged"]),
                _kilometres(one["metres"]),
                *held,
                _money(one["sums"]["tips"], currency),
                _money(one["sums"]["all"], currency),
            ]
        )
    return [say(one) for one in words], rows


def _lines(document: Mapping[str, Any], zone: ZoneInfo, say: Any) -> Rows:
    return [say(one) for one in ("when", "why", "amount")], [
        [_when(one["made_at"], zone), one["why"], _money(one["amount_minor"], one["currency"])]
        for one in document["lines"]
    ]


def _grid(rows: Iterable[tuple[str, str]], console: Console) -> None:
    table = Table.grid(padding=(0, 2), pad_edge=True)
    table.add_column()
    table.add_column(justify="right")
    for name, said in rows:
        table.add_row(escape(name), escape(said))
    console.print(table)


def _table(title: str, heads: Sequence[str], rows: list[list[str]], console: Console) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left")
    for number, head in enumerate(heads):
        last = number == len(heads) - 1
        table.add_column(escape(head), justify="right" if last else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(one) for one in row))
    print_wide(table, console, width=WIDTH)


def _when(instant: str | None, zone: ZoneInfo) -> str:
    if instant is None:
        return "-"
    return f"{datetime.fromisoformat(instant).astimezone(zone):%Y-%m-%d %H:%M}"


def _money(minor: int, currency: str) -> str:
    return str(Money(minor, Currency(currency)))


def _hours(seconds: int) -> str:
    minutes, left = divmod(seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{left:02d}"


def _kilometres(metres: int) -> str:
    """Whole metres as kilometres, exactly."""
    return f"{metres // 1000}.{metres % 1000:03d} km"
