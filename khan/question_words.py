"""What a motion asks and what its vote came to, as a terminal shows them."""

from typing import Any

from rich.console import Console

Document = dict[str, Any]

_RESULTS = {
    "no_quorum": "too few took part",
    "unchanged": "everything stays as it is",
    "nobody_elected": "nobody is elected",
    "nothing_selected": "no project is paid",
}


def show_question(motion: Document, console: Console) -> None:
    """What voters are asked, with its bounds, candidates and options; nothing of a plain text."""

    def say(line: str) -> None:
        console.print(line, markup=False)

    asks = motion["asks"]
    match asks["kind"]:
        case "number":
            places = ", ".join(".".join(map(str, path)) for path in asks["fields"])
            say(f"asks for a number, in {asks['unit']}: {places}")
            say(_bounds(motion))
        case "election":
            of = f" of members as {asks['stands']}" if asks["stands"] else ""
            say(f"asks who takes {asks['seats']} seats{of}")
            if motion.get("nominated"):
                say("nominated: " + ", ".join(one["name"] for one in motion["nominated"]))
            if motion.get("withdrawn"):
                say("withdrawn: " + ", ".join(one["name"] for one in motion["withdrawn"]))
            if motion["question"] is None:
                say("standing: " + (", ".join(motion["candidates"]) or "nobody yet"))
        case "texts":
            say("asks for one of these texts, or none:")
            for one in asks["texts"]:
                say(f"  {one['title']}: {one['text']}")
        case "division":
            say(f"asks which projects of the fund {asks['budget_id']} are paid")
        case "allocation":
            say(f"asks whether the surplus of the period {asks['period_id']} is divided")
    for one in (motion["question"] or {"options": []})["options"]:
        say(f"  {one['number']}  {one['name']}")
    for poll in motion["polls"]:
        say(
            f"poll {poll['poll_id']}" + (f" of {poll['member_class']}" * bool(poll["member_class"]))
        )


def _bounds(motion: Document) -> str:
    question, published = motion["question"], motion["bounds"]
    if question is not None:
        said = question["parameters"]
        return (
            f"between {said['lowest']} and {said['highest']} in steps of {said['step']}; "
            f"today {said['today']}"
        )
    if published is None:
        return "the board has not published its bounds"
    return f"the board's bounds: {published['lowest']} to {published['highest']}"


def told_result(motion: Document) -> str:
    """What a certified vote came to, in a few words."""
    result, asks = motion["result"], motion["asks"]
    if result["votes_for"] is not None:
        return (
            f"{result['votes_for']} for, {result['votes_against']} against, "
            f"{result['abstentions']} abstained"
        )
    outcome: str = result["outcome"]
    if outcome != "passed":
        return _RESULTS.get(outcome, outcome)
    match asks["kind"]:
        case "number":
            return f"{result['value']} {asks['unit']}"
        case "election":
            return "elected: " + _names(result["elected"])
        case "division":
            return "paid: " + _names(result["projects"])
    winner: str = result["winner"]["name"]
    return winner


def _names(options: list[Document]) -> str:
    return ", ".join(one["name"] for one in options)
