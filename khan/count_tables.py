"""How counts are shown, but for Scottish STV's: figures, a table, and the result in words."""

from fractions import Fraction

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from governance.counting.budget import Amount, Marks
from governance.counting.budget_record import BudgetCount, BudgetRound, Step
from governance.counting.median import NumberCount
from governance.counting.ranked import BallotFigures
from governance.counting.schulze import SchulzeCount, Strength
from governance.counting.share import Outcome, ShareCount
from khan.console import print_wide

STEPS = {
    Step.SHARES: "bought from shares",
    Step.VOTES: "bought by votes",
    Step.TOO_DEAR: "too dear for what is left",
}
OUTCOMES = {
    Outcome.PASSED: "Passed",
    Outcome.NO_QUORUM: "Lost: no quorum",
    Outcome.TIE: "Lost: as many for as against",
    Outcome.NOT_ENOUGH: "Lost: not enough for it",
}


def say(console: Console, line: str) -> None:
    """Print a line in which nothing is markup: names are other people's."""
    console.print(line, markup=False)


def several(count: int, thing: str) -> str:
    """ "1 seat", "2,000 seats"."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def lines_of_figures(ballots: BallotFigures) -> list[str]:
    """What became of every ballot, in a line, and a line for each kind of broken one."""
    lines = [
        f"Ballots: {ballots.cast:,} cast, {ballots.valid:,} valid, {ballots.empty:,} empty, "
        f"{ballots.broken:,} broken"
        + (f", {ballots.withdrawn_only:,} for withdrawn only" if ballots.withdrawn_only else "")
    ]
    return lines + [
        f"  broken: {one.count:,} x {one.marks!r}: {one.reason}" for one in ballots.broken_ballots
    ]


def show_budget(count: BudgetCount, console: Console) -> None:
    """Print how a budget was spent, turn by turn."""
    by_shares = count.share is not None and count.share_at_last is not None
    _head(count.title, "the method of equal shares" if by_shares else "most votes first", console)
    _figures(count.ballots, console)
    say(console, f"Budget: {_money(count.budget)}, {several(len(count.projects), 'project')}")
    if count.share is not None and count.share_at_last is not None:
        say(
            console,
            f"Each voter's share: {_money(count.share)}; with {several(count.units_added, 'unit')} "
            f"added: {_money(count.share_at_last)}",
        )
    names = {project.id: project.name for project in count.projects}
    table = _table("turn", "id", "project", "cost", "ballots", "points", "each pays", "left", "")
    for turn, one in enumerate(count.rounds, start=1):
        pays = "" if one.pays_at_most is None else _money(one.pays_at_most)
        table.add_row(
            str(turn), escape(one.project), escape(_short(names[one.project])), _money(one.cost),
            f"{one.support:,}", "" if count.marks is Marks.TICKS else f"{one.score:,}", pays,
            _money(one.money_left), STEPS[one.step] + _of_the_tie(one),
        )  # fmt: skip
    console.print()
    print_wide(table, console, width=170)
    say(console, f"\nSelected, in this order: {', '.join(count.selected) or 'none'}")
    say(console, f"Cost: {_money(count.total_cost)}; left: {_money(count.money_left)}")


def show_schulze(count: SchulzeCount, console: Console) -> None:
    """Print who is preferred to whom, and who wins."""
    names = {option.number: option.name for option in count.options}
    _head(count.title, f"Schulze's method, {several(len(names), 'option')}", console)
    _figures(count.ballots, console)
    if count.status_quo is not None:
        say(
            console,
            f"Keep as is: {names[count.status_quo]}; to be beaten by a share {count.required}",
        )
    for one in count.dropped:
        said = f"{one.votes_for:,} to {one.votes_against:,} against keeping as it is"
        say(console, f"Out: {names[one.number]}, {said}")
    console.print("\nBallots that rank the left one above the upper one; in brackets the weakest "
                  "defeat of the strongest path", markup=False)  # fmt: skip
    table = _table("no.", "option", *(str(number) for number in names))
    for a, name in names.items():
        cells = [
            _over(count.preferred[a - 1][b - 1], count.paths[a - 1][b - 1]) if a != b else "-"
            for b in names
        ]
        table.add_row(str(a), escape(name), *cells)
    print_wide(table, console, width=40 + 16 * len(names))
    if count.lot is not None:
        drawn = ", ".join(f"{names[int(t.of)]} {t.drawn[:12]}" for t in count.lot.tickets)
        say(console, f"\nSeveral win, settled by lot: {drawn}")
    winner = "nobody" if count.winner is None else f"{names[count.winner]} ({count.winner})"
    say(console, f"\nWinner: {winner}")


def show_median(count: NumberCount, console: Console) -> None:
    """Print the values voted, and the one in the middle."""
    bounds = f"{count.lowest} to {count.highest} in steps of {count.step}"
    _head(count.title, f"lower median, {bounds}", console)
    _figures(count.ballots, console)
    say(
        console,
        f"{several(count.abstentions, 'abstention')}; {several(count.phantoms, 'phantom')} for "
        f"today's value{'' if count.today is None else f' {count.today}'}",
    )
    table = _table("value", "ballots", "phantoms", "up to here")
    for line in count.lines:
        table.add_row(*map(str, (line.value, line.ballots, line.phantoms, line.up_to_here)))
    console.print()
    print_wide(table, console, width=60)
    if count.value is None:
        say(console, "\nNothing is decided: nobody named a number")
        return
    say(console, f"\nDecided: {count.value} (number {count.place} of {count.weighed} from below)")


def show_share(count: ShareCount, console: Console) -> None:
    """Print the votes for and against, and what became of the motion."""
    _head(count.title, f"for or against, required {count.required}", console)
    _figures(count.ballots, console)
    say(console, f"For {count.votes_for:,}, against {count.votes_against:,}, abstain "
                 f"{count.abstentions:,}; quorum {count.quorum:,}, present {count.present:,}")  # fmt: skip
    share = "none" if count.share is None else f"{count.votes_for}/{count.whole}"
    say(console, f"\n{OUTCOMES[count.outcome]} (share {share})")


def _head(title: str, rule: str, console: Console) -> None:
    say(console, f"{title}: {rule}" if title else rule)


def _figures(ballots: BallotFigures, console: Console) -> None:
    for line in lines_of_figures(ballots):
        say(console, line)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        is_text = heading in ("", "id", "project", "option")
        table.add_column(heading, justify="left" if is_text else "right", no_wrap=True)
    return table


def _money(amount: Amount) -> str:
    """An amount, cut after two decimals and then marked as such; the record has it exactly."""
    if Fraction(amount).denominator == 1:
        return f"{int(amount):,}"
    hundredths = int(amount * 100)
    return f"{hundredths // 100:,}.{hundredths % 100:02d}…"


def _short(name: str) -> str:
    return name if len(name) <= 50 else f"{name[:49]}…"


def _of_the_tie(one: BudgetRound) -> str:
    if not one.tied:
        return ""
    how = "more votes or the lower cost" if one.lot is None else "lot"
    return f" (a tie of {', '.join(one.tied)}, settled by {how})"


def _over(ballots: int, path: Strength | None) -> str:
    return f"{ballots}" if path is None else f"{ballots} [{path.winning}:{path.losing}]"
