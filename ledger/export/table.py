"""The books as a table: a row for each entry, and one for each void, which has none. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from foundation.identifiers import UUID
from ledger.export.books import Frame, WrittenEntry, WrittenTransfer, decimal_text
from ledger.export.names import Names, account_name

COLUMNS: Mapping[str, str] = {
    "transfer": "text",
    "kind": "text",
    "state": "text",
    "is_open": "yes",
    "subject": "text",
    "trip": "text",
    "ordinal": "whole",
    "day": "day",
    "made_at": "instant",
    "sealed_day": "whole",
    "day_digest": "text",
    "resolves": "text",
    "reverses": "text",
    "link": "text",
    "decision": "text",
    "decision_digest": "text",
    "tariff": "text",
    "reason": "text",
    "made_by": "text",
    "line": "whole",
    "account": "text",
    "role": "text",
    "currency": "text",
    "amount": "text",
    "amount_minor": "whole",
    "code": "text",
    "share_of_minor": "whole",
    "share_bps": "whole",
}
"""Columns in their order, and what is in each; docs/reference/ledger_export.md explains them."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula (OWASP, "CSV Injection")."""

Row = tuple[str | int | None, ...]


class Rows:
    """Makes the rows of one export."""

    def __init__(self, frame: Frame, names: Names) -> None:
        self._names = names
        self._days = {day.day: day for day in frame.days}
        self._digests = {one.decision_id: one.digest for one in frame.decisions}

    def rows(self, transfers: Iterable[WrittenTransfer]) -> Iterator[Row]:
        """The rows of some transfers, in the order of COLUMNS."""
        for written in transfers:
            head = self._head(written)
            if not written.entries:
                yield (*head, *(None,) * 9)
            for line, entry in enumerate(written.entries, start=1):
                yield (*head, line, *self._entry(written, entry))

    def _head(self, written: WrittenTransfer) -> Row:
        day = self._days.get(written.day)
        decision = written.decision_id
        return (
            self._names.name(written.transfer_id),
            written.kind.value,
            written.state.value,
            "true" if written.is_open else "false",
            self._names.name(written.subject_id),
            self._named(written.trip_id),
            written.ordinal,
            written.day.isoformat(),
            written.made_at.isoformat() if self._names.tells_who else None,
            None if day is None else day.number,
            None if day is None else day.digest,
            self._named(written.resolves),
            self._named(written.reverses),
            self._named(written.link_id),
            None if decision is None else str(decision),
            None if decision is None else self._digests.get(decision),
            None if written.tariff_rule_id is None else str(written.tariff_rule_id),
            _harmless(written.reason) if self._names.tells_who else None,
            self._named(written.made_by),
        )

    def _entry(self, written: WrittenTransfer, entry: WrittenEntry) -> Row:
        return (
            account_name(entry.role, entry.owner_id, names=self._names, is_pending=written.is_open),
            entry.role.value,
            written.currency,
            decimal_text(entry.amount_minor, written.currency),
            entry.amount_minor,
            entry.code,
            entry.share_of_minor,
            entry.share_bps,
        )

    def _named(self, identifier: UUID | None) -> str | None:
        return None if identifier is None else self._names.name(identifier)


def _harmless(reason: str | None) -> str | None:
    if reason is not None and reason.startswith(_FORMULA):
        return f"'{reason}"
    return reason
