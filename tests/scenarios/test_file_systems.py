"""What a file system can hold is found by trying, and what it cannot is shown escaped there."""

import errno
import os
from itertools import count
from pathlib import Path

import pytest

from sealhold.sharing.devices.disk import Disk
from sealhold.sharing.devices.filenames import LINUX, Holds
from sealhold.sharing.devices.logicaltime import LogicalTime
from sealhold.sharing.devices.namespace import Tree
from sealhold.sharing.devices.probing import SHORTER, held_by
from sealhold.sharing.devices.treeops import ROOT, place

_numbers = count(1)


def fresh() -> bytes:
    return next(_numbers).to_bytes(16, "big")


class Narrow(Disk):
    """A disk that folds case, refuses `:`, drops dots at the end, and holds short names alone."""

    def create(self, path: str) -> int:
        if ":" in path or len(path) > SHORTER:
            raise OSError(errno.EINVAL, "no such name here")
        return super().create(path.lower().rstrip("."))

    def stat(self, path: str) -> os.stat_result | None:
        return super().stat(path.lower().rstrip("."))

    def remove(self, path: str) -> None:
        super().remove(path.lower().rstrip("."))


def test_a_file_system_of_linux_holds_every_name_and_nothing_is_left(tmp_path: Path) -> None:
    assert held_by(Disk(tmp_path), fresh) == LINUX
    assert list(tmp_path.iterdir()) == []


def test_a_narrow_file_system_is_found_to_be_so(tmp_path: Path) -> None:
    found = held_by(Narrow(tmp_path), fresh)

    assert found == Holds(folds=True, refuses=frozenset(":"), plain_ends=True, longest=SHORTER)
    assert list(tmp_path.iterdir()) == []


def test_names_that_clash_or_do_not_fit_are_shown_apart_and_kept_as_they_are(
    tmp_path: Path,
) -> None:
    ids = [bytes([n]) * 16 for n in range(1, 4)]
    names = ("12:30.txt", "Note", "NOTE")
    tree = Tree(
        place(each, ROOT, name, LogicalTime(number, 0), b"d" * 16)
        for number, (each, name) in enumerate(zip(ids, names, strict=True))
    )

    shown = tree.shown(holds=held_by(Narrow(tmp_path), fresh))

    assert [shown[each].path[0] for each in ids] == ["12%3A30.txt", "Note", "NOTE (0303)"]
    kept = [tree.place_of(each) for each in ids]
    assert [place.name for place in kept if place] == list(names)


def test_a_folder_that_cannot_be_written_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(tmp_path)

    def refused(path: str) -> int:
        raise OSError(errno.EROFS, path)

    monkeypatch.setattr(disk, "create", refused)

    with pytest.raises(OSError, match="Errno"):
        held_by(disk, fresh)
