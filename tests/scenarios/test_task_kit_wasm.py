"""A task folder of tier `wasm` is checked, tried and built like one of tier `py`."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from sealhold.compute import componentize, taskfolder
from sealhold.compute.runner import runners
from sealhold.compute.task import open_task
from sealhold.compute.taskkit import Report, check_folder, run_synthetic
from sealhold.connectors.places import TRIPS
from sealhold.connectors.rows import ROWS
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import InvalidManifestError, NotFoundError
from sealhold.model.quantities import Instant
from tests.conformance.programs import ALLOC, CORE, MEMORY, core, wat

EXAMPLES = Path(__file__).parents[2] / "examples"
GREEN = EXAMPLES / "green-bonus"
THREE = [EXAMPLES / name for name in ("signed-bonus", "hospital-median", "power-meter")]
DATASETS = {dataset.name: dataset for dataset in (TRIPS, ROWS)}
NOW = Instant(1_790_000_000_000)
BROKERS = runners()
LONG = CORE.reads('"max_speed_ms":null')  # it looks through the whole object; none says so
COUNT = core(
    "(local i64) (loop (local.set 2 (i64.add (local.get 2) (i64.const 1)))"
    " (br_if 0 (i64.lt_u (local.get 2) (i64.const 10000)))) (i64.const 1)"
)


def folder_of(
    tmp_path: Path,
    code: bytes,
    example: Path = GREEN,
    **parts: Any,  # noqa: ANN401
) -> Path:
    """Return a copy of an example with `code` in tier `wasm`; `parts` change its limits."""
    target = tmp_path / "task"
    shutil.copytree(example, target)
    document = json.loads((target / "task.json").read_text())
    document["code"] = {"tier": "wasm", "file": "task.wasm"}
    document["limits"] |= {"fuel": 1_000_000, "ms_per_partition": 1000, **parts}
    (target / "task.json").write_text(json.dumps(document, indent=2))
    (target / "task.wasm").write_bytes(code)
    return target


def check(folder: Path) -> Report:
    return check_folder(folder, DATASETS, BROKERS, NOW, 12)


def test_a_sound_program_passes_its_check_and_answers(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, LONG)

    report = check(folder)
    tried = run_synthetic(folder, DATASETS, BROKERS, count=9)

    assert (report.exit_code, report.faults) == (0, ())
    assert (tried.answer, tried.selected, tried.defaults) == (0, 9, ())


@pytest.mark.threat("T141")
@pytest.mark.parametrize(
    ("code", "named"),
    [
        (wat('(module (import "env" "now" (func (result i64))))'), "imports `env now`"),
        (b"def evaluate(obj, res):\n    return 1\n", "not a WebAssembly module"),
        (b"\x7fELF", "compiled code is not taken"),
        (core("(i64.const 1)", alloc=""), "alloc"),
        (core("(i64.const 7)"), "returned 7"),
        (core("unreachable"), "trapped"),
    ],
    ids=["import", "Python", "compiled", "export", "range", "trap"],
)
def test_a_planted_fault_of_the_program_is_named(tmp_path: Path, code: bytes, named: str) -> None:
    report = check(folder_of(tmp_path, code))

    assert report.exit_code == 5
    assert any(fault.file == "task.wasm" and named in fault.message for fault in report.faults)


@pytest.mark.threat("T141")
@pytest.mark.parametrize("example", THREE, ids=lambda path: path.name)
def test_an_import_planted_in_a_scenario_is_named_and_without_it_the_scenario_passes(
    tmp_path: Path, example: Path
) -> None:
    sound = core("(i64.const 0)")
    planted = wat(f"""(module
      (import "wasi:clocks/wall-clock" "now" (func $now (result i64)))
      {MEMORY} {ALLOC}
      (func (export "evaluate") (param i32 i32) (result i64)
        (i64.and (call $now) (i64.const 1))))""")

    passed = check(folder_of(tmp_path / "sound", sound, example))
    refused = check(folder_of(tmp_path / "planted", planted, example))

    assert passed.exit_code == 0
    assert refused.exit_code == 5
    (fault,) = (each for each in refused.faults if each.refuses)
    assert fault.file == "task.wasm"
    assert "imports `wasi:clocks/wall-clock now`" in fault.message


def test_a_manifest_without_fuel_is_refused(tmp_path: Path) -> None:
    report = check(folder_of(tmp_path, LONG, fuel=None))

    assert report.exit_code == 5


def test_a_run_near_its_fuel_is_told_but_not_refused(tmp_path: Path) -> None:
    ample, near = check(folder_of(tmp_path / "a", COUNT)), None
    for fuel in range(70_000, 120_000, 10_000):  # it takes between 80,000 and 90,000
        near = check(folder_of(tmp_path / str(fuel), COUNT, fuel=fuel))
        if near.exit_code == 0:
            break

    assert ample.faults == ()
    assert near is not None
    assert any("70 % of a limit" in fault.message for fault in near.faults)


def test_a_task_is_built_with_the_digest_of_its_program(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, LONG)

    task = open_task(taskfolder.build(folder, SigningKey(Secret(bytes(32), "author")))).task

    assert (task.code.tier, task.code.bytes, task.limits.fuel) == ("wasm", len(LONG), 1_000_000)
    assert taskfolder.compile_source(folder) is None


def with_source(folder: Path, name: str = "code.py") -> Path:
    document = json.loads((folder / "task.json").read_text())
    document["code"]["source"] = name
    (folder / "task.json").write_text(json.dumps(document))
    return folder


def test_a_source_is_compiled_when_its_program_is_missing_or_older(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taskfolder, "component_of", lambda source: b"made of " + source[:4])
    folder = with_source(folder_of(tmp_path, LONG))
    program, source = folder / "task.wasm", folder / "code.py"
    os.utime(source, (1, 1))

    assert taskfolder.compile_source(folder) is None
    os.utime(program, (0, 0))
    assert taskfolder.compile_source(folder) == program
    assert program.read_bytes() == b"made of " + source.read_bytes()[:4]
    program.unlink()
    assert taskfolder.compile_source(folder) == program


@pytest.mark.parametrize("name", ["../code.py", "/etc/passwd", "a/b.py", ""])
def test_a_source_is_a_plain_name_in_the_folder(tmp_path: Path, name: str) -> None:
    folder = with_source(folder_of(tmp_path, LONG), name)

    with pytest.raises(InvalidManifestError, match="plain name"):
        taskfolder.compile_source(folder)
    with pytest.raises(InvalidManifestError, match="plain name"):
        taskfolder.read_folder(folder)


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"gone\.py"):
        taskfolder.compile_source(with_source(folder_of(tmp_path, LONG), "gone.py"))


def test_the_world_of_the_page_is_the_one_that_is_built() -> None:
    page = (Path(__file__).parents[2] / "docs" / "spec" / "19-confinement.md").read_text()

    assert all(line.strip() in page for line in componentize.WORLD.splitlines())
