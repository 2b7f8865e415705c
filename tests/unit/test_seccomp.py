"""The filter programs, run by a small interpreter of classic BPF instead of the kernel."""

import errno
import struct

import pytest

from sealhold.compute import calls
from sealhold.compute.seccomp import NUMBERS, Argument, Rule, Verdict, assemble
from sealhold.model.errors import IsolationUnavailableError

MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
REFUSED, ABSENT = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
SIGCHLD, VM, VFORK, THREAD, NEW_USER = 17, 0x100, 0x4000, 0x10000, 0x10000000


def run(program: bytes, arch: int, number: int, *arguments: int) -> int:
    """Return the verdict of `program` on one call."""
    data = struct.pack("<IIQ6Q", number, arch, 0, *(*arguments, *(0,) * (6 - len(arguments))))
    at = accumulator = 0
    while True:
        code, if_true, if_false, value = struct.unpack_from("<HBBI", program, 8 * at)
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, value)
            case 0x54:
                accumulator &= value
            case 0x15:
                at += if_true if accumulator == value else if_false
            case 0x35:
                at += if_true if accumulator >= value else if_false
            case 0x06:
                return int(value)
            case _:
                raise AssertionError(hex(code))


def decide(rules: tuple[Rule, ...], machine: str, call: str, *arguments: int) -> int:
    arch, column = MACHINES[machine]
    number = NUMBERS[call][column]
    assert number is not None
    return run(assemble(rules, machine), arch, number, *arguments)


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    "rules",
    [calls.READER, calls.BROKER, calls.COMPILER, calls.PROGRAM],
    ids=["reader", "broker", "compiler", "program"],
)
def test_another_architecture_kills(machine: str, rules: tuple[Rule, ...]) -> None:
    program = assemble(rules, machine)

    for arch in (0x40000003, 0x40000028, 0, *(a for a, _ in MACHINES.values())):
        if arch != MACHINES[machine][0]:
            assert run(program, arch, 0) == Verdict.KILL


def test_an_x32_number_kills_even_if_its_call_is_allowed() -> None:
    arch, column = MACHINES["x86_64"]
    number = (NUMBERS["read"][column] or 0) | 0x40000000

    assert run(assemble(calls.READER, "x86_64"), arch, number) == Verdict.KILL


@pytest.mark.parametrize("rules", [calls.READER, calls.BROKER], ids=["reader", "broker"])
def test_each_number_that_no_rule_names_is_refused(machine: str, rules: tuple[Rule, ...]) -> None:
    arch, column = MACHINES[machine]
    named = {NUMBERS[rule.call][column] for rule in rules}
    program = assemble(rules, machine)

    for number in range(600):
        if number not in named:
            assert run(program, arch, number) == REFUSED


@pytest.mark.parametrize("rules", [calls.READER, calls.BROKER], ids=["reader", "broker"])
def test_a_thread_may_be_made_and_clone3_does_not_exist(
    machine: str, rules: tuple[Rule, ...]
) -> None:
    assert decide(rules, machine, "clone", VM | THREAD) == Verdict.ALLOW
    assert decide(rules, machine, "clone3") == ABSENT


def test_a_reader_cannot_fork(machine: str) -> None:
    assert decide(calls.READER, machine, "clone", SIGCHLD) == REFUSED
    assert decide(calls.READER, machine, "clone", VM | VFORK | SIGCHLD) == REFUSED


def test_a_broker_asks_for_a_spawn_and_is_refused_a_fork_or_a_namespace(machine: str) -> None:
    assert decide(calls.BROKER, machine, "clone", VM | VFORK | SIGCHLD) == Verdict.ASK
    assert decide(calls.BROKER, machine, "clone", SIGCHLD) == REFUSED
    assert decide(calls.BROKER, machine, "clone", VM | VFORK | NEW_USER | SIGCHLD) == REFUSED
    assert decide(calls.BROKER, machine, "clone", VM | VFORK | SIGCHLD | 1 << 40) == REFUSED


@pytest.mark.parametrize("flags", [0o1, 0o2, 0o101, 0o1000, 0o2000, 0o20200002])
def test_a_reader_opens_nothing_for_writing(machine: str, flags: int) -> None:
    assert decide(calls.READER, machine, "openat", 3, 0, flags) == REFUSED
    assert decide(calls.READER, machine, "openat", 3, 0, 0o2000000) == Verdict.ALLOW


def test_ones_own_limits_can_be_read_and_no_others(machine: str) -> None:
    assert decide(calls.BROKER, machine, "prlimit64", 0, 7, 0, 0x7FFF) == Verdict.ALLOW
    assert decide(calls.BROKER, machine, "prlimit64", 0, 7, 0x7FFF, 0) == REFUSED
    assert decide(calls.BROKER, machine, "prlimit64", 0, 7, 1 << 32, 0) == REFUSED
    assert decide(calls.BROKER, machine, "prlimit64", 99, 7, 0, 0x7FFF) == REFUSED


@pytest.mark.parametrize("command", [8, 10, 15, 6, 1026])  # own, signal, own by thread, lock, lease
def test_a_descriptor_cannot_be_made_to_signal_or_lock(machine: str, command: int) -> None:
    assert decide(calls.READER, machine, "fcntl", 0, command) == REFUSED
    assert decide(calls.READER, machine, "fcntl", 0, 3) == Verdict.ALLOW


@pytest.mark.parametrize("request_number", [0x5412, 0x541D, 0x8904])  # type into, console, owner
def test_a_terminal_cannot_be_typed_into(machine: str, request_number: int) -> None:
    assert decide(calls.READER, machine, "ioctl", 0, request_number) == REFUSED


def test_what_a_worker_needs_to_start_is_asked_and_never_plainly_allowed(machine: str) -> None:
    column = MACHINES[machine][1]

    for call in (calls.STARTING | calls.BROKERING | {"execve"}) - {"clone"}:
        if NUMBERS[call][column] is not None:
            assert decide(calls.BROKER, machine, call) == Verdict.ASK


def test_a_test_of_64_bits_looks_at_both_halves() -> None:
    whole = Argument(0, 0xFFFF_FFFF_FFFF_FFFF, 1 << 40 | 5)
    rules = (Rule("read", tests=(whole,)),)

    assert decide(rules, "x86_64", "read", 1 << 40 | 5) == Verdict.ALLOW
    assert decide(rules, "x86_64", "read", 5) == REFUSED
    assert decide(rules, "x86_64", "read", 1 << 40) == REFUSED


def test_when_one_rule_does_not_hold_the_next_of_the_same_call_is_asked() -> None:
    rules = (
        Rule("read", Verdict.KILL, (Argument(0, 0xFF, 1), Argument(1, 0xFF, 2))),
        Rule("read", Verdict.ASK, (Argument(0, 0xFF, 1),)),
        Rule("read"),
    )

    found = [decide(rules, "x86_64", "read", *given) for given in ((1, 2), (1, 3), (2, 2))]

    assert found == [Verdict.KILL, Verdict.ASK, Verdict.ALLOW]


def test_a_machine_without_a_table_is_refused() -> None:
    with pytest.raises(IsolationUnavailableError, match="riscv64"):
        assemble(calls.READER, "riscv64")


def test_no_two_calls_share_a_number(machine: str) -> None:
    column = MACHINES[machine][1]
    numbers = [pair[column] for pair in NUMBERS.values() if pair[column] is not None]

    assert len(numbers) == len(set(numbers))


@pytest.mark.threat("T148")
@pytest.mark.parametrize(
    "flag", [0o1, 0o2, 0o100, 0o1000, 0o2000, 0o200000, 0o10000000, 0o20000000]
)
def test_a_program_opens_for_reading_and_with_no_other_flag(machine: str, flag: int) -> None:
    reading = 0o2000000

    assert decide(calls.PROGRAM, machine, "openat", 0, 0, reading) == Verdict.ALLOW
    assert decide(calls.PROGRAM, machine, "openat", 0, 0, reading | flag) == REFUSED
    assert decide(calls.COMPILER, machine, "openat", 0, 0, reading) == REFUSED


@pytest.mark.threat("T148")
@pytest.mark.parametrize("call", ["execve", "kill", "wait4", "socketpair", "stat", "statx"])
def test_neither_compiler_nor_program_may_what_a_broker_may(machine: str, call: str) -> None:
    if NUMBERS[call][MACHINES[machine][1]] is not None:
        assert decide(calls.COMPILER, machine, call) == REFUSED
        assert decide(calls.PROGRAM, machine, call) == REFUSED
    assert decide(calls.PROGRAM, machine, "clone", SIGCHLD | VM | VFORK) == REFUSED
