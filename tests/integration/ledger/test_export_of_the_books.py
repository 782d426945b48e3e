"""The books as a file: accepted by beancount and hledger, and refused with one minor unit changed."""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from foundation.money import Currency
from ledger.account import Account, Role
from ledger.export.books import decimal_text
from ledger.export.names import ACCOUNTS, RealNames
from ledger.export.service import Form, export
from storage.engine import Database
from tests.exported import DAY, Books, bean_check, exported, hledger_check, mixed_books

POSTING = re.compile(r"^(  [A-Z]\S+ +)(-?\d+(?:\.\d+)?) ([A-Z]{3})  ?;", re.MULTILINE)

CHECKERS = [
    pytest.param(Form.BEANCOUNT, bean_check, id="beancount"),
    pytest.param(Form.HLEDGER, hledger_check, id="hledger", marks=pytest.mark.hledger),
]
Checker = Callable[[Path], "object"]


@pytest.fixture
async def books(database: Database, owner: psycopg.Connection) -> Books:
    return await mixed_books(database, owner)


def changed(posting: re.Match[str], by: int) -> str:
    """The posting with so many minor units more."""
    currency = Currency(posting[3])
    minor = int(posting[2].replace(".", "")) + by
    return f"{posting[1]}{decimal_text(minor, currency)} {currency}  ;"


@pytest.mark.parametrize(("form", "check"), CHECKERS)
async def test_the_export_is_accepted_and_refused_with_one_minor_unit_changed(
    database: Database, books: Books, tmp_path: Path, form: Form, check: Checker
) -> None:
    whole = await exported(database, tmp_path / "books", form)
    accepted = check(tmp_path / "books")
    assert (accepted.returncode, accepted.stdout + accepted.stderr) == (0, "")
    # One posting of each currency and of both flags; forwards and back.
    firsts = {(found[3], found[1]): found for found in POSTING.finditer(whole)}
    by_currency = {currency: found for (currency, _), found in firsts.items()}
    assert set(by_currency) == {"USD", "JPY", "BHD"}
    pending = next(found for found in POSTING.finditer(whole) if ":Pending:" in found[1])
    for planted in (*by_currency.values(), pending):
        for by in (1, -1):
            spoiled = whole[: planted.start()] + changed(planted, by) + whole[planted.end() :]
            (tmp_path / "spoiled").write_text(spoiled)
            assert check(tmp_path / "spoiled").returncode != 0, planted[0]


@pytest.mark.parametrize(("form", "check"), CHECKERS)
async def test_a_unit_moved_from_one_account_to_another_is_refused(
    database: Database, books: Books, tmp_path: Path, form: Form, check: Checker
) -> None:
    """The transaction still balances: the asserted balances tell."""
    whole = await exported(database, tmp_path / "books", form)
    fare = next(found for found in POSTING.finditer(whole) if "Drivers" in found[1])
    city = next(
        found for found in POSTING.finditer(whole, fare.end()) if "Liabilities:City" in found[1]
    )
    spoiled = (
        whole[: fare.start()] + changed(fare, -1) + whole[fare.end() : city.start()]
        + changed(city, 1) + whole[city.end() :]
    )  # fmt: skip
    (tmp_path / "spoiled").write_text(spoiled)
    refused = check(tmp_path / "spoiled")
    assert refused.returncode != 0
    assert "alance" in refused.stderr + refused.stdout


@pytest.mark.parametrize("form", [Form.BEANCOUNT, Form.HLEDGER, Form.CSV])
async def test_a_pseudonymous_export_names_nobody(
    database: Database, books: Books, tmp_path: Path, form: Form, owner: psycopg.Connection
) -> None:
    text = (await exported(database, tmp_path / "books", form)).lower()
    told = owner.execute(
        "SELECT transfer_id, subject_id, trip_id, resolves, link_id, made_by FROM ledger.transfer"
    ).fetchall()
    people = owner.execute("SELECT owner_id FROM ledger.account WHERE owned_by = 'person'")
    secret = {one for row in (*told, *people.fetchall()) for one in row if one is not None}
    assert len(secret) > 20
    assert not [one for one in secret if str(one) in text or one.hex in text]
    assert "too late" not in text, "free text may name people"
    assert "t12:" not in text, "an exact time is a trip's"


async def test_an_identified_export_says_who_when_and_why(
    database: Database, books: Books, tmp_path: Path
) -> None:
    text = await exported(database, tmp_path / "books", Form.CSV, RealNames())
    assert str(books.trips[0].driver_id).upper() in text
    assert "'=too late" in text, "and no spreadsheet takes it for a formula"


async def test_pending_transfers_are_flagged_and_stand_apart(
    database: Database, books: Books, tmp_path: Path
) -> None:
    whole = await exported(database, tmp_path / "books", Form.BEANCOUNT)
    flagged = re.findall(r'^\d{4}-\d\d-\d\d ! "(\w+)"\n((?:  .*\n)+)', whole, re.MULTILINE)
    assert [kind for kind, _ in flagged] == ["hold"]
    assert flagged[0][1].count(":Pending:") == 2
    held = decimal_text(books.held.quote.total.minor, Currency("USD"))
    assert f" {held} USD" in flagged[0][1]


async def test_the_table_has_every_transfer_and_sums_to_zero(
    database: Database, books: Books, tmp_path: Path, owner: psycopg.Connection
) -> None:
    await exported(database, tmp_path / "books", Form.CSV)
    with (tmp_path / "books").open(newline="") as file:
        rows = list(csv.DictReader(file))
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row["line"]:
            sums[row["transfer"], row["currency"]] += int(row["amount_minor"])
            assert row["amount"] == decimal_text(
                int(row["amount_minor"]), Currency(row["currency"])
            )
    assert set(sums.values()) == {0}
    written = owner.execute("SELECT count(*) FROM ledger.transfer").fetchone()
    assert len({row["transfer"] for row in rows}) == written[0]
    assert {row["state"] for row in rows} == {"pending", "posted", "voided"}
    assert sum(row["is_open"] == "true" for row in rows) == 2, "the two sides of the open hold"
    digests = {(row["day"], row["sealed_day"], row["day_digest"]) for row in rows}
    assert (DAY.isoformat(), "1", books.digest) in digests
    fares = [row for row in rows if row["kind"] == "fare"]
    assert all(row["tariff"] and row["decision"] and row["decision_digest"] for row in fares)


async def test_an_auditor_computes_the_digest_of_a_day_from_the_table_alone(
    database: Database, books: Books, tmp_path: Path
) -> None:
    await exported(database, tmp_path / "books", Form.CSV, RealNames())
    with (tmp_path / "books").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["day"] == DAY.isoformat()]
    lines: dict[str, list[str]] = {}
    for row in rows:
        lines.setdefault(row["transfer"].lower(), []).append(_entry_line(row))
    heads = {row["transfer"].lower(): _head_line(row) for row in rows}
    digests = [
        hashlib.sha256(f"{heads[one]}|{','.join(entries)}".encode()).hexdigest()
        for one, entries in sorted(lines.items())
    ]
    starts, ends = (
        int(datetime.fromisoformat(f"2014-12-{day}T00:00:00-05:00").timestamp() * 1_000_000)
        for day in (16, 17)
    )
    whole = "\n".join(["khan day 2", "", str(starts), str(ends), *digests])
    assert hashlib.sha256(whole.encode()).hexdigest() == books.digest


def _head_line(row: dict[str, str]) -> str:
    reason = row["reason"].removeprefix("'")
    micros = datetime.fromisoformat(row["made_at"])
    is_charge = row["tariff"] != ""
    return "|".join(
        [
            row["transfer"].lower(), row["kind"], row["subject"].lower(), row["ordinal"],
            # A void has no entry that would name the currency; all trips here are in dollars.
            row["currency"] or "USD", row["resolves"].lower(), row["reverses"].lower(),
            "" if is_charge else row["decision"],
            hashlib.sha256(reason.encode()).hexdigest() if reason else "",
            str(int(micros.timestamp()) * 1_000_000 + micros.microsecond),
            row["trip"].lower(), row["link"].lower(), row["made_by"].lower(),
        ]
    )  # fmt: skip


def _entry_line(row: dict[str, str]) -> str:
    if not row["line"]:
        return ""
    owner = row["account"].rsplit(":", 1)[-1].lower()
    account = Account(
        role=Role(row["role"]),
        currency=Currency(row["currency"]),
        owner_id=UUID(owner) if re.fullmatch(r"[0-9a-f-]{36}", owner) else None,
    )
    return ":".join(
        [
            str(account.account_id), row["amount_minor"], row["code"], row["share_of_minor"],
            row["share_bps"],
        ]
    )  # fmt: skip


async def test_parquet_holds_what_the_table_holds(
    database: Database, books: Books, tmp_path: Path
) -> None:
    import arro3.io

    await exported(database, tmp_path / "books.csv", Form.CSV, RealNames())
    await exported(database, tmp_path / "books.parquet", Form.PARQUET, RealNames())
    with (tmp_path / "books.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = arro3.io.read_parquet(tmp_path / "books.parquet").read_all()
    assert table.column_names == list(rows[0])
    for name, shown in (("amount_minor", str), ("day", str), ("transfer", str)):
        kept = ["" if one is None else shown(one) for one in table[name].to_pylist()]
        assert kept == [row[name] for row in rows], name
    instants = [one.isoformat() for one in table["made_at"].to_pylist()]
    assert instants == [row["made_at"] for row in rows]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["books.csv", "books.parquet"]


@pytest.mark.parametrize("form", list(Form))
async def test_an_export_that_breaks_off_leaves_the_file_as_it_was(
    database: Database, books: Books, tmp_path: Path, form: Form
) -> None:
    class Broken(Exception):
        pass

    def told(_written: int, _whole: int) -> None:
        raise Broken

    out = tmp_path / "books"
    out.write_text("before")
    with pytest.raises(Broken):
        async with database.work(still=True) as work:
            await export(work, out, form=form, names=RealNames(), told=told)
    assert [path.name for path in tmp_path.iterdir()] == ["books"]
    assert out.read_text() == "before"


@pytest.mark.parametrize(("form", "check"), CHECKERS)
async def test_books_without_a_line_are_an_export_too(
    database: Database, tmp_path: Path, form: Form, check: Checker
) -> None:
    await exported(database, tmp_path / "books", form)
    assert check(tmp_path / "books").returncode == 0


async def test_accounts_stand_under_the_root_of_their_class(owner: psycopg.Connection) -> None:
    roots = {
        "asset": "Assets", "liability": "Liabilities", "equity": "Equity", "income": "Income",
        "expense": "Expenses",
    }  # fmt: skip
    chart = owner.execute("SELECT role, class FROM ledger.role").fetchall()
    assert {role: roots[kind] for role, kind in chart} == {
        role.value: name.split(":")[0] for role, name in ACCOUNTS.items()
    }
