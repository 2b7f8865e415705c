"""A process that was taken over, in each jail: what it tries is refused, what it may do it can."""

import json
import platform
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sealhold.compute import jail
from sealhold.compute.jail import Isolation
from sealhold.compute.seccomp import Verdict

HERE = Path(__file__).parent
REFUSALS = {"EPERM", "EACCES", "ENOSYS"}
CODE = "import ctypes, mmap, sys\nfrom sealhold.compute import jail\n"
TO_JAIL = "jail.confine(jail.Profile.reader())\n"


ROLES = ("reader", "broker", "worker", "paranoid broker", "paranoid worker", "compiler", "program")
# What a native program in the place of a process is to find shut, each with its ways to try it.
SHUT = {
    "open": ("read /etc/passwd", "read /dev/null", "open by handle", "list /tmp", "memory file"),
    "write": ("write a new file", "write shared memory", "mkdir", "unlink", "truncate", "chmod"),
    "connect": (
        *("TCP socket", "UDP socket", "IPv6 socket", "raw socket", "netlink", "unix socket"),
        *("abstract socket", "vsock"),
    ),
    "fork": ("fork", "spawn", "own session"),
    "exec": ("exec", "exec of a descriptor"),
    "signal": (
        *("signal to the parent", "signal to init", "signal to everyone", "signal to the group"),
        *("signal to a sibling", "signals by descriptor"),
    ),
    "mount": ("mount", "unmount", "new mount", "clone a mount", "mount flags", "chroot"),
    "ptrace": ("trace", "trace a sibling", "read another's memory", "a sibling's memory"),
    "read /proc": (
        *("read /proc/self/environ", "read /proc/self/maps", "read /proc/1/status", "list /proc"),
        *("read the parent's memory", "a sibling's files"),
    ),
    "shmget": ("System V memory",),
    "msgget": ("System V queue",),
    "semget": ("System V semaphore",),
    "mq_open": ("POSIX queue",),
    "prlimit64 on a sibling": ("a sibling's limits", "another's limits", "own limits"),
    "sched_* on a sibling": ("a sibling's CPUs", "a sibling's schedule", "another's schedule"),
    "namespaces": ("user namespace", "network namespace", "join a namespace"),
}


def play(script: str, *arguments: str) -> str:
    command = [sys.executable, str(HERE / script), *arguments]
    played = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return played.stdout


@cache
def report(role: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(play("jail_roles.py", role))
    return told


def granted(tried: dict[str, str]) -> dict[str, str]:
    return {what: how for what, how in tried.items() if how not in REFUSALS}


def test_without_a_jail_the_attempts_work() -> None:
    tried = json.loads(play("jail_probe.py", "free"))["tried"]

    assert set(tried.values()) == {"done"}


@pytest.mark.petrus("P1")
@pytest.mark.threat("T31")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("what", SHUT)
def test_a_native_program_in_the_place_of_a_process_finds_shut(role: str, what: str) -> None:
    tried = report(role)["tried"]

    assert granted({way: tried[way] for way in SHUT[what]}) == {}


@pytest.mark.threat("T161")
def test_a_process_that_follows_a_dead_one_finds_nothing_of_it() -> None:
    told = report("follower")

    assert told == {"apart": "ENOENT", "together": "done"}


@pytest.mark.threat("T31")
@pytest.mark.parametrize("role", ROLES)
def test_each_attempt_of_a_process_that_was_taken_over_is_refused(role: str) -> None:
    assert len(report(role)["tried"]) > 70
    assert granted(report(role)["tried"]) == {}


@pytest.mark.threat("T31")
@pytest.mark.parametrize("role", ROLES[1:])
def test_no_process_that_meets_a_program_can_even_look_whether_a_file_is_there(role: str) -> None:
    assert granted(report(role)["looks"]) == {}


@pytest.mark.threat("T31")
@pytest.mark.parametrize("role", ["reader", "worker", "paranoid worker", "compiler", "program"])
def test_only_a_broker_may_make_what_workers_are_started_with(role: str) -> None:
    assert granted(report(role)["brokering"]) == {}


@pytest.mark.parametrize("role", ROLES)
def test_time_memory_and_threads_remain(role: str) -> None:
    assert set(report(role)["kept"].values()) == {"done"}


@pytest.mark.threat("T31")
def test_a_broker_starts_no_other_program_than_its_worker() -> None:
    assert report("broker")["tried"]["spawn"] == "EACCES"


@pytest.mark.threat("T31")
def test_a_broker_whose_keeper_died_may_do_less_not_more() -> None:
    told = report("orphan")

    assert granted(told["tried"]) == {}
    assert granted(told["brokering"]) == {}


@pytest.mark.threat("T30")
def test_a_broker_has_few_workers_at_once() -> None:
    assert 1 <= report("swarm")["started"] <= 4


@pytest.mark.threat("T31")
def test_root_becomes_nobody_in_a_broker() -> None:
    assert report("broker")["uid"] != 0


@pytest.mark.threat("T31")
def test_a_root_without_capabilities_is_confined_like_a_user() -> None:
    told = report("poor root")

    assert granted(told["tried"]) == {}


if platform.machine() == "x86_64":  # elsewhere a 64-bit process has no second way in

    @pytest.mark.threat("T31")
    @pytest.mark.parametrize(
        "machine_code",
        [
            pytest.param("b8 14 00 00 00 cd 80 c3", id="32 bits"),  # mov eax, 20; int 0x80; ret
            pytest.param("b8 27 00 00 40 0f 05 c3", id="x32"),  # mov eax, 0x40000027; syscall; ret
        ],
    )
    def test_a_call_of_another_architecture_kills(machine_code: str) -> None:
        call = (
            "page = mmap.mmap(-1, 4096, prot=7)\n"
            f"page.write(bytes.fromhex('{machine_code}'))\n"
            "at = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
            "ctypes.CFUNCTYPE(ctypes.c_int)(at)()\n"
        )

        jailed = subprocess.run([sys.executable, "-c", CODE + TO_JAIL + call], check=False)

        assert jailed.returncode == -signal.SIGSYS


@pytest.mark.threat("T31")
def test_nothing_of_a_crash_is_written_anywhere() -> None:
    ask = "import resource\nsys.stdout.write(str(resource.getrlimit(resource.RLIMIT_CORE)))\n"

    told = subprocess.run(
        [sys.executable, "-c", CODE + TO_JAIL + ask], check=True, capture_output=True, timeout=60
    )

    assert told.stdout == b"(1, 1)"  # 1, not 0: no core to a file, and none to a collector's pipe


@pytest.mark.threat("T36")
@pytest.mark.parametrize("masked", ["landlock", "seccomp"])
@pytest.mark.parametrize("mode", ["jailed", "paranoid"])
def test_without_landlock_or_seccomp_no_task_is_run(masked: str, mode: str) -> None:
    told = play("jail_masked.py", masked, mode)

    assert told.startswith("refused: the kernel offers no ")
    assert told.endswith("can confine: False\n")


@pytest.mark.threat("T36")
def test_what_a_kernel_offers_is_told_in_words() -> None:
    modern = Isolation(
        machine="x86_64",
        landlock_abi=7,
        has_filters=True,
        has_supervision=True,
        has_namespaces=True,
    )
    ancient = Isolation(
        machine="x86_64",
        landlock_abi=0,
        has_filters=False,
        has_supervision=False,
        has_namespaces=False,
    )

    assert "files: Landlock ABI 7" in modern.in_words()
    assert {"files: no Landlock", "system calls: all", "TCP: free"} < set(ancient.in_words())


@pytest.mark.threat("T36")
@pytest.mark.parametrize(
    ("abi", "offers", "can"),
    [
        (1, {Verdict.REFUSE, Verdict.ASK}, True),
        (0, {Verdict.REFUSE, Verdict.ASK}, False),
        (1, {Verdict.REFUSE}, False),
        (1, {Verdict.ASK}, False),
    ],
)
def test_a_kernel_that_lacks_a_part_of_the_jail_confines_nothing(
    abi: int, offers: set[Verdict], *, can: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealhold.compute.landlock.version", lambda: abi)
    monkeypatch.setattr("sealhold.compute.seccomp.offers", offers.__contains__)

    assert jail.can_confine() is can


@pytest.mark.threat("T36")
def test_without_namespaces_of_its_own_no_process_counts_as_paranoid() -> None:
    assert play("jail_masked.py", "namespaces", "paranoid").startswith("refused: ")
    assert play("jail_masked.py", "namespaces", "jailed").startswith("[7] jailed")


@pytest.mark.threat("T36")
@pytest.mark.parametrize("masked", ["landlock", "seccomp"])
def test_language_only_runs_where_nothing_is_offered_and_says_so(masked: str) -> None:
    told = play("jail_masked.py", masked, "language-only")

    assert told == "[7] language-only; can confine: False\n"


@pytest.mark.threat("T36")
@pytest.mark.parametrize("masked", ["landlock", "seccomp"])
def test_a_reader_is_not_let_go_on_where_it_cannot_be_confined(masked: str) -> None:
    assert play("jail_masked.py", masked, "reader").startswith("refused: ")
