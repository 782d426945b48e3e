"""The log's tree: official proofs, and what its own proofs promise."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.ballots.errors import ProofInvalid
from governance.ballots.merkle import (
    EMPTY_ROOT,
    Frontier,
    GrowingTree,
    Head,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The official set calls two trees of one entry and no root consistent; we refuse that by name.
DEGENERATE = {"testdata/consistency/additional/sizes-are-equal-one-and-proof-is-empty.json"}


def _bytes(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def _judge(vector: dict[str, object]) -> str | None:
    """Why our check refuses a vector, or None."""
    proof = [_bytes(one) for one in vector["proof"] or []]
    try:
        if vector["kind"] == "inclusion":
            verify_inclusion(
                _bytes(vector["leafHash"]), proof, index=vector["leafIdx"],
                size=vector["treeSize"], root=_bytes(vector["root"]),
            )  # fmt: skip
        else:
            verify_consistency(
                Head(size=vector["size1"], root=_bytes(vector["root1"])),
                Head(size=vector["size2"], root=_bytes(vector["root2"])),
                proof=proof,
            )
    except ProofInvalid as refused:
        return refused.reason
    return None


@pytest.mark.shared
def test_every_official_proof_is_judged_as_published_and_the_degenerate_are_named(
    shared_data: Path,
) -> None:
    path = shared_data / "elections/ballot-crypto-vectors/rfc6962-merkle-proofs.jsonl"
    vectors = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(vectors) == 196
    wrong = {
        one["file"]: reason
        for one in vectors
        if ((reason := _judge(one)) is not None) != one["wantErr"]
    }
    assert wrong == dict.fromkeys(DEGENERATE, "not_a_hash")


def _leaves(count: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(count)]


def test_small_trees_are_as_the_standard_draws_them() -> None:
    a, b, c = _leaves(3)
    assert root_of([]) == EMPTY_ROOT
    assert root_of([a]) == a
    assert root_of([a, b, c]) == node_hash(node_hash(a, b), c)
    assert Frontier.of([a, b, c]).peaks == (node_hash(a, b), c)


@given(st.integers(1, 70), st.data())
def test_every_leaf_proves_its_place_and_no_other(count: int, data: st.DataObject) -> None:
    leaves = _leaves(count)
    index = data.draw(st.integers(0, count - 1))
    proof, root = GrowingTree(leaves).inclusion_proof(index), root_of(leaves)
    verify_inclusion(leaves[index], proof, index=index, size=count, root=root)
    other = data.draw(st.integers(0, count))
    if other != index:
        with pytest.raises(ProofInvalid):
            verify_inclusion(leaves[index], proof, index=other, size=count, root=root)


@given(st.integers(1, 70), st.data())
def test_a_log_that_grew_proves_it_and_one_that_changed_cannot(
    count: int, data: st.DataObject
) -> None:
    leaves = _leaves(count)
    size = data.draw(st.integers(1, count))
    new = Head(size=count, root=root_of(leaves))
    proof = GrowingTree(leaves).consistency_proof(size)
    verify_consistency(Head(size=size, root=root_of(leaves[:size])), new, proof=proof)
    changed = [*leaves[: size - 1], leaf_hash(b"changed")]
    with pytest.raises(ProofInvalid):
        verify_consistency(Head(size=size, root=root_of(changed)), new, proof=proof)


def _inclusion(leaves: list[bytes], index: int) -> list[bytes]:
    """PATH of RFC 9162, section 2.1.3.1, word for word."""
    if len(leaves) == 1:
        return []
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if index < k:
        return [*_inclusion(leaves[:k], index), root_of(leaves[k:])]
    return [*_inclusion(leaves[k:], index - k), root_of(leaves[:k])]


def _subproof(leaves: list[bytes], size: int, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162, section 2.1.4.1, word for word."""
    if size == len(leaves):
        return [] if whole else [root_of(leaves)]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if size <= k:
        return [*_subproof(leaves[:k], size, whole), root_of(leaves[k:])]
    return [*_subproof(leaves[k:], size - k, False), root_of(leaves[:k])]


def test_proofs_of_a_growing_tree_are_those_of_the_standards_recursion() -> None:
    tree, leaves = GrowingTree(), _leaves(40)
    for count, leaf in enumerate(leaves, start=1):
        tree.append(leaf)
        assert tree.head() == Head(size=count, root=root_of(leaves[:count]))
        for index in range(count):
            assert list(tree.inclusion_proof(index)) == _inclusion(leaves[:count], index)
            proof = tree.consistency_proof(index + 1)
            assert list(proof) == _subproof(leaves[:count], index + 1, whole=True)
