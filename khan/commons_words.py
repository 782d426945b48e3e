"""The commons as a terminal shows them: pacts, funds, offers, purchases, proposals."""

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from khan.motion_words import when
from khan.terminal_words import money

Document = dict[str, Any]


def percent(basis_points: int | None) -> str:
    """Ten-thousandths as a percentage; a dash for none."""
    return "-" if basis_points is None else f"{basis_points // 100}.{basis_points % 100:02d} %"


def show_pacts(found: Document, _zone: ZoneInfo, console: Console) -> None:
    """A line for each pact, with what is overdue under it."""
    _none(found["pacts"], "No pact.", console)
    for one in found["pacts"]:
        state = one["state"].replace("_", " ")
        console.print(f"{one['pact_id']}  {one['title']}: {state}, {percent(one['duties_done_bps'])} done, review on {one['review_on']}", markup=False)  # fmt: skip
        for duty in one["overdue"]:
            console.print(f"  overdue since {duty['due_on']}: duty {duty['number']} of {duty['party']}, {duty['what']}", markup=False)  # fmt: skip


def show_pact(pact: Document, _zone: ZoneInfo, console: Console) -> None:
    """One pact whole: duties, payments, reviews."""
    terms = pact["terms"]
    done = {one["number"]: one["done_on"] for one in pact["done"]}
    say = _saying(console)
    say(f"{terms['title']}  ({pact['pact_id']}): {pact['state'].replace('_', ' ')}")
    say(terms["aim"])
    say(f"From {terms['starts_on']} to {terms['ends_on']}, review on {terms['review_on']}")
    for duty in terms["duties"]:
        number = duty["number"]
        so_far = f"done on {done[number]}" if number in done else f"due on {duty['due_on']}"
        say(f"  duty {number} of {duty['party']}: {duty['what']}; {so_far}")
    for paid in terms["payments"]:
        amount = money(paid["amount"]["minor"], paid["amount"]["currency"])
        say(f"  {paid['payer']} pays {paid['payee']} {amount} by {paid['due_on']}")
    for one in pact["reviews"]:
        goes_on = f", next review on {one['next_review_on']}" if one["next_review_on"] else ""
        say(f"{one['reviewed_on']}  {one['outcome']}{goes_on}: {one['findings']}")


def show_pact_state(pact: Document, _zone: ZoneInfo, console: Console) -> None:
    """How far a pact has come after something was written into it."""
    done = ", ".join(map(str, pact["done"])) or "none"
    console.print(f"Pact {pact['pact_id']}: duties done {done} of {pact['duties']}; {pact['reviews']} reviews.", markup=False)  # fmt: skip


def show_funds(found: Document, _zone: ZoneInfo, console: Console) -> None:
    """A line for each community fund."""
    _none(found["budgets"], "No community fund.", console)
    for one in found["budgets"]:
        console.print(_fund(one), markup=False)


def _fund(one: Document) -> str:
    pot = money(one["pot_minor"], one["currency"])
    state = "divided" if one["result"] else f"projects until {one['lodge_by']}, vote until {one['vote_by']}"  # fmt: skip
    return f"{one['budget_id']}  {one['title']}: {pot}, {state}"


def show_fund(found: Document, _zone: ZoneInfo, console: Console) -> None:
    """One fund with its projects, and what was bought."""
    say = _saying(console)
    say(_fund(found["fund"]))
    result = found["fund"]["result"]
    bought = set(result["count"]["selected"]) if result else set()
    for one in found["projects"]:
        paid = ", paid" if one["project_id"] in bought else ", not paid" if result else ""
        cost = money(one["cost_minor"], one["currency"])
        say(f"  {one['project_id']}  {one['title']}: {cost}, {one['supporters']} behind it{paid}")


def show_offers(found: Document, zone: ZoneInfo, console: Console) -> None:
    """A line for each matched offer."""
    _none(found["offers"], "No matched offer.", console)
    for one in found["offers"]:
        pledged, target = (money(one[f"{name}_minor"], one["currency"]) for name in ("pledged", "target"))  # fmt: skip
        state = one["outcome"] or f"open until {when(one['closes_at'], zone)}"
        match = "" if one["match_minor"] is None else f", the city adds {money(one['match_minor'], one['currency'])}"  # fmt: skip
        console.print(f"{one['offer_id']}  {one['title']}: {pledged} of {target} in {one['pledges']} pledges, {state}{match}", markup=False)  # fmt: skip


def show_purchases(found: Document, _zone: ZoneInfo, console: Console) -> None:
    """Each purchase with its table of scores."""
    _none(found["purchases"], "No purchase.", console)
    for one in found["purchases"]:
        title = one["terms"]["title"]
        if one["table"] is None:
            console.print(f"{one['purchase_id']}  {title}: {one['bids']} bids, not awarded", markup=False)  # fmt: skip
            continue
        console.print(f"{one['purchase_id']}  {title}: awarded", markup=False)
        currency = one["terms"]["currency"]
        show_scores(one["table"], partial(money, currency=currency), console)


def show_scores(table: Document, price: Callable[[int], str], console: Console) -> None:
    """A purchase's bids, the best first, each score with its weight; then those shut out."""
    for row in table["rows"]:
        total = points(row["total"])
        console.print(f"  {row['rank']}  {row['name']}: {total} points, {price(row['price_minor'])}", markup=False)  # fmt: skip
        for one in row["scores"]:
            console.print(f"     {one['criterion']} {points(one['score'])} x {one['weight']}: {one['why']}", markup=False)  # fmt: skip
    for one in table["not_considered"]:
        console.print(f"  -  {one['name']}: not considered, {one['why']}", markup=False)


def show_award(found: Document, _zone: ZoneInfo, console: Console) -> None:
    """The table by which a purchase was just awarded; the first row has won."""
    console.print("Awarded." if found["winner"] else "No bid could be considered.")
    show_scores(found["table"], lambda minor: f"{minor} minor units", console)


def points(share: str) -> str:
    """A share of one as points of a hundred, two places, rounded half up."""
    exact = Fraction(share) * 10_000
    hundredths = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def show_spend(found: Document, _zone: ZoneInfo, console: Console) -> None:
    """How much of a year's spend stayed here."""
    say = _saying(console)
    say(f"Paid to suppliers in {found['year']}: {money(found['total_minor'], found['currency'])}")
    say(f"  in the city {percent(found['local_bps'])}, with the region {percent(found['regional_bps'])}")  # fmt: skip
    say(f"  to co-operatives {percent(found['co_op_bps'])}, to living-wage employers {percent(found['living_wage_bps'])}")  # fmt: skip


def show_proposals(found: Document, _zone: ZoneInfo, console: Console) -> None:
    """What was proposed to the board, and what it said."""
    _none(found["proposals"], "No proposal.", console)
    for one in found["proposals"]:
        answer = {None: f"answer by {one['answer_by']}", True: "accepted", False: "refused"}
        console.print(f"{one['proposal_id']}  {one['title']}: {answer[one['accepted']]}", markup=False)  # fmt: skip
        console.print(f"  {one['body']}", markup=False)
        if one["reasons"]:
            console.print(f"  The board: {one['reasons']}", markup=False)


def show_lodged(made: Document, _zone: ZoneInfo, console: Console) -> None:
    """A proposal that was lodged."""
    console.print(f"Proposal {made['proposal_id']}: the board answers by {made['answer_by']}.", markup=False)  # fmt: skip


def show_made(made: Document | None, _zone: ZoneInfo, console: Console) -> None:
    """What was made, by its identifier; or that it is done."""
    console.print(f"Made: {made['id']}" if made else "Done.", markup=False)


def show_settled(found: Document, _zone: ZoneInfo, console: Console) -> None:
    """What became of an offer; sums in minor units of its currency."""
    why = "; ".join(found["reasons"])
    console.print(f"{found['outcome']}: pledged {found['pledged_minor']}, eligible {found['eligible_minor']}, the city adds {found['match_minor']} (minor units){': ' + why if why else ''}", markup=False)  # fmt: skip


def _saying(console: Console) -> Any:
    def say(line: str) -> None:
        console.print(line, markup=False)

    return say


def _none(found: list[Document], otherwise: str, console: Console) -> None:
    if not found:
        console.print(otherwise)
