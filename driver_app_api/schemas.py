"""What drivers send and get. Coordinates are longitude, latitude; amounts are minor units."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from doorway.schemas import (
    Latitude,
    Longitude,
    LonLat,
    Model,
    MoneyOut,
    Place,
    Reason,
    StatementLineOut,
)


class ShiftIn(Model):
    """Going on duty: the caller makes `shift_id`; where the car stands now comes with it."""

    shift_id: UUID
    vehicle_id: UUID
    lon: Longitude
    lat: Latitude


class ShiftOut(Model):
    """A shift; `ends_by` is when its hours are used up."""

    shift_id: UUID
    vehicle_id: UUID
    started_at: datetime
    ends_by: datetime


class PlannedStopOut(Model):
    """A stop as it would be; `kind` is `pickup` or `dropoff`."""

    trip_id: UUID
    kind: str
    expected_at: datetime


class HomewardIn(Model):
    """Where you would like to end your shift; null takes it back."""

    place: Place | None


class RangeIn(Model):
    """How far your car still goes, in metres; null if that need not be counted."""

    range_metres: Annotated[int, Field(strict=True, ge=0, le=5_000_000)] | None


class WishesOut(Model):
    """What is kept of what you said of this shift, until it ends. Nobody else is shown it."""

    homeward: Place | None = Field(description="To a hundredth of a degree, about a kilometre.")
    range_metres: int | None


class OfferOut(Model):
    """A trip shown to you. Declining or letting it lapse has no consequence."""

    offer_id: UUID
    trip_id: UUID
    attempt: int
    state: str
    made_at: datetime
    deadline: datetime
    pickup: Place
    dropoff: Place
    pickup_zone: str | None
    dropoff_zone: str | None
    pay_minor: int = Field(description="What you get; a tip is never in it.")
    currency: str
    trip_metres: int
    trip_seconds: int
    pickup_seconds: int
    booked_for: datetime | None = Field(
        description="When the rider wants the car, if they booked ahead; you may come before."
    )
    seats: int
    needs: list[str]
    reason: dict[str, Any] = Field(description="Why you: codes with numbers, and plain words.")
    shared: bool = Field(description="Whether others may ride along.")
    next_job: bool = Field(description="You have a trip under way; this one would join it.")
    added_seconds: int = Field(description="How much longer you would be under way.")
    stops: list[PlannedStopOut] = Field(
        description="Your stops as they would be, in order; empty if it comes after all you have."
    )


class OffersOut(Model):
    """What you may answer now."""

    offers: list[OfferOut]


class ReasonOut(Model):
    """One reason: a stable code, the numbers it speaks of, and the same in plain words."""

    code: str
    facts: dict[str, int]
    words: str


class WayToGoOut(Model):
    """Where to wait: a zone of the public demand, and a place on the road in the midst of it."""

    zone: int = Field(description="Its number in `/public/v1/demand`.")
    name: str = Field(description="The streets that meet at the place, and the city's own zone.")
    place: Place
    drive_seconds: int


class AdviceOut(Model):
    """Where to wait, and why. Nobody notes whether you go; whoever stays loses nothing."""

    goes_to: WayToGoOut | None = Field(description="Null: stay where you are.")
    reasons: list[ReasonOut] = Field(description="Why you should go, or why there is no advice.")
    as_of: datetime | None = Field(description="When it was worked out; null if it was not.")
    stands_until: datetime | None = Field(
        description="Newer advice replaces it before then; ask again, or listen to the live feed."
    )


class WhyOut(Model):
    """Why a trip was offered to you: the main reason first, then what else counted."""

    offer_id: UUID
    trip_id: UUID
    decided_at: datetime
    reasons: list[ReasonOut]


class WhyNotOut(Model):
    """Why a trip was not offered to you: each limit that forbade it, or what decided."""

    trip_id: UUID
    decided_at: datetime
    reasons: list[ReasonOut]


class AcceptIn(Model):
    """The attempt you saw, so that nobody accepts what has changed meanwhile."""

    attempt: Annotated[int, Field(strict=True, ge=1)] | None = None


class DeclineIn(Model):
    """Why, if you want to say; it is read by people only."""

    reason: Reason | None = None


class TripOut(Model):
    """A trip as its driver sees it: no PIN, no phone, the rider by first name."""

    trip_id: UUID
    state: str
    seq: int
    attempt: int
    rider_first_name: str
    pickup: Place
    dropoff: Place
    pickup_zone: str | None
    dropoff_zone: str | None
    seats: int
    shared: bool
    needs: list[str]
    pay_minor: int
    currency: str
    trip_metres: int
    trip_seconds: int
    requested_at: datetime
    booked_for: datetime | None = Field(
        description="Waiting, paid or not, and a no-show count from then."
    )
    assigned_at: datetime | None
    arrived_at: datetime | None
    boarded_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    payment: str = Field(
        description="`cash`: you collect it. Otherwise nothing is to be collected."
    )
    cash_to_collect_minor: int = Field(
        description="What the rider hands you at the end: the price, until the fare is settled with "
        "waiting and tolls; 0 unless it is paid in cash."
    )


class CashShortIn(Model):
    """How much of a cash fare you did not get."""

    missing_minor: Annotated[int, Field(strict=True, ge=1, le=100_000_000)]


class CashShortOut(Model):
    """What the rider owes now in your place."""

    trip_id: UUID
    missing_minor: int
    currency: str


class CurrentOut(Model):
    """The trip of your next stop, if there is one."""

    trip: TripOut | None


class StopOut(Model):
    """A stop ahead of you; `kind` is `pickup` or `dropoff`, `state` that of its trip."""

    trip_id: UUID
    kind: str
    state: str
    place: Place
    zone: str | None
    seats: int
    shared: bool
    booked_for: datetime | None
    expected_at: datetime = Field(description="As your run was last planned.")
    latest_at: datetime | None = Field(description="As promised to a rider who shares.")


class RunOut(Model):
    """Your stops ahead, in the order in which to make them; empty when you are free."""

    stops: list[StopOut]


class ArriveIn(Model):
    """Where you are; away from the pick-up, say why."""

    lon: Longitude
    lat: Latitude
    reason: Reason | None = None


class BoardIn(Model):
    """The rider's PIN, or why there is none."""

    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,8}$")] | None = None
    reason: Reason | None = None


class ReasonIn(Model):
    """Why."""

    reason: Reason


class NoShowIn(Model):
    """Whether you tried to reach the rider."""

    contact_attempted: Annotated[bool, Field(strict=True)]


class VehicleOut(Model):
    """A vehicle you may drive."""

    vehicle_id: UUID
    plate: str
    make: str
    model: str
    colour: str
    vehicle_class: str
    seats: int
    equipment: list[str]


class ExpiringOut(Model):
    """A paper that ends soon."""

    kind: str
    valid_to: datetime


class MeOut(Model):
    """You, your vehicles, and whether you may work."""

    person_id: UUID
    name: str
    fit: bool
    reasons: list[str]
    expiring: list[ExpiringOut]
    vehicles: list[VehicleOut]
    shift: ShiftOut | None


class WorkedOut(Model):
    """The work a pay is for: seconds, metres with riders on board (once, however many share the
    car), completed trips."""

    seconds_on_shift: int
    seconds_engaged: int
    metres: int
    trips: int


class EarnedOut(Model):
    """What you earned in a time; pay by the hour is without tips, null without any hour."""

    pay: MoneyOut
    tips: MoneyOut
    reimbursed: MoneyOut
    worked: WorkedOut
    pay_per_engaged_hour: MoneyOut | None
    pay_per_hour_on_shift: MoneyOut | None


class EarningsOut(Model):
    """Since the city's midnight, and since your shift began (null off shift)."""

    today: EarnedOut
    shift: EarnedOut | None


class TotalsOut(Model):
    """What a statement comes to in one currency."""

    opening: MoneyOut
    pay: MoneyOut
    tips: MoneyOut
    reimbursed: MoneyOut
    other: MoneyOut
    closing: MoneyOut
    pay_per_engaged_hour: MoneyOut | None
    pay_per_hour_on_shift: MoneyOut | None


class StatementOut(Model):
    """Every line from `start` to before `end`, with the work it is for."""

    start: datetime
    end: datetime
    lines: list[StatementLineOut]
    totals: list[TotalsOut]
    worked: WorkedOut


class RouteEnds(Model):
    """From where to where."""

    from_lon: Annotated[float, Field(ge=-180, le=180)]
    from_lat: Annotated[float, Field(ge=-90, le=90)]
    to_lon: Annotated[float, Field(ge=-180, le=180)]
    to_lat: Annotated[float, Field(ge=-90, le=90)]


class ManoeuvreOut(Model):
    """What to do next, where."""

    turn: str
    street: str
    metres: int
    lon: float
    lat: float


class RouteOut(Model):
    """The quickest way: whole seconds and metres, the line, and what to do along it."""

    seconds: int
    metres: int
    line: list[LonLat]
    manoeuvres: list[ManoeuvreOut]
    degraded: bool
