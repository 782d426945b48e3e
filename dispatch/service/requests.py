"""Asking for a trip, cancelling it, giving it up."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.exc import IntegrityError

import fares.service
import ledger.customers.paying
import ledger.payments.service
import ledger.service
import rulebook.service
from dispatch import errors
from dispatch import trip as machine
from dispatch.run import Party, Run
from dispatch.service.offers import withdraw_open_offer_of_trip
from dispatch.store import steps
from dispatch.store import trips as store
from dispatch.trip import SYSTEM, Actor, By, Step, Trip, TripState, whole_seconds
from fares.errors import QuoteExpired
from fares.quote import Quote
from foundation.chance import digits
from foundation.identifiers import UUID, QuoteId, RiderId, RuleId, TripId
from foundation.money import Money
from ledger.customers.way import BY_ACCOUNT, Chosen, Way
from rulebook.booking_policy import BookingPolicy
from rulebook.rule import RuleKind
from storage.refusals import constraint_of
from storage.work import UnitOfWork


async def policy_of(work: UnitOfWork, trip: Trip) -> BookingPolicy:
    """The booking policy the trip was asked for under: later ones do not touch it."""
    return rulebook.service.booking_policy_of(
        await rulebook.service.get_rule(work, trip.booking_rule_id)
    )


async def request_trip(
    work: UnitOfWork,
    *,
    trip_id: TripId,
    quote_id: QuoteId,
    rider_id: RiderId,
    by: By,
    channel: str = "app",
    taken_by: UUID | None = None,
    pays: Chosen = BY_ACCOUNT,
) -> Trip:
    """Book a quote: hold its price, write the booking register, begin to look for a driver.

    A trip for now starts matching in the same unit of work; one booked ahead is `scheduled`.

    Raises
    ------
    fares.errors.QuoteNotFound, fares.errors.QuoteExpired
    QuoteAlreadyBooked, TripIdTaken, TooManyOpenRequests
    ledger.customers.errors, ledger.payments.errors.CardNeeded, ledger.payments.errors.CardNotFound
        If whoever is to pay does not, or cannot.
    """
    quote = await fares.service.get_standing_quote(work, quote_id, rider_id)
    rule = await rulebook.service.in_force(work, RuleKind.BOOKING_POLICY, work.now)
    policy = rulebook.service.booking_policy_of(rule)
    slot = await store.find_free_slot(work, rider_id, policy.open_requests_per_rider)
    if slot is None:
        raise errors.TooManyOpenRequests(policy.open_requests_per_rider)
    trip = _new_trip(work, trip_id, quote, policy=policy, rule_id=rule.rule_id)
    request = store.Request(
        channel=channel,
        taken_by=taken_by,
        slot=slot,
        quote=quote,
        matching_from=_matching_from(quote, policy, now=work.now),
    )
    try:
        await store.insert_trip(work, trip, request, by=by)
    except IntegrityError as error:
        raise _refusal(error, trip, quote, policy) from error
    if pays.way is not Way.ACCOUNT:
        await ledger.customers.paying.choose(
            work, pays, trip_id=trip_id, rider_id=rider_id, total=quote.total,
            rides_at=quote.booked_for or work.now,
        )  # fmt: skip
        trip = replace(trip, payment=pays.way.value)
    await ledger.service.hold(work, trip_id=trip_id, rider_id=rider_id, amount=quote.total)
    if pays.way is Way.CARD:
        await ledger.payments.service.wants_card(
            work, trip_id=trip_id, rider_id=rider_id, amount=quote.total, card_id=pays.card_id
        )
    if trip.state is TripState.REQUESTED:
        trip, fact = machine.advance(trip, Step.START_MATCHING, now=work.now, by=SYSTEM)
        await steps.save_step(work, trip, fact)
    return trip


def _new_trip(
    work: UnitOfWork, trip_id: TripId, quote: Quote, *, policy: BookingPolicy, rule_id: RuleId
) -> Trip:
    """The trip as it is asked for: now, or ahead."""
    return Trip(
        trip_id=trip_id,
        rider_id=quote.rider_id,
        quote_id=quote.quote_id,
        booking_rule_id=rule_id,
        state=TripState.REQUESTED if quote.booked_for is None else TripState.SCHEDULED,
        last_seq=1,
        attempt=1,
        pickup=quote.pickup,
        dropoff=quote.dropoff,
        party=Party(riders=quote.seats, is_shared=quote.is_shared),
        direct_seconds=quote.seconds,
        pin=digits(policy.pin_digits, work.chance),
        pin_tries_left=policy.pin_tries,
        requested_at=work.now,
        booked_for=quote.booked_for,
        expires_at=(quote.booked_for or work.now) + timedelta(seconds=policy.request_expires_s),
        state_since=work.now,
    )


def _matching_from(quote: Quote, policy: BookingPolicy, *, now: datetime) -> datetime:
    """When the search begins at the latest, and from when the rider counts as waiting.

    A booked trip whose city is short of cars is looked for sooner (`dispatch.booked`).
    """
    if quote.booked_for is None:
        return now
    return max(now, quote.booked_for - timedelta(seconds=policy.book_ahead_lead_s))


def _refusal(error: IntegrityError, trip: Trip, quote: Quote, policy: BookingPolicy) -> Exception:
    """The refusal a broken constraint stands for; two requests at once meet here."""
    match constraint_of(error):
        case "a_quote_is_booked_once":
            return errors.QuoteAlreadyBooked(quote.quote_id)
        case "trip_pkey":
            return errors.TripIdTaken(trip.trip_id)
        case "i04_one_open_request_a_slot" | "i04_open_requests_within_policy":
            return errors.TooManyOpenRequests(policy.open_requests_per_rider)
        case "i18_a_valid_quote_of_the_rider":
            return QuoteExpired(str(quote.quote_id), quote.expires_at.isoformat())
        case _:
            return error


async def start_matching(work: UnitOfWork, trip_id: TripId) -> None:
    """Begin the search for a booked trip whose time has come; nothing if it began already."""
    trip = await store.lock_trip(work, trip_id)
    if trip is None or trip.state is not TripState.SCHEDULED:
        return
    trip, fact = machine.advance(trip, Step.START_MATCHING, now=work.now, by=SYSTEM)
    await steps.save_step(work, trip, fact)


async def expire(work: UnitOfWork, trip_id: TripId) -> None:
    """Give up on a trip that found no driver in time; nothing if it found one meanwhile."""
    trip = await store.lock_trip(work, trip_id)
    if trip is None or trip.state is not TripState.MATCHING or trip.expires_at > work.now:
        return
    by = By(actor=Actor.SYSTEM, reason="no_driver_found")
    await _end_unserved(work, trip, Step.EXPIRE, by=by)


async def cancel(work: UnitOfWork, *, trip_id: TripId, rider_id: RiderId, by: By) -> Trip:
    """The rider cancels; free while no driver is on the way, then by the booking policy.

    Raises
    ------
    TripNotFound, IllegalStep
    """
    trip = await store.lock_trip(work, trip_id)
    if trip is None or trip.rider_id != rider_id:
        raise errors.TripNotFound(trip_id)
    return await _end_unserved(work, trip, Step.RIDER_CANCEL, by=by)


async def cancel_by_operator(work: UnitOfWork, *, trip_id: TripId, by: By) -> Trip:
    """The office cancels; never with a fee.

    Raises
    ------
    TripNotFound, IllegalStep
    """
    trip = await store.lock_trip(work, trip_id)
    if trip is None:
        raise errors.TripNotFound(trip_id)
    return await _end_unserved(work, trip, Step.OPERATOR_CANCEL, by=by)


async def _end_unserved(work: UnitOfWork, trip: Trip, step: Step, *, by: By) -> Trip:
    """End a trip before anybody boarded: withdraw its offer, settle or void what was held."""
    ended, fact = machine.advance(trip, step, now=work.now, by=by)
    await withdraw_open_offer_of_trip(work, trip.trip_id, reason=step)
    if trip.holder is None:
        await steps.save_step(work, ended, fact)
    else:
        run = await steps.save_let_go(work, ended, fact)
        await record_engagement(work, trip, run=run)
    fee = await _cancellation_fee(work, trip) if step is Step.RIDER_CANCEL else 0
    await charge_fee(work, trip, "cancellation", fee)
    return ended


async def _cancellation_fee(work: UnitOfWork, trip: Trip) -> int:
    """What the rider owes for cancelling now, in minor units."""
    if trip.holder is None:
        return 0
    policy = await policy_of(work, trip)
    if machine.cancellation_is_free(
        trip,
        now=work.now,
        free_seconds=policy.cancel_free_s,
        ahead_seconds=policy.book_ahead_cancel_free_s,
    ):
        return 0
    return policy.cancel_fee_minor


async def charge_fee(
    work: UnitOfWork, trip: Trip, kind: Literal["cancellation", "no_show"], fee_minor: int
) -> None:
    """Post the fee of a trip that did not take place, never above its quote; or let the hold go."""
    quote = await fares.service.get_quote(work, trip.quote_id, trip.rider_id)
    amount = Money(min(fee_minor, quote.total.minor), quote.total.currency)
    if trip.holder is None or amount.minor <= 0:
        await ledger.service.void_hold(work, trip_id=trip.trip_id)
        return
    await ledger.service.settle_fee(
        work,
        trip_id=trip.trip_id,
        rider_id=trip.rider_id,
        driver_id=trip.holder.driver_id,
        kind=kind,
        amount=amount,
        tariff_rule_id=quote.tariff_rule_id,
    )
    await pay_charge(work, trip)


async def pay_charge(work: UnitOfWork, trip: Trip) -> None:
    """Let whoever the booking named pay what the trip was just charged."""
    if trip.payment != Way.ACCOUNT:
        await ledger.customers.paying.pay_charge(work, trip.trip_id)


async def record_engagement(
    work: UnitOfWork, trip: Trip, *, run: Run, metres: int = 0, completed: bool = False
) -> None:
    """Keep what the trip's driver did: engaged from the acceptance to now.

    With more than one trip in a run, each second of the run counts once: with the trip that ends
    next. For a trip alone that is from its acceptance to its end. `metres` are counted once a run
    likewise; the trip's own row keeps its rider's whole way.
    """
    assert trip.holder is not None
    await ledger.service.record_work(
        work,
        driver_id=trip.holder.driver_id,
        shift_id=trip.holder.shift_id,
        trip_id=trip.trip_id,
        seconds_engaged=whole_seconds(work.now - run.counted_until),
        metres=metres,
        trips=int(completed),
    )
