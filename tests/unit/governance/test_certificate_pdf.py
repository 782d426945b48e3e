"""The certificate on paper: every figure of the document, the same bytes, and no letter lost unseen."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from governance.certificate_pdf import Sheet, certificate_pdf, rows_of
from rulebook.rule import canonical

DOCUMENT: dict[str, Any] = {
    "format": "khan-cars certificate 1", "vote": "7", "roll": 3120, "issued": [2105, 2104],
    "unused": 11, "keys": 2093, "superseded": 81, "cancelled": 4, "papers": 17, "valid": 2101,
    "blank": 5, "broken": [{"index": 77, "reason": "names an option twice"}],
    "board": {"size": 2211, "root": "q83v"}, "manifest": "EjRW",
    "result": {
        "rule": "scottish_stv", "quota": 525, "elected_numbers": [2, 1], "vacant": 0,
        "stage_totals": [["500.00000", "620.00000"], ["545.12345", "525.00000"]],
    },
}  # fmt: skip


def sheet(**changes: Any) -> Sheet:
    text = canonical(changes.get("document", DOCUMENT)).decode()
    fields: dict[str, Any] = {
        "title": "Board", "document": DOCUMENT, "text": text,
        "digest": hashlib.sha256(text.encode()).hexdigest(), "officer": "R. Núñez",
        "certified_at": datetime(2026, 3, 25, 4, tzinfo=UTC), "options": ("Ana", "Bo"),
    }  # fmt: skip
    return Sheet(**(fields | changes))


def written(found: Sheet) -> str:
    """What the sheet says, read back from the file by a reader of another house, without spaces."""
    pages = PdfReader(BytesIO(certificate_pdf(found))).pages
    return "".join("".join(page.extract_text() for page in pages).split())


def test_the_same_certificate_gives_the_same_bytes_and_another_gives_others() -> None:
    first = certificate_pdf(sheet())
    assert first == certificate_pdf(sheet())
    assert first.startswith(b"%PDF-")
    others = [
        sheet(officer="S. Núñez"), sheet(observers=("City clerk",)), sheet(lot_seed="0f" * 32),
        sheet(certified_at=datetime(2026, 3, 25, 5, tzinfo=UTC)),
    ]  # fmt: skip
    assert len({first, *map(certificate_pdf, others)}) == 5


@pytest.mark.parametrize("places", [("roll",), ("issued", 1), ("unused",), ("result", "quota"),
    ("broken", 0, "index"), ("result", "stage_totals", 1, 0), ("board", "size")])  # fmt: skip
def test_every_figure_stands_on_the_sheet(places: tuple[Any, ...]) -> None:
    value: Any = DOCUMENT
    for place in places:
        value = value[place]
    assert str(value) in written(sheet())


def test_names_hashes_and_seed_stand_on_the_sheet() -> None:
    found = sheet(
        observers=("Łukasz Żółć", "Δήμος"), hashes=(("SHA-256 of the bundle", "cd" * 32),),
        lot_seed="0f" * 32,
    )  # fmt: skip
    said = written(found)
    for one in (
        "R. Núñez",
        "Łukasz Żółć",
        "Δήμος",
        "cd" * 32,
        "0f" * 32,
        found.digest,
        "Bo, Ana",
        "khan verify",
    ):
        assert one.replace(" ", "") in said, one


def test_a_letter_that_no_font_holds_is_shown_as_its_number() -> None:
    assert "[U+09B0]" in written(sheet(title="র"))
    assert "[U+" not in written(sheet(title="Élection — Дума — انتخاب"))


def test_a_nested_document_leaves_nothing_out() -> None:
    rows = dict(rows_of({"a": {"b": [1, 2], "c": [{"d": True}, {"d": None}]}, "e": []}))
    assert rows == {"A: b": "1, 2", "A: c 1: d": "yes", "A: c 2: d": "none", "E": "none"}


def test_a_long_count_goes_over_as_many_pages_as_it_needs() -> None:
    names = tuple(f"Candidate {number}" for number in range(1, 13))
    stages = [[f"{stage}.00000"] * 12 for stage in range(9)]
    document = DOCUMENT | {"result": DOCUMENT["result"] | {"stage_totals": stages}}
    said = written(replace(sheet(document=document), options=names))
    assert "Candidate12" in said
    assert "8.00000" in said
