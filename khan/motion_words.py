"""Motions as a terminal shows them: a list, one motion whole, a membership."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from khan.question_words import show_question, told_result

Document = dict[str, Any]

_STATES = {
    "proposed": "proposed; it needs more members behind it",
    "seconded": "seconded; the office calls the vote",
    "amending": "called; it can be amended until the freeze",
    "frozen": "frozen; the vote opens soon",
    "open": "open; members vote",
    "closed": "closed; the count is to be certified",
    "certified": "passed",
    "lost": "not passed",
    "withdrawn": "withdrawn",
}
_INSTANTS = (
    ("notice_at", "called"),
    ("corrected_until", "roll corrected until"),
    ("freezes_at", "text frozen"),
    ("opens_at", "opens"),
    ("closes_at", "closes"),
)


def when(instant: str | None, zone: ZoneInfo) -> str:
    """An instant by the city's clocks; a dash for none."""
    if instant is None:
        return "-"
    return f"{datetime.fromisoformat(instant).astimezone(zone):%Y-%m-%d %H:%M}"


def show_list(found: Document, zone: ZoneInfo, console: Console) -> None:
    """A line for each motion, the newest first."""
    motions = found["motions"]
    if not motions:
        console.print("No motion.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("motion", "state", "matter", "closes", "title"):
        table.add_column(name, no_wrap=name != "title")
    for one in motions:
        table.add_row(
            one["motion_id"],
            one["state"],
            one["matter"],
            when(one["closes_at"], zone),
            one["title"],
        )
    wide = Console(file=console.file, width=max(console.width, 120), highlight=False, emoji=False)
    wide.print(table)
    if found["before"] is not None:
        console.print(f"More: --before {found['before']}", markup=False)


def show_motion(motion: Document, zone: ZoneInfo, console: Console) -> None:
    """One motion whole: where it stands, its timetable, its text, what amendments change, what came
    of it."""

    def say(line: str = "") -> None:
        console.print(line, markup=False)

    say(f"{motion['title']}  ({motion['motion_id']})")
    about = f"a {motion['rule_kind']}" if motion["rule_kind"] else "a resolution"
    say(f"{about}, decided as {motion['matter']}: {_STATES[motion['state']]}")
    if motion.get("mover"):
        say(f"moved by {motion['mover']['name']}, {when(motion['proposed_at'], zone)}")
    _say_seconds(motion, console)
    show_question(motion, console)
    if motion["timetable"] is not None:
        say()
        console.print(_timetable(motion["timetable"], zone))
    say()
    say(f"Version {motion['version']} of the text:")
    say(motion["text"])
    for one in motion["amendments"]:
        _say_amendment(motion, one, console)
    if motion["answer"] is not None:
        say()
        say(f"The board: {motion['answer']['text']}")
    elif motion["answer_by"] is not None:
        overdue = ", and is late" if motion["is_answer_overdue"] else ""
        say()
        say(f"The board answers by {motion['answer_by']}{overdue}.")
    _say_result(motion, zone, console)
    _say_mine(motion.get("mine"), console)


def _say_seconds(motion: Document, console: Console) -> None:
    missing = motion["seconds_missing"]
    names = ", ".join(one["name"] for one in motion.get("seconders", []))
    told = f"{motion['seconds']} behind it" + (f" ({names})" if names else "")
    console.print(told + (f", {missing} missing" if missing else ""), markup=False)


def _timetable(instants: Document, zone: ZoneInfo) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, words in _INSTANTS:
        table.add_row(words, when(instants[name], zone))
    return table


def _say_amendment(motion: Document, one: Document, console: Console) -> None:
    by = motion.get("amended_by", {}).get(one["amendment_id"])
    who = f" by {by['name']}" if by else ""
    figures = "" if one["votes_for"] is None else f" {one['votes_for']} : {one['votes_against']}"
    state = one["state"].replace("_", " ")
    console.print()
    console.print(
        f"Amendment {one['amendment_id']}{who} of version {one['amends_version']}: {state}{figures}",
        markup=False,
    )
    for line in one["diff"].splitlines():
        style = {"+": "green", "-": "red"}.get(line[:1], "")
        console.print(line, markup=False, style=style or None)


def _say_result(motion: Document, zone: ZoneInfo, console: Console) -> None:
    def say(line: str) -> None:
        console.print(line, markup=False)

    certificate = motion["certificate"]
    if motion["roll"] is not None:
        say(f"The roll: {motion['roll']['size']} members, {motion['roll']['digest']}")
    if certificate is not None:
        outcome = "passed" if certificate["has_passed"] else "did not pass"
        say(
            f"It {outcome}: {told_result(motion)}; certified by "
            f"{certificate['document']['certified_by']}, {certificate['digest']}"
        )
    if motion["rule"] is not None:
        rule = motion["rule"]
        begins = when(rule["valid_from"], zone)
        say(f"It is the {rule['kind']}, version {rule['version']}, from {begins}.")
    for one in motion["follow_ups"]:
        say(f"{when(one['at'], zone)}  {one['done_percent']} %: {one['text']}")


def _say_mine(mine: Document | None, console: Console) -> None:
    if mine is None or mine["on_roll"] is None:
        return
    told = f"You vote as {mine['member_class']}." if mine["on_roll"] else f"{mine['words']}"
    if mine["choice"] is not None:
        told += f" Your ballot says: {mine['choice']}."
    console.print(told, markup=False)


def show_amendment(made: Document, _zone: ZoneInfo, console: Console) -> None:
    """What an amendment changes."""
    console.print(f"Amendment {made['amendment_id']}:", markup=False)
    console.print(made["diff"], markup=False)


def show_choice(cast: Document, _zone: ZoneInfo, console: Console) -> None:
    """What a ballot says."""
    console.print(f"Your ballot says: {cast['choice'] or 'nothing yet'}.", markup=False)


def show_membership(found: Document, zone: ZoneInfo, console: Console) -> None:
    """How somebody stands."""
    for one in found["classes"]:
        since = when(one["since"], zone)
        console.print(f"A member as {one['member_class']} since {since}.", markup=False)
    words = found["words"] or f"You have a vote, as {found['may_vote_as']}."
    console.print(words, markup=False)


def show_register(found: Document, _zone: ZoneInfo, console: Console) -> None:
    """Members as they were found, a line each."""
    if not found["members"]:
        console.print("Nobody found so far." if found["after"] else "Nobody found.")
    for one in found["members"]:
        classes = ", ".join(each["member_class"] for each in one["classes"]) or "no class"
        vote = one["words"] or f"votes as {one['may_vote_as']}"
        note = "" if one["note"] is None else f" ({one['note']})"
        console.print(f"{one['member_id']}  {one['name']}: {classes}; {vote}{note}", markup=False)
    if found["after"] is not None:
        console.print(f"More: --after {found['after']}", markup=False)
