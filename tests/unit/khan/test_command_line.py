"""Whatever is typed wrong is one line that a person can act on, and exit code 2."""

import json
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

ENDS = ["--from", "40.7505,-73.9937", "--to", "40.7736,-73.9816"]
TURNED = ["--from", "-73.9937,40.7505", "--to", "40.7736,-73.9816"]
COMMANDS = [
    "", "demo", "serve", "migrate", "found", "quote", "ride", "drive", "city", "city build",
    "city show", "receipt", "receipt verify", "receipt new-key", "round", "round list", "round replay", "explain", "bench",
    "bench service", "bench matching", "bench days", "bench dial-a-ride", "bench parts", "bench hindsight", "simulate", "impact", "day",
    "day make", "demand", "demand learn", "count", "bench counting", "bench ledger", "bench surplus", "surplus",
    "ledger", "ledger export", "ledger verify", "ledger seal", "ledger close", "ledger reverse",
    "statement",
    "surplus preview", "surplus allocate", "surplus pay", "surplus revolve", "surplus lapse", "surplus statement", "motion", "motion nominate", "motion stand",
    "motion stand-down", "member", "member find", "proxy", "proxy list", "proxy give", "proxy revoke", "vote cast",
    "commons", "commons pacts", "commons pact", "commons funds", "commons fund", "commons offers", "commons purchases",
    "commons local-spend", "commons propose", "commons proposals", "commons answer", "commons agree", "commons done",
    "commons review", "commons open-fund", "commons open-offer", "commons open-purchase", "commons settle",
    "commons bid", "commons award", "payouts", "payouts preview", "payouts make", "payouts list", "payouts sent",
    "payouts returned", "bench payouts", "payouts mine", "payouts withdraw", "payouts destination",
]  # fmt: skip
Said = tuple[int, str, str]
Khan = Callable[..., Said]


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A folder with a file in it that is nothing we know."""
    (tmp_path / "broken").write_bytes(bytes(range(256)))
    return tmp_path


def test_the_version_is_the_packages(khan: Khan) -> None:
    assert khan("--version") == (0, f"khan {version('khan-cars')}\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_a_manual_whose_options_all_say_what_they_do(
    khan: Khan, command: str
) -> None:
    code, manual, said = khan(*command.split(), "--help")
    assert (code, said) == (0, "")
    assert f"Usage: khan {command}".strip() in manual
    silent = re.findall(r"│ (--[a-z-]+|[a-z_]+) +(?:<[^>]*>|[A-Z,:]+) +│", manual)
    assert not silent


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["dmo"], "Did you mean 'demo'?"),
        (["--verson"], "--version"),
        (["demo", "--drvers", "3"], "--drivers"),
        (["demo", "--drivers", "many"], "--drivers"),
        (["demo", "--start", "25:00"], "25:00"),
        (["demo", "--report", "{folder}"], "is a folder"),
        (["demo", "--report", "{folder}/nowhere/report.json"], "nowhere"),
        (["demo", "--keep", "{folder}/broken"], "broken cannot be used"),
        (["found", "--url", "nonsense", "--city", "manhattan"], "DATABASE_URL"),
        (["migrate", "--url", "nonsense"], "DATABASE_URL"),
        (["city", "shw"], "khan city --help"),
        (["city", "show", "atlantis"], "manhattan"),
        (["city", "show", "{folder}"], "city.json"),
        (["city", "build", "{folder}/nowhere.pbf", "{folder}/new"], "nowhere.pbf"),
        (["city", "build", "{folder}/broken", "{folder}/new"], "broken"),
        (["quote", "--city", "manhattan", "--from", "here", "--to", "there"], "'here'"),
        (["quote", "--city", "manhattan", *ENDS[:3], "40.7737,-73.9718"], "from any street"),
        (["quote", "--city", "manhattan", *ENDS, "--at", "2026-03-08T02:30"], "03:30"),
        (["quote", "--city", "manhattan", *ENDS, "--at", "2026-11-01T01:30"], "twice"),
        (["quote", "--city", "manhattan", *TURNED], "the latitude comes first"),
        (["quote", "--city", "manhattan", *ENDS, "--at", "noon"], "'noon'"),
        (["quote", "--city", "manhattan", *ENDS, "--at", "0001-01-01"], "too far"),
        (["quote", "--city", "manhattan", *ENDS, "--class", "rocket"], "standard"),
        (["receipt", "verify", "{folder}/nowhere.json"], "nowhere.json"),
        (["receipt", "verify", "{folder}"], "directory"),
        (["receipt", "verify", "{folder}/broken"], "not a receipt"),
        (["round", "replay", "one"], "one"),
        (["round", "replay", "latest", "--data", "{folder}"], "--keep"),
        (["round", "replay", "latest"], "--data FOLDER"),
        (["round", "list", "--data", "{folder}"], "--keep"),
        (["round", "list", "--most", "0"], "--most"),
        (["explain", "one", "two"], "one"),
        (["explain", "latest"], "--data FOLDER"),
        (["surplus", "preview"], "--data FOLDER"),
        (["surplus", "preview", "--member", "0"], "--member"),
        (["surplus", "preview", "--data", "{folder}"], "--keep"),
        (["surplus", "allocate", "it", "--data", "{folder}"], "is not an identifier"),
        (["surplus", "pay", "--run", "it", "--data", "{folder}"], "is not an identifier"),
        (["surplus", "revolve", "it", "--data", "{folder}"], "is not an identifier"),
        (["surplus", "lapse", "it", "--data", "{folder}"], "is not an identifier"),
        (["surplus", "statement", "0" * 32, "--data", "{folder}"], "--member"),
        (["bench", "surplus", "--members", "1"], "--members"),
        (["payouts", "preview"], "the office signs in by a passkey"),
        (["payouts", "preview", "--least", "0"], "--least"),
        (["payouts", "make", "--run", "it", "--on", "2026-12-14"], "is not an identifier"),
        (["payouts", "make", "--run", "0" * 32, "--on", "soon"], "'soon' is not a day"),
        (["payouts", "make", "--run", "0" * 32, "--on", "2026-12-14", "--out", "{folder}"], "is a folder"),
        (["bench", "payouts", "--payouts", "0"], "--payouts"),
        (["payouts", "sent", "it"], "is not an identifier"),
        (["payouts", "returned", "it", "--reason", "closed"], "is not an identifier"),
        (["payouts", "mine"], "--phone"),
        (["payouts", "destination", "--phone", "1", "--account", "{folder}/broken"], "holds no JSON"),
        (["payouts", "destination", "--account", "{folder}/x", "--take-back", "1"], "not both"),
        (["bench", "ledger", "--trips", "1"], "--trips"),
        (["ledger", "export", "--format", "xlsx", "--out", "{folder}/new"], "choose one of beancount"),
        (["ledger", "export", "--format", "csv", "--out", "{folder}/broken"], "is there already"),
        (["ledger", "export", "--format", "csv", "--out", "{folder}"], "is a folder"),
        (["ledger", "export", "--format", "csv", "--out", "{folder}/no/new"], "nothing can be written"),
        (["ledger", "export", "--format", "csv", "--out", "{folder}/new", "--data", "{folder}/no"], "there is no folder"),
        (["ledger", "export", "--format", "csv", "--out", "{folder}/new", "--data", "{folder}"], "--keep"),
        (["ledger", "export", "--format", "csv", "--out", "{folder}/new"], "--data FOLDER"),
        (["ledger", "verify"], "--data FOLDER"),
        (["ledger", "verify", "--data", "{folder}"], "--keep"),
        (["ledger", "verify", "--data", "{folder}", "--kept", "ABC"], "64 hexadecimal digits"),
        (["ledger", "close", "--last-day", "yesterday"], "is not a day"),
        (["ledger", "reverse", "it", "--reason", "twice"], "is not an identifier"),
        (["ledger", "seal", "--url", "nonsense", "--token", "any"], "No service answers at nonsense"),
        (["statement"], "DRIVER"),
        (["statement", "one"], "--data FOLDER"),
        (["statement", "one", "--data", "{folder}"], "--keep"),
        (["statement", "one", "--csv", "{folder}"], "is a folder"),
        (["statement", "one", "--week", "2030-W05", "--trip", "two"], "say one of --week"),
        (["statement", "+12125550199", "--service", "nonsense"], "nonsense"),
        (["simulate", "--year"], "--books"),
        (["simulate", "--year", "--books"], "--keep"),
        (["simulate", "--year", "--books", "--keep", "{folder}"], "is not empty"),
        (["simulate", "--year", "--books", "--keep", "{folder}/new", "--trips", "0"], "--trips"),
        (["simulate", "nowhere"], "--vehicles"),
        (["ride", *ENDS, "--url", "nonsense"], "nonsense"),
        (["ride", *ENDS[:2]], "--to"),
        (["ride", *ENDS, "--at", "soon"], "'soon'"),
        (["ride", *ENDS, "--receipt", "{folder}"], "is a folder"),
        (["drive", "--phone", "1", "--at", "here"], "'here'"),
        (["count", "{folder}/nowhere.blt", "--rule", "scottish_stv"], "nowhere.blt"),
        (["count", "{folder}/broken", "--rule", "scottish_stv"], "line 2: is not UTF-8 text"),
        (["count", "{folder}/broken"], "--rule"),
        (["count", "{folder}/broken", "--rule", "equal_shares", "--seats", "2"], "--seats: equal_shares does not know it"),
        (["count", "{folder}/broken", "--rule", "schulze", "--required", ">1/2"], "--status-quo"),
        (["count", "{folder}/broken", "--rule", "by_shouting"], "scottish_stv"),
        (["count", "{folder}/broken", "--rule", "scottish_stv", "--seed", "12"], "64 hexadecimal digits"),
        (["count", "{folder}/broken", "--rule", "scottish_stv", "--json", "{folder}"], "is a folder"),
        (["bench", "counting", "{folder}/broken"], "neither in .blt nor in .pb"),
        (["bench", "matching", "--rounds", "0"], "--rounds"),
        (["bench", "matching", "--sizes", "10x"], "--sizes"),
        (["bench", "matching", "--sizes", "0x5"], "--sizes"),
        (["bench", "matching", "--engine", "horse"], "--engine"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(
    khan: Khan, broken: Path, words: list[str], told: str
) -> None:
    code, _, said = khan(*(word.format(folder=broken) for word in words))
    assert code == 2
    assert re.fullmatch(r"khan: .+\n", said), said
    assert told in said


def test_a_group_without_a_command_shows_its_manual(khan: Khan) -> None:
    code, manual, said = khan("city")
    assert (code, said) == (2, "")
    assert "Usage: khan city" in manual


def test_a_receipt_that_differs_is_told_and_exits_with_1(khan: Khan, tmp_path: Path) -> None:
    (tmp_path / "receipt.json").write_text(json.dumps([]), encoding="utf-8")
    code, told, _ = khan("receipt", "verify", str(tmp_path / "receipt.json"))
    assert code == 1
    assert told.count("\n") == 1
