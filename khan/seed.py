"""Setting up a demonstration city: its time, its charter, its driver-members.

Everything goes through the rooms' own verbs; only service time is set as the tables' owner, for
nobody else may.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import psycopg

from foundation.chance import SeededChance
from foundation.identifiers import DriverId, PersonId, VehicleId
from khan.our_tables import our_tables
from registry.licence import USUAL_PAPERS, Paper, VehicleDetails
from registry.person import Role
from registry.service import enrol_driver, find_person_by_phone, grant_role, join_person
from registry.vault import Vault
from registry.views import list_vehicles
from roads.pack import CityPack
from rulebook.charter import Charter
from rulebook.errors import CharterExists
from rulebook.service import found_city
from storage.engine import Database
from storage.work import UnitOfWork

OFFICE_PHONE = "+12125550100"
VISITOR_RIDER_PHONE = "+12125550142"
VISITOR_DRIVER_PHONE = "+12125550199"
_FIRST = ["Amara", "Ben", "Chidi", "Dina", "Emre", "Fatou", "Goran", "Hana", "Imran", "Jonas", "Kadija", "Luis", "Mei", "Noor", "Omar", "Petra", "Quyen", "Rosa", "Samir", "Tariq", "Uma", "Vesna", "Wanda", "Xavi", "Yusuf", "Zofia"]  # fmt: skip
_LAST = ["Adeyemi", "Bauer", "Castillo", "Diallo", "Eriksen", "Farah", "Garcia", "Haddad", "Ivanov", "Jensen", "Khan", "Lopez", "Mensah", "Novak", "Okafor", "Pereira", "Qureshi", "Rossi", "Singh", "Tanaka"]  # fmt: skip
_CARS = (
    ("Toyota", "Prius"), ("Kia", "Niro"), ("Hyundai", "Ioniq"), ("Nissan", "Leaf"),
    ("Toyota", "Camry"), ("Volkswagen", "ID.4"),
)  # fmt: skip
_COLOURS = ("white", "black", "silver", "blue", "green", "red")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A simulated driver-member: their phone is all a bot needs to sign in like anyone else."""

    driver_id: DriverId
    vehicle_id: VehicleId
    phone: str


def start_of(pack: CityPack, start: time, *, today: datetime) -> datetime:
    """When a demonstration begins: at `start`, local time, on the recorded day or on `today`."""
    day = pack.demand.recorded_on or today.astimezone(pack.zone_info).date()
    return datetime.combine(day, start, tzinfo=pack.zone_info).astimezone(UTC)


def set_time(address: str, *, begin: datetime, rate: float) -> datetime:
    """Let service time run from `begin` at `rate`; a city that has facts goes on where it was.

    Returns
    -------
    datetime
        The service time it begins at.
    """
    last = last_fact(address)
    if last is not None:
        begin = last + timedelta(seconds=1)
    let_it_be(address, begin, rate=rate)
    return begin


def last_fact(address: str) -> datetime | None:
    """When the last thing happened in a city; None in one where nothing has."""
    with psycopg.connect(address) as connection:
        [last] = connection.execute("SELECT max(occurred_at) FROM storage.outbox").fetchone() or [
            None
        ]
    return last


def let_it_be(address: str, instant: datetime, *, rate: float = 1.0) -> None:
    """Let service time of a demonstration go on from `instant`, at `rate`."""
    with psycopg.connect(address) as connection:
        connection.execute(
            "UPDATE storage.service_time SET demonstration = true, rate = %s,"
            " wall_origin = clock_timestamp(), service_origin = %s",
            [rate, instant],
        )


async def found(database: Database, charter: Charter) -> None:
    """Found the city on its charter, unless it is founded."""
    try:
        async with database.work() as work:
            await found_city(work, charter)
    except CharterExists:
        pass


async def found_on(url: str, charter: Charter) -> None:
    """Found a city in service on its charter.

    Raises
    ------
    CharterExists
        If it is founded already.
    khan.our_tables.TablesMissing, khan.our_tables.DatabaseRefuses
        If the database is not ours.
    """
    database = Database(url)
    try:
        with our_tables():
            async with database.work() as work:
                await found_city(work, charter)
    finally:
        await database.dispose()


async def office_of(database: Database, vault: Vault) -> PersonId:
    """Who keeps the office, once members are enrolled."""
    async with database.work() as work:
        found = await find_person_by_phone(work, OFFICE_PHONE, vault=vault)
    assert found is not None, "the office is enrolled before anybody"
    return found


async def enrol_members(database: Database, vault: Vault, *, count: int, seed: int) -> list[Member]:
    """An office, `count` simulated driver-members and one seat for a visitor who drives.

    The same seed gives the same people; those enrolled before are found again by their phones.
    """
    chance = SeededChance(f"members {seed}")
    async with database.work() as work:
        office = await join_person(work, phone=OFFICE_PHONE, name="The Office", vault=vault)
        await grant_role(work, office, Role.OFFICE, by=None)
    members = []
    for first in range(0, count + 1, 25):
        async with database.work() as work:
            for number in range(first, min(first + 25, count + 1)):
                members.append(await _member(work, vault, number, office=office, chance=chance))
    return members


async def _member(
    work: UnitOfWork, vault: Vault, number: int, *, office: PersonId, chance: SeededChance
) -> Member:
    """Number 0 is the visitor's: its phone is printed, and no bot uses it."""
    phone = VISITOR_DRIVER_PHONE if number == 0 else f"+1646555{number:04d}"
    name = f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"
    make, model = chance.choice(_CARS)
    colour = chance.choice(_COLOURS)
    wheelchair = chance.below(12) == 0
    known = await _find(work, vault, phone)
    if known is not None:
        return known
    enrolled = await enrol_driver(
        work,
        name="You" if number == 0 else name,
        phone=phone,
        licence_number=f"M-{number:05d}",
        vehicle=VehicleDetails(
            make=make,
            model=model,
            colour=colour,
            plate=f"KC {number:04d}",
            vehicle_class="standard",
            seats=4,
            equipment=frozenset({"wheelchair"}) if wheelchair else frozenset(),
            licence_number=f"V-{number:05d}",
        ),
        papers=[
            Paper(
                kind=kind,
                valid_from=work.now - timedelta(days=30),
                valid_to=work.now + timedelta(days=365),
            )
            for kind in USUAL_PAPERS
        ],
        by=office,
        vault=vault,
    )
    return Member(driver_id=enrolled.driver_id, vehicle_id=enrolled.vehicle_id, phone=phone)


async def _find(work: UnitOfWork, vault: Vault, phone: str) -> Member | None:
    person = await find_person_by_phone(work, phone, vault=vault)
    if person is None:
        return None
    vehicles = await list_vehicles(work, DriverId(person))
    if not vehicles:
        return None
    return Member(driver_id=DriverId(person), vehicle_id=vehicles[0].vehicle_id, phone=phone)
