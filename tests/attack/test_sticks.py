"""A stick that went through other hands: nothing on it leads a write or a read elsewhere."""

import os
from pathlib import Path

import pytest

from sealhold.model.errors import TamperedError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.backends.folder import FolderObjects
from sealhold.stores.spec import Kept
from sealhold.stores.trailer import trailer

NAME, SEALED = ObjectName("packs/ab"), SealedBytes(b"sealed")


def refused_all(store: FolderObjects) -> None:
    with pytest.raises(TamperedError):
        store.put(NAME, SealedBytes(b"other"))
    with pytest.raises(TamperedError):
        store.get(NAME)
    with pytest.raises(TamperedError):
        store.head(NAME)
    assert list(store.names()) == []


@pytest.mark.threat("T350")
@pytest.mark.parametrize("content", [b"not ours", SEALED + trailer(NAME, SEALED)])
def test_a_link_where_an_object_belongs_is_neither_written_nor_read_through(
    content: bytes, tmp_path: Path
) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "stick"
    outside.write_bytes(content)
    (folder / "packs+").mkdir(parents=True)
    (folder / "packs+" / "ab=").symlink_to(outside)
    store = FolderObjects(folder, "trial")

    refused_all(store)
    store.delete(NAME)

    assert outside.read_bytes() == content
    assert not (folder / "packs+" / "ab=").is_symlink()


@pytest.mark.threat("T350")
def test_no_folder_is_entered_through_a_link(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "stick"
    outside.mkdir()
    (outside / "ab=").write_bytes(SEALED + trailer(NAME, SEALED))
    folder.mkdir()
    (folder / "packs+").symlink_to(outside)
    store = FolderObjects(folder, "trial")

    refused_all(store)
    with pytest.raises(TamperedError):
        store.delete(NAME)

    assert [file.name for file in outside.iterdir()] == ["ab="]


@pytest.mark.threat("T350")
def test_what_a_file_of_another_name_holds_is_not_written_over(tmp_path: Path) -> None:
    outside, there = tmp_path / "outside", tmp_path / "stick" / "packs+" / "ab="
    outside.write_bytes(b"not ours")
    there.parent.mkdir(parents=True)
    there.hardlink_to(outside)
    store = FolderObjects(tmp_path / "stick", "trial")

    assert store.put(NAME, SEALED) is Kept.CREATED

    assert outside.read_bytes() == b"not ours"
    assert store.get(NAME) == SEALED


@pytest.mark.threat("T350")
def test_a_pipe_holds_up_nobody(tmp_path: Path) -> None:
    (tmp_path / "packs+").mkdir()
    os.mkfifo(tmp_path / "packs+" / "ab=")

    refused_all(FolderObjects(tmp_path, "trial"))
