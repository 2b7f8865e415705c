"""Acceptance 7: one story by relay, network, bucket and stick comes to one state on every device.

Three devices, each with a folder: files are written, edited, moved, deleted, and edited by two at
the same time; a long one is among them. Carriers are changed in the middle, and the stick is pulled
out while somebody writes to it.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from sealhold.model.errors import StoreUnavailableError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.model.quantities import Instant
from sealhold.net.mdns import Seen
from sealhold.net.relay.calling import Caller
from sealhold.net.transports.lan import LanPeer, lan_caller
from sealhold.sharing.devices import lan
from sealhold.sharing.devices.foldersync import FolderSync, bind
from sealhold.sharing.devices.joinpapers import Way, carrier_id
from sealhold.sharing.devices.reaching import by_relay, by_store
from sealhold.sharing.devices.syncing import Reached, Round, Syncing
from sealhold.stores.backends.folder import FolderObjects
from sealhold.stores.backends.memory import MemoryObjects
from sealhold.stores.spec import Kept, ObjectStore
from tests import relayed_devices
from tests.conformance import s3server
from tests.relaying import NOW, Running, running
from tests.unit.memory_vault import NOON
from tests.unit.owned_devices import Machine, machines

NAMES = ("laptop", "phone", "desk")
LONG = Random(7).randbytes(1_300_000)  # several chunks, in packs
EDITED = LONG[:600_000] + b"another middle" + LONG[600_000:]
HERE = ("127.0.0.1",)
EXPECTED = {
    "archive": b"",
    "archive/big.bin": EDITED,
    "archive/new.txt": b"put into a folder while it was renamed",
    "kept": b"",
    "kept/b.md": b"b",
    "notes": b"",
    "notes/a.md": b"an edit outweighs a delete",
    "notes/both.md": b"by the phone, at the same time",
    "notes/c.md": b"c, edited by the phone",
}
SIBLINGS = {"notes/both.md": [b"by the laptop"]}


class Hand:
    """A clock that somebody moves."""

    def __init__(self) -> None:
        self.now = int(NOON)

    def __call__(self) -> Instant:
        return Instant(self.now)


@dataclass
class Stick:
    """A folder as one device has it, which may be pulled out after some puts."""

    folder: Path
    objects: ObjectStore
    left: int | None = None  # puts until it is pulled out; None: it stays

    def put(self, name: ObjectName, sealed: SealedBytes) -> Kept:
        if self.left == 0:
            torn = self.folder.joinpath(*(f"{part}+" for part in name.split("/")[:-1]))
            torn.mkdir(parents=True, exist_ok=True)
            (torn / f"{name.rpartition('/')[2]}=").write_bytes(bytes(sealed)[: len(sealed) // 2])
            self.left = -1
        self._here()
        if self.left is not None:
            self.left -= 1
        return self.objects.put(name, sealed)

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> SealedBytes:
        self._here()
        return self.objects.get(name, offset, length)

    def head(self, name: ObjectName) -> int:
        self._here()
        return self.objects.head(name)

    def delete(self, name: ObjectName) -> None:
        self._here()
        self.objects.delete(name)

    def names(self, prefix: str = "") -> Iterator[ObjectName]:
        self._here()
        return self.objects.names(prefix)

    def _here(self) -> None:
        if self.left == -1:
            raise StoreUnavailableError("the stick was pulled out")


@dataclass
class Desk:
    """A device with its folder."""

    name: str
    machine: Machine
    root: Path
    hand: Hand
    syncing: Syncing = field(init=False)
    folder: FolderSync | None = None

    def __post_init__(self) -> None:
        self.syncing = Syncing(self.machine.devices, [])

    def begin(self) -> None:
        """Keep the folder equal, from an empty one on."""
        devices = self.machine.devices
        entropy = self.machine.vault.core.entropy
        self.root.mkdir()
        bind(self.machine.files(), devices.keeping, self.root, entropy)
        self.folder = FolderSync(self.machine.files(), devices.keeping, self.hand, entropy)

    def take(self) -> None:
        """Write down what was done to the folder, later than all before."""
        self.hand.now += 60_000
        assert self.folder is not None
        done = self.folder.take()
        assert (done.busy, done.held) == ([], None)

    def round(self) -> Round:
        """Exchange, and put what came."""
        self.hand.now += 1_000
        done = self.syncing.round()
        failed = {} if self.folder is None else self.folder.put().failed
        assert done.away or not failed
        return done

    def state(self) -> dict[str, tuple[bytes, list[bytes]]]:
        """Return what stands at each path: what is shown, and what stands beside it."""
        opened = self.machine.files()
        state, found = opened.replica.state, {}
        for thing, each in state.tree.shown(state.versions.edited_over_deletes()).items():
            standing = state.versions.standing(thing)
            versions = [] if standing.shown is None else [standing.shown, *standing.siblings]
            said = [b"".join(opened.bodies.read(state.content(one.id))) for one in versions]
            found["/".join(each.path)] = ((said or [b""])[0], sorted(said[1:]))
        return found

    def lies(self) -> dict[str, bytes]:
        """Return what lies in the folder itself."""
        return {
            str(path.relative_to(self.root)): path.read_bytes() if path.is_file() else b""
            for path in self.root.rglob("*")
            if path.name != ".sealhold"
        }


@dataclass
class Story:
    """Three devices, and what carries between them now."""

    desks: list[Desk]
    stack: ExitStack
    folder: Path
    relay: Running | None
    sticks: list[Stick] = field(default_factory=list)
    servers: list[lan.LanServer] = field(default_factory=list)

    def by(self, kind: str) -> None:
        """Go on by another kind of carrier, and no longer by the one of before."""
        found = {
            "relay": self._relay,
            "lan": self._lan,
            "bucket": self._bucket,
            "folder": self._stick,
        }[kind]()
        kept = [[each.own()] for each in self.servers if kind != "lan"] or [[], [], []]
        for desk, carriers, sources in zip(self.desks, found, kept, strict=True):
            desk.syncing.reach(carriers, sources)

    def settle(self, rounds: int = 3) -> None:
        """Have all devices exchange until nothing is left to say."""
        for at in range(rounds):
            done = [self._round(at_desk) for at_desk in range(len(self.desks))]
            for each in done:
                assert each.away == []
                assert at < rounds - 1 or (each.troubles, each.taken, each.given) == ([], 0, 0)

    def _round(self, at: int) -> Round:
        done = self.desks[at].round()
        for server in self.servers:
            server.renew()
        return done

    def _relay(self) -> list[list[Reached]]:
        relay = self.relay
        assert relay is not None
        caller = relay.caller
        way = relayed_devices.way_of(relay)
        return [
            [
                by_relay(
                    carrier_id(way, each.machine.devices.base),
                    way,
                    relay.address,
                    each.machine.devices,
                    lambda: NOW,
                    lambda _: caller(),
                )
            ]
            for each in self.desks
        ]

    def _lan(self) -> list[list[Reached]]:
        self.servers = self.servers or [
            self.stack.enter_context(
                lan.LanServer(each.machine.devices, MemoryObjects(), hosts=HERE)
            )
            for each in self.desks
        ]
        return [self._others(at) for at in range(len(self.desks))]

    def _others(self, at: int) -> list[Reached]:
        devices = self.desks[at].machine.devices
        found = [self.servers[at].own()]
        for other, server in zip(self.desks, self.servers, strict=True):
            id_ = other.machine.devices.me.id
            if id_ in lan.expected(devices, NOON).values():  # a newcomer knows who took it in
                seen = Seen("0" * 16, HERE, server.port)
                found.append(lan.reached_at(devices, id_, seen, self._calling))
        return found

    def _calling(self, peer: LanPeer) -> Caller:
        return self.stack.enter_context(closing(lan_caller(peer)))

    def _bucket(self) -> list[list[Reached]]:
        way = Way(kind="bucket", address="s3://vault/story")
        return self._stores(way, lambda: s3server.objects_of(self.folder / "bucket"))

    def _stick(self) -> list[list[Reached]]:
        path = self.folder / "stick"
        path.mkdir(exist_ok=True)
        return self._stores(Way(kind="folder", address="folder:stick"), lambda: self._in(path))

    def _in(self, path: Path) -> Stick:
        self.sticks.append(Stick(path, FolderObjects(path, f"{len(self.sticks)}")))
        return self.sticks[-1]

    def _stores(self, way: Way, opened: Callable[[], ObjectStore]) -> list[list[Reached]]:
        return [
            [by_store(carrier_id(way, each.machine.devices.base), way, opened())]
            for each in self.desks
        ]


@contextmanager
def begun(folder: Path, kind: str) -> Iterator[Story]:
    """Return three devices that know each other, and sync by one kind of carrier."""
    hand = Hand()
    with ExitStack() as stack:
        relay = stack.enter_context(running()) if kind == "relay" else None
        if relay is None:
            found = stack.enter_context(machines(3, clock=hand))
        else:
            found = relayed_devices.begun(relay, 3, stack, clock=hand)
        desks = [
            Desk(name, each, folder / name, hand) for name, each in zip(NAMES, found, strict=True)
        ]
        story = Story(desks, stack, folder, relay)
        story.by(kind)
        story.settle(4)
        story.by(kind)  # a newcomer knows now who else is there
        for each in desks:
            each.begin()
            if each.folder is not None:
                stack.callback(each.folder.close)
        yield story


def write(desk: Desk, name: str, said: bytes) -> None:
    path = desk.root / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(said)


def first(laptop: Desk, _phone: Desk, _desk: Desk) -> list[Desk]:
    for name, said in (
        ("notes/a.md", b"a"),
        ("notes/b.md", b"b"),
        ("notes/c.md", b"c"),
        ("notes/both.md", b"of nobody yet"),
        ("films/big.bin", LONG),
        ("old.txt", b"to be deleted"),
    ):
        write(laptop, name, said)
    return [laptop]


def second(laptop: Desk, phone: Desk, desk: Desk) -> list[Desk]:
    write(phone, "notes/c.md", b"c, edited by the phone")
    (desk.root / "kept").mkdir()
    (desk.root / "notes/b.md").rename(desk.root / "kept/b.md")
    (laptop.root / "old.txt").unlink()
    return [laptop, phone, desk]


def third(laptop: Desk, phone: Desk, desk: Desk) -> list[Desk]:
    write(laptop, "notes/both.md", b"by the laptop")
    write(phone, "notes/both.md", b"by the phone, at the same time")
    write(desk, "films/big.bin", EDITED)
    return [laptop, phone, desk]


def fourth(laptop: Desk, phone: Desk, desk: Desk) -> list[Desk]:
    (laptop.root / "films").rename(laptop.root / "archive")
    write(phone, "films/new.txt", b"put into a folder while it was renamed")
    (desk.root / "notes/a.md").unlink()
    write(laptop, "notes/a.md", b"an edit outweighs a delete")
    return [desk, phone, laptop]


CHAPTERS = (first, second, third, fourth)


def told(state: dict[str, tuple[bytes, list[bytes]]]) -> str:
    """Return the hash of a state."""
    hashed = sha256()
    for path, (shown, siblings) in sorted(state.items()):
        for each in (path.encode(), shown, *siblings):
            hashed.update(sha256(each).digest())
        hashed.update(b"next")
    return hashed.hexdigest()


WANTED = told({path: (said, SIBLINGS.get(path, [])) for path, said in EXPECTED.items()})


def pulled_out(story: Story, desk: Desk) -> None:
    """Have the stick pulled out of a device while it writes there, and put in again."""
    stick = story.sticks[-3 + story.desks.index(desk)]
    stick.left = 1
    done = desk.round()
    assert done.away == ["folder:stick"]
    stick.left = None


@pytest.mark.parametrize(
    "kinds",
    [
        *(
            pytest.param((kind,), marks=pytest.mark.soak, id=kind)
            for kind in ("relay", "lan", "bucket", "folder")
        ),
        pytest.param(("relay", "lan", "bucket", "folder"), id="all in turn"),
    ],
)
def test_acceptance_7_every_carrier_comes_to_the_same_state(
    kinds: tuple[str, ...], tmp_path: Path
) -> None:
    with begun(tmp_path, kinds[0]) as story:
        for number, chapter in enumerate(CHAPTERS):
            kind = kinds[number % len(kinds)]
            if number and len(kinds) > 1:
                story.by(kind)
            changed = chapter(*story.desks)
            for each in changed:
                each.take()
            if kind == "folder":
                pulled_out(story, changed[-1])
            story.settle()
        for each in story.desks:
            assert {path: said for path, (said, _) in each.state().items()} == EXPECTED
            assert each.lies() == EXPECTED
            assert told(each.state()) == WANTED
        assert all(server.faults == 0 for server in story.servers)
