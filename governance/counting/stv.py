"""Scottish STV: the single transferable vote of the Scottish Local Government Elections Order 2007.

SSI 2007/42, schedule 1, rules 45 to 52 (kept word for word in SSI 2011/399): the weighted inclusive
Gregory method, values to five decimals with the remainder ignored, one transfer a stage, the
largest surplus first, ties by the last stage that tells them apart and else by lot.

Votes are whole hundred-thousandths throughout. Two things the Order leaves to practice, counted as
the councils count: whoever is excluded has their papers transferred at that stage before the last
vacancies are filled (rule 52), and where more than two tie, each earlier stage keeps those whom it
puts first until one remains. One thing is this house's own: without a single valid ballot nobody
is elected but those without a rival, where the Order would elect the whole council by lot.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from governance.counting.document import VOTE, Votes
from governance.counting.lots import Lot, Lots
from governance.counting.ranked import BallotFigures, RankedVote, StrictRanking, sift
from governance.counting.stv_record import Action, Elected, Parcel, Stage, StvCount, Tie, Why

RULE = "scottish_stv"


@dataclass(slots=True)
class _Papers:
    """Ballot papers alike, as they lie with a candidate."""

    ranking: StrictRanking
    count: int
    value: int
    place: int = 0  # in the ranking, of whom they lie with


@dataclass(slots=True)
class _Table:
    """The counting table: where the papers lie and what was recorded so far."""

    standing: tuple[int, ...]
    quota: int
    seats: int
    lots: Lots
    options: int
    held: dict[int, list[_Papers]]
    totals: dict[int, int]
    continuing: set[int]
    elected: list[int] = field(default_factory=list)
    surpluses: set[int] = field(default_factory=set)
    non_transferable: int = 0
    lost: int = 0
    stages: list[Stage] = field(default_factory=list)

    @property
    def vacancies(self) -> int:
        return self.seats - len(self.elected)

    @property
    def done(self) -> bool:
        return self.vacancies == 0 or not self.continuing


def count_scottish_stv(vote: RankedVote, lots: Lots) -> StvCount:
    """Count a vote by Scottish STV.

    Parameters
    ----------
    vote
        Candidates, seats and ballots. Two at one rank, or one ranked twice, break a ballot.
    lots
        Settles ties that no earlier stage settles; asked only then. The occasions are
        "surplus N" and "exclusion N", N the stage, and the names are the candidates' numbers.

    Returns
    -------
    StvCount
        Every stage. The same for the same ballots in any order.
    """
    rankings, ballots = sift(vote)
    table = _lay_out(vote, rankings, ballots, lots)
    _end_stage(table, Action.FIRST_PREFERENCES, None, (), None)
    while not table.done and ballots.valid:
        if table.surpluses:
            _transfer_surplus(table)
        else:
            _exclude(table)
    assert len(set(table.elected)) == len(table.elected) <= vote.seats
    return StvCount(
        rule=RULE, title=vote.title, options=vote.options, withdrawn=tuple(sorted(vote.withdrawn)),
        seats=vote.seats, ballots=ballots, quota=table.quota, stages=tuple(table.stages),
        elected_numbers=tuple(table.elected), vacant=table.vacancies,
    )  # fmt: skip


def _lay_out(
    vote: RankedVote,
    rankings: dict[tuple[tuple[int, ...], ...], int],
    ballots: BallotFigures,
    lots: Lots,
) -> _Table:
    """Sort the papers by first preference (rule 45) and work out the quota (rule 46)."""
    standing = tuple(o.number for o in vote.options if o.number not in vote.withdrawn)
    held: dict[int, list[_Papers]] = {number: [] for number in standing}
    totals = dict.fromkeys(standing, 0)
    for ranking, count in rankings.items():
        strict = tuple(place[0] for place in ranking)
        held[strict[0]].append(_Papers(strict, count, VOTE))
        totals[strict[0]] += count * VOTE
    return _Table(
        standing=standing, quota=ballots.valid // (vote.seats + 1) + 1, seats=vote.seats, lots=lots,
        options=len(vote.options), held=held, totals=totals, continuing=set(standing),
    )  # fmt: skip


def _transfer_surplus(table: _Table) -> None:
    """Transfer the largest surplus (rules 48 and 49)."""
    giver, tie = _take(table, table.surpluses, max, Action.SURPLUS)
    table.surpluses.remove(giver)
    total = table.totals[giver]
    surplus = total - table.quota * VOTE
    parcels = _move(table, giver, lambda value: surplus * value // total)
    table.totals[giver] = table.quota * VOTE
    table.lost += surplus - sum(parcel.votes for parcel in parcels)
    _end_stage(table, Action.SURPLUS, giver, parcels, tie)


def _exclude(table: _Table) -> None:
    """Exclude whoever has the fewest votes and transfer their papers (rules 50 and 51)."""
    giver, tie = _take(table, table.continuing, min, Action.EXCLUSION)
    table.continuing.remove(giver)
    total = table.totals[giver]
    parcels = _move(table, giver, lambda value: value)
    table.totals[giver] = 0
    assert sum(parcel.votes for parcel in parcels) == total, "an exclusion loses nothing"
    _end_stage(table, Action.EXCLUSION, giver, parcels, tie)


def _move(table: _Table, giver: int, worth: Callable[[int], int]) -> tuple[Parcel, ...]:
    """Move all papers of `giver` to the next continuing candidate, each at its new worth."""
    counted: Counter[tuple[int, int]] = Counter()
    for papers in table.held[giver]:
        value = worth(papers.value)
        place = papers.place + 1
        while place < len(papers.ranking) and papers.ranking[place] not in table.continuing:
            place += 1
        to = papers.ranking[place] if place < len(papers.ranking) else 0
        counted[to, value] += papers.count
        if to:
            table.held[to].append(_Papers(papers.ranking, papers.count, value, place))
            table.totals[to] += papers.count * value
        else:
            table.non_transferable += papers.count * value
    table.held[giver] = []
    return tuple(
        Parcel(to=to or None, papers=count, value=Votes(value), votes=Votes(count * value))
        for (to, value), count in sorted(counted.items(), key=lambda one: (one[0][0] or table.options + 1, -one[0][1]))
    )  # fmt: skip


def _end_stage(
    table: _Table, action: Action, giver: int | None, parcels: tuple[Parcel, ...], tie: Tie | None
) -> None:
    """Deem elected whoever is (rules 47 and 52), and write the stage down."""
    totals = tuple(Votes(table.totals.get(n, 0)) for n in range(1, table.options + 1))
    reached = [n for n in table.continuing if table.totals[n] >= table.quota * VOTE]
    newly = [(n, Why.QUOTA) for n in _most_votes_first(table, reached)]
    table.continuing.difference_update(reached)
    table.surpluses.update(n for n in reached if table.totals[n] > table.quota * VOTE)
    if len(table.continuing) <= table.vacancies - len(newly):
        last = _most_votes_first(table, table.continuing)
        newly += [(n, Why.LAST_VACANCIES) for n in last]
        table.continuing.clear()
    table.elected += [number for number, _ in newly]
    table.stages.append(
        Stage(
            number=len(table.stages) + 1, action=action, candidate=giver, parcels=parcels,
            totals=totals, non_transferable=Votes(table.non_transferable),
            lost_in_cutting=Votes(table.lost),
            elected=tuple(Elected(number=number, why=why) for number, why in newly),
            excluded=giver if action is Action.EXCLUSION else None, tie=tie,
        )
    )  # fmt: skip


def _most_votes_first(table: _Table, numbers: list[int] | set[int]) -> list[int]:
    """The order in which those elected at one stage are named; it decides nothing else."""

    def key(number: int) -> tuple[tuple[int, ...], int]:
        before = tuple(-stage.totals[number - 1] for stage in reversed(table.stages))
        return (-table.totals[number], *before), number

    return sorted(numbers, key=key)


def _take(
    table: _Table, among: set[int], end: Callable[..., int], action: Action
) -> tuple[int, Tie | None]:
    """Whoever has most (`end` is max) or fewest (min) votes; ties by rules 49(2) and 51(2)."""
    wanted = end(table.totals[number] for number in among)
    tied = sorted(number for number in among if table.totals[number] == wanted)
    if len(tied) == 1:
        return tied[0], None
    left, settled_at = tied, None
    for stage in reversed(table.stages[:-1]):  # the last one's totals are those that tie
        wanted = end(stage.totals[number - 1] for number in left)
        left = [number for number in left if stage.totals[number - 1] == wanted]
        if len(left) == 1:
            settled_at = stage.number
            break
    lot: Lot | None = None
    if len(left) > 1:
        lot = table.lots.draw(f"{action} {len(table.stages) + 1}", map(str, left))
        left = [int(lot.tickets[0].of)]
    chosen = left[0]
    return chosen, Tie(tied=tuple(tied), chosen=chosen, settled_at_stage=settled_at, lot=lot)
