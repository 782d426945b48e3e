"""What an operator gives papers: the supplier's file, and the key that signs."""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from foundation.chance import Chance
from khan.settings import Settings, SettingsUnusable
from papers.errors import SigningKeyUnusable, SupplierInvalid
from papers.service import Letterhead
from papers.signing import SigningKey
from papers.supplier import parse_supplier

_OTHERS = 0o077
_SECRET_BITS = 256


def letterhead_of(settings: Settings) -> Letterhead:
    """The supplier and the key that the settings name.

    Raises
    ------
    SettingsUnusable, SigningKeyUnusable
    """
    supplier = None
    if settings.supplier is not None:
        try:
            supplier = parse_supplier(settings.supplier.read_text("utf-8"))
        except OSError as error:
            raise SettingsUnusable("KHAN_SUPPLIER", error.strerror or "unreadable") from None
        except (UnicodeDecodeError, SupplierInvalid) as error:
            raise SettingsUnusable("KHAN_SUPPLIER", str(error).rstrip(".")) from None
    key = None if settings.receipt_key is None else read_key(settings.receipt_key)
    return Letterhead(supplier=supplier, signer=key)


def make_key(file: Path, chance: Chance) -> SigningKey:
    """Write a new key to a file that its owner alone may read; one that is there is never touched.

    Raises
    ------
    SigningKeyUnusable
        If the file is there already, or cannot be written.
    """
    secret = chance.bits(_SECRET_BITS).to_bytes(_SECRET_BITS // 8, "big")
    text = Ed25519PrivateKey.from_private_bytes(secret).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        reason = "it is there already" if file.exists() else error.strerror or "not writable"
        raise SigningKeyUnusable(str(file), reason) from None
    with os.fdopen(descriptor, "wb") as written:
        written.write(text)
        written.flush()
        os.fsync(written.fileno())
    return SigningKey(secret)


def read_key(file: Path) -> SigningKey:
    """The key in a file that `khan receipt new-key` made.

    Raises
    ------
    SigningKeyUnusable
        If it cannot be read, is no such key, or others may read it.
    """
    try:
        text = file.read_bytes()
        mode = file.stat().st_mode
    except OSError as error:
        raise SigningKeyUnusable(str(file), error.strerror or "unreadable") from None
    if mode & _OTHERS:
        raise SigningKeyUnusable(str(file), "others may read it; chmod 600 it")
    try:
        key = serialization.load_pem_private_key(text, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SigningKeyUnusable(str(file), "it is no private key without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyUnusable(str(file), "it is no Ed25519 key")
    return SigningKey(key.private_bytes_raw())
