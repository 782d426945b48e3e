"""An assembly over HTTP: bylaws with open votes, and members who move, second and vote by phone."""

import json
from pathlib import Path
from typing import Any

from foundation.chance import SeededChance
from foundation.identifiers import UUID
from governance.motion import MotionId
from storage.engine import Database
from tests.impact_at_work import state_impact
from tests.journeys.people import Driver, Office, Person, Rider, Town
from tests.service_time import stop_time

CHARTER = Path(__file__).resolve().parents[2] / "cities" / "manhattan" / "charter"


def open_bylaws() -> dict[str, Any]:
    """The small city's bylaws with open ballots, a quorum of two, and one second."""
    body: dict[str, Any] = json.loads((CHARTER / "bylaws.json").read_text())
    body["motions"]["seconds"] = {"min": [1]}
    for matter in ("ordinary", "special"):
        body["matters"][matter] |= {"ballot": "open", "quorum": {"max": [2, "1/2"]}}
    body["classes"]["driver"]["join"] = {"licence": "required"}
    body["classes"]["rider"]["join"] = {}
    return {name: body[name] for name in ("classes", "motions", "matters")}


def dearer_tariff(tariff: dict[str, Any], *, by_minor: int) -> dict[str, Any]:
    """The same with a higher least fare: trips in the small city are short."""
    for rule in tariff["rules"]:
        if "minimum_minor" in rule:
            rule["minimum_minor"] += by_minor
    return tariff


def tariff_proposal() -> dict[str, Any]:
    """A motion for a least fare that is 100 minor units higher."""
    tariff = json.loads((CHARTER / "tariff.json").read_text())
    return {
        "title": "A higher least fare",
        "text": json.dumps(dearer_tariff(tariff, by_minor=100)),
        "matter": "special",
        "rule_kind": "tariff",
    }


def go_to(town: Town, instant: str) -> None:
    """Let it be that instant, and let time stand still there."""
    stop_time(town.city.address, at=instant)


async def signed_in_again(*people: Person) -> None:
    """Weeks later every session is over."""
    for person in people:
        person.token = None
        if isinstance(person, Office):
            await person.sign_in_by_passkey()
        else:
            await person.sign_in()


async def stated(town: Town, motion_id: str) -> None:
    """What a motion would do, worked out: the service's own process of low priority takes long beside
    tests, and whichever comes first is kept."""
    await stated_in(town.city.address, town.city.pack, motion_id)


async def stated_in(address: str, pack: Path, motion_id: str) -> None:
    """The same for a city's database."""
    database = Database(address, chance=SeededChance(13), pool_size=1)
    try:
        await state_impact(database, MotionId(UUID(motion_id)), city=pack)
    finally:
        await database.dispose()


async def members(town: Town) -> tuple[Driver, Driver, Rider]:
    """Two driver-members and a rider-member, off shift; who leave no trip behind."""
    drivers = [Driver(town.service, town.city.next_driver()) for _ in range(2)]
    rider = await town.rider()
    for driver in drivers:
        await town.keep(driver)
        await driver.sign_in()
        await driver.post("/driver/v1/membership/join")
    await rider.post("/rider/v1/membership/join")
    return drivers[0], drivers[1], rider
