"""A certificate as a sheet of paper: every figure of the document, for whoever reads no JSON.

The same certificate gives the same bytes: the date in the file is the certificate's own, and nothing
in it is random. The document that was hashed stands whole at the end, and every figure above is read
from it; so the sheet can leave nothing out and says nothing of its own but names.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fpdf.fonts import FontFace

from foundation.paper import INK, Paper
from governance.counting.document import Plain

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
    pdf = _Paper(
        foot=f"Certificate {sheet.digest[:16]}",
        title=sheet.title,
        author=sheet.officer,
        made_at=sheet.certified_at,
    )
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


class _Paper(Paper):
    """With the stages of a count."""

    def stages(self, stages: Sequence[Sequence[str]], options: Sequence[str]) -> None:
        """The totals by stage: a line for each stage, a column for each option."""
        width = len(stages[0]) if stages else 0
        for first in range(0, width, COLUMNS_MAX):
            numbers = range(first, min(first + COLUMNS_MAX, width))
            names = [options[one] if one < len(options) else str(one + 1) for one in numbers]
            self.style(INK, size=7.5)
            plain = FontFace(emphasis="")
            with self.table(
                headings_style=plain,
                text_align="RIGHT",
                line_height=4.4,
                borders_layout="HORIZONTAL_LINES",
            ) as table:
                table.row([self.fit(one) for one in ("Stage", *names)])
                for number, stage in enumerate(stages, start=1):
                    table.row([str(number), *(stage[one] for one in numbers)])
            self.ln(2)
