"""Attacks on columns of one domain: what they must not share."""

import os

import pytest

from sealhold.crypto.secret import Secret
from sealhold.protect.columnkeys import Derived
from sealhold.protect.columns import Column, columns_of
from sealhold.protect.policy import ColumnPolicy, Policy, TablePolicy

LISTED = ("match", "words")


def columns() -> dict[str, Column]:
    """Return two columns of one domain."""
    made = tuple(
        ColumnPolicy(name=name, type="text", protect=LISTED, domain="notes") for name in ("a", "b")
    )
    table = TablePolicy(dataset="clinic", name="patient", columns=made, csps=("x",))
    policy = Policy(name="clinic", version=1, tables=(table,))
    keys = Derived(lambda _dataset: Secret(bytes(32), "dataset"))
    return columns_of(policy, keys, os.urandom)["public", "patient"]


@pytest.mark.threat("T618")
def test_words_of_two_columns_have_two_keys_though_their_terms_have_one() -> None:
    made = columns()

    assert made["a"].keys["_m"] == made["b"].keys["_m"]
    assert made["a"].beside["words"] != made["b"].beside["words"]
    assert made["a"].keys[""] != made["b"].keys[""]
