"""Paper: what the house's documents share when they are printed. Certificates, receipts, invoices.

The same calls give the same bytes: the only date in a file is the one it is given, and nothing in it
is random. A letter that no font holds is shown as its number, so that nothing is lost unseen.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

import fontpkg
from fpdf import FPDF
from fpdf.enums import WrapMode, XPos, YPos
from fpdf.fonts import TTFFont

BODY, RIGHT_TO_LEFT = "sheet", "sheet-arabic"
FONTS = ((BODY, "Noto Sans"), (RIGHT_TO_LEFT, "Noto Sans Arabic"))
"""Latin, Greek, Cyrillic and Devanagari; Arabic and Urdu. What no font holds is shown as its number."""
INK, PALE, RULE = (24, 28, 36), (96, 104, 118), (206, 212, 222)
MARGIN_MM, LABEL_MM, LINE_MM = 20.0, 58.0, 5.4
HASH_LENGTH = 64
SMALL_LETTERS = 120


class Paper(FPDF):
    """A4 in the house's letters, line by line.

    Parameters
    ----------
    foot
        What stands at the foot of every page, beside its number.
    title, author, made_at
        As the file says of itself; `made_at` is aware, and the only date in the file.
    page_word
        How "page" is called.
    from_the_right
        Whether the language is written from right to left: names stand at the right then.
    """

    def __init__(
        self,
        *,
        foot: str,
        title: str,
        author: str,
        made_at: datetime,
        page_word: str = "Page",
        from_the_right: bool = False,
    ) -> None:
        super().__init__(format="A4")
        self._foot, self._page_word, self.from_the_right = foot, page_word, from_the_right
        self._side: Literal["L", "R"] = "R" if from_the_right else "L"
        self.set_margins(MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=MARGIN_MM)
        for family, name in FONTS:
            # The letters' own weight alone: making another of them takes minutes of a processor.
            self.add_font(family, "", fontpkg.path(name))
        self._known = {
            code for font in self.fonts.values() if isinstance(font, TTFFont) for code in font.cmap
        }
        self.set_fallback_fonts([RIGHT_TO_LEFT], exact_match=False)
        self.set_text_shaping(use_shaping_engine=True)
        self.set_title(title)
        self.set_author(author)
        self.set_producer("khan-cars")
        self.set_creation_date(made_at.astimezone(UTC))

    def close_fonts(self) -> None:
        """Let go of the files of the letters, which are read as they are needed."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    def footer(self) -> None:
        """The page's number, and what it belongs to."""
        self.set_y(-14)
        self.style(PALE, size=7.5)
        self.cell(0, 4, self.fit(self._foot))
        self.set_x(-MARGIN_MM - 30)
        self.cell(30, 4, self.fit(f"{self._page_word} {self.page_no()}"), align="R")

    def heading(self, said: str, *, size: float) -> None:
        """A heading, over as many lines as it needs."""
        self.style(INK, size=size)
        self.lines(said, size * 0.45)

    def section(self, said: str) -> None:
        """A smaller heading with a line under it; never the last on a page."""
        if self.will_page_break(22):
            self.add_page()
        self.ln(4)
        self.heading(said, size=11)
        self.set_draw_color(*RULE)
        self.line(MARGIN_MM, self.get_y() + 0.6, self.w - MARGIN_MM, self.get_y() + 0.6)
        self.ln(2)

    def note(self, said: str) -> None:
        """A sentence or two."""
        self.style(PALE, size=9)
        self.lines(said, 4.6)

    def small(self, said: str) -> None:
        """A long text without spaces, broken wherever the line ends."""
        self.style(PALE, size=6.5)
        fit = self.fit(said)
        # In pieces: the whole of a long text takes time by the square of its length.
        for start in range(0, len(fit), SMALL_LETTERS):
            piece = fit[start : start + SMALL_LETTERS]
            self.multi_cell(0, 3.1, piece, align="L", wrapmode=WrapMode.CHAR,
                            new_x=XPos.LMARGIN, new_y=YPos.NEXT)  # fmt: skip

    def rows(self, rows: Iterable[tuple[str, str]]) -> None:
        """Lines of a label and what it says."""
        width = self.w - 2 * MARGIN_MM - LABEL_MM - 2
        label_at, said_at = MARGIN_MM, MARGIN_MM + LABEL_MM + 2
        if self.from_the_right:
            label_at, said_at = MARGIN_MM + width + 2, MARGIN_MM
        for label, said in rows:
            if self.will_page_break(LINE_MM * 2):
                self.add_page()
            top = self.get_y()
            self.style(PALE, size=8.5)
            self.set_x(label_at)
            self.multi_cell(LABEL_MM, LINE_MM, self.fit(label), align=self._side, new_y=YPos.NEXT)
            below = self.get_y()
            self.set_xy(said_at, top)
            self.style(INK, size=8 if len(said) == HASH_LENGTH else 9)
            wrap = WrapMode.WORD if " " in said else WrapMode.CHAR
            self.multi_cell(width, LINE_MM, self.fit(said), align=self._side, wrapmode=wrap,
                            new_x=XPos.LMARGIN, new_y=YPos.NEXT)  # fmt: skip
            if self.get_y() > top:
                self.set_y(max(below, self.get_y()))

    def lines(self, said: str, height: float) -> None:
        """Text over as many lines as it needs."""
        self.multi_cell(
            0, height, self.fit(said), align=self._side, new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )

    def style(self, ink: tuple[int, int, int], *, size: float) -> None:
        """The colour and the size of what comes next."""
        self.set_text_color(*ink)
        self.set_font(BODY, "", size)

    def fit(self, said: str) -> str:
        """The text with what no font holds as its number, so that nothing is lost unseen."""
        return "".join(one if ord(one) in self._known else f"[U+{ord(one):04X}]" for one in said)
