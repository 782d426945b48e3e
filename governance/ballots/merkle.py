"""The Merkle tree under every log of a vote: hashes, inclusion proofs, consistency proofs.

Source: RFC 9162, section 2.1 (the same tree as RFC 6962, section 2.1), with SHA-256. A leaf is
hashed behind a byte 0x00, two subtrees behind a byte 0x01, so that neither can pass for the other.
Degenerate questions (a proof about nothing, a hash that is none) are refused by name.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from governance.ballots.errors import ProofInvalid

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry as a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees, left and right."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree as far as growing it needs: the roots of its complete subtrees, largest first.

    Attributes
    ----------
    size
        Leaves so far.
    peaks
        One hash for each bit that is set in `size`.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def grown(self, leaf: bytes) -> "Frontier":
        """The tree with one leaf more, given as its hash."""
        assert len(leaf) == HASH_BYTES
        peaks, top, size = list(self.peaks), leaf, self.size
        while size & 1:
            top = node_hash(peaks.pop(), top)
            size >>= 1
        return Frontier(self.size + 1, (*peaks, top))

    def root(self) -> bytes:
        """The root of the tree."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root

    @classmethod
    def of(cls, leaves: Iterable[bytes]) -> Self:
        """The tree over leaf hashes in their order."""
        tree: Frontier = cls()
        for leaf in leaves:
            tree = tree.grown(leaf)
        return cls(tree.size, tree.peaks)


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes in their order."""
    return Frontier.of(leaves).root()


class GrowingTree:
    """A tree that remembers its complete subtrees: any proof about it is a few look-ups.

    Keeps about twice 32 bytes a leaf, so that a receipt costs the same whether it is the first or
    the fifty-thousandth.
    """

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]  # [k][i]: over the leaves i * 2^k to (i + 1) * 2^k
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self) -> int:
        """Leaves so far."""
        return len(self._levels[0])

    def leaf(self, index: int) -> bytes:
        """The hash of a leaf."""
        return self._levels[0][index]

    def append(self, leaf: bytes) -> None:
        """One leaf more, given as its hash."""
        assert len(leaf) == HASH_BYTES
        top, level = leaf, 0
        self._levels[0].append(leaf)
        while len(self._levels[level]) % 2 == 0:
            top = node_hash(self._levels[level][-2], top)
            level += 1
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(top)

    def head(self) -> "Head":
        """Size and root."""
        return Head(size=self.size, root=self.root_between(0, self.size))

    def root_between(self, first: int, end: int) -> bytes:
        """The root over the leaves from `first` to before `end`, a subtree of the tree."""
        count = end - first
        if count == 0:
            return EMPTY_ROOT
        if count & (count - 1) == 0:
            level = count.bit_length() - 1
            return self._levels[level][first >> level]
        middle = first + _split(count)
        return node_hash(self.root_between(first, middle), self.root_between(middle, end))

    def inclusion_proof(self, index: int) -> tuple[bytes, ...]:
        """The hashes from leaf `index` to the root (RFC 9162, section 2.1.3.1)."""
        assert 0 <= index < self.size
        first, end, siblings = 0, self.size, []
        while end - first > 1:
            middle = first + _split(end - first)
            if index < middle:
                siblings.append(self.root_between(middle, end))
                end = middle
            else:
                siblings.append(self.root_between(first, middle))
                first = middle
        return tuple(reversed(siblings))

    def consistency_proof(self, size: int) -> tuple[bytes, ...]:
        """The hashes that show the first `size` leaves untouched (RFC 9162, section 2.1.4.1)."""
        assert 0 < size <= self.size
        first, end, siblings = 0, self.size, []
        while size < end:
            middle = first + _split(end - first)
            if size <= middle:
                siblings.append(self.root_between(middle, end))
                end = middle
            else:
                siblings.append(self.root_between(first, middle))
                first = middle
        # The older tree's own root, where it is a subtree from the left edge, is known already.
        whole = [] if first == 0 else [self.root_between(first, end)]
        return (*whole, *reversed(siblings))


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def verify_inclusion(
    leaf: bytes, proof: Sequence[bytes], *, index: int, size: int, root: bytes
) -> None:
    """Check that a leaf stands at `index` of the tree with this size and root.

    Source: RFC 9162, section 2.1.3.2.

    Raises
    ------
    ProofInvalid
        If it does not, or if the question is degenerate; its reason says which.
    """
    _require_hashes(leaf, root, *proof)
    if not 0 <= index < size:
        raise ProofInvalid("index_outside_tree")
    place, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise ProofInvalid("proof_too_long")
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofInvalid("proof_too_short")
    if found != root:
        raise ProofInvalid("root_differs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A tree by its size and root."""

    size: int
    root: bytes


def verify_consistency(old: Head, new: Head, *, proof: Sequence[bytes]) -> None:
    """Check that the newer tree begins with the older one, leaf for leaf.

    Source: RFC 9162, section 2.1.4.2.

    Raises
    ------
    ProofInvalid
        If it does not, or if the question is degenerate; its reason says which.
    """
    _require_hashes(old.root, new.root, *proof)
    if old.size > new.size:
        raise ProofInvalid("tree_shrank")
    if old.size == 0:
        raise ProofInvalid("nothing_to_prove")  # every tree begins with the empty one
    if old.size == new.size:
        if proof:
            raise ProofInvalid("proof_too_long")
        if old.root != new.root:
            raise ProofInvalid("root_differs")
        return
    if not proof:
        raise ProofInvalid("proof_too_short")
    found_old, found_new = _walk(old, new, proof)
    if found_old != old.root or found_new != new.root:
        raise ProofInvalid("root_differs")


def _walk(old: Head, new: Head, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The two roots that a consistency proof leads to."""
    steps = list(proof) if old.size & (old.size - 1) else [old.root, *proof]
    place, last = old.size - 1, new.size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    found_old = found_new = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofInvalid("proof_too_long")
        if place & 1 or place == last:
            found_old, found_new = node_hash(step, found_old), node_hash(step, found_new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found_new = node_hash(found_new, step)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofInvalid("proof_too_short")
    return found_old, found_new


def _require_hashes(*hashes: bytes) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofInvalid("not_a_hash")
