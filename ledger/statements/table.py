"""A statement's lines for a spreadsheet: CSV as RFC 4180 has it, UTF-8, a row a line. Pure.

Of a week the first rows are the opening balances and the last ones the closing: the amounts of all rows
but the last add up to them.
"""

import csv
import io
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from foundation.money import Money
from ledger.statements.values import Line, Statement
from ledger.statements.words import label, why

COLUMNS = (
    "when", "shift", "trip", "what", "why", "amount", "currency", "share_of", "share_bps", "transfer"
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute; what people wrote is not computed (OWASP)."""


def statement_csv(statement: Statement, *, zone: ZoneInfo, language: str) -> bytes:
    """The lines, with the city's times; decimals after a point, however the language has it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_balances(statement, language, opening=True))
    for line in statement.lines:
        writer.writerow(_row(line, zone, language))
    writer.writerows(_balances(statement, language, opening=False))
    return out.getvalue().encode()


def _row(line: Line, zone: ZoneInfo, language: str) -> list[str]:
    one = line.entered
    amount, currency = _split(line.amount)
    share_of = (
        "" if one.share_of_minor is None else _split(Money(one.share_of_minor, one.currency))[0]
    )
    return [
        one.made_at.astimezone(zone).isoformat(timespec="seconds"),
        "" if line.shift_id is None else str(line.shift_id),
        "" if one.trip_id is None else str(one.trip_id),
        line.what.value,
        _safe(why(line, language)),
        amount,
        currency,
        share_of,
        "" if one.share_bps is None else str(one.share_bps),
        str(one.transfer_id),
    ]


def _balances(statement: Statement, language: str, *, opening: bool) -> Iterator[list[str]]:
    what = "opening" if opening else "closing"
    instant = (
        None if statement.week is None else statement.week.first if opening else statement.week.last
    )
    for total in statement.totals:
        balance = total.opening if opening else total.closing
        if balance is not None:
            amount, currency = _split(balance)
            day = "" if instant is None else instant.isoformat()
            yield [day, "", "", what, label(what, language), amount, currency, "", "", ""]


def _split(money: Money) -> tuple[str, str]:
    amount, _, currency = str(money).partition(" ")
    return amount, currency


def _safe(said: str) -> str:
    return f"'{said}" if said.startswith(FORMULA) else said
