"""Which objects share an evaluation: fixed, keyed, closed, and chosen by nobody."""

import random
from hashlib import blake2b

import pytest

from sealhold.compute.partition import OPEN, Partitions, distributed

NAMES = [blake2b(str(n).encode(), digest_size=16).digest() for n in range(1_000)]


def keyed(names: list[bytes], key: bytes = b"one") -> dict[bytes, bytes]:
    return {blake2b(name, digest_size=16, key=key).digest(): name for name in names}


@pytest.mark.parametrize("k", [4, 16, 32])
def test_each_object_is_in_one_partition_of_at_most_k(k: int) -> None:
    found = distributed(keyed(NAMES), k)

    assert sorted(name for members in found for name in members) == sorted(NAMES)
    assert max(map(len, found)) == k
    assert sum(len(members) < k for members in found) <= OPEN


def test_the_order_in_which_objects_came_makes_no_difference() -> None:
    turned = random.Random(1).sample(NAMES, len(NAMES))

    assert distributed(keyed(NAMES), 16) == distributed(keyed(turned), 16)


def test_who_does_not_hold_the_key_cannot_tell_the_neighbours() -> None:
    """Under another key two objects meet as often as chance has it: 15 of 999."""
    met = 0
    for number in range(400):
        parts = Partitions()
        for members in distributed(keyed(NAMES, str(number).encode()), 16):
            parts.take(members)
        met += NAMES[1] in parts.mates(NAMES[0])

    assert 0 <= met <= 16  # 6 expected; more than 16 has a chance of 1 in 5,000


def test_an_object_without_a_partition_is_its_own() -> None:
    assert Partitions().mates(NAMES[0]) == (NAMES[0],)
