"""The books in beancount's language. Pure: values in, lines out.

`bean-check` (beancount 3) balances each transaction by a tolerance that it infers, and lets a
`balance` line miss by the last decimal. The tolerance is therefore set to nothing, and each
`balance` says `~ 0`, so that one minor unit is refused wherever it is planted.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from ledger.export.books import (
    Closing,
    Frame,
    OpenedAccount,
    OwnedAccount,
    SealedDay,
    WrittenTransfer,
    decimal_text,
)
from ledger.export.names import Names, account_name


class Beancount:
    """Writes one ledger."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def head(self, frame: Frame) -> Iterator[str]:
        """Options, currencies, and the decisions that transfers name."""
        yield ";; -*- mode: beancount -*-\n"
        yield f'option "title" {_quoted(frame.title)}\n'
        yield 'option "tolerance_multiplier" "0"\n'
        for currency in frame.currencies:
            yield f'option "operating_currency" "{currency}"\n'
            yield f'option "inferred_tolerance_default" "{currency}:0"\n'
        for currency in frame.currencies:
            yield f"{frame.first} commodity {currency}\n"
        for decision in frame.decisions:
            yield (
                f'{frame.first} custom "decision" "{decision.decision_id}" "{decision.kind}" '
                f'{_quoted(decision.title)} "{decision.digest}"\n'
            )

    def accounts(self, frame: Frame, accounts: Iterable[OpenedAccount]) -> Iterator[str]:
        """Opens accounts, each in its currencies alone."""
        for account in accounts:
            yield f"{frame.first} open {self._account(account)} {','.join(account.currencies)}\n"

    def day(self, sealed: SealedDay) -> str:
        """A link of the chain of days."""
        return (
            f'{sealed.day} custom "sealed-day" {sealed.number} {sealed.transfers} '
            f'"{sealed.digest}"\n'
        )

    def transfer(self, written: WrittenTransfer) -> str:
        """One transaction; what is set aside is flagged, in accounts beside those it is for."""
        if not written.moves:
            return ""
        flag = "!" if written.is_open else "*"
        lines = [f'{written.day} {flag} "{written.kind}"']
        lines += [f'  {key}: "{value}"' for key, value in metadata(written, self._names)]
        for entry in written.entries:
            name = account_name(
                entry.role, entry.owner_id, names=self._names, is_pending=written.is_open
            )
            amount = decimal_text(entry.amount_minor, written.currency)
            lines.append(f"  {name} {amount} {written.currency} ; {entry.code}")
        return "\n".join(lines) + "\n\n"

    def closing(self, day: date, closings: Iterable[Closing]) -> Iterator[str]:
        """What accounts hold at the beginning of the day."""
        for closing in closings:
            currency = closing.account.currency
            yield (
                f"{day} balance {self._account(closing.account)} "
                f"{decimal_text(closing.amount_minor, currency)} ~ 0 {currency}\n"
            )

    def _account(self, account: OwnedAccount | OpenedAccount) -> str:
        return account_name(
            account.role, account.owner_id, names=self._names, is_pending=account.is_pending
        )


def metadata(written: WrittenTransfer, names: Names) -> Iterator[tuple[str, str]]:
    """What a transaction says of its transfer: keys that both languages take, and values."""
    yield "transfer", names.name(written.transfer_id)
    if written.trip_id is not None:
        yield "trip", names.name(written.trip_id)
    else:
        yield "subject", names.name(written.subject_id)
    for key, identifier in (
        ("resolves", written.resolves),
        ("reverses", written.reverses),
        ("link", written.link_id),
        ("by", written.made_by),
    ):
        if identifier is not None:
            yield key, names.name(identifier)
    if written.tariff_rule_id is not None:
        yield "tariff", str(written.tariff_rule_id)
    if written.decision_id is not None:
        yield "decision", str(written.decision_id)
    if names.tells_who:
        yield "at", written.made_at.isoformat()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + " ".join(escaped.split()) + '"'
