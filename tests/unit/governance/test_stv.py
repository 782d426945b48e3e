"""Scottish STV on small votes whose every figure was worked out by hand."""

import json

import pytest

from governance.counting.document import document_of
from governance.counting.errors import CountImpossible
from governance.counting.stv import count_scottish_stv
from governance.counting.stv_record import Action, Why
from tests.counting import ChosenLots, NoLots, decimals, ranked_vote

# 20 ballots for 3 seats: the quota is 20 // 4 + 1 = 6.
TWO_SURPLUSES = ranked_vote(
    "7: 1 2", "3: 1 3", "1: 1", "3: 2 3", "4: 3 2", "2: 4 3", candidates=4, seats=3
)


def test_a_surplus_moves_at_a_value_cut_after_five_decimals() -> None:
    count = count_scottish_stv(TWO_SURPLUSES, NoLots())
    assert count.quota == 6
    first, second, *_ = count.stages
    assert decimals(first.totals) == "11.00000 3.00000 4.00000 2.00000"
    # A has 5 too many: 5/11 = 0.454545... is cut to 0.45454.
    assert [(p.to, p.papers, str(p.value), str(p.votes)) for p in second.parcels] == [
        (2, 7, "0.45454", "3.18178"),
        (3, 3, "0.45454", "1.36362"),
        (None, 1, "0.45454", "0.45454"),
    ]
    assert decimals(second.totals) == "6.00000 6.18178 5.36362 2.00000"
    assert str(second.non_transferable) == "0.45454"
    assert str(second.lost_in_cutting) == "0.00006"


def test_papers_moved_before_move_on_at_their_own_value_times_the_surplus() -> None:
    third = count_scottish_stv(TWO_SURPLUSES, NoLots()).stages[2]
    # B has 6.18178, so 0.18178 too many. 3 papers of value 1: 0.18178 / 6.18178 = 0.02940;
    # 7 papers of value 0.45454: 0.18178 * 0.45454 / 6.18178 = 0.01336, and they name nobody else.
    assert (third.action, third.candidate) == (Action.SURPLUS, 2)
    assert [(p.to, p.papers, str(p.value)) for p in third.parcels] == [
        (3, 3, "0.02940"),
        (None, 7, "0.01336"),
    ]
    assert decimals(third.totals) == "6.00000 6.00000 5.45182 2.00000"
    assert str(third.non_transferable) == "0.54806"
    assert str(third.lost_in_cutting) == "0.00012"


def test_an_exclusion_moves_papers_at_the_value_they_have() -> None:
    count = count_scottish_stv(TWO_SURPLUSES, NoLots())
    assert [stage.excluded for stage in count.stages] == [None, None, None, 4]
    assert decimals(count.stages[3].totals) == "6.00000 6.00000 7.45182 0.00000"
    assert count.elected_numbers == (1, 2, 3)


def test_who_has_just_the_quota_is_elected_and_has_no_surplus() -> None:
    count = count_scottish_stv(
        ranked_vote("3: 1 3", "2: 2", "1: 3 2", candidates=3, seats=2), NoLots()
    )
    assert count.quota == 3
    assert count.elected_numbers == (1, 2)
    assert [stage.action for stage in count.stages] == [Action.FIRST_PREFERENCES, Action.EXCLUSION]


def test_of_two_surpluses_the_larger_goes_first() -> None:
    count = count_scottish_stv(
        ranked_vote("9: 1 3", "8: 2 4", "2: 3", "2: 4", "1: 5", candidates=5, seats=3), NoLots()
    )
    assert [stage.candidate for stage in count.stages[:3]] == [None, 1, 2]


def test_equal_surpluses_go_by_the_last_stage_that_tells_them_apart() -> None:
    vote = ranked_vote(
        "12: 1 3", "13: 2 4", "13: 3", "12: 4", "4: 5 1", "3: 5 2", candidates=5, seats=3
    )
    third = count_scottish_stv(vote, NoLots()).stages[2]
    assert third.tie is not None
    assert (third.tie.tied, third.tie.chosen, third.tie.settled_at_stage) == ((1, 2), 2, 1)


def test_surpluses_that_no_stage_tells_apart_go_by_lot() -> None:
    vote = ranked_vote("9: 1 3", "9: 2 4", "3: 3", "4: 4", candidates=4, seats=3)
    lots = ChosenLots("2", "1")
    assert [stage.candidate for stage in count_scottish_stv(vote, lots).stages[:3]] == [None, 2, 1]
    assert lots.asked == [("surplus 2", ["1", "2"])]


def test_whom_to_exclude_is_told_by_the_last_stage_at_which_they_differed() -> None:
    vote = ranked_vote("5: 1", "3: 2", "2: 3", "1: 4 3", candidates=4)
    second, third = count_scottish_stv(vote, NoLots()).stages[1:3]
    assert decimals(second.totals) == "5.00000 3.00000 3.00000 0.00000"
    assert third.tie is not None
    assert (third.tie.tied, third.tie.chosen, third.tie.settled_at_stage) == ((2, 3), 3, 1)
    assert third.tie.lot is None


def test_of_three_tied_each_earlier_stage_keeps_those_with_fewest() -> None:
    vote = ranked_vote(
        "15: 1", "5: 2", "4: 3", "5: 4", "1: 5 2", "1: 5 3", "1: 6 3", "1: 6 4", "1: 6 1", candidates=6
    )  # fmt: skip
    stages = count_scottish_stv(vote, NoLots()).stages
    assert [decimals(stage.totals[1:4]) for stage in stages[:3]] == [
        "5.00000 4.00000 5.00000",
        "6.00000 5.00000 5.00000",
        "6.00000 6.00000 6.00000",
    ]
    tie = stages[3].tie
    assert tie is not None
    assert (tie.tied, tie.chosen, tie.settled_at_stage) == ((2, 3, 4), 3, 1)


def test_what_no_stage_tells_apart_is_settled_by_lot() -> None:
    lots = ChosenLots("3", "2", "4")
    count = count_scottish_stv(ranked_vote("5: 1", "2: 2", "2: 3", "2: 4", candidates=4), lots)
    tie = count.stages[1].tie
    assert tie is not None
    assert tie.lot is not None
    assert (tie.tied, tie.chosen, tie.settled_at_stage) == ((2, 3, 4), 3, None)
    assert lots.asked[0] == ("exclusion 2", ["2", "3", "4"])
    assert count.stages[1].excluded == 3


def test_a_lot_is_drawn_only_among_those_whom_no_stage_tells_apart() -> None:
    vote = ranked_vote("9: 1", "3: 2", "3: 3", "4: 4", "1: 5 2", "1: 5 3", candidates=5)
    lots = ChosenLots("3", "2")
    tie = count_scottish_stv(vote, lots).stages[2].tie
    assert tie is not None
    assert (tie.tied, tie.chosen) == ((2, 3, 4), 3)
    assert lots.asked == [("exclusion 3", ["2", "3"])]


def test_the_last_vacancies_are_filled_without_further_transfers() -> None:
    # Quota 4: A has a surplus of 6, which could only go to the two who fill the last seats anyway.
    vote = ranked_vote("10: 1 2", "2: 2", "1: 3", candidates=3, seats=3)
    count = count_scottish_stv(vote, NoLots())
    assert [[(one.number, one.why) for one in stage.elected] for stage in count.stages] == [
        [(1, Why.QUOTA), (2, Why.LAST_VACANCIES), (3, Why.LAST_VACANCIES)]
    ]
    assert decimals(count.stages[0].totals) == "10.00000 2.00000 1.00000"


def test_who_withdrew_is_passed_over_as_if_never_named() -> None:
    vote = ranked_vote("3: 2 1", "2: 2", "2: 3 2 1", candidates=3, withdrawn=(2,))
    count = count_scottish_stv(vote, NoLots())
    assert (count.ballots.valid, count.ballots.withdrawn_only, count.quota) == (5, 2, 3)
    assert decimals(count.stages[0].totals) == "3.00000 0.00000 2.00000"
    assert count.elected_numbers == (1,)


@pytest.mark.parametrize(("seats", "vacant"), [(3, 0), (4, 1)])
def test_no_more_candidates_than_seats_are_all_elected(seats: int, vacant: int) -> None:
    count = count_scottish_stv(ranked_vote("1: 2", candidates=3, seats=seats), NoLots())
    assert set(count.elected_numbers) == {1, 2, 3}
    assert (len(count.stages), count.vacant) == (1, vacant)


def test_without_a_valid_ballot_nobody_is_chosen_by_lot() -> None:
    count = count_scottish_stv(ranked_vote("7:", "1: 1 1", candidates=3, seats=2), NoLots())
    assert (count.ballots.empty, count.ballots.broken) == (7, 1)
    assert (count.elected_numbers, count.vacant) == ((), 2)


def test_the_record_is_plain_data() -> None:
    record = json.loads(json.dumps(document_of(count_scottish_stv(TWO_SURPLUSES, NoLots()))))
    assert record["rule"] == "scottish_stv"
    assert record["stages"][1]["totals"] == ["6.00000", "6.18178", "5.36362", "2.00000"]
    assert record["stages"][3]["elected"] == [{"number": 3, "why": "quota"}]
    assert "." not in json.dumps(record["ballots"])


@pytest.mark.parametrize(
    ("terms", "told"),
    [({"seats": 0}, "0 seats"), ({"withdrawn": (4,)}, "number 4 has withdrawn")],
)
def test_terms_that_make_no_sense_are_refused(terms: dict[str, object], told: str) -> None:
    with pytest.raises(CountImpossible, match=told):
        ranked_vote("1: 1", candidates=3, **terms)  # type: ignore[arg-type]
