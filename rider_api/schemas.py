"""What riders send and get. Coordinates are longitude, latitude; amounts are minor units."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from doorway.payment import PaysIn
from doorway.schemas import (
    DriverCardOut,
    LineOut,
    LonLat,
    Model,
    MoneyOut,
    Needs,
    Place,
    Reason,
    Seats,
    StatementLineOut,
    Word,
)


class UsualNeeds(Model):
    """What a rider always needs, like `wheelchair`; the same words as with a quote."""

    needs: Needs


class NeedsKept(Model):
    """How many usual needs are kept now."""

    kept: int


class QuoteIn(Model):
    """A journey to be priced."""

    pickup: Place
    dropoff: Place
    seats: Seats = 1
    vehicle_class: Word = "standard"
    needs: Needs = Field(default=[], description="Beside what you always need (`/me/needs`).")
    booked_for: AwareDatetime | None = Field(
        default=None, description="For a trip booked ahead; leave out for a car now."
    )
    shared: Annotated[bool, Field(strict=True)] = Field(
        default=False,
        description="Others may ride along: it costs less, whether anybody does or not.",
    )


class QuoteOut(Model):
    """A fixed price until `expires_at`; the lines sum to the total."""

    quote_id: UUID
    total_minor: int
    currency: str
    lines: list[LineOut]
    driver_pay_minor: int = Field(description="What the driver will get of it.")
    metres: int
    seconds: int
    expected_wait_seconds: int | None = Field(description="A guess; null if nobody is free now.")
    expires_at: datetime
    booked_for: datetime | None
    shared: bool = Field(description="Whether others may ride along; what that saves is a line.")
    zone_from: str | None
    zone_to: str | None
    tariff_rule_id: UUID
    degraded: bool = Field(description="The road engine was down: a straight-line estimate.")
    route: list[LonLat] = Field(description="(longitude, latitude) along the way.")


class TripIn(Model):
    """A booking. The caller makes `trip_id`, so that sending it twice books once."""

    trip_id: UUID
    quote_id: UUID
    pays: PaysIn = PaysIn()


class CancelIn(Model):
    """Why, if the rider wants to say."""

    reason: Reason | None = None


class RatingIn(Model):
    """One to five stars; read by people, never by a rule."""

    stars: Annotated[int, Field(strict=True, ge=1, le=5)]
    comment: Annotated[str, StringConstraints(max_length=1000)] | None = None


class TipIn(Model):
    """A tip, whole to the driver."""

    amount_minor: Annotated[int, Field(strict=True, ge=1, le=100_000)]


class ShareOut(Model):
    """A link for somebody who may follow the trip."""

    url: str


class TripOut(Model):
    """A trip as its rider sees it."""

    trip_id: UUID
    state: str
    seq: int
    attempt: int
    pickup: Place
    dropoff: Place
    seats: int
    vehicle_class: str
    needs: list[str]
    total_minor: int
    currency: str
    metres: int
    seconds: int
    pin: str = Field(description="Tell it to the driver when you get in.")
    driver: DriverCardOut | None
    eta_seconds: int | None = Field(
        description="Until the car is at the pick-up, through the stops it makes before."
    )
    shared: bool = Field(description="Whether others may ride along.")
    co_riders: int = Field(description="Other riders in the car now; never who they are.")
    latest_pickup_at: datetime | None = Field(
        description=(
            "Promised to a rider who shares: the car is at the pick-up by then. Whoever joins the "
            "ride may not change it; kept also where streets take a quarter longer than planned and "
            "each rider before is a minute late. Beyond that it is an estimate."
        )
    )
    latest_dropoff_at: datetime | None = Field(
        description=(
            "Promised likewise: you are at the end by then, later only by what the car waited for "
            "you at your pick-up."
        )
    )
    requested_at: datetime
    booked_for: datetime | None
    at_risk_since: datetime | None = Field(
        description="Booked ahead and nobody found yet, shortly before; null as long as it is well."
    )
    expires_at: datetime
    assigned_at: datetime | None
    arrived_at: datetime | None
    boarded_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    payment: str = Field(
        description="`account`, `card`, `cash` (to the driver), `customer` or `voucher`."
    )


class TripsOut(Model):
    """The rider's trips, newest first."""

    trips: list[TripOut]


class MeOut(Model):
    """The rider."""

    person_id: UUID
    name: str
    phone: str
    language: str
    roles: list[str]
    passkeys: int


class StatementOut(Model):
    """Money owed and paid from `start` to before `end`; `owed` is what is owed then."""

    start: datetime
    end: datetime
    opening: list[MoneyOut]
    lines: list[StatementLineOut]
    owed: list[MoneyOut]
