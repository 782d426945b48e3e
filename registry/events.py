"""What the registry announces. Identifiers and kinds only: no name, no phone, no reason in words."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from foundation.events import Event
from foundation.identifiers import CredentialId, DriverId, PersonId, SessionId, VehicleId
from registry.licence import CredentialKind, Standing
from registry.person import Role
from registry.session import SignInMethod

# A field that shares its name with a property of Event is declared with field(): a plain
# annotation would take the inherited property for its default value.


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonJoined(Event):
    """Somebody is known here from now on."""

    kind: ClassVar[str] = "person_joined"
    topic: ClassVar[str] = "registry.person_joined"
    person_id: PersonId

    @property
    def key(self) -> str:
        """A person joins once."""
        return str(self.person_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonForgotten(Event):
    """Somebody's name and phone were erased; their identifier stays where the law asks for it."""

    kind: ClassVar[str] = "person_forgotten"
    topic: ClassVar[str] = "registry.person_forgotten"
    person_id: PersonId

    @property
    def key(self) -> str:
        """A person is forgotten once."""
        return str(self.person_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChanged(Event):
    """A role was granted or ended."""

    kind: ClassVar[str] = "role_changed"
    topic: ClassVar[str] = "registry.role_changed"
    person_id: PersonId
    role: Role
    granted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverLicensed(Event):
    """A person may drive for the co-operative, in good standing, as far as papers allow."""

    kind: ClassVar[str] = "driver_licensed"
    topic: ClassVar[str] = "registry.driver_licensed"
    driver_id: DriverId = field()

    @property
    def key(self) -> str:
        """A driver is licensed once."""
        return str(self.driver_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleRegistered(Event):
    """A vehicle is known here."""

    kind: ClassVar[str] = "vehicle_registered"
    topic: ClassVar[str] = "registry.vehicle_registered"
    vehicle_id: VehicleId

    @property
    def key(self) -> str:
        """A vehicle is registered once."""
        return str(self.vehicle_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class VehiclePermissionChanged(Event):
    """A driver may, or may no longer, drive a vehicle."""

    kind: ClassVar[str] = "vehicle_permission_changed"
    topic: ClassVar[str] = "registry.vehicle_permission_changed"
    driver_id: DriverId = field()
    vehicle_id: VehicleId
    permitted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialAdded(Event):
    """A paper of a driver or of a vehicle was looked at and recorded."""

    kind: ClassVar[str] = "credential_added"
    topic: ClassVar[str] = "registry.credential_added"
    credential_id: CredentialId
    credential_kind: CredentialKind
    driver_id: DriverId | None = field()
    vehicle_id: VehicleId | None
    valid_to: datetime

    @property
    def key(self) -> str:
        """A credential is added once."""
        return str(self.credential_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialWithdrawn(Event):
    """A paper no longer counts."""

    kind: ClassVar[str] = "credential_withdrawn"
    topic: ClassVar[str] = "registry.credential_withdrawn"
    credential_id: CredentialId
    credential_kind: CredentialKind
    driver_id: DriverId | None = field()
    vehicle_id: VehicleId | None

    @property
    def key(self) -> str:
        """A credential is withdrawn once."""
        return str(self.credential_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingChanged(Event):
    """How a driver stands. Dispatch withdraws offers and ends the shift of one suspended."""

    kind: ClassVar[str] = "standing_changed"
    topic: ClassVar[str] = "registry.standing_changed"
    driver_id: DriverId = field()
    standing: Standing
    sequence: int

    @property
    def key(self) -> str:
        """Standings of a driver are numbered."""
        return f"{self.driver_id}:{self.sequence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyRegistered(Event):
    """A passkey can sign this person in from now on."""

    kind: ClassVar[str] = "passkey_registered"
    topic: ClassVar[str] = "registry.passkey_registered"
    person_id: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened(Event):
    """Somebody signed in."""

    kind: ClassVar[str] = "session_opened"
    topic: ClassVar[str] = "registry.session_opened"
    session_id: SessionId
    person_id: PersonId
    method: SignInMethod

    @property
    def key(self) -> str:
        """A session opens once."""
        return str(self.session_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRevoked(Event):
    """A session is over before its time; live connections opened with it are to be closed."""

    kind: ClassVar[str] = "session_revoked"
    topic: ClassVar[str] = "registry.session_revoked"
    session_id: SessionId
    person_id: PersonId

    @property
    def key(self) -> str:
        """A session is revoked once."""
        return str(self.session_id)
