"""The trustees: they hold the key that opens the ballots in shares, and give them up at the close.

The election key is an X25519 key of 32 bytes, shared by Shamir's method over GF(2^128), as two
secrets of 16 bytes (pycryptodome). Whoever deals the shares sees the key: this is done at a
witnessed meeting on a machine without a network. Opening early would show trends, never names.

Giving up a share is a signed statement over the board as it stands after the close: it cannot be
made before, because nobody knows that root before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from Crypto.Protocol.SecretSharing import Shamir
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from governance.ballots.checkpoint import NamedKey, Signer
from governance.ballots.errors import SharesUnusable, TooEarlyToOpen
from governance.ballots.hours import Hours
from governance.ballots.manifest import KEY_BYTES, TrusteeTerms
from governance.ballots.merkle import Head
from governance.ballots.plain import Fields, pack

RELEASE_DOMAIN = b"khan-cars key release 1\0"
_HALF = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One trustee's share: its number from 1, and 32 bytes to be kept secret."""

    number: int
    secret: bytes


def deal(election_key: X25519PrivateKey, *, needed: int, people: int) -> tuple[Share, ...]:
    """Divide the key so that any `needed` of `people` shares give it back and fewer tell nothing.

    The shares' randomness is the library's: the operating system's generator.
    """
    assert 1 <= needed <= people
    secret = election_key.private_bytes_raw()
    halves = [Shamir.split(needed, people, secret[at : at + _HALF]) for at in (0, _HALF)]
    return tuple(
        Share(number=number, secret=first + second)
        for (number, first), (_, second) in zip(*halves, strict=True)
    )


def combine(shares: Sequence[Share], terms: TrusteeTerms) -> X25519PrivateKey:
    """Put the key together.

    Raises
    ------
    SharesUnusable
        If there are too few, the same one twice, or they do not give this vote's key.
    """
    if len({one.number for one in shares}) < terms.needed:
        raise SharesUnusable(f"{terms.needed} different shares are needed")
    used = sorted(shares, key=lambda one: one.number)[: terms.needed]
    if len({one.number for one in used}) != len(used):
        raise SharesUnusable("the same share is there twice")
    if any(len(one.secret) != KEY_BYTES for one in used):
        raise SharesUnusable("a share has not 32 bytes")
    halves = [
        Shamir.combine([(one.number, one.secret[at : at + _HALF]) for one in used])
        for at in (0, _HALF)
    ]
    key = X25519PrivateKey.from_private_bytes(b"".join(halves))
    if key.public_key().public_bytes_raw() != terms.election_key:
        raise SharesUnusable("they give another key; one of them is wrong")
    return key


def release_message(manifest_digest: bytes, head: Head, at_ms: int) -> bytes:
    """What a trustee signs when giving up a share: the vote, the final board, the instant."""
    size, at = head.size.to_bytes(8, "big"), at_ms.to_bytes(8, "big")
    return RELEASE_DOMAIN + manifest_digest + size + head.root + at


@dataclass(frozen=True, slots=True, kw_only=True)
class Trustee:
    """One who keeps a share, and gives it up after the close alone."""

    key: NamedKey
    signer: Signer
    share: Share

    def release(
        self, manifest_digest: bytes, head: Head, *, hours: Hours, at_ms: int
    ) -> tuple[Share, Fields]:
        """The share, and the statement that goes with it.

        Parameters
        ----------
        head
            The board's final head, which the trustee has seen with the witnesses' signatures.

        Raises
        ------
        TooEarlyToOpen
            If the vote is open.
        """
        if at_ms < hours.closes_at_ms:
            raise TooEarlyToOpen
        signature = self.signer.sign(release_message(manifest_digest, head, at_ms))
        return self.share, {
            "trustee": self.key.name,
            "at_ms": at_ms,
            "signature": pack(signature),
        }
