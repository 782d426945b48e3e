"""`khan impact MOTION`: printed, written, drawn, and worked out again to the same digest."""

import asyncio
import json
from pathlib import Path

import psycopg
import pytest

from governance.impact.pictures import PANELS, picture
from governance.impact.service import get_impact, keep_impact
from governance.impact.store import find_waiting
from governance.service.motions import Proposal
from khan.command_line import main
from khan.impact_job import Assumed, work_out
from khan.impact_worker import job_of
from rulebook.rule import digest_of
from storage.engine import Database
from tests.assembly_rows import Assembly, assemble, tariff_motion
from tests.impact_at_work import state_impact
from tests.money import numbered
from tests.small_city import write_small_city


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    return await assemble(database, owner, address=database_address)


async def khan(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """One command, which runs a loop of its own: exit code, output, errors."""

    def run() -> int:
        try:
            main([str(word) for word in words])
        except SystemExit as ended:
            return int(ended.code or 0)
        raise AssertionError("a command ends")

    code = await asyncio.to_thread(run)
    said = capsys.readouterr()
    return code, said.out, said.err


async def worked_out(assembly: Assembly, city: Path) -> None:
    """What the worker does, for the one motion that waits."""
    async with assembly.database.work() as work:
        waiting = await find_waiting(work)
    assert waiting is not None
    await state_impact(assembly.database, waiting.motion_id, city=city)


async def test_a_motion_s_statement_is_printed_written_drawn_and_comes_out_again(
    assembly: Assembly, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city = write_small_city(tmp_path / "gridtown")
    motion = await assembly.propose(tariff_motion())
    where = ("--url", assembly.database.address, "--city", city)
    code, _, told = await khan(capsys, "impact", motion.motion_id, *where)
    assert (code, "being worked out" in told) == (2, True)
    await worked_out(assembly, city)
    report, folder = tmp_path / "impact.json", tmp_path / "pictures"
    code, said, told = await khan(
        capsys, "impact", motion.motion_id, *where, "--json", report, "--pictures", folder,
        "--recompute",
    )  # fmt: skip
    assert (code, told) == (0, "")
    async with assembly.database.reading() as reading:
        kept = (await get_impact(reading, motion.motion_id)).document
    assert json.loads(report.read_text(encoding="utf-8")) == kept
    assert str(kept["digest"]) in said
    assert "Worked out again: the same digest." in said
    assert "price, mean of all asked for" in said
    drawn = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert drawn == {f"{name}.svg": picture(kept, name) for name in PANELS}


async def test_another_city_s_day_is_told_from_a_statement_that_does_not_come_out(
    assembly: Assembly, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    motion = await assembly.propose(tariff_motion())
    await worked_out(assembly, write_small_city(tmp_path / "gridtown"))
    other = write_small_city(tmp_path / "another", size=8)
    code, said, _ = await khan(
        capsys, "impact", motion.motion_id, "--url", assembly.database.address, "--city", other,
        "--recompute",
    )  # fmt: skip
    assert code == 1
    assert "ANOTHER DIGEST" in said
    assert "not those of the statement" in said


async def test_a_statement_that_was_not_worked_out_so_does_not_come_out_again(
    assembly: Assembly, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city = write_small_city(tmp_path / "gridtown")
    motion = await assembly.propose(tariff_motion())
    async with assembly.database.work() as work:
        waiting = await find_waiting(work)
        assert waiting is not None
        honest = work_out(await job_of(work, waiting.motion_id, city, Assumed()))
    # As if somebody else had asked: it adds up, and is not what comes out.
    forged = json.loads(json.dumps(honest))
    statement = forged["proposals"][0]["statement"]
    statement["demand"]["vehicles"] += 1
    for document in (statement, forged):
        del document["digest"]
        document["digest"] = digest_of(document)
    async with assembly.database.work() as work:
        await keep_impact(work, forged)
    code, said, _ = await khan(
        capsys, "impact", motion.motion_id, "--url", assembly.database.address, "--city", city,
        "--recompute",
    )  # fmt: skip
    assert (code, "ANOTHER DIGEST" in said) == (1, True)
    assert "not those of the statement" not in said


async def test_what_is_no_motion_or_has_no_figures_is_said(
    assembly: Assembly, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--url", assembly.database.address)
    code, _, told = await khan(capsys, "impact", numbered(9), *where)
    assert (code, told.count("\n")) == (2, 1)
    words = await assembly.propose(Proposal(title="Benches", text="Two.", matter="ordinary"))
    code, said, told = await khan(
        capsys, "impact", words.motion_id, *where, "--pictures", tmp_path / "none"
    )
    assert (code, told) == (0, "")
    assert said.startswith("This motion writes no rule")
    assert list((tmp_path / "none").iterdir()) == []
    code, _, told = await khan(capsys, "impact", words.motion_id, *where, "--recompute")
    assert (code, "cannot be worked out again" in told) == (2, True)
    code, _, told = await khan(capsys, "impact", tmp_path / "proposal.json")
    assert (code, "--kind" in told) == (2, True)
