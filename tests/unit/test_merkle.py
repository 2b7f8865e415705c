"""The tree by its pictures in RFC 6962 section 2.1.3, and every way in which a proof is refused."""

from collections.abc import Sequence

import pytest

from sealhold.crypto import merkle
from sealhold.crypto.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_spans,
    inclusion_spans,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    root,
    verify_consistency,
    verify_inclusion,
)
from sealhold.model.errors import BadProofError, InvalidError

LEAVES = tuple(leaf_hash(b"d%d" % n) for n in range(7))
A, B, C, D, E, F, J = LEAVES
G, H, I = node_hash(A, B), node_hash(C, D), node_hash(E, F)  # noqa: E741  # reason: the RFC's letters
K, L = node_hash(G, H), node_hash(I, J)


def test_the_root_of_seven_leaves_is_the_one_of_the_rfcs_picture() -> None:
    assert root(LEAVES) == node_hash(K, L)


def test_a_tree_of_one_leaf_has_the_leaf_as_its_root() -> None:
    assert root([A]) == A


def test_a_tree_of_no_leaf_has_the_root_of_nothing() -> None:
    assert root([]) == EMPTY_ROOT == Frontier().root()


@pytest.mark.parametrize(
    ("index", "proof"),
    [(0, (B, H, L)), (3, (C, G, L)), (4, (F, J, K)), (6, (I, K))],
)
def test_inclusion_proofs_are_those_of_the_rfcs_picture(
    index: int, proof: tuple[bytes, ...]
) -> None:
    assert prove_inclusion(LEAVES, index) == proof


@pytest.mark.parametrize(
    ("size", "proof"),
    [(3, (C, D, G, L)), (4, (L,)), (6, (I, J, K)), (7, ()), (0, ())],
)
def test_consistency_proofs_are_those_of_the_rfcs_picture(
    size: int, proof: tuple[bytes, ...]
) -> None:
    assert prove_consistency(LEAVES, size) == proof


def altered(proof: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    """Return proofs that are near `proof` but not it."""
    whole = tuple(proof)
    return [
        whole[1:],
        whole[:-1],
        (*whole, J),
        (J, *whole),
        (*whole[:-1], whole[-1][:31]),
        (*whole[:-1], whole[-1] + b"\0"),
        *(
            (*whole[:at], bytes([part[0] ^ 1]) + part[1:], *whole[at + 1 :])
            for at, part in enumerate(whole)
        ),
    ]


@pytest.mark.parametrize("index", range(7))
def test_an_inclusion_proof_that_is_shorter_longer_or_other_is_refused(index: int) -> None:
    for proof in altered(prove_inclusion(LEAVES, index)):
        with pytest.raises(BadProofError):
            verify_inclusion(index, 7, LEAVES[index], proof, root(LEAVES))


@pytest.mark.parametrize(
    ("index", "size"), [(2, 7), (3, 4), (3, 9), (3, 3), (-1, 7), (7, 7), (0, 0), (3, 1 << 80)]
)
def test_an_inclusion_proof_of_another_place_is_refused(index: int, size: int) -> None:
    with pytest.raises(BadProofError):
        verify_inclusion(index, size, D, prove_inclusion(LEAVES, 3), root(LEAVES))


def test_a_node_does_not_pass_for_a_leaf() -> None:
    with pytest.raises(BadProofError):
        verify_inclusion(0, 2, leaf_hash(A + B), (H,), root(LEAVES[:4]))


def test_a_leaf_of_another_length_is_refused() -> None:
    with pytest.raises(BadProofError):
        verify_inclusion(0, 1, b"", (), b"")


@pytest.mark.parametrize("size", range(1, 7))
def test_a_consistency_proof_that_is_shorter_longer_or_other_is_refused(size: int) -> None:
    for proof in altered(prove_consistency(LEAVES, size)):
        with pytest.raises(BadProofError):
            verify_consistency(size, 7, root(LEAVES[:size]), root(LEAVES), proof)


@pytest.mark.parametrize(
    ("size1", "size2"), [(4, 7), (3, 4), (3, 9), (3, 3), (8, 7), (-1, 7), (0, 7)]
)
def test_a_consistency_proof_of_other_sizes_is_refused(size1: int, size2: int) -> None:
    proof = prove_consistency(LEAVES, 3)

    with pytest.raises(BadProofError):
        verify_consistency(size1, size2, root(LEAVES[:3]), root(LEAVES), proof)


def test_an_empty_proof_of_growth_is_too_short() -> None:
    with pytest.raises(BadProofError):
        verify_consistency(3, 7, root(LEAVES[:3]), root(LEAVES), ())


def test_two_trees_of_one_size_must_have_one_root() -> None:
    verify_consistency(7, 7, root(LEAVES), root(LEAVES), ())

    with pytest.raises(BadProofError):
        verify_consistency(7, 7, root(LEAVES), root(LEAVES[:6]), ())
    with pytest.raises(BadProofError):
        verify_consistency(0, 0, EMPTY_ROOT, root(LEAVES), ())


def test_every_tree_grew_out_of_the_empty_one_and_of_no_other_of_size_zero() -> None:
    verify_consistency(0, 7, EMPTY_ROOT, root(LEAVES), ())

    with pytest.raises(BadProofError):
        verify_consistency(0, 7, A, root(LEAVES), ())


def test_there_is_no_proof_of_what_is_not_there() -> None:
    with pytest.raises(InvalidError):
        inclusion_spans(7, 7)
    with pytest.raises(InvalidError):
        consistency_spans(8, 7)


def test_a_frontier_grows_by_itself_and_leaves_its_copy_alone() -> None:
    frontier = Frontier()
    frontier.extend(LEAVES[:3])
    copy = frontier.copy()

    frontier.extend(LEAVES[3:])

    assert (frontier.size, frontier.root()) == (7, root(LEAVES))
    assert (copy.size, copy.root()) == (3, root(LEAVES[:3]))


def test_a_frontier_is_made_again_from_its_size_and_edge() -> None:
    frontier = Frontier()
    frontier.extend(LEAVES)

    again = Frontier(frontier.size, frontier.edge)

    assert again.edge == (K, I, J)
    assert again.root() == root(LEAVES)


@pytest.mark.parametrize(("size", "edge"), [(3, (A,)), (1, ()), (-1, ()), (1, (b"short",))])
def test_a_frontier_of_another_edge_is_refused(size: int, edge: tuple[bytes, ...]) -> None:
    with pytest.raises(InvalidError):
        Frontier(size, edge)


def test_a_frontier_tells_the_part_that_a_leaf_fills() -> None:
    frontier = Frontier()
    frontier.extend(LEAVES[:3])

    assert frontier.filled(D, 1) == H
    assert frontier.filled(D, 2) == K
    with pytest.raises(InvalidError):
        frontier.filled(D, 3)


def test_a_frontier_tells_the_root_from_the_start_of_a_part_on() -> None:
    frontier = Frontier()
    frontier.extend(LEAVES)

    assert frontier.root_from(4) == L
    assert frontier.root_from(6) == J
    with pytest.raises(InvalidError):
        frontier.root_from(5)
    with pytest.raises(InvalidError):
        frontier.root_from(7)


def test_hashing_keeps_leaves_and_nodes_apart() -> None:
    assert merkle.leaf_hash(A + B) != merkle.node_hash(A, B)
