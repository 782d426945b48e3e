"""A passkey's answer under a request for a ballot (Web Authentication Level 2, section 7.2)."""

import base64
import json
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256

from verifier.encoding import Reader
from verifier.terms import Terms

DOMAIN = b"khan-cars ballot request 1\0"
_PRESENT_AND_VERIFIED = 0x05


def asked(
    assertion: Reader,
    *,
    commitment: bytes,
    requests: Sequence[bytes],
    credential: bytes,
    terms: Terms,
) -> bool:
    """Whether the passkey with public key `credential` asked for just this."""
    assertion.only("authenticator_data", "client_data", "signature")
    challenge = sha256(DOMAIN + terms.digest + commitment + b"".join(requests)).digest()
    data, client, signature = (
        assertion.data(name) for name in ("authenticator_data", "client_data", "signature")
    )
    return (
        _client_says(client, challenge, terms)
        and len(data) >= 37
        and data[:32] == sha256(terms.rp_id.encode()).digest()
        and data[32] & _PRESENT_AND_VERIFIED == _PRESENT_AND_VERIFIED
        and _signed(credential, signature, data + sha256(client).digest())
    )


def _client_says(client: bytes, challenge: bytes, terms: Terms) -> bool:
    try:
        said = json.loads(client)
    except (ValueError, RecursionError):
        return False
    expected = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
    return (
        isinstance(said, dict)
        and said.get("type") == "webauthn.get"
        and said.get("challenge") == expected
        and said.get("origin") in terms.origins
    )


def _signed(credential: bytes, signature: bytes, message: bytes) -> bool:
    try:
        key = serialization.load_der_public_key(credential)
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            key.verify(signature, message, ec.ECDSA(SHA256()))
        else:
            return False
    except (ValueError, InvalidSignature):
        return False
    return True
