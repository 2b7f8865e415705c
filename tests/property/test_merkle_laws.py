"""Laws of the tree, for any number of leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealhold.crypto.merkle import (
    Frontier,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    root,
    verify_consistency,
    verify_inclusion,
)
from sealhold.model.errors import BadProofError

LEAVES = tuple(leaf_hash(n.to_bytes(2, "big")) for n in range(600))
sizes = st.integers(1, len(LEAVES))


def rfc_root(leaves: tuple[bytes, ...]) -> bytes:
    """Return the root by the definition of RFC 6962 section 2.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(rfc_root(leaves[:k]), rfc_root(leaves[k:]))


@given(sizes)
def test_the_root_is_that_of_the_recursive_definition(size: int) -> None:
    assert root(LEAVES[:size]) == rfc_root(LEAVES[:size])


@given(sizes)
def test_growing_leaf_by_leaf_gives_the_root_of_all(size: int) -> None:
    frontier = Frontier()
    frontier.extend(LEAVES[:size])

    assert frontier.root() == root(LEAVES[:size])
    assert Frontier(size, frontier.edge).root() == frontier.root()


@given(sizes, st.data())
def test_every_leaf_is_proved_and_at_no_other_place(size: int, data: st.DataObject) -> None:
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size + 1))
    proof, total = prove_inclusion(LEAVES[:size], index), root(LEAVES[:size])

    verify_inclusion(index, size, LEAVES[index], proof, total)

    assert len(proof) <= (size - 1).bit_length()
    if other != index:
        with pytest.raises(BadProofError):
            verify_inclusion(other, size, LEAVES[index], proof, total)


@given(sizes, st.data())
def test_every_earlier_tree_is_proved_to_have_grown_into_this_one(
    size: int, data: st.DataObject
) -> None:
    earlier = data.draw(st.integers(1, size))
    proof = prove_consistency(LEAVES[:size], earlier)

    verify_consistency(earlier, size, root(LEAVES[:earlier]), root(LEAVES[:size]), proof)


@given(sizes, st.data())
def test_no_tree_with_another_past_is_proved(size: int, data: st.DataObject) -> None:
    earlier = data.draw(st.integers(1, size))
    changed = data.draw(st.integers(0, earlier - 1))
    past = (*LEAVES[:changed], LEAVES[-1][::-1], *LEAVES[changed + 1 : earlier])

    proof = prove_consistency(LEAVES[:size], earlier)

    with pytest.raises(BadProofError):
        verify_consistency(earlier, size, root(past), root(LEAVES[:size]), proof)


@given(sizes, st.data())
def test_a_proof_with_any_bit_changed_proves_nothing(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = list(prove_inclusion(LEAVES[:size], index))
    if not proof:
        return
    at, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    part = bytearray(proof[at])
    part[bit // 8] ^= 1 << bit % 8
    proof[at] = bytes(part)

    with pytest.raises(BadProofError):
        verify_inclusion(index, size, LEAVES[index], proof, root(LEAVES[:size]))
