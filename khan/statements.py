"""What `khan statement` asks: a database, or a service as the driver."""

import asyncio
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from dispatch.views.trips import find_shift
from fares.service import tariff_of
from foundation.errors import Invalid, NotFound
from foundation.identifiers import UUID, DriverId, RuleId, ShiftId
from khan.kept import address_for, opened
from khan.seed import last_fact
from khan.terminal_words import Keyboard
from ledger.statements import service
from ledger.statements.document import document_of
from ledger.statements.facts import OpenShift
from ledger.statements.paper import statement_pdf
from ledger.statements.period import week_named, week_of
from ledger.statements.service import Checked
from ledger.statements.table import statement_csv
from ledger.statements.values import Statement
from registry.service import find_person_by_phone
from registry.vault import Vault
from rulebook.rule import RuleKind
from rulebook.service import in_force
from simulation.client import Phone
from storage.work import UnitOfWork

SECRET_VARIABLE = "KHAN_VAULT_SECRET"  # noqa: S105 - the variable's name


class DriverUnknown(NotFound):
    """No driver goes by that phone number or identifier."""

    code = "driver_unknown"

    def __init__(self, driver: str) -> None:
        super().__init__(
            f"There is no driver {driver[:40]!r} in this city.",
            driver=driver[:40],
        )


class NameUnreadable(Invalid):
    """A driver, shift or trip is named by its identifier; a driver also by phone number."""

    code = "name_unreadable"

    def __init__(self, word: str) -> None:
        super().__init__(
            f"{word[:40]!r} names nobody and nothing: give an identifier, or of a driver a phone "
            "number like +12125550199.",
            word=word[:40],
        )


class VaultSecretNeeded(Invalid):
    """Phone numbers are kept sealed; without the vault's secret nobody is found by one."""

    code = "vault_secret_needed"

    def __init__(self) -> None:
        super().__init__(
            f"To find a driver by phone, set {SECRET_VARIABLE} as the service has it; "
            "or give the driver's identifier."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFiles:
    """Where it is written, too."""

    csv: Path | None = None
    pdf: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for.

    Attributes
    ----------
    of
        `weeks`, `shifts` or `trips`, as the API's address has it.
    name
        A week or an identifier; None for this week.
    """

    driver: str
    of: str
    name: str | None
    language: str
    files: StatementFiles


def from_database(asked: Asked, *, url: str | None, data: Path | None) -> dict[str, Any]:
    """The statement out of a database, checked; without costs, which are the driver's alone.

    Raises
    ------
    DriverUnknown, NameUnreadable, VaultSecretNeeded
    ledger.statements.errors.WeekUnreadable, ledger.statements.errors.NothingOfThat
    ledger.statements.errors.StatementDisagrees
    khan.kept.DatabaseUnnamed, khan.console.ArgumentUnusable
    """
    with address_for(url=url, data=data) as address:
        # Service time goes on in a folder where nobody lives: what is kept ends with its last fact.
        until = None if data is None else last_fact(address)
        return asyncio.run(_ask(address, asked, data, until=until))


async def _ask(
    address: str, asked: Asked, data: Path | None, *, until: datetime | None
) -> dict[str, Any]:
    async with opened(address) as database, database.work(still=True) as work:
        driver_id = await _driver(work, asked.driver, data)
        tariff_rule = await in_force(work, RuleKind.TARIFF, work.now)
        zone = (await tariff_of(work, RuleId(tariff_rule.rule_id))).zone
        made_at = until or work.now
        found = (await _statement(work, driver_id, asked, zone, now=made_at)).sure()
    _write(found, asked, zone, made_at=made_at)
    return document_of(found, zone=zone, language=asked.language)


async def _statement(
    work: UnitOfWork, driver_id: DriverId, asked: Asked, zone: ZoneInfo, *, now: datetime
) -> Checked:
    shift = await find_shift(work, driver_id)
    going = None
    if shift is not None:
        going = OpenShift(shift_id=ShiftId(shift.shift_id), started_at=shift.started_at, until=now)
    if asked.of == "weeks":
        week = week_of(now, zone) if asked.name is None else week_named(asked.name, zone)
        return await service.week_statement(
            work, driver_id, week, open_shift=going, with_costs=False
        )
    named = _identifier(asked.name or "")
    if asked.of == "shifts":
        return await service.shift_statement(work, driver_id, named, open_shift=going)
    return await service.trip_statement(work, driver_id, named)


async def _driver(work: UnitOfWork, driver: str, data: Path | None) -> DriverId:
    if not driver.startswith("+"):
        return DriverId(_identifier(driver))
    kept = None if data is None else data / "vault.secret"
    if kept is not None and kept.is_file():
        secret = kept.read_text(encoding="utf-8").encode()
    elif SECRET_VARIABLE in os.environ:
        secret = os.environ[SECRET_VARIABLE].encode()
    else:
        raise VaultSecretNeeded
    person_id = await find_person_by_phone(work, driver, vault=Vault.from_secret(secret))
    if person_id is None:
        raise DriverUnknown(driver)
    return DriverId(person_id)


def from_service(
    url: str, asked: Asked, *, messages: Path | None, console: Console
) -> dict[str, Any]:
    """The statement as the service tells it to its driver, who signs in; with their own costs.

    Raises
    ------
    khan.terminal.Unreachable, khan.terminal.ToldNo, khan.terminal.NoCodeCame
    ledger.statements.errors.WeekUnreadable
    """
    from khan.terminal import on_the_line, sign_in

    found: list[dict[str, Any]] = []
    quiet = Console(file=console.file, quiet=True) if messages is not None else console

    async def play(line: Phone) -> None:
        await sign_in(line, asked.driver, messages, quiet, Keyboard(console))
        zone = ZoneInfo((await line.get("/public/v1/city"))["timezone"])
        name = asked.name or week_of(line.now(), zone).name
        path = f"/driver/v1/statements/{asked.of}/{quote(name, safe='')}"
        found.append(await line.get(path, language=asked.language))
        for form, file in (("csv", asked.files.csv), ("pdf", asked.files.pdf)):
            if file is not None:
                content = await line.download(f"{path}/file", form=form, language=asked.language)
                file.write_bytes(content)

    on_the_line(url, play)
    if not found:
        raise typer.Exit(130)  # stopped by Ctrl-C
    return found[0]


def _write(found: Statement, asked: Asked, zone: ZoneInfo, *, made_at: datetime) -> None:
    if asked.files.csv is not None:
        asked.files.csv.write_bytes(statement_csv(found, zone=zone, language=asked.language))
    if asked.files.pdf is not None:
        content = statement_pdf(found, zone=zone, language=asked.language, made_at=made_at)
        asked.files.pdf.write_bytes(content)


def _identifier(word: str) -> UUID:
    try:
        return UUID(word)
    except ValueError:
        raise NameUnreadable(word) from None
