"""An offer: a trip shown to one driver, who may accept or decline it without consequence.

It is made, then accepted, declined, lapsed or withdrawn: exactly one of these, once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from dispatch.errors import AttemptChanged, OfferOver
from dispatch.run import Planned, StopKind
from foundation.identifiers import DriverId, OfferId, RoundId, ShiftId, TripId, VehicleId


class OfferState(StrEnum):
    """Where an offer stands."""

    MADE = "made"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A trip shown to one driver until `deadline` (service time, judged by the database).

    Attributes
    ----------
    plan
        The stops ahead as they would be with the trip, in order; empty for a trip that comes after
        everything the driver has.
    promised
        What a rider who shares would be promised: the latest times of their stops.
    added_seconds
        How much longer the driver would be under way than without the trip.
    """

    offer_id: OfferId
    trip_id: TripId
    attempt: int
    driver_id: DriverId
    vehicle_id: VehicleId
    shift_id: ShiftId
    round_id: RoundId
    state: OfferState
    made_at: datetime
    deadline: datetime
    pickup_seconds: int
    why: dict[str, Any]
    plan: tuple[Planned, ...] = ()
    promised: Mapping[StopKind, datetime] = field(default_factory=dict)
    added_seconds: int = 0

    @property
    def pickup_at(self) -> datetime:
        """When the driver would be at the pick-up, as told with the offer."""
        return self.made_at + timedelta(seconds=self.pickup_seconds)


def check_open(offer: Offer, *, attempt: int | None) -> None:
    """Refuse an answer to an offer that is over, or that the driver saw in another form.

    Raises
    ------
    OfferOver, AttemptChanged
    """
    if offer.state is not OfferState.MADE:
        raise OfferOver(offer.offer_id, offer.state)
    if attempt is not None and attempt != offer.attempt:
        raise AttemptChanged(offer.offer_id, offer.attempt)
