"""What an app sees when a program of tier `wasm` fails: the same as if it had said the default.

The vaults, the app and the comparison are those of `test_covert_outcomes`.
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Timer

import pytest

from sealhold.compute.frames import Channel
from sealhold.compute.lanes import Item
from sealhold.compute.runner import Runner
from sealhold.compute.spec import Limits
from sealhold.model.encoding import Plain
from tests.attack.processes import below
from tests.attack.test_covert_outcomes import Seen, Setting, equal, seen_with
from tests.conformance.programs import core
from tests.scenarios.vaults import Asker, Job, new_home, opened

PLACE = len('{"object":{"summary":"')  # where the text of an object begins
WAYS = {  # what the program does if the text begins so; each letter is another way to fail
    "a": "(return (i64.const 2))",  # above the range
    "b": "(return (i64.const -1))",  # below it
    "d": "(return (i64.div_s (i64.const 1) (i64.const 0)))",
    "e": "(return (i64.load (i32.const -8)))",
    "f": "(return (call $down))",
    "h": "(loop (br 0))",
    "i": "(loop (drop (memory.grow (i32.const 1))) (br 0))",
    "j": "unreachable",
    "w": "(loop (br 0))",  # until its process is killed
}
NAMES = {"above the range": "a", "recursion": "f", "loop": "h", "memory": "i", "trap": "j"}
DEATH = "waits to be killed"
PROGRAM = core(
    f"(local $first i32) (local.set $first (i32.load8_u offset={PLACE} (local.get $at)))"
    + "".join(
        f"(if (i32.eq (local.get $first) (i32.const {ord(letter)})) (then {does}))"
        for letter, does in WAYS.items()
    )
    + f"(i64.extend_i32_u (i32.eq (local.get $first) (i32.const {ord('g')})))",
    before="(func $down (result i64) (i64.add (call $down) (i64.const 1)))",
)
JOB = Job(code=PROGRAM, tier="wasm", fuel=2_000_000_000, milliseconds=500)


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    template = new_home(tmp_path_factory.mktemp("covert") / "template")
    with opened(template) as node:
        asker = Asker(node)
    return Setting(template, asker, asker.papers(JOB))


@pytest.fixture(scope="module")
def honest(setting: Setting, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return seen_with(setting, tmp_path_factory.mktemp("honest") / "home", "says the default")


def test_each_way_to_fail_is_one() -> None:
    limits = Limits(ms_per_partition=500, memory_mib=16, tier="wasm", fuel=2_000_000_000)
    objects: list[dict[str, Plain]] = [{"summary": f"{letter} text"} for letter in WAYS]

    with Runner() as runner:
        said = runner.evaluate(PROGRAM, {"param": 0, "resources": {}}, objects, limits)

    assert said == [2, -1, *[None] * (len(WAYS) - 2)]


@pytest.mark.threat("T43")
@pytest.mark.threat("T44")
@pytest.mark.parametrize("letter", NAMES.values(), ids=NAMES)
def test_a_failure_of_webassembly_reads_as_the_default_in_every_byte_and_at_the_same_time(
    setting: Setting, honest: Seen, tmp_path: Path, letter: str
) -> None:
    failed = seen_with(setting, tmp_path / "home", f"{letter} text")

    assert equal(failed, honest)


@pytest.mark.threat("T43")
@pytest.mark.threat("T44")
def test_the_death_of_a_process_of_webassembly_reads_as_the_default(
    setting: Setting, honest: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = killing(monkeypatch)

    failed = seen_with(setting, tmp_path / "home", DEATH)

    assert killed
    assert equal(failed, honest)


def test_a_true_answer_of_webassembly_reads_otherwise(
    setting: Setting, honest: Seen, tmp_path: Path
) -> None:
    other = seen_with(setting, tmp_path / "home", "green")

    assert other.told == honest.told
    assert not equal(other, honest)


def killing(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Kill the process that has the object which waits for it in hand."""
    killed: list[int] = []
    plain: Callable[..., tuple[list[int | None], bool]] = Runner._asked

    def kill() -> None:
        with suppress(OSError, IndexError):
            victim = below(wasm_keepers()[-1])[0]
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

    def asked(
        runner: Runner, channel: Channel, item: Item, limits: Limits
    ) -> tuple[list[int | None], bool]:
        if DEATH.encode() in item.payload:
            Timer(0.05, kill).start()  # by then it was sent, and its limit is far
        return plain(runner, channel, item, limits)

    monkeypatch.setattr(Runner, "_asked", asked)
    return killed


def wasm_keepers() -> list[int]:
    mine = below(os.getpid())
    return [pid for pid in mine if b"wasmkeeper" in Path(f"/proc/{pid}/cmdline").read_bytes()]
