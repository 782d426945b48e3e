"""`khan commons` reads what is held in common and writes it as the office; `khan vote cast` and `khan
proxy` say every kind of choice where names are shown."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from foundation.money import Currency
from khan.command_line import app, main
from khan.seed import OFFICE_PHONE
from tests.commons import pact_terms
from tests.commons_at_work import use_the_commons
from tests.journeys.assemblies import open_bylaws
from tests.journeys.assembly_story import in_dollars
from tests.journeys.conftest import Found
from tests.journeys.service import Service, free_port, in_a_thread
from tests.service_time import stop_time

Khan = Callable[..., str]
SEED = "00" * 31 + "2a"


def with_open_elections() -> dict[str, Any]:
    """Those of the journeys, with elections where names are shown and proxies are allowed."""
    body = open_bylaws()
    body["matters"]["board"] |= {"ballot": "open", "nominations_days": 0}
    return body | {"proxy": {"allowed": ["board"], "max_held": 2}}


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    port = free_port()
    city = found_city(drivers=6, bylaws=with_open_elections())
    asyncio.run(use_the_commons(city.address, currency=Currency("USD")))
    with in_a_thread(city, port=port, origin=f"http://127.0.0.1:{port}") as running:
        yield running


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


def written(file: Path, said: object) -> str:
    file.write_text(said if isinstance(said, str) else json.dumps(said), encoding="utf-8")
    return str(file)


def listed(khan: Khan, name: str, field: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(khan("commons", name, "--json"))[field]
    return found


def test_everybody_reads_the_commons(khan: Khan) -> None:
    [pact] = [
        one for one in listed(khan, "pacts", "pacts") if one["title"] == "Two benches at the rank"
    ]
    page = khan("commons", "pacts")
    assert "Two benches at the rank: in force, 0.00 % done, review on " in page
    assert "duty 1 of city, Mark the place." in page
    page = khan("commons", "pact", pact["pact_id"])
    assert "Drivers and riders wait sitting." in page
    assert "cooperative pays proposers 50.00 USD by " in page
    [fund] = listed(khan, "funds", "budgets")
    assert "Fund of 2030: 100.00 USD, divided" in khan("commons", "funds")
    page = khan("commons", "fund", fund["budget_id"])
    assert [line.split()[0] for line in page.splitlines()[1:]] == ["a", "b"]
    assert page.count(", paid") == 2
    assert "150.00 USD of " in khan("commons", "offers")
    year = pact["review_on"][:4]
    assert f"Paid to suppliers in {year}" in khan("commons", "local-spend", year)


def test_a_proposal_becomes_a_pact_and_a_purchase_is_awarded(
    khan: Khan, office: Khan, service: Service, tmp_path: Path
) -> None:
    member = service.city.next_driver()
    khan("member", "join", by=member)
    text = written(tmp_path / "why.txt", "Drivers wait standing.")
    words = ["commons", "propose", "--title", "Two more benches", "--text", text]
    assert "the board answers by " in khan(*words, by=member)
    found = json.loads(office("commons", "proposals", "--json"))["proposals"]
    [proposal_id] = [one["proposal_id"] for one in found if one["title"] == "Two more benches"]
    said = written(tmp_path / "answer.txt", "There is room.")
    assert "Done." in office("commons", "answer", proposal_id, "--accept", "--text", said)
    page = office("commons", "proposals")
    assert f"{proposal_id}  Two more benches: accepted" in page
    assert "The board: There is room." in page
    terms = written(
        tmp_path / "pact.json",
        terms_from(today_of(service)) | {"title": "Two more benches at the rank"},
    )
    made = office("commons", "agree", proposal_id, "--terms", terms)
    pact_id = made.split()[-1]
    assert f"Pact {pact_id}: duties done 1 of 2" in office("commons", "done", pact_id, "1")
    assert "done on " in khan("commons", "pact", pact_id)
    adoption = adoption_of(service)
    weights = {"price": "1/2", "quality": "1/2", "local": "0", "social": "0", "carbon": "0"}
    wanted = {"title": "Tyres", "currency": "USD", "ceiling_minor": 5000, "quality_min": 50, "weights": weights}  # fmt: skip
    made = office("commons", "open-purchase", "--adoption", adoption, "--terms", written(tmp_path / "tyres.json", wanted))  # fmt: skip
    purchase_id = made.split()[-1]
    assert f"{purchase_id}  Tyres: 0 bids, not awarded" in khan("commons", "purchases")
    assert "No bid could be considered." in office("commons", "award", purchase_id, "--seed", SEED)
    assert f"{purchase_id}  Tyres: awarded" in khan("commons", "purchases")


def asked(service: Service, path: str) -> dict[str, Any]:
    with httpx.Client(base_url=service.url, trust_env=False) as http:
        found: dict[str, Any] = http.get(path).json()
        return found


def adoption_of(service: Service) -> str:
    """The founding charter, as a rule names it."""
    return str(asked(service, "/public/v1/rules/tariff/1")["adoption_id"])


def today_of(service: Service) -> date:
    return datetime.fromisoformat(asked(service, "/public/v1/clock")["now"]).date()


def terms_from(day: date) -> dict[str, Any]:
    """A pact of a year that began a week before a day."""
    terms = in_dollars(
        pact_terms(), starts_on=str(day - timedelta(days=7)), review_on=str(day + timedelta(days=90)),
        ends_on=str(day + timedelta(days=358)),
    )  # fmt: skip
    for one in (*terms["duties"], *terms["payments"]):
        one["due_on"] = str(day + timedelta(days=30))
    return terms


def test_ranks_are_cast_by_name_and_for_who_gave_a_proxy(
    khan: Khan, office: Khan, service: Service, tmp_path: Path
) -> None:
    ana, ben, cem = (service.city.next_driver() for _ in range(3))
    for phone in (ana, ben, cem):
        khan("member", "join", by=phone)
    asks = written(tmp_path / "asks.json", {"kind": "election", "seats": 1, "stands": None})
    text = written(tmp_path / "why.txt", "One seat is free.")
    words = ["--title", "The board", "--matter", "board", "--text", text, "--asks", asks, "--json"]
    motion_id = json.loads(khan("motion", "propose", *words, by=ana))["motion_id"]
    khan("motion", "second", motion_id, by=ben)
    for phone, name in ((ana, "Ana"), (ben, "Ben")):
        khan("motion", "nominate", motion_id, by=phone)
        khan("motion", "stand", motion_id, "--name", name, by=phone)
    office("motion", "notice", motion_id)
    shown = json.loads(khan("motion", "show", motion_id, "--json"))
    [poll] = shown["polls"]
    mine = json.loads(khan("member", "show", "--json", by=ben))["member_id"]
    page = khan("proxy", "give", motion_id, "--to", mine, "--bound", '{"ranks": [[2]]}', by=cem)
    proxy_id = page.split()[0]
    assert 'to vote {"ranks":[[2]]}: stands' in page
    for step, instant in (("freeze", "freezes_at"), ("open", "opens_at")):
        stop_time(service.city.address, at=shown["timetable"][instant])
        office("motion", step, motion_id)

    def cast(phone: str, *more: str) -> str:
        words = ["vote", "cast", "--poll", poll["poll_id"], "--folder", str(tmp_path / "vote")]
        return khan(*words, *more, by=phone)

    assert "with your name" in cast(ana, "--ranks", "1,2")
    with pytest.raises(Exception, match="this poll asks for ranks"):
        cast(ana, "--mark", "for")
    with pytest.raises(Exception, match="it was given to vote"):
        cast(ben, "--ranks", "1", "--proxy", proxy_id)
    assert "who gave you the proxy" in cast(ben, "--ranks", "2", "--proxy", proxy_id)
    assert "with your name" in cast(ben, "--choice", "2,1")
    assert ": used" in khan("proxy", "list", motion_id, by=cem)
    stop_time(service.city.address, at=shown["timetable"]["closes_at"])
    office("motion", "close", motion_id)
    assert "elected: Ben" in office("motion", "certify", motion_id)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["commons", "pact", "x"], "PACT: 'x' is not an identifier"),
        (["commons", "pact", "0" * 32], "There is no"),
        (["commons", "fund", "0" * 32], "There is no"),
        (["commons", "local-spend", "soon"], "valid integer"),
        (["commons", "agree", "0" * 32, "--terms", "/nowhere.json"], "--terms: /nowhere.json holds no JSON"),
        (["commons", "answer", "0" * 32, "--accept", "--text", "/nowhere"], "cannot be used"),
        (["commons", "settle", "0" * 32], "the office signs in by a passkey"),
        (["member", "find"], "search by a name or by a number"),
        (["proxy", "list", "0" * 32], "say who you are"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_one_line_and_exit_2(
    service: Service, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--url", service.url])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_the_office_finds_a_member_from_a_terminal(
    khan: Khan, office: Khan, service: Service
) -> None:
    mine = json.loads(khan("member", "join", "--json", by=service.city.next_driver()))["member_id"]
    found = office("member", "find", "--number", mine)
    assert f"{mine}  " in found
    assert ": driver; votes as driver" in found
    assert "Nobody found." in office("member", "find", "--name", "zzyzx")
