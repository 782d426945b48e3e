"""A key on a PKCS#11 token signs as one in memory does, and never leaves it; tried with SoftHSM."""

from dataclasses import replace
from pathlib import Path

import pkcs11
import pytest

from foundation.chance import SeededChance
from governance.ballots import blind_rsa
from governance.ballots.errors import SigningTokenUnavailable
from governance.ballots.token_signer import TokenKey, open_token, opened
from tests.tokens import PIN, SigningToken

WRONG_PIN = "000000"

pytestmark = pytest.mark.token


@pytest.fixture(scope="module")
def desk(signing_token: SigningToken) -> TokenKey:
    """An RSA key on the token."""
    token = pkcs11.lib(str(signing_token.module)).get_token(token_label=signing_token.label)
    with token.open(user_pin=PIN, rw=True) as session:
        session.generate_keypair(pkcs11.KeyType.RSA, 2048, label="vote", store=True)
    return TokenKey(module=signing_token.module, token=signing_token.label, label="vote")


def test_a_key_on_a_token_signs_as_one_in_memory_does(desk: TokenKey) -> None:
    chance = SeededChance(3)
    with opened(desk, PIN) as signer:
        prepared = blind_rsa.prepare(b"ballot key", chance)
        blinded = blind_rsa.blind(signer.public_key, prepared, chance)
        signed = blind_rsa.blind_sign(signer, blinded.message)
        signature = blind_rsa.finalize(signer.public_key, blinded, signed)
        blind_rsa.verify(signer.public_key, prepared, signature)


def test_the_key_cannot_be_taken_off_the_token(desk: TokenKey) -> None:
    token = pkcs11.lib(str(desk.module)).get_token(token_label=desk.token)
    with token.open(user_pin=PIN) as session:
        key = session.get_key(
            object_class=pkcs11.ObjectClass.PRIVATE_KEY, key_type=pkcs11.KeyType.RSA, label="vote"
        )
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            key[pkcs11.Attribute.PRIVATE_EXPONENT]


@pytest.mark.parametrize("what", ["label", "token", "pin"])
def test_what_is_not_there_is_said_so(desk: TokenKey, what: str) -> None:
    where = desk if what == "pin" else replace(desk, **{what: "absent"})
    pin = WRONG_PIN if what == "pin" else PIN
    named = where.label if what == "label" else where.token
    with pytest.raises(SigningTokenUnavailable, match=named), opened(where, pin):
        pass


def test_a_module_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    where = TokenKey(module=tmp_path / "none.so", token="desk", label="vote")
    with pytest.raises(SigningTokenUnavailable, match=r"none\.so"), opened(where, "1234"):
        pass


def test_a_key_that_is_made_on_the_token_signs_and_does_nothing_else(desk: TokenKey) -> None:
    with open_token(desk.module, desk.token, PIN) as token:
        token.make("made here", bits=2048)
        token.make("made here", bits=2048)  # there already
        private = {
            "object_class": pkcs11.ObjectClass.PRIVATE_KEY, "label": "made here",
            "key_type": pkcs11.KeyType.RSA,
        }  # fmt: skip
        key = token._session.get_key(**private)
        can = ("SIGN", "DECRYPT", "UNWRAP", "EXTRACTABLE", "SENSITIVE")
        assert [key[pkcs11.Attribute[one]] for one in can] == [True, False, False, False, True]
        assert token.signer("made here").public_key.size == 256
