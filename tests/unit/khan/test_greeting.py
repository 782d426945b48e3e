"""What a demonstration prints works in the terminal it was started from."""

import shutil
import sys
from pathlib import Path

import pytest

from foundation.measures import distance_metres
from khan.greeting import Terminal, greeting, short_trip
from roads.pack import CityPack
from tests.small_city import write_small_city


@pytest.fixture(scope="module")
def gridtown(tmp_path_factory: pytest.TempPathFactory) -> CityPack:
    return CityPack.open(write_small_city(tmp_path_factory.mktemp("pack") / "gridtown"))


def terminal(program: str, *, is_the_shells: bool = True) -> Terminal:
    return Terminal(program=Path(program), folder=Path("/srv/khan"), is_the_shells=is_the_shells)


def test_the_command_is_short_where_the_shell_stands_and_whole_elsewhere() -> None:
    inside = "/srv/khan/.venv/bin/khan"
    assert terminal(inside).command() == (".venv/bin/khan",)
    assert terminal(".venv/bin/khan").command() == (".venv/bin/khan",)
    assert terminal(inside, is_the_shells=False).command() == (inside,)
    assert terminal("/opt/khan/bin/khan").command() == ("/opt/khan/bin/khan",)
    module = terminal("/opt/khan/__main__.py").command()
    assert module == (sys.executable, "-m", "khan")


def test_the_command_is_khan_where_the_path_finds_it() -> None:
    found = shutil.which("khan", path=str(Path(sys.executable).parent))
    assert found is not None
    path = str(Path(found).parent)
    assert Terminal.own({"PWD": "/nowhere"}).is_the_shells is False
    assert Terminal.own({"PWD": str(Path.cwd())}).is_the_shells is True
    assert terminal(found).command(path=path) == ("khan",)
    assert terminal(found, is_the_shells=False).command(path=path) == (found,)


def test_a_visitors_trip_goes_between_two_junctions_of_the_city(gridtown: CityPack) -> None:
    origin, destination = short_trip(gridtown)
    assert short_trip(gridtown) == (origin, destination)
    assert gridtown.contains(origin)
    assert gridtown.contains(destination)
    assert distance_metres(origin, destination) > 250


def test_no_line_is_broken_and_the_usual_port_is_left_out(gridtown: CityPack) -> None:
    folder = Path("/tmp/a folder")
    said = {
        port: list(
            greeting(
                gridtown, terminal(".venv/bin/khan"), port=port, pid="1",
                log=folder / "service.log", messages=folder / "messages.jsonl",
            )
        )
        for port in (8765, 9000)
    }  # fmt: skip
    commands = [line.strip() for line in said[8765] if line.strip().startswith(".venv")]
    assert [line.split()[1] for line in commands] == ["ride", "drive"]
    assert all("--messages '/tmp/a folder/messages.jsonl'" in line for line in commands)
    assert not any("--url" in line for line in commands)
    assert sum("--url http://localhost:9000" in line for line in said[9000]) == 2
