"""A lot can be drawn again from what is published, with any SHA-256."""

import hashlib

import pytest

from governance.counting.errors import SeedInvalid
from governance.counting.lots import SeededLots, commitment_to

SEED = "0123456789abcdef" * 4


def test_anyone_can_draw_the_lot_again_with_a_hash_alone() -> None:
    lot = SeededLots.from_hex(SEED).draw("exclusion 7", ["12", "3", "5"])
    drawn = {
        name: hashlib.sha256(
            b"khan-cars lot 1\0" + bytes.fromhex(SEED) + b"exclusion 7\0" + name.encode()
        ).hexdigest()
        for name in ("3", "5", "12")
    }
    assert [(one.of, one.drawn) for one in lot.tickets] == sorted(
        drawn.items(), key=lambda one: one[1]
    )


def test_the_lot_does_not_depend_on_the_order_of_those_tied() -> None:
    lots = SeededLots.from_hex(SEED)
    assert lots.draw("surplus 2", ["1", "2", "3"]) == lots.draw("surplus 2", ["3", "1", "2"])


def test_each_occasion_has_a_lot_of_its_own() -> None:
    lots = SeededLots.from_hex(SEED)
    first = {lots.draw(f"exclusion {n}", ["1", "2"]).tickets[0].of for n in range(20)}
    assert first == {"1", "2"}


def test_a_seed_can_be_promised_before_it_is_told() -> None:
    assert commitment_to(bytes(32)) == hashlib.sha256(bytes(32)).hexdigest()


@pytest.mark.parametrize(
    "seed", ["", "abc", "zz" * 32, "00" * 31, "00" * 33, " ".join(["00"] * 32)]
)
def test_what_is_no_seed_is_refused(seed: str) -> None:
    with pytest.raises(SeedInvalid, match="64 hexadecimal digits"):
        SeededLots.from_hex(seed)
