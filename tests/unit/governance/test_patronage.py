"""Sums divided by patronage, by hand."""

from fractions import Fraction

import pytest

from governance.patronage import Measure, claim_of, divide, part_of
from tests.patronage import THREE, patron


def test_weights_over_three_measures_give_each_their_part_of_the_whole() -> None:
    divided = divide(
        100_000,
        [patron(1, fares=600, hours=100, trips=10), patron(2, fares=400, hours=300, trips=30)],
        THREE,
    )
    assert divided is not None
    division, parts = divided
    # 3/5 * 600/1000 + 3/10 * 100/400 + 1/10 * 10/40 = 36 % + 7.5 % + 2.5 %
    assert [one.minor for one in parts] == [46_000, 54_000]
    assert Fraction(parts[0].claim, division.denominator) == Fraction(46, 100)
    assert claim_of(division, parts[0].patron, Measure.HOURS) == Fraction(75, 1000)
    assert division.cents_left == 0
    assert division.last is None


def test_one_cent_among_three_goes_to_the_largest_claim() -> None:
    divided = divide(1, [patron(1, trips=1), patron(2, trips=2), patron(3, trips=1)], THREE)
    assert divided is not None
    assert [one.minor for one in divided[1]] == [0, 1, 0]


def test_one_cent_among_three_equals_goes_to_the_lowest_number() -> None:
    divided = divide(1, [patron(9), patron(7), patron(8)], {Measure.EQUAL: Fraction(1)})
    assert divided is not None
    division, parts = divided
    assert [(one.patron.number, one.minor) for one in parts] == [(7, 1), (8, 0), (9, 0)]
    assert division.last is not None
    assert division.last.number == 7


def test_equal_remainders_go_to_the_larger_claim_before_the_lower_number() -> None:
    # 2 of 4 cents' worth each: quotas 1/2 and 3/2 of 2 cents.
    divided = divide(2, [patron(1, trips=1), patron(2, trips=3)], {Measure.TRIPS: Fraction(1)})
    assert divided is not None
    assert [one.minor for one in divided[1]] == [0, 2]


def test_a_measure_that_nobody_has_drops_out_and_the_others_keep_their_proportion() -> None:
    divided = divide(700, [patron(1, fares=1), patron(2, hours=1)], THREE)
    assert divided is not None
    division, parts = divided
    assert division.weights == {Measure.FARES: Fraction(2, 3), Measure.HOURS: Fraction(1, 3)}
    assert [one.minor for one in parts] == [467, 233]


def test_nobody_with_patronage_leaves_the_sum_undivided() -> None:
    assert divide(100, [patron(1), patron(2)], THREE) is None
    assert divide(100, [], THREE) is None


def test_a_patron_without_any_gets_no_cent_that_is_left() -> None:
    divided = divide(10, [patron(number, trips=number % 4) for number in range(7)], THREE)
    assert divided is not None
    assert [one.minor for one in divided[1] if not one.claim] == [0, 0]


def test_nothing_to_divide_gives_everybody_nothing_with_their_claim() -> None:
    divided = divide(0, [patron(1, trips=1)], THREE)
    assert divided is not None
    division, [part] = divided
    assert (part.minor, part.claim) == (0, division.denominator)


def test_a_part_follows_from_the_published_terms_and_ones_own_work() -> None:
    patrons = [patron(number, fares=number * number, trips=number % 3) for number in range(1, 50)]
    divided = divide(12_345, patrons, THREE)
    assert divided is not None
    division, parts = divided
    assert [part_of(division, one) for one in patrons] == list(parts)


def test_two_members_of_one_number_are_a_mistake() -> None:
    with pytest.raises(AssertionError, match="one member's"):
        divide(1, [patron(1, trips=1), patron(1, trips=2)], THREE)
