"""An app's folder: for its developer alone to read, never written over, strict when read."""

import hashlib
from pathlib import Path

import pytest

from sealhold.frontends.cli.appfolder import AppFolder, Asked, Entrance, write_new
from sealhold.model.errors import InvalidError, NoFileError, TakenError, UsageError
from sealhold.model.ids import AppId, RequestId, TaskDigest, random_id
from tests.transcripts.cli import Repeating

ENTROPY = Repeating()


def entrance(name: str = "GreenCorp") -> Entrance:
    return Entrance(app=AppId(random_id(ENTROPY)), name=name, token="shv1_a.b")


def asked() -> Asked:
    return Asked(
        request=RequestId(random_id(ENTROPY)),
        task=TaskDigest(hashlib.sha256(b"task").digest()),
        label="Green rides",
    )


def test_what_is_kept_reads_back_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    folder = AppFolder(tmp_path / "keys")
    keys = folder.keys_or_new(ENTROPY)
    door, request = entrance(), asked()
    folder.keep(door)
    folder.note(request)

    assert folder.keys().public == keys.public == folder.keys_or_new(ENTROPY).public
    assert folder.entrance(None) == door
    assert folder.asked() == [request]
    for path in (folder.folder, *folder.folder.iterdir()):
        assert path.stat().st_mode & 0o077 == 0


def test_a_request_that_is_handed_in_twice_is_noted_once(tmp_path: Path) -> None:
    folder, request = AppFolder(tmp_path), asked()

    folder.note(request)
    folder.note(request)

    assert folder.asked() == [request]


def test_an_app_that_several_vaults_know_is_named_by_its_id(tmp_path: Path) -> None:
    folder, first, second = AppFolder(tmp_path), entrance(), entrance()
    folder.keep(first)
    folder.keep(second)

    with pytest.raises(UsageError, match="several"):
        folder.entrance(None)
    assert folder.entrance(f"a-{second.app.hex()[-12:]}") == second
    with pytest.raises(NoFileError):
        folder.entrance("a-ffffffffffff")


def test_a_folder_without_keys_says_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(NoFileError, match="make-keys"):
        AppFolder(tmp_path).keys()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"app":"00000000-0000-4000-8000-000000000001","name":"x"}',
        b'{"app":"x","name":"x","token":"x"}',
        b'{"app":"00000000-0000-4000-8000-000000000001","name":"x","token":"x","more":"x"}',
        b"\xff",
    ],
)
def test_a_file_that_was_changed_is_not_guessed_at(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a-000000000001.json").write_bytes(content)

    with pytest.raises(InvalidError):
        AppFolder(tmp_path).entrance(None)


def test_a_task_digest_that_is_none_is_refused(tmp_path: Path) -> None:
    request = asked()
    path = AppFolder(tmp_path).note(request)
    path.write_text(path.read_text().replace(request.task.hex(), "not hex"))

    with pytest.raises(InvalidError):
        AppFolder(tmp_path).asked()


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    write_new(tmp_path / "paper", b"first")

    with pytest.raises(TakenError):
        write_new(tmp_path / "paper", b"second")
    with pytest.raises(NoFileError):
        write_new(tmp_path / "nowhere" / "paper", b"x")
    assert (tmp_path / "paper").read_bytes() == b"first"
