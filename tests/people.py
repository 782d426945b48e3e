"""People and cars for any test that needs them: made through the registry's own verbs."""

from datetime import datetime, timedelta

from foundation.identifiers import PersonId, RiderId
from registry.licence import USUAL_PAPERS, Enrolment, Paper, VehicleDetails
from registry.person import Role
from registry.service import enrol_driver, grant_role, join_person
from registry.vault import Vault
from storage.work import UnitOfWork

VAULT = Vault.from_secret(b"a secret for tests, of 32 bytes or more")


def a_vehicle(number: int = 1, **changes: object) -> VehicleDetails:
    """A plain car; numbers make plates and licences differ."""
    details: dict[str, object] = {
        "make": "Toyota",
        "model": "Corolla",
        "colour": "blue",
        "plate": f"TEST {number:04d}",
        "vehicle_class": "standard",
        "seats": 4,
        "licence_number": f"V-{number:05d}",
    }
    return VehicleDetails(**(details | changes))  # type: ignore[arg-type]


def usual_papers(now: datetime, *, days: int = 365) -> list[Paper]:
    """Every paper a new city asks for, valid from yesterday."""
    return [
        Paper(kind=kind, valid_from=now - timedelta(days=1), valid_to=now + timedelta(days=days))
        for kind in USUAL_PAPERS
    ]


async def an_officer(work: UnitOfWork) -> PersonId:
    """Somebody of the office, to verify papers and decide on standing."""
    person_id = await join_person(work, phone="+352621000001", name="Olga Office", vault=VAULT)
    await grant_role(work, person_id, Role.OFFICE, by=None)
    return person_id


async def a_rider(work: UnitOfWork, number: int = 1) -> RiderId:
    """Somebody who rides."""
    phone = f"+35262110{number:04d}"
    return RiderId(await join_person(work, phone=phone, name=f"Rita{number} Rider", vault=VAULT))


async def a_driver(
    work: UnitOfWork, by: PersonId, number: int = 1, *, papers: list[Paper] | None = None
) -> Enrolment:
    """A driver fit to work, with a car; without given papers, with all that are asked for."""
    return await enrol_driver(
        work,
        name=f"Dora{number} Driver",
        phone=f"+35262120{number:04d}",
        licence_number=f"D-{number:05d}",
        vehicle=a_vehicle(number),
        papers=usual_papers(work.now) if papers is None else papers,
        by=by,
        vault=VAULT,
    )
