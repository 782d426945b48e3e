"""Receipts of the second form without a database, for tests of what becomes of them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from fares.price import Journey
from foundation.identifiers import UUID, TransferId, TripId
from foundation.money import Money
from ledger.transfer import Kind
from papers.receipt import (
    Adoption,
    Aftermath,
    Correction,
    FeeFacts,
    Issue,
    Payment,
    fare_facts,
    fee_facts,
    make_receipt,
)
from papers.signing import PublishedKey, SigningKey
from papers.supplier import Supplier
from rulebook.rule import Rule, RuleKind
from tests.fare_builders import eventful_receipt, pay_floor_rule, quote_for, rule, tariff_rule
from tests.money import USD
from tests.rules import example_booking_policy

ISSUED_AT = datetime(2014, 12, 24, 9, tzinfo=UTC)
KEY = SigningKey(bytes(range(32)))
KEYS = (
    PublishedKey(
        key_id=KEY.key_id,
        public_key=KEY.public_key,
        valid_from=ISSUED_AT - timedelta(days=300),
        valid_to=None,
    ),
)
SUPPLIER = Supplier(
    name="Khan Cars Co-operative", address=("1 Example Street", "Example"), vat_id="XX123"
)
REFUNDED = TransferId(UUID(int=7))


def adoption(one: Rule, *, motion_id: UUID | None = None) -> Adoption:
    """What adopted a rule."""
    return Adoption(
        rule_id=one.rule_id,
        kind=one.kind.value,
        adoption_id=one.adoption_id,
        title="Founding charter of Example" if motion_id is None else "A tariff for <everybody>",
        adopted_at=datetime(2014, 1, 15, tzinfo=UTC),
        digest="ab" * 32,
        motion_id=motion_id,
    )


def policy_rule() -> Rule:
    """The example booking policy as a rule."""
    return rule(RuleKind.BOOKING_POLICY, example_booking_policy(), 8)


def issue(number: int = 42, *, supplier: Supplier | None = SUPPLIER) -> Issue:
    """How a receipt is issued."""
    return Issue(
        number=number,
        replaces=41 if number > 41 else None,
        issued_at=ISSUED_AT,
        supplier=None if supplier is None else supplier.as_json(),
    )


def facts_of_fare() -> dict[str, Any]:
    """A trip with all that can happen, a tip and a refund."""
    computed = eventful_receipt()
    computed["trip"]["transfers"].append(str(REFUNDED))
    correction = Correction(
        transfer_id=REFUNDED,
        made_at=datetime(2014, 12, 23, 9, tzinfo=UTC),
        amount_minor=300,
        reason="A long way round",
    )
    after = Aftermath(
        adoptions=(adoption(tariff_rule(), motion_id=UUID(int=99)), adoption(pay_floor_rule())),
        corrections=(correction,),
        payment=Payment(way="card", paid_at=datetime(2014, 12, 22, 4, tzinfo=UTC)),
    )
    return fare_facts(computed, after)


def facts_of_fee(kind: Kind = Kind.NO_SHOW_FEE) -> dict[str, Any]:
    """A trip to which nobody came, or that was cancelled late."""
    quote = quote_for(Journey(metres=5000, seconds=900, vehicle_class="standard"))
    policy = policy_rule()
    name = "no_show_fee_minor" if kind is Kind.NO_SHOW_FEE else "cancel_fee_minor"
    fee = FeeFacts(
        trip_id=TripId(UUID(int=5)),
        kind=kind,
        total=Money(min(policy.body[name], quote.total.minor), USD),
        ended_at=datetime(2014, 12, 22, 3, tzinfo=UTC),
        transfers=(TransferId(UUID(int=6)),),
    )
    rules = (tariff_rule(), pay_floor_rule(), policy)
    return fee_facts(
        quote, fee, rules=rules, after=Aftermath(adoptions=tuple(map(adoption, rules)))
    )


def receipt_of(facts: dict[str, Any], *, signer: SigningKey | None = KEY) -> dict[str, Any]:
    """A receipt as a file holds it."""
    made = make_receipt(facts, issue(), signer=signer)
    copied: dict[str, Any] = json.loads(json.dumps(made))
    return copied
