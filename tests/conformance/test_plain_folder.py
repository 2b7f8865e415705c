"""How a plain folder keeps objects: what a stick shows, others leave, and which is unfit."""

import errno
import fcntl
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Never

import pytest

from sealhold.model.errors import (
    ObjectNotFoundError,
    StoreBusyError,
    StoreFullError,
    StoreUnavailableError,
    TamperedError,
    UnfitFolderError,
)
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.backends import folder as plain
from sealhold.stores.backends.folder import FolderObjects
from sealhold.stores.pieces import write_all
from sealhold.stores.spec import Kept
from sealhold.stores.trailer import TRAILER, trailer

NAME, SEALED = ObjectName("packs/ab/cd"), SealedBytes(b"sealed bytes")
WHOLE = SEALED + trailer(NAME, SEALED)


def store_of(folder: Path, probe: str = "trial") -> FolderObjects:
    return FolderObjects(folder, probe)


def file_in(folder: Path) -> Path:
    """Return where the object lies."""
    return folder / "packs+" / "ab+" / "cd="


def laid(folder: Path, content: bytes) -> Path:
    """Lay bytes where the object belongs, as another process might."""
    file = file_in(folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def fails_with(number: int) -> Callable[..., Never]:
    def failing(*_args: object, **_named: object) -> Never:
        raise OSError(number, os.strerror(number))

    return failing


def test_an_object_is_one_file_of_its_bytes_and_a_trailer_in_marked_folders(tmp_path: Path) -> None:
    store_of(tmp_path).put(NAME, SEALED)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file_in(tmp_path)]
    assert file_in(tmp_path).read_bytes() == WHOLE


def test_a2_a_disk_without_links_and_renames_keeps_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for call in ("link", "symlink", "rename", "replace", "chmod", "fchmod"):
        monkeypatch.setattr(os, call, fails_with(errno.EPERM))
    store = store_of(tmp_path)

    assert store.put(NAME, SEALED) is Kept.CREATED
    assert store.put(NAME, SealedBytes(b"again")) is Kept.EXISTS
    assert (store.get(NAME), list(store.names())) == (SEALED, [NAME])
    store.delete(NAME)
    assert list(store.names()) == []


@pytest.mark.parametrize("cut", [0, 1, len(SEALED), len(WHOLE) - TRAILER + 5, len(WHOLE) - 1])
def test_what_a_killed_put_left_is_no_object_and_the_next_put_makes_it_one(
    cut: int, tmp_path: Path
) -> None:
    laid(tmp_path, WHOLE[:cut])
    store = store_of(tmp_path)

    assert list(store.names()) == []
    for call in (store.get, store.head):
        with pytest.raises(ObjectNotFoundError):
            call(NAME)
    assert store.put(NAME, SEALED) is Kept.CREATED
    assert file_in(tmp_path).read_bytes() == WHOLE


def test_a_put_that_the_disk_breaks_off_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(tmp_path)
    store.put(ObjectName("other"), SEALED)  # so the folder is tried
    monkeypatch.setattr(plain, "trailer", fails_with(errno.ENOSPC))

    with pytest.raises(StoreFullError):
        store.put(NAME, SEALED)

    assert not file_in(tmp_path).exists()


def test_what_other_software_leaves_is_no_object_and_stays(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    store.put(NAME, SEALED)
    within = file_in(tmp_path).parent
    strange = [
        within / "cd (conflicted copy 2026-05-01)=",
        within / "cd.sync-conflict-20260501-101112-ABCDEFG=",  # a name that an object could have
        within / "cd=.sync-conflict-20260501-101112-ABCDEFG",
        within / "cd-LAPTOP=",
        within / "ef=",
        within / "._cd=",
        within / ".cd=.Xy12Zw",
        within / "~$cd=",
        tmp_path / "cd=",
        tmp_path / "desktop.ini",
        tmp_path / "System Volume Information" / "cd=",
        tmp_path / "lost+found" / "cd=",
    ]
    for file in strange:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(WHOLE)

    assert list(store.names()) == [NAME]
    assert store.put(NAME, SealedBytes(b"other")) is Kept.EXISTS
    assert all(file.read_bytes() == WHOLE for file in strange)


def test_a_disk_that_shows_capitals_lists_the_same_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, lists = store_of(tmp_path), os.listdir
    store.put(NAME, SEALED)

    monkeypatch.setattr(os, "listdir", lambda folder: [each.upper() for each in lists(folder)])

    assert list(store.names()) == [NAME]


def test_a_copy_in_capitals_that_cannot_be_opened_by_its_name_is_not_listed(tmp_path: Path) -> None:
    file = laid(tmp_path, WHOLE)
    (tmp_path / "PACKS+" / "AB+").mkdir(parents=True)
    file.rename(tmp_path / "PACKS+" / "AB+" / "CD=")

    assert list(store_of(tmp_path).names()) == []


def test_a_file_that_the_disk_bent_is_told_when_it_is_read_whole(tmp_path: Path) -> None:
    laid(tmp_path, bytes([SEALED[0] ^ 1]) + WHOLE[1:])
    store = store_of(tmp_path)

    with pytest.raises(TamperedError):
        store.get(NAME)
    with pytest.raises(TamperedError):
        store.get(NAME, 0, len(SEALED))
    assert store.get(NAME, 1, 4) == SEALED[1:5]


def test_a_folder_that_is_away_is_no_answer_about_any_object(tmp_path: Path) -> None:
    store = store_of(tmp_path / "unmounted")

    for call in (
        lambda: store.put(NAME, SEALED),
        lambda: store.get(NAME),
        lambda: store.head(NAME),
        lambda: store.delete(NAME),
        lambda: list(store.names()),
    ):
        with pytest.raises(StoreUnavailableError):
            call()


def test_a_stick_that_is_fixed_is_read_and_nothing_is_tried_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid(tmp_path, WHOLE)
    for call in ("mkdir", "write", "unlink", "fsync"):
        monkeypatch.setattr(os, call, fails_with(errno.EROFS))
    store = store_of(tmp_path)

    assert (store.get(NAME), store.head(NAME), list(store.names())) == (SEALED, 12, [NAME])
    with pytest.raises(StoreUnavailableError):
        store.put(ObjectName("more"), SEALED)


def test_a_file_that_somebody_still_writes_is_waited_for(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    store.put(ObjectName("other"), SEALED)  # so the folder is tried
    file = laid(tmp_path, SEALED)

    with ThreadPoolExecutor(1) as pool, file.open("ab") as rival:
        fcntl.flock(rival, fcntl.LOCK_EX)
        putting = pool.submit(store.put, NAME, SealedBytes(b"late"))
        with pytest.raises(TimeoutError):
            putting.result(0.1)
        rival.write(trailer(NAME, SEALED))
        rival.flush()
        fcntl.flock(rival, fcntl.LOCK_UN)
        kept = putting.result(10)

    assert kept is Kept.EXISTS
    assert store.get(NAME) == SEALED


def test_whose_file_another_machine_took_away_meanwhile_is_not_told_that_it_is_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, writes = store_of(tmp_path), write_all  # the moment to meddle in
    store.put(ObjectName("other"), SEALED)

    def meddled(handle: int, content: bytes) -> None:
        monkeypatch.setattr(plain, "write_all", writes)
        file_in(tmp_path).unlink()
        laid(tmp_path, WHOLE)
        writes(handle, content)

    monkeypatch.setattr(plain, "write_all", meddled)

    assert store.put(NAME, SealedBytes(b"ours")) is Kept.EXISTS
    assert store.get(NAME) == SEALED


def test_a_file_that_others_take_away_again_and_again_ends_as_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(tmp_path)
    store.put(ObjectName("other"), SEALED)
    monkeypatch.setattr(plain, "_lies_at", lambda *_args: False)

    with pytest.raises(StoreBusyError):
        store.put(NAME, SEALED)


def _shared_lock(handle: int, kind: int) -> None:
    """Stand for a lock that keeps nobody out."""


@pytest.mark.parametrize(
    ("where", "call", "fault"),
    [
        (fcntl, "flock", _shared_lock),
        (fcntl, "flock", fails_with(errno.ENOLCK)),
        (os, "fsync", fails_with(errno.EINVAL)),
        (os, "listdir", lambda _folder: []),
        (os, "pread", lambda _handle, length, _offset: bytes(length)),
        (plain, "trailer", lambda _name, _content: bytes(TRAILER)),
    ],
    ids=["lets two lock", "no locks", "no sync", "lists nothing", "other bytes", "cut"],
)
def test_a2_a_folder_that_could_lose_or_mix_objects_is_refused_before_anything_is_kept(
    where: object, call: str, fault: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, call, fault)

    with pytest.raises(UnfitFolderError):
        store_of(tmp_path).put(NAME, SEALED)

    assert not file_in(tmp_path).exists()


def test_a_trial_leaves_nothing_that_is_listed_and_happens_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(tmp_path)
    store.put(NAME, SEALED)
    (tmp_path / "probe+" / "killed=").write_bytes(
        SEALED + trailer(ObjectName("probe/killed"), SEALED)
    )
    monkeypatch.setattr(plain, "_check_locks", fails_with(errno.ENOLCK))

    assert list(store.names()) == [NAME]
    assert store.put(ObjectName("b"), SEALED) is Kept.CREATED
