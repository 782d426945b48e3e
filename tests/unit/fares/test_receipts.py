"""A receipt is computed again from itself alone, and says what was changed in it."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fares.receipt import ReceiptUnreadable, read_receipt, summary, verify
from foundation.identifiers import UUID
from tests.fare_builders import MADE_AT, eventful_receipt, tariff_rule
from tests.rules import example_tariff


def test_an_untouched_receipt_has_no_differences() -> None:
    assert verify(eventful_receipt()) == []


def test_it_holds_no_person_and_no_place() -> None:
    text = json.dumps(eventful_receipt())
    for secret in (
        str(UUID(int=4)),
        "needs",
        "-73.98",
        "40.75",
        "_p~iF",
        "rider_id",
        "driver_id",
        "pickup",
    ):
        assert secret not in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda doc: doc["fare"]["lines"][1].update(amount_minor=585),
         "fare.lines[1].amount_minor says 585; computed again it is 584."),
        (lambda doc: doc["fare"]["lines"][1]["detail"].update(metres=5000.0),
         "fare.lines[1].detail.metres says 5000.0; computed again it is 5000."),
        (lambda doc: doc["quote"].update(total_minor=1), "quote.total_minor says 1"),
        (lambda doc: doc["fare"].update(total_minor=1), "fare.total_minor says 1"),
        (lambda doc: doc["fare"]["shares"].update(driver_minor=1), "fare.shares.driver_minor says 1"),
        (lambda doc: doc["fare"]["shares"].update(owner_minor=1), "fare.shares.owner_minor does not belong there."),
        (lambda doc: doc["fare"]["shares"].pop("city_minor"), "fare.shares.city_minor is missing."),
        (lambda doc: doc["fare"]["lines"].pop(), "fare.lines has"),
        (lambda doc: doc["fare"]["driver_pay"].update(top_up_minor=0), "fare.driver_pay.top_up_minor says 0"),
        (lambda doc: doc["fare"].update(metered_minor=0), "fare.metered_minor says 0"),
        (lambda doc: doc["fare"].update(currency="EUR"), "fare.currency says \"EUR\""),
        (lambda doc: doc.update(currency="EUR"), "currency says \"EUR\""),
        (lambda doc: doc["fare"].update(tariff_rule_id=str(UUID(int=7))), "names another tariff"),
        (lambda doc: doc["tariff"].update(digest="0" * 64), "The tariff is not the one adopted"),
        (lambda doc: doc["pay_floor"].update(digest="0" * 64), "The pay_floor is not the one adopted"),
        (lambda doc: doc["tariff"]["body"]["rules"][1]["flag"].update(amount_minor=1), "The tariff is not the one adopted"),
        (lambda doc: doc["tariff"]["body"]["share"].update(driver_bps=7000), "share must sum to 10000"),
        (lambda doc: doc["pay_floor"]["body"].update(floors=[]), "fare.driver_pay.floor_minor says"),
        (lambda doc: doc["pay_floor"]["body"].pop("floors"), "The pay floor cannot be read"),
        (lambda doc: doc["tariff"].update(valid_from="2015-01-01T00:00:00+00:00"), "was not in force at"),
        (lambda doc: doc["tariff"].update(valid_to="2014-12-22T02:00:00+00:00"), "was not in force at"),
        (lambda doc: doc["tariff"].update(published_at="2014-03-01T00:00:00+00:00"), "held before it was published"),
        (lambda doc: doc["tariff"].update(kind="pay_floor"), "is a rule of another kind"),
        (lambda doc: doc["quote"].update(priced_at="2014-12-22T05:00:00+00:00"), "not for the time of the pick-up"),
        (lambda doc: doc["quote"].update(expires_at="2014-12-22T01:00:00+00:00"), "expired before"),
        (lambda doc: doc["quote"].update(priced_at="2014-99-22T05:00:00+00:00"), "cannot be computed again"),
        (lambda doc: doc["quote"].update(priced_at="0001-01-01T00:00:00+00:00",
                                         made_at="0001-01-01T00:00:00+00:00"), "cannot be computed again"),
        (lambda doc: doc["fare"]["outlays_minor"].update(bribe=5), "bribe"),
        (lambda doc: doc["quote"].update(vehicle_class="tank"), "no vehicles of class 'tank'"),
        (lambda doc: doc["fare"]["lines"][0]["detail"].update(x=float("inf")), "cannot be computed again"),
        (lambda doc: doc["fare"]["lines"][0]["detail"].update(x="\ud800"), "cannot be computed again"),
        (lambda doc: doc["fare"]["lines"][0].update(amount_minor=350.0), "lines[0].amount_minor is refused"),
        (lambda doc: doc["quote"].update(metres=True), "quote.metres is refused"),
        (lambda doc: doc.pop("tariff"), "is refused: 'tariff' is a required property"),
        (lambda doc: doc.update(format="khan-receipt/2"), "format is refused"),
    ],
)  # fmt: skip
def test_what_was_changed_is_named(change: Callable[[dict[str, Any]], object], words: str) -> None:
    changed = eventful_receipt()
    change(changed)
    assert words in " ".join(verify(changed))


@pytest.mark.parametrize("value", [None, [], "receipt", 7, {}, {"format": "khan-receipt/1"}])
def test_what_is_no_receipt_is_said_to_be_none(value: object) -> None:
    (sentence,) = verify(value)
    assert sentence.startswith("It is not a receipt of ours")


def test_a_file_is_read_or_refused() -> None:
    assert verify(read_receipt(json.dumps(eventful_receipt()).encode())) == []
    for text in (b"", b"\xff", b"{", b"[" * 100_000, b"9" * 10_000):
        with pytest.raises(ReceiptUnreadable):
            read_receipt(text)


def test_the_summary_is_what_a_person_reads() -> None:
    """To the new place: 3.50 + 7.08 + 9.17 + 1.00 + 1.00 = 21.75, less 25 % = 5.44, and 0.75 for
    the city: 17.06. Two minutes of waiting, a stop and the toll: 1.00 + 1.00 + 6.50."""
    rows = summary(eventful_receipt())
    assert rows[0] == ("flag", "3.50 USD")
    assert rows[-1] == ("total", "25.56 USD")


def test_making_a_receipt_changes_nothing_it_was_given() -> None:
    body = example_tariff()
    before = copy.deepcopy(body)
    tariff_rule(body)
    eventful_receipt()
    assert body == before


def test_a_receipt_stays_as_it_was_whatever_members_adopt_later() -> None:
    followed = replace(
        tariff_rule(), valid_to=MADE_AT - timedelta(days=1), followed_at=MADE_AT
    )  # adopted after the price was promised for a time at which the next tariff holds
    receipt = eventful_receipt(followed)
    assert receipt == eventful_receipt()
    assert verify(receipt) == []
    known = replace(followed, followed_at=MADE_AT - timedelta(seconds=1))
    assert any("was not in force at" in said for said in verify(eventful_receipt(known)))
