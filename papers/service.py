"""Issuing receipts, and publishing the keys that sign them."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import fares.service
import ledger.views
import rulebook.service
from dispatch.errors import TripNotEnded
from foundation.identifiers import RiderId, TripId
from governance.views.motions import find_origin
from ledger.transfer import Kind
from ledger.views import ChargedTrip
from papers import store, views
from papers.errors import ReceiptKeyRetired, ReceiptNotFound
from papers.receipt import (
    Adoption,
    Aftermath,
    FeeFacts,
    Issue,
    edition_of,
    fare_facts,
    fee_facts,
    make_receipt,
    receipt_again,
    supplier_as_json,
)
from papers.signing import Signer
from papers.supplier import Supplier
from papers.views import TripToReceipt
from rulebook.rule import Rule
from storage.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What an operator gives papers: who supplies, and the key that signs; either may be missing."""

    supplier: Supplier | None = None
    signer: Signer | None = None


async def issue_receipt(
    work: UnitOfWork, trip_id: TripId, *, letterhead: Letterhead, rider_id: RiderId | None = None
) -> dict[str, Any]:
    """The receipt of a trip, as of now.

    The same document as before, byte for byte, while the books say nothing more of the trip; else a
    new one with the next number, which names the one it replaces. A receipt that was issued before
    there was a key is followed by a signed one.

    Parameters
    ----------
    rider_id
        Whose trip it must be; None asks for anybody's.

    Raises
    ------
    TripNotFound
        If there is none, or it is another rider's.
    TripNotEnded
        If it is under way.
    ReceiptNotFound
        If nothing was charged.
    ReceiptKeyRetired
        If a newer key signs now.
    """
    trip = await views.get_trip(work, trip_id, rider_id)
    if trip.ended_at is None:
        raise TripNotEnded(trip_id)
    charge = await ledger.views.find_charge(work, trip_id)
    if charge is None:
        raise ReceiptNotFound(trip_id)
    facts = await _facts(work, trip, charge)
    edition = edition_of(facts)
    last = await store.find_last(work, trip_id)
    if not _stands(last, edition, letterhead.signer):
        await store.lock_numbers(work)
        last = await store.find_last(work, trip_id)
    if not _stands(last, edition, letterhead.signer):
        return await _issue(work, trip_id, facts, letterhead=letterhead, last=last)
    assert last is not None
    return receipt_again(facts, last.issue, key_id=last.key_id, signature=last.signature)


async def publish_key(work: UnitOfWork, signer: Signer) -> None:
    """Publish the key that this service signs with; again, it changes nothing.

    Raises
    ------
    ReceiptKeyRetired
        If another key has followed it.
    """
    await store.lock_numbers(work)
    known = await views.list_keys(work)
    if known and known[0].key_id == signer.key_id:
        return
    if any(key.key_id == signer.key_id for key in known):
        raise ReceiptKeyRetired(signer.key_id)
    await store.insert_key(work, signer.key_id, signer.public_key)


def _stands(last: store.Issued | None, edition: bytes, signer: Signer | None) -> bool:
    """Whether the last receipt still says all, and is signed if it can be."""
    return (
        last is not None and last.edition == edition and (last.key_id is not None or signer is None)
    )


async def _issue(
    work: UnitOfWork,
    trip_id: TripId,
    facts: dict[str, Any],
    *,
    letterhead: Letterhead,
    last: store.Issued | None,
) -> dict[str, Any]:
    signer = letterhead.signer
    if signer is not None:
        keys = await views.list_keys(work)
        if not keys or keys[0].key_id != signer.key_id:
            raise ReceiptKeyRetired(signer.key_id)
    issue = Issue(
        number=await store.take_number(work),
        replaces=None if last is None else last.issue.number,
        issued_at=work.now,
        supplier=supplier_as_json(letterhead.supplier),
    )
    made = make_receipt(facts, issue, signer=signer)
    signature = made["signature"]
    issued = store.Issued(
        issue=issue,
        edition=edition_of(facts),
        key_id=made["key_id"],
        signature=None if signature is None else base64.b64decode(signature),
    )
    await store.insert_receipt(work, trip_id, issued)
    return made


async def _facts(work: UnitOfWork, trip: TripToReceipt, charge: ChargedTrip) -> dict[str, Any]:
    assert trip.ended_at is not None
    quote = await fares.service.get_quote(work, trip.quote_id, trip.rider_id)
    rules = await fares.service.rules_of(work, quote)
    used = (rules.tariff_rule, rules.pay_floor_rule)
    if charge.kind is Kind.FARE:
        computed = await fares.service.receipt_of(
            work,
            quote,
            charge.document,
            trip_id=trip.trip_id,
            completed_at=trip.ended_at,
            tip_minor=charge.tip.minor,
            transfers=charge.transfers,
        )
        return fare_facts(computed, await _aftermath(work, trip, used))
    policy_rule = await rulebook.service.get_rule(work, trip.booking_rule_id)
    fee = FeeFacts(
        trip_id=trip.trip_id,
        kind=charge.kind,
        total=charge.total,
        ended_at=trip.ended_at,
        transfers=charge.transfers,
    )
    all_used = (*used, policy_rule)
    return fee_facts(quote, fee, rules=all_used, after=await _aftermath(work, trip, all_used))


async def _aftermath(work: UnitOfWork, trip: TripToReceipt, rules: Sequence[Rule]) -> Aftermath:
    adoptions = [await _adoption(work, rule) for rule in rules]
    corrections = await views.list_corrections(work, trip.trip_id)
    payment = await views.find_payment(work, trip.trip_id)
    return Aftermath(adoptions=tuple(adoptions), corrections=corrections, payment=payment)


async def _adoption(work: UnitOfWork, rule: Rule) -> Adoption:
    origin = await find_origin(work, rule.kind, rule.version)
    assert origin is not None, "a rule in force was adopted"
    return Adoption(
        rule_id=rule.rule_id,
        kind=rule.kind.value,
        adoption_id=origin.adoption_id,
        title=origin.title,
        adopted_at=origin.adopted_at,
        digest=origin.digest,
        motion_id=origin.motion_id,
    )
