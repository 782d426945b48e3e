"""Payouts as a terminal shows them."""

from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from khan.motion_words import when
from khan.terminal_words import money

Document = dict[str, Any]

_HELD = {
    "no_destination": "gave no account",
    "destination_waits": "the account is not 72 hours old",
    "below_least": "less than the least amount",
    "not_asked": "did not ask",
    "next_file": "the file is full",
}
_STATES = {
    "pending": "on its way",
    "sent": "sent",
    "voided": "refused by the bank",
    "returned": "came back",
    "in_use": "in use",
    "waits": "waits",
    "taken_back": "taken back",
    "replaced": "used before",
}


def _amount(one: Document) -> str:
    return money(one["amount_minor"], one["currency"])


def show_preview(found: Document, zone: ZoneInfo, console: Console) -> None:
    """A line for each payee, then one for each who is held, with why."""
    currency = found["total"]["currency"]
    for one in found["payees"]:
        asked = ", asked for" if one["asked_at"] else ""
        console.print(f"{one['driver_id']}  {money(one['amount_minor'], currency)} to ...{one['tail']}{asked}", markup=False)  # fmt: skip
    for one in found["held"]:
        until = f" until {when(one['usable_from'], zone)}" if one["usable_from"] else ""
        console.print(f"{one['driver_id']}  {money(one['amount_minor'], currency)} held: {_HELD[one['why']]}{until}", markup=False)  # fmt: skip
    if not found["payees"] and not found["held"]:
        console.print("Nobody is owed anything.")
        return
    console.print(f"{_people(len(found['payees']))} would be paid {_amount(found['total'])}; {len(found['held'])} held.", markup=False)  # fmt: skip


def show_made(found: Document, _zone: ZoneInfo, console: Console) -> None:
    """The file, and who is missing in it."""
    file = found["file"]
    console.print(f"File {file['payout_file_id']}: {_people(file['payouts'])}, {_amount(file['total'])}, on {file['execute_on']}", markup=False)  # fmt: skip
    console.print(f"SHA-256 {file['digest']}", markup=False)
    if found["without_destination"]:
        console.print(f"{len(found['without_destination'])} not paid: no account in use.")


def show_files(found: Document, zone: ZoneInfo, console: Console) -> None:
    """A line for each file, with what the bank said."""
    if not found["files"]:
        console.print("No payout file was made yet.")
    for one in found["files"]:
        file = one["file"]
        states = ", ".join(f"{one[name]} {_STATES[name]}" for name in ("pending", "sent", "voided", "returned") if one[name])  # fmt: skip
        console.print(f"{file['payout_file_id']}  made {when(file['made_at'], zone)}, {_amount(file['total'])}: {states}", markup=False)  # fmt: skip


def show_content(found: Document, _zone: ZoneInfo, console: Console) -> None:
    """A line for each payout of a file."""
    for one in found["payouts"]:
        console.print(f"{one['payout_id']}  driver {one['driver_id']}  {_amount(one)} to ...{one['tail'] or '????'}: {_state(one)}", markup=False)  # fmt: skip


def show_sent(found: Document, _zone: ZoneInfo, console: Console) -> None:
    """How many payouts the bank's word posted."""
    console.print(f"{_people(found['sent'])} paid.", markup=False)


def show_returned(_found: Document, _zone: ZoneInfo, console: Console) -> None:
    """It is done."""
    console.print("Done. The driver is owed it again.")


def show_mine(found: Document, zone: ZoneInfo, console: Console) -> None:
    """What a driver is owed, and the payouts."""
    asked = f", asked for on {when(found['asked_at'], zone)}" if found["asked_at"] else ""
    console.print(f"You are owed {_amount(found['owed'])}{asked}.", markup=False)
    if not found["payouts"]:
        console.print("You were paid nothing yet.")
    for one in found["payouts"]:
        console.print(f"{when(one['made_at'], zone)}  {_amount(one)} to ...{one['tail'] or '????'}: {_state(one)}", markup=False)  # fmt: skip


def show_destinations(found: Document, zone: ZoneInfo, console: Console) -> None:
    """A line for each account that a driver gave."""
    if not found["destinations"]:
        console.print("You gave no bank account yet.")
    for one in found["destinations"]:
        console.print(f"{one['number']}  ...{one['tail']}: {_STATES[one['state']]}, from {when(one['usable_from'], zone)}", markup=False)  # fmt: skip


def show_set(found: Document, zone: ZoneInfo, console: Console) -> None:
    """When the account begins to be used, and how to take it back."""
    console.print(f"The account ...{found['tail']} is used from {when(found['usable_from'], zone)}.", markup=False)  # fmt: skip
    console.print(f"Until then: khan payouts destination --take-back {found['number']}")


def show_taken_back(_found: Document, _zone: ZoneInfo, console: Console) -> None:
    """It is done."""
    console.print("Taken back. Your money goes where it went before.")


def show_asked(found: Document, _zone: ZoneInfo, console: Console) -> None:
    """What goes out with the next file."""
    console.print(f"Asked for: {_amount(found['owed'])} goes out with the next file.", markup=False)


def _state(one: Document) -> str:
    reason = f" ({one['reason']})" if one["reason"] else ""
    return _STATES[one["state"]] + reason


def _people(count: int) -> str:
    return "1 driver" if count == 1 else f"{count} drivers"
