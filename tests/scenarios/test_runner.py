"""The runner of both tiers: what it shares, what it refuses, and what a lost part costs."""

import os
import signal
import socket
import threading
from contextlib import suppress
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from sealhold.compute import products
from sealhold.compute.broker import GRACE, Mode
from sealhold.compute.frames import MAX_FRAME, Channel, framed, scalar
from sealhold.compute.lanes import Item
from sealhold.compute.products import Products
from sealhold.compute.runner import Runner, runners
from sealhold.compute.spec import Limits
from sealhold.compute.warden import children
from sealhold.model.encoding import Plain
from sealhold.model.errors import BrokerLostError, ExtraMissingError, InvalidError
from tests.calm import Calm
from tests.conformance.programs import COMPONENT, CORE, PYTHON, core

WASM = Limits(ms_per_partition=1000, memory_mib=16, tier="wasm", fuel=10_000_000)
PY = Limits(ms_per_partition=1000, memory_mib=16)
SHORT = Limits(ms_per_partition=100, memory_mib=16, tier="wasm", fuel=1_000)
THREE = b"def evaluate(obj, res):\n    return 3\n"
FIVE = CORE.answers(5)


@pytest.mark.parametrize("mode", list(Mode))
def test_both_tiers_run_in_each_mode(mode: Mode) -> None:
    with Runner(mode) as runner:
        assert runner.evaluate(FIVE, {}, [{}, {}], WASM) == [5, 5]
        assert runner.evaluate(THREE, {}, [{}], PY) == [3]
        assert runner.aggregate(COMPONENT.answers(1), [1, 2], WASM) == 3
        for counts, limits in ((CORE, WASM), (COMPONENT, WASM), (PYTHON, PY)):
            groups: list[list[dict[str, Plain]]] = [[{}] * 3, [{}] * 2]
            found = runner.evaluate_partitions(counts.counts(), {}, groups, limits)
            assert found == [[1, 2, 3], [1, 2]]
        assert runner.check(THREE) == []
        assert runner.check(FIVE, ["evaluate", "aggregate"], "wasm") == []


def test_a_runner_that_never_meets_the_tier_starts_nothing_for_it() -> None:
    before = set(children(os.getpid()))
    with Runner() as runner:
        runner.evaluate(THREE, {}, [{}], PY)
        assert len(set(children(os.getpid())) - before) == 1
        runner.evaluate(FIVE, {}, [{}], WASM)
        assert len(set(children(os.getpid())) - before) == 2
    assert set(children(os.getpid())) <= before


def test_runners_that_are_opened_together_compile_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = runners()
    with opened() as first:
        first.evaluate(FIVE, {}, [{}], WASM)

    monkeypatch.setattr("sealhold.compute.runner.COMPILING", 0.0)
    with opened() as second:
        assert second.evaluate(FIVE, {}, [{}], WASM) == [5]


def test_an_object_too_large_to_be_sent_is_a_fault_of_its_own() -> None:
    with Runner() as runner:
        answers = runner.evaluate(FIVE, {}, [{}, {"x": "y" * MAX_FRAME}, {}], WASM)

    assert answers == [5, None, 5]


def test_a_partition_too_large_to_be_sent_is_the_fault_of_its_members() -> None:
    with Runner() as runner:
        groups: list[list[dict[str, Plain]]] = [[{}], [{}, {"x": "y" * MAX_FRAME}], [{}]]
        answers = runner.evaluate_partitions(FIVE, {}, groups, WASM)

    assert answers == [[5], [None, None], [5]]


@pytest.mark.threat("T34")
def test_a_process_that_drips_answers_has_one_clock_for_all_of_a_partition() -> None:
    """The place of the process is taken by one that says something each half second."""
    ours, theirs = socket.socketpair()
    over = threading.Event()

    def drip() -> None:
        with theirs, suppress(OSError):
            while not over.wait(0.5):
                theirs.sendall(framed(scalar(1)))

    dripping = threading.Thread(target=drip)
    dripping.start()
    channel, began = Channel(ours), Calm()

    told, is_lost = Runner()._asked(channel, Item(0, b"x", 32), SHORT)

    in_time = began.within(SHORT.ms_per_partition / 1000 + GRACE + 3)
    over.set()
    dripping.join()
    channel.close()
    assert (told, is_lost) == ([None] * 32, True)
    assert in_time


def test_resources_too_large_to_be_sent_are_refused() -> None:
    with Runner() as runner, pytest.raises(InvalidError, match="over"):
        runner.evaluate(FIVE, {"param": "x" * MAX_FRAME}, [{}], WASM)


@pytest.mark.threat("T34")
def test_a_process_that_is_killed_over_an_object_costs_that_object() -> None:
    slow = core("(local i64) (loop (local.set 2 (i64.add (local.get 2) (i64.const 1)))"
                " (br_if 0 (i64.lt_u (local.get 2) (i64.const 1000)))) (local.get 2)")  # fmt: skip
    done = 0

    def kill(answered: int) -> None:
        nonlocal done
        done = answered
        if answered == 100:
            (keeper,) = (each for each in children(os.getpid()) if b"wasmkeeper" in _command(each))
            for child in children(keeper):
                os.kill(child, signal.SIGKILL)

    with Runner() as runner:
        answers = runner.evaluate(slow, {}, [{}] * 2000, WASM, progress=kill)

    assert done == 2000
    assert answers.count(None) <= 1
    assert set(answers) <= {1000, None}


def test_a_keeper_that_is_gone_is_no_answer_of_the_program() -> None:
    with Runner() as runner:
        runner.evaluate(FIVE, {}, [{}], WASM)
        for child in children(os.getpid()):
            if b"wasmkeeper" in _command(child):
                os.kill(child, signal.SIGKILL)
        with pytest.raises(BrokerLostError):
            runner.evaluate(FIVE, {}, [{}], WASM)


def test_a_runner_that_was_left_does_nothing() -> None:
    runner = Runner()

    with pytest.raises(BrokerLostError):
        runner.evaluate(FIVE, {}, [{}], WASM)


def test_without_the_runtime_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(products, "version", absent)

    with Runner() as runner, pytest.raises(ExtraMissingError, match=r"sealhold\[wasm\]"):
        runner.evaluate(FIVE, {}, [{}], WASM)


def test_a_folder_that_cannot_be_written_costs_a_compilation_and_no_answer(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    kept = runners(Products(tmp_path / "file" / "compiled"))

    with kept() as runner:
        assert runner.evaluate(FIVE, {}, [{}], WASM) == [5]


def _command(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()
