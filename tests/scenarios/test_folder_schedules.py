"""Three devices that do at random what people do in folders, hear of each other now and then, and
in the end hold the same: each content that was ever taken in is shown, stands beside, or is kept.
"""

import shutil
from pathlib import Path
from random import Random

import pytest

from sealhold.sharing.devices.folder import State
from tests.scenarios.dying_disk import Fate, dying
from tests.scenarios.synced_folders import Device, settle

NAMES = ("a", "b", "c", "d.txt", "É")
ACTS = 60


@pytest.mark.parametrize("seed", [*range(12), 5682])
def test_devices_that_do_what_they_like_end_equal_and_lose_nothing(
    tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)
    devices = [Device(tmp_path / name, name, opening=dying(Fate())) for name in ("x", "y", "z")]
    written: set[bytes] = set()

    for number in range(ACTS):
        device = chance.choice(devices)
        act(device.root, chance, f"{seed}.{number}")
        if chance.random() < 0.6:
            # A person says yes to all that they deleted themselves.
            held = device.push().held
            device.push(allowed=held.paths if held else frozenset())
            written |= {data for data, *_ in device.blobs.values()}
        if chance.random() < 0.4:
            other = chance.choice([each for each in devices if each is not device])
            device.pull(other)
    for device in devices:
        held = device.push().held
        device.push(allowed=held.paths if held else frozenset())
    settle(*devices)
    settle(*devices)

    first = devices[0]
    for device in devices:
        assert device.texts() == first.texts()
        conflicts = frozenset(device.versions.in_conflict())
        states = device.folder.states(conflicts)
        assert {each.state for each in states.values()} <= {State.SYNCED, State.CONFLICT}
        assert written <= {data for data, *_ in device.blobs.values()}
        rows = device.kept.rows()
        assert {path: row.object for path, row in rows.items()} == {
            path: row.object for path, row in first.kept.rows().items()
        }
        for path, row in rows.items():
            data = device.blobs[row.version][0] if row.version else None
            assert data is None or (device.root / path).read_bytes() == data
        assert device.tree.adrift() == frozenset()


def act(root: Path, chance: Random, text: str) -> None:
    """Do one thing in a folder: write, make, rename, move, remove."""
    things = [each for each in root.rglob("*") if not each.name.startswith(".sealhold")]
    folders = [root, *(each for each in things if each.is_dir())]
    target = chance.choice(folders) / chance.choice(NAMES)
    match chance.choice(("write", "write", "write", "make", "move", "move", "remove")):
        case "write" if not target.is_dir():
            target.write_text(text)
        case "make" if not target.exists():
            target.mkdir()
        case "move" if things:
            thing = chance.choice(things)
            if not target.exists() and not target.is_relative_to(thing):
                thing.rename(target)
        case "remove" if things:
            thing = chance.choice(things)
            if thing.is_dir():
                shutil.rmtree(thing)
            else:
                thing.unlink()
        case _:
            pass
