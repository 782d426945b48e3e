"""The office's part of `khan commons`: the board's answers, pacts, funds, offers, purchases."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from governance.commons.pact import Outcome
from khan import commons_words as words
from khan import options
from khan.commons_commands import PactArgument, commons
from khan.console import ArgumentUnusable, console
from khan.motion_commands import (
    JsonOption,
    TextOption,
    TokenOption,
    identifier,
    post,
    read_document,
    read_text,
)
from khan.motion_office_commands import PasskeyOption, PhoneOption, office
from khan.seed import OFFICE_PHONE
from khan.terminal_motion import Document, act
from simulation.client import Phone

_EXAMPLE = "For the office. Example:\n\nkhan commons {} --passkey office.json --messages FILE"
ProposalArgument = Annotated[
    str, typer.Argument(metavar="PROPOSAL", help="As `khan commons proposals` has it.")
]
TermsOption = Annotated[
    Path,
    typer.Option(
        "--terms", metavar="FILE.json", help="The terms, as docs/explanation/commons.md has them."
    ),
]
AdoptionOption = Annotated[
    str,
    typer.Option("--adoption", metavar="ID", help="What adopted the terms, as a rule names it."),
]
PurchaseArgument = Annotated[
    str, typer.Argument(metavar="PURCHASE", help="As `khan commons purchases` has it.")
]


@commons.command("proposals", epilog=_EXAMPLE.format("proposals"))
def proposals(
    *,
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was proposed to the board, and what it must answer by when."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)

    async def play(line: Phone) -> Document:
        return await line.get(access.path("commons/proposals"))

    act(access, play, words.show_proposals, console=console, as_json=as_json)


@commons.command("answer", epilog=_EXAMPLE.format("answer PROPOSAL --accept --text FILE"))
def answer(
    *,
    proposal_id: ProposalArgument,
    accepted: Annotated[bool, typer.Option("--accept/--refuse", help="What the board says.")],
    text: TextOption,
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a proposal for the board, once, with its reasons."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    path = f"commons/proposals/{identifier('PROPOSAL', proposal_id)}/answer"
    body: Document = {"accepted": accepted, "reasons": read_text(text)}
    post(access, path, body, show=words.show_made, as_json=as_json)


@commons.command("agree", epilog=_EXAMPLE.format("agree PROPOSAL --terms pact.json"))
def agree(
    *,
    proposal_id: ProposalArgument,
    terms: TermsOption,
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an accepted proposal a pact, with its duties, money, days and review."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    path = f"commons/proposals/{identifier('PROPOSAL', proposal_id)}/pact"
    body: Document = {"terms": read_document("--terms", terms)}
    post(access, path, body, show=words.show_made, as_json=as_json)


@commons.command("done", epilog=_EXAMPLE.format("done PACT 2"))
def done(
    *,
    pact_id: PactArgument,
    number: Annotated[int, typer.Argument(min=1, max=1000, help="The duty's number.")],
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Report a duty of a pact as done."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    path = f"commons/pacts/{identifier('PACT', pact_id)}/duties/{number}/done"
    post(access, path, {}, show=words.show_pact_state, as_json=as_json)


@commons.command("review", epilog=_EXAMPLE.format("review PACT --outcome kept --text FILE"))
def review(
    *,
    pact_id: PactArgument,
    outcome: Annotated[Outcome, typer.Option(help="What the review came to.")],
    text: TextOption,
    next_review: Annotated[
        str | None, typer.Option(metavar="DAY", help="Of one that goes on: its next review.")
    ] = None,
    ends: Annotated[
        str | None, typer.Option(metavar="DAY", help="Of one that goes on: its new last day.")
    ] = None,
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look back on a pact, from its review day on."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    body: Document = {"outcome": outcome.value, "findings": read_text(text)}
    for name, option, said in (
        ("next_review_on", "--next-review", next_review), ("ends_on", "--ends", ends),
    ):  # fmt: skip
        if said is not None:
            body[name] = _day(option, said)
    path = f"commons/pacts/{identifier('PACT', pact_id)}/reviews"
    post(access, path, body, show=words.show_pact_state, as_json=as_json)


def _opened(name: str, path: str, manual: str) -> None:
    """Add a command that opens something by terms that members voted."""

    def command(
        *,
        adoption: AdoptionOption,
        terms: TermsOption,
        phone: PhoneOption = OFFICE_PHONE,
        passkey: PasskeyOption = None,
        url: options.Url = options.USUAL_URL,
        messages: options.Messages = None,
        token: TokenOption = None,
        as_json: JsonOption = False,
    ) -> None:
        access = office(url, phone, passkey=passkey, messages=messages, token=token)
        body: Document = {
            "adoption_id": identifier("--adoption", adoption),
            "terms": read_document("--terms", terms),
        }
        post(access, f"commons/{path}", body, show=words.show_made, as_json=as_json)

    example = _EXAMPLE.format(f"{name} --adoption ID --terms FILE.json")
    commons.command(name, help=manual, epilog=example)(command)


for _name, _path, _manual in (
    ("open-fund", "budgets", "Open a community fund, by terms that members voted."),
    ("open-offer", "offers", "Put up an offer that the city matches, by terms that members voted."),
    ("open-purchase", "purchases", "Open a purchase, by weights that members voted."),
):
    _opened(_name, _path, _manual)


@commons.command("settle", epilog=_EXAMPLE.format("settle OFFER"))
def settle(
    *,
    offer_id: Annotated[
        str, typer.Argument(metavar="OFFER", help="As `khan commons offers` has it.")
    ],
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Settle an offer that has closed: all of it is posted, or all of it is voided."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    path = f"commons/offers/{identifier('OFFER', offer_id)}/settle"
    post(access, path, {}, show=words.show_settled, as_json=as_json)


@commons.command("bid", epilog=_EXAMPLE.format("bid PURCHASE bid.json"))
def bid(
    *,
    purchase_id: PurchaseArgument,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.json", help="supplier_id, price_minor, quality_points, carbon_grams."
        ),
    ],
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write down a bid as it was opened, before the award."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    path = f"commons/purchases/{identifier('PURCHASE', purchase_id)}/bids"
    body = read_document("FILE.json", file)
    post(access, path, body, show=words.show_made, as_json=as_json)


@commons.command("award", epilog=_EXAMPLE.format("award PURCHASE --seed 64-HEX-DIGITS"))
def award(
    *,
    purchase_id: PurchaseArgument,
    seed: Annotated[
        str, typer.Option(metavar="HEX", help="64 hexadecimal digits that settle ties, in public.")
    ],
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score the bids by the tags of today; the first row has won."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    path = f"commons/purchases/{identifier('PURCHASE', purchase_id)}/award"
    post(access, path, {"seed": seed}, show=words.show_award, as_json=as_json)


def _day(option: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ArgumentUnusable(option, f"{text!r} is not a day like 2026-12-14") from None


__all__ = ["commons"]
