"""A whole sealed vote held from terminals: desks, board and a witness as processes, trustees with their
files, the office with its passkey, members with theirs; and everybody counts it again."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from khan.command_line import app
from khan.seed import OFFICE_PHONE
from khan.terminal import ToldNo
from tests.journeys.assemblies import open_bylaws
from tests.journeys.conftest import Found
from tests.journeys.service import Founded, free_port, in_a_thread
from tests.service_time import stop_time

WITHIN_SECONDS = 60.0
Line = Callable[..., str]


def sealed_bylaws() -> dict[str, Any]:
    """Those of the journeys, with sealed ballots on ordinary matters."""
    body = open_bylaws()
    body["matters"]["ordinary"] |= {"ballot": "sealed"}
    return body


@contextlib.contextmanager
def process(*words: str, log: Path, **settings: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A `khan` process, ended as an operator ends it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KHAN_")}
    with log.open("ab") as file:
        running = subprocess.Popen(
            [sys.executable, "-m", "khan", *words], env={**kept, **settings},
            stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=30)


def until(what: Callable[[], bool], told: Callable[[], str]) -> None:
    """Ask until it is so, a minute at most."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while not what():
        assert time.monotonic() < deadline, told()
        time.sleep(0.2)


def answers(port: int) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
    return False


@dataclass(kw_only=True)
class Terminals:
    """A city whose votes are held from terminals; `ports`: service, two desks, board."""

    city: Founded
    folder: Path
    capsys: pytest.CaptureFixture[str]
    ports: list[int] = field(default_factory=lambda: [free_port() for _ in range(4)])

    def url(self, number: int) -> str:
        return f"http://127.0.0.1:{self.ports[number]}"

    @contextlib.contextmanager
    def at(self, instant: str | None = None) -> Iterator[None]:
        """The service from this instant on; a clock is read at the start."""
        if instant is not None:
            stop_time(self.city.address, at=instant)
        places = {"desks": f"{self.url(1)},{self.url(2)}", "box": self.url(3)}
        with in_a_thread(self.city, port=self.ports[0], origin=self.url(0), **places):
            yield

    @contextlib.contextmanager
    def keepers(self) -> Iterator[None]:
        """Both desks and the board, each with its own keys."""
        with contextlib.ExitStack() as stack:
            for number, name in enumerate(("secretary", "city-clerk", "board"), start=1):
                words = "board" if name == "board" else "desk"
                stack.enter_context(
                    process(
                        words, log=self.folder / f"{name}.log", DATABASE_URL=self.city.address,
                        KHAN_KEYS=str(self.folder / name), KHAN_PORT=str(self.ports[number]),
                        KHAN_DESK=name, KHAN_ORIGIN=self.url(0), KHAN_BATCH_LEAST="2",
                    )
                )  # fmt: skip
            for port in self.ports[1:]:
                until(lambda port=port: answers(port), self.logs)  # type: ignore[misc]
            yield

    def witness(self) -> contextlib.AbstractContextManager["subprocess.Popen[bytes]"]:
        """Somebody else's process, by the clock of the demonstration."""
        return process(
            "witness", "--name", "paper.example/witness", "--folder", str(self.folder / "witness"),
            "--board", self.url(3), "--desks", f"{self.url(1)},{self.url(2)}",
            "--url", self.url(0), log=self.folder / "witness.log",
        )  # fmt: skip

    def logs(self) -> str:
        return "\n".join(
            one.read_text(errors="replace")[-2000:] for one in self.folder.glob("*.log")
        )

    def khan(self, *words: str, by: str = "") -> str:
        """Type a command; what it shows."""
        who = ["--phone", by, "--messages", str(self.city.messages)] if by else []
        self.capsys.readouterr()
        app([*words, *who, "--url", self.url(0)], standalone_mode=False)
        return self.capsys.readouterr().out

    def office(self, *words: str) -> str:
        return self.khan(*words, "--passkey", str(self.folder / "office.json"), by=OFFICE_PHONE)

    def vote(self, step: str, poll: str, phone: str, *words: str) -> str:
        device = str(self.folder / f"device-{phone}")
        return self.khan("vote", step, "--poll", poll, "--folder", device, *words, by=phone)

    def missing(self, poll: str) -> list[str]:
        found: dict[str, Any] = json.loads(self.office("poll", "status", poll, "--json"))
        missing: list[str] = found["missing"]
        return missing


@pytest.fixture
def city(found_city: Found) -> Founded:
    return found_city(drivers=12, bylaws=sealed_bylaws())


def test_a_sealed_vote_is_held_from_terminals(
    city: Founded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town = Terminals(city=city, folder=tmp_path, capsys=capsys)
    phones = [city.next_driver() for _ in range(3)]
    with town.at():
        motion, poll, when = called(town, phones)
    with town.keepers():
        with town.at(when["freezes_at"]):
            prepared(town, motion, poll, phones)
        with town.at(when["opens_at"]):
            assert "open" in town.office("motion", "open", motion)
            voted(town, poll, phones)
        with town.at(when["closes_at"]), town.witness():
            counted(town, motion, poll)


def called(town: Terminals, phones: list[str]) -> tuple[str, str, dict[str, str]]:
    """Moved, seconded, called: the motion, its poll, its timetable."""
    for phone in phones:
        town.khan("member", "join", by=phone)
    text = town.folder / "text.txt"
    text.write_text("The office opens on Saturdays.", encoding="utf-8")
    words = ["--title", "Saturdays", "--matter", "ordinary", "--text", str(text), "--json"]
    motion = json.loads(town.khan("motion", "propose", *words, by=phones[0]))["motion_id"]
    town.khan("motion", "second", motion, by=phones[1])
    found = json.loads(town.office("motion", "notice", motion, "--json"))
    [poll] = found["polls"]
    return motion, poll["poll_id"], found["timetable"]


def prepared(town: Terminals, motion: str, poll: str, phones: list[str]) -> None:
    """Frozen; members make their voting keys, trustees are dealt the key, a witness is appointed."""
    town.office("motion", "freeze", motion)
    for phone in phones:
        assert "voting key is ready" in town.vote("prepare", poll, phone)
    dealt = town.folder / "dealt"
    app(
        ["trustees", "deal", "--poll", poll, "--people", "3", "--needed", "2",
         "--folder", str(dealt)],
        standalone_mode=False,
    )  # fmt: skip
    terms = town.office("poll", "trustees", poll, str(dealt / "terms.json"))
    assert "2 of 3 trustees open the ballots." in terms
    until(lambda: town.missing(poll) == ["a witness"], town.logs)
    log = town.folder / "witness.log"
    with town.witness():
        until(lambda: log.exists() and b"key" in log.read_bytes(), town.logs)
    key = town.folder / "witness.json"
    key.write_bytes(log.read_bytes().splitlines()[0])
    assert "paper.example/witness witnesses polls" in town.office("poll", "witness", str(key))
    assert "Nothing is missing." in town.office("poll", "status", poll)


def voted(town: Terminals, poll: str, phones: list[str]) -> None:
    """Three members vote; one of them changes their mind."""
    until(lambda: b"manifest" in httpx.get(
        f"{town.url(3)}/board/v1/polls/{poll}/manifest", trust_env=False).content, town.logs)  # fmt: skip
    for desk in (1, 2):
        until(lambda desk=desk: httpx.get(  # type: ignore[misc]
            f"{town.url(desk)}/desk/v1/polls/{poll}", trust_env=False).status_code == 200, town.logs)  # fmt: skip
    for phone in phones:
        assert "Your ballot key is ready" in town.vote("prepare", poll, phone)
    for phone, choice in zip(phones, ("for", "for", "against"), strict=True):
        assert "in the box" in town.vote("cast", poll, phone, "--choice", choice)
    town.vote("cast", poll, phones[2], "--choice", "for")


def counted(town: Terminals, motion: str, poll: str) -> None:
    """Closed, cosigned, opened by two trustees, certified, counted again by everybody."""
    town.office("motion", "close", motion)
    with pytest.raises(ToldNo, match="cannot be counted yet"):
        town.office("motion", "certify", motion)
    until(lambda: town.missing(poll) == ["the shares of 2 more trustees"],
          lambda: f"{town.missing(poll)} {town.logs()}")  # fmt: skip
    shown = httpx.get(f"{town.url(0)}/public/v1/polls/{poll}", trust_env=False).json()
    for number in (1, 3):
        out = town.folder / f"release-{number}.json"
        share = town.folder / "dealt" / f"trustee-{number}.json"
        words = ["trustees", "release", str(share), "--board", town.url(3), "--out", str(out)]
        app([*words, "--notice", shown["digest"], "--url", town.url(0)], standalone_mode=False)
        town.office("poll", "release", poll, str(out))
    page = town.office("motion", "certify", motion)
    assert "It passed: 3 for, 0 against, 0 abstained" in page
    bundle = town.folder / "bundle.zip"
    assert "khan verify" in town.khan("poll", "bundle", poll, "--out", str(bundle))
    town.capsys.readouterr()
    app(["verify", str(bundle), "--processes", "1"], standalone_mode=False)
    assert "Nothing is wrong with this vote." in town.capsys.readouterr().out
