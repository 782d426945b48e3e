"""What people see of the registry: the driver's card, who is fit, and oneself."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text

from foundation.identifiers import CredentialId, DriverId, PersonId, VehicleId
from registry.errors import DriverNotFound, PersonNotFound
from registry.licence import (
    WARN_WITHIN,
    CredentialKind,
    DriverCard,
    Expiry,
    Fitness,
    LicensedVehicle,
    VehicleDetails,
)
from registry.person import PersonView, Role, first_name
from registry.vault import SealedContact, Vault
from storage.work import Reading, UnitOfWork

_FORGOTTEN = ""

_DRIVER_CARDS = text("""
    SELECT d.driver_id, v.*, c.data_key, c.name, c.phone, c.language
    FROM unnest(CAST(:driver_ids AS uuid[]), CAST(:vehicle_ids AS uuid[])) AS asked(driver_id, vehicle_id)
    JOIN registry.driver d USING (driver_id)
    JOIN registry.vehicle v USING (vehicle_id)
    LEFT JOIN registry.contact c ON c.person_id = d.driver_id
""")

_NAMES = text("""
    SELECT person_id, data_key, name, phone, language FROM registry.contact
    WHERE person_id = ANY(CAST(:person_ids AS uuid[]))
""")

_ZONE_LIMITS = text("""
    WITH valid AS (
        SELECT c.driver_id, c.zones FROM registry.credential c
        WHERE c.kind = 'private_hire_licence'
          AND c.driver_id IN (SELECT driver_id FROM registry.credential WHERE zones IS NOT NULL)
          AND c.valid_from <= service_now() AND service_now() < c.valid_to
          AND NOT EXISTS (SELECT FROM registry.credential_withdrawal w
                          WHERE w.credential_id = c.credential_id))
    SELECT driver_id, array_agg(DISTINCT zone) AS zones
    FROM valid LEFT JOIN LATERAL unnest(valid.zones) AS zone ON true
    GROUP BY driver_id HAVING bool_and(valid.zones IS NOT NULL)
""")

_VEHICLES_OF_DRIVER = text("""
    SELECT v.* FROM registry.driver_vehicle p JOIN registry.vehicle v USING (vehicle_id)
    WHERE p.driver_id = :driver_id AND p.ended_at IS NULL
    ORDER BY p.permitted_at, v.vehicle_id
    LIMIT 50
""")

_REASONS_AGAINST = text("SELECT registry.reasons_against(:driver_id, :vehicle_id, :at)")

# For each required kind the paper that lasts longest: an old one beside its renewal is no worry.
_EXPIRING = text("""
    SELECT * FROM (
        SELECT DISTINCT ON (c.kind, c.vehicle_id) c.credential_id, c.kind, c.vehicle_id, c.valid_to
        FROM registry.credential c
        JOIN registry.required_credential r ON r.kind = c.kind AND r.ended_at IS NULL
        WHERE (c.driver_id = :driver_id
               OR c.vehicle_id IN (SELECT p.vehicle_id FROM registry.driver_vehicle p
                                   WHERE p.driver_id = :driver_id AND p.ended_at IS NULL
                                     AND (CAST(:vehicle_id AS uuid) IS NULL
                                          OR p.vehicle_id = :vehicle_id)))
          AND NOT EXISTS (SELECT FROM registry.credential_withdrawal w
                          WHERE w.credential_id = c.credential_id)
        ORDER BY c.kind, c.vehicle_id, c.valid_to DESC, c.credential_id
    ) longest
    WHERE valid_to > :at AND valid_to <= :soon
    ORDER BY valid_to, credential_id
    LIMIT 200
""")

_PERSON = text("""
    SELECT p.joined_at, c.data_key, c.name, c.phone, c.language,
           ARRAY(SELECT role FROM registry.role_grant g
                 WHERE g.person_id = p.person_id AND g.ended_at IS NULL AND g.valid_from <= :now
                   AND (g.valid_to IS NULL OR :now < g.valid_to) ORDER BY role) AS roles,
           (SELECT count(*) FROM registry.passkey k
            WHERE k.person_id = p.person_id AND k.withdrawn_at IS NULL) AS passkeys
    FROM registry.person p LEFT JOIN registry.contact c USING (person_id)
    WHERE p.person_id = :person_id AND p.erased_at IS NULL
""")


async def driver_cards(
    work: Reading, pairs: Iterable[tuple[DriverId, VehicleId]], *, vault: Vault
) -> Mapping[DriverId, DriverCard]:
    """The cards of drivers with the vehicle each drives now; unknown ids have none.

    A driver who was forgotten keeps a card without a name: old receipts still show the car.
    """
    asked = sorted(set(pairs))
    rows = await work.execute(
        _DRIVER_CARDS,
        {
            "driver_ids": [driver_id for driver_id, _ in asked],
            "vehicle_ids": [vehicle_id for _, vehicle_id in asked],
        },
    )
    return {DriverId(row.driver_id): _card(row, vault) for row in rows}


async def driver_card(
    work: Reading, driver_id: DriverId, vehicle_id: VehicleId, *, vault: Vault
) -> DriverCard:
    """One driver's card. Raises DriverNotFound if there is no such driver or vehicle."""
    cards = await driver_cards(work, [(driver_id, vehicle_id)], vault=vault)
    if driver_id not in cards:
        raise DriverNotFound
    return cards[driver_id]


async def first_names(
    work: Reading, person_ids: Iterable[PersonId], *, vault: Vault
) -> Mapping[PersonId, str]:
    """What to call people at the kerb; those unknown, forgotten or unnamed are left out."""
    rows = await work.execute(_NAMES, {"person_ids": sorted(set(person_ids))})
    named = {
        PersonId(row.person_id): first_name(vault.open_name(row.person_id, _sealed(row)))
        for row in rows
    }
    return {person_id: name for person_id, name in named.items() if name}


async def names(
    work: Reading, person_ids: Iterable[PersonId], *, vault: Vault
) -> Mapping[PersonId, str]:
    """Whole names, as fellow members read them; those unknown, forgotten or unnamed are left out."""
    rows = await work.execute(_NAMES, {"person_ids": sorted(set(person_ids))})
    named = {PersonId(row.person_id): vault.open_name(row.person_id, _sealed(row)) for row in rows}
    return {person_id: name for person_id, name in named.items() if name}


async def list_vehicles(work: Reading, driver_id: DriverId) -> tuple[LicensedVehicle, ...]:
    """The vehicles a driver may drive, the longest permitted first (50 at most)."""
    rows = await work.execute(_VEHICLES_OF_DRIVER, {"driver_id": driver_id})
    return tuple(
        LicensedVehicle(vehicle_id=VehicleId(row.vehicle_id), details=_details(row)) for row in rows
    )


async def fitness(
    work: Reading, driver_id: DriverId, at: datetime, *, vehicle_id: VehicleId | None = None
) -> Fitness:
    """Whether a driver may work at an instant, why not, and what ends within 30 days of it.

    Without a vehicle only the driver's own papers and standing are judged, while what ends soon
    covers every vehicle they may drive. Takes no lock: to act on it, use `service.require_fit`.
    """
    asked = {"driver_id": driver_id, "vehicle_id": vehicle_id, "at": at}
    reasons = (await work.execute(_REASONS_AGAINST, asked)).scalar_one()
    rows = await work.execute(_EXPIRING, asked | {"soon": at + WARN_WITHIN})
    return Fitness(
        reasons=tuple(reasons),
        expiring=tuple(
            Expiry(
                credential_id=CredentialId(row.credential_id),
                kind=CredentialKind(row.kind),
                vehicle_id=None if row.vehicle_id is None else VehicleId(row.vehicle_id),
                valid_to=row.valid_to,
            )
            for row in rows
        ),
    )


async def person_view(work: UnitOfWork, person_id: PersonId, *, vault: Vault) -> PersonView:
    """What a person sees of themselves.

    Raises
    ------
    PersonNotFound
        If there is no such person, or they were forgotten.
    """
    row = (await work.execute(_PERSON, {"person_id": person_id, "now": work.now})).one_or_none()
    if row is None:
        raise PersonNotFound
    contact = None if row.data_key is None else vault.open_contact(person_id, _sealed(row))
    return PersonView(
        person_id=person_id,
        name=contact.name if contact else _FORGOTTEN,
        phone=contact.phone if contact else _FORGOTTEN,
        language=contact.language if contact else "en",
        roles=tuple(Role(role) for role in row.roles),
        passkeys=row.passkeys,
        joined_at=row.joined_at,
    )


def _card(row: Any, vault: Vault) -> DriverCard:
    name = _FORGOTTEN if row.data_key is None else vault.open_name(row.driver_id, _sealed(row))
    details = _details(row)
    return DriverCard(
        driver_id=DriverId(row.driver_id),
        vehicle_id=VehicleId(row.vehicle_id),
        first_name=first_name(name),
        plate=details.plate,
        colour=details.colour,
        make=details.make,
        model=details.model,
        vehicle_class=details.vehicle_class,
        seats=details.seats,
        equipment=details.equipment,
    )


def _details(row: Any) -> VehicleDetails:
    return VehicleDetails(
        make=row.make,
        model=row.model,
        colour=row.colour,
        plate=row.plate,
        vehicle_class=row.vehicle_class,
        seats=row.seats,
        equipment=frozenset(row.equipment),
        licence_number=row.licence_number,
    )


def _sealed(row: Any) -> SealedContact:
    return SealedContact(
        data_key=row.data_key, name=row.name, phone=row.phone, language=row.language
    )


async def list_zone_limits(work: Reading) -> dict[DriverId, frozenset[str]]:
    """Drivers whose licences name the zones in which they may pick riders up, with those zones.

    Of several licences that are valid now each adds its zones, and one without zones allows all.
    Whoever is not there may pick up anywhere.
    """
    return {
        DriverId(row.driver_id): frozenset(row.zones) for row in await work.execute(_ZONE_LIMITS)
    }
