"""A statement as sheets of paper, for whoever reads no screen. The same statement gives the same bytes.

Nothing is computed here: figures are those of the statement, and its lines stand whole at the end.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

from foundation.money import Money
from foundation.paper import INK, LABEL_MM, LINE_MM, MARGIN_MM, PALE, Paper
from ledger.errors import StatementTooLong
from ledger.statements.values import Rates, ShiftSum, Statement, Sum, Total, TripSum
from ledger.statements.words import beside, label, spoken, why

LINES_MAX = 2_000
"""More are a book: take the table."""
SUM_LABELS = {
    Sum.PAY: "pay", Sum.TIPS: "tips", Sum.OUTLAYS: "outlays", Sum.CASH: "cash",
    Sum.PAYOUTS: "payouts", Sum.OTHER: "other",
}  # fmt: skip


def statement_pdf(
    statement: Statement, *, zone: ZoneInfo, language: str, made_at: datetime
) -> bytes:
    """The statement as a PDF file, A4.

    Parameters
    ----------
    made_at
        Aware; the only date in the file beside those of the books.

    Raises
    ------
    StatementTooLong
        If there are more than 2,000 lines.
    """
    if len(statement.lines) > LINES_MAX:
        raise StatementTooLong(LINES_MAX)
    language = spoken(language)
    title = f"{label('statement', language)}: {label(statement.of.value, language)} {beside(statement.name, language)}"
    sheet = _Sheet(
        foot=title,
        title=title,
        author="khan-cars",
        made_at=made_at,
        page_word=label("page", language),
    )
    sheet.is_right_to_left = language == "ar"
    _Writer(statement, sheet, zone, language).write(title)
    said = bytes(sheet.output())
    sheet.close_fonts()
    return said


class _Writer:
    """Writes one statement on one sheet."""

    def __init__(
        self, statement: Statement, sheet: "_Sheet", zone: ZoneInfo, language: str
    ) -> None:
        self._statement, self._sheet = statement, sheet
        self._zone, self._language = zone, language

    def write(self, title: str) -> None:
        sheet, statement = self._sheet, self._statement
        sheet.add_page()
        sheet.heading(title, size=16)
        sheet.ln(2)
        sheet.rows(self._head())
        for total in statement.totals:
            sheet.section(f"{self._say('totals')} {total.currency}")
            sheet.rows(self._total(total))
            sheet.section(f"{self._say('rates')} {total.currency}")
            sheet.rows(self._rates(total.rates))
            if total.after_costs is not None:
                after = total.after_costs
                sheet.rows([(self._say("costs"), str(after.costs))])
                sheet.rows([(self._say("after_costs"), str(after.pay))])
                sheet.rows(self._rates(after.rates))
        if not statement.lines:
            sheet.note(self._say("nothing"))
        if statement.costs:
            sheet.section(self._say("costs"))
            sheet.rows(
                (f"{one.cost.spent_on} {self._say(one.cost.kind.value)}",
                 str(Money(one.minor, one.cost.amount.currency)))
                for one in statement.costs
            )  # fmt: skip
        self._shifts()
        self._trips()
        self._lines()

    def _head(self) -> Iterator[tuple[str, str]]:
        statement = self._statement
        yield self._say("driver"), str(statement.driver_id)
        if statement.week is not None:
            yield (
                self._say("days"),
                f"{statement.week.first} - {statement.week.last}, {self._zone.key}",
            )
        work = statement.work
        yield self._say("on_shift"), _hours(work.seconds_on_shift)
        yield self._say("engaged"), _hours(work.seconds_engaged)
        yield self._say("distance"), _kilometres(work.metres)
        yield self._say("trips"), str(work.trips)

    def _total(self, total: Total) -> Iterator[tuple[str, str]]:
        if total.opening is not None:
            yield self._say("opening"), str(total.opening)
        for one, word in SUM_LABELS.items():
            if total.sums[one] or one is Sum.PAY:
                yield self._say(word), str(Money(total.sums[one], total.currency))
        yield self._say("sum"), str(total.change)
        if total.closing is not None:
            yield self._say("closing"), str(total.closing)

    def _rates(self, rates: Rates) -> Iterator[tuple[str, str]]:
        for word, rate in (
            ("engaged_hour", rates.engaged_hour),
            ("shift_hour", rates.shift_hour),
            ("kilometre", rates.kilometre),
        ):
            yield self._say(word), self._say("none") if rate is None else str(rate.amount)

    def _shifts(self) -> None:
        if self._statement.shifts:
            self._sheet.section(self._say("shifts"))
            heads = ("when", "on_shift", "engaged", "distance", "trips", "sum")
            rows = [self._shift(one) for one in self._statement.shifts]
            self._sheet.grid(
                [self._say(one) for one in heads], rows, widths=(34, 26, 26, 26, 16, 42)
            )

    def _shift(self, shift: ShiftSum) -> list[str]:
        sums = (
            self._money(Money(sum(one.values()), currency)) for currency, one in shift.sums.items()
        )
        return [
            "-" if shift.started_at is None else self._when(shift.started_at),
            _hours(shift.seconds_on_shift),
            _hours(shift.seconds_engaged),
            _kilometres(shift.metres),
            str(shift.trips),
            ", ".join(sums) or "-",
        ]

    def _trips(self) -> None:
        if self._statement.trips:
            self._sheet.section(self._say("trips"))
            heads = ("when", "engaged", "distance", "share", "floors", "top_up", "sum")
            rows = [self._trip(one) for one in self._statement.trips]
            self._sheet.grid(
                [self._say(one) for one in heads], rows, widths=(32, 21, 21, 24, 24, 22, 26)
            )

    def _trip(self, trip: TripSum) -> list[str]:
        def money(minor: int) -> str:
            return self._money(Money(minor, trip.currency))

        floor = trip.floor
        return [
            self._when(trip.ended_at),
            _hours(trip.seconds_engaged),
            _kilometres(trip.metres),
            "-" if floor is None else money(floor.share_minor),
            "-" if floor is None else money(floor.floor_minor),
            "-" if floor is None else money(floor.top_up_minor),
            money(sum(trip.sums.values())),
        ]

    def _lines(self) -> None:
        if self._statement.lines:
            self._sheet.section(self._say("lines"))
            rows = [
                [self._when(one.entered.made_at), why(one, self._language), self._money(one.amount)]
                for one in self._statement.lines
            ]
            heads = [self._say(one) for one in ("when", "why", "amount")]
            self._sheet.grid(heads, rows, widths=(32, 112, 26))

    def _money(self, amount: Money) -> str:
        return beside(amount, self._language)

    def _when(self, instant: datetime) -> str:
        return beside(f"{instant.astimezone(self._zone):%Y-%m-%d %H:%M}", self._language)

    def _say(self, word: str) -> str:
        return label(word, self._language)


class _Sheet(Paper):
    """The house's paper with tables, and its lines from the right where the language has it so."""

    is_right_to_left = False

    def lines(self, said: str, height: float) -> None:
        """Text over as many lines as it needs."""
        align = "R" if self.is_right_to_left else "L"
        self.multi_cell(0, height, self.fit(said), align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def rows(self, rows: Iterable[tuple[str, str]]) -> None:
        """Lines of a label and what it says; from the right, the label stands there."""
        if not self.is_right_to_left:
            super().rows(rows)
            return
        width = self.w - 2 * MARGIN_MM - LABEL_MM
        for said_label, said in rows:
            if self.will_page_break(LINE_MM):
                self.add_page()
            self.style(INK, size=9)
            self.cell(width, LINE_MM, self.fit(beside(said, "ar")), align="R")
            self.style(PALE, size=8.5)
            self.cell(LABEL_MM, LINE_MM, self.fit(said_label), align="R",
                      new_x=XPos.LMARGIN, new_y=YPos.NEXT)  # fmt: skip

    def grid(
        self, heads: Sequence[str], rows: Sequence[Sequence[str]], *, widths: Sequence[int]
    ) -> None:
        """A table, whose head stands on each page; from the right, its first column is there."""
        turn = -1 if self.is_right_to_left else 1
        self.style(INK, size=7)
        with self.table(
            headings_style=FontFace(emphasis=""),
            text_align="RIGHT" if self.is_right_to_left else "LEFT",
            line_height=3.8,
            col_widths=tuple(widths[::turn]),
            borders_layout="HORIZONTAL_LINES",
            padding=0.6,
        ) as table:
            for row in (heads, *rows):
                table.row([self.fit(one) for one in row[::turn]])


def _hours(seconds: int) -> str:
    minutes, left = divmod(seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{left:02d}"


def _kilometres(metres: int) -> str:
    """Whole metres as kilometres, exactly."""
    return f"{metres // 1000}.{metres % 1000:03d} km"
