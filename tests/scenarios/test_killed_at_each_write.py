"""SIGKILL at durable writes of a sync, a backup and its pruning, as processes of their own.

- After each kill the same is done again, and then everything that was acknowledged is there.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from sealhold.model.quantities import DAY
from tests.conformance.small_disk import small_disk
from tests.scenarios.device_process import FILES, Hatchery
from tests.scenarios.staged_devices import Stage, staged

SOME = 101  # each so-many-th write, before or behind it, in turn; all of them in `make soak`
DISK = 1_048_576  # bytes, of which more is to come

pytestmark = pytest.mark.xdist_group("devices as processes")


@pytest.fixture(scope="module")
def hatchery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hatchery]:
    with Hatchery(tmp_path_factory.mktemp("h")) as found:
        yield found


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("s")) as found:
        yield found


def lying(stage: Stage, who: int) -> dict[str, bytes]:
    root = stage.run / f"device{who}" / FILES
    return {
        str(each.relative_to(root)): each.read_bytes()
        for each in sorted(root.rglob("*"))
        if each.is_file() and not each.name.startswith(".sealhold")
    }


def sync(stage: Stage, who: int, seed: str, at: int = -1) -> int:
    """Have a device do a round and end; return how many durable writes that took."""
    process = stage.hatchery.device(stage.run / f"device{who}", f"{seed} {who}")
    try:
        process.call("sync", deletes=True, at=at // 2 if at >= 0 else -1, is_before=bool(at % 2))
        writes: int = process.call("writes")
    finally:
        stage.hatchery.forget(process)
    return writes


def furnished(stage: Stage) -> dict[str, bytes]:
    """Have device 1 edit, rename, delete and add, with as much of device 0's on its way to it."""
    shutil.rmtree(stage.run)
    shutil.copytree(stage.kept, stage.run, symlinks=True)
    zero, one = (stage.run / f"device{who}" / FILES for who in (0, 1))
    (zero / "trip").mkdir()
    for name in ("trip/a", "b", "c", "d", "e", "f"):
        (zero / name).write_bytes(name.encode() * 2_000)
    for who in (0, 1):
        sync(stage, who, "furnish")
    (zero / "b").write_bytes(b"b by zero")
    (zero / "trip").rename(zero / "journey")
    (zero / "new by zero").write_bytes(b"n" * 40_000)
    sync(stage, 0, "furnish again")
    (one / "c").write_bytes(b"c by one")
    (one / "d").rename(one / "moved by one")
    (one / "e").unlink()
    (one / "new by one").write_bytes(b"m" * 40_000)
    return {
        "journey/a": b"trip/a" * 2_000,
        "b": b"b by zero",
        "c": b"c by one",
        "moved by one": b"d" * 2_000,
        "f": b"f" * 2_000,
        "new by zero": b"n" * 40_000,
        "new by one": b"m" * 40_000,
    }


def killed_syncs(stage: Stage, step: int) -> int:
    """Kill a sync at each `step`-th place; return how many kills there were."""
    expected = furnished(stage)
    begun = stage.folder / "begun"
    shutil.copytree(stage.run, begun, symlinks=True, dirs_exist_ok=True)
    places = range(0, 2 * sync(stage, 1, "whole"), step)
    for at in places:
        shutil.rmtree(stage.run)
        shutil.copytree(begun, stage.run, symlinks=True)
        with pytest.raises(ChildProcessError):
            sync(stage, 1, "killed", at)
        for turn, who in enumerate((1, 0, 1)):
            sync(stage, who, f"after {turn}")
        assert lying(stage, 1) == lying(stage, 0) == expected, at
        process = stage.hatchery.device(stage.run / "device1", "look")
        assert process.call("faults") == [], at
        stage.hatchery.forget(process)
    shutil.rmtree(begun)
    return len(places)


def test_a_sync_that_is_killed_at_a_durable_write_loses_and_doubles_nothing(stage: Stage) -> None:
    assert killed_syncs(stage, SOME) > 2


@pytest.mark.soak
@pytest.mark.timeout(7_200)
def test_a_sync_that_is_killed_at_any_durable_write_loses_and_doubles_nothing(
    stage: Stage,
) -> None:
    assert killed_syncs(stage, 1) > 100


def test_a_sync_into_a_folder_whose_disk_is_full_is_told_and_goes_on_once_there_is_room(
    stage: Stage,
) -> None:
    shutil.rmtree(stage.run)
    shutil.copytree(stage.kept, stage.run, symlinks=True)
    zero, one = stage.run / "device0" / FILES, stage.run / "device1" / FILES
    marker = (one / ".sealhold").read_bytes()
    chance = Random(1)
    for number in range(4):
        (zero / str(number)).write_bytes(chance.randbytes(400_000))
    sync(stage, 0, "before")
    with small_disk(one, DISK) as disk:
        (one / ".sealhold").write_bytes(marker)
        if disk.is_mounted:
            with pytest.raises(RuntimeError, match="StoreFullError"):
                sync(stage, 1, "full")
            assert len(lying(stage, 1)) < 4
            assert lying(stage, 1).items() <= lying(stage, 0).items()
        disk.grow()
        sync(stage, 1, "room")
        assert lying(stage, 1) == lying(stage, 0)
        assert len(lying(stage, 1)) == 4


def backed_up(hatchery: Hatchery, folder: Path) -> Path:
    """Return a folder with a vault, of which there are two backups, and something new."""
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.jsonl").write_text(f'{{"word": "quokka{number}"}}\n')
        made = "init --headless" if number == 0 else "backup make B"
        for line in (made, f"import {number}.jsonl"):
            ended = hatchery.command(folder, line)
            assert ended.code == 0, ended.err
    return folder


def check_backups(hatchery: Hatchery, folder: Path, most: int) -> None:
    """Every part of every backup is there; the vault has all that it was told it has."""
    checked = hatchery.command(folder, "backup check B --read-data --json")
    assert checked.code == 0, checked.err
    assert 0 < json.loads(checked.out)["backups"] <= most
    assert hatchery.command(folder, "audit verify").code == 0
    assert "quokka2" in hatchery.command(folder, "search quokka2").out


def killed_commands(
    hatchery: Hatchery, begun: Path, line: str, step: int, check: Callable[[Path], None]
) -> int:
    """Kill a command at each `step`-th place, look, and do it again; return how many kills."""
    here = begun.with_name("here")
    shutil.copytree(begun, here)
    whole = hatchery.command(here, line, later=2 * DAY)
    assert whole.code == 0, whole.err
    places = range(0, 2 * whole.writes, step)
    for at in places:
        shutil.rmtree(here)
        shutil.copytree(begun, here)
        assert hatchery.command(here, line, at, 2 * DAY).code == -9
        check(here)
        again = hatchery.command(here, line, later=3 * DAY)
        assert again.code == 0, again.err
        check(here)
    return len(places)


def make_and_prune(hatchery: Hatchery, folder: Path, step: int, few: int) -> tuple[int, int]:
    begun = backed_up(hatchery, folder / "begun")
    made = killed_commands(
        hatchery, begun, "backup make B", step, lambda here: check_backups(hatchery, here, 4)
    )
    shutil.rmtree(folder / "here")
    for line in ("backup make B", "backup prune B --keep 1 --yes"):
        assert hatchery.command(begun, line).code == 0
    pruned = killed_commands(
        hatchery,
        begun,
        "backup prune B --keep 1 --yes",
        few,
        lambda here: check_backups(hatchery, here, 3),
    )
    return made, pruned


def test_a_backup_or_pruning_that_is_killed_leaves_all_backups_whole(
    hatchery: Hatchery, tmp_path: Path
) -> None:
    made, pruned = make_and_prune(hatchery, tmp_path, 53, 11)

    assert made > 1
    assert pruned > 1


@pytest.mark.soak
@pytest.mark.timeout(7_200)
def test_a_backup_or_pruning_that_is_killed_at_any_write_leaves_all_backups_whole(
    hatchery: Hatchery, tmp_path: Path
) -> None:
    made, pruned = make_and_prune(hatchery, tmp_path, 1, 1)

    assert made > 100
    assert pruned > 10
