"""What was revealed after the close: the key, the trustees' statements, the lot."""

from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from verifier.encoding import Reader, document
from verifier.fault import Fault
from verifier.logs import LogCheck
from verifier.notes import Head, Key
from verifier.terms import Terms

RELEASE_DOMAIN = b"khan-cars key release 1\0"
LOT_DOMAIN = b"khan-cars lot seed 1\0"


@dataclass(frozen=True, slots=True)
class Release:
    """A trustee's statement as it was read; nobody's yet, until its signature is found true."""

    trustee: str
    at_ms: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Opening:
    """The private key (None in an open vote), the lot, and the trustees' statements as read."""

    election_key: bytes | None
    lot: bytes
    releases: tuple[Release, ...]


def read_opening(data: bytes, terms: Terms) -> Opening:
    """The opening document, its key and its lot checked.

    Raises
    ------
    Fault
        `document_malformed`, `wrong_key`, `wrong_lot`.
    """
    fields = Reader(document(data, "opening.json"), "opening.json")
    fields.only("election_key", "lot", "releases")
    has_key = fields.fields["election_key"] is not None
    key = fields.data("election_key", 32) if has_key else None
    lot = fields.hexadecimal("lot")
    releases = tuple(_release(one) for one in fields.inners("releases"))
    if terms.election_key != (None if key is None else _public(key)):
        raise Fault("wrong_key", "The key in opening.json does not open this vote.")
    if sha256(lot).digest() != terms.lot_commitment:
        raise Fault("wrong_lot", "The lot in opening.json is not the one committed to.")
    return Opening(key, lot, releases)


def require_releases(opening: Opening, terms: Terms, log: LogCheck, closes_at_ms: int) -> None:
    """Check that enough trustees gave up their shares, each after the close.

    Raises
    ------
    Fault
        `early_key`, `too_few_trustees`.
    """
    keys = {one.name: one for one in terms.trustees}
    released = set()
    for release in opening.releases:
        name = release.trustee
        if name not in keys:
            continue
        if not _released(keys[name], release, terms, log.final.head):
            _name_early(keys[name], release, terms, log)
            raise Fault("too_few_trustees", f"The statement of {name} is not signed by them.")
        if release.at_ms < closes_at_ms:
            raise Fault("early_key", f"{name} gave up a share before the vote closed.")
        released.add(name)
    if len(released) < terms.trustees_needed:
        raise Fault(
            "too_few_trustees",
            f"{len(released)} trustees gave up their shares; {terms.trustees_needed} are needed.",
        )


def lot_seed(lot: bytes, head: Head) -> bytes:
    """The seed of the lots: what was committed to, with the closed board."""
    return sha256(LOT_DOMAIN + lot + head.size.to_bytes(8, "big") + head.root).digest()


def _release(fields: Reader) -> Release:
    fields.only("trustee", "at_ms", "signature")
    return Release(fields.text("trustee"), fields.number("at_ms"), fields.data("signature", 64))


def _public(key: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()


def _released(key: Key, release: Release, terms: Terms, head: Head) -> bool:
    message = b"".join(
        (
            RELEASE_DOMAIN,
            terms.digest,
            head.size.to_bytes(8, "big"),
            head.root,
            release.at_ms.to_bytes(8, "big"),
        )
    )
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(release.signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _name_early(key: Key, release: Release, terms: Terms, log: LogCheck) -> None:
    """Say so if the statement was made over the board as it was earlier."""
    for one in log.heads[:-1]:
        if _released(key, release, terms, one.head):
            raise Fault(
                "early_key",
                f"{key.name} gave up a share when the board had {one.head.size} entries; "
                f"it has {log.final.head.size}.",
            )
