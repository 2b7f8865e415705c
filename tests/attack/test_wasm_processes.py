"""The processes of tier `wasm`: one for each program, and a broken one is not believed."""

import os
import socket
from pathlib import Path
from time import monotonic, sleep

import pytest

from sealhold.compute.frames import Channel, framed
from sealhold.compute.runner import Runner
from sealhold.compute.spec import Limits
from tests.attack.processes import below
from tests.attack.test_broken_broker import BAD_ANSWERS
from tests.conformance.programs import core

LIMITS = Limits(ms_per_partition=200, memory_mib=16, tier="wasm", fuel=1_000_000)
FIVE, SIX = core("(i64.const 5)"), core("(i64.const 6)")


@pytest.mark.threat("T34")
@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_an_answer_of_no_known_form_is_a_fault_in_tier_wasm_too(
    monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    ends: list[socket.socket] = []

    def broken(_runner: Runner, *_given: object) -> Channel:
        ours, theirs = socket.socketpair()
        ends.append(theirs)
        theirs.sendall(framed(answer) + framed(b"\x05") * 9)
        return Channel(ours)

    monkeypatch.setattr(Runner, "_loaded", broken)
    with Runner() as runner:
        answers = runner.evaluate(FIVE, {}, [{}, {}], LIMITS)
    for end in ends:
        end.close()

    assert answers[0] is None
    assert answers[1] in {None, 5}  # one that said nothing is asked on; any other is left


@pytest.mark.threat("T32")
def test_each_program_of_webassembly_has_a_process_of_its_own_which_ends_with_its_call() -> None:
    met: list[set[int]] = []
    with Runner() as runner:
        for code in (FIVE, SIX, FIVE):
            seen = set[int]()
            runner.evaluate(code, {}, [{}] * 50, LIMITS, progress=lambda _: seen.update(at_work()))  # noqa: B023
            met.append(seen)

        assert all(met)
        assert not met[0] & met[1]
        assert not met[1] & met[2]
        until = monotonic() + 5
        while at_work() and monotonic() < until:
            sleep(0.01)
        assert at_work() == []


def at_work() -> list[int]:
    """Return the processes that run a program of the tier now."""
    mine = below(os.getpid())
    keepers = [pid for pid in mine if b"wasmkeeper" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return [each for keeper in keepers for each in below(keeper) if runs(each)]


def runs(process: int) -> bool:
    """Return whether it has not ended; one that is only not buried yet has."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
