"""Bids scored in exact fractions, each cell with its reason; and what share of spend is local."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from governance.commons.errors import PurchaseInvalid, SpendInvalid
from governance.commons.local_spend import Spend, TagPeriod, spend_shares
from governance.commons.purchasing import Criterion, ScoreTable, Supplier, Tag, score
from tests.commons import EUR, LOTS, bid, purchase_terms


def cell(table: ScoreTable, supplier: str, criterion: Criterion) -> tuple[Fraction, str]:
    (row,) = [row for row in table.rows if row.supplier_id == supplier]
    (found,) = [one for one in row.scores if one.criterion is criterion]
    return found.score, found.why


def test_a_dearer_local_co_op_can_win_and_the_table_says_by_what() -> None:
    table = score(
        purchase_terms(),
        [bid("chain", 900_00), bid("garage", 990_00, Tag.LOCAL, Tag.CO_OP, Tag.LIVING_WAGE)],
        LOTS,
    )
    assert table.winner == "garage"
    best, other = table.rows
    # 10/11 of a half, then 1/2, 1, 1 and 1 of an eighth each.
    assert best.total == Fraction(10, 22) + Fraction(7, 16)
    assert other.total == Fraction(1, 2) + Fraction(1, 16) + Fraction(1, 8)
    assert cell(table, "garage", Criterion.PRICE) == (
        Fraction(10, 11), "The least is 90000, its own is 99000."
    )  # fmt: skip
    assert cell(table, "chain", Criterion.LOCAL) == (0, "Its seat is elsewhere, or not shown.")
    assert sum(one.weighted for one in best.scores) == best.total


def test_the_region_counts_half_and_each_social_tag_half() -> None:
    table = score(purchase_terms(), [bid("near", 1, Tag.REGIONAL, Tag.LIVING_WAGE)], LOTS)
    assert cell(table, "near", Criterion.LOCAL)[0] == Fraction(1, 2)
    assert cell(table, "near", Criterion.SOCIAL) == (
        Fraction(1, 2), "It is not owned by its members; pays a living wage."
    )  # fmt: skip


def test_equal_scores_go_to_the_lower_price_then_to_the_public_lot() -> None:
    twins = [bid("a", 100), bid("b", 100)]
    table = score(purchase_terms(), twins, LOTS)
    assert table.rows[0].total == table.rows[1].total
    (lot,) = table.lots
    assert [ticket.of for ticket in lot.tickets] == [row.supplier_id for row in table.rows]
    assert score(purchase_terms(), twins[::-1], LOTS) == table
    # The dearer one makes up for its price by quality: equal totals, no lot needed.
    even = score(
        purchase_terms(),
        [bid("cheap", 100, quality_points=50), bid("good", 200, quality_points=50)],
        LOTS,
    )
    gap = even.rows[0].total - even.rows[1].total
    assert gap == Fraction(1, 4)
    weights = dict.fromkeys(Criterion, Fraction(0)) | {
        Criterion.PRICE: Fraction(1, 2), Criterion.QUALITY: Fraction(1, 2)
    }  # fmt: skip
    made_up = score(
        purchase_terms(weights=weights, quality_min=0),
        [bid("good", 200, quality_points=100), bid("cheap", 100, quality_points=50)],
        LOTS,
    )
    assert made_up.rows[0].total == made_up.rows[1].total == Fraction(3, 4)
    assert (made_up.winner, made_up.lots) == ("cheap", ())


def test_carbon_that_is_not_declared_scores_nothing_and_zero_is_the_best() -> None:
    table = score(
        purchase_terms(),
        [bid("a", 100, carbon_grams=None), bid("b", 100, carbon_grams=0), bid("c", 100)],
        LOTS,
    )
    assert cell(table, "a", Criterion.CARBON) == (0, "Nothing is declared.")
    assert cell(table, "b", Criterion.CARBON)[0] == 1
    assert cell(table, "c", Criterion.CARBON)[0] == 0


def test_who_is_shut_out_sets_no_mark_for_the_others() -> None:
    table = score(
        purchase_terms(),
        [bid("junk", 1, quality_points=39), bid("gold", 1000_01), bid("fair", 500_00)],
        LOTS,
    )
    assert [row.supplier_id for row in table.rows] == ["fair"]
    assert cell(table, "fair", Criterion.PRICE)[0] == 1
    assert [one.why for one in table.not_considered] == [
        "Its price 100001 is above the ceiling 100000.",
        "Its quality 39 is below the least 40.",
    ]


def test_without_a_bid_there_is_no_winner() -> None:
    assert score(purchase_terms(), [], LOTS).winner is None


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": {Criterion.PRICE: Fraction(1)}},
        {"weights": dict.fromkeys(Criterion, Fraction(1, 4))},
        {"weights": dict.fromkeys(Criterion, Fraction(1, 3)) | {Criterion.PRICE: Fraction(-1, 3)}},
        {"ceiling_minor": 0},
        {"quality_min": 101},
    ],
)
def test_terms_that_make_no_sense_are_refused(changes: Any) -> None:
    with pytest.raises(PurchaseInvalid):
        purchase_terms(**changes)


@pytest.mark.parametrize(
    "changes", [{"price_minor": 0}, {"quality_points": 101}, {"carbon_grams": -1}]
)
def test_bids_that_make_no_sense_are_refused(changes: Any) -> None:
    with pytest.raises(PurchaseInvalid):
        replace(bid("a", 100), **changes)


def test_a_supplier_bids_once_and_has_one_seat() -> None:
    with pytest.raises(PurchaseInvalid, match="bids twice"):
        score(purchase_terms(), [bid("a", 100), bid("a", 90)], LOTS)
    with pytest.raises(PurchaseInvalid, match="not both"):
        Supplier(supplier_id="a", name="A", tags=frozenset({Tag.LOCAL, Tag.REGIONAL}))


TAGS = {
    "garage": [TagPeriod(tag=Tag.LOCAL, since=date(2029, 1, 1), until=date(2030, 7, 1)),
               TagPeriod(tag=Tag.REGIONAL, since=date(2030, 7, 1)),
               TagPeriod(tag=Tag.CO_OP, since=date(2029, 1, 1))],
    "chain": [TagPeriod(tag=Tag.LIVING_WAGE, since=date(2030, 1, 1))],
}  # fmt: skip


def paid(supplier: str, on: date, minor: int) -> Spend:
    return Spend(supplier_id=supplier, paid_on=on, amount_minor=minor)


def test_each_payment_goes_by_the_seat_of_its_own_day() -> None:
    found = spend_shares(
        [
            paid("garage", date(2030, 6, 30), 100), paid("garage", date(2030, 7, 1), 50),
            paid("chain", date(2030, 1, 1), 150), paid("chain", date(2029, 12, 31), 999),
            paid("nobody knows", date(2030, 12, 31), 100),
        ],
        lambda supplier: TAGS.get(supplier, []), year=2030, currency=EUR,
    )  # fmt: skip
    assert found.total_minor == 400
    assert (found.in_city_minor, found.in_region_minor, found.elsewhere_minor) == (100, 50, 250)
    assert found.local_share == Fraction(1, 4)
    assert found.regional_share == Fraction(3, 8)
    assert found.co_op_share == found.living_wage_share == Fraction(3, 8)


def test_money_that_came_back_is_taken_off_and_an_empty_year_has_no_share() -> None:
    back = [paid("garage", date(2030, 1, 1), 100), paid("garage", date(2030, 2, 1), -100)]
    found = spend_shares(back, lambda one: TAGS[one], year=2030, currency=EUR)
    assert (found.total_minor, found.local_share) == (0, None)


def test_two_seats_on_one_day_are_refused() -> None:
    twice = [TagPeriod(tag=Tag.LOCAL, since=date(2030, 1, 1)),
             TagPeriod(tag=Tag.REGIONAL, since=date(2030, 1, 1))]  # fmt: skip
    with pytest.raises(SpendInvalid, match="two seats on 2030-02-01"):
        spend_shares([paid("a", date(2030, 2, 1), 1)], lambda _: twice, year=2030, currency=EUR)
