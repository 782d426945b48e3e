"""`khan simulate --year --books`, and what `khan ledger export` makes of it."""

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from rich.console import Console

from khan.console import ArgumentUnusable
from khan.kept import address_for
from khan.ledger_export import ExportAsked
from khan.ledger_export import run as run_export
from khan.ledger_verify import run as verify
from khan.year_books import YearAsked, run
from tests.exported import bean_check, hledger_check

CONSOLE = Console(quiet=True)


def a_month_and_a_day(keep: Path, *, seed: int) -> dict[str, object]:
    asked = YearAsked(city="manhattan", keep=keep, trips=3_000, drivers=15, seed=seed, days=32)
    return run(asked, CONSOLE)


def heads(keep: Path) -> list[tuple[int, str]]:
    with address_for(url=None, data=keep) as address, psycopg.connect(address) as owner:
        return owner.execute(
            "SELECT transfers, digest FROM ledger.sealed_day ORDER BY 1"
        ).fetchall()


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keep = tmp_path_factory.mktemp("year") / "kept"
    told = a_month_and_a_day(keep, seed=1)
    assert 200 < told["trips"] < 350  # type: ignore[operator]
    return keep


def test_its_days_are_sealed_its_months_closed_and_everything_balances(year: Path) -> None:
    with address_for(url=None, data=year) as address, psycopg.connect(address) as owner:
        days, transfers = owner.execute(
            "SELECT count(*), sum(transfers) FROM ledger.sealed_day"
        ).fetchone()  # type: ignore[misc]
        assert (days, transfers > 400) == (32, True)
        assert owner.execute("SELECT count(*) FROM ledger.period").fetchone() == (1,)
        assert owner.execute("SELECT sum(amount_minor) FROM ledger.entry").fetchone() == (0,)
        kinds = {row[0] for row in owner.execute("SELECT DISTINCT kind FROM ledger.transfer")}
        assert {"hold", "fare", "void", "tip", "expense", "levy_paid", "closing"} <= kinds
        unposted = owner.execute(
            "SELECT count(*) FROM ledger.transfer AS hold WHERE kind = 'hold' AND NOT EXISTS"
            " (SELECT FROM ledger.transfer AS ending WHERE ending.resolves = hold.transfer_id)"
        ).fetchone()
        assert unposted == (0,)


def test_an_examination_finds_nothing_wrong_and_the_digest_that_was_kept(year: Path) -> None:
    with address_for(url=None, data=year) as address, psycopg.connect(address) as owner:
        row = owner.execute("SELECT digest FROM ledger.sealed_day WHERE number = 31").fetchone()
    assert row is not None
    found = verify(kept=row[0], url=None, data=year, console=CONSOLE)
    assert found.faults == []
    assert (found.days, found.last is not None) == (32, True)
    assert found.transfers == sum(transfers for transfers, _ in heads(year))


def test_the_same_seed_makes_the_same_chain_of_days(year: Path, tmp_path: Path) -> None:
    again = a_month_and_a_day(tmp_path / "again", seed=1)
    assert again["seed"] == 1
    assert heads(tmp_path / "again") == heads(year)


@pytest.mark.hledger
def test_its_export_is_accepted(year: Path, tmp_path: Path) -> None:
    for form, check in (("beancount", bean_check), ("hledger", hledger_check)):
        out = tmp_path / f"books.{form}"
        told = run_export(ExportAsked(data=year, form=form), out, CONSOLE)
        assert "32 days sealed" in told
        accepted = check(out)
        assert (accepted.returncode, accepted.stdout + accepted.stderr) == (0, ""), form


def test_a_file_that_is_there_stays(year: Path, tmp_path: Path) -> None:
    out = tmp_path / "books.csv"
    out.write_text("mine")
    asked = ExportAsked(data=year, form="csv", identified=True)
    with pytest.raises(ArgumentUnusable, match="is there already"):
        run_export(asked, out, CONSOLE)
    assert out.read_text() == "mine"
    run_export(replace(asked, replace=True), out, CONSOLE)
    assert out.read_text().startswith("transfer,kind,state")


@pytest.mark.parametrize(
    ("data", "form", "told"),
    [
        ("absent", "csv", "there is no folder"),
        ("empty", "csv", "is not a demonstration's --keep folder"),
        ("empty", "xlsx", "choose one of beancount, hledger, csv, parquet"),
    ],
)
def test_what_cannot_be_exported_is_told(tmp_path: Path, data: str, form: str, told: str) -> None:
    (tmp_path / "empty").mkdir()
    out = tmp_path / "books"
    with pytest.raises(ArgumentUnusable, match=told):
        run_export(ExportAsked(data=tmp_path / data, form=form), out, CONSOLE)
    assert not out.exists()
