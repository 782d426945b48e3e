"""For operators: what keeps it from starting, a database that goes away, limits, figures."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from storage import embedded
from storage.migrate import migrate
from tests.journeys.conftest import Found
from tests.journeys.people import Rider, Town, new_id, refusal_of
from tests.journeys.service import Service, environment, found, free_port, in_a_thread
from tests.small_city import corner, write_small_city


@pytest.fixture(scope="module")
def limited(found_city: Found) -> Iterator[Service]:
    """A service with the limits of everyday."""
    city = found_city(drivers=1)
    with in_a_thread(city, requests_a_second=5.0, sign_ins_a_minute=8.0) as running:
        yield running


async def test_health_readiness_and_figures_without_a_person_in_them(limited: Service) -> None:
    town = Town(limited)
    stranger = await town.stranger()
    assert (await stranger.get("/healthz")) == {"status": "alive"}
    assert (await stranger.get("/readyz"))["status"] == "ready"
    figures = (await stranger.ask("GET", "/metrics")).text
    for name in ("khan_http_requests_total", "khan_http_seconds", "khan_drivers_on_shift",
                 "khan_loop_faults_total", "khan_round_seconds"):  # fmt: skip
        assert name in figures
    assert "+1" not in figures
    await town.close()


async def test_whoever_asks_too_often_waits_and_is_told_how_long(limited: Service) -> None:
    town = Town(limited)
    rider = await town.rider()
    answers = await asyncio.gather(*(rider.ask("GET", "/rider/v1/trips") for _ in range(60)))
    slowed = [answer for answer in answers if answer.status_code == 429]
    assert slowed
    assert {answer.status_code for answer in answers} == {200, 429}
    assert refusal_of(slowed[0]) == "429 slow_down"
    assert int(slowed[0].headers["retry-after"]) >= 1
    codes = []
    for number in range(30):
        body = {"phone": f"+13325559{number:03d}"}
        codes.append(await rider.ask("POST", "/public/v1/sign-in/code", body))
    assert codes[-1].status_code == 429
    assert int(codes[-1].headers["retry-after"]) >= 1
    rider.token = None
    await town.close()


SEVERAL = """
import contextlib, io, json, os, sys
from khan.command_line import main
found, usual = [], dict(os.environ)
for changes in json.loads(sys.argv[1]):
    os.environ.update(usual | changes)
    sys.argv, said = ["khan", "serve"], io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            main()
        except SystemExit as ended:
            found.append([ended.code, said.getvalue()])
print(json.dumps(found))
"""
"""One process for all: starting Python with everything it needs is what takes long."""


def test_what_keeps_it_from_starting_is_one_line_and_exit_code_2(
    limited: Service, embedded_server: embedded.EmbeddedServer, tmp_path: Path
) -> None:
    city = limited.city
    lacking, broken = tmp_path / "lacking", tmp_path / "broken"
    shutil.copytree(city.pack, lacking)
    (lacking / "streets" / "edges.csv").unlink()
    shutil.copytree(city.pack, broken)
    (broken / "zones.geojson").write_text("{", encoding="utf-8")
    embedded.create_database(embedded_server, "khan_without_tables")
    empty = embedded_server.address("khan_without_tables")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        cases = {
            "does not answer": {"DATABASE_URL": f"postgresql://nobody@127.0.0.1:{free_port()}/x"},
            "not a PostgreSQL address": {"DATABASE_URL": "sqlite:///x"},
            '"nothing" does not exist': {"DATABASE_URL": embedded_server.address("nothing")},
            "khan migrate": {"DATABASE_URL": empty},
            "is taken": {"KHAN_PORT": str(taken.getsockname()[1])},
            "edges.csv": {"KHAN_CITY": str(lacking)},
            "zones.geojson": {"KHAN_CITY": str(broken)},
            "no city pack": {"KHAN_CITY": "atlantis"},
            "KHAN_VAULT_SECRET": {"KHAN_VAULT_SECRET": "short"},
        }
        ended = subprocess.run(
            [sys.executable, "-c", SEVERAL, json.dumps(list(cases.values()))],
            env=environment(city, free_port()), capture_output=True, text=True, timeout=150,
            check=False,
        )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    for words, (code, said) in zip(cases, json.loads(ended.stdout), strict=True):
        assert code == 2, (words, said)
        assert said.count("\n") == 1, said
        assert said.startswith("khan: ")
        assert words in said


def test_a_broken_extract_is_named(tmp_path: Path) -> None:
    extract = tmp_path / "town.osm.pbf"
    extract.write_bytes(os.urandom(5000))
    ended = subprocess.run(
        [sys.executable, "-m", "khan", "city", "build", str(extract), str(tmp_path / "town")],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "town.osm.pbf" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "town").exists()


async def test_a_database_that_goes_away_is_waited_for_and_nothing_is_lost() -> None:
    """503 with Retry-After while it is down; the booking sent again afterwards is made once."""
    with tempfile.TemporaryDirectory(prefix="khan-down-") as folder:
        place = Path(folder)
        server = await asyncio.to_thread(embedded.start, place / "pg")
        embedded.create_database(server, "khan")
        address = server.address("khan")
        await asyncio.to_thread(migrate, address)
        pack = write_small_city(place / "gridtown")
        city = await asyncio.to_thread(found, address, pack, place, rate=1.0, drivers=2)
        running = in_a_thread(city)
        service = await asyncio.to_thread(running.__enter__)
        town = Town(service)
        try:
            rider, driver = await town.rider(), await town.driver(corner(1, 1))
            quote = await rider.quote(corner(0, 0), corner(4, 4))
            body, key = {"trip_id": new_id(), "quote_id": quote["quote_id"]}, new_id()
            async with rider.live("/rider/v1/live") as heard, watching(service) as screen:
                await heard.message("welcome")
                await shows(screen, "")
                await asyncio.to_thread(embedded.stop, place / "pg", immediate=True, forced=True)
                await told_to_wait(rider, body, key)
                await met_by_the_public_view(rider)
                server = await asyncio.to_thread(embedded.start, place / "pg")
                booked = await book_again(rider, body, key)
                with_socket = await until_told(heard, rider)
                await shows(screen, (await rider.get("/public/v1/clock"))["now"])
            assert booked["trip_id"] == body["trip_id"]
            assert with_socket["trip_id"] == body["trip_id"]
            assert (await driver.take(body["trip_id"]))["state"] == "assigned"
            assert (await rider.get("/readyz"))["status"] == "ready"
        finally:
            await town.close()
            await asyncio.to_thread(running.__exit__, None, None, None)
            await asyncio.to_thread(embedded.stop, place / "pg", immediate=True)


async def told_to_wait(rider: Rider, body: dict[str, str], key: str) -> None:
    for method, path in (
        ("POST", "/rider/v1/trips"),
        ("GET", "/rider/v1/trips"),
        ("GET", "/readyz"),
    ):
        answer = await rider.ask(method, path, body if method == "POST" else None, key=key)
        assert refusal_of(answer) == "503 database_unavailable"
        assert int(answer.headers["retry-after"]) >= 1
    assert (await rider.get("/healthz")) == {"status": "alive"}


async def met_by_the_public_view(anybody: Rider) -> None:
    """Until its loop has tried in vain."""
    async with asyncio.timeout(30):
        while True:
            figures = (await anybody.ask("GET", "/metrics")).text
            if 'khan_loop_faults_total{loop="public view"}' in figures:
                return
            await asyncio.sleep(0.1)


async def book_again(rider: Rider, body: dict[str, str], key: str) -> dict[str, str]:
    async with asyncio.timeout(30):
        while True:
            answer = await rider.ask("POST", "/rider/v1/trips", body, key=key)
            if answer.status_code != 503:
                assert answer.status_code == 201, answer.text
                return answer.json()
            await asyncio.sleep(0.2)


async def until_told(heard: object, rider: Rider) -> dict[str, str]:
    """By the same socket, or by another that resumes, if the first was closed meanwhile."""
    try:
        return await heard.trip("matching")  # type: ignore[attr-defined]
    except ConnectionClosed:
        async with rider.live("/rider/v1/live", since=0) as again:
            return await again.trip("matching")


def watching(service: Service) -> connect:
    """Somebody's screen with the city live."""
    url = service.url.replace("http", "ws", 1) + "/public/v1/live"
    return connect(url, compression=None, proxy=None)


async def shows(screen: ClientConnection, now: str) -> None:
    """Return when the same socket shows the city as it is then."""
    async with asyncio.timeout(30):
        while True:
            frame = await screen.recv()
            if isinstance(frame, str) and json.loads(frame)["now"] >= now:
                return
