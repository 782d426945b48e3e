"""Blind signatures: a desk signs a ballot key that it does not see.

Source: RFC 9474, RSA Blind Signatures; variant RSABSSA-SHA384-PSS-Randomized (section 5): SHA-384,
MGF1 with SHA-384, a salt of 48 bytes, a message prefix of 32 random bytes. What `finalize` gives is
an ordinary RSASSA-PSS signature (RFC 8017), which every library verifies.

Two things are no library's: the blinding itself, which is one multiplication modulo n, and the bare
private operation, which stands behind `RawSigner`: `SoftwareSigner` here, or a token
(`governance.ballots.token_signer`). The PSS encoding is pycryptodome's.

Blinding runs where the voter is. Python's whole numbers take longer for some values than for
others, so this side of it is for terminals and tests; a phone's browser has a library of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from Crypto.Hash import SHA384
from Crypto.PublicKey import RSA
from Crypto.Signature import pss
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from foundation.chance import Chance
from governance.ballots.errors import BlindSignatureInvalid, DocumentMalformed

SALT_BYTES = 48
PREFIX_BYTES = 32
MODULUS_BITS_MIN, MODULUS_BITS_MAX = 2048, 4096


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A desk's public key: modulus and exponent."""

    modulus: int
    exponent: int

    @property
    def size(self) -> int:
        """Bytes in a signature."""
        return (self.modulus.bit_length() + 7) // 8

    def to_spki(self) -> bytes:
        """The key as SubjectPublicKeyInfo in DER (RFC 5280), as a manifest carries it."""
        return self._library_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @classmethod
    def from_spki(cls, data: bytes) -> "IssuerKey":
        """The key that `to_spki` wrote.

        Raises
        ------
        DocumentMalformed
            If it is no RSA key of 2048 to 4096 bits.
        """
        try:
            key = serialization.load_der_public_key(data)
        except ValueError as error:
            raise DocumentMalformed("an issuer's key cannot be read") from error
        if not isinstance(key, rsa.RSAPublicKey):
            raise DocumentMalformed("an issuer's key is not an RSA key")
        if not MODULUS_BITS_MIN <= key.key_size <= MODULUS_BITS_MAX:
            raise DocumentMalformed("an issuer's key has not 2048 to 4096 bits")
        numbers = key.public_numbers()
        return cls(numbers.n, numbers.e)

    def _library_key(self) -> rsa.RSAPublicKey:
        return rsa.RSAPublicNumbers(self.exponent, self.modulus).public_key()


class RawSigner(Protocol):
    """Whoever holds an issuer's private key: the one door to bare RSA."""

    @property
    def public_key(self) -> IssuerKey: ...

    def raw_sign(self, message: bytes) -> bytes:
        """`message` to the power of the private exponent, modulo n; both `public_key.size` long.

        Raises
        ------
        SigningTokenUnavailable
            If the key cannot be used where it is kept.
        """
        ...


class SoftwareSigner:
    """A private key in memory: for tests, terminals and small votes."""

    def __init__(self, private_key: rsa.RSAPrivateKey) -> None:
        numbers = private_key.private_numbers()
        public = numbers.public_numbers
        self.public_key = IssuerKey(public.n, public.e)
        # The library made it; asking again whether its primes are prime takes seconds.
        self._key = RSA.construct(
            (public.n, public.e, numbers.d, numbers.p, numbers.q), consistency_check=False
        )

    def raw_sign(self, message: bytes) -> bytes:
        """`message` to the power of the private exponent, modulo n."""
        # Not public there, and the only kept bare operation with base blinding; the version is
        # pinned and RFC 9474's vectors go through this line.
        number = int.from_bytes(message, "big")
        signed: bytes = self._key._decrypt_to_bytes(number)  # type: ignore[no-untyped-call]
        return signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Blinded:
    """A message on its way to a desk.

    Attributes
    ----------
    message
        What the desk gets: says nothing about what is inside, however much anyone computes.
    inverse
        What takes the blinding off again; stays with the voter.
    prepared
        The message with its random prefix, as it will be verified.
    """

    message: bytes
    inverse: int
    prepared: bytes


def prepare(message: bytes, chance: Chance) -> bytes:
    """Put a random prefix before `message` (RFC 9474, section 4.1, PrepareRandomize)."""
    return chance.bits(8 * PREFIX_BYTES).to_bytes(PREFIX_BYTES, "big") + message


def blind(key: IssuerKey, prepared: bytes, chance: Chance) -> Blinded:
    """Blind a prepared message for a desk (RFC 9474, section 4.2)."""
    salt = chance.bits(8 * SALT_BYTES).to_bytes(SALT_BYTES, "big")
    while True:
        factor = chance.below(key.modulus)
        try:
            return blind_with(key, prepared, salt=salt, factor=factor)
        except ZeroDivisionError:  # pragma: no cover - who meets this has factored the modulus
            continue


def blind_with(key: IssuerKey, prepared: bytes, *, salt: bytes, factor: int) -> Blinded:
    """Blind with a salt and a blinding factor that are given: for vectors, and for `blind`.

    Raises
    ------
    ZeroDivisionError
        If `factor` has no inverse modulo n.
    """
    encoded = int.from_bytes(encode_pss(key, prepared, salt), "big")
    try:
        inverse = pow(factor, -1, key.modulus)
    except ValueError as error:
        raise ZeroDivisionError("the blinding factor has no inverse") from error
    hidden = encoded * pow(factor, key.exponent, key.modulus) % key.modulus
    return Blinded(message=hidden.to_bytes(key.size, "big"), inverse=inverse, prepared=prepared)


def blind_sign(signer: RawSigner, blinded: bytes) -> bytes:
    """Sign a blinded message without seeing what is inside (RFC 9474, section 4.3).

    Raises
    ------
    BlindSignatureInvalid
        If the message is no number below the modulus, or the signing went wrong.
    SigningTokenUnavailable
        If the key cannot be used where it is kept.
    """
    key = signer.public_key
    number = int.from_bytes(blinded, "big")
    if len(blinded) != key.size or not 0 < number < key.modulus:
        raise BlindSignatureInvalid("the blinded message is not a number below the modulus")
    signed = signer.raw_sign(blinded)
    # A fault in the private operation would give the key away; nothing faulty leaves the desk.
    if pow(int.from_bytes(signed, "big"), key.exponent, key.modulus) != number:
        raise BlindSignatureInvalid("the private operation went wrong")
    return signed


def finalize(key: IssuerKey, blinded: Blinded, signed: bytes) -> bytes:
    """Take the blinding off, and check what comes out (RFC 9474, section 4.4).

    Raises
    ------
    BlindSignatureInvalid
        If the desk signed something else, or not at all.
    """
    if len(signed) != key.size:
        raise BlindSignatureInvalid("the desk's answer has another length")
    number = int.from_bytes(signed, "big") * blinded.inverse % key.modulus
    signature = number.to_bytes(key.size, "big")
    verify(key, blinded.prepared, signature)
    return signature


def verify(
    key: IssuerKey, prepared: bytes, signature: bytes, *, salt_bytes: int = SALT_BYTES
) -> None:
    """Check a finished signature: RSASSA-PSS with SHA-384 (RFC 8017, section 8.1.2).

    Raises
    ------
    BlindSignatureInvalid
        If it is not this key's on this message.
    """
    scheme = padding.PSS(padding.MGF1(hashes.SHA384()), salt_bytes)
    try:
        key._library_key().verify(signature, prepared, scheme, hashes.SHA384())
    except InvalidSignature as error:
        raise BlindSignatureInvalid("the signature is not this desk's on this message") from error


def encode_pss(key: IssuerKey, prepared: bytes, salt: bytes) -> bytes:
    """EMSA-PSS-ENCODE of a message with a given salt (RFC 8017, section 9.1.1), `key.size` bytes.

    pycryptodome encodes and then asks its key for the private operation; it is handed one that
    gives back what it is asked to sign.
    """
    given: Callable[[int], bytes] = lambda length: salt  # noqa: E731
    encoder = pss.new(
        _Echo(key.modulus, key.size),  # type: ignore[arg-type]
        salt_bytes=len(salt),
        rand_func=given,
    )
    return encoder.sign(SHA384.new(prepared))


@dataclass(frozen=True, slots=True)
class _Echo:
    """Stands where a private key stands, and signs nothing: its exponents are one."""

    n: int
    size: int

    def _decrypt_to_bytes(self, encoded: int) -> bytes:
        return encoded.to_bytes(self.size, "big")

    def _encrypt(self, encoded: int) -> int:
        return encoded
