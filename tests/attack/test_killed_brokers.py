"""Brokers, workers and keepers that are killed from outside, and what each of them is given."""

import os
import signal
import socket
from pathlib import Path
from time import monotonic

import pytest

from sealhold.compute.broker import Broker
from sealhold.compute.sandboxes.monty import installed
from sealhold.compute.spec import Limits
from sealhold.model.errors import BrokerLostError

LIMITS = Limits(ms_per_partition=2000, memory_mib=16)
RES = {"param": 7, "resources": {}}
HONEST = b"def evaluate(obj, res):\n    return obj['x'] + res['param']\n"
OBJECTS = [{"x": x} for x in range(6)]
# The third object takes long enough for a look at the processes while it is in hand.
SLOW = b"""
def evaluate(obj, res):
    if obj['x'] == 2:
        for i in range(6000000): pass
    return obj['x'] + res['param']
"""
HONEST_ANSWERS = [7, 8, 9, 10, 11, 12]


def below(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def keepers() -> list[int]:
    mine = os.getpid()
    threads = Path(f"/proc/{mine}/task").iterdir()
    children = [int(pid) for thread in threads for pid in (thread / "children").read_text().split()]
    return [pid for pid in children if b"keeper" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def begun() -> tuple[int, int]:
    """Return a broker that has begun, and its worker.

    One of another place may be there before it, still on its way into the jail.
    """
    until = monotonic() + 5
    while monotonic() < until:
        for broker_process in below(keepers()[-1]):
            for worker in below(broker_process):
                return broker_process, worker
    raise AssertionError("no broker has a worker")


def all_end(processes: list[int]) -> bool:
    """Wait a little until none of `processes` runs; one that is only not buried yet has ended."""
    until = monotonic() + 5
    while monotonic() < until:
        if not any(runs(pid) for pid in processes):
            return True
    return False


def runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.mark.threat("T34")
def test_the_object_over_which_a_broker_is_killed_is_a_fault_and_only_that_one() -> None:
    def kill(done: int) -> None:
        if done == 2:
            os.kill(begun()[0], signal.SIGKILL)

    with Broker() as broker:
        answers = broker.evaluate(SLOW, RES, OBJECTS, LIMITS, progress=kill)
        after = broker.evaluate(HONEST, RES, OBJECTS, LIMITS)

    right = [told for told, due in zip(answers, HONEST_ANSWERS, strict=True) if told == due]
    assert len(answers) == len(OBJECTS)
    assert len(right) >= len(OBJECTS) - 1
    assert after == HONEST_ANSWERS


@pytest.mark.threat("T34")
def test_the_object_over_which_a_worker_is_killed_is_a_fault_and_only_that_one() -> None:
    def kill(done: int) -> None:
        if done == 2:
            os.kill(begun()[1], signal.SIGKILL)

    with Broker() as broker:
        answers = broker.evaluate(SLOW, RES, OBJECTS, LIMITS, progress=kill)

    wrong = [told for told, due in zip(answers, HONEST_ANSWERS, strict=True) if told != due]
    assert wrong in ([], [None])


@pytest.mark.threat("T34")
def test_when_the_keeper_is_killed_the_call_fails_and_nothing_stays_behind() -> None:
    family: list[int] = []

    def kill(done: int) -> None:
        if done == 2:
            keeper = keepers()[-1]
            family.extend([keeper, *below(keeper)])
            os.kill(keeper, signal.SIGKILL)

    broker = Broker()
    with broker, pytest.raises(BrokerLostError):
        broker.evaluate(SLOW, RES, OBJECTS, LIMITS, progress=kill)

    assert len(family) >= 2
    assert all_end(family)


@pytest.mark.threat("T32")
def test_each_call_has_a_process_of_its_own_which_ends_with_it() -> None:
    seen: list[int] = []

    def look(done: int) -> None:
        if done == 2:
            seen.extend(below(keepers()[-1]))

    with Broker(places=1) as broker:
        for _ in range(2):
            broker.evaluate(SLOW, RES, OBJECTS[:3], LIMITS, progress=look)

    assert len(set(seen)) == 2
    assert all_end(seen)


@pytest.mark.threat("T31")
def test_a_broker_is_given_no_environment_and_no_descriptor_but_its_socket() -> None:
    found: list[list[str]] = []

    def look(done: int) -> None:
        if done != 2:
            return
        for process in (Path(f"/proc/{each}") for each in begun()):
            open_here = [str(link.readlink()) for link in (process / "fd").iterdir()]
            found.append([what.partition(":[")[0] for what in open_here])
            assert (process / "environ").read_bytes() == b""

    secret = socket.socketpair()
    with secret[0], secret[1], Broker() as broker:
        broker.evaluate(SLOW, RES, OBJECTS[:3], LIMITS, progress=look)

    of_broker, of_worker = found
    assert set(of_worker) == {"pipe", "/dev/null"}
    assert [what for what in of_broker if what.startswith("/") and what != "/dev/null"] == [
        str(installed())
    ]
