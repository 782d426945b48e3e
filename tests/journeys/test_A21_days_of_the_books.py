"""Days are sealed, a period is closed and a mistake taken back from terminals; everybody keeps the
digest of a day, and has it compared."""

import asyncio
import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from khan.command_line import app, main
from khan.seed import OFFICE_PHONE
from tests.journeys.conftest import Found
from tests.journeys.service import Service, free_port, in_a_thread
from tests.service_time import move_time
from tests.surplus_books import came_in

HOUR = 3600
Khan = Callable[..., str]


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    """A day and some hours after money came in."""
    port = free_port()
    city = found_city(drivers=4)
    asyncio.run(came_in(city.address, "a grant of the first day", 1_250))
    move_time(city.address, 27 * HOUR)
    with in_a_thread(city, port=port, origin=f"http://127.0.0.1:{port}") as running:
        yield running


@pytest.fixture
def office(service: Service, capsys: pytest.CaptureFixture[str]) -> Khan:
    """Type a command of the office; what it shows."""

    def typed(*words: str) -> str:
        folder = service.city.folder
        who = ["--phone", OFFICE_PHONE, "--passkey", str(folder / "office.json")]
        capsys.readouterr()
        at = ["--messages", str(service.city.messages), "--url", service.url]
        app(["ledger", *words, *who, *at], standalone_mode=False)
        return capsys.readouterr().out

    return typed


@pytest.fixture
def verify(service: Service, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Examine the books; exit code and what is shown."""

    def typed(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["ledger", "verify", "--url", service.city.address, *words])
        return int(ended.value.code or 0), capsys.readouterr().out

    return typed


def chain(service: Service, **query: int) -> dict[str, object]:
    with httpx.Client(base_url=service.url, trust_env=False) as http:
        answer = http.get("/public/v1/books/days", params=query)
    assert answer.headers["cache-control"] == "public, max-age=300"
    found: dict[str, object] = answer.json()
    return found


def test_the_office_seals_closes_and_takes_back(
    office: Khan, verify: Callable[..., tuple[int, str]], service: Service
) -> None:
    said = office("seal")  # or the service did it by itself a moment ago
    assert "2014-12-21 is sealed with 1 transfers: " in said or "No day is over" in said
    assert "No day is over that is not sealed" in office("seal")
    first = chain(service)["days"][0]  # type: ignore[index]
    assert (first["number"], first["day"], first["form"]) == (1, "2014-12-21", 2)
    assert chain(service, after=1) == {"days": [], "more": False}

    closed = office("close", "--last-day", "2014-12-21")
    assert closed.startswith("2014-12-21 to 2014-12-21 is closed: period ")
    assert "1250 minor units of USD went to the surplus" in closed
    with pytest.raises(SystemExit, match="2"):
        main(["ledger", "close", "--last-day", "2014-12-22", "--url", service.url,
              "--passkey", str(service.city.folder / "office.json")])  # fmt: skip

    wrong = str(asyncio.run(came_in(service.city.address, "entered by mistake", 77)))
    taken = json.loads(office("reverse", wrong, "--reason", "entered twice", "--json"))
    assert [one["reverses"] for one in taken["reversals"]] == [wrong]

    digest = str(first["digest"])
    for kept in ([], ["--kept", digest]):
        code, told = verify(*kept)
        assert (code, told.count("\n")) == (0, 2), told
        assert told.splitlines()[1] == f"2014-12-21 {digest}"
    code, told = verify("--kept", "0" * 64, "--json")
    assert code == 1
    document = json.loads(told)
    assert document["last"] == {"day": "2014-12-21", "digest": digest}
    assert [fault["rule"] for fault in document["faults"]] == ["the_digest_that_was_kept"]
    code, told = verify("--kept", "0" * 64)
    assert (code, told.count("\n")) == (1, 1)
    assert told.startswith(f"the_digest_that_was_kept {'0' * 64}: no day has this digest")
