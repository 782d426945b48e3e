"""`khan motion` carries a motion from its proposal to its rule, and says no in one line."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from khan.command_line import app, main
from khan.seed import OFFICE_PHONE
from tests.journeys.assemblies import dearer_tariff, open_bylaws, stated_in, tariff_proposal
from tests.journeys.conftest import Found
from tests.journeys.service import Service, free_port, in_a_thread
from tests.service_time import stop_time


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    port = free_port()
    city = found_city(drivers=12, bylaws=open_bylaws())
    with in_a_thread(city, port=port, origin=f"http://127.0.0.1:{port}") as running:
        yield running


Khan = Callable[..., str]


@pytest.fixture
def khan(service: Service, capsys: pytest.CaptureFixture[str]) -> Khan:
    """Type a command; what it shows."""

    def typed(*words: str, by: str = "") -> str:
        who = ["--phone", by, "--messages", str(service.city.messages)] if by else []
        capsys.readouterr()
        app([*words, *who, "--url", service.url], standalone_mode=False)
        return capsys.readouterr().out

    return typed


@pytest.fixture
def office(khan: Khan, service: Service) -> Khan:
    """The same for the office, whose passkey is in a file."""

    def typed(*words: str) -> str:
        return khan(*words, "--passkey", str(service.city.folder / "office.json"), by=OFFICE_PHONE)

    return typed


def written(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    return str(file)


def shown(khan: Khan, motion_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(khan("motion", "show", motion_id, "--json"))
    return found


def test_a_motion_becomes_the_tariff(
    khan: Khan, office: Khan, service: Service, tmp_path: Path
) -> None:
    ana, ben = service.city.next_driver(), service.city.next_driver()
    for phone in (ana, ben):
        assert "You have a vote, as driver" in khan("member", "join", by=phone)
    asked = tariff_proposal()
    text = written(tmp_path / "tariff.json", asked["text"])
    words = ["--title", asked["title"], "--matter", "special", "--kind", "tariff", "--text", text]
    motion_id = json.loads(khan("motion", "propose", *words, "--json", by=ana))["motion_id"]
    assert "0 behind it, 1 missing" in khan("motion", "show", motion_id)
    assert "seconded" in khan("motion", "second", motion_id, by=ben)
    dearer = dearer_tariff(json.loads(asked["text"]), by_minor=50)
    more = written(tmp_path / "amended.json", json.dumps(dearer))
    made = khan("motion", "amend", motion_id, "--text", more, by=ben)
    assert '+      "minimum_minor": 950' in made
    [amendment] = shown(khan, motion_id)["amendments"]
    khan("motion", "accept", motion_id, amendment["amendment_id"], by=ana)
    seen(service, motion_id, tmp_path)
    said = written(tmp_path / "answer.txt", "The board agrees.")
    assert "The board: The board agrees." in office("motion", "answer", motion_id, "--text", said)
    page = office("motion", "notice", motion_id)
    assert "text frozen" in page
    assert '-      "minimum_minor": 900' in page
    when = shown(khan, motion_id)["timetable"]
    for step, instant in (("freeze", "freezes_at"), ("open", "opens_at")):
        stop_time(service.city.address, at=when[instant])
        office("motion", step, motion_id)
    assert motion_id in khan("motion", "list", "--state", "open")
    for phone in (ana, ben):
        assert "Your ballot says: for." in khan("motion", "cast", motion_id, "for", by=phone)
    stop_time(service.city.address, at=when["closes_at"])
    office("motion", "close", motion_id)
    page = office("motion", "certify", motion_id)
    assert "It passed: 2 for, 0 against, 0 abstained" in page
    assert "It is the tariff, version 2, from" in page
    done = office("motion", "follow-up", motion_id, "--text", said, "--done", "100")
    assert "100 %: The board agrees." in done


def seen(service: Service, motion_id: str, folder: Path) -> None:
    """What it would do, from the same terminal: printed, written, drawn, and worked out again."""
    city = service.city
    asyncio.run(stated_in(city.address, city.pack, motion_id))
    report, pictures = folder / "impact.json", folder / "pictures"
    words = ["impact", motion_id, "--url", city.address, "--city", city.pack, "--json", report,
             "--pictures", pictures, "--recompute"]  # fmt: skip
    typed = subprocess.run(
        [sys.executable, "-m", "khan", *map(str, words)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (typed.returncode, typed.stderr) == (0, "")
    assert "Worked out again: the same digest." in typed.stdout
    document = json.loads(report.read_text(encoding="utf-8"))
    assert (document["motion_id"], document["version"]) == (motion_id, 2)
    assert document["digest"] in typed.stdout
    [proposal] = document["proposals"]
    assert proposal["statement"]["prices"]["dearer"] == 1, "the one trip of its day"
    assert len(list(pictures.glob("*.svg"))) == 6


def test_a_number_gets_its_bounds_and_an_election_its_candidates(
    khan: Khan, office: Khan, service: Service, tmp_path: Path
) -> None:
    ana, ben = service.city.next_driver(), service.city.next_driver()
    mine = json.loads(khan("member", "join", "--json", by=ana))["member_id"]
    khan("member", "join", by=ben)
    text = written(tmp_path / "why.txt", "It is time.")

    def moved(matter: str, asks: dict[str, Any], *more: str) -> str:
        file = written(tmp_path / f"{matter}.json", json.dumps(asks))
        words = ["--title", matter, "--matter", matter, "--text", text, "--asks", file, *more]
        motion_id: str = json.loads(khan("motion", "propose", *words, "--json", by=ana))[
            "motion_id"
        ]
        assert "seconded" in khan("motion", "second", motion_id, by=ben)
        return motion_id

    number = {"kind": "number", "unit": "cents", "fields": [["rules", 0, "flag", "amount_minor"]]}
    fare = moved("fare", number, "--kind", "tariff")
    assert "the board has not published its bounds" in khan("motion", "show", fare)
    page = office("motion", "bounds", fare, "--lowest", "200", "--highest", "400")
    assert "the board's bounds: 200 to 400" in page
    board = moved("board", {"kind": "election", "seats": 2, "stands": "driver"})
    assert "nominated:" in khan("motion", "nominate", board, "--member", mine, by=ben)
    page = khan("motion", "stand", board, "--name", "Ana Ruiz", by=ana)
    assert "standing: Ana Ruiz" in page
    assert shown(khan, board)["candidates"] == ["Ana Ruiz"]
    page = khan("motion", "stand-down", board, by=ana)
    assert "withdrawn: " in page
    assert "standing: nobody yet" in page
    assert shown(khan, board)["candidates"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["motion", "second", "x", "--phone", "+12125550199"], "is not an identifier"),
        (["motion", "second", "0" * 32], "say who you are"),
        (["motion", "open", "0" * 32], "the office signs in by a passkey"),
        (["motion", "notice", "0" * 32, "--opens-on", "soon"], "is not a day"),
        (["motion", "show", "0" * 32], "There is no such motion."),
        (["motion", "cast", "0" * 32, "maybe"], "is not one of"),
        (["motion", "decide", "0" * 32, "1" * 32, "--meeting", "x"], "'x' is not an identifier"),
        (["motion", "amend", "0" * 32, "--text", "/nowhere/at/all"], "cannot be used"),
    ],
)
def test_what_makes_no_sense_is_one_line_and_exit_2(
    service: Service, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    if "amend" in words:
        words = [*words, "--phone", "+12125550199"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--url", service.url])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_stranger_is_told_to_join(service: Service, khan: Khan, tmp_path: Path) -> None:
    from khan.terminal import ToldNo

    text = written(tmp_path / "text.txt", "Open on Saturdays.")
    words = ["motion", "propose", "--title", "Saturdays", "--matter", "ordinary", "--text", text]
    with pytest.raises(ToldNo, match="you are no member of the co-operative; join it first"):
        khan(*words, "--as", "rider", by="+13325559999")
