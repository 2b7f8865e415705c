"""Around the tool that makes components of Python: what it is given, and what it says."""

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sealhold.compute import componentize, taskfolder
from sealhold.model.errors import ExtraMissingError, InvalidManifestError, NoFileError

SOURCE = b"""\
from sealhold.compute.guest import Object, Resources

def evaluate(obj: Object, res: Resources) -> int:
    return obj["answer"] if "answer" in obj else obj["n"] + len(res["resources"].get("table", b""))

def aggregate(parts: list[int]) -> int:
    return sum(parts)
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    """The class that the tool would find, in this Python in place of the one in a component."""
    componentize.lay_out(tmp_path, SOURCE)
    generated = ModuleType("wit_world")
    generated.WitWorld = type("WitWorld", (), {})  # type: ignore[attr-defined]  # what the tool makes
    monkeypatch.setitem(sys.modules, "wit_world", generated)
    monkeypatch.syspath_prepend(str(tmp_path))
    spec = importlib.util.spec_from_file_location("glue", tmp_path / "glue.py")
    assert spec is not None
    assert spec.loader is not None
    glue = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(glue)
    monkeypatch.delitem(sys.modules, "authors_task")
    return glue.WitWorld()


def test_texts_go_in_and_a_whole_number_comes_out(world: Any) -> None:  # noqa: ANN401
    res = json.dumps({"param": 1, "resources": {"table": "AAEC"}})

    assert world.evaluate('{"n":4}', res) == 7
    assert world.evaluate('{"n":4}', '{"param":1,"resources":{}}') == 4
    assert world.aggregate([1, 2, 3]) == 6


@pytest.mark.parametrize("answer", ["true", "null", '"1"', "1.0", "[1]"])
def test_any_other_answer_raises_so_that_it_is_a_fault(world: Any, answer: str) -> None:  # noqa: ANN401
    with pytest.raises(TypeError):
        world.evaluate(f'{{"answer":{answer}}}', '{"param":1,"resources":{}}')


def test_without_the_tool_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    with pytest.raises(ExtraMissingError, match=r"componentize-py==0\.25\.1"):
        componentize.component_of(SOURCE)


def tool(folder: Path, script: str) -> None:
    """Put a program by the tool's name into `folder`."""
    path = folder / componentize.TOOL
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)


def test_what_the_tool_makes_is_returned_and_its_folder_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(tmp_path, f'echo "$PWD $@" > {tmp_path}/told; cat task.wit authors_task.py > task.wasm')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    made = componentize.component_of(SOURCE)

    folder, *arguments = (tmp_path / "told").read_text().split()
    assert made == componentize.WORLD.encode() + SOURCE
    assert "--stub-wasi" in arguments
    assert not Path(folder).exists()


def test_what_the_tool_says_against_a_source_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(tmp_path, "echo 'SyntaxError: line 3'; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with pytest.raises(InvalidManifestError, match="SyntaxError: line 3"):
        componentize.component_of(SOURCE)


def test_a_program_that_cannot_be_written_is_told_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = {"code": {"tier": "wasm", "file": "task.wasm", "source": "task.py"}}
    (tmp_path / "task.json").write_text(json.dumps(manifest))
    (tmp_path / "task.wasm").mkdir()
    os.utime(tmp_path / "task.wasm", (0, 0))  # older than its source
    (tmp_path / "task.py").write_bytes(SOURCE)
    monkeypatch.setattr(taskfolder, "component_of", lambda _source: b"a component")

    with pytest.raises(NoFileError, match=r"`task\.wasm` cannot be written: Is a directory"):
        taskfolder.compile_source(tmp_path)
