"""Whatever people vote: no ballot is lost, none counts twice, and their order is nothing."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from governance.counting.document import VOTE
from governance.counting.lots import SeededLots
from governance.counting.ranked import Option, Paper, RankedVote
from governance.counting.stv import count_scottish_stv
from governance.counting.stv_record import Action

LOTS = SeededLots(bytes(range(32)))


@st.composite
def votes(draw: st.DrawFn, *, broken: bool = True) -> RankedVote:
    """Up to 7 candidates and 60 papers, some of them nonsense."""
    candidates = draw(st.integers(1, 7))
    numbers = list(range(1, candidates + 1))
    marks = st.lists(st.sampled_from(numbers), unique=True, max_size=candidates)
    if broken:
        marks |= st.lists(st.integers(0, candidates + 1), max_size=candidates + 1)
    papers = st.builds(
        Paper, ranking=marks.map(lambda ms: tuple((m,) for m in ms)), count=st.integers(0, 40)
    )
    return RankedVote(
        title="", options=tuple(Option(number=n, name=str(n)) for n in numbers),
        seats=draw(st.integers(1, 5)), papers=tuple(draw(st.lists(papers, max_size=60))),
        withdrawn=tuple(draw(st.lists(st.sampled_from(numbers), unique=True, max_size=2))),
    )  # fmt: skip


@given(vote=votes(), data=st.data())
def test_the_count_does_not_depend_on_the_order_of_ballots(
    vote: RankedVote, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(vote.papers))
    singly = tuple(replace(paper, count=1) for paper in shuffled for _ in range(paper.count))
    count = count_scottish_stv(vote, LOTS)
    assert count == count_scottish_stv(replace(vote, papers=tuple(shuffled)), LOTS)
    assert count == count_scottish_stv(replace(vote, papers=singly), LOTS)


@given(vote=votes())
def test_every_ballot_is_counted_once_and_no_vote_is_made_or_lost(vote: RankedVote) -> None:
    count = count_scottish_stv(vote, LOTS)
    ballots = count.ballots
    assert ballots.cast == sum(paper.count for paper in vote.papers)
    assert ballots.cast == ballots.valid + ballots.empty + ballots.broken + ballots.withdrawn_only
    for stage in count.stages:
        whole = sum(stage.totals) + stage.non_transferable + stage.lost_in_cutting
        assert whole == ballots.valid * VOTE


@given(vote=votes())
def test_the_seats_are_filled_and_nobody_is_elected_twice(vote: RankedVote) -> None:
    count = count_scottish_stv(vote, LOTS)
    elected = [one.number for stage in count.stages for one in stage.elected]
    assert tuple(elected) == count.elected_numbers
    assert len(set(elected)) == len(elected)
    assert not set(elected) & set(vote.withdrawn)
    standing = len(vote.options) - len(vote.withdrawn)
    if count.ballots.valid or standing <= vote.seats:
        assert len(elected) == min(vote.seats, standing)
    assert count.vacant == vote.seats - len(elected)
    assert not set(elected) & {stage.excluded for stage in count.stages}


@given(vote=votes())
def test_values_are_cut_and_never_rounded_up(vote: RankedVote) -> None:
    count = count_scottish_stv(vote, LOTS)
    before = None
    for stage in count.stages:
        if stage.action is Action.SURPLUS:
            assert before is not None
            assert stage.candidate is not None
            total = before.totals[stage.candidate - 1]
            surplus = total - count.quota * VOTE
            papers = sum(parcel.papers for parcel in stage.parcels)
            lost = stage.lost_in_cutting - before.lost_in_cutting
            assert 0 <= lost < papers
            for parcel in stage.parcels:
                assert Fraction(parcel.value, VOTE) <= Fraction(surplus, total)
        before = stage


@given(vote=votes(broken=False), extra=st.integers(1, 100), data=st.data())
def test_a_group_with_k_quotas_of_ballots_gets_k_seats(
    vote: RankedVote, extra: int, data: st.DataObject
) -> None:
    """Proportionality for solid coalitions (Dummett 1984), the promise of the whole method."""
    vote = replace(vote, withdrawn=())
    group = data.draw(st.lists(st.sampled_from(vote.options), min_size=1, unique=True))
    numbers = [option.number for option in group]
    orders = data.draw(st.lists(st.permutations(numbers), min_size=1, max_size=3))
    solid = tuple(Paper(ranking=tuple((n,) for n in order), count=extra) for order in orders)
    whole = replace(vote, papers=vote.papers + solid)
    count = count_scottish_stv(whole, LOTS)
    due = min(extra * len(orders) // count.quota, len(numbers), vote.seats)
    assert len(set(count.elected_numbers) & set(numbers)) >= due
