"""Any receipt of ours verifies, and whatever single thing is changed in it, that is found."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.transfer import Kind
from papers.checking import check_receipt
from papers.receipt import Issue, make_receipt
from papers.signing import SigningKey, seal_differences
from papers.supplier import Supplier
from tests.paper_builders import ISSUED_AT, KEYS, facts_of_fare, facts_of_fee, receipt_of
from tests.properties.test_receipt_tampering import other, places

RECEIPTS = {
    "fare": receipt_of(facts_of_fare()),
    "no_show_fee": receipt_of(facts_of_fee(Kind.NO_SHOW_FEE)),
    "cancellation_fee": receipt_of(facts_of_fee(Kind.CANCELLATION_FEE)),
}
LINE = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=40)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 10**12), st.binary(min_size=32, max_size=32), LINE, st.lists(LINE, min_size=1, max_size=6)
)  # fmt: skip
def test_any_receipt_verifies_by_its_key(
    number: int, secret: bytes, name: str, address: list[str]
) -> None:
    key, supplier = SigningKey(secret), Supplier(name=name, address=tuple(address))
    issued = Issue(number=number, replaces=None, issued_at=ISSUED_AT, supplier=supplier.as_json())
    made = make_receipt(facts_of_fee(), issued, signer=key)
    assert check_receipt(made, KEYS).is_right == (key.key_id == KEYS[0].key_id)
    published = KEYS[0].__class__(
        key_id=key.key_id, public_key=key.public_key, valid_from=ISSUED_AT, valid_to=None
    )
    assert check_receipt(made, [published]).differences == ()


def changed(kind: str, path: tuple[object, ...]) -> dict[str, object]:
    found: dict[str, object] = json.loads(json.dumps(RECEIPTS[kind]))
    inner: object = found
    for step in path[:-1]:
        inner = inner[step]  # type: ignore[index]
    inner[path[-1]] = other(inner[path[-1]])  # type: ignore[index]
    return found


@pytest.mark.parametrize("kind", RECEIPTS)
def test_every_field_when_changed_breaks_the_seal(kind: str) -> None:
    """All of them, one by one: by digest and signature alone, whatever the arithmetic says."""
    paths = list(places(RECEIPTS[kind]))
    assert len(paths) > 200
    for path in paths:
        assert seal_differences(changed(kind, path), KEYS, issued_at=ISSUED_AT), path


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([(kind, path) for kind, one in RECEIPTS.items() for path in places(one)]))
def test_every_single_change_is_found(where: tuple[str, tuple[object, ...]]) -> None:
    kind, path = where
    assert not check_receipt(changed(kind, path), KEYS).is_right


def test_a_field_left_out_or_put_in_is_found() -> None:
    for one in RECEIPTS.values():
        for name in one:
            rest = {key: value for key, value in one.items() if key != name}
            assert not check_receipt(rest, KEYS).is_right, name
        assert not check_receipt(one | {"note": ""}, KEYS).is_right
