"""Drivers and vehicles as licensed: papers, standing, and who is fit to work. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from foundation.identifiers import CredentialId, DriverId, VehicleId
from registry.errors import DetailInvalid
from registry.person import clean_line

WARN_WITHIN = timedelta(days=30)
"""A paper that ends within this span is named to its driver."""


ZONES_MAX = 1000
"""That one licence names."""


class Standing(StrEnum):
    """How a driver stands with the co-operative."""

    GOOD = "good"
    SUSPENDED = "suspended"  # by people who gave a reason, never by a program


class Subject(StrEnum):
    """Whom a paper speaks of."""

    DRIVER = "driver"
    VEHICLE = "vehicle"


class CredentialKind(StrEnum):
    """The papers the trade knows; `registry.required_credential` says which this city asks for."""

    DRIVING_LICENCE = "driving_licence"
    PRIVATE_HIRE_LICENCE = "private_hire_licence"
    BACKGROUND_CHECK = "background_check"
    RIGHT_TO_WORK = "right_to_work"
    INSURANCE = "insurance"  # for hire and reward
    VEHICLE_LICENCE = "vehicle_licence"
    VEHICLE_INSPECTION = "vehicle_inspection"


SUBJECT_OF: Mapping[CredentialKind, Subject] = {
    CredentialKind.DRIVING_LICENCE: Subject.DRIVER,
    CredentialKind.PRIVATE_HIRE_LICENCE: Subject.DRIVER,
    CredentialKind.BACKGROUND_CHECK: Subject.DRIVER,
    CredentialKind.RIGHT_TO_WORK: Subject.DRIVER,
    CredentialKind.INSURANCE: Subject.VEHICLE,
    CredentialKind.VEHICLE_LICENCE: Subject.VEHICLE,
    CredentialKind.VEHICLE_INSPECTION: Subject.VEHICLE,
}

USUAL_PAPERS = (
    CredentialKind.DRIVING_LICENCE,
    CredentialKind.PRIVATE_HIRE_LICENCE,
    CredentialKind.INSURANCE,
    CredentialKind.VEHICLE_LICENCE,
    CredentialKind.VEHICLE_INSPECTION,
)
"""What a new database requires."""

_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper somebody has looked at: valid from its first instant up to, not at, `valid_to`.

    Attributes
    ----------
    zones
        Of a licence to carry riders: the codes of the zones in which they may be picked up; None
        for anywhere.
    """

    kind: CredentialKind
    valid_from: datetime
    valid_to: datetime
    zones: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.zones is not None:
            _check_zones(self.kind, self.zones)
        if self.valid_from.tzinfo is None or self.valid_to.tzinfo is None:
            raise DetailInvalid("valid_to", "must be an instant with its time zone")
        if not self.valid_from < self.valid_to:
            raise DetailInvalid("valid_to", "must be after the first day of validity")


def _check_zones(kind: CredentialKind, zones: frozenset[str]) -> None:
    if kind is not CredentialKind.PRIVATE_HIRE_LICENCE:
        raise DetailInvalid("zones", "are stated by a private hire licence alone")
    if not 1 <= len(zones) <= ZONES_MAX:
        raise DetailInvalid("zones", f"must be from 1 to {ZONES_MAX}, or left out for anywhere")
    for zone in zones:
        if clean_line(zone, field="zones", longest=80) != zone:
            raise DetailInvalid("zones", "must be codes of zones, without spaces around them")


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleDetails:
    """A vehicle as its papers describe it.

    Attributes
    ----------
    plate
        Registration mark; kept in capitals, without outer spaces.
    vehicle_class
        The class a tariff speaks of: `standard`, `xl`, `wheelchair` ...
    seats
        For passengers, 1 to 16.
    equipment
        What a rider may need: `wheelchair`, `child_seat` ...
    licence_number
        The public number of the vehicle's licence.
    """

    make: str
    model: str
    colour: str
    plate: str
    vehicle_class: str
    seats: int
    equipment: frozenset[str] = field(default_factory=frozenset)
    licence_number: str

    def cleaned(self) -> "VehicleDetails":
        """The same with tidy text.

        Raises
        ------
        DetailInvalid
            Naming the field that cannot be so.
        """
        if not _CODE.fullmatch(self.vehicle_class):
            raise DetailInvalid("vehicle_class", "must be small letters, like standard")
        if not 1 <= self.seats <= 16:
            raise DetailInvalid("seats", "must be from 1 to 16")
        if not all(_CODE.fullmatch(item) for item in self.equipment) or len(self.equipment) > 20:
            raise DetailInvalid("equipment", "must be a few words like wheelchair")
        return VehicleDetails(
            make=clean_line(self.make, field="make", longest=60),
            model=clean_line(self.model, field="model", longest=60),
            colour=clean_line(self.colour, field="colour", longest=40),
            plate=clean_line(self.plate, field="plate", longest=20).upper(),
            vehicle_class=self.vehicle_class,
            seats=self.seats,
            equipment=self.equipment,
            licence_number=clean_licence_number(self.licence_number),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverCard:
    """What a rider sees of who comes, and in what."""

    driver_id: DriverId
    vehicle_id: VehicleId
    first_name: str
    plate: str
    colour: str
    make: str
    model: str
    vehicle_class: str
    seats: int
    equipment: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LicensedVehicle:
    """A vehicle that a driver may drive."""

    vehicle_id: VehicleId
    details: VehicleDetails


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """A required paper that ends soon; `vehicle_id` is None when it is the driver's own."""

    credential_id: CredentialId
    kind: CredentialKind
    vehicle_id: VehicleId | None
    valid_to: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitness:
    """Whether a driver may work, why not, and what ends soon.

    `reasons` are codes: `driver_not_licensed`, `driver_without_standing`, `driver_suspended`,
    `vehicle_not_permitted`, or a kind of credential with `_missing`, `_expired` or `_withdrawn`.
    """

    reasons: tuple[str, ...]
    expiring: tuple[Expiry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A driver and a vehicle licensed together."""

    driver_id: DriverId
    vehicle_id: VehicleId


def clean_licence_number(number: str) -> str:
    """A public licence number: one line of at most 40 characters."""
    return clean_line(number, field="licence_number", longest=40)


def clean_reason(reason: str) -> str:
    """Why somebody did what they did about a driver: one line of at most 500 characters."""
    return clean_line(reason, field="reason", longest=500)
