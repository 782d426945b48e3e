"""What a median, a share, a winner by paths and equal shares promise, for any ballots."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, permutations
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from governance.counting.budget import BudgetPaper, BudgetVote, Marks, Project
from governance.counting.budget_record import Step
from governance.counting.equal_shares import count_equal_shares
from governance.counting.lots import SeededLots
from governance.counting.marks import MarkPaper
from governance.counting.median import NumberVote, count_lower_median
from governance.counting.most_votes import count_most_votes_first
from governance.counting.ranked import Option, Paper, RankedVote
from governance.counting.schulze import count_schulze
from governance.counting.share import RequiredShare, ShareVote, count_for_against

LOTS = SeededLots(bytes(range(32)))
TOP = 30
WISHES = st.lists(st.integers(0, TOP), min_size=1, max_size=25)


def decided(wishes: list[int], **others: Any) -> int:
    """The median of these wishes, from 0 to 30."""
    papers = tuple(MarkPaper(mark=str(wish)) for wish in wishes)
    value = count_lower_median(
        NumberVote(title="", lowest=0, highest=TOP, step=1, papers=papers, **others)
    ).value
    assert value is not None
    return value


@given(wishes=WISHES, other=st.integers(0, TOP), steepness=st.integers(1, 5))
def test_no_other_number_is_preferred_to_the_median_by_a_majority(
    wishes: list[int], other: int, steepness: int
) -> None:
    """Black (1948), also for wishes that mind too much more than too little."""
    median = decided(wishes)

    def minds(wish: int, value: int) -> int:
        return (value - wish) * steepness if value > wish else wish - value

    for_other = sum(minds(wish, other) < minds(wish, median) for wish in wishes)
    for_median = sum(minds(wish, median) < minds(wish, other) for wish in wishes)
    assert for_other <= for_median


@given(
    wishes=WISHES, said=st.integers(0, TOP), phantoms=st.integers(0, 9), today=st.integers(0, TOP)
)
def test_nobody_gains_by_saying_another_number(
    wishes: list[int], said: int, phantoms: int, today: int
) -> None:
    """Moulin (1980), with phantoms too."""
    honest = decided(wishes, today=today, phantoms=phantoms)
    lied = decided([said, *wishes[1:]], today=today, phantoms=phantoms)
    if honest < wishes[0]:
        assert lied <= honest
    if honest > wishes[0]:
        assert lied >= honest


@given(
    wishes=WISHES, more=st.integers(1, TOP), phantoms=st.integers(1, 9), today=st.integers(0, TOP)
)
def test_wanting_more_never_lowers_the_number_and_phantoms_only_hold_it_back(
    wishes: list[int], more: int, phantoms: int, today: int
) -> None:
    assert decided([min(TOP, wishes[0] + more), *wishes[1:]]) >= decided(wishes)
    held = decided(wishes, today=today, phantoms=phantoms)
    free = decided(wishes)
    assert min(free, today) <= held <= max(free, today)


@given(
    votes=st.tuples(*[st.integers(0, 40)] * 3), least=st.fractions(Fraction(1, 2), Fraction(11, 12), max_denominator=12),
    is_more=st.booleans(), quorum=st.integers(0, 60),
)  # fmt: skip
def test_a_vote_more_for_a_motion_never_loses_it(
    votes: tuple[int, int, int], least: Fraction, is_more: bool, quorum: int
) -> None:
    def passes(votes_for: int, votes_against: int, abstain: int) -> bool:
        marks = {"for": votes_for, "against": votes_against, "abstain": abstain}
        papers = tuple(MarkPaper(mark=mark, count=count) for mark, count in marks.items())
        required = RequiredShare(least=least, is_more=is_more)
        vote = ShareVote(title="", required=required, papers=papers, quorum=quorum)
        return count_for_against(vote).passed

    if passes(*votes):
        assert passes(votes[0] + 1, votes[1], votes[2])
        assert passes(votes[0], votes[1], votes[2] + 1)
        assert votes[0] > votes[1]


@st.composite
def rankings(draw: st.DrawFn) -> RankedVote:
    """Up to 5 options, ranked with ties and gaps."""
    numbers = list(range(1, draw(st.integers(2, 5)) + 1))
    places = st.lists(st.integers(1, 4), min_size=len(numbers), max_size=len(numbers))
    papers = []
    for ranks, count in draw(
        st.lists(st.tuples(places, st.integers(1, 9)), min_size=1, max_size=12)
    ):
        kept = [rank for rank in sorted(set(ranks)) if rank < 4]  # place 4: not ranked
        ranking = tuple(tuple(n for n in numbers if ranks[n - 1] == rank) for rank in kept)
        papers.append(Paper(ranking=ranking, count=count))
    return RankedVote(
        title="", options=tuple(Option(number=n, name=str(n)) for n in numbers), seats=1,
        papers=tuple(papers),
    )  # fmt: skip


@given(vote=rankings())
def test_paths_are_the_strongest_of_all_and_a_condorcet_winner_wins(vote: RankedVote) -> None:
    count = count_schulze(vote, LOTS)
    assume(count.ballots.valid)
    numbers = [option.number for option in vote.options]
    wins = {
        (a, b): (count.preferred[a - 1][b - 1], -count.preferred[b - 1][a - 1])
        for a in numbers
        for b in numbers
        if a != b and count.preferred[a - 1][b - 1] > count.preferred[b - 1][a - 1]
    }
    for a, b in permutations(numbers, 2):
        others = [one for one in numbers if one not in (a, b)]
        walks = [
            (a, *by, b) for size in range(len(others) + 1) for by in permutations(others, size)
        ]
        links = [[wins.get(link) for link in pairwise(walk)] for walk in walks]
        strongest = max((min(one) for one in links if None not in one), default=None)
        path = count.paths[a - 1][b - 1]
        assert strongest == (None if path is None else (path.winning, -path.losing))
    for a in numbers:
        if all((a, b) in wins for b in numbers if b != a):
            assert count.winners == (a,)
    assert count.winners


@given(vote=rankings(), data=st.data())
def test_putting_the_winner_alone_first_on_a_ballot_never_unseats_it(
    vote: RankedVote, data: st.DataObject
) -> None:
    """Schulze (2011), section 4.5: more support never hurts."""
    count = count_schulze(vote, LOTS)
    assume(len(count.winners) == 1)
    (winner,) = count.winners
    at = data.draw(st.integers(0, len(vote.papers) - 1))
    papers = list(vote.papers)
    others = [tuple(n for n in place if n != winner) for place in papers[at].ranking]
    raised = ((winner,), *(place for place in others if place))
    papers[at] = replace(papers[at], ranking=raised)
    assert winner in count_schulze(replace(vote, papers=tuple(papers)), LOTS).winners


@st.composite
def budgets(draw: st.DrawFn) -> BudgetVote:
    """Up to 6 projects and 12 different ballots, some broken."""
    ids = "ABCDEF"[: draw(st.integers(1, 6))]
    costs = st.integers(1, 40) | st.fractions(Fraction(1, 2), 40, max_denominator=4)
    ticks = st.lists(st.sampled_from(ids + "Z"), max_size=4).map(tuple)
    papers = st.builds(BudgetPaper, projects=ticks, count=st.integers(0, 5))
    return BudgetVote(
        title="", budget=draw(st.integers(0, 90)), marks=Marks.TICKS,
        projects=tuple(Project(id=one, name=one, cost=draw(costs)) for one in ids),
        papers=tuple(draw(st.lists(papers, max_size=12))),
    )  # fmt: skip


def plainly(vote: BudgetVote, share: Fraction, papers: list[BudgetPaper]) -> list[str]:
    """Equal shares by its definition, voter by voter, ties by support, cost and then the lot."""
    voters = [frozenset(paper.projects) for paper in papers for _ in range(paper.count)]
    money = [share] * len(voters)
    costs = {project.id: Fraction(project.cost) for project in vote.projects}
    bought: list[str] = []
    while True:
        offers = []
        for project in sorted(costs.keys() - set(bought)):
            wanting = [at for at, ticks in enumerate(voters) if project in ticks]
            if not wanting or sum(money[at] for at in wanting) < costs[project]:
                continue
            # The least payment at which the supporters' payments, each at most their money, suffice.
            missing, payers = costs[project], len(wanting)
            for at in sorted(wanting, key=money.__getitem__):
                if money[at] * payers >= missing:
                    break
                missing, payers = missing - money[at], payers - 1
            pays = missing / payers
            offers.append((pays / costs[project], -len(wanting), costs[project], project, pays))
        if not offers:
            return bought
        equal = [offer for offer in offers if offer[:3] == min(offers)[:3]]
        drawn = LOTS.draw(f"round {len(bought) + 1}", [offer[3] for offer in equal])
        _, _, _, project, pays = next(o for o in equal if o[3] == drawn.tickets[0].of)
        bought.append(project)
        money = [have - min(have, pays) if project in ticks else have
                 for have, ticks in zip(money, voters, strict=True)]  # fmt: skip


@given(vote=budgets())
def test_equal_shares_is_what_its_definition_says(vote: BudgetVote) -> None:
    count = count_equal_shares(vote, LOTS, complete=False)
    known = {project.id for project in vote.projects}
    valid = [
        paper for paper in vote.papers
        if paper.projects and known.issuperset(paper.projects) and len(set(paper.projects)) == len(paper.projects)
    ]  # fmt: skip
    if count.share is None:
        assert not sum(paper.count for paper in valid)
        return
    assert list(count.selected) == plainly(vote, count.share, valid)
    whole = count_equal_shares(vote, LOTS)
    assert whole.share_at_last is not None
    by_shares = [one.project for one in whole.rounds if one.step is Step.SHARES]
    assert by_shares == plainly(vote, whole.share_at_last, valid)


@given(vote=budgets(), data=st.data())
def test_a_budget_is_never_overspent_and_the_order_of_ballots_is_nothing(
    vote: BudgetVote, data: st.DataObject
) -> None:
    shuffled = replace(vote, papers=tuple(data.draw(st.permutations(vote.papers))))
    for count_by in (count_equal_shares, count_most_votes_first):
        count = count_by(vote, LOTS)
        assert count == count_by(shuffled, LOTS)
        assert count.total_cost + count.money_left == vote.budget
        assert count.money_left >= 0
        assert count.ballots.cast == sum(paper.count for paper in vote.papers)
        costs = {project.id: project.cost for project in vote.projects}
        left_out = {one.project for one in count.rounds} - set(count.selected)
        assert all(costs[one] > count.money_left for one in left_out)


@given(vote=budgets(), project=st.sampled_from("ABCDEF"), voters=st.integers(1, 20))
def test_who_all_want_one_thing_and_can_pay_for_it_together_get_it(
    vote: BudgetVote, project: str, voters: int
) -> None:
    costs = {one.id: one.cost for one in vote.projects}
    assume(project in costs)
    group = BudgetPaper(projects=(project,), count=voters)
    count = count_equal_shares(replace(vote, papers=(*vote.papers, group)), LOTS, complete=False)
    assert count.share is not None
    if count.share * voters >= costs[project]:
        assert project in count.selected
