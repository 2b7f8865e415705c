"""A kill at any step of writing into a folder: each file is old or new, and nothing is lost."""

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sealhold.sharing.devices.scanning import PART
from sealhold.sharing.devices.treeops import OpKind
from tests.scenarios.dying_disk import DyingKept, Fate, FileKept, Killed, dying, kill_myself
from tests.scenarios.synced_folders import Device, settle

ROOT = Path(__file__).parents[2]
BASE = {
    "a": "first",
    "b": "second",
    "trip/x": "in trip",
    "trip/y": "also",
    "gone": "old",
    "s": "old s",
}


def furnish(tmp_path: Path) -> tuple[Device, Device]:
    """Return two devices: equal once, and then much was done on the first."""
    laptop, phone = (
        Device(tmp_path / name, name, opening=dying(Fate())) for name in ("laptop", "phone")
    )
    phone.kept = DyingKept()
    phone.folder = phone.opened()
    for path, text in BASE.items():
        laptop.write(path, text)
    settle(laptop, phone)
    laptop.write("trip/x", "edited in trip")
    laptop.write("s", "new s")
    (laptop.root / "trip").rename(laptop.root / "journey")
    (laptop.root / "b").rename(laptop.root / "c")
    (laptop.root / "a").rename(laptop.root / "b")
    (laptop.root / "c").rename(laptop.root / "a")
    (laptop.root / "gone").unlink()
    (laptop.root / "link").symlink_to("a")
    for number in range(6):
        laptop.write(f"new/{number}", f"new {number}")
    laptop.push()
    return laptop, phone


def die_at(phone: Device, laptop: Device, at: int) -> Fate:
    fate = Fate(at)
    phone.again(dying(fate))
    assert isinstance(phone.kept, DyingKept)
    phone.kept.fate = fate
    try:
        phone.pull(laptop)
    except Killed:
        pass
    finally:
        phone.kept.fate = Fate()
        phone.folder.close()
    return fate


def test_a_kill_at_each_step_leaves_each_file_old_or_new_and_the_folder_comes_out_equal(
    tmp_path: Path,
) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    laptop, phone = furnish(whole)
    steps = die_at(phone, laptop, -1).count
    contents = {*BASE.values(), *laptop.texts().values()}
    objects = set(laptop.tree._places)
    assert phone.texts() == laptop.texts()

    for at in range(steps):
        here = tmp_path / str(at)
        here.mkdir()
        laptop, phone = furnish(here)
        objects = set(laptop.tree._places)
        die_at(phone, laptop, at)
        assert set(phone.texts().values()) <= contents | {""}, at
        assert phone.texts()["s"] in {"old s", "new s"}, at
        phone.again()
        assert not [each for each in phone.root.rglob(f"{PART}*") if _is_lost(phone, each)], at
        known = set(phone.tree.ops())
        phone.push()
        assert all(op.kind is OpKind.MOVE for op in set(phone.tree.ops()) - known), at
        phone.pull(laptop)

        assert phone.texts() == laptop.texts(), at
        assert set(phone.tree._places) == objects, at
        assert not phone.versions.in_conflict(), at
        phone.folder.close()
        laptop.folder.close()


def test_a_kill_while_a_file_gives_way_for_room_deletes_it_nowhere(tmp_path: Path) -> None:
    """A device that keeps less than all removes a file that others keep."""
    laptop, phone = furnish(tmp_path)
    phone.pull(laptop)
    wanted = [each for each in phone.wanted() if each.path != "s"]
    assert isinstance(phone.kept, DyingKept)

    for at in range(3):
        fate = Fate(at)
        phone.again(dying(fate))
        phone.kept.fate = fate
        fate.count = 0
        with pytest.raises(Killed):
            phone.folder.apply(wanted, phone.content)
        phone.kept.fate = Fate()
        phone.again()

        assert phone.folder.changes().changes == [], at


def _is_lost(device: Device, path: Path) -> bool:
    return str(path.relative_to(device.root)) not in device.kept.rows()


CHILD = "from tests.scenarios.test_folder_kills import pull_and_die; pull_and_die()"


def pull_and_die() -> None:
    """Apply what is wanted, in a process of its own, until the step at which it kills itself."""
    root, kept, state, at = sys.argv[1:]
    wanted, blobs = pickle.loads(Path(state).read_bytes())
    phone = Device(Path(root), "phone")
    phone.kept = FileKept(Path(kept))
    phone.blobs = blobs
    phone.again(dying(Fate(int(at), kill_myself)))
    phone.folder.apply(wanted, phone.content)


@pytest.mark.parametrize("at", [3, 21, 40])
def test_a_process_that_is_killed_while_it_writes_leaves_a_folder_that_comes_out_equal(
    tmp_path: Path, at: int
) -> None:
    laptop, phone = furnish(tmp_path)
    kept = tmp_path / "rows"
    on_file = FileKept(kept)
    on_file.settle([], phone.kept.rows().values())
    phone.tree.apply(laptop.tree.ops())
    for thing in laptop.versions._of:
        for version in laptop.versions.of(thing):
            phone.versions.add(version)
    phone.blobs.update(laptop.blobs)
    state = tmp_path / "state"
    state.write_bytes(pickle.dumps((phone.wanted(), phone.blobs)))

    ended = subprocess.run(
        [sys.executable, "-c", CHILD, str(phone.root), str(kept), str(state), str(at)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    phone.kept = FileKept(kept)
    phone.again()
    phone.push()
    phone.pull(laptop)

    assert ended.returncode == -signal.SIGKILL
    assert phone.texts() == laptop.texts()
    assert set(phone.tree._places) == set(laptop.tree._places)
