"""T210: the root value is known to everybody, or read off the process that was given it."""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.roots import env
from sealhold.frontends.cli import withdrawing
from sealhold.model.errors import UnavailableError, WeakRootError

ROOT = Path(__file__).parents[2]
VALUE = base64.b64encode(seeded(b"a root value")(32)).decode()
PAGES = [  # and the vectors, which hold the value that the pages name
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "tests" / "vectors" / "03-keys").glob("*.json")),
    ROOT / "README.md",
]
IN_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=(?!=)")
# Whoever runs the tests as root would read everything; so both sides are without capabilities.
ORDINARY = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
CHILD = """
import ctypes, json, os, subprocess, sys
from sealhold.frontends.cli.withdrawing import withdraw
value = withdraw(os.environ)
look = "import os, json; print(json.dumps(dict(os.environ)))"
child = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
print(json.dumps({"value": value, "own": dict(os.environ), "child": json.loads(child.stdout),
                  "dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), "argv": sys.argv,
                  "open": sorted(os.listdir("/proc/self/fd"))}), flush=True)
sys.stdin.read()
"""


def text(value: bytes) -> str:
    return base64.b64encode(value).decode()


@contextmanager
def running(**environment: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Start a process with a root value, give what it says of itself, and end it."""
    with subprocess.Popen(
        [*ORDINARY, sys.executable, "-c", CHILD, "one", "two words"],
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline()), process.pid
        process.communicate()


def looked_at(pid: int, name: str) -> bytes | None:
    """Return what an ordinary process of the same user reads there; None if it is refused."""
    looking = subprocess.run(
        [*ORDINARY, "cat", f"/proc/{pid}/{name}"], capture_output=True, check=False
    )
    return looking.stdout if looking.returncode == 0 else None


@pytest.mark.threat("T210")
def test_a_running_process_shows_no_root_value_to_others_of_its_user() -> None:
    with running() as (_, without), running(SEALHOLD_ROOT=VALUE) as (said, pid):
        found = looked_at(pid, "environ"), looked_at(pid, "maps"), looked_at(without, "environ")
        words = looked_at(pid, "cmdline")
        by_root = Path(f"/proc/{pid}/environ").read_bytes() if os.geteuid() == 0 else b""

    assert said["value"] == VALUE
    assert found[:2] == (None, None)
    assert found[2] is not None  # so it is not for another reason that it was refused
    assert VALUE.encode() not in by_root
    assert words is not None
    assert VALUE.encode() not in words


@pytest.mark.threat("T210")
def test_neither_the_process_nor_a_child_has_the_value_in_its_environment() -> None:
    with running(SEALHOLD_ROOT=VALUE, KEPT="as it was") as (said, _):
        pass

    for environment in (said["own"], said["child"]):
        assert VALUE not in json.dumps(environment)
        assert not [name for name in environment if name.startswith("SEALHOLD_ROOT")]
        assert environment["KEPT"] == "as it was"


@pytest.mark.threat("T210")
def test_the_process_leaves_no_core_and_the_pipe_is_closed() -> None:
    with running() as (without, _), running(SEALHOLD_ROOT=VALUE) as (said, _):
        pass

    assert (without["value"], without["dumpable"]) == (None, 1)
    assert said["dumpable"] == 0
    assert said["open"] == without["open"]
    assert said["argv"] == without["argv"]


def test_whatever_was_in_the_variable_is_withdrawn() -> None:
    for value in ("not base64", "x" * 100_000, ""):
        with running(SEALHOLD_ROOT=value) as (said, _):
            assert said["value"] == value[: withdrawing.LONGEST]
            assert "SEALHOLD_ROOT" not in said["own"]


@pytest.mark.parametrize("number", ["none", "-1", "4711", ""])
def test_a_pipe_that_is_none_is_told(number: str) -> None:
    with pytest.raises(UnavailableError):
        withdrawing.withdraw({withdrawing.PIPE: number})


@pytest.mark.threat("T210")
@pytest.mark.parametrize(
    "weak",
    [
        pytest.param(text(bytes(32)), id="zeros"),
        pytest.param(text(bytes(range(32))), id="counted up"),
        pytest.param(text(bytes(range(0, 224, 7))), id="counted in sevens"),
        pytest.param(text(b"\x13\x9b\xf0\x55\x87\x21\xee\x0c" * 4), id="one piece four times"),
        pytest.param(text(b"correct horse battery staple 123"), id="words"),
        pytest.param(text(b"0123456789abcdef0123456789abcdef"), id="hex as text"),
        pytest.param(text(seeded(b"x")(31)), id="too short"),
        pytest.param(text(seeded(b"x")(33)), id="too long"),
        pytest.param("", id="empty"),
        pytest.param("not base64 at all", id="no base64"),
        pytest.param(VALUE + "\n", id="with a line break"),
        pytest.param(VALUE[:-1], id="without padding"),
        pytest.param(VALUE[:-2] + chr(ord(VALUE[-2]) + 1) + "=", id="spare bits set"),
        pytest.param(VALUE.replace(VALUE[0], "\u00e9", 1), id="not ASCII"),
        pytest.param(seeded(b"x")(32).hex(), id="hex"),
    ],
)
def test_a_value_that_is_not_32_random_bytes_is_refused(weak: str) -> None:
    with pytest.raises(WeakRootError) as caught:
        env.parse(weak)

    assert not weak or weak not in str(caught.value)
    assert "/dev/urandom" in caught.value.remedy()


@pytest.mark.threat("T210")
def test_each_value_that_stands_on_a_page_of_ours_is_refused() -> None:
    found = {each for path in PAGES for each in IN_BASE64.findall(path.read_text())}

    assert found >= env.PUBLISHED
    for each in found:
        with pytest.raises(WeakRootError):
            env.parse(each)


def test_random_values_are_taken() -> None:
    draw = seeded(b"many root values")

    for _ in range(2_000):
        value = draw(32)
        assert env.parse(text(value)).reveal() == value


def test_a_value_and_its_text_are_one() -> None:
    assert env.text_of(env.parse(VALUE)) == VALUE
