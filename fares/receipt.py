"""The receipt: a document from which anybody can compute the fare again, years later.

It holds the quote's inputs, the tariff and the pay floor word for word with their digests and
what adopted them, and every line and share. It names no rider and no driver, no address and no
position; the route is there as a digest only. See docs/reference/receipt.md.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

from fares.errors import PayFloorInvalid, TariffInvalid
from fares.lines import lines_as_json
from fares.month import PriceBy, fare_of, journey_of, trip_of_receipt
from fares.pay import PayFloors, driver_pay, parse_pay_floors
from fares.price import price
from fares.quote import Quote
from fares.tariff import Tariff, parse_tariff
from foundation.errors import Invalid
from foundation.identifiers import TransferId, TripId
from foundation.money import Money
from rulebook.rule import Rule, digest_of
from rulebook.schema import exact_validator, first_problem

FORMAT = "khan-receipt/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TripFacts:
    """What a receipt says of the trip itself; the tip is the driver's, beside the fare."""

    trip_id: TripId
    completed_at: datetime
    tip_minor: int = 0
    transfers: tuple[TransferId, ...] = ()


def make_receipt(
    quote: Quote,
    fare: Mapping[str, Any],
    *,
    tariff_rule: Rule,
    pay_floor_rule: Rule,
    trip: TripFacts,
) -> dict[str, Any]:
    """The receipt of a completed trip, as JSON values.

    Parameters
    ----------
    fare
        The document `Fare.as_json` made.
    """
    assert tariff_rule.rule_id == quote.tariff_rule_id
    assert pay_floor_rule.rule_id == quote.pay_floor_rule_id
    receipt: dict[str, Any] = {
        "format": FORMAT,
        "trip": {
            "trip_id": str(trip.trip_id),
            "completed_at": trip.completed_at.isoformat(),
            "tip_minor": trip.tip_minor,
            "transfers": [str(transfer) for transfer in trip.transfers],
        },
        "currency": quote.total.currency,
        "quote": quote_as_json(quote),
        "tariff": rule_as_json(tariff_rule, at=quote.made_at),
        "pay_floor": rule_as_json(pay_floor_rule, at=quote.made_at),
        "fare": dict(fare),
    }
    return receipt | {"digest": digest_of(receipt)}


def verify(receipt: object) -> list[str]:
    """Compute a receipt again from itself alone; what differs, in words, or nothing.

    A receipt that was changed in one place differs from its own digest, and from its arithmetic
    if the arithmetic depends on that place. Nothing is raised for a malformed one: it is said.
    """
    problem = first_problem(_validator(), receipt)
    if problem is not None:
        return [f"It is not a receipt of ours: {problem[0] or 'the document'} {problem[1]}."]
    assert isinstance(receipt, Mapping), "the schema asks for an object"
    differences: list[str] = []
    try:
        for difference in _all_differences(receipt):
            differences.append(difference)
    except (TariffInvalid, PayFloorInvalid) as refusal:
        differences.append(refusal.sentence)
    except (Invalid, ValueError, OverflowError) as refusal:
        # An infinity where a number should be, the 40th of a month, the year 0.
        differences.append(f"It cannot be computed again: {refusal}")
    return differences


def read_receipt(text: bytes) -> object:
    """The JSON value in a file; `verify` says whether it is a receipt.

    Raises
    ------
    ReceiptUnreadable
        If it is not JSON.
    """
    try:
        return json.loads(text.decode())
    except (ValueError, RecursionError):
        raise ReceiptUnreadable from None


class ReceiptUnreadable(Invalid):
    """The file is not JSON."""

    code = "receipt_unreadable"

    def __init__(self) -> None:
        super().__init__("This file is not a receipt: it is not JSON.")


def quote_as_json(quote: Quote) -> dict[str, Any]:
    """The price promised, with its inputs; of the way only its digest."""
    return {
        "quote_id": str(quote.quote_id),
        "made_at": quote.made_at.isoformat(),
        "expires_at": quote.expires_at.isoformat(),
        "booked_for": None if quote.booked_for is None else quote.booked_for.isoformat(),
        "priced_at": quote.priced_at.isoformat(),
        "metres": quote.metres,
        "seconds": quote.seconds,
        "stops": quote.stops,
        "seats": quote.seats,
        "vehicle_class": quote.vehicle_class,
        "zone_from": quote.zone_from,
        "zone_to": quote.zone_to,
        "concession": quote.concession,
        "shared": quote.is_shared,
        "degraded": quote.degraded,
        "route_digest": hashlib.sha256(quote.route_line.encode()).hexdigest(),
        "lines": lines_as_json(quote.lines),
        "total_minor": quote.total.minor,
        "driver_pay_minor": quote.driver_pay_minor,
    }


def rule_as_json(rule: Rule, *, at: datetime) -> dict[str, Any]:
    """A rule as it was known at `at`: what members adopt later changes no receipt."""
    valid_to = rule.known_end(at)
    return {
        "rule_id": str(rule.rule_id),
        "kind": rule.kind.value,
        "version": rule.version,
        "valid_from": rule.valid_from.isoformat(),
        "valid_to": None if valid_to is None else valid_to.isoformat(),
        "published_at": rule.published_at.isoformat(),
        "adoption_id": str(rule.adoption_id),
        "adopted_by": rule.adopted_by,
        "digest": rule.digest,
        "body": dict(rule.body),
    }


def _all_differences(receipt: Mapping[str, Any]) -> Iterator[str]:
    yield from _digest_differences(receipt)
    if receipt["fare"]["tariff_rule_id"] != receipt["tariff"]["rule_id"]:
        yield "The fare names another tariff than the receipt."
    yield from _rule_differences(receipt)
    tariff = parse_tariff(receipt["tariff"]["body"])
    floors = parse_pay_floors(receipt["pay_floor"]["body"])
    computed = _computed(receipt, tariff, floors)
    quote = {name: receipt["quote"][name] for name in computed["quote"]}
    yield from differences_between("currency", receipt["currency"], computed["currency"])
    yield from differences_between("quote", quote, computed["quote"])
    yield from differences_between("fare", receipt["fare"], computed["fare"])


def quote_differences(receipt: Mapping[str, Any]) -> Iterator[str]:
    """Where the price promised does not follow from its inputs and rules, of a receipt without a fare.

    Raises
    ------
    TariffInvalid, PayFloorInvalid, Invalid, ValueError, OverflowError
        If a rule or an input cannot be read at all.
    """
    yield from _body_differences(receipt)
    yield from _rule_differences(receipt)
    tariff = parse_tariff(receipt["tariff"]["body"])
    computed = _quote_computed(receipt, tariff, parse_pay_floors(receipt["pay_floor"]["body"]))
    quote = {name: receipt["quote"][name] for name in computed}
    yield from differences_between("currency", receipt["currency"], tariff.currency)
    yield from differences_between("quote", quote, computed)


def _digest_differences(receipt: Mapping[str, Any]) -> Iterator[str]:
    rest = {name: value for name, value in receipt.items() if name != "digest"}
    if digest_of(rest) != receipt["digest"]:
        yield "Something in the receipt was changed: its digest does not fit."
    yield from _body_differences(receipt)


def _body_differences(receipt: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("tariff", "pay_floor"):
        if digest_of(receipt[kind]["body"]) != receipt[kind]["digest"]:
            yield f"The {kind} is not the one adopted: its digest does not fit its text."


def _rule_differences(receipt: Mapping[str, Any]) -> Iterator[str]:
    """Rules of the right kind, published before they held, in force when the price was made."""
    quote = receipt["quote"]
    priced_at = datetime.fromisoformat(quote["priced_at"])
    if quote["priced_at"] != (quote["booked_for"] or quote["made_at"]):
        yield "The price is not for the time of the pick-up."
    if datetime.fromisoformat(quote["made_at"]) >= datetime.fromisoformat(quote["expires_at"]):
        yield "The quote expired before it was made."
    for kind in ("tariff", "pay_floor"):
        rule = receipt[kind]
        valid_from, valid_to = datetime.fromisoformat(rule["valid_from"]), rule["valid_to"]
        if rule["kind"] != kind:
            yield f"The {kind} is a rule of another kind: {rule['kind']}."
        if datetime.fromisoformat(rule["published_at"]) > valid_from:
            yield f"The {kind} held before it was published."
        if priced_at < valid_from or (
            valid_to is not None and datetime.fromisoformat(valid_to) <= priced_at
        ):
            yield f"The {kind} was not in force at {quote['priced_at']}."


def _computed(receipt: Mapping[str, Any], tariff: Tariff, floors: PayFloors) -> dict[str, Any]:
    """What the receipt should say, from its inputs and rules alone."""
    final = fare_of(trip_of_receipt(receipt), PriceBy(tariff=tariff, floors=floors))
    return {
        "currency": tariff.currency,
        "quote": _quote_computed(receipt, tariff, floors),
        "fare": final.as_json(),
    }


def _quote_computed(
    receipt: Mapping[str, Any], tariff: Tariff, floors: PayFloors
) -> dict[str, Any]:
    said = receipt["quote"]
    journey = journey_of(said)
    priced = price(tariff, journey, datetime.fromisoformat(said["priced_at"]))
    pay = driver_pay(priced.lines, journey, share=tariff.share, floors=floors)
    return {
        "lines": lines_as_json(priced.lines),
        "total_minor": priced.total.minor,
        "driver_pay_minor": pay.pay_minor,
    }


def differences_between(path: str, said: object, computed: object) -> Iterator[str]:
    """Where two JSON values differ, one sentence for each place."""
    if isinstance(said, Mapping) and isinstance(computed, Mapping):
        for name in sorted({*said, *computed}):
            if name not in computed:
                yield f"{path}.{name} does not belong there."
            elif name not in said:
                yield f"{path}.{name} is missing."
            else:
                yield from differences_between(f"{path}.{name}", said[name], computed[name])
    elif isinstance(said, list) and isinstance(computed, list):
        if len(said) != len(computed):
            yield f"{path} has {len(said)} entries; {len(computed)} are right."
        for index, (one, other) in enumerate(zip(said, computed, strict=False)):
            yield from differences_between(f"{path}[{index}]", one, other)
    elif type(said) is not type(computed) or said != computed:
        yield f"{path} says {_shown(said)}; computed again it is {_shown(computed)}."


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)[:80]


@cache
def _validator() -> Any:
    return exact_validator(schema())


def schema() -> dict[str, Any]:
    """The JSON Schema of a receipt, as published."""
    text = resources.files("fares").joinpath("schemas", "receipt.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def summary(receipt: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A verified receipt's lines and total as a person reads them: (name, amount)."""
    currency = receipt["currency"]
    rows = [
        (line["code"], str(Money(line["amount_minor"], currency)))
        for line in receipt["fare"]["lines"]
    ]
    return [*rows, ("total", str(Money(receipt["fare"]["total_minor"], currency)))]
