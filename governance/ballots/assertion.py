"""A member's own signature under a request for a ballot: their passkey's.

One gesture serves all desks: the challenge covers what every desk is asked to sign. Checked by the
`webauthn` library; the public key comes from the roll.

Source: W3C, Web Authentication Level 2, section 7.2; RFC 9053, section 7 (keys in COSE).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from webauthn import verify_authentication_response
from webauthn.helpers import bytes_to_base64url, encode_cbor
from webauthn.helpers.exceptions import WebAuthnException

from governance.ballots.errors import RequestNotSigned
from governance.ballots.manifest import RelyingParty
from governance.ballots.plain import Fields, pack

DOMAIN = b"khan-cars ballot request 1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What a passkey answered, as bytes."""

    authenticator_data: bytes
    client_data: bytes
    signature: bytes

    def document(self) -> Fields:
        """The assertion as an issuance log shows it."""
        return {
            "authenticator_data": pack(self.authenticator_data),
            "client_data": pack(self.client_data),
            "signature": pack(self.signature),
        }


def challenge_for(manifest_digest: bytes, commitment: bytes, requests: Sequence[bytes]) -> bytes:
    """What the passkey signs: this vote, this entry, and the hash of what each desk is asked.

    Parameters
    ----------
    requests
        32 bytes for each desk in its order.
    """
    parts = (DOMAIN, manifest_digest, commitment, *requests)
    return hashlib.sha256(b"".join(parts)).digest()


def check(
    assertion: Assertion, *, challenge: bytes, credential: bytes, party: RelyingParty
) -> None:
    """Check that the passkey on the roll signed this challenge, with its owner verified.

    Raises
    ------
    RequestNotSigned
        If it did not.
    """
    try:
        verify_authentication_response(
            credential={
                "id": "AA",
                "rawId": "AA",
                "type": "public-key",
                "response": {
                    "authenticatorData": bytes_to_base64url(assertion.authenticator_data),
                    "clientDataJSON": bytes_to_base64url(assertion.client_data),
                    "signature": bytes_to_base64url(assertion.signature),
                },
            },
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=list(party.origins),
            credential_public_key=_cose(credential),
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except WebAuthnException as error:
        raise RequestNotSigned(str(error)) from error


def _cose(credential: bytes) -> bytes:
    """A public key as COSE, for the library, from SubjectPublicKeyInfo."""
    try:
        key = serialization.load_der_public_key(credential)
    except ValueError as error:
        raise RequestNotSigned("the roll has no passkey for this entry") from error
    if isinstance(key, ed25519.Ed25519PublicKey):
        return encode_cbor({1: 1, 3: -8, -1: 6, -2: key.public_bytes_raw()})
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        point = key.public_numbers()
        x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
        return encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})
    raise RequestNotSigned("the passkey on the roll has a kind of key that votes do not use")
