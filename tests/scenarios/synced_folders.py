"""Devices with a folder each, that pass operations, versions and contents to each other in memory.

This is the loop that a replica runs around a folder: scan, make operations and versions, take in
those of others, compute what is wanted, apply it.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from sealhold.crypto.secret import Secret
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.applying import Applied
from sealhold.sharing.devices.comparing import Change, Compared, What
from sealhold.sharing.devices.conflict import Version, Versions
from sealhold.sharing.devices.disk import Disk
from sealhold.sharing.devices.folder import Folder, Made
from sealhold.sharing.devices.keptrows import Kind, MemoryKept
from sealhold.sharing.devices.logicaltime import LogicalClock
from sealhold.sharing.devices.namespace import Tree
from sealhold.sharing.devices.reading import Digests
from sealhold.sharing.devices.scanning import put_marker
from sealhold.sharing.devices.treeops import Op, delete, move, place
from sealhold.sharing.devices.writing import Wanted

DIGESTS = Digests(Secret(bytes(32), "of the test"))
MARK = b"m" * 16
_numbers = count(1)


def fresh(length: int) -> bytes:
    return next(_numbers).to_bytes(length, "big")


class Device:
    """A replica of one collection, with a folder."""

    def __init__(
        self, root: Path, name: str, opening: Callable[[Path], Disk] = Disk, ahead: int = 3_600_000
    ) -> None:
        self.root = root
        self.id = name.encode().ljust(16, b"-")
        self.now = Instant(1_700_000_000_000)
        self.tree = Tree()
        self.versions = Versions()
        self.blobs: dict[bytes, tuple[bytes, Kind, int, int, bytes]] = {}  # by version
        self.kept = MemoryKept()
        self.clock = LogicalClock(self._tick)
        self.sent = 0  # bytes of content that others did not have
        self.known: set[bytes] = set()  # digests of contents that were sent
        self._ahead = ahead
        if not root.exists():
            root.mkdir()
            disk = Disk(root)
            put_marker(disk, MARK)
            disk.close()
        self.opening = opening
        self.folder = self.opened()

    def opened(self) -> Folder:
        return Folder(
            self.root,
            mark=MARK,
            kept=self.kept,
            digests=DIGESTS,
            clock=self._later,
            entropy=fresh,
            opening=self.opening,
        )

    def again(self, opening: Callable[[Path], Disk] = Disk) -> None:
        """Start anew after a kill."""
        self.opening = opening
        self.folder = self.opened()
        self.folder.recover()

    def push(self, allowed: frozenset[str] = frozenset()) -> Compared:
        """Take in what somebody did in the folder."""
        found = self.folder.changes(allowed)
        made = [each for change in list(found.changes) if (each := self._make(change))]
        self.folder.done(made)
        return found

    def pull(self, *others: "Device") -> Applied:
        """Take in what other devices have, and make the folder equal to it."""
        for other in others:
            self.tree.apply(other.tree.ops())
            self.blobs.update(other.blobs)
            self.known |= other.known
            for thing in list(other.versions._of):
                for version in other.versions.of(thing):
                    self.versions.add(version)
                    self.clock.saw(version.time)
            for op in other.tree.ops():
                self.clock.saw(op.time)
        return self.folder.apply(self.wanted(), self.content)

    def wanted(self) -> list[Wanted]:
        wanted = []
        for thing, shown in self.tree.shown(self.versions.edited_over_deletes()).items():
            path = "/".join(shown.path)
            if shown.is_folder:
                wanted.append(Wanted(object=thing, path=path, kind=Kind.FOLDER, mode=0o755))
                continue
            version = self.versions.standing(thing).shown
            if version is not None:
                data, kind, mode, mtime, digest = self.blobs[version.id]
                wanted.append(
                    Wanted(
                        object=thing,
                        path=path,
                        kind=kind,
                        mode=mode,
                        mtime_ns=mtime,
                        size=len(data),
                        digest=digest,
                        version=version.id,
                    )
                )
        return wanted

    def content(self, wanted: Wanted) -> Iterator[bytes]:
        data = self.blobs[wanted.version][0]
        return (data[at : at + 70_000] for at in range(0, len(data), 70_000))

    def write(self, path: str, text: str) -> None:
        where = self.root / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(text)

    def texts(self) -> dict[str, str]:
        """Return what lies in the folder, without what is ours."""
        return {
            str(each.relative_to(self.root)): "" if each.is_dir() else each.read_text()
            for each in sorted(self.root.rglob("*"))
            if not each.name.startswith(".sealhold")
        }

    def _make(self, change: Change) -> Made | None:
        thing, at = change.object, self.clock.tick()
        if change.what is What.MOVED:
            self._op(move(thing, at, self.id, parent=change.parent, name=change.name))
            return Made(change)
        if change.what is What.DELETED:
            self._op(delete(thing, at, self.id))
            if change.row is not None and change.row.version:
                self._version(thing, change.row.version, None)
            return Made(change)
        if change.kind is Kind.FOLDER:
            assert change.parent is not None
            self._op(place(thing, change.parent, change.name, at, self.id, is_folder=True))
            return Made(change)
        taken = self.folder.take(change, b"".join)
        if taken is None:
            return None
        if change.what is What.CREATED:
            assert change.parent is not None
            self._op(place(thing, change.parent, change.name, at, self.id))
        if taken.digest not in self.known:
            self.known.add(taken.digest)
            self.sent += len(taken.result)
        seen = taken.seen
        before = change.row.version if change.row else None
        digest = DIGESTS.version(change.kind, seen.mode, taken.digest)
        version = self._version(thing, before, digest)
        self.blobs[version] = (
            taken.result, change.kind, seen.mode, seen.stat.mtime_ns, taken.digest,
        )  # fmt: skip
        return Made(change, version, seen, taken.digest)

    def _op(self, op: Op) -> None:
        self.tree.apply([op])

    def _version(self, thing: bytes, before: bytes | None, content: bytes | None) -> bytes:
        made = Version(
            id=fresh(16),
            object=thing,
            parents=frozenset() if before is None else frozenset([before]),
            time=self.clock.tick(),
            device=self.id,
            content=content,
        )
        self.versions.add(made)
        return made.id

    def _tick(self) -> Instant:
        self.now = Instant(self.now + 1)
        return self.now

    def _later(self) -> Instant:
        """Return a time so late that no file looks as if it were just written."""
        latest = max((each.lstat().st_ctime_ns for each in self.root.rglob("*")), default=0)
        return Instant(latest // 1_000_000 + self._ahead)


def settle(*devices: Device) -> None:
    """Let all devices hear of each other until nothing is new."""
    for _ in range(3):
        for device in devices:
            device.push()
            device.pull(*(other for other in devices if other is not device))
