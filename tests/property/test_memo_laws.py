"""Laws of memo and ledger: what was said stays said, what was charged stays charged."""

import random

from hypothesis import given
from hypothesis import strategies as st

from sealhold.compute.asked import facts_from, leaks_of
from sealhold.compute.leakage import Facts, joined, prospect
from sealhold.compute.memo import Told
from sealhold.compute.partition import OPEN, distributed
from sealhold.model.ids import FunctionId, TaskDigest
from sealhold.model.quantities import MicroBits

names = st.integers(0, 5).map(lambda n: bytes([n]) * 16)
entries = st.lists(
    st.tuples(names, st.integers(0, 3), st.integers(1, 4), st.integers(-9, 9)), max_size=30
)
prices = st.dictionaries(
    st.binary(min_size=32, max_size=32), st.integers(1, 99).map(MicroBits), max_size=4
)
facts = st.builds(
    lambda functions, families, timings, epochs, versions: Facts(
        functions={FunctionId(key): cost for key, cost in functions.items()},
        families=families,
        timings={TaskDigest(key): cost for key, cost in timings.items()},
        epochs=frozenset(epochs),
        versions=versions,
    ),
    prices,
    prices,
    prices,
    st.sets(st.integers(0, 40), max_size=5),
    st.integers(1, 5),
)


def told(said: list[tuple[bytes, int, int, int]]) -> Told:
    found = Told()
    for entry in said:
        found.take(entry)
    return found


@given(entries, entries, names, st.integers(1, 4))
def test_nothing_that_is_said_later_changes_what_an_evaluation_said(
    before: list[tuple[bytes, int, int, int]],
    after: list[tuple[bytes, int, int, int]],
    name: bytes,
    number: int,
) -> None:
    first = {(e[0], e[1]): e[2:] for e in reversed(before)}

    found = told([*before, *after])

    kept = {(each, 0): value for each, value in found.first.items()}
    kept |= {(each, n): said for each, some in found.later.items() for n, said in some.items()}
    assert first.items() <= kept.items()
    assert found.count(name) >= told(before).count(name)
    assert (found.at(name, number) is None) == (found.count(name) == 0)


@given(entries, names)
def test_a_version_is_read_off_the_last_evaluation_that_read_no_later_one(
    said: list[tuple[bytes, int, int, int]], name: bytes
) -> None:
    found = told(said)

    for version in range(1, 5):
        at = found.at(name, version)
        every = [found.first[name]] if name in found.first else []
        every += [value for _, value in sorted(found.later.get(name, {}).items())]
        fitting = [each for each in every if each[0] <= version]
        assert at == (fitting[-1] if fitting else every[0] if every else None)


@given(st.lists(facts, max_size=4), st.randoms(use_true_random=False))
def test_what_the_ledger_keeps_is_what_was_approved_in_whatever_order(
    approved: list[Facts], rng: random.Random
) -> None:
    nothing = Facts(functions={}, families={}, timings={}, epochs=frozenset(), versions=1)
    whole = nothing
    for each in approved:
        whole = joined(whole, each)
    turned = nothing
    for each in rng.sample(approved, len(approved)):
        before = turned.per_object
        turned = facts_from(leaks_of(joined(turned, each)))  # kept and read again
        assert turned.per_object >= before  # and nothing is ever given back

    assert turned == whole
    assert prospect(turned, whole).charge == 0


@given(st.sets(st.binary(min_size=16, max_size=16), max_size=300), st.sampled_from([4, 16, 32]))
def test_each_object_is_in_one_partition_and_few_are_not_full(hashed: set[bytes], k: int) -> None:
    found = distributed({each: each[::-1] for each in hashed}, k)

    assert sorted(name for members in found for name in members) == sorted(e[::-1] for e in hashed)
    assert all(0 < len(members) <= k for members in found)
    assert sum(len(members) < k for members in found) <= OPEN
