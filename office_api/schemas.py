"""What the office sends and gets."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

import dispatch.views.staff
from doorway.schemas import Model, Needs, Place, Reason, Seats, Word


class PurposeIn(Model):
    """Why you are about to look, and at which trip (none for the fleet as a whole: `watch`)."""

    reason: dispatch.views.staff.Reason
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    trip_id: UUID | None = None
    hours: Annotated[int, Field(strict=True, ge=1, le=12)] = 1


class PurposeOut(Model):
    """Send it as `Purpose-Id` with each look."""

    purpose_id: UUID


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


class BookingOut(Model):
    """What to tell the caller: the price, and the PIN for the driver."""

    trip_id: UUID
    state: str
    total_minor: int
    currency: str
    pin: str
    expires_at: datetime


class CancelIn(Model):
    """Why; it is shown to the rider."""

    reason: Reason


class TripOut(Model):
    """A trip with its events, without the PIN."""

    trip: dict[str, Any]
