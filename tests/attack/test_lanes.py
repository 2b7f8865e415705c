"""Several brokers at once: order, faults, clocks and descriptors of each are its own."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sealhold.compute.broker import GRACE, Broker, Mode
from sealhold.compute.frames import MAX_FRAME
from sealhold.compute.spec import Limits
from sealhold.model.errors import StoppedError
from tests.attack.processes import below, brokers, descriptors, namespace

PLACES = 4
LIMITS = Limits(ms_per_partition=2000, memory_mib=32)
SHORT = Limits(ms_per_partition=200, memory_mib=32)
RES = {"param": 7, "resources": {}}
HONEST = b"def evaluate(obj, res):\n    return obj['x'] + res['param']\n"
# Each object takes long enough for further lanes to open, and for a look at them.
SLOW = b"""
def evaluate(obj, res):
    for i in range(400000): pass
    return obj['x'] + res['param']
"""
FEW = [{"x": x} for x in range(12)]
ENDLESS = b"""
def evaluate(obj, res):
    while obj['x'] % 5 == 3: pass
    return obj['x']
"""


def seen(code: bytes, look: Callable[[], None], mode: Mode = Mode.JAILED) -> list[int | None]:
    """Evaluate a few objects in four places, and look once most lanes are open."""

    def at_half(done: int) -> None:
        if done == len(FEW) // 2:
            look()

    with Broker(mode, places=PLACES) as broker:
        return broker.evaluate(code, RES, FEW, LIMITS, progress=at_half)


@pytest.mark.parametrize("mode", [Mode.JAILED, Mode.PARANOID])
def test_answers_stand_in_the_order_of_the_objects(mode: Mode) -> None:
    objects = [{"x": x} for x in range(40)]

    with Broker(mode, places=PLACES) as broker:
        answers = broker.evaluate(HONEST, RES, objects, LIMITS)

    assert answers == [x + 7 for x in range(40)]


def test_thousands_of_objects_pass_through_few_brokers() -> None:
    objects = [{"x": x} for x in range(10_000)]

    with Broker(places=2) as broker:
        answers = broker.evaluate(HONEST, RES, objects, LIMITS)

    assert answers == [x + 7 for x in range(10_000)]


def test_several_brokers_work_at_once() -> None:
    counts: list[int] = []

    answers = seen(SLOW, lambda: counts.append(len(brokers())))

    assert answers == [x + 7 for x in range(len(FEW))]
    assert 2 <= counts[0] <= PLACES


@pytest.mark.threat("T34")
def test_an_object_that_runs_out_of_time_is_a_fault_and_no_other_is() -> None:
    objects = [{"x": x} for x in range(20)]

    with Broker(places=PLACES) as broker:
        answers = broker.evaluate(ENDLESS, RES, objects, SHORT)

    assert answers == [None if x % 5 == 3 else x for x in range(20)]


@pytest.mark.threat("T162")
def test_whoever_is_slow_to_take_answers_makes_no_object_a_fault() -> None:
    found: dict[int, int | None] = {}
    objects = [{"x": x} for x in range(200)]

    with Broker(places=PLACES) as broker:
        for index, answer in broker.answers(HONEST, RES, objects, SHORT):
            if len(found) in {0, 50}:
                time.sleep(SHORT.ms_per_partition / 1000 + GRACE + 0.3)
            found[index] = answer

    assert found == {x: x + 7 for x in range(200)}


@pytest.mark.petrus("P5")
@pytest.mark.threat("T160")
def test_a_broker_holds_nothing_of_its_neighbours() -> None:
    held: list[list[str]] = []

    seen(SLOW, lambda: held.extend(descriptors(pid) for pid in brokers()))

    # The way to the Core, and the two ends by which the runtime hears of signals.
    assert [sorted(each).count("socket") for each in held] == [4] * len(held)
    assert len(held) >= 2
    assert not any("seccomp" in what for each in held for what in each)


@pytest.mark.threat("T160")
def test_a_worker_holds_two_pipes_and_no_socket() -> None:
    held: list[list[str]] = []

    def kept(worker: int) -> list[str]:
        found = descriptors(worker)
        for _ in range(20):  # for a moment it is still the broker's image, and not yet the worker's
            if not set(found) <= {"pipe", "/dev/null"}:
                time.sleep(0.02)
                found = descriptors(worker)
        return found

    def look() -> None:
        held.extend(kept(worker) for pid in brokers() for worker in below(pid))

    seen(SLOW, look)

    assert len(held) >= 2
    assert all(set(each) <= {"pipe", "/dev/null"} for each in held)


@pytest.mark.threat("T161")
@pytest.mark.parametrize("mode", [Mode.JAILED, Mode.PARANOID])
def test_each_broker_is_alone_with_its_queues_and_has_no_network(mode: Mode) -> None:
    looks: list[list[str]] = []
    networks: set[str] = set()

    def look(_done: int) -> None:
        at_work = [pid for pid in brokers() if below(pid)]  # the jail is closed
        looks.append([kept for pid in at_work if (kept := namespace(pid, "ipc"))])
        networks.update(namespace(pid, "net") for pid in at_work)

    with Broker(mode, places=PLACES) as broker:
        broker.evaluate(SLOW, RES, FEW, LIMITS, progress=look)

    assert max(map(len, looks)) >= 2
    assert all(len(set(queues)) == len(queues) for queues in looks)
    assert not any(namespace(os.getpid(), "ipc") in queues for queues in looks)
    assert namespace(os.getpid(), "net") not in networks


@pytest.mark.threat("T164")
def test_brokers_at_work_at_once_share_no_processor_while_there_are_enough() -> None:
    kept: list[set[int]] = []

    seen(SLOW, lambda: kept.extend(os.sched_getaffinity(pid) for pid in brokers()))

    processors = os.sched_getaffinity(0)
    assert all(len(each) == 1 for each in kept)
    assert len(set().union(*kept)) == min(len(kept), len(processors))


@pytest.mark.threat("T164")
def test_a_worker_stays_where_its_broker_is() -> None:
    pairs: list[tuple[set[int], set[int]]] = []

    def look() -> None:
        for pid in brokers():
            pairs.extend(
                (os.sched_getaffinity(pid), os.sched_getaffinity(each)) for each in below(pid)
            )

    seen(SLOW, look)

    assert pairs
    assert all(ours == theirs for ours, theirs in pairs)


def test_a_stopped_call_says_so_and_leaves_no_process() -> None:
    done: list[int] = []
    with Broker(places=PLACES, is_stopped=lambda: len(done) >= 3) as broker:
        with pytest.raises(StoppedError):
            broker.evaluate(SLOW, RES, FEW, LIMITS, progress=done.append)
        assert 3 <= len(done) < len(FEW)
        with pytest.raises(StoppedError):  # and nothing begins any more
            broker.evaluate(HONEST, RES, FEW, LIMITS)


def test_what_was_answered_before_a_stop_is_told() -> None:
    found: dict[int, int | None] = {}

    with Broker(places=PLACES, is_stopped=lambda: len(found) >= 3) as broker:
        found.update(broker.answers(SLOW, RES, FEW, LIMITS))

    assert 3 <= len(found) < len(FEW)
    assert found == {index: index + 7 for index in found}


def test_a_stop_after_the_last_answer_changes_nothing() -> None:
    done: list[int] = []

    with Broker(is_stopped=lambda: len(done) == len(FEW)) as broker:
        answers = broker.evaluate(HONEST, RES, FEW, LIMITS, progress=done.append)

    assert answers == [x + 7 for x in range(len(FEW))]


def test_objects_are_taken_no_sooner_than_there_is_room() -> None:
    taken: list[int] = []

    def endless() -> object:
        while True:
            taken.append(len(taken))
            yield {"x": len(taken)}

    with Broker(places=2) as broker:
        answers = broker.answers(HONEST, RES, endless(), LIMITS)  # type: ignore[arg-type]
        for _ in range(1_000):
            next(answers)
        answers.close()  # type: ignore[attr-defined]

    assert len(taken) < 2_000


@pytest.mark.parametrize("k", [1, 4, 16, 32])
def test_a_partition_is_answered_member_by_member(k: int) -> None:
    partitions = [[{"x": 100 * part + at} for at in range(k)] for part in range(10)]

    with Broker(places=2) as broker:
        answers = broker.evaluate_partitions(HONEST, RES, partitions, LIMITS)

    assert answers == [[each["x"] + 7 for each in members] for members in partitions]


@pytest.mark.threat("T34")
def test_a_partition_that_runs_out_of_time_is_a_fault_of_its_members_and_of_no_other() -> None:
    partitions = [[{"x": 1}] * 4, [{"x": 1}, {"x": 3}, {"x": 1}, {"x": 1}], [{"x": 2}] * 4]

    with Broker(places=2) as broker:
        answers = broker.evaluate_partitions(ENDLESS, RES, partitions, SHORT)

    assert answers == [[1] * 4, [None] * 4, [2] * 4]


def test_a_member_that_raises_is_a_fault_alone() -> None:
    code = b"def evaluate(obj, res):\n    return 1 // obj['x']\n"

    with Broker() as broker:
        answers = broker.evaluate_partitions(code, RES, [[{"x": 1}, {"x": 0}, {"x": 1}]], LIMITS)

    assert answers == [[1, None, 1]]


@pytest.mark.threat("T35")
def test_a_member_that_is_no_whole_number_is_a_fault_alone() -> None:
    code = b"def evaluate(obj, res):\n    return [7, True, 'x', None, 2 ** 63][obj['x']]\n"

    with Broker() as broker:
        told = broker.evaluate_partitions(code, RES, [[{"x": x} for x in range(5)]], LIMITS)

    assert told == [[7, None, None, None, None]]


def test_an_empty_partition_and_one_that_is_too_large_have_their_answers() -> None:
    large = {"x": 1, "filling": b"x" * (MAX_FRAME // 2)}

    with Broker() as broker:
        told = broker.evaluate_partitions(
            HONEST, RES, [[], [large, large, large], [{"x": 1}]], LIMITS
        )

    assert told == [[], [None] * 3, [8]]


@pytest.mark.threat("T32")
def test_the_members_of_two_partitions_meet_different_instances() -> None:
    code = b"seen = []\ndef evaluate(obj, res):\n    seen.append(1)\n    return len(seen)\n"

    with Broker(places=1) as broker:
        told = broker.evaluate_partitions(code, RES, [[{"x": 1}] * 3, [{"x": 2}] * 2], LIMITS)

    assert told == [[1, 2, 3], [1, 2]]


def test_memory_stays_bounded_over_many_objects() -> None:
    filling = b"x" * 20_000

    def resident() -> int:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    with Broker(places=PLACES) as broker:
        before = resident()
        objects = ({"x": x, "filling": filling} for x in range(3_000))
        count = sum(1 for _ in broker.answers(HONEST, RES, objects, LIMITS))
        after = resident()

    assert count == 3_000
    assert after - before < 16 * 1_048_576
