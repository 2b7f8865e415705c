"""A task folder is checked: the examples pass, each planted fault is named with its place."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.taskfolders import EXAMPLES, THREE, Edit, check, copied


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_each_example_passes_its_check(folder: Path) -> None:
    report = check(folder, 40)

    assert [fault for fault in report.faults if fault.refuses] == []
    assert report.exit_code == 0
    assert report.objects > 0


READS_CLOCK = """\
from datetime import datetime


def evaluate(obj, res):
    return 1 if datetime.now().year > 2000 else 0
"""
COUNTS_CALLS = """\
calls = 0


def evaluate(obj, res):
    global calls
    calls += 1
    return calls % 2
"""
KEEPS_A_LIST = """\
seen = []


def evaluate(obj, res):
    seen.append(1)
    return len(seen) % 2
"""
SAYS_TEXT = """\
def evaluate(obj, res):
    return "1" if obj["distance_m"] else "0"
"""
UNLISTED_PARAM = """\
def evaluate(obj, res):
    return 1 if res["param"]["unlisted"] else 0
"""
OUT_OF_RANGE = """\
def evaluate(obj, res):
    return 7
"""
NO_ENTRY = """\
def judge(obj, res):
    return 1
"""
NO_PYTHON = """\
def evaluate(obj, res)
    return 1
"""
LOOPS = """\
def evaluate(obj, res):
    while True:
        pass
"""


@pytest.mark.parametrize(
    ("code", "line", "named"),
    [
        (READS_CLOCK, 5, "clock"),
        (COUNTS_CALLS, 5, "`calls` is not kept"),
        (KEEPS_A_LIST, 5, "`seen` is not kept"),
        (SAYS_TEXT, 1, "str"),
        (UNLISTED_PARAM, 1, "KeyError"),
        (OUT_OF_RANGE, 1, "returned 7"),
        (NO_ENTRY, 3, "evaluate"),
        (NO_PYTHON, 1, ""),
        (LOOPS, 1, "limit"),
    ],
    ids=["clock", "global", "list", "text", "param", "range", "entry", "syntax", "loop"],
)
def test_a_planted_fault_of_the_program_is_named_with_its_line(
    tmp_path: Path, code: str, line: int, named: str
) -> None:
    report = check(copied(tmp_path, code), 2)

    refused = [fault for fault in report.faults if fault.refuses]
    assert report.exit_code == 5
    assert any(
        fault.file == "code.py" and fault.line == line and named in fault.message
        for fault in refused
    ), refused


PLANTED = {  # what is put into a program: at its top, in `evaluate`; what is told, and its column
    "clock": ("from datetime import datetime", "datetime.now()", "a cell has no clock", 5),
    "global counter": ("calls = 0", "global calls; calls += 1", "`calls` is not kept", 5),
    "text": ("", 'return "1"', 'expected `int`, found `Literal["1"]`', 12),
    "unlisted parameter": ("", 'res["unlisted"]', "unlisted", 9),
}


@pytest.mark.parametrize("fault", PLANTED)
@pytest.mark.parametrize("folder", THREE, ids=lambda path: path.name)
def test_a_fault_planted_in_a_scenario_is_named_with_line_and_column(
    tmp_path: Path, folder: Path, fault: str
) -> None:
    top, inside, named, column = PLANTED[fault]
    target = Path(shutil.copytree(folder, tmp_path / "task"))
    lines = (target / "code.py").read_text().split("\n")
    evaluate = next(at for at, line in enumerate(lines) if line.startswith("def evaluate"))
    lines[evaluate + 2 : evaluate + 2] = [f"    {inside}"]  # after its docstring
    lines[2:2] = [top]
    (target / "code.py").write_text("\n".join(lines))
    line = evaluate + 4  # one was put before it, and the docstring stands between

    report = check(target, 2)

    told = [each for each in report.faults if each.refuses and named in each.message]
    assert report.exit_code == 5
    assert [(each.file, each.line, each.column) for each in told] == [("code.py", line, column)]


def wasm(document: dict[str, Any]) -> None:
    document["code"]["tier"] = "wasm"


def float_param(document: dict[str, Any]) -> None:
    document["params"][0]["value"]["below_ms"] = 9.5


def unknown_field(document: dict[str, Any]) -> None:
    document["input"]["fields"].append("heartbeat")


def no_limit(document: dict[str, Any]) -> None:
    document["limits"]["queries"] = "many"


def foreign_file(document: dict[str, Any]) -> None:
    document["code"]["file"] = "../../secret.py"


def other_collection(document: dict[str, Any]) -> None:
    document["input"]["collection"] = "thoughts"


def sliding(document: dict[str, Any]) -> None:
    document["selections"][1]["predicate"] = "age(start) < 7d"


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (wasm, "fuel"),
        (float_param, "9.5"),
        (unknown_field, "heartbeat"),
        (no_limit, "limits.queries"),
        (foreign_file, "plain name"),
        (other_collection, "thoughts"),
        (sliding, "clock"),
    ],
)
def test_a_planted_fault_of_the_manifest_is_named(tmp_path: Path, edit: Edit, named: str) -> None:
    report = check(copied(tmp_path, edit=edit), 2)

    assert report.exit_code == 5
    assert any(named in fault.message and fault.file == "task.json" for fault in report.faults)


def test_values_that_differ_are_told_as_one_fault(tmp_path: Path) -> None:
    code = "def evaluate(obj, res):\n    return int(obj['distance_m'] or 0) + 2\n"

    report = check(copied(tmp_path, code), 12)

    (fault,) = report.faults
    assert re.fullmatch(
        r"12 of 12 made-up objects \(first: 0\) returned \d+ and other values,"
        r" which are not in `evaluate.range`",
        fault.message,
    )


def test_a_fault_of_the_manifest_has_the_line_of_its_part(tmp_path: Path) -> None:
    folder = copied(tmp_path, edit=no_limit)
    lines = (folder / "task.json").read_text().split("\n")

    (fault,) = check(folder, 2).faults

    assert '"queries"' in lines[fault.line - 1]
    assert lines[fault.line - 1][fault.column - 1 :].startswith('"queries"')


def test_a_run_near_its_limit_is_told_but_not_refused(tmp_path: Path) -> None:
    def small(document: dict[str, Any]) -> None:
        document["limits"] |= {"memory_mib": 20, "ms_per_partition": 2000}

    code = "def evaluate(obj, res):\n    return len([0] * 1_000_000) % 2\n"

    report = check(copied(tmp_path, code, small), 2)

    assert report.exit_code == 0
    assert [fault.message for fault in report.faults] == [
        "2 of 2 made-up objects (first: 0) needed over 70 % of a limit"
    ]
