"""Blind signatures hold RFC 9474's vectors, and nothing false gets through."""

import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from foundation.chance import SeededChance
from governance.ballots import blind_rsa
from governance.ballots.blind_rsa import IssuerKey, SoftwareSigner
from governance.ballots.errors import (
    BlindSignatureInvalid,
    DocumentMalformed,
)

VARIANTS = (
    "RSABSSA-SHA384-PSS-Randomized",
    "RSABSSA-SHA384-PSSZERO-Randomized",
    "RSABSSA-SHA384-PSS-Deterministic",
    "RSABSSA-SHA384-PSSZERO-Deterministic",
)


def _signer(vector: dict[str, str]) -> SoftwareSigner:
    p, q, d = (int(vector[name], 16) for name in ("p", "q", "d"))
    public = rsa.RSAPublicNumbers(int(vector["e"], 16), int(vector["n"], 16))
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    )
    return SoftwareSigner(numbers.private_key())


@pytest.mark.shared
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_vector_of_rfc_9474_holds_step_by_step(shared_data: Path, variant: str) -> None:
    path = shared_data / "elections/ballot-crypto-vectors/rfc9474-rsabssa.json"
    (vector,) = [one for one in json.loads(path.read_text()) if one["name"] == variant]
    signer = _signer(vector)
    key = signer.public_key
    prepared, salt = bytes.fromhex(vector["prepared_msg"]), bytes.fromhex(vector["salt"])
    assert prepared == bytes.fromhex(vector["msg_prefix"] + vector["msg"])
    assert blind_rsa.encode_pss(key, prepared, salt).hex() == vector["encoded_msg"]

    factor = pow(int(vector["inv"], 16), -1, key.modulus)
    blinded = blind_rsa.blind_with(key, prepared, salt=salt, factor=factor)
    assert blinded.message.hex() == vector["blinded_msg"]
    signed = blind_rsa.blind_sign(signer, blinded.message)
    assert signed.hex() == vector["blind_sig"]
    signature = bytes.fromhex(vector["sig"])
    blind_rsa.verify(key, prepared, signature, salt_bytes=len(salt))
    if salt:
        assert blind_rsa.finalize(key, blinded, signed) == signature


@pytest.fixture(scope="module")
def signer() -> SoftwareSigner:
    return SoftwareSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def test_a_blind_signature_is_an_ordinary_one_on_the_message_with_its_prefix(
    signer: SoftwareSigner,
) -> None:
    key, chance = signer.public_key, SeededChance(1)
    prepared = blind_rsa.prepare(b"ballot key", chance)
    blinded = blind_rsa.blind(key, prepared, chance)
    signature = blind_rsa.finalize(key, blinded, blind_rsa.blind_sign(signer, blinded.message))
    blind_rsa.verify(key, prepared, signature)
    assert prepared.endswith(b"ballot key")
    assert len(prepared) == 32 + len(b"ballot key")
    with pytest.raises(BlindSignatureInvalid):
        blind_rsa.verify(key, prepared + b"!", signature)
    with pytest.raises(BlindSignatureInvalid):
        blind_rsa.verify(key, prepared, bytes([signature[0] ^ 1]) + signature[1:])


def test_what_the_desk_sees_is_another_number_each_time(signer: SoftwareSigner) -> None:
    prepared = blind_rsa.prepare(b"ballot key", SeededChance(1))
    seen = {
        blind_rsa.blind(signer.public_key, prepared, SeededChance(seed)).message
        for seed in range(8)
    }
    assert len(seen) == 8


def test_an_answer_to_another_message_is_not_taken(signer: SoftwareSigner) -> None:
    key, chance = signer.public_key, SeededChance(2)
    ours = blind_rsa.blind(key, blind_rsa.prepare(b"ours", chance), chance)
    other = blind_rsa.blind(key, blind_rsa.prepare(b"other", chance), chance)
    with pytest.raises(BlindSignatureInvalid):
        blind_rsa.finalize(key, ours, blind_rsa.blind_sign(signer, other.message))
    with pytest.raises(BlindSignatureInvalid):
        blind_rsa.finalize(key, ours, b"short")


@pytest.mark.parametrize("message", ["short", "zero", "modulus"])
def test_a_desk_signs_numbers_below_its_modulus_only(signer: SoftwareSigner, message: str) -> None:
    key = signer.public_key
    blinded = {
        "short": b"\1",
        "zero": bytes(key.size),
        "modulus": key.modulus.to_bytes(key.size, "big"),
    }[message]
    with pytest.raises(BlindSignatureInvalid):
        blind_rsa.blind_sign(signer, blinded)


class _Faulty:
    """A signer whose arithmetic slips, as a token under attack may."""

    def __init__(self, inner: SoftwareSigner) -> None:
        self.public_key = inner.public_key
        self._inner = inner

    def raw_sign(self, message: bytes) -> bytes:
        signed = self._inner.raw_sign(message)
        return signed[:-1] + bytes([signed[-1] ^ 1])


def test_a_faulty_signature_never_leaves_the_desk(signer: SoftwareSigner) -> None:
    blinded = hashlib.sha256(b"any").digest().rjust(signer.public_key.size, b"\0")
    with pytest.raises(BlindSignatureInvalid, match="went wrong"):
        blind_rsa.blind_sign(_Faulty(signer), blinded)


def test_a_key_survives_its_document(signer: SoftwareSigner) -> None:
    key = signer.public_key
    assert IssuerKey.from_spki(key.to_spki()) == key
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    with pytest.raises(DocumentMalformed, match="2048"):
        IssuerKey.from_spki(SoftwareSigner(small).public_key.to_spki())
    with pytest.raises(DocumentMalformed, match="cannot be read"):
        IssuerKey.from_spki(b"no key")
