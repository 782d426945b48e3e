"""What the office sends and gets."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field, NaiveDatetime, StringConstraints

import dispatch.views.staff
from doorway.payment import PaysIn
from doorway.schemas import Model, Needs, Place, Reason, Seats, Word
from foundation.local_time import Which
from registry.licence import ZONES_MAX, CredentialKind


class PurposeIn(Model):
    """Why you are about to look, and at which trip or at which driver's papers (neither for the
    fleet as a whole: `watch`)."""

    reason: dispatch.views.staff.Reason
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    trip_id: UUID | None = None
    driver_id: UUID | None = None
    hours: Annotated[int, Field(strict=True, ge=1, le=12)] = 1


class PurposeOut(Model):
    """Send it as `Purpose-Id` with each look."""

    purpose_id: UUID


Reading = Annotated[
    NaiveDatetime,
    Field(ge=datetime(2000, 1, 1), le=datetime(2199, 12, 31), examples=["2026-11-01T01:30"]),
]


class WantedIn(Model):
    """When the caller wants the car, as the clocks of the city show it.

    In the hour that a clock change repeats, `which` says which of the two is meant; a time that a
    change skips is refused.
    """

    local: Reading
    which: Which | None = None


class BookingIn(Model):
    """A trip asked for by telephone. The caller makes `trip_id`."""

    trip_id: UUID
    phone: Annotated[str, StringConstraints(min_length=4, max_length=40)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    pickup: Place
    dropoff: Place
    seats: Seats = 1
    vehicle_class: Word = "standard"
    needs: Needs = []
    wanted: WantedIn | None = Field(default=None, description="Left out: a car now.")
    pays: PaysIn = PaysIn()


class BookingOut(Model):
    """What to tell the caller: the price, when the car comes, and the PIN for the driver."""

    trip_id: UUID
    state: str
    total_minor: int
    currency: str
    pin: str
    booked_for: datetime | None
    wanted_local: str | None = Field(
        description="The same by the city's clocks, with the offset from UTC, to be read out."
    )
    expires_at: datetime


class BookingAtRiskOut(Model):
    """A booking that nobody has taken, shortly before the wanted time: by zone, not by person."""

    trip_id: UUID
    booked_for: datetime
    pickup_zone: str | None
    needs: list[str]
    told_at: datetime


class BookingsAtRiskOut(Model):
    """Soonest first."""

    bookings: list[BookingAtRiskOut]


class CancelIn(Model):
    """Why; it is shown to the rider."""

    reason: Reason


class TripOut(Model):
    """A trip with its events, without the PIN."""

    trip: dict[str, Any]


Instant = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2199, 12, 31, tzinfo=UTC))
]
ZoneCode = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class PaperIn(Model):
    """A paper of a driver that you have looked at."""

    kind: CredentialKind
    valid_from: Instant
    valid_to: Instant = Field(description="The first instant at which it is no longer valid.")
    zones: Annotated[list[ZoneCode], Field(min_length=1, max_length=ZONES_MAX)] | None = Field(
        default=None,
        description="Of a private hire licence: codes of the city's zones in which riders may be "
        "picked up; left out: anywhere.",
    )


class PaperRecorded(Model):
    """The paper counts from its first instant on."""

    credential_id: UUID


class WithdrawIn(Model):
    """Why it counts no longer; kept with who said so."""

    reason: Reason


class PaperOut(Model):
    """A paper; `standing` is `valid`, `expired`, `withdrawn` or `to_come`."""

    credential_id: UUID
    kind: str
    vehicle_id: UUID | None = Field(description="Of a vehicle's paper; null for the driver's own.")
    valid_from: datetime
    valid_to: datetime = Field(description="The first instant at which it is no longer valid.")
    zones: list[str] | None = Field(description="Where riders may be picked up; null: anywhere.")
    added_at: datetime
    standing: str
    withdrawn_at: datetime | None
    withdrawn_because: str | None


class StandingOut(Model):
    """How a driver stands with the co-operative: `good` or `suspended`, by whose reason."""

    standing: str
    reason: str
    set_at: datetime


class VehicleStandingOut(Model):
    """A vehicle that the driver may drive, and what stands against driving it now."""

    vehicle_id: UUID
    plate: str
    reasons: list[str]


class PapersOut(Model):
    """A driver's papers and those of their vehicles, by kind, the longest first."""

    driver_id: UUID
    as_of: datetime
    standing: StandingOut | None
    reasons: list[str] = Field(
        description="What stands against the driver's working now, by code; empty if nothing does."
    )
    vehicles: list[VehicleStandingOut]
    papers: list[PaperOut]
