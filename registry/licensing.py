"""Verbs about drivers and vehicles: licensing, papers, standing, and who is fit to work."""

from collections.abc import Collection, Sequence
from datetime import datetime

from foundation.identifiers import CredentialId, DriverId, PersonId, VehicleId
from registry.errors import (
    CredentialNotFound,
    CredentialWithdrawnAlready,
    DetailInvalid,
    DriverLicensedAlready,
    DriverNotFound,
    NotFitToWork,
    PersonNotFound,
    VehicleNotFound,
    VehicleRegisteredAlready,
    ZoneUnknown,
)
from registry.events import (
    CredentialAdded,
    CredentialWithdrawn,
    DriverLicensed,
    StandingChanged,
    VehiclePermissionChanged,
    VehicleRegistered,
)
from registry.licence import (
    SUBJECT_OF,
    CredentialKind,
    Enrolment,
    Paper,
    Standing,
    Subject,
    VehicleDetails,
    clean_licence_number,
    clean_reason,
)
from registry.people import join_person
from registry.person import Role
from registry.store import licensing as store
from registry.store import people as people_store
from registry.vault import Vault
from storage.work import UnitOfWork


async def license_driver(
    work: UnitOfWork, person_id: PersonId, *, licence_number: str, by: PersonId
) -> DriverId:
    """Make a person a driver in good standing. Their papers are added apart.

    Raises
    ------
    DetailInvalid
        If the licence number cannot be so.
    PersonNotFound
        If there is no such person.
    DriverLicensedAlready
        If the person is a driver, or the number another driver's.
    """
    number = clean_licence_number(licence_number)
    driver_id = DriverId(person_id)
    if not await store.insert_driver(work, driver_id, licence_number=number, licensed_by=by):
        if await people_store.person_exists(work, person_id):
            raise DriverLicensedAlready
        raise PersonNotFound
    await people_store.insert_grant(work, person_id, Role.DRIVER, valid_to=None, granted_by=by)
    await store.insert_standing(work, driver_id, Standing.GOOD, reason="licensed", set_by=by)
    work.announce(DriverLicensed(event_id=work.new_id(), occurred_at=work.now, driver_id=driver_id))
    return driver_id


async def register_vehicle(work: UnitOfWork, details: VehicleDetails, *, by: PersonId) -> VehicleId:
    """Make a vehicle known. Who may drive it, and its papers, are added apart.

    Raises
    ------
    DetailInvalid
        Naming the field that cannot be so.
    VehicleRegisteredAlready
        If its plate or licence number is known already.
    """
    vehicle_id = VehicleId(work.new_id())
    if not await store.insert_vehicle(work, vehicle_id, details.cleaned(), registered_by=by):
        raise VehicleRegisteredAlready
    work.announce(
        VehicleRegistered(event_id=work.new_id(), occurred_at=work.now, vehicle_id=vehicle_id)
    )
    return vehicle_id


async def permit_vehicle(
    work: UnitOfWork, driver_id: DriverId, vehicle_id: VehicleId, *, by: PersonId
) -> None:
    """Let a driver drive a vehicle. Again is no change.

    Raises
    ------
    DriverNotFound, VehicleNotFound
        If there is no such driver or vehicle.
    """
    await _require_both(work, driver_id, vehicle_id)
    if await store.insert_permission(work, driver_id, vehicle_id, permitted_by=by):
        _announce_permission(work, driver_id, vehicle_id, permitted=True)


async def end_permission(
    work: UnitOfWork, driver_id: DriverId, vehicle_id: VehicleId, *, by: PersonId
) -> None:
    """Let a driver no longer drive a vehicle. Again is no change."""
    if await store.end_permission(work, driver_id, vehicle_id, ended_by=by):
        _announce_permission(work, driver_id, vehicle_id, permitted=False)


async def add_credential(
    work: UnitOfWork,
    paper: Paper,
    *,
    by: PersonId,
    driver_id: DriverId | None = None,
    vehicle_id: VehicleId | None = None,
    city_zones: Collection[str] | None = None,
) -> CredentialId:
    """Record a paper that `by` has looked at, of the driver or of the vehicle named.

    Parameters
    ----------
    city_zones
        Codes of the zones that the city has; None does not ask (the caller took them from there).

    Raises
    ------
    DetailInvalid
        If the kind of paper is not one of drivers, or not one of vehicles.
    ZoneUnknown
        If it names a zone that the city does not have: nobody would ever be picked up in it.
    DriverNotFound, VehicleNotFound
        If there is no such driver or vehicle.
    """
    assert (driver_id is None) != (vehicle_id is None), "a paper is a driver's or a vehicle's"
    subject = Subject.DRIVER if vehicle_id is None else Subject.VEHICLE
    if SUBJECT_OF[paper.kind] is not subject:
        raise DetailInvalid("kind", f"is not a paper of a {subject}")
    if city_zones is not None and (unknown := sorted((paper.zones or set()) - set(city_zones))):
        raise ZoneUnknown(unknown)
    if driver_id is not None and not await store.driver_exists(work, driver_id):
        raise DriverNotFound
    if vehicle_id is not None and not await store.vehicle_exists(work, vehicle_id):
        raise VehicleNotFound
    (credential_id,) = await _add_papers(
        work, [paper], driver_id=driver_id, vehicle_id=vehicle_id, by=by
    )
    return credential_id


async def withdraw_credential(
    work: UnitOfWork, credential_id: CredentialId, *, reason: str, by: PersonId
) -> None:
    """Let a paper count no longer, before its time.

    Raises
    ------
    DetailInvalid
        If there is no reason.
    CredentialNotFound
        If there is no such credential.
    CredentialWithdrawnAlready
        If it was withdrawn before.
    """
    reason = clean_reason(reason)
    found = await store.find_credential(work, credential_id)
    if found is None:
        raise CredentialNotFound
    if not await store.insert_withdrawal(work, credential_id, reason=reason, withdrawn_by=by):
        raise CredentialWithdrawnAlready
    kind, driver_id, vehicle_id = found
    work.announce(
        CredentialWithdrawn(
            event_id=work.new_id(),
            occurred_at=work.now,
            credential_id=credential_id,
            credential_kind=kind,
            driver_id=driver_id,
            vehicle_id=vehicle_id,
        )
    )


async def set_standing(
    work: UnitOfWork, driver_id: DriverId, standing: Standing, *, reason: str, by: PersonId
) -> None:
    """Record how a driver stands from now on, with the reason and who decided.

    Waits for acceptances of this driver that are under way; every later one sees it (I11).

    Raises
    ------
    DetailInvalid
        If there is no reason.
    DriverNotFound
        If there is no such driver.
    """
    sequence = await store.insert_standing(
        work, driver_id, standing, reason=clean_reason(reason), set_by=by
    )
    if sequence is None:
        raise DriverNotFound
    work.announce(
        StandingChanged(
            event_id=work.new_id(),
            occurred_at=work.now,
            driver_id=driver_id,
            standing=standing,
            sequence=sequence,
        )
    )


async def require_fit(
    work: UnitOfWork, driver_id: DriverId, vehicle_id: VehicleId, at: datetime
) -> None:
    """Refuse unless this driver may work with this vehicle at this instant (I11).

    The answer holds until the unit of work ends: nobody can suspend the driver or withdraw a paper
    in between, they wait.

    Raises
    ------
    NotFitToWork
        With the reasons.
    """
    reasons = await store.unfit_reasons(work, driver_id, vehicle_id, at)
    if reasons:
        raise NotFitToWork(reasons)


async def require_credential(
    work: UnitOfWork, kind: CredentialKind, *, required_from: datetime, by: PersonId
) -> None:
    """Ask every driver (or vehicle) of this city for a kind of paper from an instant on."""
    await store.require_credential(work, kind, required_from=required_from, required_by=by)


async def end_requirement(work: UnitOfWork, kind: CredentialKind, *, by: PersonId) -> None:
    """Ask for a kind of paper no longer."""
    await store.end_requirement(work, kind, ended_by=by)


async def enrol_driver(
    work: UnitOfWork,
    *,
    name: str,
    phone: str,
    licence_number: str,
    vehicle: VehicleDetails,
    papers: Sequence[Paper],
    by: PersonId,
    vault: Vault,
    language: str = "en",
) -> Enrolment:
    """Everything at once for somebody who comes to the office with their car and their papers.

    The person joins (or is known by their phone), is licensed, the vehicle is registered and
    permitted to them, and each paper is recorded for whom it speaks of.

    Raises
    ------
    PhoneInvalid, DetailInvalid, DriverLicensedAlready, VehicleRegisteredAlready
        As the single verbs do.
    """
    person_id = await join_person(work, phone=phone, name=name, language=language, vault=vault)
    driver_id = await license_driver(work, person_id, licence_number=licence_number, by=by)
    vehicle_id = await register_vehicle(work, vehicle, by=by)
    await store.insert_permission(work, driver_id, vehicle_id, permitted_by=by)
    _announce_permission(work, driver_id, vehicle_id, permitted=True)
    await _add_papers(work, papers, driver_id=driver_id, vehicle_id=vehicle_id, by=by)
    return Enrolment(driver_id=driver_id, vehicle_id=vehicle_id)


async def _add_papers(
    work: UnitOfWork,
    papers: Sequence[Paper],
    *,
    driver_id: DriverId | None,
    vehicle_id: VehicleId | None,
    by: PersonId,
) -> list[CredentialId]:
    rows = [(CredentialId(work.new_id()), SUBJECT_OF[paper.kind], paper) for paper in papers]
    await store.insert_credentials(
        work, rows, driver_id=driver_id, vehicle_id=vehicle_id, verified_by=by
    )
    for credential_id, subject, paper in rows:
        work.announce(
            CredentialAdded(
                event_id=work.new_id(),
                occurred_at=work.now,
                credential_id=credential_id,
                credential_kind=paper.kind,
                driver_id=driver_id if subject is Subject.DRIVER else None,
                vehicle_id=vehicle_id if subject is Subject.VEHICLE else None,
                valid_to=paper.valid_to,
            )
        )
    return [credential_id for credential_id, _, _ in rows]


async def _require_both(work: UnitOfWork, driver_id: DriverId, vehicle_id: VehicleId) -> None:
    if not await store.driver_exists(work, driver_id):
        raise DriverNotFound
    if not await store.vehicle_exists(work, vehicle_id):
        raise VehicleNotFound


def _announce_permission(
    work: UnitOfWork, driver_id: DriverId, vehicle_id: VehicleId, *, permitted: bool
) -> None:
    work.announce(
        VehiclePermissionChanged(
            event_id=work.new_id(),
            occurred_at=work.now,
            driver_id=driver_id,
            vehicle_id=vehicle_id,
            permitted=permitted,
        )
    )
