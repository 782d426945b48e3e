"""A round in plain words: lines for `khan explain` and `khan round list`. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from dispatch.decision import Decision
from dispatch.matching.cost import TERMS, CostTerms
from dispatch.matching.explanation import Reason, sentence, why_this_offer
from dispatch.matching.plan import Pairing
from dispatch.store.rounds import RoundFigures
from foundation.errors import NotFound
from foundation.identifiers import UUID, DriverId, TripId
from khan.console import ArgumentUnusable

SHOWN_AT_MOST = 20
"""Pairings and open trips of one round that are shown; the rest are counted."""


ASKED_AT_MOST = 8
"""Trips that a driver without an offer is told of one by one."""


class NotInRound(NotFound):
    """The round knew no such trip or driver."""

    code = "not_in_round"

    def __init__(self, identifier: str) -> None:
        super().__init__(
            f"The round knew no open trip and no free driver {identifier}; "
            "without an identifier `khan explain` names those it knew.",
            identifier=identifier,
        )


def table_of(found: Sequence[RoundFigures]) -> Iterator[str]:
    """Rounds as a table, one a line."""
    if not found:
        yield "No round has had anything to decide yet."
        return
    yield (
        f"{'round':<36}  {'service time':<20}  {'trips':>5} {'drivers':>7} {'pairs':>6} "
        f"{'offers':>6} {'roads ms':>8} {'solve ms':>8} {'all ms':>7}"
    )
    for one in found:
        yield (
            f"{one.round_id}  {one.at:%Y-%m-%dT%H:%M:%SZ}  {one.trips:>5} {one.drivers:>7} "
            f"{one.pairs:>6} {one.offers:>6} {one.roads_ms:>8.1f} {one.solve_ms:>8.1f} "
            f"{one.total_ms:>7.1f}{'  degraded' if one.degraded else ''}"
        )


def explained(decision: Decision, asked: Sequence[str]) -> Iterator[str]:
    """The answer: to nothing asked, the round; to one identifier, it; to two, that pair.

    Raises
    ------
    NotInRound
        If the round knew no such trip or driver.
    ArgumentUnusable
        If two trips or two drivers are named.
    """
    known = [_known(decision, text) for text in asked]
    trips = [found for is_trip, found in known if is_trip]
    drivers = [found for is_trip, found in known if not is_trip]
    if len(trips) > 1 or len(drivers) > 1:
        what = "trips" if trips else "drivers"
        raise ArgumentUnusable(asked[1], f"two {what} are named; name a trip and a driver")
    if trips and drivers:
        return _pair(decision, TripId(trips[0]), DriverId(drivers[0]))
    if trips:
        return _trip(decision, TripId(trips[0]))
    if drivers:
        return _driver(decision, DriverId(drivers[0]))
    return _round(decision)


def _known(decision: Decision, text: str) -> tuple[bool, UUID]:
    """Whether it names a trip (or else a driver) of the round, and the identifier."""
    try:
        identifier = UUID(text)
    except ValueError:
        raise ArgumentUnusable(text, "is not an identifier") from None
    if decision.knows_trip(TripId(identifier)):
        return True, identifier
    if decision.knows_driver(DriverId(identifier)):
        return False, identifier
    raise NotInRound(text)


def _said(reasons: Iterable[Reason]) -> Iterator[str]:
    return (f"  {sentence(reason)}" for reason in reasons)


def _round(decision: Decision) -> Iterator[str]:
    plan, snapshot = decision.plan, decision.round_input.snapshot
    yield (
        f"Round {decision.round_id} at {decision.at:%Y-%m-%dT%H:%M:%SZ}: "
        f"{len(snapshot.trips)} open trips, {len(snapshot.drivers)} drivers, "
        f"{len(decision.round_input.pairs)} pairs weighed, {len(plan.pairings)} paired "
        f"({plan.method}, {plan.solver}{', degraded' if plan.degraded else ''})"
    )
    yield from _few(
        f"trip {trip_id} joins the run of driver {driver_id}"
        for trip_id, driver_id in decision.joined.items()
    )
    yield from _few(
        f"trip {one.trip_id} to driver {one.driver_id}, there in {one.pickup_seconds} s"
        for one in plan.pairings
    )
    yield from _few(
        line
        for one in plan.unmatched
        for line in (f"trip {one.trip_id} stays open", *_said(decision.of_trip(one.trip_id)))
    )


def _few(lines: Iterable[str]) -> Iterator[str]:
    """The first lines, and how many more there are."""
    rest = iter(lines)
    yield from islice(rest, SHOWN_AT_MOST)
    more = sum(1 for _ in rest)
    if more:
        yield f"... and {more} lines more"


def _trip(decision: Decision, trip_id: TripId) -> Iterator[str]:
    pairing = decision.plan.find_pairing(trip_id)
    if trip_id in decision.joined:
        yield f"Trip {trip_id} was offered to driver {decision.joined[trip_id]}, who is told:"
        yield from _said(decision.why_not(trip_id, decision.joined[trip_id]))
        return
    if pairing is None:
        yield f"Trip {trip_id} stayed open in this round."
        yield from _said(decision.of_trip(trip_id))
        return
    yield from _offered(pairing)
    for other in pairing.other_drivers:
        yield f"Instead of driver {other.driver_id}, who is told:"
        yield from _said(decision.why_not(trip_id, other.driver_id))
        yield from _terms(other.terms)


def _driver(decision: Decision, driver_id: DriverId) -> Iterator[str]:
    pairing = decision.plan.find_pairing_of(driver_id)
    for trip_id in (trip for trip, driver in decision.joined.items() if driver == driver_id):
        yield from _trip(decision, trip_id)
        return
    if pairing is not None:
        yield from _offered(pairing)
        return
    trips = decision.round_input.snapshot.trips
    yield f"Driver {driver_id} was offered no trip in this round. Of each open trip they are told:"
    for trip in trips[:ASKED_AT_MOST]:  # each answer weighs the whole round again
        yield f"trip {trip.trip_id}"
        yield from _said(decision.why_not(trip.trip_id, driver_id))
    if len(trips) > ASKED_AT_MOST:
        yield f"... and {len(trips) - ASKED_AT_MOST} trips more; name one of them to ask of it"


def _pair(decision: Decision, trip_id: TripId, driver_id: DriverId) -> Iterator[str]:
    yield f"Of trip {trip_id} driver {driver_id} is told:"
    yield from _said(decision.why_not(trip_id, driver_id))


def _offered(pairing: Pairing) -> Iterator[str]:
    yield f"Trip {pairing.trip_id} was offered to driver {pairing.driver_id}, who is told:"
    yield from _said(why_this_offer(pairing))
    yield from _terms(pairing.terms)


def _terms(terms: CostTerms) -> Iterator[str]:
    """The stored cost by its parts, in seconds of a rider's waiting."""
    parts = ((name.removesuffix("_ms"), getattr(terms, name)) for name in TERMS)
    counted = ", ".join(f"{name} {value / 1000:+.1f}" for name, value in parts if value)
    yield f"  cost {terms.total_ms / 1000:.1f} s ({counted or 'nothing'})"
