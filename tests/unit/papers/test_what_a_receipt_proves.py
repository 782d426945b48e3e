"""A receipt proves who issued it and that its price is right; one change anywhere is found."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fares.receipt import verify as verify_first_form
from foundation.identifiers import UUID
from ledger.transfer import Kind
from papers.checking import check_receipt, computed_form, verify
from papers.errors import PublishedKeysUnreadable
from papers.receipt import edition_of, make_receipt, receipt_again, shown_number
from papers.signing import SigningKey, parse_keys
from tests.fare_builders import eventful_receipt
from tests.paper_builders import (
    ISSUED_AT,
    KEY,
    KEYS,
    facts_of_fare,
    facts_of_fee,
    issue,
    receipt_of,
)

FARE = receipt_of(facts_of_fare())
FEES = [receipt_of(facts_of_fee(kind)) for kind in (Kind.NO_SHOW_FEE, Kind.CANCELLATION_FEE)]


@pytest.mark.parametrize("receipt", [FARE, *FEES], ids=["fare", "no show", "cancellation"])
def test_a_receipt_as_issued_is_right(receipt: dict[str, Any]) -> None:
    verdict = check_receipt(receipt, KEYS)
    assert verdict.differences == ()
    assert any(KEY.key_id in said for said in verdict.holds)
    assert any("booking_policy" in said for said in verdict.holds) == (receipt["kind"] != "fare")


def test_who_adopted_the_tariff_is_said() -> None:
    said = " ".join(check_receipt(FARE, KEYS).holds)
    assert f"motion {UUID(int=99)}, document {'ab' * 32}" in said
    assert "the founding charter" in said


def test_what_the_first_form_said_can_still_be_computed_from_the_second() -> None:
    assert verify_first_form(computed_form(FARE)) == []
    first = eventful_receipt()
    assert computed_form(first) == first
    assert verify(first) == []
    assert "not signed" in " ".join(check_receipt(first).holds)
    assert "not signed" in " ".join(check_receipt(first, KEYS).differences)


def test_without_a_key_a_receipt_is_unsigned_and_says_so() -> None:
    unsigned = receipt_of(facts_of_fare(), signer=None)
    assert (unsigned["key_id"], unsigned["signature"]) == (None, None)
    assert verify(unsigned) == []
    assert "not signed" in " ".join(check_receipt(unsigned).holds)
    assert check_receipt(unsigned, KEYS).differences == ("It is not signed.",)


def test_a_signature_nobody_could_check_is_not_called_right() -> None:
    assert "not checked" in " ".join(check_receipt(FARE).holds)


def test_a_key_that_was_never_published_is_none() -> None:
    forged = receipt_of(facts_of_fare(), signer=SigningKey(bytes(32)))
    assert any("none of those published" in one for one in check_receipt(forged, KEYS).differences)


@pytest.mark.parametrize(("starts", "ends"), [(1, None), (-300, 0), (-300, -1)])
def test_a_key_signs_only_while_it_is_in_use(starts: int, ends: int | None) -> None:
    key = replace(
        KEYS[0],
        valid_from=ISSUED_AT + timedelta(seconds=starts),
        valid_to=None if ends is None else ISSUED_AT + timedelta(seconds=ends),
    )
    assert any("not in use" in one for one in check_receipt(FARE, [key]).differences)


def test_a_forger_who_seals_anew_with_the_true_key_is_found_by_the_arithmetic() -> None:
    for name in ("charged_minor", "tip_minor", "refunded_minor", "remaining_minor"):
        facts = facts_of_fare()
        facts["sums"][name] += 1
        assert check_receipt(receipt_of(facts), KEYS).differences, name
    facts = facts_of_fare()
    facts["corrections"][0]["transfer_id"] = str(UUID(int=77))
    assert check_receipt(receipt_of(facts), KEYS).differences
    facts = facts_of_fare()
    facts["adoptions"][0]["rule_id"] = str(UUID(int=77))
    assert check_receipt(receipt_of(facts), KEYS).differences


@pytest.mark.parametrize("where", ["quote", "fee"])
def test_a_fee_is_the_policys_and_divided_by_the_tariff(where: str) -> None:
    for name, value in facts_of_fee()[where].items():
        if not name.endswith("_minor"):
            continue
        facts = facts_of_fee()
        facts[where][name] = value + 1
        assert check_receipt(receipt_of(facts), KEYS).differences, (where, name)
    facts = facts_of_fee()
    facts["fee"]["shares"] |= {"driver_minor": 0}
    assert check_receipt(receipt_of(facts), KEYS).differences
    facts = facts_of_fee()
    facts["booking_policy"]["body"]["no_show_fee_minor"] = 1
    assert check_receipt(receipt_of(facts), KEYS).differences


def test_a_receipt_is_made_again_byte_for_byte() -> None:
    facts = facts_of_fare()
    made = make_receipt(facts, issue(), signer=KEY)
    signature = KEY.sign(b"")
    again = receipt_again(facts, issue(), key_id=KEY.key_id, signature=signature)
    assert {**again, "signature": made["signature"]} == made
    assert make_receipt(facts, issue(), signer=KEY) == made


def test_an_edition_ends_with_the_next_refund() -> None:
    facts, later = facts_of_fare(), facts_of_fare()
    later["corrections"][0]["amount_minor"] += 1
    assert edition_of(facts) == edition_of(facts_of_fare()) != edition_of(later)


def test_nothing_in_a_receipt_names_a_person_or_a_place() -> None:
    text = json.dumps([FARE, *FEES])
    for word in ("rider", "driver_id", "pickup", "lon", "-73.9"):
        assert f'"{word}' not in text, word


@pytest.mark.parametrize("said", [None, [], {}, "x", {"format": "khan-receipt/2"}, FARE | {"x": 1},
    FARE | {"number": 7}, FARE | {"kind": "no_show_fee"}, FEES[0] | {"kind": "fare"}])  # fmt: skip
def test_what_is_no_receipt_is_said_to_be_none(said: object) -> None:
    (difference,) = check_receipt(said, KEYS).differences
    assert difference.startswith("It is not a receipt of ours")


def test_a_number_is_written_with_its_series() -> None:
    assert shown_number(42) == "R-000042"
    assert shown_number(12_345_678) == "R-12345678"


def test_published_keys_are_read_as_they_were_published() -> None:
    assert parse_keys({"keys": [key.as_json() for key in KEYS]}) == KEYS


@pytest.mark.parametrize("said", [None, [], {}, {"keys": {}}, {"keys": [1]}, {"keys": [{}]},
    {"keys": [KEYS[0].as_json() | {"key_id": "0" * 16}]}, {"keys": [KEYS[0].as_json() | {"algorithm": "none"}]},
    {"keys": [KEYS[0].as_json() | {"valid_from": "2014-01-01T00:00:00"}]},
    {"keys": [KEYS[0].as_json() | {"public_key": "AAAA"}]}])  # fmt: skip
def test_what_is_no_list_of_keys_is_refused(said: object) -> None:
    with pytest.raises(PublishedKeysUnreadable):
        parse_keys(said)
