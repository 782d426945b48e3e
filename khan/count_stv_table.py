"""How a Scottish STV count is shown: the figures, a table of stages, and each stage in words."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from governance.counting.stv_record import Action, Stage, StvCount, Tie, Why
from khan.console import print_wide
from khan.count_tables import lines_of_figures, say, several


def show_stv(count: StvCount, console: Console) -> None:
    """Print a count as people read it."""
    names = {option.number: option.name for option in count.options}
    title = f"{count.title}: " if count.title else ""
    say(
        console,
        f"{title}{several(count.seats, 'seat')}, {several(len(names), 'candidate')}, "
        "Scottish STV (SSI 2007/42)",
    )
    if count.withdrawn:
        say(console, f"Withdrawn: {_named(count.withdrawn, names)}")
    for line in lines_of_figures(count.ballots):
        say(console, line)
    say(console, f"Quota: {count.quota:,} votes\n")
    print_wide(_table(count), console, width=40 + 14 * len(count.stages))
    for stage in count.stages:
        say(console, f"Stage {stage.number}: {_told(stage, count, names)}")
    say(console, "\nElected, in this order:")
    for place, number in enumerate(count.elected_numbers, start=1):
        say(console, f"  {place}. {names[number]} ({number})")
    if count.vacant:
        say(console, f"  {several(count.vacant, 'seat')} left vacant")


def _named(numbers: tuple[int, ...], names: dict[int, str]) -> str:
    return ", ".join(names[number] for number in numbers)


def _table(count: StvCount) -> Table:
    """Totals by candidate and stage; below, what no candidate holds."""
    table = Table(box=None, pad_edge=False)
    for heading in ("no.", "candidate", *(f"stage {s.number}" for s in count.stages)):
        table.add_column(heading, justify="left" if heading == "candidate" else "right")
    chosen = set(count.elected_numbers)
    for option in count.options:
        mark = " *" if option.number in chosen else ""
        totals = [str(stage.totals[option.number - 1]) for stage in count.stages]
        table.add_row(str(option.number), escape(option.name) + mark, *totals)
    table.add_row("", "non-transferable", *(str(s.non_transferable) for s in count.stages))
    table.add_row("", "lost in cutting", *(str(s.lost_in_cutting) for s in count.stages))
    return table


def _told(stage: Stage, count: StvCount, names: dict[int, str]) -> str:
    """One stage in words."""
    if stage.candidate is None:
        said = "first preferences"
    elif stage.action is Action.SURPLUS:
        said = f"the surplus of {names[stage.candidate]} is transferred"
    else:
        said = f"{names[stage.candidate]} is excluded"
    if stage.tie is not None:
        said += f" ({_tie(stage.tie, names)})"
    reasons = {
        Why.QUOTA: "with the quota",
        Why.LAST_VACANCIES: "as many continue as there are vacancies",
    }
    for why, reason in reasons.items():
        newly = tuple(one.number for one in stage.elected if one.why is why)
        if newly:
            said += f"; elected: {_named(newly, names)} ({reason})"
    return said


def _tie(tie: Tie, names: dict[int, str]) -> str:
    among = f"a tie of {_named(tie.tied, names)}"
    if tie.lot is None:
        return f"{among}, settled by stage {tie.settled_at_stage}"
    drawn = ", ".join(f"{names[int(one.of)]} {one.drawn[:12]}" for one in tie.lot.tickets)
    return f"{among}, settled by lot: {drawn}"
