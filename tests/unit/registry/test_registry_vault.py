"""The vault opens what it sealed, for whom it sealed it, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.chance import SeededChance, SystemChance
from foundation.identifiers import PersonId, time_ordered
from registry.errors import VaultKeyWrong
from registry.person import Contact
from registry.phone import Phone
from registry.vault import Vault

NOW = datetime(2030, 1, 1, tzinfo=UTC)
CHANCE = SystemChance()
VAULT = Vault.from_secret(b"0123456789abcdef0123456789abcdef")
OTHER = Vault.from_secret(b"0123456789abcdef0123456789abcdeg")
CONTACT = Contact(name="Ana Núñez", phone=Phone("+352621123456"), language="es")


def somebody() -> PersonId:
    return PersonId(time_ordered(NOW, CHANCE))


@given(name=st.text(max_size=80))
def test_what_is_sealed_opens_again(name: str) -> None:
    who = somebody()
    contact = replace(CONTACT, name=name)
    sealed = VAULT.seal_contact(who, contact, CHANCE)
    assert VAULT.open_contact(who, sealed) == contact
    assert VAULT.open_name(who, sealed) == name


def test_a_sealed_contact_shows_nothing() -> None:
    sealed = VAULT.seal_contact(somebody(), CONTACT, CHANCE)
    for part in (sealed.data_key, sealed.name, sealed.phone, repr(sealed).encode()):
        assert b"Ana" not in part
        assert b"621123456" not in part
    assert "Ana" not in repr(CONTACT)
    assert "621123456" not in repr(CONTACT)
    assert "key" not in repr(VAULT)


def test_another_key_opens_nothing() -> None:
    who = somebody()
    sealed = VAULT.seal_contact(who, CONTACT, CHANCE)
    with pytest.raises(VaultKeyWrong):
        OTHER.open_contact(who, sealed)


def test_a_sealed_value_cannot_be_moved_to_another_person_or_column() -> None:
    who = somebody()
    sealed = VAULT.seal_contact(who, CONTACT, CHANCE)
    with pytest.raises(VaultKeyWrong):
        VAULT.open_contact(somebody(), sealed)
    with pytest.raises(VaultKeyWrong):
        VAULT.open_name(who, replace(sealed, name=sealed.phone))


@given(part=st.sampled_from(["data_key", "name", "phone"]), bit=st.integers(0, 10_000))
def test_one_flipped_bit_is_noticed(part: str, bit: int) -> None:
    who = somebody()
    sealed = VAULT.seal_contact(who, CONTACT, CHANCE)
    data = bytearray(getattr(sealed, part))
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    with pytest.raises(VaultKeyWrong):
        VAULT.open_contact(who, replace(sealed, **{part: bytes(data)}))


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x02" + bytes(40), b"\x01" + bytes(12)])
def test_a_torn_value_is_noticed(data: bytes) -> None:
    who = somebody()
    sealed = VAULT.seal_contact(who, CONTACT, CHANCE)
    with pytest.raises(VaultKeyWrong):
        VAULT.open_contact(who, replace(sealed, name=data))


def test_a_phone_is_found_by_the_same_vault_only() -> None:
    phone = Phone("+352621123456")
    assert VAULT.phone_index(phone) == VAULT.phone_index(phone)
    assert VAULT.phone_index(phone) != VAULT.phone_index(Phone("+352621123457"))
    assert VAULT.phone_index(phone) != OTHER.phone_index(phone)


def test_a_code_is_bound_to_its_challenge() -> None:
    one, two = somebody(), somebody()
    assert VAULT.code_digest(one, "123456") == VAULT.code_digest(one, "123456")
    assert VAULT.code_digest(one, "123456") != VAULT.code_digest(two, "123456")
    assert VAULT.code_digest(one, "123456") != OTHER.code_digest(one, "123456")


def test_the_keys_of_a_vault_differ_and_so_do_fingerprints() -> None:
    assert len({VAULT.wrapping_key, VAULT.index_key, VAULT.code_key}) == 3
    assert VAULT.fingerprint() != OTHER.fingerprint()


def test_a_short_secret_makes_no_vault() -> None:
    with pytest.raises(AssertionError):
        Vault.from_secret(b"short")


def test_the_same_contact_is_never_sealed_alike_twice() -> None:
    chance = SeededChance(1)
    who = somebody()
    first, second = (VAULT.seal_contact(who, CONTACT, chance) for _ in range(2))
    assert first.name != second.name
    assert first.data_key != second.data_key
