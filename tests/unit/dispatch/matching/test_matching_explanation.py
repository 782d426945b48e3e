"""Plain answers from stored numbers."""

import string
from typing import Any

import pytest

from dispatch.matching import (
    Lost,
    OpenBecause,
    Plan,
    Reason,
    RoundInput,
    decide,
    sentence,
    why_not_me,
    why_open,
    why_this_offer,
)
from dispatch.matching.explanation import MESSAGES
from dispatch.matching.limits import Limit
from dispatch.matching.plan import Method
from tests.matching_world import (
    AT_MS,
    driver,
    driver_id,
    place,
    policy,
    round_of,
    trip,
    trip_id,
)

NOBODY = "Nobody was offered that trip in this round; it went on waiting."


def answered(given: RoundInput, trip_number: int, driver_number: int, **how: Any) -> list[str]:
    plan = decide(given, **how)
    reasons = why_not_me(
        given, plan, trip_id=trip_id(trip_number), driver_id=driver_id(driver_number)
    )
    return [sentence(reason) for reason in reasons]


def offered(given: RoundInput, trip_number: int = 1) -> list[str]:
    # From the stored plan alone: the round's input is not needed.
    pairing = Plan.decode(decide(given).encode()).find_pairing(trip_id(trip_number))
    assert pairing is not None
    return [sentence(reason) for reason in why_this_offer(pairing)]


def test_the_only_driver_is_told_so() -> None:
    assert offered(round_of([trip(1)], [driver(1)], {(1, 1): 100})) == [
        "You are the only driver who can serve this trip now; you can be there in 2 min."
    ]


def test_the_soonest_driver_is_told_so_and_how_long_the_rider_has_waited() -> None:
    given = round_of(
        [trip(1, asked_at_ms=AT_MS - 200_000)], [driver(1), driver(2)], {(1, 1): 45, (1, 2): 301}
    )

    assert offered(given) == [
        "You can be there soonest: in 45 s; another driver would need 5 min.",
        "The rider has been waiting for 3 min.",
    ]


def test_a_driver_chosen_for_fairness_is_told_so() -> None:
    rich = driver(2, earned_minor=9000, shift_seconds=3600)
    poor = driver(1, earned_minor=1000, shift_seconds=3600)
    said = offered(round_of([trip(1)], [poor, rich], {(1, 1): 80, (1, 2): 60}, rule=policy()))

    assert said[0] == (
        "A driver who could be there in 60 s has earned more an hour on this shift;"
        " you can be there in 80 s."
    )
    assert said[1].startswith("You have earned less an hour on this shift than the average")
    assert said[2].startswith("You have waited for an offer")


def test_a_driver_chosen_for_all_riders_together_is_told_so() -> None:
    times = {(1, 1): 120, (1, 2): 240, (2, 1): 180, (2, 2): 540}
    given = round_of([trip(1), trip(2)], [driver(1), driver(2)], times)

    assert offered(given) == [
        "A driver who could be there in 2 min is needed for another rider; you can be there in 4 min.",
        "Another trip, 9 min from you, goes to a driver who serves it better.",
    ]


@pytest.mark.parametrize(
    ("asked", "given", "seconds", "expected"),
    [
        ({}, {}, 90, "Another driver could be there in 60 s; you would have needed 2 min."),
        ({}, {}, 60, "You and the driver who got it were equal in all that counts; who has waited longest goes first."),
        ({}, {}, 901, "You could not have been there within the time that the policy allows."),
        ({"needs": ("wheelchair",)}, {}, 50, "The rider needs something that your vehicle does not have on board."),
        ({"excluded": (driver_id(2),)}, {}, 50, "You declined this trip or gave it back. It changes nothing for other trips."),
        ({}, {"zones": ("east",)}, 50, "You are not licensed to pick up there."),
        ({}, {"shift_ends_at_ms": AT_MS + 640_000}, 50, "Your shift would have ended before the trip."),
        ({}, {"free_at_ms": AT_MS + 400_000}, 50, "Your trip under way would not have ended soon enough."),
    ],
)  # fmt: skip
def test_a_driver_who_was_not_chosen_is_told_why(
    asked: dict, given: dict, seconds: int, expected: str
) -> None:
    chosen = driver(1, equipment=("wheelchair",))
    times = {(1, 1): 60, (1, 2): seconds}

    said = answered(round_of([trip(1, **asked)], [chosen, driver(2, **given)], times), 1, 2)

    assert said == [expected]


def test_every_broken_limit_is_named() -> None:
    given = round_of([trip(1, seats=5)], [driver(1, zones=())], {})

    assert answered(given, 1, 1) == [
        "Your vehicle has fewer seats than the riders need.",
        "You are not licensed to pick up there.",
        NOBODY,
        "No driver on shift has enough seats.",
    ]


def test_of_a_trip_nobody_was_offered_a_driver_is_told_why_it_stayed_open() -> None:
    fleet = [driver(1), driver(2, seats=2)]
    given = round_of([trip(1, seats=4), trip(2, seats=4)], fleet, {(1, 1): 60, (2, 1): 70})

    assert answered(given, 2, 1) == [
        "You were offered another trip in this round, 60 s from you.",
        NOBODY,
        "Drivers in reach: 1. They go to riders whom they can serve sooner.",
    ]
    assert answered(given, 2, 2) == [
        "Your vehicle has fewer seats than the riders need.",
        NOBODY,
        "Drivers in reach: 1. They go to riders whom they can serve sooner.",
    ]
    assert (
        answered(given, 2, 7)[0] == "You were not on shift and free, or soon free, in this round."
    )


def test_a_driver_left_free_for_a_trip_kept_for_another_is_told_just_that() -> None:
    """The better driver is still on a trip: whoever is free and further is not asked this round."""
    soon = driver(1, free_at_ms=AT_MS + 60_000)
    rule = policy(plan_ahead_seconds=180, free_within_seconds=10, weights={"chaining": 0})
    given = round_of([trip(1)], [soon, driver(2)], {(1, 1): 10, (1, 2): 600}, rule=rule)

    assert answered(given, 1, 2) == [
        NOBODY,
        "Drivers in reach: 2. The best of them is still on a trip, and offered this one when free.",
    ]


def test_who_asks_why_a_trip_stayed_open_hears_no_more_of_others_than_who_asks_of_a_served_one() -> (
    None
):
    """Neither how long the rider has waited, nor how many drivers each limit forbids."""
    given = round_of([trip(1, seats=5, asked_at_ms=AT_MS - 500_000)], [driver(1), driver(2)], {})
    reasons = why_not_me(given, decide(given), trip_id=trip_id(1), driver_id=driver_id(1))

    assert {name for reason in reasons for name in reason.facts} <= {"candidates"}


def test_a_driver_behind_the_nearest_is_told_how_many_were_nearer() -> None:
    unfit = [driver(100 + n, zones=()) for n in range(9)]
    rows = [driver(n, at=place(10 * n)) for n in range(30)]
    times = {(1, n): 60 + n for n in range(20)}
    level = [driver(n) for n in range(30)]

    for fleet in ([*rows, *unfit], level):
        assert answered(round_of([trip(1)], fleet, times), 1, 25) == [
            "Drivers ahead of you in nearness who could serve it: 25. The nearest 20 were compared."
        ]


def test_a_driver_offered_another_trip_is_told_so() -> None:
    times = {(1, 1): 120, (1, 2): 240, (2, 1): 180, (2, 2): 540}
    given = round_of([trip(1), trip(2)], [driver(1), driver(2)], times)

    assert answered(given, 1, 1) == ["You were offered another trip in this round, 3 min from you."]
    assert answered(given, 2, 2) == [
        "Another driver could be there in 3 min; you would have needed 9 min.",
        "You were offered another trip in this round, 4 min from you.",
    ]
    assert answered(given, 1, 2) == ["The trip was offered to you; you could be there in 4 min."]


def test_who_was_not_there_is_told_so() -> None:
    given = round_of([trip(1)], [driver(1)], {(1, 1): 120})

    assert answered(given, 7, 1) == ["That trip was not waiting for a driver in this round."]
    assert answered(given, 1, 7) == ["You were not on shift and free, or soon free, in this round."]


def test_an_explanation_with_another_rounds_plan_is_a_mistake() -> None:
    one = round_of([trip(1)], [driver(1)], {(1, 1): 120})
    other = round_of([trip(1)], [driver(1)], {(1, 1): 121})

    with pytest.raises(AssertionError, match="another round"):
        why_not_me(one, decide(other), trip_id=trip_id(1), driver_id=driver_id(1))


def test_an_open_trip_says_why() -> None:
    nobody = decide(round_of([trip(1, seats=5)], [driver(1), driver(2)], {})).unmatched[0]
    scarce = decide(round_of([trip(1), trip(2)], [driver(1)], {(1, 1): 60, (2, 1): 70})).unmatched[
        0
    ]

    assert why_open(nobody)[0].facts["seats_drivers"] == 2
    assert sentence(why_open(nobody)[0]) == "No driver on shift has enough seats."
    assert sentence(why_open(scarce)[0]) == (
        "Drivers in reach: 1. They go to riders whom they can serve sooner."
    )


def test_the_baseline_can_be_asked_too() -> None:
    rows = [driver(1), driver(2, free_at_ms=AT_MS + 30_000)]
    given = round_of([trip(1)], rows, {(1, 1): 60, (1, 2): 29}, rule=policy(weights={"chaining": 2}, free_within_seconds=30))  # fmt: skip

    assert answered(given, 1, 1, method=Method.NEAREST_DRIVER) == [
        "You would have been as good for this trip; all trips together were served better this way."
    ]


def test_every_code_has_a_sentence_in_every_language() -> None:
    codes = {
        *(f"open_{because}" for because in OpenBecause),
        *(f"limit_{(limit.name or '').lower()}" for limit in Limit),
    }
    driver_side = {Lost.LATER, Lost.BUSY, Lost.EARNED_MORE, Lost.OFFERED_LATER, Lost.AWAY_FROM_HOME, Lost.EARLY,
                   Lost.NEEDED_THERE, Lost.EQUAL, Lost.NOT_WEIGHED}  # fmt: skip
    trip_side = {Lost.SERVED_SOONER, Lost.SERVED_BY_ANOTHER, Lost.WAITED_LESS, Lost.FURTHER,
                 Lost.EQUAL, Lost.NOT_WEIGHED}  # fmt: skip
    codes |= {f"not_you_{lost}" for lost in driver_side}
    codes |= {f"though_sooner_{lost}" for lost in driver_side - {Lost.LATER}}
    codes |= {"though_sooner_needed_elsewhere"}
    codes |= {f"other_trip_{lost}" for lost in trip_side}
    assert driver_side | trip_side | {Lost.NEEDED_ELSEWHERE} == set(Lost)

    for language, table in MESSAGES.items():
        assert codes <= set(table), language
        for code, template in table.items():
            named = {name for _, name, _, _ in string.Formatter().parse(template) if name}
            said = sentence(Reason(code=code, facts=dict.fromkeys(named, 61)), language=language)
            assert said.endswith("."), code
            assert "{" not in said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (149, "2 min"),
        (5369, "89 min"),
        (5370, "1 h 30 min"),
    ],
)
def test_lengths_of_time_are_said_as_people_say_them(seconds: int, said: str) -> None:
    reason = Reason(code="rider_waited", facts={"waited_seconds": seconds})

    assert sentence(reason) == f"The rider has been waiting for {said}."
