"""Vectors of the operations of a tree: those that are read, and those that are refused."""

import pytest

from sealhold.sharing.devices.treeops import pack_op, unpack_op
from tests.vectors.known import Args, cases, check


def read(given: Args) -> object:
    data = bytes.fromhex(given["hex"])
    op = unpack_op(data)
    assert pack_op(op) == data
    return {
        "kind": op.kind.name,
        "object": op.object.hex(),
        "parent": op.parent and op.parent.hex(),
        "name": op.name,
        "ms": op.time.ms,
        "step": op.time.step,
        "author": op.author.hex(),
    }


@pytest.mark.parametrize("case", cases("47-folders"))
def test_an_operation_of_a_tree_is_read_as_its_vector_says(case: Args) -> None:
    check({"read": read}, case)
