"""Answers to "why this offer?", "why not me?" and "why does my rider still wait?".

Owns the words. A reason is a code and the numbers it speaks of, taken from what a round stored;
the sentence is made from a table, so that it can be said in any language. No sentence tells one
person another's name, place, earnings or trip: only "another driver", "another rider".

Directive (EU) 2024/2831 on platform work, article 11, gives a driver the right to an explanation
of a decision taken by an automated system.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dispatch.matching.candidates import nearness
from dispatch.matching.columns import columns_of
from dispatch.matching.cost import CostTerms
from dispatch.matching.limits import Limit, broken_before_roads, broken_on_roads
from dispatch.matching.plan import Alternative, Lost, OpenStill, Pairing, Plan
from dispatch.matching.reasons import main_differences
from dispatch.matching.round_input import RoundInput
from dispatch.matching.weighing import weigh
from foundation.identifiers import DriverId, TripId

WORTH_SAYING_MS = 1000
"""A preference below a second is not worth a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason: a stable code, and the numbers that its sentence speaks of."""

    code: str
    facts: Mapping[str, int]


def why_this_offer(pairing: Pairing) -> tuple[Reason, ...]:
    """Why a driver is offered a trip: the main reason first, then what else counted."""
    return (_main_reason(pairing), *_preferences(pairing), *_instead(pairing))


def why_not_me(
    round_input: RoundInput, plan: Plan, *, trip_id: TripId, driver_id: DriverId
) -> tuple[Reason, ...]:
    """Why a driver was not offered a trip in this round.

    Parameters
    ----------
    round_input, plan
        The stored round and what was decided from it.

    Returns
    -------
    tuple of Reason
        Every hard limit that was broken, or the one comparison that decided; and of a trip that
        nobody was offered, why it stayed open.
    """
    assert plan.input_digest == round_input.digest, "the plan of another round"
    open_still = tuple(reason for row in plan.unmatched if row.trip_id == trip_id
                       for reason in _left_open(row))  # fmt: skip
    mine = _why_not(round_input, plan, trip_id=trip_id, driver_id=driver_id)
    if open_still:
        # Good enough for it, and left free: why it was left open is the whole answer.
        mine = tuple(reason for reason in mine if reason.code != "not_you_not_weighed")
    return (*mine, *open_still)


def _why_not(
    round_input: RoundInput, plan: Plan, *, trip_id: TripId, driver_id: DriverId
) -> tuple[Reason, ...]:
    snapshot = round_input.snapshot
    trips = {row.trip_id: number for number, row in enumerate(snapshot.trips)}
    drivers = {row.driver_id: number for number, row in enumerate(snapshot.drivers)}
    if trip_id not in trips:
        return (_reason("trip_not_open"),)
    if driver_id not in drivers:
        return (_reason("driver_not_free"),)
    trip, driver = trips[trip_id], drivers[driver_id]
    unfit = _unfit(round_input, trip, driver)
    if unfit:
        return unfit
    weighed = weigh(round_input)
    pair = int(np.flatnonzero((weighed.problem.pairs == (trip, driver)).all(axis=1))[0])
    return _compared(
        weighed.costs.of(pair), plan.find_pairing(trip_id), plan.find_pairing_of(driver_id)
    )


def why_open(row: OpenStill) -> tuple[Reason, ...]:
    """Why a trip got no offer this round."""
    facts = {f"{limit}_drivers": count for limit, count in row.limits.items()}
    return (
        Reason(
            code=f"open_{row.because}",
            facts={"waited_seconds": row.waited_seconds, "candidates": row.candidates, **facts},
        ),
    )


def _left_open(row: OpenStill) -> tuple[Reason, ...]:
    """The same for a driver who asks: not how long the rider has waited, nor whom what forbids."""
    return (
        _reason("nobody_offered"),
        _reason(f"open_{row.because}", candidates=row.candidates),
    )


def sentence(reason: Reason, *, language: str = "en") -> str:
    """The reason in plain words. Raises KeyError for a language that has no table yet."""
    said = {
        name: _span(value) if name.endswith("_seconds") else value
        for name, value in reason.facts.items()
    }
    return MESSAGES[language][reason.code].format_map(said)


def _reason(code: str, **facts: int) -> Reason:
    return Reason(code=code, facts=facts)


def _seconds(milliseconds: int) -> int:
    """Rounded up: nobody is promised a second too few."""
    return -(-milliseconds // 1000)


def _main_reason(pairing: Pairing) -> Reason:
    mine = pairing.pickup_seconds
    if not pairing.other_drivers:
        return _reason("only_driver", pickup_seconds=mine)
    soonest = min(pairing.other_drivers, key=lambda other: other.terms.pickup_ms)
    facts = {"pickup_seconds": mine, "other_pickup_seconds": _seconds(soonest.terms.pickup_ms)}
    if not pairing.sooner:
        return _reason("soonest", **facts)
    return _reason(f"though_sooner_{soonest.lost}", **facts)


def _preferences(pairing: Pairing) -> tuple[Reason, ...]:
    """The parts of the cost that spoke for this driver, and the rider's wait."""
    terms = pairing.terms
    counted = {
        "counted_earnings": -terms.earnings_ms,
        "counted_idle": -terms.idle_ms,
        "counted_homeward": -terms.homeward_ms,
    }
    reasons = [
        _reason(code, counted_seconds=_seconds(nearer))
        for code, nearer in counted.items()
        if nearer >= WORTH_SAYING_MS
    ]
    if pairing.wanted_in_seconds is not None:
        reasons.append(_reason("rider_booked", wanted_in_seconds=pairing.wanted_in_seconds))
    if pairing.waited_seconds >= 60 and not pairing.wanted_in_seconds:
        reasons.append(_reason("rider_waited", waited_seconds=pairing.waited_seconds))
    return tuple(reasons)


def _instead(pairing: Pairing) -> tuple[Reason, ...]:
    """What the driver could have been offered instead, and why it is not that."""
    return tuple(_other_trip(other) for other in pairing.other_trips)


def _other_trip(other: Alternative) -> Reason:
    pickup_seconds = _seconds(other.terms.pickup_ms)
    return _reason(f"other_trip_{other.lost}", pickup_seconds=pickup_seconds)


def _unfit(round_input: RoundInput, trip: int, driver: int) -> tuple[Reason, ...]:
    """The hard limits that forbid the pair, or its place behind nearer drivers, if so."""
    snapshot = round_input.snapshot
    columns = columns_of(snapshot)
    policy = snapshot.policy
    one_trip, one_driver = np.array([trip]), np.array([driver])
    at = np.flatnonzero((round_input.pairs == (trip, driver)).all(axis=1))
    if len(at):
        flags = broken_on_roads(
            columns,
            policy,
            trips=one_trip,
            drivers=one_driver,
            drive_ms=round_input.pickup_ms[at].astype(np.int64),
        )
        return _limits(int(flags[0]))
    flags = broken_before_roads(columns, policy, trips=one_trip, drivers=one_driver)
    if flags[0]:
        return _limits(int(flags[0]))
    everybody = np.arange(len(snapshot.drivers))
    same_trip = np.full(len(everybody), trip)
    fit = broken_before_roads(columns, policy, trips=same_trip, drivers=everybody) == 0
    away = nearness(columns, trips=same_trip, drivers=everybody)
    # Ranked as the candidates were: the equally near by identifier.
    nearer = (away < away[driver]) | ((away == away[driver]) & (everybody < driver))
    ahead = int((fit & nearer).sum())
    return (_reason("not_among_nearest", ahead=ahead, asked=policy.candidates_per_trip),)


def _limits(flags: int) -> tuple[Reason, ...]:
    return tuple(_reason(f"limit_{(limit.name or '').lower()}") for limit in Limit(flags))


def _compared(mine: CostTerms, served: Pairing | None, own: Pairing | None) -> tuple[Reason, ...]:
    """What decided between a driver whose cost is `mine` and whoever was offered the trip.

    `served` is the trip's pairing and `own` the driver's, if they have one.
    """
    if own is not None and served is own:
        return (_reason("it_is_yours", pickup_seconds=own.pickup_seconds),)
    reasons = [] if served is None else [_than_you(mine, served)]
    if own is not None:
        # Cheaper for this trip and offered another: what they were needed for is the reason.
        reasons = [reason for reason in reasons if reason.code != "not_you_not_weighed"]
        reasons.append(_reason("offered_another", pickup_seconds=own.pickup_seconds))
    return tuple(reasons) or (_reason("not_you_not_weighed"),)


def _than_you(mine: CostTerms, served: Pairing) -> Reason:
    dearer = mine.total_ms - served.terms.total_ms
    lost = Lost.EQUAL if dearer == 0 else Lost.NOT_WEIGHED
    if dearer > 0:
        more = mine.array() - served.terms.array()
        lost = main_differences(more[:, None])[0]
    return _reason(
        f"not_you_{lost}",
        your_pickup_seconds=_seconds(mine.pickup_ms),
        pickup_seconds=served.pickup_seconds,
    )


def _span(seconds: int) -> str:
    """A length of time as people say it; the signs are those of the SI, in every language."""
    if seconds < 90:
        return f"{seconds} s"
    minutes = (seconds + 30) // 60
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


_ENGLISH: Mapping[str, str] = {
    # why this offer: the main reason
    "only_driver": "You are the only driver who can serve this trip now; you can be there in {pickup_seconds}.",
    "soonest": "You can be there soonest: in {pickup_seconds}; another driver would need {other_pickup_seconds}.",
    "though_sooner_needed_elsewhere": "A driver who could be there in {other_pickup_seconds} is needed for another rider; you can be there in {pickup_seconds}.",
    "though_sooner_earned_more": "A driver who could be there in {other_pickup_seconds} has earned more an hour on this shift; you can be there in {pickup_seconds}.",
    "though_sooner_offered_later": "A driver who could be there in {other_pickup_seconds} had an offer more recently; you can be there in {pickup_seconds}.",
    "though_sooner_needed_there": "More riders are expected where a driver is who could be there in {other_pickup_seconds}; you can be there in {pickup_seconds}.",
    "though_sooner_away_from_home": "It suits your way home better than that of a driver who could be there in {other_pickup_seconds}; you can be there in {pickup_seconds}.",
    "though_sooner_early": "A driver who could be there in {other_pickup_seconds} would have stood waiting longer for the time that the rider wants; you can be there in {pickup_seconds}.",
    "though_sooner_busy": "A driver who might be there in {other_pickup_seconds} is still on a trip, which may take longer; you can be there in {pickup_seconds}.",
    "though_sooner_equal": "You and a driver who could be there in {other_pickup_seconds} were equal in all that counts; who has waited longest goes first.",
    "though_sooner_not_weighed": "You were chosen in order of asking; you can be there in {pickup_seconds}.",
    # why this offer: what else counted
    "counted_earnings": "You have earned less an hour on this shift than the average; that counts as {counted_seconds} nearer.",
    "counted_idle": "You have waited for an offer; that counts as {counted_seconds} nearer.",
    "counted_homeward": "It leads towards where you end your shift; that counts as {counted_seconds} nearer.",
    "rider_booked": "The rider booked ahead and wants the car in {wanted_in_seconds}.",
    "rider_waited": "The rider has been waiting for {waited_seconds}.",
    # why this offer: what it could have been instead
    "other_trip_served_sooner": "Another trip, {pickup_seconds} from you, goes to a driver who serves it better.",
    "other_trip_served_by_another": "Another trip, {pickup_seconds} from you, goes to another driver, so that all riders together wait less.",
    "other_trip_waited_less": "Another trip, {pickup_seconds} from you, has waited less than this one.",
    "other_trip_further": "Another trip, {pickup_seconds} from you, would have cost more to reach.",
    "other_trip_equal": "Another trip, {pickup_seconds} from you, was equal in all that counts; who has waited longest goes first.",
    "other_trip_not_weighed": "Another trip, {pickup_seconds} from you, was not compared with this one.",
    # why not me
    "trip_not_open": "That trip was not waiting for a driver in this round.",
    "nobody_offered": "Nobody was offered that trip in this round; it went on waiting.",
    "joins_yours": "The rider shares and was offered to you, to join those you were on the way with.",
    "asked_to_share": "You were offered another rider in this round, to join those you were on the way with.",
    "joins_another": "The rider shares and was offered to a driver who was on the way with others who do.",
    "driver_not_free": "You were not on shift and free, or soon free, in this round.",
    "it_is_yours": "The trip was offered to you; you could be there in {pickup_seconds}.",
    "offered_another": "You were offered another trip in this round, {pickup_seconds} from you.",
    "not_among_nearest": "Drivers ahead of you in nearness who could serve it: {ahead}. The nearest {asked} were compared.",
    "limit_seats": "Your vehicle has fewer seats than the riders need.",
    "limit_vehicle_class": "The trip was asked for in another class of vehicle.",
    "limit_needs": "The rider needs something that your vehicle does not have on board.",
    "limit_zone": "You are not licensed to pick up there.",
    "limit_excluded": "You declined this trip or gave it back. It changes nothing for other trips.",
    "limit_shift": "Your shift would have ended before the trip.",
    "limit_driving": "Your driving time for today would have run out before the end of the trip.",
    "limit_range": "Your vehicle's range would not have been enough.",
    "limit_not_free_soon": "Your trip under way would not have ended soon enough.",
    "limit_too_far": "You could not have been there within the time that the policy allows.",
    "limit_too_early": "It was booked for later, and you would have stood waiting too long before; drivers near it are asked when the time is near.",
    "not_you_later": "Another driver could be there in {pickup_seconds}; you would have needed {your_pickup_seconds}.",
    "not_you_busy": "You were still on a trip, which might have taken longer than planned; the other driver could be there in {pickup_seconds}.",
    "not_you_earned_more": "You have earned more an hour on this shift than the driver who got it, who could be there in {pickup_seconds}; you would have needed {your_pickup_seconds}.",
    "not_you_offered_later": "You had an offer more recently than the driver who got it, who could be there in {pickup_seconds}; you would have needed {your_pickup_seconds}.",
    "not_you_needed_there": "More riders are expected where you are than around the driver who got it, who could be there in {pickup_seconds}; you would have needed {your_pickup_seconds}.",
    "not_you_away_from_home": "It suited the way home of the driver who got it better than yours; they could be there in {pickup_seconds}.",
    "not_you_early": "You would have stood waiting longer for the time that the rider wanted than the driver who got it, who could be there in {pickup_seconds}.",
    "not_you_equal": "You and the driver who got it were equal in all that counts; who has waited longest goes first.",
    "not_you_not_weighed": "You would have been as good for this trip; all trips together were served better this way.",
    # why a trip stays open
    "open_no_driver": "No driver is free on shift.",
    "open_seats": "No driver on shift has enough seats.",
    "open_vehicle_class": "No driver on shift has a vehicle of this class.",
    "open_needs": "No driver on shift has on board what the rider needs.",
    "open_zone": "No driver on shift is licensed to pick up there.",
    "open_excluded": "Every driver on shift was asked for this trip already.",
    "open_hours": "No driver in reach has enough time left on shift.",
    "open_range": "No vehicle on shift has enough range left.",
    "open_booked_later": "It is booked for later; drivers near it are asked when the time is near.",
    "open_no_fit_driver": "No driver on shift can serve this trip.",
    "open_no_driver_in_reach": "No driver who can serve this trip is near enough.",
    "open_others_sooner": "Drivers in reach: {candidates}. They go to riders whom they can serve sooner.",
    "open_driver_soon_free": "Drivers in reach: {candidates}. The best of them is still on a trip, and offered this one when free.",
    "open_others_waited_longer": "Drivers in reach: {candidates}. They go to riders who have waited longer.",
    # where to wait
    "advice_worth_more_there": "One more car there saves riders {worth_there_seconds} of waiting, where you are {worth_here_seconds}; the drive of {drive_seconds} counts as {drive_counts_seconds}.",
    "advice_requests": "Expected there: {requests_hour_there} requests an hour; where you are: {requests_hour_here}.",
    "advice_cars": "Cars there without a rider, you among them, once everybody is where advised: {cars_there}; where you are, if you stayed: {cars_here}.",
    "advice_best_here": "Stay where you are: no place is worth more than the drive to it counts. Expected here: {requests_hour_here} requests an hour for {cars_here} cars without a rider, which saves riders {worth_here_seconds} of waiting by the last of them.",
    "advice_there": "Stay where you are: this is where you were advised to wait.",
    "advice_range": "Stay where you are: what you said of your car's range may not be enough to drive on to where trips are asked for.",
    "advice_not_yet": "Stay where you are: advice has not been worked out for you yet; it soon will be.",
    "advice_off_shift": "There is no advice off shift.",
    "advice_under_way": "You have a trip; there is advice for drivers without one.",
    "advice_no_position": "Your position is not known; there is advice once it is.",
    "advice_shift_ends": "Stay where you are: your shift ends before a drive would be worth it.",
}  # fmt: skip

MESSAGES: Mapping[str, Mapping[str, str]] = {"en": _ENGLISH}
"""Sentences by language (ISO 639-1) and code. A fact whose name ends in `_seconds` is said as a
length of time; every other as the number it is."""
