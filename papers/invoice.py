"""Invoices and credit notes: what was supplied in a period, to whom, with which taxes. Pure.

An invoice is made from values alone; who counts the trips and who pays is the business of the books.
The law's list (directive 2006/112/EC, article 226): date of issue, sequential number, supplier with
tax number, customer's name and address, quantity and nature, date of supply, the taxable amount for each
rate, the rate, the tax. Tax is worked out for each rate on the sum of its lines, rounded half up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from foundation.money import Currency, Money
from papers.errors import InvoiceInvalid
from papers.leaf import ZONE, Block, Leaf, seal_block, supplier_block
from papers.signing import Signer, sealed
from papers.supplier import Supplier
from papers.words import say, say_instant, say_money

FORMAT = "khan-invoice/1"
LINES_MAX = 10_000
TEXT_MAX = 300
BPS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    """Something supplied.

    Attributes
    ----------
    cost_centre
        The customer's own word for who bears it; None where they have none.
    net_minor
        Of all `quantity` together, before tax; below zero on a credit note only.
    tax_bps
        The rate in hundredths of a percent: 1000 is 10 %.
    """

    description: str
    cost_centre: str | None
    quantity: int
    net_minor: int
    tax_bps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """To whom an invoice goes: name, one to six lines of address, tax number if any."""

    name: str
    address: tuple[str, ...]
    vat_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceData:
    """Everything an invoice says, but for what follows from it.

    Attributes
    ----------
    number
        Of the caller's own series, without a gap; this module gives none.
    starts, ends
        First and last day of the period supplied.
    due
        When it is to be paid; None for a credit note, or where nothing is owed.
    corrects
        The number of the invoice that a credit note takes back from; None for an invoice.
    """

    number: str
    issued_at: datetime
    starts: date
    ends: date
    due: date | None
    supplier: Supplier
    customer: Billed
    currency: Currency
    lines: tuple[InvoiceLine, ...]
    corrects: str | None = None


def make_invoice(data: InvoiceData, *, signer: Signer | None) -> dict[str, Any]:
    """The invoice as a document, with its taxes and totals, sealed as receipts are.

    Raises
    ------
    InvoiceInvalid
        Naming the field that makes no sense.
    """
    _check(data)
    taxes = _taxes(data.lines)
    net = sum(line.net_minor for line in data.lines)
    tax = sum(one["tax_minor"] for one in taxes)
    content = {
        "format": FORMAT,
        "kind": "invoice" if data.corrects is None else "credit_note",
        "number": data.number,
        "corrects": data.corrects,
        "issued_at": data.issued_at.isoformat(),
        "period": {"starts": data.starts.isoformat(), "ends": data.ends.isoformat()},
        "due": None if data.due is None else data.due.isoformat(),
        "supplier": data.supplier.as_json(),
        "customer": {
            "name": data.customer.name,
            "address": list(data.customer.address),
            "vat_id": data.customer.vat_id,
        },
        "currency": data.currency,
        "lines": [_line_as_json(line) for line in data.lines],
        "taxes": taxes,
        "totals": {"net_minor": net, "tax_minor": tax, "total_minor": net + tax},
    }
    return sealed(content, signer)


def leaf_of_invoice(invoice: Mapping[str, Any], language: str) -> Leaf:
    """An invoice as it is read: for `papers.page.page_of` and `papers.sheet.sheet_of`."""
    return Leaf(
        language=language,
        title=f"{say(invoice['kind'], language)} {invoice['number']}",
        author=invoice["supplier"]["name"],
        made_at=datetime.fromisoformat(invoice["issued_at"]),
        blocks=(
            supplier_block(invoice["supplier"], language),
            _customer(invoice, language),
            _dates(invoice, language),
            _lines(invoice, language),
            _totals(invoice, language),
            seal_block(invoice, language),
        ),
        note="",
    )


def tax_of(net_minor: int, tax_bps: int) -> int:
    """The tax on a sum, rounded half away from zero, so that a credit note takes back what was billed."""
    size = (2 * abs(net_minor) * tax_bps + BPS) // (2 * BPS)
    return -size if net_minor < 0 else size


def _taxes(lines: tuple[InvoiceLine, ...]) -> list[dict[str, int]]:
    bases: dict[int, int] = {}
    for line in lines:
        bases[line.tax_bps] = bases.get(line.tax_bps, 0) + line.net_minor
    return [
        {"tax_bps": rate, "net_minor": bases[rate], "tax_minor": tax_of(bases[rate], rate)}
        for rate in sorted(bases)
    ]


def _check(data: InvoiceData) -> None:
    Money(0, data.currency)
    if data.issued_at.tzinfo is None:
        raise InvoiceInvalid("issued_at", "has no time zone")
    if data.starts > data.ends:
        raise InvoiceInvalid("period", "ends before it begins")
    if not 1 <= len(data.lines) <= LINES_MAX:
        raise InvoiceInvalid("lines", f"are 1 to {LINES_MAX}")
    if data.corrects == data.number:
        raise InvoiceInvalid("corrects", "names the paper itself")
    texts = [("number", data.number), ("customer", data.customer.name)]
    texts += [("customer", line) for line in data.customer.address]
    texts += [("corrects", data.corrects)] if data.corrects is not None else []
    if not data.customer.address:
        raise InvoiceInvalid("customer", "has no address")
    for line in data.lines:
        texts.append(("lines", line.description))
        if line.quantity < 1:
            raise InvoiceInvalid("lines", "are of one thing at least")
        if not 0 <= line.tax_bps <= BPS:
            raise InvoiceInvalid("lines", "have a tax of 0 to 10,000 hundredths of a percent")
        if (line.net_minor > 0) if data.corrects is not None else (line.net_minor < 0):
            raise InvoiceInvalid("lines", "of an invoice charge, those of a credit note give back")
    for field, said in texts:
        if not said.strip() or len(said) > TEXT_MAX or not said.isprintable():
            raise InvoiceInvalid(field, f"must be one line of 1 to {TEXT_MAX} letters")


def _line_as_json(line: InvoiceLine) -> dict[str, Any]:
    return {
        "description": line.description,
        "cost_centre": line.cost_centre,
        "quantity": line.quantity,
        "net_minor": line.net_minor,
        "tax_bps": line.tax_bps,
    }


def _customer(invoice: Mapping[str, Any], language: str) -> Block:
    block = supplier_block(invoice["customer"], language)
    return Block(heading=say("customer", language), rows=block.rows)


def _dates(invoice: Mapping[str, Any], language: str) -> Block:
    period = invoice["period"]
    issued_at = datetime.fromisoformat(invoice["issued_at"])
    rows = [
        (say("number", language), invoice["number"]),
        (say("issued", language), say_instant(issued_at, ZONE)),
        (say("period", language), f"{period['starts']} – {period['ends']}"),
    ]
    if invoice["corrects"] is not None:
        rows.insert(1, (say("corrects", language), invoice["corrects"]))
    if invoice["due"] is not None:
        rows.append((say("due", language), invoice["due"]))
    return Block(heading=say(invoice["kind"], language), rows=tuple(rows))


def _lines(invoice: Mapping[str, Any], language: str) -> Block:
    words = ("what", "cost_centre", "quantity", "net")
    return Block(
        heading=say("lines", language),
        columns=tuple(say(word, language) for word in words),
        rows=tuple(
            (
                line["description"],
                line["cost_centre"] or "",
                str(line["quantity"]),
                say_money(line["net_minor"], invoice["currency"], language),
            )
            for line in invoice["lines"]
        ),
    )


def _totals(invoice: Mapping[str, Any], language: str) -> Block:
    currency, totals = invoice["currency"], invoice["totals"]
    rows = [(say("net", language), say_money(totals["net_minor"], currency, language))]
    for one in invoice["taxes"]:
        whole, part = divmod(one["tax_bps"], 100)
        rate = f"{whole}.{part:02d} %"
        of = say_money(one["net_minor"], currency, language)
        rows.append(
            (
                f"{say('tax', language)} {rate} ({of})",
                say_money(one["tax_minor"], currency, language),
            )
        )
    rows.append((say("total", language), say_money(totals["total_minor"], currency, language)))
    return Block(
        heading=say("total", language),
        columns=(say("what", language), say("amount", language)),
        rows=tuple(rows),
        sums=1,
    )
