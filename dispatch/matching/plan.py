"""The outcome of a round: who is offered which trip, who waits on, and why.

Owns the plan as values and its canonical bytes, with every number that an explanation needs, so
that a question asked a year later is answered from what was stored, not worked out anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from dispatch.matching.codec import (
    KNOWN_IDENTIFIER,
    TRUTH,
    UNREADABLE,
    WHOLE,
    WORD,
    Kind,
    canonical,
    digest_of,
    one,
    optional,
    read_object,
    read_row,
    several,
    write_row,
)
from dispatch.matching.cost import TERMS, CostTerms
from dispatch.matching.errors import RoundUnreadable
from dispatch.matching.fields import COUNTS, choice_of, rows_of
from dispatch.matching.packing import Packer, Unpacker
from foundation.identifiers import DriverId, TripId

FORM_PLAN = "khan-cars matching plan 2"

VERSION = 3
"""Grows whenever the same input may give another plan."""


class Method(StrEnum):
    """How a round is chosen."""

    ASSIGNMENT = "assignment"  # the optimum
    SORTED_GREEDY = "sorted_greedy"  # the fallback for a round too large to solve in time
    NEAREST_DRIVER = "nearest_driver"  # the baseline of studies


class Lost(StrEnum):
    """Why an alternative to a pairing was not taken."""

    LATER = "later"  # this driver would be at the pick-up later
    BUSY = "busy"  # this driver is not free yet
    EARNED_MORE = "earned_more"  # this driver has earned more an hour
    OFFERED_LATER = "offered_later"  # this driver had an offer more recently
    NEEDED_THERE = "needed_there"  # more riders are expected where this driver is
    AWAY_FROM_HOME = "away_from_home"  # it leads away from where this driver ends the shift
    EARLY = "early"  # this driver would stand waiting longer for the wanted time of a booking
    NEEDED_ELSEWHERE = "needed_elsewhere"  # this driver is offered another trip
    SERVED_SOONER = "served_sooner"  # the other trip has a driver who costs it less
    SERVED_BY_ANOTHER = "served_by_another"  # has another driver: all riders together wait less
    WAITED_LESS = "waited_less"  # the other trip stays open: its rider has waited less
    FURTHER = "further"  # the other trip stays open: it is dearer to reach
    EQUAL = "equal"  # a dead heat: who waited longest won it, or the order of identifiers
    NOT_WEIGHED = "not_weighed"  # the method taken does not look at it


class OpenBecause(StrEnum):
    """Why a trip stays open this round."""

    NO_DRIVER = "no_driver"  # nobody is free on shift
    SEATS = "seats"  # nobody has so many seats
    VEHICLE_CLASS = "vehicle_class"  # nobody drives this class
    NEEDS = "needs"  # nobody has what the rider needs on board
    ZONE = "zone"  # nobody is licensed to pick up here
    EXCLUDED = "excluded"  # everybody was asked already
    HOURS = "hours"  # nobody has the time left
    RANGE = "range"  # nobody's vehicle goes so far
    BOOKED_LATER = "booked_later"  # whoever is near would stand waiting for the wanted time
    NO_FIT_DRIVER = "no_fit_driver"  # different things forbid different drivers
    NO_DRIVER_IN_REACH = "no_driver_in_reach"  # fit drivers are too far away
    OTHERS_SOONER = "others_sooner"  # the drivers in reach cost other trips less
    OTHERS_WAITED_LONGER = "others_waited_longer"  # they go to riders who have waited longer
    DRIVER_SOON_FREE = "driver_soon_free"  # whoever is on a trip now will serve it best


class Alternative(NamedTuple):
    """A pair that was possible and was not taken.

    A tuple with names, because a round makes thousands.

    Attributes
    ----------
    terms
        What it would have cost.
    lost
        Why it was not taken.
    driver_serves, trip_served_by
        What the driver is offered instead, and who serves the trip instead, if so.
    """

    trip_id: TripId
    driver_id: DriverId
    terms: CostTerms
    lost: Lost
    driver_serves: TripId | None
    trip_served_by: DriverId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """A trip to be offered to a driver.

    Attributes
    ----------
    attempt
        The trip's, as in the snapshot: an offer of another attempt is void.
    pickup_seconds
        When the driver would be there, counted from the round, rounded up.
    terms
        The pair's cost by its parts.
    waited_seconds, price_ms
        How long the rider has waited, and what leaving the trip open would have cost.
    wanted_in_seconds
        Of a trip booked ahead: how long until the rider wants the car, 0 if that has passed.
    candidates, sooner
        How many drivers could have been offered it, and how many of them would be there sooner.
    other_drivers
        The best of them by cost, and the soonest, each with why it lost.
    other_trips
        The best that the driver could have been offered instead, each with why it lost.
    """

    trip_id: TripId
    driver_id: DriverId
    attempt: int
    pickup_seconds: int
    terms: CostTerms
    waited_seconds: int
    price_ms: int
    wanted_in_seconds: int | None
    candidates: int
    sooner: int
    other_drivers: tuple[Alternative, ...]
    other_trips: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStill:
    """A trip that gets no offer this round.

    Attributes
    ----------
    limits
        How many drivers each hard limit forbids, by the limit's name, if nobody was possible.
    candidates
        How many drivers were possible.
    best
        The cheapest of them, each with what it does instead.
    """

    trip_id: TripId
    because: OpenBecause
    waited_seconds: int
    price_ms: int
    limits: Mapping[str, int]
    candidates: int
    best: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One round's decision.

    Attributes
    ----------
    at_ms
        The instant of the round.
    input_digest
        The digest of the `RoundInput` it was decided from.
    pairings, unmatched
        Every open trip is in one of them, once; both are sorted by trip.
    drivers
        How many drivers the round knew.
    objective_ms
        What the choice costs altogether, trips kept for drivers soon free at their pairs' cost: the
        least possible, if `method` is the assignment.
    method, solver, version
        How it was chosen, by what, and the version of these rules.
    degraded
        Whether the travel times were straight-line guesses.
    """

    at_ms: int
    input_digest: str
    pairings: tuple[Pairing, ...]
    unmatched: tuple[OpenStill, ...]
    drivers: int
    objective_ms: int
    method: Method
    solver: str
    version: int
    degraded: bool
    _encoded: list[bytes] = field(default_factory=list, init=False, repr=False, compare=False)

    def encode(self) -> bytes:
        """The canonical bytes, equal for equal plans on every machine; worked out once.

        A line of JSON with the form and what there is once; then the columns of the pairings and
        of the trips still open, packed.
        """
        if not self._encoded:
            packer = Packer()
            _PAIRINGS.pack(packer, self.pairings)
            _UNMATCHED.pack(packer, self.unmatched)
            counts = {
                "identifiers": packer.known_count,
                "pairings": len(self.pairings),
                "unmatched": len(self.unmatched),
            }
            head = {"form": FORM_PLAN, "plan": write_row(self, _HEAD), **counts}
            self._encoded.append(canonical(head) + b"\n" + packer.packed)
        return self._encoded[0]

    @classmethod
    def decode(cls, encoded: bytes) -> "Plan":
        """The plan that `encode` wrote; RoundUnreadable if the bytes are not such."""
        line, _, packed = encoded.partition(b"\n")
        head = read_object(line, form=FORM_PLAN)
        try:
            names = ("identifiers", "pairings", "unmatched")
            known, pairings, unmatched = WHOLE.read([head[name] for name in names])
            unpacker = Unpacker(packed, known)
            make = partial(
                cls,
                pairings=tuple(_PAIRINGS.unpack(unpacker, pairings)),
                unmatched=tuple(_UNMATCHED.unpack(unpacker, unmatched)),
            )
            unpacker.close()
            found = read_row(make, head["plan"], _HEAD)
        except (*UNREADABLE, OverflowError) as broken:
            raise RoundUnreadable(str(broken)) from broken
        if found.encode() != encoded:
            raise RoundUnreadable("it is not in canonical form")
        return found

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical bytes, in hexadecimal."""
        return digest_of(self.encode())

    def find_pairing(self, trip_id: TripId) -> Pairing | None:
        """The trip's pairing, if it got one."""
        return next((pairing for pairing in self.pairings if pairing.trip_id == trip_id), None)

    def find_pairing_of(self, driver_id: DriverId) -> Pairing | None:
        """The driver's pairing, if they got one."""
        return next((pairing for pairing in self.pairings if pairing.driver_id == driver_id), None)


_TERMS = rows_of(CostTerms, dict.fromkeys(TERMS, WHOLE))
_ALTERNATIVES = several(
    rows_of(
        Alternative,
        {
            "trip_id": KNOWN_IDENTIFIER,
            "driver_id": KNOWN_IDENTIFIER,
            "terms": _TERMS,
            "lost": choice_of(Lost),
            "driver_serves": optional(KNOWN_IDENTIFIER),
            "trip_served_by": optional(KNOWN_IDENTIFIER),
        },
    )
)
_PAIRINGS = rows_of(
    Pairing,
    {
        "trip_id": KNOWN_IDENTIFIER,
        "driver_id": KNOWN_IDENTIFIER,
        "attempt": WHOLE,
        "pickup_seconds": WHOLE,
        "terms": _TERMS,
        "waited_seconds": WHOLE,
        "price_ms": WHOLE,
        "wanted_in_seconds": optional(WHOLE),
        "candidates": WHOLE,
        "sooner": WHOLE,
        "other_drivers": _ALTERNATIVES,
        "other_trips": _ALTERNATIVES,
    },
)
_UNMATCHED = rows_of(
    OpenStill,
    {
        "trip_id": KNOWN_IDENTIFIER,
        "because": choice_of(OpenBecause),
        "waited_seconds": WHOLE,
        "price_ms": WHOLE,
        "limits": COUNTS,
        "candidates": WHOLE,
        "best": _ALTERNATIVES,
    },
)
_HEAD: Mapping[str, Kind] = {
    "at_ms": WHOLE,
    "input_digest": WORD,
    "drivers": WHOLE,
    "objective_ms": WHOLE,
    "method": one(str, Method),
    "solver": WORD,
    "version": WHOLE,
    "degraded": TRUTH,
}
"""What a plan has once; its rows are packed."""
