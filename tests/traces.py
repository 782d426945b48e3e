"""Somebody who holds the whole database and wants to know who voted what, as code.

They read every row of every schema with its system columns, and know what is public: the roll, both
logs, the board. Three ways are tried: the order and nearness in which rows were written, values that
stand on both sides, and hashes of what stands on one side that stand on the other.
"""

import base64
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

WORD = re.compile(r"[A-Za-z0-9+/=_-]{16,}")
_HEX = re.compile(r"(?:[0-9a-f]{2}){8,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row as it lies in the database."""

    table: str
    written_by: int  # xmin: the transaction
    place: tuple[int, int]  # ctid: page and line
    text: str


Claims = Mapping[str, str]
"""Of a voter (commitment, hexadecimal) which ballot key (base64) is theirs."""


def read_everything(owner: psycopg.Connection) -> list[Row]:
    """Every row of every table that is not PostgreSQL's own."""
    tables = owner.execute(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
        " AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
    ).fetchall()
    rows = []
    for schema, name in tables:
        found = owner.execute(
            sql.SQL(
                "SELECT CAST(CAST(xmin AS text) AS bigint), CAST(ctid AS text), row_to_json(each_row)"
                " FROM {}.{} AS each_row"
            ).format(sql.Identifier(schema), sql.Identifier(name))
        ).fetchall()
        rows += [
            Row(
                table=f"{schema}.{name}", written_by=xmin,
                place=tuple(int(part) for part in ctid.strip("()").split(",")),  # type: ignore[arg-type]
                text=_readable(json.dumps(content)),
            )
            for xmin, ctid, content in found
        ]  # fmt: skip
    return rows


def claims_of(
    rows: list[Row], *, voters: Iterable[str], ballots: Iterable[str]
) -> dict[str, Claims]:
    """What each way of looking claims, by its name.

    Parameters
    ----------
    voters
        Commitments on the roll, hexadecimal.
    ballots
        Ballot keys on the board or waiting, base64.
    """
    mine = {one: _mentions(rows, _forms(bytes.fromhex(one))) for one in voters}
    theirs = {one: _mentions(rows, _forms(base64.b64decode(one))) for one in ballots}
    found: dict[str, Claims] = {}
    for table, marked in _by_table(mine).items():
        for other, came in _by_table(theirs).items():
            if table.startswith("governance.poll_roll") or len(came) < len(theirs):
                continue
            name = f"{table} against {other}"
            found[f"order of {name}"] = dict(zip(_in_order(marked), _in_order(came), strict=False))
            found[f"nearness of {name}"] = _nearest(marked, came)
    found["equal values"] = _shared(_words(mine), _words(theirs))
    found["hashes"] = _shared(_hashes(_words(mine)), _words(theirs)) | _shared(
        _words(mine), _hashes(_words(theirs))
    )
    return found


def right(claims: Claims, truth: Claims) -> int:
    """How many claims are true."""
    return sum(truth.get(voter) == ballot for voter, ballot in claims.items())


def _readable(text: str) -> str:
    """With bytea, which comes as hexadecimal, beside it as what it says."""
    said = [bytes.fromhex(one).decode("utf-8", "replace") for one in _HEX.findall(text)]
    return " ".join([text, *said])


def _forms(data: bytes) -> tuple[str, ...]:
    return (data.hex(), base64.b64encode(data).decode())


def _mentions(rows: list[Row], forms: tuple[str, ...]) -> list[Row]:
    return [row for row in rows if any(form in row.text for form in forms)]


def _by_table(those: Mapping[str, list[Row]]) -> dict[str, dict[str, Row]]:
    """Of each table the first row that mentions each of those."""
    tables: dict[str, dict[str, Row]] = defaultdict(dict)
    for name, rows in those.items():
        for row in sorted(rows, key=_written):
            tables[row.table].setdefault(name, row)
    return tables


def _written(row: Row) -> tuple[int, tuple[int, int]]:
    return (row.written_by, row.place)


def _in_order(those: Mapping[str, Row]) -> list[str]:
    return sorted(those, key=lambda one: _written(those[one]))


def _nearest(marked: Mapping[str, Row], came: Mapping[str, Row]) -> Claims:
    """To each ballot the last voter not yet taken who was marked before or with it."""
    free, found = _in_order(marked), {}
    for ballot in _in_order(came):
        before = [one for one in free if marked[one].written_by <= came[ballot].written_by]
        if before:
            found[before[-1]] = ballot
            free.remove(before[-1])
    return found


def _words(those: Mapping[str, list[Row]]) -> dict[str, set[str]]:
    return {
        name: {w for row in rows for w in WORD.findall(row.text)} for name, rows in those.items()
    }


def _hashes(words: Mapping[str, set[str]]) -> dict[str, set[str]]:
    return {name: set(_hashed(some)) for name, some in words.items()}


def _hashed(words: set[str]) -> Iterator[str]:
    for word in words:
        for data in _read_as(word):
            for kind in (hashlib.sha256, hashlib.sha384, hashlib.sha512, hashlib.sha1, hashlib.md5):
                yield from _forms(kind(data).digest())


def _read_as(word: str) -> Iterator[bytes]:
    yield word.encode()
    if _HEX.fullmatch(word):
        yield bytes.fromhex(word)
    try:
        yield base64.b64decode(word, validate=True)
    except ValueError:
        return


def _shared(some: Mapping[str, set[str]], others: Mapping[str, set[str]]) -> dict[str, str]:
    """Pairs with a value that no other voter and no other ballot has."""
    owners, found = defaultdict(set), {}
    for side, those in (("voter", some), ("ballot", others)):
        for name, words in those.items():
            for word in words:
                owners[word].add((side, name))
    for those in owners.values():
        if len(those) == 2 and {side for side, _ in those} == {"voter", "ballot"}:
            pair = dict(those)
            found[pair["voter"]] = pair["ballot"]
    return found
