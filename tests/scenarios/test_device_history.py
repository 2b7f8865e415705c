"""Two vaults with a folder: what was is put back, what is erased goes, what is wanted lies here."""

import shutil
from pathlib import Path

import pytest

from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.node.devicework import DeviceWork
from sealhold.node.pairingwork import joined
from tests.scenarios.test_device_commands import Desk
from tests.scenarios.vaults import Hands, opened


@pytest.fixture
def two(tmp_path: Path) -> tuple[Desk, Desk]:
    """Return a laptop and a phone that keep the folder `notes` equal, over a stick."""
    found: list[Desk] = []
    for number in range(2):
        folder = tmp_path / f"desk{number}"
        (folder / "notes").mkdir(parents=True)
        desk = Desk(folder, number)
        assert desk.line("init --headless").code == 0
        found.append(desk)
    one, other = found
    stick = f"folder:{tmp_path / 'stick'}"
    (one.folder / "notes" / "a.txt").write_text("first words")
    for line in ("device begin laptop", f"device place add {stick}", "device keep notes"):
        assert one.line(line).code == 0, line
    one.told("device", "sync")
    with opened(one.home, Hands(one.now)) as first, opened(other.home, Hands(one.now)) as second:
        joined(DeviceWork(first), DeviceWork(second), "phone", place=stick)
    other.now = one.now
    other.told("device", "sync")
    assert other.line("device keep notes").code == 0
    return one, other


def later(*desks: Desk, by: int) -> None:
    now = max(each.now for each in desks) + by
    for each in desks:
        each.now = Instant(now)


def files(desk: Desk) -> dict[str, bytes]:
    """Return what lies in the folder, by path."""
    top = desk.folder / "notes"
    found = [each for each in top.rglob("*") if each.is_file() and each.name != ".sealhold"]
    return {str(each.relative_to(top)): each.read_bytes() for each in found}


def test_a_folder_that_was_deleted_comes_back_with_its_files_and_on_both_devices(
    two: tuple[Desk, Desk],
) -> None:
    one, other = two
    trip = one.folder / "notes" / "trip"
    trip.mkdir()
    (trip / "day1.txt").write_text("the sea")
    (trip / "day2.bin").write_bytes(b"hills " * 2_000)
    for desk in (one, other):
        desk.told("device", "sync")
    later(one, other, by=DAY)
    (other.folder / "notes" / "a.txt").write_text("second words")
    (other.folder / "notes" / "new.txt").write_text("made since")
    shutil.rmtree(other.folder / "notes" / "trip")
    other.told("device", "sync", "--deletes")
    one.told("device", "sync")
    assert not trip.exists()

    shown = one.told("device", "history", "notes/a.txt")["versions"]
    stands = [("phone", "shown"), ("laptop", "before")]
    assert [(each["device"], each["stands"]) for each in shown] == stands
    was = {each["path"]: each for each in one.told("device", "history", "notes")["files"]}
    assert was["trip/day2.bin"]["is_deleted"]
    then = one.told("device", "history", "notes", "--at", "12h")["files"]
    assert [each["path"] for each in then] == ["a.txt", "trip/day1.txt", "trip/day2.bin"]

    look = one.told("device", "restore", "notes", "--at", "12h", "--preview")
    told = {each["path"]: each["what"] for each in look["changes"]}
    back = dict.fromkeys(("trip", "trip/day1.txt", "trip/day2.bin"), "back")
    assert told == {"a.txt": "content", **back}
    assert (look["made_since"], look["made_since_goes"]) == (["new.txt"], False)
    assert not trip.exists()
    assert one.told("device", "restore", "notes/trip", "--at", "12h")["is_done"]
    assert (trip / "day2.bin").read_bytes() == b"hills " * 2_000
    assert (one.folder / "notes" / "a.txt").read_text() == "second words"
    later(one, other, by=HOUR)
    one.told("device", "restore", "notes", "--at", "12h", "--exact")
    other.told("device", "sync", "--deletes")
    for desk in (one, other):
        assert files(desk) == {
            "a.txt": b"first words",
            "trip/day1.txt": b"the sea",
            "trip/day2.bin": b"hills " * 2_000,
        }
    later(one, other, by=DAY)
    one.told("device", "restore", "notes/new.txt", "--at", "1470m")  # and undone: nothing was lost
    assert (one.folder / "notes" / "new.txt").read_text() == "made since"
    assert one.line("device restore notes --at 9000d").code == 4
    assert one.line("audit verify").code == 0


def test_what_is_erased_leaves_both_folders_and_who_was_away_is_named(
    two: tuple[Desk, Desk],
) -> None:
    one, other = two
    other.told("device", "sync")
    look = one.told("device", "erase", "notes/a.txt", "--dry-run")
    assert (look["files"], look["versions"]) == (["a.txt"], 1)
    assert (one.folder / "notes" / "a.txt").exists()
    (one.folder / "notes" / "a.txt").write_text("not synced yet")
    done = one.told("device", "erase", "notes/a.txt")
    assert sorted(done["outstanding"]) == ["laptop", "phone"]
    assert not (one.folder / "notes" / "a.txt").exists()
    for _ in range(2):
        one.told("device", "sync")
    (far,) = one.told("device", "erase", "--state")["erasures"]
    assert "phone" in far["outstanding"]
    assert (other.folder / "notes" / "a.txt").exists()  # it is away
    for desk in (other, one, other, one, other, one):
        desk.told("device", "sync")
    assert not (other.folder / "notes" / "a.txt").exists()
    for desk in (one, other):
        (far,) = desk.told("device", "erase", "--state")["erasures"]
        assert (far["erased"], far["outstanding"]) == (1, [])
        assert desk.told("device", "history", "notes")["files"] == []
    assert one.line("device erase notes/a.txt").code == 4
    assert one.line("device erase notes").code == 2
    assert one.line("audit verify").code == 0


def test_a_phone_keeps_names_alone_fetches_on_demand_and_keeps_what_nobody_else_has(
    two: tuple[Desk, Desk],
) -> None:
    one, other = two
    photo = b"a picture " * 1_000
    (one.folder / "notes" / "photo.jpg").write_bytes(photo)
    one.told("device", "sync")
    (profile,) = other.told("device", "profile", "set", "index")["profiles"]
    assert profile["which"] == "index"
    other.told("device", "sync")
    here = other.folder / "notes"
    # nobody knows yet that the phone lets go, so it keeps nothing it never had, and relies on none
    assert sorted(each.name for each in here.iterdir()) == [".sealhold"]
    listed = [each["path"] for each in other.told("device", "history", "notes")["files"]]
    assert listed == ["a.txt", "photo.jpg"]

    other.told("device", "fetch", "notes/photo.jpg")
    assert (here / "photo.jpg").read_bytes() == photo
    (here / "mine.txt").write_text("made on the phone")
    other.told("device", "sync")
    later(one, other, by=2 * DAY)
    other.told("device", "sync")
    # fetched two days ago, and not wanted: but no device said that it has either of them
    assert (here / "photo.jpg").exists()
    assert (here / "mine.txt").exists()
    (profile,) = other.told("device", "profile", "show")["profiles"]
    assert (profile["stuck"], profile["relied_on"]) == (["mine.txt", "photo.jpg"], [])

    for desk in (one, other):
        desk.told("device", "sync")
    assert sorted(each.name for each in here.iterdir()) == [".sealhold"]
    assert (one.folder / "notes" / "mine.txt").read_text() == "made on the phone"
    (profile,) = other.told("device", "profile", "show")["profiles"]
    assert (profile["here"], profile["relied_on"]) == (0, ["laptop"])

    assert other.line("device pin notes/mine.txt").code == 0
    other.told("device", "sync")
    later(one, other, by=2 * DAY)
    other.told("device", "sync")
    assert (here / "mine.txt").read_text() == "made on the phone"
    assert other.line("device unpin notes/mine.txt").code == 0
    other.told("device", "sync")
    assert not (here / "mine.txt").exists()
    other.told("device", "profile", "set", "all")
    other.told("device", "sync")
    assert (here / "photo.jpg").read_bytes() == photo
    assert other.line("device profile set some").code == 2
