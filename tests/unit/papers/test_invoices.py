"""An invoice adds up, is sealed as receipts are, and reads alike as document, page and sheet."""

from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from papers.errors import InvoiceInvalid
from papers.invoice import Billed, InvoiceData, InvoiceLine, leaf_of_invoice, make_invoice, tax_of
from papers.page import page_of
from papers.sheet import sheet_of
from papers.signing import seal_differences
from papers.words import LANGUAGES
from tests.money import USD
from tests.paper_builders import ISSUED_AT, KEY, KEYS, SUPPLIER
from tests.properties.test_receipt_tampering import other, places


def line(net_minor: int = 12_345, tax_bps: int = 1000, **changes: Any) -> InvoiceLine:
    fields = {"description": "Trips of staff", "cost_centre": "KST-7", "quantity": 9}
    return InvoiceLine(net_minor=net_minor, tax_bps=tax_bps, **(fields | changes))


def data(**changes: Any) -> InvoiceData:
    fields: dict[str, Any] = {
        "number": "I-000007", "issued_at": ISSUED_AT, "starts": date(2014, 11, 1), "ends": date(2014, 11, 30),
        "due": date(2015, 1, 7), "supplier": SUPPLIER, "customer": Billed(name="Clinic & Sons", address=("2 Example Road",)),
        "currency": USD, "lines": (line(), line(5_000, 0, cost_centre=None), line(55, 1000)),
    }  # fmt: skip
    return InvoiceData(**(fields | changes))


def test_taxes_are_worked_out_by_rate_on_the_sum_of_its_lines() -> None:
    made = make_invoice(data(), signer=KEY)
    assert made["taxes"] == [
        {"tax_bps": 0, "net_minor": 5_000, "tax_minor": 0},
        {"tax_bps": 1000, "net_minor": 12_400, "tax_minor": 1_240},
    ]
    assert made["totals"] == {"net_minor": 17_400, "tax_minor": 1_240, "total_minor": 18_640}


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**12), st.integers(0, 10_000))
def test_a_credit_note_takes_back_to_the_minor_unit_what_was_billed(net: int, rate: int) -> None:
    assert tax_of(-net, rate) == -tax_of(net, rate)
    assert abs(10_000 * tax_of(net, rate) - net * rate) <= 5_000


def test_a_credit_note_names_the_invoice_that_it_corrects() -> None:
    note = make_invoice(
        data(number="C-000001", corrects="I-000007", due=None, lines=(line(-100),)), signer=KEY
    )
    assert (note["kind"], note["totals"]["total_minor"]) == ("credit_note", -110)
    assert "I-000007" in page_of(leaf_of_invoice(note, "en"))


def test_every_single_change_breaks_the_seal() -> None:
    made = make_invoice(data(), signer=KEY)
    assert seal_differences(made, KEYS, issued_at=ISSUED_AT) == []
    for path in places(made):
        changed = make_invoice(data(), signer=KEY)
        inner: Any = changed
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = other(inner[path[-1]])
        assert seal_differences(changed, KEYS, issued_at=ISSUED_AT), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_and_sheet_say_lines_cost_centres_and_totals(language: str) -> None:
    leaf = leaf_of_invoice(make_invoice(data(), signer=KEY), language)
    html = page_of(leaf)
    assert sheet_of(leaf) == sheet_of(leaf)
    paper = "".join(
        "".join(one.extract_text() for one in PdfReader(BytesIO(sheet_of(leaf))).pages).split()
    )
    for said in ("I-000007", "KST-7", "2014-11-01", "XX123", "123.45", "186.40", KEY.key_id):
        shown = said.replace(".", ",") if language in ("es", "ca") and said[0] == "1" else said
        assert shown in html
        assert shown in paper
    assert "Clinic &amp; Sons" in html


@pytest.mark.parametrize(
    ("field", "changes"),
    [("period", {"starts": date(2015, 1, 1)}), ("lines", {"lines": ()}), ("lines", {"lines": (line(-1),)}),
     ("lines", {"lines": (line(quantity=0),)}), ("lines", {"lines": (line(tax_bps=10_001),)}),
     ("lines", {"lines": (line(description=" "),)}), ("lines", {"corrects": "I-1"}),
     ("corrects", {"corrects": "I-000007"}), ("number", {"number": ""}), ("customer", {"customer": Billed(name="x", address=())}),
     ("customer", {"customer": Billed(name="x\ny", address=("z",))}), ("issued_at", {"issued_at": datetime(2014, 12, 24)})],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_field(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InvoiceInvalid) as refused:
        make_invoice(replace(data(), **changes), signer=KEY)
    assert refused.value.facts["field"] == field
    assert ISSUED_AT.tzinfo is UTC
