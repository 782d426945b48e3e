"""Around and after the trip: share link, rating, tip."""

import hashlib

from sqlalchemy.exc import IntegrityError

import ledger.service
from dispatch import errors
from dispatch.store import after as store
from dispatch.store import trips as trip_store
from dispatch.trip import Trip, TripState
from foundation.chance import token
from foundation.identifiers import RiderId, TripId
from foundation.money import Money
from storage.refusals import constraint_of
from storage.work import UnitOfWork


async def _own(work: UnitOfWork, trip_id: TripId, rider_id: RiderId) -> Trip:
    trip = await trip_store.find_trip(work, trip_id)
    if trip is None or trip.rider_id != rider_id:
        raise errors.TripNotFound(trip_id)
    return trip


async def share(work: UnitOfWork, *, trip_id: TripId, rider_id: RiderId) -> str:
    """A link's token for somebody who may follow this trip; only its digest is kept.

    Raises
    ------
    TripNotFound
    """
    trip = await _own(work, trip_id, rider_id)
    made = token(work.chance, bits=160)
    await store.insert_share_link(work, digest_of(made), trip.trip_id)
    return made


def digest_of(share_token: str) -> bytes:
    """What is stored of a share link's token (SHA-256)."""
    return hashlib.sha256(share_token.encode()).digest()


async def rate(
    work: UnitOfWork, *, trip_id: TripId, rider_id: RiderId, stars: int, comment: str | None
) -> None:
    """Keep the rider's rating. It is read by people; no rule and no round ever reads it.

    Raises
    ------
    TripNotFound, TripNotEnded, AlreadyRated
    """
    trip = await _own(work, trip_id, rider_id)
    if trip.state is not TripState.COMPLETED:
        raise errors.TripNotEnded(trip_id)
    try:
        await store.insert_rating(work, trip_id, stars=stars, comment=comment)
    except IntegrityError as error:
        if constraint_of(error) == "rating_pkey":
            raise errors.AlreadyRated(trip_id) from error
        raise


async def tip(work: UnitOfWork, *, trip_id: TripId, rider_id: RiderId, amount_minor: int) -> Money:
    """Give the driver a tip, whole, in the currency of the fare.

    Raises
    ------
    TripNotFound, TripNotEnded
    """
    trip = await _own(work, trip_id, rider_id)
    if trip.state is not TripState.COMPLETED or trip.holder is None:
        raise errors.TripNotEnded(trip_id)
    amount = Money(amount_minor, await store.currency_of(work, trip_id))
    await ledger.service.tip(
        work,
        trip_id=trip_id,
        rider_id=rider_id,
        driver_id=trip.holder.driver_id,
        amount=amount,
    )
    return amount
