"""Machines whose owners look in: what they see, and that they cannot have themselves chosen."""

import random
from dataclasses import replace
from math import sqrt

import pytest

from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.spec import Result
from sealhold.compute.sheepfold import (
    FEWEST,
    assign,
    check_assignment,
    commit,
    exposure,
    is_glass,
    processor_of,
    seed_of,
)
from sealhold.model.errors import BadProofError, InvalidError
from tests.conformance.evidence_made import IN_DEBUG, MAKERS

NODES = [b"node %d" % number for number in range(200)]
SEED = b"s" * 32
RUNS = 100_000


def shares() -> dict[bytes, bytes]:
    return {name: random.Random(name.decode()).randbytes(32) for name in (b"ann", b"bob", b"eve")}


def committed() -> dict[bytes, bytes]:
    return {name: commit(name, share) for name, share in shares().items()}


@pytest.mark.parametrize(
    ("nodes", "glass", "processors", "groups"),
    [(1_000, 10, 10, 1), (1_000, 10, 10, 2), (200, 40, 5, 3), (100, 50, 5, 2)],
)
def test_what_is_seen_is_what_simulated_assignments_show(
    nodes: int, glass: int, processors: int, groups: int
) -> None:
    """Draw processors for each group, then one of them for a record; count what is glass."""
    draw = random.Random(f"{nodes} {glass} {processors} {groups}")
    some = whole = 0
    for _ in range(RUNS):
        seen = 0
        for _ in range(groups):
            seen += draw.sample(range(nodes), processors)[draw.randrange(processors)] < glass
        some += seen > 0
        whole += seen == groups
    told = exposure(nodes=nodes, glass=glass, processors=processors, groups=groups)

    for counted, chance in ((some, float(told.some)), (whole, float(told.whole))):
        error = sqrt(chance * (1 - chance) / RUNS)
        assert abs(counted / RUNS - chance) <= 3 * error


def test_the_share_of_glass_processors_is_exceeded_in_one_draw_of_a_hundred() -> None:
    draw = random.Random("share")
    for processors in (1, 10, 50, 100):
        told = exposure(nodes=1_000, glass=10, processors=processors, groups=1).share
        counts = [
            sum(node < 10 for node in draw.sample(range(1_000), processors)) for _ in range(10_000)
        ]
        beyond = sum(count > told * processors for count in counts) / len(counts)
        assert beyond <= 0.01 + 3 * sqrt(0.01 * 0.99 / len(counts))


def test_what_the_seed_draws_is_seen_as_often_as_chance_says() -> None:
    nodes, glass, seeds = NODES[:60], set(NODES[:6]), 3_000
    seen = 0
    for number in range(seeds):
        seed = b"seed %d" % number
        (drawn,) = assign(nodes, seed, processors=FEWEST, groups=1)
        seen += processor_of(b"a record", drawn, seed, 0) in glass
    chance = float(exposure(nodes=60, glass=6, processors=FEWEST, groups=1).some)

    assert abs(seen / seeds - chance) <= 3 * sqrt(chance * (1 - chance) / seeds)


def test_with_one_processor_a_glass_machine_may_see_everything() -> None:
    assert exposure(nodes=10, glass=1, processors=1, groups=1).share == 1


@pytest.mark.parametrize(
    "numbers",
    [(0, 0, 1, 1), (10, 11, 5, 1), (10, -1, 5, 1), (10, 1, 11, 1), (10, 1, 0, 1), (10, 1, 5, 0)],
)
def test_numbers_that_cannot_be_are_refused(numbers: tuple[int, int, int, int]) -> None:
    nodes, glass, processors, groups = numbers

    with pytest.raises(InvalidError):
        exposure(nodes=nodes, glass=glass, processors=processors, groups=groups)


def test_a_drawn_assignment_holds_whatever_the_order_of_the_list() -> None:
    told = assign(reversed(NODES), SEED, processors=FEWEST, groups=3)

    check_assignment(told, NODES, SEED)
    assert {len(set(group)) for group in told} == {FEWEST}
    assert len(set(told)) == 3


@pytest.mark.threat("T159")
def test_a_processor_that_was_chosen_is_found() -> None:
    told = [list(group) for group in assign(NODES, SEED, processors=FEWEST, groups=2)]
    spare = next(node for node in NODES if node not in told[1])
    chosen = [told[0], [spare, *told[1][1:]]]

    with pytest.raises(BadProofError):
        check_assignment(chosen, NODES, SEED)


@pytest.mark.threat("T159")
def test_an_assignment_under_another_seed_list_or_order_is_found() -> None:
    told = assign(NODES, SEED, processors=FEWEST, groups=2)

    for nodes, seed, each in (
        (NODES, b"t" * 32, told),
        (NODES, SEED, (tuple(reversed(told[0])), told[1])),
        (NODES[:-100], SEED, told),
        (NODES, SEED, tuple(reversed(told))),
    ):
        with pytest.raises(BadProofError):
            check_assignment(each, nodes, seed)


@pytest.mark.threat("T159")
def test_too_few_processors_are_refused_unless_everybody_agreed() -> None:
    with pytest.raises(InvalidError):
        assign(NODES, SEED, processors=FEWEST - 1, groups=1)

    few = assign(NODES, SEED, processors=1, groups=1, few_agreed=True)
    check_assignment(few, NODES, SEED, few_agreed=True)
    with pytest.raises(InvalidError):
        check_assignment(few, NODES, SEED)


@pytest.mark.threat("T159")
def test_a_share_changed_after_others_were_shown_is_found() -> None:
    changed = shares() | {b"eve": b"w" * 32}

    with pytest.raises(BadProofError):
        seed_of(committed(), changed)


@pytest.mark.threat("T159")
def test_a_share_that_is_kept_back_is_found() -> None:
    kept = {name: share for name, share in shares().items() if name != b"eve"}

    with pytest.raises(BadProofError):
        seed_of(committed(), kept)
    with pytest.raises(BadProofError):
        seed_of({}, {})


@pytest.mark.threat("T159")
def test_nobody_can_take_over_the_commitment_of_another() -> None:
    copied = committed() | {b"eve": committed()[b"ann"]}

    with pytest.raises(BadProofError):
        seed_of(copied, shares() | {b"eve": shares()[b"ann"]})


def test_the_seed_hangs_on_every_share_and_on_no_order() -> None:
    seed = seed_of(committed(), shares())
    other = shares() | {b"bob": b"b" * 32}

    assert seed == seed_of(committed(), dict(reversed(shares().items())))
    assert seed != seed_of({name: commit(name, each) for name, each in other.items()}, other)


def test_records_are_spread_over_all_processors_evenly() -> None:
    (drawn,) = assign(NODES, SEED, processors=FEWEST, groups=1)
    counts = dict.fromkeys(drawn, 0)
    for number in range(10_000):
        counts[processor_of(b"record %d" % number, drawn, SEED, 0)] += 1

    assert 120 < min(counts.values()) <= max(counts.values()) < 290


@pytest.mark.threat("T159")
def test_only_evidence_of_a_sealed_machine_makes_it_other_than_glass() -> None:
    sealed = MAKERS[Kind.SNP]().result()
    others: list[Result | None] = [
        None,
        MAKERS[Kind.SW]().result(),
        MAKERS[Kind.TPM2]().result(),
        replace(sealed, confidentiality="none"),
        *(make().result() for make in IN_DEBUG.values()),
    ]

    assert not is_glass(sealed)
    assert all(is_glass(result) for result in others)
