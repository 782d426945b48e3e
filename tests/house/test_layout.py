"""Each thing has its place: SQL in stores, rooms in the layers, words in the glossary."""

import ast
import re
import tomllib

from infra.reference_pages import rooms
from tests.house.sources import ROOT, product_modules, tracked_files

# Words with one meaning here, and those that other houses use for the same (docs/glossary.md).
NOT_OUR_WORDS = {
    "Ride": "Trip",
    "Order": "Trip",
    "Reservation": "Booking",
    "Estimate": "Quote",
    "Ping": "Offer",
    "Tick": "Round",
    # `Customer` is who pays for others' trips (ledger.customers), as accountants say; whoever rides
    # is a rider, so "Customer" is ours for the one and for nothing else.
    "Partner": "Driver or Member",
    "LatLng": "Point",
}
PLACES_OF_SQL = {"store", "views", "figures"}
OUR_WORDS = [
    "Account",
    "Allocation",
    "Attempt",
    "Ballot",
    "Booking",
    "Cell",
    "Charter",
    "City",
    "Credential",
    "Driver",
    "Event",
    "Fare",
    "Hold",
    "Member",
    "Motion",
    "Offer",
    "Outbox",
    "Pairing",
    "Patronage",
    "Place",
    "Plan",
    "Point",
    "Poll",
    "Position",
    "Quote",
    "Receipt",
    "Refusal",
    "Rider",
    "Room",
    "Round",
    "Rule",
    "Run",
    "Shift",
    "Snapshot",
    "Standing",
    "Statement",
    "Surplus",
    "Tariff",
    "Transfer",
    "Trip",
    "Vehicle",
    "Zone",
]


def test_every_room_is_in_the_layers_and_in_the_wheel() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {path.parent.name for path in tracked_files() if path.parent.parent == ROOT}
    on_disk = {name for name in packages if (ROOT / name / "__init__.py").exists()}
    on_disk -= {"infra", "tests"}
    assert set(rooms()) == on_disk
    assert set(settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == on_disk


def test_sql_is_written_in_stores_views_and_storage_only() -> None:
    strays = {}
    for name, tree in product_modules().items():
        parts = name.removesuffix(".py").replace("_", "/").split("/")
        # `khan` joins the rooms, and reports on all of them at once.
        if parts[0] in ("storage", "khan", "infra") or PLACES_OF_SQL & set(parts):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy":
                strays[name] = [one.name for one in node.names]
    assert not strays, f"SQL belongs in store.py and views.py: {strays}"


def test_classes_are_named_with_the_words_of_the_house() -> None:
    strange = {}
    for name, tree in product_modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                words = re.findall(r"[A-Z][a-z]+", node.name)
                strange |= {
                    f"{name}:{node.name}": NOT_OUR_WORDS[w] for w in words if w in NOT_OUR_WORDS
                }
    assert not strange, f"say instead: {strange}"


def test_the_glossary_explains_each_word() -> None:
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    missing = [
        word for word in OUR_WORDS if not re.search(rf"^\*\*{word}\b", glossary, flags=re.MULTILINE)
    ]
    assert not missing


def test_the_glossary_is_in_order() -> None:
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    entries = re.findall(r"^\*\*([^*]+)\*\*", glossary, flags=re.MULTILINE)
    assert entries == sorted(entries, key=str.casefold)
