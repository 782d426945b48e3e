"""The public keys that a manifest names: of logs, witnesses and trustees, and of issuing desks."""

import re
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from verifier.encoding import Reader
from verifier.fault import Fault
from verifier.notes import Key

_NOT_IN_NAMES = re.compile(r"[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]")
"""Unicode's white space, and what separates a name from a key ID in C2SP's verifier keys."""


def named_key(reader: Reader, kind: int) -> Key:
    """A named Ed25519 key, which signs notes of this kind."""
    reader.only("name", "key")
    name = reader.text("name")
    if not name or _NOT_IN_NAMES.search(name):
        raise Fault("document_malformed", f"{name!r} in manifest.json is no name of a key.")
    return Key(name, reader.data("key", 32), kind)


@cache
def issuer_key(spki: bytes) -> rsa.RSAPublicKey:
    """The key that signs ballots blindly, from its SubjectPublicKeyInfo.

    Raises
    ------
    Fault
        `document_malformed`, if it is no RSA key of 2048 to 4096 bits under rsaEncryption.
    """
    try:
        key = serialization.load_der_public_key(spki)
    except ValueError:
        key = None
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if (
        not isinstance(key, rsa.RSAPublicKey)
        or not 2048 <= key.key_size <= 4096
        or key.public_bytes(*form) != spki
    ):
        raise Fault("document_malformed", "An issuer's key is no RSA key of 2048 to 4096 bits.")
    return key
