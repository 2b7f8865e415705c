"""One person's machines, each a home of its own: joined, used, parted, lost, and brought back.

- A laptop, a phone that has some collections, a home server and a machine that holds no key sync
  through a relay. Every command is a process, every pairing one between two terminals.
"""

import json
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.scenarios.device_process import Died, Hatchery, Process
from tests.scenarios.staged_devices import free_port
from tests.scenarios.two_screens import run_both
from tests.transcripts.cli import PASSPHRASE

VIEW = tomllib.loads((Path(__file__).parents[2] / "docs/spec/relay-view.toml").read_text())
NEW = "a new passphrase of mine"
LARGE = 17_000_000  # bytes of a large file of the whole tree

pytestmark = pytest.mark.xdist_group("devices as processes")


@dataclass
class Desk:
    """A machine with a vault of its own."""

    hatchery: Hatchery
    folder: Path

    def does(self, line: str, **known: str) -> Died:
        """Run a command, which has to end well."""
        ended = self.hatchery.command(self.folder, line, env=known)
        assert ended.code == 0, (line, ended)
        return ended

    def told(self, line: str) -> Any:  # noqa: ANN401  # reason: JSON of any form
        return json.loads(self.does(f"{line} --json").out.splitlines()[-1])

    def sync(self) -> Any:  # noqa: ANN401  # reason: JSON of any form
        return self.told("device sync")

    @property
    def notes(self) -> Path:
        return self.folder / "notes"


@dataclass
class House:
    """The machines of a person, and a relay of somebody else."""

    hatchery: Hatchery
    folder: Path
    port: int
    relay: Process

    def desk(self, name: str, more: str = "") -> Desk:
        """Return a new machine with an empty vault."""
        (self.folder / name).mkdir()
        found = Desk(self.hatchery, self.folder / name)
        found.does(f"init --headless {more}".strip())
        return found

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def pair(self, one: Desk, other: Desk, *ways: str) -> None:
        """Have one machine take in another."""
        name = other.folder.name
        codes = run_both(
            one.folder, other.folder, self.address, PASSPHRASE, "yes", name=name, ways=ways
        )
        assert codes == [0, 0], name


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("h")
    with Hatchery(folder) as hatchery:
        ended = hatchery.command(folder, "relay init relay")
        assert ended.code == 0, ended.err
        made = json.loads(hatchery.command(folder, "relay account add relay 2GB --json").out)
        (folder / "token").write_text(made["token"])
        port = free_port()
        yield House(hatchery, folder, port, hatchery.relay(folder / "relay", port))


def grown(folder: Path, seed: int, *, is_whole: bool) -> None:
    """Write a tree of files: some that are small, or all of 200 MB."""
    chance = Random(seed)
    notes, photos, films = (4_000, 400, 8) if is_whole else (12, 2, 0)
    for number in range(notes):
        path = folder / f"year {number % 7}" / f"note {number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"note {number} of quokkas " * chance.randrange(1, 40))
    for number in range(photos):
        (folder / f"photo {number}.jpg").write_bytes(chance.randbytes(100_000))
    film = chance.randbytes(LARGE) if films else b""
    for number in range(films):
        data = film[: LARGE // 2] + chance.randbytes(LARGE // 2) if number == 1 else film
        (folder / f"film {number}").write_bytes(data if number < 2 else chance.randbytes(LARGE))


def lying(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder; the one that marks it is not among them."""
    return {
        str(each.relative_to(folder)): each.read_bytes()
        for each in folder.rglob("*")
        if each.is_file() and each.name != ".sealhold"
    }


@dataclass
class Own:
    """The machines of one person."""

    laptop: Desk
    phone: Desk
    server: Desk


def joined(house: House, *, is_whole: bool) -> Own:
    """Have machines join: by code, by QR text, and one that holds no key."""
    laptop, phone, host = house.desk("laptop"), house.desk("phone"), house.desk("host")
    server = house.desk("server", "--recovery paper")
    for desk in (laptop, phone, server):
        desk.notes.mkdir()
    laptop.does("device begin laptop")
    laptop.does(f"device place add {house.address} --token-file ../token")
    grown(laptop.notes, 1, is_whole=is_whole)
    (laptop.folder / "diary").mkdir()
    (laptop.folder / "diary" / "may.txt").write_text("not for the phone")
    (laptop.folder / "album").mkdir()
    (laptop.folder / "album" / "sea.jpg").write_bytes(Random(9).randbytes(100_000))
    for name in ("notes", "diary", "album"):
        laptop.does(f"device keep {name}")
    laptop.sync()

    house.pair(laptop, server, "--code", "--role", "admin")
    house.pair(laptop, phone, "--role", "limited", "--only", "notes", "--only", "album")
    house.pair(laptop, host, "--code", "--role", "blind")
    for desk in (server, phone):
        desk.does("device keep notes")
        desk.sync()
        assert lying(desk.notes) == lying(laptop.notes)
    names = {each["name"]: each["role"] for each in laptop.told("device list")["devices"]}
    assert names == {"laptop": "admin", "server": "admin", "phone": "limited", "host": "blind"}
    collections = [each["name"] for each in phone.told("device list")["collections"]]
    assert sorted(collections) == ["album", "notes"]
    return Own(laptop, phone, server)


def opened_on_demand(own: Own) -> None:
    """Keep names of pictures alone on the phone, and open one when it is wanted."""
    phone, picture = own.phone, own.phone.folder / "album" / "sea.jpg"
    picture.parent.mkdir()
    phone.does("device profile set index --of album")
    phone.does("device keep album")
    phone.sync()
    assert lying(picture.parent) == {}
    phone.does("device fetch album/sea.jpg")
    assert picture.read_bytes() == (own.laptop.folder / "album" / "sea.jpg").read_bytes()


def parted(house: House, own: Own) -> set[str]:
    """Edit one note on two machines while neither hears of the other; return what a relay saw."""
    laptop, phone, server = own.laptop, own.phone, own.server
    seen: set[str] = house.relay.call("fields")
    house.hatchery.forget(house.relay)
    for desk in (laptop, phone):
        (desk.notes / "year 0" / "note 0.txt").write_text(f"from the {desk.folder.name}")
        assert desk.sync()["away"] == [house.address]
    house.relay = house.hatchery.relay(house.folder / "relay", house.port)
    for desk in (laptop, phone, laptop, server):
        desk.sync()
    (conflict,) = server.told("device sync --conflicts")["conflicts"]
    by = {device: version for version, device, _ in conflict["versions"]}
    assert len(by) == 2
    server.does(f"device resolve {by['laptop']}")
    for desk in (server, phone, laptop):
        desk.sync()
        assert (desk.notes / "year 0" / "note 0.txt").read_text() == "from the laptop"

    return seen


def lost(own: Own) -> None:
    """Lose the laptop: what it had is told to the unit, and nothing later is for it."""
    laptop, phone, server = own.laptop, own.phone, own.server
    had = server.told("device revoke laptop --dry-run")
    files = [each for each in laptop.notes.rglob("*") if each.name != ".sealhold"]
    assert had["collections"] == ["album", "diary", "home", "notes", "vault"]
    assert had["objects"] == len(files) + 2, had
    gone = server.told("device revoke laptop")
    assert {**gone, "receipt": "", "issuer": ""} == had
    paper = server.folder / "laptop.receipt"
    assert server.told(f"device revoke laptop --out {paper}") == gone
    assert server.told(f"verify {paper} --key {gone['issuer']}")["exit_code"] == 0
    (server.notes / "later.txt").write_text("not for the thief")
    for desk in (server, phone):
        desk.sync()
    laptop.sync()
    assert not (laptop.notes / "later.txt").exists()
    assert (phone.notes / "later.txt").read_text() == "not for the thief"


def restored(house: House, own: Own) -> None:
    """Lose the server, of which there is a backup, and cards; and have it again."""
    phone, server = own.phone, own.server
    backup = house.folder / "bucket"
    server.does("key cards paper Cards --needed 3 --cards 5")
    server.does(f"backup recovery {backup}")
    server.does(f"backup make {backup}")
    before = server.told("audit verify")
    cards = sorted((server.folder / "Cards").iterdir())
    bare = Desk(house.hatchery, house.folder / "bare")
    bare.folder.mkdir()
    for at in (4, 0, 2):
        shutil.copy(cards[at], bare.folder)
    shutil.rmtree(server.folder)
    some = " ".join(each.name for each in sorted(bare.folder.iterdir()))
    bare.does(f"key recover {some} --to secret")
    again = {"SEALHOLD_RECOVERY_FILE": "secret", "SEALHOLD_NEW_PASSPHRASE": PASSPHRASE}
    bare.does(f"restore {backup} --recovery", **again)
    after = bare.told("audit verify")
    assert after["size"] > before["size"]

    bare.notes.mkdir()
    bare.does("device leave notes")
    bare.does("device keep notes")
    bare.sync()
    assert lying(bare.notes) == lying(phone.notes)
    (bare.notes / "back.txt").write_text("and goes on")
    bare.sync()
    assert phone.sync()["troubles"] == []
    assert (phone.notes / "back.txt").read_text() == "and goes on"


def lived(house: House, *, is_whole: bool) -> None:
    """Go through the whole of it."""
    own = joined(house, is_whole=is_whole)
    opened_on_demand(own)
    seen = parted(house, own)
    lost(own)
    restored(house, own)
    seen |= house.relay.call("fields")
    assert house.relay.call("calls") > 100
    assert seen - VIEW.keys() == set()
    kept = b"".join(
        each.read_bytes() for each in (house.folder / "relay").rglob("*") if each.is_file()
    )
    for word in (b"quokka", b"note 0", b"laptop", b"not for"):
        assert word not in kept


def test_a_person_joins_uses_and_loses_machines_and_has_everything_again(house: House) -> None:
    lived(house, is_whole=False)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_a_tree_of_two_hundred_megabytes_goes_the_same_way(house: House) -> None:
    lived(house, is_whole=True)
