"""What a receipt says before it has a number: what was charged, by which rules, and what came after.

`khan-receipt/2` holds everything of `khan-receipt/1` (fares.receipt) under the same names, so that the
price is computed again in the same way, and adds who supplied, what adopted each rule, refunds, and
the fees of trips that did not take place. docs/reference/receipt.md tells a stranger all of it. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fares.lines import lines_as_json, shares_as_json
from fares.price import divide
from fares.quote import Quote
from fares.receipt import quote_as_json, rule_as_json
from fares.tariff import parse_tariff
from foundation.identifiers import UUID, TransferId, TripId
from foundation.money import Money
from ledger.settlement import fee_lines
from ledger.transfer import Kind
from papers.signing import Signer, sealed, with_signature
from papers.supplier import Supplier
from rulebook.rule import Rule, digest_of

FORMAT = "khan-receipt/2"
SERIES = "R"
FARE_PARTS = ("trip", "currency", "quote", "tariff", "pay_floor", "fare")
"""What a receipt of the second form has in common with one of the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What adopted a rule: the certificate of a motion, a finding, or the founding charter.

    Attributes
    ----------
    digest
        SHA-256 of that document, in hexadecimal; `/public/v1/rules/KIND/VERSION` shows it whole.
    motion_id
        None for the founding charter.
    """

    rule_id: UUID
    kind: str
    adoption_id: UUID
    title: str
    adopted_at: datetime
    digest: str
    motion_id: UUID | None

    def as_json(self) -> dict[str, Any]:
        """As the receipt says it."""
        return {
            "rule_id": str(self.rule_id),
            "kind": self.kind,
            "adoption_id": str(self.adoption_id),
            "title": self.title,
            "adopted_at": self.adopted_at.isoformat(),
            "digest": self.digest,
            "motion_id": None if self.motion_id is None else str(self.motion_id),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Money given back after the trip; `amount_minor` is above zero."""

    transfer_id: TransferId
    made_at: datetime
    amount_minor: int
    reason: str | None

    def as_json(self) -> dict[str, Any]:
        """As the receipt says it."""
        return {
            "transfer_id": str(self.transfer_id),
            "kind": Kind.REFUND.value,
            "made_at": self.made_at.isoformat(),
            "amount_minor": self.amount_minor,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """How the trip was paid, where that is known: a word of the way, and when."""

    way: str
    paid_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What receipts of fares and of fees say alike."""

    adoptions: tuple[Adoption, ...]
    corrections: tuple[Correction, ...] = ()
    payment: Payment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeFacts:
    """A trip that did not take place, and was charged for.

    Attributes
    ----------
    kind
        `cancellation_fee` or `no_show_fee`.
    total
        What the books charged.
    """

    trip_id: TripId
    kind: Kind
    total: Money
    ended_at: datetime
    transfers: tuple[TransferId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """All that the books do not know of a receipt: given once, when it is issued.

    Attributes
    ----------
    replaces
        The number of the receipt of the same trip that said less; None for the first.
    """

    number: int
    replaces: int | None
    issued_at: datetime
    supplier: Mapping[str, object] | None


def fare_facts(computed: Mapping[str, Any], after: Aftermath) -> dict[str, Any]:
    """What a receipt says of a completed trip.

    Parameters
    ----------
    computed
        The document `fares.receipt.make_receipt` made.
    """
    facts = {name: computed[name] for name in FARE_PARTS}
    total, tip = computed["fare"]["total_minor"], computed["trip"]["tip_minor"]
    return {"kind": Kind.FARE.value} | facts | _after(after, charged=total, tip=tip)


def fee_facts(
    quote: Quote, fee: FeeFacts, *, rules: tuple[Rule, Rule, Rule], after: Aftermath
) -> dict[str, Any]:
    """What a receipt says of a fee.

    Parameters
    ----------
    quote
        What the trip was asked for by: a fee is never more than its price.
    rules
        Tariff, pay floor and booking policy: the two of the quote, and the one of the request.
    """
    tariff_rule, pay_floor_rule, policy_rule = rules
    lines = fee_lines(fee.kind, fee.total)
    said = {
        "kind": fee.kind.value,
        "trip": {
            "trip_id": str(fee.trip_id),
            "ended_at": fee.ended_at.isoformat(),
            "transfers": [str(transfer) for transfer in fee.transfers],
        },
        "currency": fee.total.currency,
        "quote": quote_as_json(quote),
        "tariff": rule_as_json(tariff_rule, at=quote.made_at),
        "pay_floor": rule_as_json(pay_floor_rule, at=quote.made_at),
        "booking_policy": rule_as_json(policy_rule, at=quote.made_at),
        "fee": {
            "lines": lines_as_json(lines),
            "total_minor": fee.total.minor,
            "shares": shares_as_json(divide(lines, parse_tariff(tariff_rule.body).share)),
        },
    }
    return said | _after(after, charged=fee.total.minor, tip=0)


def edition_of(facts: Mapping[str, Any]) -> bytes:
    """What tells one state of the books from another: while it stays, so does the receipt."""
    return bytes.fromhex(digest_of(facts))


def make_receipt(
    facts: Mapping[str, Any], issue: Issue, *, signer: Signer | None
) -> dict[str, Any]:
    """The receipt, numbered and sealed; without a signer it is unsigned, and says so."""
    return sealed(_content(facts, issue), signer)


def receipt_again(
    facts: Mapping[str, Any], issue: Issue, *, key_id: str | None, signature: bytes | None
) -> dict[str, Any]:
    """A receipt as it was issued before, byte for byte, with the signature made then."""
    content = _content(facts, issue)
    whole = content | {"digest": digest_of(content), "key_id": key_id}
    return with_signature(whole, signature)


def shown_number(number: int) -> str:
    """A receipt's number as people write it: R-000042."""
    return f"{SERIES}-{number:06d}"


def _content(facts: Mapping[str, Any], issue: Issue) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "number": shown_number(issue.number),
        "replaces": None if issue.replaces is None else shown_number(issue.replaces),
        "issued_at": issue.issued_at.isoformat(),
        "supplier": None if issue.supplier is None else dict(issue.supplier),
        **facts,
    }


def _after(after: Aftermath, *, charged: int, tip: int) -> dict[str, Any]:
    refunded = sum(one.amount_minor for one in after.corrections)
    payment = after.payment
    return {
        "adoptions": [one.as_json() for one in after.adoptions],
        "payment": None
        if payment is None
        else {"way": payment.way, "paid_at": payment.paid_at.isoformat()},
        "corrections": [one.as_json() for one in after.corrections],
        "sums": {
            "charged_minor": charged,
            "tip_minor": tip,
            "refunded_minor": refunded,
            "remaining_minor": charged + tip - refunded,
        },
    }


def supplier_as_json(supplier: Supplier | None) -> dict[str, object] | None:
    """The supplier as a receipt says it; None where the operator has not named one."""
    return None if supplier is None else supplier.as_json()
