"""A snapshot is the same bytes for the same world, whoever reads it in whatever order."""

import dataclasses
import json

import numpy as np
import pytest

from dispatch.matching import FreeDriver, OpenTrip, RoundInput, RoundUnreadable, Snapshot
from dispatch.matching.packing import Packer, Unpacker
from foundation.measures import Point
from tests.matching_world import (
    AT_MS,
    driver,
    driver_id,
    place,
    round_of,
    snapshot,
    trip,
    trip_id,
)


def town() -> Snapshot:
    """Two riders and two drivers; the second of each uses every optional field."""
    return snapshot(
        [
            trip(1),
            trip(
                2,
                at=place(200, 100),
                seats=3,
                needs=("wheelchair", "child_seat"),
                excluded=(driver_id(2),),
                pickup_zone=None,
                dropoff_zone=None,
                attempt=2,
            ),
        ],
        [
            driver(1),
            driver(
                2,
                at=place(-300, 50),
                heading=359,
                equipment=("wheelchair",),
                zones=("centre", "east"),
                last_offered_at_ms=AT_MS - 5000,
                homeward=place(-5000),
                range_metres=80_000,
                earned_minor=4200,
                shift_seconds=7200,
            ),
        ],
    )


def test_the_order_of_reading_does_not_show() -> None:
    seen = town()

    turned = snapshot(reversed(seen.trips), reversed(seen.drivers))

    assert turned == seen
    assert turned.encode() == seen.encode()


def test_a_snapshot_comes_back_from_its_bytes() -> None:
    seen = town()

    assert Snapshot.decode(seen.encode()) == seen
    assert Snapshot.decode(seen.encode()).digest == seen.digest


def test_the_bytes_of_a_known_town_never_change() -> None:
    # A stored round must keep its digest for ever: if this fails, the form needs a new number.
    assert town().digest == "a395e5f5ed748b959e8a847ed78d54bbb46c5ba2143a12346198e97a3cf8a648"


def test_a_round_comes_back_from_its_bytes() -> None:
    given = round_of([trip(1)], [driver(1), driver(2)], {(1, 2): 90, (1, 1): 30})

    read = RoundInput.decode(given.encode())

    assert read.encode() == given.encode()
    assert read.digest == given.digest
    assert read.pairs.tolist() == [[0, 0], [0, 1]]
    assert read.pickup_ms.tolist() == [30_000, 90_000]
    assert read.pairs.dtype == read.pickup_ms.dtype == np.int32


def test_a_round_cannot_be_changed_after_it_is_made() -> None:
    given = round_of([trip(1)], [driver(1)], {(1, 1): 30})

    with pytest.raises(ValueError, match="read-only"):
        given.pickup_ms[0] = 1


@pytest.mark.parametrize(
    ("trips", "drivers"),
    [([trip(1), trip(1)], [driver(1)]), ([trip(1)], [driver(1), driver(1)])],
)
def test_a_duplicate_is_a_mistake(trips: list[OpenTrip], drivers: list[FreeDriver]) -> None:
    with pytest.raises(AssertionError, match="twice"):
        snapshot(trips, drivers)


@pytest.mark.parametrize(
    ("pairs", "times", "complaint"),
    [
        ([[0, 0], [0, 0]], [1, 1], "twice"),
        ([[0, 2]], [1], "index"),
        ([[-1, 0]], [1], "index"),
        ([[0, 0]], [-1], "negative"),
        ([[0, 0]], [1, 2], "one time"),
    ],
)
def test_pairs_that_make_no_sense_are_a_mistake(
    pairs: list[list[int]], times: list[int], complaint: str
) -> None:
    with pytest.raises(AssertionError, match=complaint):
        RoundInput.of(town(), pairs, times)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-1],
        lambda text: text.replace("snapshot 2", "snapshot 9"),
        lambda text: text.replace('"seats":[1,3]', '"seats":[1]'),
        lambda text: text.replace('"seats":[1,3]', '"seats":[1,3.0]'),
        lambda text: text.replace('"seats":[1,3]', '"seats":[1,true]'),
        lambda text: text.replace('"seats":[1,3]', '"seats":[1,0]'),
        lambda text: text.replace('"degraded":false', '"degraded":0'),
        lambda text: text.replace('"degraded":false', '"degraded":false,"declined":3'),
        lambda text: text.replace(",", ", "),
        lambda text: text.replace('"needs":[[],', '"needs":["",'),
        lambda text: text.replace('"offer_seconds":15', '"offer_seconds":"15"'),
        lambda text: text.replace("-739800000", "-7398000000"),
        lambda text: "[]",
    ],
)
def test_damaged_bytes_are_refused_and_not_guessed_at(damage) -> None:
    text = town().encode().decode()
    damaged = damage(text)
    assert damaged != text

    with pytest.raises(RoundUnreadable):
        Snapshot.decode(damaged.encode())


def test_the_bytes_of_a_known_round_never_change() -> None:
    # A stored round must keep its digest for ever: if this fails, the form needs a new number.
    given = RoundInput.of(town(), [[0, 0], [1, 0], [1, 1]], [30_000, 90_000, 2_147_483_647])

    assert given.digest == "ad4aa6e325320295be3344d55fba25c4a4571fcd39429cfeb59855723e5b3233"


def test_a_round_says_what_it_is_before_its_packed_rows() -> None:
    head = json.loads(RoundInput.of(town(), [[0, 1]], [30_000]).encode().partition(b"\n")[0])

    assert head["form"] == "khan-cars matching round 2"
    assert (head["trips"], head["drivers"], head["pairs"]) == (2, 2, 1)


def test_a_round_cut_short_anywhere_is_refused() -> None:
    whole = RoundInput.of(town(), [[0, 1]], [30_000]).encode()

    for size in range(len(whole)):
        with pytest.raises(RoundUnreadable):
            RoundInput.decode(whole[:size])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"round 2", b"round 1"),
        (b'"trips":2', b'"trips":1'),
        (b'"trips":2', b'"trips":-2'),
        (b'"trips":2', b'"trips":2000000000'),
        (b'"trips":2', b'"trips":"2"'),
        (b'"pairs":1', b'"pairs":0'),
        (b'"pairs":1', b'"pairs":true'),
        (b'"degraded":false', b'"degraded":0'),
        (b'"degraded":false', b'"declined":3,"degraded":false'),
        (b'"offer_seconds":15', b'"offer_seconds": 15'),
        (b"\n", b"\n\n"),
        (b"centreeast", b"zentreeast"),  # the words are not in order any more
    ],
)
def test_a_damaged_round_is_refused(old: bytes, new: bytes) -> None:
    whole = RoundInput.of(town(), [[0, 1]], [30_000]).encode()
    damaged = whole.replace(old, new, 1)
    assert damaged != whole

    with pytest.raises(RoundUnreadable):
        RoundInput.decode(damaged)


def test_a_round_that_ends_in_more_than_it_says_is_refused() -> None:
    whole = RoundInput.of(town(), [[0, 1]], [30_000]).encode()

    with pytest.raises(RoundUnreadable):
        RoundInput.decode(whole + b"\0")


@pytest.mark.parametrize(
    ("numbers", "size"),
    [
        ([], 9),
        ([7, 7, 7], 9),
        ([0, 255], 9 + 2),
        ([-1, 255], 9 + 4),
        ([0, 65_536, 3], 9 + 12),
        ([-(2**63), 2**63 - 1], 9 + 16),
    ],
)
def test_whole_numbers_are_packed_in_as_few_bytes_as_they_need(
    numbers: list[int], size: int
) -> None:
    packer = Packer()
    packer.whole(numbers)
    unpacker = Unpacker(packer.packed)

    assert len(packer.packed) == size
    assert unpacker.whole(len(numbers)).tolist() == numbers
    unpacker.close()


@pytest.mark.parametrize("damage", [b"\x03", b"\x09"])
def test_a_column_of_an_impossible_width_is_refused(damage: bytes) -> None:
    with pytest.raises(ValueError, match="width"):
        Unpacker(damage + bytes(80)).whole(2)


def test_a_word_without_a_number_is_refused() -> None:
    packer = Packer()
    packer.words(["centre", "east"])
    # The codes are the last two bytes: 0 and 1.
    with pytest.raises(ValueError, match="number"):
        Unpacker(packer.packed[:-1] + b"\x02").words(2)


@pytest.mark.parametrize(
    ("field", "value"),
    [("earned_minor", 1.5), ("earned_minor", 2**63), ("heading", 1.5)],
)
def test_what_is_no_whole_number_is_not_packed(field: str, value: object) -> None:
    seen = snapshot([trip(1)], [driver(1, **{field: value})])

    with pytest.raises((TypeError, OverflowError)):
        RoundInput.of(seen, [[0, 0]], [1]).encode()


def test_coordinates_are_kept_to_a_centimetre_and_written_as_whole_numbers() -> None:
    fine = trip(1, at=Point(-73.98000004999, 40.75))

    assert fine.pickup == Point(-73.98, 40.75)
    assert json.loads(snapshot([fine], []).encode())["snapshot"]["trips"]["pickup"] == [
        [-739_800_000, 407_500_000]
    ]


def test_nothing_about_declining_can_be_said_in_a_snapshot() -> None:
    # The law "declining changes nothing later" holds because there is no field to break it with.
    fields = {
        field.name
        for row in (OpenTrip, FreeDriver, Snapshot)
        for field in dataclasses.fields(row)
        if field.init
    }

    assert fields == {
        *("at_ms", "trips", "drivers", "policy", "network_digest", "degraded"),
        *("trip_id", "pickup", "dropoff", "pickup_zone", "dropoff_zone", "seats", "vehicle_class"),
        *(
            "wanted_at_ms",
            "needs",
            "asked_at_ms",
            "attempt",
            "excluded",
            "trip_seconds",
            "trip_metres",
        ),
        *("fare_minor", "pay_minor", "driver_id", "place", "heading", "free_at_ms", "equipment"),
        *("zones", "shift_ends_at_ms", "driving_seconds_left", "earned_minor", "shift_seconds"),
        *("last_offered_at_ms", "homeward", "range_metres"),
    }
    assert trip_id(1) != trip_id(2)
