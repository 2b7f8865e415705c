"""A task folder is checked, tried and priced: the examples pass, each planted fault is named."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sealhold.compute.broker import Broker
from sealhold.compute.runner import Runner
from sealhold.compute.task import open_task
from sealhold.compute.taskfolder import build, read_folder
from sealhold.compute.taskkit import Report, check_folder, leakage_of, run_synthetic
from sealhold.connectors.places import TRIPS
from sealhold.connectors.rows import ROWS
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import InvalidManifestError, NotFoundError
from sealhold.model.quantities import MICRO, Instant

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/task.json"))
THREE = [ROOT / "examples" / name for name in ("signed-bonus", "hospital-median", "power-meter")]
GREEN = ROOT / "examples" / "green-bonus"
DATASETS = {dataset.name: dataset for dataset in (TRIPS, ROWS)}
NOW = Instant(1_790_000_000_000)

Edit = Callable[[dict[str, Any]], None]


def check(folder: Path, count: int = 12) -> Report:
    return check_folder(folder, DATASETS, Runner, NOW, count)


def copied(folder: Path, code: str | None = None, edit: Edit | None = None) -> Path:
    """Copy the green bonus to `folder`, with other code or an edited manifest."""
    target = folder / "task"
    shutil.copytree(GREEN, target)
    if code is not None:
        (target / "code.py").write_text(code)
    if edit is not None:
        document = json.loads((target / "task.json").read_text())
        edit(document)
        (target / "task.json").write_text(json.dumps(document, indent=2))
    return target


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


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("None", "returned a value of type None or another, not int"),
        ("2**64", "returned a whole number beyond 64 bits"),
        ("{1: 2}", "returned a value of type dict, not int"),
        ("True", "returned a value of type bool, not int"),
    ],
)
def test_a_value_that_is_no_small_whole_number_is_told_by_its_type(
    tmp_path: Path, value: str, why: str
) -> None:
    code = f"def evaluate(obj, res):\n    return {value}\n"

    run = run_synthetic(copied(tmp_path, code), DATASETS, Broker, count=2)

    assert {default.reason for default in run.defaults} == {why}


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


def test_a_synthetic_run_gives_the_answer_for_one_month() -> None:
    one = run_synthetic(GREEN, DATASETS, Broker, count=80, selection="2026-10")
    again = run_synthetic(GREEN, DATASETS, Broker, count=80, selection="2026-10")

    assert one == again
    assert 0 < one.selected < one.objects == 80
    assert one.answer <= min(31, one.selected)
    assert one.defaults == ()


def test_a_synthetic_run_says_why_an_object_got_the_default(tmp_path: Path) -> None:
    code = "def evaluate(obj, res):\n    return 1 if obj['distance_m'] > 500 else 0\n"

    run = run_synthetic(copied(tmp_path, code), DATASETS, Broker, count=60)

    assert {default.reason for default in run.defaults} == {"raised TypeError"}


def test_an_object_that_is_too_large_is_not_run(tmp_path: Path) -> None:
    def tiny(document: dict[str, Any]) -> None:
        document["input"]["max_object_bytes"] = 10

    run = run_synthetic(copied(tmp_path, edit=tiny), DATASETS, Broker, count=3)

    assert [default.reason for default in run.defaults] == [
        "is larger than `input.max_object_bytes`"
    ] * 3


def test_a_custom_aggregate_runs_in_a_cell_of_its_own(tmp_path: Path) -> None:
    def custom(document: dict[str, Any]) -> None:
        document["aggregate"] |= {"kind": "custom", "args": {}}

    code = (GREEN / "code.py").read_text()
    code += "\n\ndef aggregate(parts):\n    return min(31, 2 * sum(parts))\n"
    count = run_synthetic(GREEN, DATASETS, Broker, count=20).answer

    run = run_synthetic(copied(tmp_path, code, custom), DATASETS, Broker, count=20)

    assert run.answer == min(31, 2 * count)


def test_the_leakage_of_the_green_bonus_is_one_bit_of_a_trip_and_five_per_answer() -> None:
    leak = leakage_of(GREEN, DATASETS, 100, NOW, selection="all")

    assert leak.per_object == leak.object.total == 1 * MICRO
    assert leak.query.total == 5 * MICRO
    assert leak.unprotected == 500 * MICRO


def test_a_hundred_answers_of_six_bits_would_give_an_object_of_600_bits(tmp_path: Path) -> None:
    def authors_figures(document: dict[str, Any]) -> None:
        document["aggregate"]["range"]["max"] = 63
        document["input"]["max_object_bytes"] = 75

    folder = copied(tmp_path, edit=authors_figures)

    leak = leakage_of(folder, DATASETS, 100, NOW, selection="all")

    assert leak.query.total == 6 * MICRO
    assert leak.object_size == leak.unprotected == 600 * MICRO
    assert (leak.per_object, leak.percent) == (1 * MICRO, 1)


def test_all_months_of_the_green_bonus_are_thirteen_cells() -> None:
    leak = leakage_of(GREEN, DATASETS, 100, NOW)

    assert leak.cells == 13
    assert leak.object.total == 1 * MICRO + 3_700_440


def test_a_built_task_opens_under_its_authors_key() -> None:
    key = SigningKey(Secret(b"k" * 32, "author"))

    task = open_task(build(GREEN, key)).task

    assert task.author.key == key.public.hex()
    assert task.code.bytes == len(read_folder(GREEN).code)


def with_file(document: dict[str, Any]) -> None:
    document["resources"] = [
        {
            "id": "table",
            "url": "https://data.example.org/table",
            "file": "table.txt",
            "max_bytes": 20,
            "refresh_s": 0,
            "max_versions": 1,
        }
    ]


READS_FILE = """\
def evaluate(obj, res):
    return 1 if res['resources']['table'].decode().strip() == 'yes' else 0
"""


def test_a_task_is_tried_on_local_files_and_built_with_their_digests(tmp_path: Path) -> None:
    folder = copied(tmp_path, READS_FILE, with_file)
    (folder / "table.txt").write_text("yes\n")

    (told,) = check(folder).faults  # that the owner will be asked
    assert not told.refuses
    assert "what others gave to the program can be seen" in told.message
    assert run_synthetic(folder, DATASETS, Broker, count=12, selection="all").answer == 12
    task = open_task(build(folder, SigningKey(Secret(b"k" * 32, "author")))).task
    assert [each.sha256 for each in task.resources] == [sha256(b"yes\n").hex()]


def test_a_signed_file_is_tried_with_what_lies_in_the_folder(tmp_path: Path) -> None:
    def edit(document: dict[str, Any]) -> None:
        with_file(document)
        document["resources"][0] |= {"signer": "ab" * 32, "refresh_s": 3_600, "max_versions": 2}

    folder = copied(tmp_path, READS_FILE, edit)
    (folder / "table.txt").write_text("no\n")

    assert run_synthetic(folder, DATASETS, Broker, count=12, selection="all").answer == 0
    priced = leakage_of(folder, DATASETS, 1, NOW, "all")
    assert priced.object.function == 2 * MICRO


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"sha256": "ab" * 32}, "another digest"),
        ({"max_bytes": 2}, "over `max_bytes`"),
        ({"file": "../table.txt"}, "plain name"),
        ({"file": "none.txt"}, "no file `none.txt`"),
        ({"file": ...}, "plain name"),
        ({"url": "https://data.example.org/{day}"}, "depends on data"),
    ],
    ids=str,
)
def test_a_file_that_is_not_as_its_task_says_is_told(
    tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    def edit(document: dict[str, Any]) -> None:
        with_file(document)
        document["resources"][0] |= change
        if change.get("file") is ...:
            del document["resources"][0]["file"]

    folder = copied(tmp_path, READS_FILE, edit)
    (folder / "table.txt").write_text("yes\n")

    with pytest.raises((InvalidManifestError, NotFoundError), match=why):
        build(folder, SigningKey(Secret(b"k" * 32, "author")))


def test_resources_that_are_no_list_are_told(tmp_path: Path) -> None:
    def edit(document: dict[str, Any]) -> None:
        with_file(document)
        (document["resources"],) = document["resources"]

    folder = copied(tmp_path, READS_FILE, edit)
    (folder / "table.txt").write_text("yes\n")

    with pytest.raises(InvalidManifestError, match="each of `resources`"):
        read_folder(folder)


def test_a_folder_without_its_files_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"task\.json"):
        read_folder(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"code": {"tier": "py"}}', "[" * 90_000])
def test_a_document_that_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "task.json").write_text(text)

    with pytest.raises(InvalidManifestError):
        read_folder(tmp_path)
