"""`sealhold bench sync`: a folder on two devices through a relay, beside Syncthing.

- Ours: two devices as processes that watch, and a relay as a third; everything is sealed, signed,
  logged and synced to the disk. Syncthing's two talk directly, in clear, its watcher at one second.
- A first sync begins when the tree is moved into a watched, empty folder, and ends when the other
  folder has each file whole: the same for both, and sides take turns. Syncthing's is measured once
  more from the moment at which a folder that is full already is shared, which no watcher delays.
- What a round wrote stays until the end, 3 GB in all: for minutes after many files were deleted,
  ext4 makes new ones at a quarter of its rate, and the next round would be measured so.
- A small change is a line in a note: until the other folder has it.

Source: docs/benchmarks.md.
"""

import filecmp
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from queue import Empty, Queue
from random import Random
from statistics import median
from threading import Thread
from typing import IO, Any, Final

from sealhold.bench import syncthing
from sealhold.bench.harness import ABSENT, Bench
from sealhold.bench.processes import program, surroundings
from sealhold.bench.rekeying import measure_rekeying
from sealhold.bench.trees import SEED, edited, grow_tree
from sealhold.bench.vaults import PASSPHRASE, new_vault
from sealhold.node import opened, relaying
from sealhold.node.devicework import DeviceWork
from sealhold.node.pairingwork import joined
from sealhold.node.places import Places
from sealhold.node.world import World

ROUNDS: Final = 3
CHANGES: Final = 15
ROOM: Final = 4_000_000_000  # bytes at the relay
PATIENCE: Final = 120.0
NAME: Final = "tree"
LOOK: Final = 0.01  # seconds between two looks whether a folder has all
HIDDEN: Final = (".sealhold", ".syncthing", ".stfolder")  # markers, and files that are not whole


def measure(bench: Bench) -> None:
    """Measure each part in turn."""
    tree = bench.folder / "tree"
    tree.mkdir()
    bench.say("growing the tree")
    grow_tree(tree, quick=bench.quick)
    version = syncthing.version()
    bench.peers["syncthing"] = version or ABSENT
    ours, theirs, full = list[float](), list[float](), list[float]()
    for number in range(1 if bench.quick else ROUNDS):
        bench.say(f"first sync, round {number + 1}: sealhold")
        room = bench.folder / f"ours-{number}"
        room.mkdir()
        with _Two.running(room) as two:
            ours.append(two.first(tree))
            if number == 0:
                _changes(bench, two)
        if version is not None:
            bench.say(f"first sync, round {number + 1}: syncthing")
            theirs.append(_syncthing(bench.folder / f"theirs-{number}", tree))
            full.append(_syncthing(bench.folder / f"full-{number}", tree, is_full=True))
    bench.figures["initial_seconds"] = median(ours)
    if theirs:
        bench.figures["syncthing_initial_seconds"] = median(theirs)
        bench.figures["syncthing_full_folder_seconds"] = median(full)
        bench.ratios["initial_vs_syncthing"] = median(ours) / median(theirs)
        bench.ratios["initial_vs_syncthing_full_folder"] = median(ours) / median(full)
    measure_rekeying(bench)


def _changes(bench: Bench, two: "_Two") -> None:
    """Measure what small changes cost, once both folders are equal."""
    bench.say("small changes")
    draw = Random(SEED)  # noqa: S311  # reason: bytes to be measured with
    taken = []
    for number in range(3 if bench.quick else CHANGES):
        two.quiet()
        note = f"notes/00/{number}.md"
        text = (two.source / note).read_bytes() + b"\none line more\n"
        started = time.perf_counter()
        (two.source / note).write_bytes(text)
        two.until(partial(_has, two.target / note, text))
        taken.append(1000 * (time.perf_counter() - started))
    bench.figures["small_change_ms_p50"] = median(taken)
    two.quiet()
    film = two.source / "films" / "1.bin"
    before = two.sent()
    film.write_bytes(edited(film.read_bytes(), draw))
    said = film.read_bytes()
    two.until(lambda: _has(two.target / "films" / "1.bin", said))
    two.quiet()
    bench.figures["edit_17mb_bytes"] = two.sent()[0] - before[0]
    before = two.sent()
    (two.source / "films" / "2.bin").rename(two.source / "films" / "moved.bin")
    two.until((two.target / "films" / "moved.bin").exists)
    two.quiet()
    after = two.sent()
    bench.figures["rename_content_bytes"] = after[1] - before[1]
    bench.figures["rename_bytes"] = after[0] - before[0]
    bench.check(_is_equal(two.source, two.target), "the folders differ")


def _syncthing(room: Path, tree: Path, *, is_full: bool = False) -> float:
    """Return the seconds of a first sync by the peer, of a tree that comes, or is there already.

    Raises:
        ValueError: what the other has is not the same.
        TimeoutError: it did not come to have it.
    """
    room.mkdir()
    source, target, copied = room / "source", room / "target", room / "copied"
    source.mkdir()
    target.mkdir()
    shutil.copytree(tree, source if is_full else copied, dirs_exist_ok=True)
    with syncthing.Pair(room, source, target) as pair:
        pair.connected()
        if not is_full:
            pair.share()
            pair.watched()
        os.sync()
        started = time.perf_counter()
        if is_full:
            pair.share()
        else:
            _move(copied, source)
        _until(_all_there(target, tree), pause=LOOK)
        taken = time.perf_counter() - started
    if not _is_equal(tree, target):
        raise ValueError("the peer's folders differ after a first sync")
    return taken


def _move(copied: Path, source: Path) -> None:
    for each in copied.iterdir():
        each.rename(source / each.name)


def _until(holds: Callable[[], bool], pause: float) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("the folders did not come to be equal")
        time.sleep(pause)


class _Device:
    """A process that watches, and what it says."""

    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # reason: a program of ours
            program("--home", str(home), "--json", "device", "sync", "--watch"),
            env={**surroundings(PASSPHRASE), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.rounds: list[Mapping[str, Any]] = []
        self._said: Queue[Mapping[str, Any]] = Queue()
        if self._process.stdout is None:
            raise OSError("a device says nothing")
        self._thread = Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._thread.start()

    def first(self) -> None:
        """Wait for the first round."""
        self.rounds.append(self._said.get(timeout=PATIENCE))

    def look(self) -> None:
        """Take in what it said since."""
        while True:
            try:
                self.rounds.append(self._said.get_nowait())
            except Empty:
                return

    def end(self) -> None:
        """Stop it, by its pid."""
        self._process.terminate()
        self._process.wait(20)
        self._thread.join(5)

    def _read(self, said: IO[bytes]) -> None:
        for line in said:
            self._said.put(json.loads(line))


class _Two:
    """Two devices that watch a folder each, and a relay between them."""

    def __init__(self, one: _Device, other: _Device, source: Path, target: Path) -> None:
        self.one, self.other, self.source, self.target = one, other, source, target

    @classmethod
    @contextmanager
    def running(cls, room: Path) -> Iterator["_Two"]:
        """Make a relay and two devices in `room`, and let them run."""
        with ExitStack() as stack:
            address, token = _relay(room / "relay", stack)
            source, target = room / "source", room / "target"
            homes = [new_vault(room / name) for name in ("one", "other")]
            with opened(homes[0], PASSPHRASE) as first, opened(homes[1], PASSPHRASE) as second:
                one, other = DeviceWork(first), DeviceWork(second)
                one.begin("one")
                one.add_carrier(address, token)
                one.create(NAME)
                joined(one, other, "other")
                for work, folder in ((one, source), (other, target)):
                    folder.mkdir()
                    work.bind(NAME, folder)
            devices = [_Device(home) for home in homes]
            for device in devices:
                stack.callback(device.end)
                device.first()
            yield cls(devices[0], devices[1], source, target)

    def first(self, tree: Path) -> float:
        """Move a copy of the tree into the first folder; return seconds until the other has it.

        Raises:
            ValueError: what the other has is not the same.
            TimeoutError: it did not come to have it.
        """
        copied = self.source.with_name("copied")
        shutil.copytree(tree, copied)
        os.sync()
        started = time.perf_counter()
        _move(copied, self.source)
        self.until(_all_there(self.target, tree), pause=LOOK)
        taken = time.perf_counter() - started
        if not _is_equal(self.source, self.target):
            raise ValueError("the folders differ after a first sync")
        return taken

    def until(self, holds: Callable[[], bool], pause: float = 0.002) -> None:
        """Wait until something holds; it is asked every `pause` seconds.

        Raises:
            TimeoutError: it does not.
        """
        _until(holds, pause)

    def quiet(self) -> None:
        """Wait until neither device has anything to do."""
        time.sleep(1.2)

    def sent(self) -> tuple[int, int]:
        """Return how many bytes the first device has sent, and how many of them content."""
        self.one.look()
        given = sum(each["given_bytes"] for each in self.one.rounds)
        return given, sum(each["content_bytes"] for each in self.one.rounds)


def _relay(folder: Path, stack: ExitStack) -> tuple[str, str]:
    """Run a relay; return its address, and the token of an account."""
    relaying.make(folder, Places(), World())
    _, token = relaying.Accounts(folder).add(ROOM, World().entropy)
    port = syncthing.free_port()
    process = subprocess.Popen(  # noqa: S603  # reason: a program of ours
        program("relay", "serve", str(folder), "--port", str(port)),
        env=surroundings(None),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def end() -> None:
        process.terminate()
        process.wait(30)

    stack.callback(end)
    address = f"http://127.0.0.1:{port}"
    syncthing.answers(f"{address}/v1/health", PATIENCE)
    return address, token


def _all_there(folder: Path, tree: Path) -> Callable[[], bool]:
    """Return what tells whether a folder has each file of a tree; it looks for one that lacks."""
    lacking = [str(folder / each.relative_to(tree)) for each in tree.rglob("*") if each.is_file()]

    def look() -> bool:
        while lacking and os.path.lexists(lacking[-1]):
            lacking.pop()
        return not lacking

    return look


def _has(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except FileNotFoundError:
        return False


def _is_equal(one: Path, other: Path) -> bool:
    """Return whether two folders hold the same files, but for their markers."""
    names = [
        sorted(
            str(each.relative_to(root))
            for each in root.rglob("*")
            if not str(each.relative_to(root)).startswith(HIDDEN)
        )
        for root in (one, other)
    ]
    files = [name for name in names[0] if (one / name).is_file()]
    _, differ, failed = filecmp.cmpfiles(one, other, files, shallow=False)
    return names[0] == names[1] and not differ and not failed
