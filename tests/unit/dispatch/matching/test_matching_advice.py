"""Who is advised to wait where, on scenes small enough to be worked out by hand."""

from math import exp

from dispatch.matching.advice import ZoneTerms, advise_cars, place_worth_ms, why_advised
from dispatch.matching.explanation import sentence
from dispatch.matching.reposition import STAY
from tests.advice_scenes import BETWEEN_MS, RULE, from_hearts, scene


def worth(expected: float, cars: int) -> int:
    """The chance that so many or more ask, times what a car beside a request saves."""
    chance, term = 1.0, exp(-expected)
    for k in range(cars):
        chance, term = chance - term, term * expected / (k + 1)
    return round(chance * RULE.worth_seconds * 1000)


def test_a_car_where_nobody_asks_is_sent_to_where_somebody_does() -> None:
    seen = scene([0.0, 2.0], cars=[0])
    (told,) = advise_cars(seen, from_hearts(seen), RULE)
    assert told.zone == 1
    assert told.here == ZoneTerms(requests_hour=0, cars=1, worth_ms=0)
    assert told.there == ZoneTerms(requests_hour=6, cars=1, worth_ms=worth(2.0, 1))
    assert (told.drive_ms, told.drive_counts_ms) == (BETWEEN_MS, BETWEEN_MS // 10)
    assert told.gain_ms == worth(2.0, 1) - BETWEEN_MS // 10


def test_a_second_car_is_worth_less_than_the_first_and_cars_there_count() -> None:
    # One is there already, one comes free there: the advised car would be the third.
    seen = scene([0.0, 2.0], cars=[0, 1], there=[0, 1])
    told = advise_cars(seen, from_hearts(seen), RULE)
    assert [one.zone for one in told] == [1, STAY]
    assert told[0].there == ZoneTerms(requests_hour=6, cars=3, worth_ms=worth(2.0, 3))
    assert told[1].here == told[0].there  # who stays is told of the same place, as it will be


def test_a_car_stays_where_the_drive_counts_more_than_it_brings() -> None:
    # 12 s of waiting is what the drive counts; the difference is 8 s.
    seen = scene([1.0, 1.05], cars=[0])
    (told,) = advise_cars(seen, from_hearts(seen), RULE)
    assert (told.zone, told.gain_ms, told.drive_ms, told.there) == (STAY, 0, 0, None)
    assert worth(1.05, 1) - worth(1.0, 1) < BETWEEN_MS // 10


def test_a_car_that_stands_far_from_the_road_there_is_left_where_it_is() -> None:
    near, far = 0, 3_000_000
    seen = scene([0.0, 2.0], cars=[0])
    assert advise_cars(seen, from_hearts(seen, [near]), RULE)[0].zone == 1
    assert advise_cars(seen, from_hearts(seen, [far]), RULE)[0].zone == STAY


def test_cars_move_up_one_zone_instead_of_one_car_all_the_way() -> None:
    seen = scene([0.0, 0.6, 1.0], cars=[0, 1])
    told = advise_cars(seen, from_hearts(seen), RULE)
    assert [one.zone for one in told] == [1, 2]
    assert all(one.gain_ms > 0 for one in told)


def test_nobody_is_sent_where_nobody_is_expected() -> None:
    seen = scene([0.0, 0.0, 0.0], cars=[0, 1, 1])
    told = advise_cars(seen, from_hearts(seen), RULE)
    assert [one.zone for one in told] == [STAY] * 3
    assert place_worth_ms(seen, RULE).tolist() == [0, 0, 0]


def test_without_cars_there_is_no_advice_but_places_have_their_worth() -> None:
    seen = scene([2.0, 0.0], cars=[], there=[2, 0])
    assert advise_cars(seen, from_hearts(seen), RULE) == ()
    assert place_worth_ms(seen, RULE).tolist() == [worth(2.0, 2), 0]


def test_a_place_is_worth_what_its_last_car_is_and_an_empty_one_what_the_first_would_be() -> None:
    seen = scene([2.0, 1.0, 2.0], cars=[0, 0], there=[1, 0, 0])
    found = place_worth_ms(seen, RULE).tolist()
    assert found == [worth(2.0, 3), worth(1.0, 1), worth(2.0, 1)]


def test_the_reasons_are_numbers_that_can_be_checked_and_plain_words() -> None:
    seen = scene([0.0, 2.0], cars=[0])
    (told,) = advise_cars(seen, from_hearts(seen), RULE)
    reasons = why_advised(told)
    assert [reason.code for reason in reasons] == [
        "advice_worth_more_there",
        "advice_requests",
        "advice_cars",
    ]
    assert sentence(reasons[0]) == (
        "One more car there saves riders 4 min of waiting, where you are 0 s; the drive of 2 min "
        "counts as 12 s."
    )
    assert sentence(reasons[1]) == "Expected there: 6 requests an hour; where you are: 0."
    seen = scene([2.0, 0.0], cars=[0])
    (stays,) = why_advised(advise_cars(seen, from_hearts(seen), RULE)[0])
    assert stays.code == "advice_best_here"
    assert sentence(stays).startswith("Stay where you are")
