"""A paper before it is a page or a sheet: headings, rows of words, and nothing of how they look. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from papers.words import say, say_instant, say_line, say_money

ZONE = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A heading with rows under it.

    Attributes
    ----------
    rows
        Cells of text, as many in each row as there are columns; without columns they are two, a name
        and what it is.
    columns
        What the cells of a table are; the last one holds amounts.
    sums
        How many rows at the end are sums.
    note
        A sentence below.
    """

    heading: str
    rows: tuple[tuple[str, ...], ...] = ()
    columns: tuple[str, ...] = ()
    sums: int = 0
    note: str | None = None

    def __post_init__(self) -> None:
        width = len(self.columns) or 2
        assert all(len(row) == width for row in self.rows), "a cell for each column"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A paper in one language.

    Attributes
    ----------
    title
        What it is, with its number.
    author
        Who issues it.
    made_at
        Aware; the date that the file of a sheet bears.
    note
        How to check it; empty where there is nothing to say.
    """

    language: str
    title: str
    author: str
    made_at: datetime
    blocks: tuple[Block, ...]
    note: str


def leaf_of_receipt(receipt: Mapping[str, Any], language: str) -> Leaf:
    """A receipt of the second form as it is read, in a language of `papers.words.LANGUAGES`."""
    issued_at = datetime.fromisoformat(receipt["issued_at"])
    supplier = receipt["supplier"]
    return Leaf(
        language=language,
        title=f"{say('receipt', language)} {receipt['number']}",
        author="Khan Cars" if supplier is None else supplier["name"],
        made_at=issued_at,
        blocks=(
            supplier_block(supplier, language),
            _trip(receipt, language),
            _lines(receipt, language),
            _shares(receipt, language),
            *_corrections(receipt, language),
            _rules(receipt, language),
            seal_block(receipt, language),
        ),
        note=say("how_to_check", language),
    )


def supplier_block(supplier: Mapping[str, Any] | None, language: str) -> Block:
    """Who supplies, as the paper says it."""
    heading = say("supplier", language)
    if supplier is None:
        return Block(heading=heading, note=say("unnamed", language))
    rows = [
        (say("name", language), supplier["name"]),
        (say("address", language), ", ".join(supplier["address"])),
    ]
    if supplier["vat_id"] is not None:
        rows.append((say("vat_id", language), supplier["vat_id"]))
    return Block(heading=heading, rows=tuple(rows))


def seal_block(paper: Mapping[str, Any], language: str) -> Block:
    """Digest, key and signature, or that there is none."""
    rows = [(say("digest", language), str(paper["digest"]))]
    if paper["signature"] is None:
        return Block(
            heading=say("seal", language), rows=tuple(rows), note=say("unsigned", language)
        )
    rows.append((say("key", language), paper["key_id"]))
    rows.append((say("signature", language), paper["signature"]))
    return Block(heading=say("seal", language), rows=tuple(rows))


def _trip(receipt: Mapping[str, Any], language: str) -> Block:
    trip, zone = receipt["trip"], receipt["tariff"]["body"].get("timezone", ZONE)
    word, name = ("completed", "completed_at") if "fare" in receipt else ("ended", "ended_at")
    rows = [
        (say("number", language), receipt["number"]),
        (say("issued", language), _when(receipt["issued_at"], zone)),
        (say("trip", language), trip["trip_id"]),
        (say(word, language), _when(trip[name], zone)),
    ]
    if receipt["replaces"] is not None:
        rows.insert(1, (say("replaces", language), receipt["replaces"]))
    if "fare" in receipt:
        metres = receipt["fare"]["driven_metres"]
        rows.append((say("distance_driven", language), f"{metres} m"))
    payment = receipt["payment"]
    if payment is None:
        rows.append((say("payment", language), say("payment_unknown", language)))
    else:
        rows.append((say("payment", language), say(f"way.{payment['way']}", language)))
        rows.append((say("paid", language), _when(payment["paid_at"], zone)))
    return Block(heading=say("trip", language), rows=tuple(rows))


def _lines(receipt: Mapping[str, Any], language: str) -> Block:
    charged = receipt["fare"] if "fare" in receipt else receipt["fee"]
    currency, sums = receipt["currency"], receipt["sums"]
    rows = [
        (say_line(line["code"], language), say_money(line["amount_minor"], currency, language))
        for line in charged["lines"]
        if line["amount_minor"]
    ]
    said = [("total", charged["total_minor"])]
    if sums["tip_minor"]:
        said.append(("tip", sums["tip_minor"]))
    if sums["refunded_minor"]:
        said.append(("refunded", -sums["refunded_minor"]))
    if len(said) > 1:
        said.append(("remaining", sums["remaining_minor"]))
    rows += [(say(word, language), say_money(minor, currency, language)) for word, minor in said]
    return Block(
        heading=say("lines", language),
        columns=(say("what", language), say("amount", language)),
        rows=tuple(rows),
        sums=len(said),
    )


def _shares(receipt: Mapping[str, Any], language: str) -> Block:
    charged = receipt["fare"] if "fare" in receipt else receipt["fee"]
    currency = receipt["currency"]
    rows = [
        (
            say(party, language),
            say_money(charged["shares"][f"{party}_minor"], currency, language),
        )
        for party in ("driver", "coop", "city")
    ]
    top_up = charged.get("driver_pay", {}).get("top_up_minor", 0)
    if top_up:
        rows.append((say("top_up", language), say_money(top_up, currency, language)))
    return Block(
        heading=say("shares", language),
        columns=(say("what", language), say("amount", language)),
        rows=tuple(rows),
    )


def _corrections(receipt: Mapping[str, Any], language: str) -> Sequence[Block]:
    if not receipt["corrections"]:
        return ()
    zone = receipt["tariff"]["body"].get("timezone", ZONE)
    rows = tuple(
        (
            f"{_when(one['made_at'], zone)} {one['reason'] or ''}".strip(),
            say_money(one["amount_minor"], receipt["currency"], language),
        )
        for one in receipt["corrections"]
    )
    columns = (say("what", language), say("amount", language))
    return (Block(heading=say("corrections", language), columns=columns, rows=rows),)


def _rules(receipt: Mapping[str, Any], language: str) -> Block:
    rows = []
    for one in receipt["adoptions"]:
        rule = receipt[one["kind"]]
        word = say("charter" if one["motion_id"] is None else "motion", language)
        rows.append(
            (say(one["kind"], language, version=rule["version"]), f"{word}: {one['title']}")
        )
        if one["motion_id"] is not None:
            rows.append((say("motion", language), one["motion_id"]))
        rows.append((say("document_hash", language), one["digest"]))
    return Block(heading=say("rules", language), rows=tuple(rows))


def _when(instant: str, zone: str) -> str:
    return say_instant(datetime.fromisoformat(instant), zone)
