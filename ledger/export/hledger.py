"""The books as an hledger journal. Pure: values in, lines out.

`hledger check --strict` wants every account and commodity declared, each transaction balanced at
the commodity's decimals, and each assertion (`= AMOUNT`) met exactly.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from foundation.money import minor_digits
from ledger.export.beancount import metadata
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

TYPES = {"Assets": "A", "Liabilities": "L", "Equity": "E", "Income": "R", "Expenses": "X"}
"""hledger's manual, "Account types": R is revenue, X expense."""


class Hledger:
    """Writes one journal."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def head(self, frame: Frame) -> Iterator[str]:
        """Commodities with their decimals, and the decisions that transfers name."""
        yield f"; {' '.join(frame.title.split())}\n"
        yield "decimal-mark .\n"
        for currency in frame.currencies:
            yield f"commodity 1000.{'0' * minor_digits(currency)} {currency}\n"
        for root, letter in TYPES.items():
            yield f"account {root}  ; type:{letter}\n"
        for decision in frame.decisions:
            title = " ".join(decision.title.split())
            yield (
                f"; decision {decision.decision_id} ({decision.kind}, {title}) {decision.digest}\n"
            )

    def accounts(self, _frame: Frame, accounts: Iterable[OpenedAccount]) -> Iterator[str]:
        """Declares accounts."""
        for account in accounts:
            yield f"account {self._account(account)}\n"

    def day(self, sealed: SealedDay) -> str:
        """A link of the chain of days."""
        return f"; sealed day {sealed.number} {sealed.day} {sealed.transfers} {sealed.digest}\n"

    def transfer(self, written: WrittenTransfer) -> str:
        """One transaction; what is set aside is flagged, in accounts beside those it is for."""
        if not written.moves:
            return ""
        flag = "!" if written.is_open else "*"
        lines = [f"{written.day} {flag} {written.kind}"]
        lines += [f"  ; {key}: {value}" for key, value in metadata(written, self._names)]
        for entry in written.entries:
            name = account_name(
                entry.role, entry.owner_id, names=self._names, is_pending=written.is_open
            )
            amount = decimal_text(entry.amount_minor, written.currency)
            lines.append(f"  {name}  {amount} {written.currency}  ; {entry.code}")
        return "\n".join(lines) + "\n\n"

    def closing(self, day: date, closings: Iterable[Closing]) -> Iterator[str]:
        """What accounts hold at the beginning of the day, as one transaction that moves nothing."""
        yield f"{day} * balances\n"
        for closing in closings:
            currency = closing.account.currency
            zero, held = decimal_text(0, currency), decimal_text(closing.amount_minor, currency)
            yield f"  {self._account(closing.account)}  {zero} {currency} = {held} {currency}\n"
        yield "\n"

    def _account(self, account: OwnedAccount | OpenedAccount) -> str:
        return account_name(
            account.role, account.owner_id, names=self._names, is_pending=account.is_pending
        )
