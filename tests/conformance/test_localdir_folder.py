"""How a local folder keeps objects: what a disk shows, and what is not an object."""

from pathlib import Path

import pytest

from sealhold.model.errors import ObjectNotFoundError, StoreUnavailableError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.backends.localdir import LocalDir

NAME, SEALED = ObjectName("packs/ab/cd"), SealedBytes(b"sealed")


def test_an_object_is_one_private_file_in_marked_folders(tmp_path: Path) -> None:
    LocalDir(tmp_path).put(NAME, SEALED)

    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert file == tmp_path / "packs+" / "ab+" / "cd"
    assert file.read_bytes() == SEALED
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.rglob("*"))


def test_what_a_killed_put_left_is_no_object(tmp_path: Path) -> None:
    store = LocalDir(tmp_path)
    store.put(NAME, SEALED)
    (tmp_path / ".tmp-left").write_bytes(b"half")
    (tmp_path / "packs+" / "ab+" / ".tmp-left").write_bytes(b"half")

    assert list(store.names()) == [NAME]


def test_a_folder_that_is_away_is_no_answer_about_any_object(tmp_path: Path) -> None:
    store = LocalDir(tmp_path / "unmounted")

    for call in (
        lambda: store.put(NAME, SEALED),
        lambda: store.get(NAME),
        lambda: store.head(NAME),
        lambda: store.delete(NAME),
        lambda: list(store.names()),
    ):
        with pytest.raises(StoreUnavailableError):
            call()


def test_an_object_whose_folder_is_there_alone_is_not_found(tmp_path: Path) -> None:
    store = LocalDir(tmp_path)
    store.put(NAME, SEALED)
    store.delete(NAME)

    for name in (NAME, ObjectName("packs"), ObjectName("packs/ab")):
        with pytest.raises(ObjectNotFoundError):
            store.head(name)
