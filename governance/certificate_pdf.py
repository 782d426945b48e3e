"""A certificate as a sheet of paper: every figure of the document, for whoever reads no JSON.

The same certificate gives the same bytes: the date in the file is the certificate's own, and nothing
in it is random. The document that was hashed stands whole at the end, and every figure above is read
from it; so the sheet can leave nothing out and says nothing of its own but names.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import fontpkg
from fpdf import FPDF
from fpdf.enums import WrapMode, XPos, YPos
from fpdf.fonts import FontFace, TTFFont

from governance.counting.document import Plain

BODY, RIGHT_TO_LEFT = "sheet", "sheet-arabic"
FONTS = ((BODY, "Noto Sans"), (RIGHT_TO_LEFT, "Noto Sans Arabic"))
"""Latin, Greek, Cyrillic and Devanagari; Arabic and Urdu. What no font holds is shown as its number."""
INK, PALE, RULE = (24, 28, 36), (96, 104, 118), (206, 212, 222)
MARGIN_MM, LABEL_MM, LINE_MM = 20.0, 58.0, 5.4
HASH_LENGTH = 64
SMALL_LETTERS = 120
COLUMNS_MAX = 7
"""Of a table of stages; more options go into another table below."""
FIGURES = (
    ("roll", "On the roll"),
    ("issued", "Ballots issued, by desk"),
    ("unused", "Issued and never used"),
    ("keys", "Ballots cast, by key"),
    ("superseded", "Replaced by a later ballot"),
    ("cancelled", "Cancelled"),
    ("papers", "On paper"),
    ("valid", "Followed in the count"),
    ("blank", "Empty"),
    ("broken", "Broken, with the reason"),
)
WORDS = {
    "size": "entries", "digest": "SHA-256", "has_passed": "The motion has passed",
    "votes_for": "For", "votes_against": "Against", "abstentions": "Abstentions", "for": "For",
    "against": "Against", "abstain": "Abstentions", "quorum": "Quorum", "required": "Required",
    "outcome": "Outcome", "cast": "Cast", "whole": "Share is of", "share": "Share", "rule": "Counted by",
    "elected_numbers": "Elected, by number", "certified_at": "Certified at", "motion": "Motion",
    "matter": "Matter", "text_digest": "SHA-256 of the text", "count": "Count", "result": "Result",
    "ballots": "Ballots", "each_class": "Each class", "present": "Counting for the quorum",
    "certified_by": "Certified by", "format": "Format", "vote": "Vote", "manifest": "Manifest", "board": "Board",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What stands on the paper.

    Attributes
    ----------
    document
        The certificate, as published; `text` is the canonical JSON that was hashed to `digest`.
    options
        What ballots could name, in the order of their numbers; empty for a vote for or against.
    officer, observers
        The returning officer and who watched the count, by name.
    hashes
        Further hashes with what they are of: the manifest, the bundle.
    lot_seed
        The seed of the lots, hexadecimal; None where there was none.
    certified_at, date_is
        Aware; also the date of the file. What it is the date of, where that is not the certificate's.
    """

    title: str
    document: Mapping[str, Plain]
    text: str
    digest: str
    officer: str
    certified_at: datetime
    options: tuple[str, ...] = ()
    observers: tuple[str, ...] = ()
    hashes: tuple[tuple[str, str], ...] = ()
    lot_seed: str | None = None
    date_is: str = "Certified at"


def certificate_pdf(sheet: Sheet) -> bytes:
    """The sheet as a PDF file, A4; the same sheet gives the same bytes."""
    pdf = _Paper(sheet)
    pdf.add_page()
    pdf.heading(sheet.title, size=17)
    pdf.note("Certificate of the result of a vote")
    pdf.section("Result")
    result = {name: sheet.document[name] for name in ("result", "count") if name in sheet.document}
    stages = _stages(result)
    passed = {"has_passed": sheet.document["has_passed"]} if "has_passed" in sheet.document else {}
    pdf.rows(rows_of(passed))
    pdf.rows(_named(result, sheet.options))
    for one in result.values():
        pdf.rows(rows_of(_without_stages(one)))
    if isinstance(each := sheet.document.get("each_class"), dict) and each:
        pdf.rows(rows_of({"each_class": each}))
    if sheet.options:
        pdf.section("What ballots could name")
        pdf.rows((str(number), name) for number, name in enumerate(sheet.options, start=1))
    if stages:
        pdf.section("Stages of the count")
        pdf.stages(stages, sheet.options)
    pdf.section("Roll and ballots")
    figures = [(label, sheet.document[name]) for name, label in FIGURES if name in sheet.document]
    pdf.rows(row for label, value in figures for row in _said(label, value))
    pdf.section("Who answers for it")
    pdf.rows(
        [("Returning officer", sheet.officer), *(("Observer", one) for one in sheet.observers)]
    )
    pdf.rows([(sheet.date_is, sheet.certified_at.astimezone(UTC).isoformat(timespec="seconds"))])
    pdf.section("Hashes, and how to check this sheet")
    seed = () if sheet.lot_seed is None else (("Seed of the lots", sheet.lot_seed),)
    pdf.rows([("SHA-256 of the certificate", sheet.digest), *sheet.hashes, *seed])
    pdf.ln(2)
    pdf.note(HOW_TO_CHECK)
    pdf.section("The certificate as it was hashed")
    pdf.small(sheet.text)
    said = bytes(pdf.output())
    pdf.close_fonts()
    return said


HOW_TO_CHECK = (
    "This paper proves nothing by itself. Of a vote with a bundle, run khan verify BUNDLE.zip --notice HASH with the "
    "manifest's hash as it stood in your notice: it needs no network and no account, counts again, and refuses a bundle whose "
    "certificate says anything else. The SHA-256 of certificate.json in that bundle must be the one above. Of an open vote on "
    "record, names and choices are shown to members: count them. The hash is that of the text below, byte for byte, in UTF-8."
)


def rows_of(document: Mapping[str, Plain]) -> Iterator[tuple[str, str]]:
    """A document as lines: what each figure is called, and the figure; nothing is left out."""
    for name, value in document.items():
        yield from _said(_word(name), value)


def _word(name: str) -> str:
    said = WORDS.get(name, name.replace("_", " "))
    return said[:1].upper() + said[1:]


def _said(label: str, value: Plain) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, one in value.items():
            word = WORDS.get(name, name.replace("_", " "))
            yield from _said(f"{label}: {word}", one)
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for number, one in enumerate(value, start=1):
            yield from _said(f"{label} {number}", one)
    else:
        yield label, _figure(value)


def _figure(value: Plain) -> str:
    if isinstance(value, list):
        return ", ".join(_figure(one) for one in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _stages(result: Mapping[str, Plain]) -> list[list[str]]:
    """The totals of each stage, one a column of options; empty where the count has no stages."""
    for one in result.values():
        found = one.get("stage_totals") if isinstance(one, dict) else None
        if isinstance(found, list):
            return [
                [_figure(total) for total in stage] for stage in found if isinstance(stage, list)
            ]
    return []


def _named(result: Mapping[str, Plain], options: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Who or what won, by name; the numbers stand below."""
    for one in result.values():
        found = one if isinstance(one, dict) else {}
        elected = found.get("elected_numbers", found.get("winner", found.get("funded")))
        numbers = elected if isinstance(elected, list) else [elected]
        known = [number for number in numbers if isinstance(number, int) and number >= 1]
        if known and max(known) <= len(options):
            yield (
                "Elected" if "elected_numbers" in found else "Chosen",
                ", ".join(options[number - 1] for number in known),
            )


def _without_stages(value: Plain) -> dict[str, Plain]:
    if not isinstance(value, dict):
        return {"result": value}
    return {name: one for name, one in value.items() if name != "stage_totals"}


class _Paper(FPDF):
    """A4 with the sheet's letters, line by line."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(format="A4")
        self._foot = f"Certificate {sheet.digest[:16]}"
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
        self.set_title(sheet.title)
        self.set_author(sheet.officer)
        self.set_producer("khan-cars")
        self.set_creation_date(sheet.certified_at.astimezone(UTC))

    def close_fonts(self) -> None:
        """Let go of the files of the letters, which are read as they are needed."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    def footer(self) -> None:
        """The page's number, and what it belongs to."""
        self.set_y(-14)
        self._style(PALE, size=7.5)
        self.cell(0, 4, self._fit(self._foot))
        self.set_x(-MARGIN_MM - 30)
        self.cell(30, 4, f"Page {self.page_no()}", align="R")

    def heading(self, said: str, *, size: float) -> None:
        """A heading, over as many lines as it needs."""
        self._style(INK, size=size)
        self._lines(said, size * 0.45)

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
        self._style(PALE, size=9)
        self._lines(said, 4.6)

    def small(self, said: str) -> None:
        """A long text without spaces, broken wherever the line ends."""
        self._style(PALE, size=6.5)
        fit = self._fit(said)
        # In pieces: the whole of a long text takes time by the square of its length.
        for start in range(0, len(fit), SMALL_LETTERS):
            piece = fit[start : start + SMALL_LETTERS]
            self.multi_cell(0, 3.1, piece, align="L", wrapmode=WrapMode.CHAR,
                            new_x=XPos.LMARGIN, new_y=YPos.NEXT)  # fmt: skip

    def rows(self, rows: Iterable[tuple[str, str]]) -> None:
        """Lines of a label and what it says."""
        for label, said in rows:
            if self.will_page_break(LINE_MM * 2):
                self.add_page()
            top = self.get_y()
            self._style(PALE, size=8.5)
            self.multi_cell(LABEL_MM, LINE_MM, self._fit(label), align="L", new_y=YPos.NEXT)
            below = self.get_y()
            self.set_xy(MARGIN_MM + LABEL_MM + 2, top)
            self._style(INK, size=8 if len(said) == HASH_LENGTH else 9)
            wrap = WrapMode.WORD if " " in said else WrapMode.CHAR
            width = self.w - 2 * MARGIN_MM - LABEL_MM - 2
            self.multi_cell(width, LINE_MM, self._fit(said), align="L", wrapmode=wrap,
                            new_x=XPos.LMARGIN, new_y=YPos.NEXT)  # fmt: skip
            if self.get_y() > top:
                self.set_y(max(below, self.get_y()))

    def stages(self, stages: Sequence[Sequence[str]], options: Sequence[str]) -> None:
        """The totals by stage: a line for each stage, a column for each option."""
        width = len(stages[0]) if stages else 0
        for first in range(0, width, COLUMNS_MAX):
            numbers = range(first, min(first + COLUMNS_MAX, width))
            names = [options[one] if one < len(options) else str(one + 1) for one in numbers]
            self._style(INK, size=7.5)
            plain = FontFace(emphasis="")
            with self.table(
                headings_style=plain,
                text_align="RIGHT",
                line_height=4.4,
                borders_layout="HORIZONTAL_LINES",
            ) as table:
                table.row([self._fit(one) for one in ("Stage", *names)])
                for number, stage in enumerate(stages, start=1):
                    table.row([str(number), *(stage[one] for one in numbers)])
            self.ln(2)

    def _lines(self, said: str, height: float) -> None:
        self.multi_cell(0, height, self._fit(said), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _style(self, ink: tuple[int, int, int], *, size: float) -> None:
        self.set_text_color(*ink)
        self.set_font(BODY, "", size)

    def _fit(self, said: str) -> str:
        """The text with what no font holds as its number, so that nothing is lost unseen."""
        return "".join(one if ord(one) in self._known else f"[U+{ord(one):04X}]" for one in said)
