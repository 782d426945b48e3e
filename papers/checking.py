"""Whether a receipt is right: what holds of it and what does not, in sentences. Pure.

Three things are asked: whether the document is whole (digest, signature by a published key), whether
the money follows from the inputs and the rules printed in it, and whether its own parts agree.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import fares.receipt
from fares.errors import PayFloorInvalid, TariffInvalid
from fares.lines import lines_as_json, shares_as_json
from fares.price import divide
from fares.tariff import parse_tariff
from foundation.errors import Invalid
from foundation.money import Money
from ledger.settlement import fee_lines
from ledger.transfer import Kind
from papers.receipt import FARE_PARTS, FORMAT
from papers.signing import PublishedKey, seal_differences
from rulebook.rule import digest_of
from rulebook.schema import exact_validator, first_problem

FEES = {
    Kind.CANCELLATION_FEE.value: "cancel_fee_minor",
    Kind.NO_SHOW_FEE.value: "no_show_fee_minor",
}
"""Which amount of the booking policy each fee is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found: sentences that hold, and those that say what does not."""

    holds: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def check_receipt(receipt: object, keys: Sequence[PublishedKey] | None = None) -> Verdict:
    """Judge a receipt of either form from itself alone, and its signature by published keys.

    Parameters
    ----------
    keys
        As `GET /public/v1/keys` gives them. With them, a receipt without a signature is not right.
        None: nobody fetched them, so that a signature is left unchecked, and the verdict says so.
    """
    if isinstance(receipt, Mapping) and receipt.get("format") == fares.receipt.FORMAT:
        return _first_form(receipt, keys)
    problem = first_problem(_validator(), receipt)
    if problem is not None:
        said = f"It is not a receipt of ours: {problem[0] or 'the document'} {problem[1]}."
        return Verdict(differences=(said,))
    assert isinstance(receipt, Mapping), "the schema asks for an object"
    differences: list[str] = []
    try:
        for difference in _all_differences(receipt, keys):
            differences.append(difference)
    except (TariffInvalid, PayFloorInvalid) as refusal:
        differences.append(refusal.sentence)
    except (Invalid, KeyError, TypeError, ValueError, OverflowError) as refusal:
        # An infinity where a number should be, the 40th of a month, a policy without its fee.
        differences.append(f"It cannot be computed again: {refusal}")
    if differences:
        return Verdict(differences=tuple(differences))
    return Verdict(holds=tuple(_what_holds(receipt, keys)))


def verify(receipt: object) -> list[str]:
    """What differs when a receipt of either form is computed again; nothing if it is right."""
    return list(check_receipt(receipt).differences)


def computed_form(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Of a receipt of a fare, what `fares.receipt.verify` computes again: the first form."""
    if receipt.get("format") == fares.receipt.FORMAT:
        return dict(receipt)
    content = {name: receipt[name] for name in FARE_PARTS} | {"format": fares.receipt.FORMAT}
    return content | {"digest": digest_of(content)}


def _first_form(receipt: Mapping[str, Any], keys: Sequence[PublishedKey] | None) -> Verdict:
    differences = tuple(fares.receipt.verify(receipt))
    if differences or keys is not None:
        unsigned = ("It is of the first form, which is not signed.",) if keys is not None else ()
        return Verdict(differences=differences + unsigned)
    return Verdict(
        holds=("Every line and share computes to what it says.", "It is not signed: nobody answers for it.")
    )  # fmt: skip


def _all_differences(
    receipt: Mapping[str, Any], keys: Sequence[PublishedKey] | None
) -> Iterator[str]:
    issued_at = datetime.fromisoformat(receipt["issued_at"])
    if keys is None:
        # Held against itself only: whoever signed it may be anybody.
        unsigned = dict(receipt) | {"key_id": None, "signature": None}
        yield from seal_differences(unsigned, (), issued_at=issued_at)
        if (receipt["key_id"] is None) != (receipt["signature"] is None):
            yield "It has a key without a signature, or a signature without a key."
    else:
        yield from seal_differences(receipt, keys, issued_at=issued_at)
        if receipt["signature"] is None:
            yield "It is not signed."
    if receipt["kind"] == Kind.FARE.value:
        yield from fares.receipt.verify(computed_form(receipt))
    else:
        yield from _fee_differences(receipt)
    yield from _sum_differences(receipt)
    yield from _adoption_differences(receipt)
    if receipt["replaces"] is not None and receipt["replaces"] >= receipt["number"]:
        yield "It replaces a receipt that came later."


def _fee_differences(receipt: Mapping[str, Any]) -> Iterator[str]:
    yield from fares.receipt.quote_differences(receipt)
    policy, quote = receipt["booking_policy"], receipt["quote"]
    if digest_of(policy["body"]) != policy["digest"]:
        yield "The booking_policy is not the one adopted: its digest does not fit its text."
    if policy["kind"] != "booking_policy":
        yield f"The booking_policy is a rule of another kind: {policy['kind']}."
    if datetime.fromisoformat(policy["valid_from"]) > datetime.fromisoformat(quote["expires_at"]):
        yield "The booking_policy was not in force when the trip was asked for."
    fee_minor = min(policy["body"][FEES[receipt["kind"]]], quote["total_minor"])
    lines = fee_lines(Kind(receipt["kind"]), Money(fee_minor, receipt["currency"]))
    shares = divide(lines, parse_tariff(receipt["tariff"]["body"]).share)
    computed = {
        "lines": lines_as_json(lines),
        "total_minor": fee_minor,
        "shares": shares_as_json(shares),
    }
    yield from fares.receipt.differences_between("fee", receipt["fee"], computed)


def _sum_differences(receipt: Mapping[str, Any]) -> Iterator[str]:
    is_fare = receipt["kind"] == Kind.FARE.value
    charged = receipt["fare" if is_fare else "fee"]["total_minor"]
    tip = receipt["trip"]["tip_minor"] if is_fare else 0
    refunded = sum(one["amount_minor"] for one in receipt["corrections"])
    computed = {
        "charged_minor": charged,
        "tip_minor": tip,
        "refunded_minor": refunded,
        "remaining_minor": charged + tip - refunded,
    }
    yield from fares.receipt.differences_between("sums", receipt["sums"], computed)
    if refunded > charged:
        yield "More was given back than was charged."
    posted = set(receipt["trip"]["transfers"])
    for one in receipt["corrections"]:
        if one["transfer_id"] not in posted:
            yield f"The refund {one['transfer_id']} is none of the trip's transfers."


def _adoption_differences(receipt: Mapping[str, Any]) -> Iterator[str]:
    kinds = [kind for kind in ("tariff", "pay_floor", "booking_policy") if kind in receipt]
    said = [(one["kind"], one["rule_id"], one["adoption_id"]) for one in receipt["adoptions"]]
    rules = [(kind, receipt[kind]["rule_id"], receipt[kind]["adoption_id"]) for kind in kinds]
    if said != rules:
        yield "What adopted the rules is not told of the rules it was computed by."
    for one in receipt["adoptions"]:
        if one["motion_id"] is None and not receipt[one["kind"]]["adopted_by"].startswith(
            "charter"
        ):
            yield f"The {one['kind']} is said to be adopted by no motion, and by no charter."


def _what_holds(receipt: Mapping[str, Any], keys: Sequence[PublishedKey] | None) -> Iterator[str]:
    yield f"{receipt['number']}, issued {receipt['issued_at']}: every line and share computes to what it says."
    for one in receipt["adoptions"]:
        motion = (
            "the founding charter" if one["motion_id"] is None else f"motion {one['motion_id']}"
        )
        yield f"The {one['kind']} is version {receipt[one['kind']]['version']}, adopted by {motion}, document {one['digest']}."
    if keys is not None:
        yield f"The signature is by the published key {receipt['key_id']}."
    elif receipt["signature"] is None:
        yield "It is not signed: nobody answers for it."
    else:
        yield "The signature was not checked: give the published keys with --keys or --url."


@cache
def _validator() -> Any:
    return exact_validator(schema())


def schema() -> dict[str, Any]:
    """The JSON Schema of the second form: the first's parts, and those below."""
    base = fares.receipt.schema()
    parts, defs = base["properties"], base["$defs"]
    rule = defs["rule"]
    any_kind = rule["properties"] | {"kind": {"enum": ["tariff", "pay_floor", "booking_policy"]}}
    own = _own_parts()
    common = [*own, "currency", "quote", "tariff", "pay_floor", "digest"]
    fee_trip = _closed(
        trip_id=_ref("uuid"), ended_at=_ref("instant"), transfers=parts["trip"]["properties"]["transfers"]
    )  # fmt: skip
    fee = _closed(
        lines=_ref("lines"), total_minor=_ref("amount"), shares=parts["fare"]["properties"]["shares"]
    )  # fmt: skip
    kinds = {
        "fare": {"trip": parts["trip"], "fare": parts["fare"]},
        "fee": {"trip": fee_trip, "fee": fee, "booking_policy": _ref("rule")},
    }
    shared = {name: parts[name] for name in ("currency", "quote", "tariff", "pay_floor", "digest")}
    return {
        "$schema": base["$schema"],
        "title": "Receipt, second form",
        "$defs": defs | {"rule": rule | {"properties": any_kind}},
        "type": "object",
        "if": {"properties": {"kind": {"const": "fare"}}},
        "then": _object(own | shared | kinds["fare"], [*common, *kinds["fare"]]),
        "else": _object(own | shared | kinds["fee"], [*common, *kinds["fee"]]),
    }


def _own_parts() -> dict[str, Any]:
    text = {"type": "string", "maxLength": 1000}
    number = {"type": "string", "pattern": "^R-[0-9]{6,18}$"}
    adoption = _closed(
        rule_id=_ref("uuid"), kind={"enum": ["tariff", "pay_floor", "booking_policy"]},
        adoption_id=_ref("uuid"), title=text, adopted_at=_ref("instant"), digest=_ref("digest"),
        motion_id=_or_null(_ref("uuid")),
    )  # fmt: skip
    correction = _closed(
        transfer_id=_ref("uuid"), kind={"const": "refund"}, made_at=_ref("instant"),
        amount_minor=_ref("amount"), reason=_or_null(text),
    )  # fmt: skip
    amounts = ("charged_minor", "tip_minor", "refunded_minor", "remaining_minor")
    return {
        "format": {"const": FORMAT},
        "kind": {"enum": ["fare", *FEES]},
        "number": number,
        "replaces": _or_null(number),
        "issued_at": _ref("instant"),
        "supplier": _or_null(
            _closed(name=text, address={"type": "array", "items": text}, vat_id=_or_null(text))
        ),
        "adoptions": {"type": "array", "maxItems": 3, "items": adoption},
        "payment": _or_null(_closed(way=text, paid_at=_ref("instant"))),
        "corrections": {"type": "array", "maxItems": 100, "items": correction},
        "sums": _closed(**{name: _ref("amount") for name in amounts}),
        "key_id": _or_null({"type": "string", "pattern": "^[0-9a-f]{16}$"}),
        "signature": _or_null({"type": "string", "maxLength": 88}),
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _or_null(shape: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [dict(shape), {"type": "null"}]}


def _closed(**parts: Any) -> dict[str, Any]:
    return _object(parts, list(parts))


def _object(parts: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": dict(parts),
    }
