"""Schulze's method beside the example of his paper, and the status quo."""

import pytest

from governance.counting.errors import CountImpossible
from governance.counting.ranked import RankedVote
from governance.counting.schulze import count_schulze
from governance.counting.share import RequiredShare
from tests.counting import ChosenLots, NoLots, ranked_vote

TWO_THIRDS = RequiredShare.parse(">=2/3")


def of_letters(*papers: str) -> RankedVote:
    """A vote of papers such as "5 ACBED"."""
    return ranked_vote(
        *(
            f"{paper.split()[0]}: "
            + " ".join(str(ord(one) - ord("A") + 1) for one in paper.split()[1])
            for paper in papers
        ),
        candidates=len(papers[0].split()[1]),
    )


# Schulze 2011, example 1 (section 3.1 of the longer edition): 45 voters, five candidates.
EXAMPLE = of_letters(
    "5 ACBED", "5 ADECB", "8 BEDAC", "3 CABED", "7 CAEBD", "2 CBADE", "7 DCEBA", "8 EBADC"
)


def test_the_example_of_the_paper() -> None:
    count = count_schulze(EXAMPLE, NoLots())
    assert count.preferred == (
        (0, 20, 26, 30, 22),
        (25, 0, 16, 33, 18),
        (19, 29, 0, 17, 24),
        (15, 12, 28, 0, 14),
        (23, 27, 21, 31, 0),
    )
    strongest = [[link.winning if link else 0 for link in row] for row in count.paths]
    assert strongest == [
        [0, 28, 28, 30, 24],
        [25, 0, 28, 33, 24],
        [25, 29, 0, 29, 24],
        [25, 28, 28, 0, 24],
        [25, 28, 28, 31, 0],
    ]
    assert (count.winners, count.winner) == ((5,), 5)


def test_whoever_beats_all_others_wins() -> None:
    count = count_schulze(ranked_vote("4: 1 2 3", "3: 2 3 1", "2: 2 1 3", candidates=3), NoLots())
    assert count.winner == 2


def test_what_is_not_ranked_stands_equal_below() -> None:
    count = count_schulze(ranked_vote("3: 1=2", "2: 3", candidates=3), ChosenLots("2", "1"))
    assert count.preferred == ((0, 0, 3), (0, 0, 3), (2, 2, 0))
    assert count.winners == (1, 2)
    assert count.winner == 2
    assert count.lot is not None


def test_a_text_must_beat_the_status_quo_by_the_share_required() -> None:
    vote = ranked_vote("6: 1 3 2", "4: 3 1 2", candidates=3)
    plain = count_schulze(vote, NoLots(), status_quo=3)
    assert plain.winner == 1
    assert [(one.number, one.votes_for, one.votes_against) for one in plain.dropped] == [(2, 0, 10)]
    strict = count_schulze(vote, NoLots(), status_quo=3, required=TWO_THIRDS)
    assert [one.number for one in strict.dropped] == [1, 2]
    assert (strict.winner, strict.winners) == (3, (3,))


def test_a_dropped_text_does_not_stand_in_the_way_of_another() -> None:
    # Text 1 beats text 2, and has not the two thirds against keeping as is that text 2 has.
    vote = ranked_vote("4: 1 2 3", "3: 2 3 1", "1: 1 3 2", "1: 2 1 3", candidates=3)
    count = count_schulze(vote, NoLots(), status_quo=3, required=TWO_THIRDS)
    assert count.preferred[0][1] > count.preferred[1][0]
    assert [one.number for one in count.dropped] == []
    tight = RequiredShare.parse(">2/3")
    count = count_schulze(vote, NoLots(), status_quo=3, required=tight)
    assert [one.number for one in count.dropped] == [1]
    assert count.winner == 2


def test_as_many_for_it_as_for_keeping_is_not_enough() -> None:
    vote = ranked_vote("5: 1 2", "5: 2 1", candidates=2)
    count = count_schulze(vote, NoLots(), status_quo=2, required=RequiredShare.parse(">=1/2"))
    assert count.winner == 2


@pytest.mark.parametrize("status_quo", [None, 2])
def test_without_a_valid_ballot_all_stays_as_it_is(status_quo: int | None) -> None:
    vote = ranked_vote("5:", "1: 7", candidates=3)
    count = count_schulze(vote, NoLots(), status_quo=status_quo)
    assert (count.winner, count.winners) == (status_quo, ())


def test_who_withdrew_wins_nothing_and_beats_nobody() -> None:
    vote = ranked_vote("5: 1 2 3", "4: 2 3 1", candidates=3, withdrawn=(1,))
    count = count_schulze(vote, NoLots())
    assert count.winner == 2
    assert count.preferred[0] == (0, 0, 0)


@pytest.mark.parametrize("status_quo", [4, 1])
def test_a_status_quo_that_does_not_stand_is_refused(status_quo: int) -> None:
    with pytest.raises(CountImpossible, match="status quo"):
        count_schulze(
            ranked_vote("1: 2", candidates=3, withdrawn=(1,)), NoLots(), status_quo=status_quo
        )
