"""Receipts are numbered without a gap, also under two at once; what was issued stays as it was."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

import ledger.service
from dispatch.errors import TripNotEnded, TripNotFound
from dispatch.service import requests
from dispatch.trip import Actor, By
from foundation.identifiers import RiderId, TripId
from foundation.money import Money
from papers.checking import check_receipt
from papers.errors import ReceiptKeyRetired, ReceiptNotFound
from papers.service import Letterhead, issue_receipt, publish_key
from papers.signing import SigningKey
from papers.views import list_keys
from tests.money import USD
from tests.paper_builders import SUPPLIER
from tests.town import Town

OLD, NEW = SigningKey(b"o" * 32), SigningKey(b"n" * 32)
UNSIGNED = Letterhead(supplier=SUPPLIER)


def signed(key: SigningKey) -> Letterhead:
    return Letterhead(supplier=SUPPLIER, signer=key)


async def completed(town: Town) -> TripId:
    trip, driver_id = await town.on_board()
    await town.complete(trip, driver_id)
    return trip.trip_id


async def issue(town: Town, trip_id: TripId, letterhead: Letterhead = UNSIGNED) -> dict[str, Any]:
    async with town.database.work() as work:
        return await issue_receipt(work, trip_id, letterhead=letterhead)


async def publish(town: Town, key: SigningKey) -> None:
    async with town.database.work() as work:
        await publish_key(work, key)


async def test_two_at_once_get_one_number_for_one_trip_and_two_for_two(town: Town) -> None:
    trips = [await completed(town) for _ in range(2)]
    made = await asyncio.gather(*(issue(town, trip_id) for trip_id in trips * 3))
    numbers = {one["trip"]["trip_id"]: one["number"] for one in made}
    assert sorted(numbers.values()) == ["R-000001", "R-000002"]
    for trip_id in map(str, trips):
        same = [one for one in made if one["trip"]["trip_id"] == trip_id]
        assert same[0] == same[1] == same[2]


async def test_a_refund_makes_a_new_receipt_that_names_the_old_one(town: Town) -> None:
    await publish(town, OLD)
    trip_id = await completed(town)
    first = await issue(town, trip_id, signed(OLD))
    async with town.database.work() as work:
        await ledger.service.refund(
            work, trip_id=trip_id, amount=Money(100, USD), reason="A detour"
        )
    second = await issue(town, trip_id, signed(OLD))
    assert (second["number"], second["replaces"]) == ("R-000002", first["number"])
    assert second["sums"]["refunded_minor"] == 100
    assert second["corrections"][0]["reason"] == "A detour"
    assert await issue(town, trip_id, signed(OLD)) == second
    async with town.database.work() as work:
        keys = await list_keys(work)
    for receipt in (first, second):
        assert check_receipt(json.loads(json.dumps(receipt)), keys).differences == ()
    assert first["adoptions"][0]["title"] == "Founding charter of Example"


async def test_a_fee_has_a_receipt_and_a_free_cancellation_none(town: Town) -> None:
    free = await town.trip()
    with pytest.raises(TripNotEnded):
        await issue(town, free.trip_id)
    by = By(actor=Actor.RIDER, actor_id=free.rider_id, reason="rain")
    async with town.database.work() as work:
        await requests.cancel(work, trip_id=free.trip_id, rider_id=free.rider_id, by=by)
    with pytest.raises(ReceiptNotFound):
        await issue(town, free.trip_id)
    late, driver_id = await town.assigned()
    await town.arrive(late, driver_id)
    by = By(actor=Actor.RIDER, actor_id=late.rider_id, reason="rain")
    async with town.database.work() as work:
        await requests.cancel(work, trip_id=late.trip_id, rider_id=late.rider_id, by=by)
    made = await issue(town, late.trip_id)
    assert made["kind"] == "cancellation_fee"
    assert check_receipt(json.loads(json.dumps(made))).differences == ()


async def test_somebody_elses_trip_is_as_unknown_as_none(town: Town) -> None:
    trip_id = await completed(town)
    for asked in (trip_id, TripId(town.office)):
        with pytest.raises(TripNotFound):
            async with town.database.work() as work:
                await issue_receipt(work, asked, letterhead=UNSIGNED, rider_id=RiderId(town.office))


async def test_old_keys_stay_published_and_sign_no_more(town: Town) -> None:
    trip_id, other = await completed(town), await completed(town)
    unsigned = await issue(town, trip_id)
    await publish(town, OLD)
    by_old = await issue(town, trip_id, signed(OLD))
    assert (by_old["replaces"], by_old["key_id"]) == (unsigned["number"], OLD.key_id)
    await publish(town, NEW)
    await publish(town, NEW)
    assert await issue(town, trip_id, signed(NEW)) == by_old
    with pytest.raises(ReceiptKeyRetired):
        await issue(town, other, signed(OLD))
    with pytest.raises(ReceiptKeyRetired):
        await publish(town, OLD)
    by_new = await issue(town, other, signed(NEW))
    async with town.database.work() as work:
        keys = await list_keys(work)
    assert [key.key_id for key in keys] == [NEW.key_id, OLD.key_id]
    assert keys[1].valid_to == keys[0].valid_from
    for receipt in (by_old, by_new):
        assert check_receipt(json.loads(json.dumps(receipt)), keys).differences == ()


RECEIPT = """
    INSERT INTO papers.receipt (number, trip_id, edition, replaces, issued_at, key_id, signature)
    SELECT {number}, trip_id, {edition}, {replaces}, service_now(), {key_id}, {signature}
    FROM papers.receipt WHERE number = 1
"""
KEY_ROW = "INSERT INTO papers.signing_key VALUES ({key_id}, {public_key}, service_now() + {later})"


def receipt_row(**changes: str) -> str:
    fields = {
        "number": "2", "edition": "sha256('x')", "replaces": "1", "key_id": "NULL", "signature": "NULL"
    }  # fmt: skip
    return RECEIPT.format(**(fields | changes))


def key_row(**changes: str) -> str:
    fields = {
        "key_id": "left(encode(sha256(sha256('k')), 'hex'), 16)", "public_key": "sha256('k')",
        "later": "interval '1 s'",
    }  # fmt: skip
    return KEY_ROW.format(**(fields | changes))


SIGNATURE = "sha512('s')"
REFUSED: list[tuple[str, str]] = [
    ("numbers_without_a_gap", receipt_row(number="3")),
    ("numbers_without_a_gap", receipt_row(number="1")),
    ("replaces_the_last", receipt_row(replaces="NULL")),
    ("the_newest_key_signs", receipt_row(key_id=f"'{OLD.key_id}'", signature=SIGNATURE)),
    ("signed_by_a_key", receipt_row(signature=SIGNATURE)),
    ("a_signature_of_64_bytes", receipt_row(key_id=f"'{NEW.key_id}'", signature="sha256('s')")),
    ("an_edition_of_32_bytes", receipt_row(edition="'x'")),
    ("one_receipt_an_edition", receipt_row(edition="(SELECT edition FROM papers.receipt)")),
    ("append_only", "UPDATE papers.receipt SET issued_at = service_now()"),
    ("append_only", "DELETE FROM papers.receipt"),
    ("append_only", "TRUNCATE papers.receipt"),
    ("append_only", "DELETE FROM papers.signing_key"),
    ("append_only", "TRUNCATE papers.signing_key CASCADE"),
    ("a_key_of_32_bytes", key_row(public_key="'k'", key_id="left(encode(sha256('k'), 'hex'), 16)")),
    ("a_key_goes_by_its_digest", key_row(key_id="'0000000000000000'")),
    ("keys_follow_one_another", key_row(later="interval '-1 day'")),
]


async def test_the_database_refuses_what_must_never_be(town: Town, owner: Any) -> None:
    """As the owner of the tables, one row after the other; none of them is left."""
    trip_id = await completed(town)
    await publish(town, OLD)
    await publish(town, NEW)
    await issue(town, trip_id)
    for constraint, statement in REFUSED:
        refuses(owner, constraint, lambda statement=statement: owner.execute(statement))
    owner.execute(receipt_row())


def refuses(owner: Any, constraint: str, act: Callable[[], Any]) -> None:
    with pytest.raises(psycopg.Error) as caught, owner.transaction():
        act()
    assert caught.value.diag.constraint_name == constraint, caught.value
