"""The booking policy in force: the terms between a rider and a driver besides the price."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rulebook.errors import BodyInvalid
from rulebook.schema import check_body


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingPolicy:
    """Every field whole; `_s` are seconds of service time, `_m` metres, `_minor` minor units.

    Attributes
    ----------
    quote_valid_s
        How long a quoted price stands.
    request_expires_s
        How long a trip may go without a driver before it is unfulfilled.
    open_requests_per_rider
        Open trips a rider may have at a time (I4).
    arrive_within_m
        How near to the pick-up a driver must be to arrive without giving a reason.
    no_show_after_s
        Waiting at the pick-up after which a rider may be reported absent; what is free of it, and
        what the rest costs, is the tariff's.
    cancel_free_s
        After a driver has accepted, how long cancelling is free.
    cancel_fee_minor, no_show_fee_minor
        Owed for a later cancellation, and by an absent rider.
    pin_digits, pin_tries
        The code the rider tells the driver, and how often it may be wrong.
    book_ahead_max_s, book_ahead_lead_s, book_ahead_lead_max_s
        How far ahead a trip may be booked, and how long before the wanted time a driver is looked
        for: at the latest and at the earliest.
    book_ahead_percentile, book_ahead_margin_s
        Between the two: this percentile of recent waits for a car, and so much more.
    book_ahead_warn_s
        How long before the wanted time rider and office are told that nobody has been found.
    book_ahead_cancel_free_s
        Until how long before the wanted time cancelling is free whoever has accepted.
    driving_max_s, driving_window_s
        The most that a driver may be engaged in trips within any such window.
    shift_max_s
        The longest shift.
    seats_max
        The most seats one trip may ask for.
    snap_within_m
        How far from a road a place may be.
    position_stale_s
        After how long without news a driver's position no longer counts.
    """

    quote_valid_s: int
    request_expires_s: int
    open_requests_per_rider: int
    arrive_within_m: int
    no_show_after_s: int
    cancel_free_s: int
    cancel_fee_minor: int
    no_show_fee_minor: int
    pin_digits: int
    pin_tries: int
    book_ahead_max_s: int
    book_ahead_lead_s: int
    book_ahead_lead_max_s: int
    book_ahead_percentile: int
    book_ahead_margin_s: int
    book_ahead_warn_s: int
    book_ahead_cancel_free_s: int
    driving_max_s: int
    driving_window_s: int
    shift_max_s: int
    seats_max: int
    snap_within_m: int
    position_stale_s: int


def parse_booking_policy(body: Mapping[str, Any]) -> BookingPolicy:
    """The policy that a rule's body states (docs/reference/booking_policy.md).

    Raises
    ------
    BodyInvalid
        Naming the field that is missing, unknown, out of range or at odds with another.
    """
    policy = BookingPolicy(**check_body("booking_policy", body))
    for field, is_so, reason in (
        (
            "book_ahead_lead_max_s",
            policy.book_ahead_lead_max_s >= policy.book_ahead_lead_s,
            "is less than book_ahead_lead_s",
        ),
        (
            "book_ahead_warn_s",
            policy.book_ahead_warn_s <= policy.book_ahead_lead_s,
            "is more than book_ahead_lead_s: nobody would have been looked for",
        ),
        (
            "driving_max_s",
            policy.driving_max_s <= policy.driving_window_s,
            "is more than driving_window_s",
        ),
    ):
        if not is_so:
            raise BodyInvalid("booking_policy", field, reason)
    return policy
