"""The roll as it is published: entries that tell nobody's name but to its owner.

An entry commits to a member by a salted hash. The member gets the salt and finds the entry; the
public sees how many there are, each with the passkey that may ask for its ballot. In an open vote
the name stands beside it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from governance.ballots.merkle import Frontier, leaf_hash
from governance.ballots.plain import Fields, canonical, pack

DOMAIN = b"khan-cars roll entry 1\0"
SALT_BYTES = 32


def commitment_to(member: str, salt: bytes) -> bytes:
    """The salted hash by which a roll names a member.

    Parameters
    ----------
    member
        The member's identifier in the register.
    salt
        32 random bytes, new for each member and each vote; the member gets them, nobody else.
    """
    assert len(salt) == SALT_BYTES
    return hashlib.sha256(DOMAIN + salt + member.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class RollEntry:
    """One who may vote.

    Attributes
    ----------
    commitment
        From `commitment_to`.
    credential
        The public key of the passkey that signs the request, as SubjectPublicKeyInfo in DER; empty
        for those who vote on paper or where requests are not signed.
    name
        Shown in open votes alone.
    """

    commitment: bytes
    credential: bytes = b""
    name: str = ""

    def line(self) -> bytes:
        """The entry as it is published and hashed."""
        fields: Fields = {"commitment": pack(self.commitment), "credential": pack(self.credential)}
        if self.name:
            fields["name"] = self.name
        return canonical(fields)


def in_order(entries: Iterable[RollEntry]) -> tuple[RollEntry, ...]:
    """The roll in the order of its commitments, so that the order tells nothing."""
    return tuple(sorted(entries, key=lambda one: one.commitment))


def root_of_roll(entries: Iterable[RollEntry]) -> bytes:
    """The Merkle root that the manifest names, over the lines in their order."""
    return Frontier.of(leaf_hash(one.line()) for one in entries).root()
