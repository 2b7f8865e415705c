"""A task folder is read with the files that it names, and built into what an author signs."""

from pathlib import Path
from typing import Any

import pytest

from sealhold.compute.broker import Broker
from sealhold.compute.task import open_task
from sealhold.compute.taskfolder import build, read_folder
from sealhold.compute.taskkit import leakage_of, run_synthetic
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import InvalidManifestError, NotFoundError
from sealhold.model.quantities import MICRO
from tests.scenarios.taskfolders import DATASETS, GREEN, NOW, check, copied


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
