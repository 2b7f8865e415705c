"""The house keeps its own rules: targets, pins, terms, sizes, plug-ins, what stands in no file."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import sealhold
from tools import check_licences, check_sizes, system_packages

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "sealhold"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINNED = sorted((ROOT / "requirements").glob("*.txt"))
GROUPS = {
    "sealhold.sources": "connectors/sources",
    "sealhold.record_stores": "stores/backends",
    "sealhold.object_stores": "stores/backends",
    "sealhold.sandboxes": "compute/sandboxes",
}
TARGETS = (
    "setup", "demo", "test", "check", "bench", "attack", "docs", "soak", "screenshots", "fix",
    "lock",
)  # fmt: skip
OURS = ("src", "tests", "tools", "docs", "examples", "typings", ".ci", "requirements")
TEXTS = (".py", ".md", ".toml", ".txt", ".json", ".svg", ".html", ".css", ".js", ".pyi", ".yml")
NOWHERE = (  # in pieces, so that this file does not hold them
    "/" + "work/", "/" + "root/", "pypi" + ".org", "python" + "hosted", "shared/" + "design",
)  # fmt: skip


# --- what is run ---


@pytest.mark.parametrize("target", TARGETS)
def test_the_makefile_has_the_target(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text()

    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert re.search(rf"^\.PHONY:.* {target}\b", makefile, re.MULTILINE)


def test_continuous_integration_runs_make_test_and_nothing_else() -> None:
    script = ROOT / ".ci" / "run"
    commands = [
        line
        for line in script.read_text().splitlines()
        if line and not line.startswith(("#", "set ", "cd "))
    ]

    assert commands == ["CI=true make test"]
    assert os.access(script, os.X_OK)


def test_the_version_is_said_once_more_in_the_package() -> None:
    assert PROJECT["version"] == sealhold.__version__


def test_the_package_says_that_it_is_typed() -> None:
    assert (SOURCE / "py.typed").exists()


def test_no_two_test_files_have_one_name() -> None:
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))

    assert not [name for name, count in names.items() if count > 1]


def test_no_test_file_lies_where_it_is_not_collected() -> None:
    inside = {
        path
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"^def test_", path.read_text(), re.MULTILINE)
    }

    assert not [path for path in inside if not path.name.startswith("test_")]


# --- what is needed ---


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
def test_requirements_hold_hashes_and_no_address(path: Path) -> None:
    text = path.read_text()
    pins = re.findall(r"^([a-z0-9][\w.-]*)==\S+( ;.*)? \\$", text, re.MULTILINE)
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]

    assert len(pins) == len(lines)
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=sha256:)", text, re.MULTILINE)


def test_what_the_project_asks_for_is_what_is_pinned() -> None:
    pinned = set(re.findall(r"^([\w.-]+==[\w.]+)", PINNED[0].read_text(), re.MULTILINE))
    asked = {*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]}

    assert PINNED[0].name == "dev.txt"
    assert asked <= pinned


def test_each_package_that_is_needed_at_run_time_is_under_terms_that_let_it_be_passed_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check_licences.main() == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND PSF-2.0", True),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("", False),
    ],
)
def test_one_side_of_an_or_and_both_of_an_and_must_be_allowed(
    expression: str, *, allowed: bool
) -> None:
    assert check_licences.is_allowed(expression) is allowed


def test_the_list_of_system_packages_is_read() -> None:
    entries = system_packages.listed(system_packages.LIST.read_text())

    assert {entry.package for entry in entries} >= {"chromium", "nodejs"}
    assert {entry.stage for entry in entries} <= {"setup", "test"}


def test_a_missing_system_package_is_found_missing() -> None:
    text = "no-such | no-such-program, nor-this | test | nothing\nhere | module:ast | setup | all"
    absent, present = system_packages.listed(text)

    assert not absent.is_here()
    assert present.is_here()


@pytest.mark.parametrize(
    ("stage", "ci", "code"),
    [("test", "true", 1), ("test", "", 0), ("setup", "true", 1), ("setup", "", 1)],
)
def test_a_missing_package_fails_what_needs_it_and_all_of_continuous_integration(
    stage: str,
    ci: str,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    written = tmp_path / "list.txt"
    written.write_text(f"no-such | no-such-program | {stage} | all pages\n")
    monkeypatch.setattr(system_packages, "LIST", written)
    monkeypatch.setattr(system_packages, "may_install", lambda: False)
    monkeypatch.setenv("CI", ci)

    assert system_packages.main("test") == code
    assert capsys.readouterr().err == "missing: no-such; left out: all pages\n"


# --- what was skipped ---

SKIPPING = """
import pytest

@pytest.mark.promise("P5")
def test_runs() -> None:
    pass

def test_does_not() -> None:
    pytest.skip("{reason}")
"""


@pytest.mark.parametrize(
    ("reason", "ci", "code"),
    [("no such thing", "true", 1), ("no such thing", "", 0), ("as agreed", "true", 0)],
)
def test_a_skip_is_told_and_fails_continuous_integration_unless_it_is_excused(
    reason: str, ci: str, code: int, tmp_path: Path
) -> None:
    for folder in ("tests", "tools"):
        (tmp_path / folder).mkdir()
    marks = 'markers = ["promise(id): as it says"]'
    (tmp_path / "pyproject.toml").write_text(f"[tool.pytest.ini_options]\n{marks}\n")
    (tmp_path / "tools" / "skips.toml").write_text("'as .*' = \"agreed\"\n")
    (tmp_path / "tests" / "test_it.py").write_text(SKIPPING.format(reason=reason))
    (tmp_path / "docs" / "spec").mkdir(parents=True)
    for name in ("conftest", "compiled", "inmemory", "promises", "quieter"):
        shutil.copy(ROOT / "tests" / f"{name}.py", tmp_path / "tests")
    shutil.copy(ROOT / "docs" / "spec" / "24-people.md", tmp_path / "docs" / "spec")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )

    assert done.returncode == code
    assert f"1 x {reason}" in done.stdout
    assert "P5  holds: a firewall before both stores (1 of 1 tests)" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 passed, 1 skipped in ")


# --- plug-ins ---


@pytest.mark.parametrize("folder", sorted(set(GROUPS.values())))
def test_each_file_of_a_plug_in_folder_is_an_entry_point_and_each_entry_point_loads(
    folder: str,
) -> None:
    named = {
        EntryPoint(name=name, value=value, group=group)
        for group, entries in PROJECT["entry-points"].items()
        if GROUPS.get(group) == folder
        for name, value in entries.items()
    }
    files = {path.stem for path in (SOURCE / folder).glob("*.py")} - {"__init__"}

    assert {point.module.rpartition(".")[2] for point in named} == files
    assert all(point.load() for point in named)


# --- sizes ---

LONG = (
    'def long() -> None:\n    """Say\n    much\n    about\n    it.\n    """\n' + "    x = 1\n" * 49
)


def test_a_function_of_fifty_lines_and_a_docstring_is_short_enough() -> None:
    assert list(check_sizes.long_ones("a.py", LONG)) == []


def test_a_longer_function_is_named_with_its_class() -> None:
    text = "class Box:\n" + "".join(f"    {line}\n" for line in f"{LONG}    x = 2".splitlines())

    assert list(check_sizes.long_ones("a.py", text)) == [("a.py::Box.long", 51)]


def test_a_file_over_four_hundred_lines_is_named() -> None:
    assert list(check_sizes.long_ones("a.py", "x = 1\n" * 401)) == [("a.py", 401)]


# --- what stands nowhere ---


def our_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    names = listed.stdout.split("\0")[:-1] if listed.returncode == 0 else []
    found = [ROOT / name for name in names] or [p for top in OURS for p in (ROOT / top).rglob("*")]
    return [path for path in found if path.suffix in TEXTS and path.is_file()]


@pytest.mark.parametrize("words", NOWHERE)
def test_no_file_of_ours_names_this_machine_or_a_place_to_download_from(words: str) -> None:
    found = [path for path in our_files() if words in path.read_text(errors="replace")]

    assert not found


def test_importing_the_package_starts_and_opens_nothing() -> None:
    program = (
        "import sys, threading\n"
        "sys.addaudithook(lambda event, args: event in {'socket.__new__', 'subprocess.Popen'}"
        " and sys.exit(f'{event} at import'))\n"
        "import sealhold.node, sealhold.frontends.http.app, sealhold.frontends.cli.main\n"
        "sys.exit(threading.active_count() != 1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
