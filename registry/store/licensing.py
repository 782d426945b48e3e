"""Drivers, vehicles, permissions, papers and standing."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from foundation.identifiers import CredentialId, DriverId, PersonId, VehicleId
from registry.licence import CredentialKind, Paper, Standing, Subject, VehicleDetails
from storage.work import UnitOfWork

_INSERT_DRIVER = text("""
    INSERT INTO registry.driver (driver_id, licence_number, licensed_at, licensed_by)
    SELECT person_id, :licence_number, :now, :licensed_by
    FROM registry.person WHERE person_id = :driver_id AND erased_at IS NULL
    ON CONFLICT DO NOTHING
    RETURNING driver_id
""")

_INSERT_VEHICLE = text("""
    INSERT INTO registry.vehicle (vehicle_id, make, model, colour, plate, vehicle_class, seats,
                                  equipment, licence_number, registered_at, registered_by)
    VALUES (:vehicle_id, :make, :model, :colour, :plate, :vehicle_class, :seats,
            CAST(:equipment AS text[]), :licence_number, :now, :registered_by)
    ON CONFLICT DO NOTHING
    RETURNING vehicle_id
""")

_FIND_DRIVER = text("SELECT driver_id FROM registry.driver WHERE driver_id = :driver_id")

_FIND_VEHICLE = text("SELECT vehicle_id FROM registry.vehicle WHERE vehicle_id = :vehicle_id")

_INSERT_PERMISSION = text("""
    INSERT INTO registry.driver_vehicle
        (permission_id, driver_id, vehicle_id, permitted_at, permitted_by)
    VALUES (:permission_id, :driver_id, :vehicle_id, :now, :permitted_by)
    ON CONFLICT (driver_id, vehicle_id) WHERE ended_at IS NULL DO NOTHING
    RETURNING permission_id
""")

_END_PERMISSION = text("""
    UPDATE registry.driver_vehicle SET ended_at = service_now(), ended_by = :ended_by
    WHERE driver_id = :driver_id AND vehicle_id = :vehicle_id AND ended_at IS NULL
    RETURNING permission_id
""")

_INSERT_CREDENTIALS = text("""
    INSERT INTO registry.credential (credential_id, kind, subject, driver_id, vehicle_id,
                                     valid_from, valid_to, zones, verified_by, added_at)
    SELECT credential_id, kind, subject,
           CASE subject WHEN 'driver' THEN CAST(:driver_id AS uuid) END,
           CASE subject WHEN 'vehicle' THEN CAST(:vehicle_id AS uuid) END,
           valid_from, valid_to,
           CASE WHEN zones IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(zones)) END,
           :verified_by, :now
    FROM unnest(CAST(:credential_ids AS uuid[]), CAST(:kinds AS text[]),
                CAST(:subjects AS text[]), CAST(:valid_from AS timestamptz[]),
                CAST(:valid_to AS timestamptz[]), CAST(:zones AS jsonb[]))
        AS papers(credential_id, kind, subject, valid_from, valid_to, zones)
""")

_FIND_CREDENTIAL = text("""
    SELECT kind, driver_id, vehicle_id FROM registry.credential
    WHERE credential_id = :credential_id
""")

_INSERT_WITHDRAWAL = text("""
    INSERT INTO registry.credential_withdrawal (credential_id, reason, withdrawn_by)
    VALUES (:credential_id, :reason, :withdrawn_by)
    ON CONFLICT DO NOTHING
    RETURNING credential_id
""")

_INSERT_STANDING = text("""
    INSERT INTO registry.standing (driver_id, standing, reason, set_by)
    SELECT driver_id, :standing, :reason, :set_by
    FROM registry.driver WHERE driver_id = :driver_id
    RETURNING sequence
""")

_UNFIT_REASONS = text("SELECT registry.unfit_reasons(:driver_id, :vehicle_id, :at)")

_REQUIRE_CREDENTIAL = text("""
    INSERT INTO registry.required_credential (requirement_id, kind, required_from, required_by)
    VALUES (:requirement_id, :kind, :required_from, :required_by)
    ON CONFLICT (kind) WHERE ended_at IS NULL DO NOTHING
    RETURNING requirement_id
""")

_END_REQUIREMENT = text("""
    UPDATE registry.required_credential SET ended_at = service_now(), ended_by = :ended_by
    WHERE kind = :kind AND ended_at IS NULL
    RETURNING requirement_id
""")


async def insert_driver(
    work: UnitOfWork, driver_id: DriverId, *, licence_number: str, licensed_by: PersonId
) -> bool:
    """A new driver; False if there is no such person, or they or the number are licensed."""
    row = await work.execute(
        _INSERT_DRIVER,
        {
            "driver_id": driver_id,
            "licence_number": licence_number,
            "now": work.now,
            "licensed_by": licensed_by,
        },
    )
    return row.one_or_none() is not None


async def insert_vehicle(
    work: UnitOfWork, vehicle_id: VehicleId, details: VehicleDetails, *, registered_by: PersonId
) -> bool:
    """A new vehicle; False if its plate or licence number is known already."""
    row = await work.execute(
        _INSERT_VEHICLE,
        {
            "vehicle_id": vehicle_id,
            "make": details.make,
            "model": details.model,
            "colour": details.colour,
            "plate": details.plate,
            "vehicle_class": details.vehicle_class,
            "seats": details.seats,
            "equipment": sorted(details.equipment),
            "licence_number": details.licence_number,
            "now": work.now,
            "registered_by": registered_by,
        },
    )
    return row.one_or_none() is not None


async def driver_exists(work: UnitOfWork, driver_id: DriverId) -> bool:
    """Whether such a driver was licensed."""
    return (await work.execute(_FIND_DRIVER, {"driver_id": driver_id})).one_or_none() is not None


async def vehicle_exists(work: UnitOfWork, vehicle_id: VehicleId) -> bool:
    """Whether such a vehicle was registered."""
    return (await work.execute(_FIND_VEHICLE, {"vehicle_id": vehicle_id})).one_or_none() is not None


async def insert_permission(
    work: UnitOfWork, driver_id: DriverId, vehicle_id: VehicleId, *, permitted_by: PersonId
) -> bool:
    """Let a driver drive a vehicle; False if they may already."""
    row = await work.execute(
        _INSERT_PERMISSION,
        {
            "permission_id": work.new_id(),
            "driver_id": driver_id,
            "vehicle_id": vehicle_id,
            "now": work.now,
            "permitted_by": permitted_by,
        },
    )
    return row.one_or_none() is not None


async def end_permission(
    work: UnitOfWork, driver_id: DriverId, vehicle_id: VehicleId, *, ended_by: PersonId
) -> bool:
    """End a permission; False if there is none."""
    row = await work.execute(
        _END_PERMISSION,
        {"driver_id": driver_id, "vehicle_id": vehicle_id, "ended_by": ended_by},
    )
    return row.one_or_none() is not None


async def insert_credentials(
    work: UnitOfWork,
    papers: Sequence[tuple[CredentialId, Subject, Paper]],
    *,
    driver_id: DriverId | None,
    vehicle_id: VehicleId | None,
    verified_by: PersonId,
) -> None:
    """Papers of one driver and one vehicle, each kept with whom it speaks of."""
    await work.execute(
        _INSERT_CREDENTIALS,
        {
            "credential_ids": [credential_id for credential_id, _, _ in papers],
            "kinds": [paper.kind.value for _, _, paper in papers],
            "subjects": [subject.value for _, subject, _ in papers],
            "valid_from": [paper.valid_from for _, _, paper in papers],
            "valid_to": [paper.valid_to for _, _, paper in papers],
            "zones": [
                None if paper.zones is None else json.dumps(sorted(paper.zones))
                for _, _, paper in papers
            ],
            "driver_id": driver_id,
            "vehicle_id": vehicle_id,
            "verified_by": verified_by,
            "now": work.now,
        },
    )


async def find_credential(
    work: UnitOfWork, credential_id: CredentialId
) -> tuple[CredentialKind, DriverId | None, VehicleId | None] | None:
    """What a credential is, and whose."""
    row = (await work.execute(_FIND_CREDENTIAL, {"credential_id": credential_id})).one_or_none()
    return None if row is None else (CredentialKind(row.kind), row.driver_id, row.vehicle_id)


async def insert_withdrawal(
    work: UnitOfWork, credential_id: CredentialId, *, reason: str, withdrawn_by: PersonId
) -> bool:
    """Withdraw a credential; False if it was withdrawn before."""
    row = await work.execute(
        _INSERT_WITHDRAWAL,
        {"credential_id": credential_id, "reason": reason, "withdrawn_by": withdrawn_by},
    )
    return row.one_or_none() is not None


async def insert_standing(
    work: UnitOfWork, driver_id: DriverId, standing: Standing, *, reason: str, set_by: PersonId
) -> int | None:
    """How a driver stands from now on; its number, or None if there is no such driver."""
    row = await work.execute(
        _INSERT_STANDING,
        {"driver_id": driver_id, "standing": standing.value, "reason": reason, "set_by": set_by},
    )
    sequence: int | None = row.scalar_one_or_none()
    return sequence


async def unfit_reasons(
    work: UnitOfWork, driver_id: DriverId, vehicle_id: VehicleId, at: datetime
) -> tuple[str, ...]:
    """What stands against this driver working with this vehicle; locked until the commit."""
    row = await work.execute(
        _UNFIT_REASONS, {"driver_id": driver_id, "vehicle_id": vehicle_id, "at": at}
    )
    return tuple(row.scalar_one())


async def require_credential(
    work: UnitOfWork, kind: CredentialKind, *, required_from: datetime, required_by: PersonId
) -> bool:
    """Ask every driver or vehicle for a kind of paper; False if it is asked for already."""
    row = await work.execute(
        _REQUIRE_CREDENTIAL,
        {
            "requirement_id": work.new_id(),
            "kind": kind.value,
            "required_from": required_from,
            "required_by": required_by,
        },
    )
    return row.one_or_none() is not None


async def end_requirement(work: UnitOfWork, kind: CredentialKind, *, ended_by: PersonId) -> bool:
    """Ask for a kind of paper no longer; False if it is not asked for."""
    row = await work.execute(_END_REQUIREMENT, {"kind": kind.value, "ended_by": ended_by})
    return row.one_or_none() is not None
