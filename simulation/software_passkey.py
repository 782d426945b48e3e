"""A passkey in software, for simulated people and terminals: they sign in like anyone else.

It makes a key pair (ECDSA over P-256 with SHA-256) and answers the options of the public API as a
browser with a platform authenticator would, with attestation 'none' and user verification said to
be done. Nothing guards the private key but whoever holds this object or its file: it is no passkey
for a person to rely on.

Source: W3C, Web Authentication Level 2, sections 5.8.1 (client data), 6.1 (authenticator data),
6.5.2 (attestation object); RFC 9053, section 7.1.1 (keys in COSE).
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

from foundation.chance import Chance

_USER_PRESENT, _USER_VERIFIED, _ATTESTED = 0x01, 0x04, 0x40
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_AAGUID = bytes(16)  # of no maker


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyAnswer:
    """What an authenticator says to a challenge, as bytes."""

    client_data: bytes
    authenticator_data: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftwarePasskey:
    """A passkey kept in memory, to be stored with `to_json`.

    Attributes
    ----------
    rp_id
        The domain it is bound to.
    credential_id
        The name it is known by.
    secret
        The private key, as a number from 1 to the order of the curve less 1.
    user_handle
        Who it signs in.
    """

    rp_id: str
    credential_id: bytes
    secret: int = field(repr=False)
    user_handle: bytes

    @classmethod
    def create(
        cls, options: dict[str, Any], *, origin: str, chance: Chance
    ) -> tuple[Self, dict[str, Any]]:
        """Make a passkey for registration options; also the answer to send back.

        `options` is what the public API gives for `navigator.credentials.create`; `origin` is
        scheme, host and port of the service.
        """
        passkey = cls(
            rp_id=options["rp"]["id"],
            credential_id=chance.bits(128).to_bytes(16, "big"),
            secret=1 + chance.below(_P256_ORDER - 1),
            user_handle=_unpack(options["user"]["id"]),
        )
        client_data = _client_data("webauthn.create", options["challenge"], origin)
        attestation = encode_cbor(
            {"fmt": "none", "attStmt": {}, "authData": passkey._attested_data()}
        )
        return passkey, passkey._answer(
            {
                "clientDataJSON": _pack(client_data),
                "attestationObject": _pack(attestation),
                "transports": ["internal"],
            }
        )

    def sign_in(
        self, options: dict[str, Any], *, origin: str, sign_count: int = 0
    ) -> dict[str, Any]:
        """The answer to sign-in options. A count of 0 means, as on phones, that none is kept."""
        answer = self.answer_to(_unpack(options["challenge"]), origin=origin, sign_count=sign_count)
        return self._answer(
            {
                "clientDataJSON": _pack(answer.client_data),
                "authenticatorData": _pack(answer.authenticator_data),
                "signature": _pack(answer.signature),
                "userHandle": _pack(self.user_handle),
            }
        )

    def answer_to(self, challenge: bytes, *, origin: str, sign_count: int = 0) -> "PasskeyAnswer":
        """The answer to a challenge, as bytes."""
        client_data = _client_data("webauthn.get", _pack(challenge), origin)
        data = self._data(_USER_PRESENT | _USER_VERIFIED, sign_count)
        signed = data + hashlib.sha256(client_data).digest()
        return PasskeyAnswer(
            client_data=client_data,
            authenticator_data=data,
            signature=self._private_key().sign(signed, ec.ECDSA(SHA256())),
        )

    def to_json(self) -> dict[str, str]:
        """The passkey as JSON values, the private key included: for a file only its owner reads."""
        return {
            "rp_id": self.rp_id,
            "credential_id": _pack(self.credential_id),
            "secret": f"{self.secret:064x}",
            "user_handle": _pack(self.user_handle),
        }

    @classmethod
    def from_json(cls, kept: dict[str, str]) -> Self:
        """The passkey that `to_json` gave."""
        return cls(
            rp_id=kept["rp_id"],
            credential_id=_unpack(kept["credential_id"]),
            secret=int(kept["secret"], 16),
            user_handle=_unpack(kept["user_handle"]),
        )

    def _private_key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(self.secret, ec.SECP256R1())

    def _data(self, flags: int, sign_count: int) -> bytes:
        return (
            hashlib.sha256(self.rp_id.encode()).digest()
            + bytes([flags])
            + sign_count.to_bytes(4, "big")
        )

    def _attested_data(self) -> bytes:
        point = self._private_key().public_key().public_numbers()
        # kty: EC2, alg: ES256, crv: P-256, then the two coordinates.
        key = {
            1: 2,
            3: -7,
            -1: 1,
            -2: point.x.to_bytes(32, "big"),
            -3: point.y.to_bytes(32, "big"),
        }
        return (
            self._data(_USER_PRESENT | _USER_VERIFIED | _ATTESTED, 0)
            + _AAGUID
            + len(self.credential_id).to_bytes(2, "big")
            + self.credential_id
            + encode_cbor(key)
        )

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": _pack(self.credential_id),
            "rawId": _pack(self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }


def _client_data(kind: str, challenge: str, origin: str) -> bytes:
    return json.dumps(
        {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False},
        separators=(",", ":"),
    ).encode()


def _pack(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _unpack(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
