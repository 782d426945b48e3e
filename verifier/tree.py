"""The Merkle tree of the logs (RFC 9162, section 2.1), written for a verifier that reads forward.

A tree is a stack of complete subtrees; reading an entry adds a leaf and merges equal ones. So the
root at any size is at hand when that many entries were read, in a few hashes of memory.
"""

from collections.abc import Sequence
from hashlib import sha256


def leaf(entry: bytes) -> bytes:
    """The hash of an entry."""
    return sha256(b"\0" + entry).digest()


def _join(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


class Tree:
    """A tree that grows by one leaf at a time."""

    def __init__(self) -> None:
        self.size = 0
        self._stack: list[tuple[int, bytes]] = []  # (leaves below, root), large to small

    def add(self, hashed: bytes) -> None:
        """One leaf more, by its hash."""
        below, top = 1, hashed
        while self._stack and self._stack[-1][0] == below:
            top = _join(self._stack.pop()[1], top)
            below *= 2
        self._stack.append((below, top))
        self.size += 1

    def root(self) -> bytes:
        """The root at the present size."""
        if not self._stack:
            return sha256(b"").digest()
        *others, (_, root) = self._stack
        for _, left in reversed(others):
            root = _join(left, root)
        return root


def root_from_proof(hashed: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to; None if it has not the length it must have.

    The path is walked from the top down, which fixes at each step on which side the sibling is.
    """
    if not 0 <= index < size:
        return None
    siblings_left: list[bool] = []
    low, high = 0, size
    while high - low > 1:
        half = 1 << ((high - low - 1).bit_length() - 1)
        if index < low + half:
            high = low + half
            siblings_left.append(False)
        else:
            low += half
            siblings_left.append(True)
    if len(proof) != len(siblings_left) or any(len(one) != 32 for one in (hashed, *proof)):
        return None
    for sibling, is_left in zip(proof, reversed(siblings_left), strict=True):
        hashed = _join(sibling, hashed) if is_left else _join(hashed, sibling)
    return hashed
