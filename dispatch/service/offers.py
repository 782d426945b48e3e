"""Answering offers: accept, decline, lapse."""

from datetime import datetime, timedelta

from sqlalchemy.exc import DBAPIError

from dispatch import errors
from dispatch import trip as machine
from dispatch.events import OfferAccepted, OfferDeclined, OfferEvent, OfferLapsed, OfferWithdrawn
from dispatch.offer import Offer, OfferState, check_open
from dispatch.run import Planned, Run, StopKind, joined
from dispatch.store import offers as store
from dispatch.store import steps
from dispatch.store import trips as trip_store
from dispatch.store.runs import lock_run
from dispatch.trip import Actor, By, Holder, Step, Trip, TripState
from foundation.identifiers import DriverId, EventId, OfferId, TripId
from registry.errors import NotFitToWork
from storage.refusals import constraint_of, detail_of
from storage.work import UnitOfWork


async def _lock_own(work: UnitOfWork, offer_id: OfferId, driver_id: DriverId) -> tuple[Offer, Trip]:
    """The driver's offer and its trip, the trip locked and the offer read again under the lock."""
    offer = await store.find_offer(work, offer_id)
    if offer is None or offer.driver_id != driver_id:
        raise errors.OfferNotFound(offer_id)
    return await _lock(work, offer)


async def _lock(work: UnitOfWork, offer: Offer) -> tuple[Offer, Trip]:
    trip = await trip_store.lock_trip(work, offer.trip_id)
    locked = await store.find_offer(work, offer.offer_id)
    assert trip is not None
    assert locked is not None
    return locked, trip


async def accept_offer(
    work: UnitOfWork, *, offer_id: OfferId, driver_id: DriverId, attempt: int | None
) -> Trip:
    """The driver takes the trip: their run begins, or goes on with it; the rider is told.

    Raises
    ------
    OfferNotFound, AttemptChanged, PlanOvertaken
    OfferOver
        If it was answered or withdrawn, or its deadline passed by the database's clock (I8).
    registry.errors.NotFitToWork, OutOfHours
        If papers, standing or hours do not allow it any more, by the database's clock (I11).
    """
    offer, trip = await _lock_own(work, offer_id, driver_id)
    check_open(offer, attempt=attempt)
    assert trip.state is TripState.MATCHING, "an open offer belongs to a trip that looks (I7)"
    try:
        accepted_at = await store.accept(work, offer_id)
    except DBAPIError as error:
        raise _refusal(error, offer) from error
    if accepted_at is None:
        raise errors.OfferOver(offer_id, OfferState.LAPSED)
    run = await lock_run(work, driver_id)
    plan = offer.plan or at_the_end(run, trip, pickup_at=offer.pickup_at)
    run = joined(run, plan, trip_id=trip.trip_id, party=trip.party, promised=offer.promised)
    holder = Holder(
        driver_id=driver_id,
        vehicle_id=offer.vehicle_id,
        run_id=run.run_id,
        shift_id=offer.shift_id,
    )
    by = By(actor=Actor.DRIVER, actor_id=driver_id)
    trip, fact = machine.advance(trip, Step.ACCEPT, now=work.now, by=by, holder=holder)
    await steps.save_taken(work, trip, fact, run=run)
    _announce(work, OfferAccepted, offer)
    return trip


def at_the_end(run: Run, trip: Trip, *, pickup_at: datetime) -> list[Planned]:
    """The plan of a trip that comes after everything the driver has: their first, or the next."""
    ahead = [Planned(trip_id=s.trip_id, kind=s.kind, expected_at=s.expected_at) for s in run.ahead]
    dropoff_at = pickup_at + timedelta(seconds=trip.direct_seconds)
    return [
        *ahead,
        Planned(trip_id=trip.trip_id, kind=StopKind.PICKUP, expected_at=pickup_at),
        Planned(trip_id=trip.trip_id, kind=StopKind.DROPOFF, expected_at=dropoff_at),
    ]


def _refusal(error: DBAPIError, offer: Offer) -> Exception:
    """The refusal behind what the database would not accept."""
    match constraint_of(error):
        case "i08_accepted_before_the_deadline":
            return errors.OfferOver(offer.offer_id, OfferState.LAPSED)
        case "i11_fit_at_acceptance":
            return NotFitToWork((detail_of(error) or "").split())
        case "i11_on_shift_within_hours":
            return errors.OutOfHours()
        case _:
            return error


async def decline_offer(
    work: UnitOfWork, *, offer_id: OfferId, driver_id: DriverId, reason: str | None
) -> None:
    """The driver does not want the trip. It is not offered to them again, and that is all.

    Raises
    ------
    OfferNotFound, OfferOver
    """
    offer, _ = await _lock_own(work, offer_id, driver_id)
    check_open(offer, attempt=None)
    await _end(work, offer, OfferState.DECLINED, because="declined", reason=reason)


async def lapse_offer(work: UnitOfWork, offer_id: OfferId) -> None:
    """End an offer whose deadline passed unanswered; nothing if it was answered meanwhile."""
    offer = await store.find_offer(work, offer_id)
    if offer is None:
        return
    locked, _ = await _lock(work, offer)
    if locked.state is OfferState.MADE and locked.deadline <= work.now:
        await _end(work, locked, OfferState.LAPSED, because="lapsed", reason=None)


async def withdraw_open_offer_of(work: UnitOfWork, driver_id: DriverId, *, reason: str) -> None:
    """Withdraw the driver's open offer, if there is one: they go off shift or may not work."""
    offer = await store.find_open_of_driver(work, driver_id)
    if offer is None:
        return
    locked, _ = await _lock(work, offer)
    if locked.state is OfferState.MADE:
        await _end(work, locked, OfferState.WITHDRAWN, because="withdrawn", reason=reason)


async def withdraw_open_offer_of_trip(work: UnitOfWork, trip_id: TripId, *, reason: str) -> None:
    """Withdraw the trip's open offer, if it has one. The caller holds the trip's lock."""
    offer = await store.find_open_of_trip(work, trip_id)
    if offer is not None:
        await store.end(work, offer.offer_id, OfferState.WITHDRAWN, reason=reason)
        _announce(work, OfferWithdrawn, offer)


async def _end(
    work: UnitOfWork, offer: Offer, state: OfferState, *, because: str, reason: str | None
) -> None:
    await store.end(work, offer.offer_id, state, reason=reason)
    await trip_store.exclude(work, offer.trip_id, offer.driver_id, because)
    kinds: dict[OfferState, type[OfferEvent]] = {
        OfferState.DECLINED: OfferDeclined,
        OfferState.LAPSED: OfferLapsed,
        OfferState.WITHDRAWN: OfferWithdrawn,
    }
    _announce(work, kinds[state], offer)


def _announce(work: UnitOfWork, kind: type[OfferEvent], offer: Offer) -> None:
    work.announce(
        kind(
            event_id=EventId(work.new_id()),
            occurred_at=work.now,
            offer_id=offer.offer_id,
            trip_id=offer.trip_id,
            attempt=offer.attempt,
            driver=offer.driver_id,
        )
    )
