"""Over two hundred marks in data, names, questions and papers: none is found outside the seals.

Looked for raw, in hex, base64 and UTF-16: in every file of the home while the vault is open, after
a crash and after it was closed; in the process's own texts; and in every place for leftovers.
"""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from sealhold.vault.deciding import scan_all
from sealhold.vault.owned import RECORDS
from tests.conftest import ROOT
from tests.scenarios.planted import STEM, Marks, patterns, sightings
from tests.scenarios.vaults import opened

SHARED_PLACES = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))
LARGEST = 50_000_000  # bytes; what is larger there is not of this process


@dataclass(frozen=True)
class Life:
    """A process that was killed, and what it left."""

    folder: Path
    marks: Marks
    before: dict[Path, bytes]  # files of the home while it ran

    @property
    def home(self) -> Path:
        return self.folder / "home"


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    folder = tmp_path_factory.mktemp("life")
    for name in ("data", "temporary", "user", "here"):
        (folder / name).mkdir()
    surroundings = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDEVMODE": "1",
        "TMPDIR": str(folder / "temporary"),
        "HOME": str(folder / "user"),
    }
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.scenarios.marked", folder / "home", folder / "data"],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
            cwd=folder / "here",
            env=surroundings,
        )
        while b"ready" not in (folder / "out").read_bytes() and process.poll() is None:
            time.sleep(0.05)
        before = {path: path.read_bytes() for path in files(folder / "home")}
        process.kill()
        process.communicate()
    assert (folder / "data" / "given.json").exists(), (folder / "err").read_text()[-2_000:]
    given = json.loads((folder / "data" / "given.json").read_text())
    return Life(folder, Marks(given=given), before)


def assert_unmarked(name: str, content: bytes, marks: Marks) -> None:
    assert not list(sightings(content, marks)), name


@pytest.mark.petrus("P5")
@pytest.mark.threat("T05")
def test_no_mark_is_in_any_file_of_an_open_home(life: Life) -> None:
    assert any(path.name == "vault.db-wal" for path in life.before)
    assert any("packs" in str(path) for path in life.before)
    for path, content in life.before.items():
        assert_unmarked(path.name, content, life.marks)


@pytest.mark.threat("T05")
def test_no_mark_is_in_any_file_after_a_crash(life: Life) -> None:
    for path in files(life.home):
        assert_unmarked(path.name, path.read_bytes(), life.marks)
        assert_unmarked("a name", str(path.relative_to(life.home)).encode(), life.marks)


@pytest.mark.threat("T05")
def test_no_mark_is_in_what_the_process_wrote_beside(life: Life) -> None:
    assert (life.folder / "out").read_bytes() == b"ready\n"
    assert_unmarked("stderr", (life.folder / "err").read_bytes(), life.marks)
    for name in ("temporary", "user", "here"):
        for path in files(life.folder / name):
            assert_unmarked(str(path), path.read_bytes(), life.marks)


@pytest.mark.threat("T24")
def test_no_jailed_process_left_anything_in_a_shared_place(life: Life) -> None:
    started = (life.folder / "here").stat().st_mtime
    own = {str(life.folder.parent.parent), str(ROOT)}  # of the tests, and this clone
    for place in SHARED_PLACES:
        for path in _new_files(place, started, own):
            with suppress(FileNotFoundError):  # another process's, and gone
                assert_unmarked(str(path), path.read_bytes(), life.marks)


def _new_files(place: Path, since: float, but: set[str]) -> Iterator[Path]:
    """Yield the files that changed since; there may be half a million others."""
    waiting = [str(place)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for each in entries:
                with suppress(OSError):  # another process's, and gone
                    if each.is_dir(follow_symlinks=False):
                        waiting += [each.path] if each.path not in but else []
                        continue
                    found = each.stat(follow_symlinks=False)
                    if found.st_mtime >= since and found.st_size < LARGEST and each.is_file():
                        yield Path(each.path)


def test_what_was_marked_is_all_there_for_its_owner(life: Life) -> None:
    assert len(life.marks.given) > 200
    with opened(life.home) as node:
        store = node.parts.core.store
        ids = [found.row[0] for found in scan_all(store, RECORDS)]
        firewall = node.parts.records._firewall
        told = repr([firewall.get(ids), node.sources.jobs(), node.apps.list()]).lower()

        assert node.audit.verify().whole
    kept = sum(mark in told for mark in life.marks.given)
    assert kept > 150
    for path in files(life.home):
        assert_unmarked(path.name, path.read_bytes(), life.marks)


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_the_search_finds_a_mark_in_each_of_its_forms(shift: int) -> None:
    mark = Marks()()
    around = b"?" * shift

    forms = [
        around + mark.encode() + b"?",
        around.hex().encode() + mark.encode().hex().encode(),
        base64.b64encode(around + mark.encode() + b"??"),
        base64.b64encode(around + mark.capitalize().encode()),
        mark.upper().encode("utf-16-le"),
    ]

    for form in forms:
        assert any(pattern in form for pattern in patterns(STEM))
