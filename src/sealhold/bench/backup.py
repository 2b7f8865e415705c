"""`sealhold bench backup`: a tree into packs, again with nothing changed, and back, beside others.

- Ours is the pipeline that backups and devices share, in a process that runs already, with a folder
  as the place: cut, named, compressed, sealed, packed, synced. restic and borg are started for each
  run, encrypt, and keep to a folder, too; making their repository is not counted.
- Sides take turns. What comes back is compared with the tree, file by file.
- The vault's own rows: a whole backup, and one after which nothing changed but its own note.

Source: docs/benchmarks.md.
"""

import filecmp
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Final, Protocol

from sealhold.bench.harness import ABSENT, Bench
from sealhold.bench.processes import ended
from sealhold.bench.treebackup import TreeBackup
from sealhold.bench.trees import SEED, edited, grow_tree
from sealhold.bench.vaults import PASSPHRASE, new_vault
from sealhold.node import backing, opened
from sealhold.node.world import World

MB: Final = 1_000_000
ROWS: Final = 30_000
QUICK_ROWS: Final = 1_000


class Side(Protocol):
    """One program that backs a tree up into a folder, anew for each round."""

    @property
    def place(self) -> Path:
        """Where it keeps."""
        ...

    def begin(self) -> None:
        """Make an empty place."""
        ...

    def run(self) -> float:
        """Back up, and return the seconds."""
        ...

    def restore(self, to: Path) -> float:
        """Bring back what was backed up last, and return the seconds."""
        ...


class Ours:
    """The pipeline."""

    def __init__(self, tree: Path, place: Path) -> None:
        self.place, self._tree = place, tree

    def begin(self) -> None:
        """Make an empty place."""
        self.place.mkdir()
        self._backup = TreeBackup(self._tree, self.place, World().entropy)

    def run(self) -> float:
        """Back up, and return the seconds."""
        return _timed(self._backup.run)

    def restore(self, to: Path) -> float:
        """Bring back what was backed up last, and return the seconds."""
        return _timed(lambda: self._backup.restore(to))


@dataclass(slots=True)
class Program:
    """A peer: its command lines, with `{place}`, `{tree}`, `{to}` and `{turn}` in them."""

    tree: Path
    place: Path
    surroundings: Mapping[str, str]
    init: str
    put: str
    get: str
    turn: int = 0

    def begin(self) -> None:
        """Make an empty place."""
        ended(self._words(self.init), self.surroundings)

    def run(self) -> float:
        """Back up, and return the seconds."""
        self.turn += 1
        return ended(self._words(self.put), self.surroundings)

    def restore(self, to: Path) -> float:
        """Bring back what was backed up last, and return the seconds."""
        return ended(self._words(self.get, to), self.surroundings)

    def _words(self, line: str, to: Path = Path()) -> list[str]:
        told = {"place": self.place, "tree": self.tree, "to": to, "turn": self.turn}
        return [word.format(**told) for word in line.split()]


def measure(bench: Bench) -> None:
    """Measure trees, then the rows of a vault."""
    tree = bench.folder / "tree"
    bench.say("growing the tree")
    bench.figures["files"] = grow_tree(tree, quick=bench.quick)
    sides = _sides(bench, tree)
    found: dict[str, dict[str, list[float]]] = {name: {} for name in sides}
    for turn in range(bench.rounds + 1):
        for name, side in sides.items():
            bench.say(f"round {turn}: {name}")
            told = _round(bench, side, tree)
            if turn:  # the first warms up
                for what, value in told.items():
                    found[name].setdefault(what, []).append(value)
    medians = {
        name: {what: median(values) for what, values in each.items()}
        for name, each in found.items()
    }
    _told(bench, medians)
    bench.figures["edit_17mb_bytes"] = _edit(bench, tree)
    _rows(bench)


def _round(bench: Bench, side: Side, tree: Path) -> dict[str, float]:
    to = bench.folder / "back"
    side.begin()
    told = {"full_seconds": side.run()}
    told["stored_mb"] = _size(side.place) / MB
    told["nochange_seconds"] = side.run()
    to.mkdir()
    told["restore_seconds"] = side.restore(to)
    came = to / str(tree).lstrip("/")  # peers keep the whole path
    bench.check(_same(tree, came if came.is_dir() else to), "what came back is another tree")
    shutil.rmtree(to)
    shutil.rmtree(side.place)
    return told


def _told(bench: Bench, medians: Mapping[str, Mapping[str, float]]) -> None:
    ours = medians["ours"]
    bench.figures |= {f"tree_{what}": value for what, value in ours.items()}
    for name, theirs in medians.items():
        if name != "ours":
            bench.peers[name] = f"{_version(name)}: " + ", ".join(
                f"{what} {value:.3g}" for what, value in theirs.items()
            )
            bench.ratios[f"backup_vs_{name}"] = ours["full_seconds"] / theirs["full_seconds"]
            bench.ratios[f"nochange_vs_{name}"] = (
                ours["nochange_seconds"] / theirs["nochange_seconds"]
            )
            bench.ratios[f"size_vs_{name}"] = ours["stored_mb"] / theirs["stored_mb"]
            bench.ratios[f"restore_vs_{name}"] = ours["restore_seconds"] / theirs["restore_seconds"]


def _sides(bench: Bench, tree: Path) -> dict[str, Side]:
    sides: dict[str, Side] = {"ours": Ours(tree, bench.folder / "ours")}
    plain = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(bench.folder)}
    repo = "--repo {place} --quiet"
    if shutil.which("restic"):
        sides["restic"] = Program(
            tree,
            bench.folder / "restic",
            plain | {"RESTIC_PASSWORD": "bench", "RESTIC_CACHE_DIR": str(bench.folder / "cache")},
            init=f"restic {repo} init",
            put=f"restic {repo} backup {{tree}}",
            get=f"restic {repo} restore latest --target {{to}}",
        )
    if shutil.which("borg"):
        sides["borg"] = Program(
            tree,
            bench.folder / "borg",
            plain | {"BORG_PASSPHRASE": "bench", "BORG_BASE_DIR": str(bench.folder / "borgs")},
            init="borg init --encryption repokey-blake2 {place}",
            put="borg create {place}::{turn} {tree}",
            get="env -C {to} borg extract {place}::{turn}",  # it writes where it stands
        )
    for name in ("restic", "borg"):
        if name not in sides:
            bench.peers[name] = ABSENT
    return sides


def _edit(bench: Bench, tree: Path) -> int:
    """Return the bytes that a kilobyte put into a file of 17 MB sends."""
    place = bench.folder / "edited"
    place.mkdir()
    backup = TreeBackup(tree, place, World().entropy)
    backup.run()
    before, film = _size(place), tree / "films" / "3.bin"
    film.write_bytes(edited(film.read_bytes(), Random(SEED)))  # noqa: S311  # reason: as the tree
    backup.run()
    return _size(place) - before


def _rows(bench: Bench) -> None:
    home, place = bench.folder / "vault", bench.folder / "of the vault"
    new_vault(home)
    file = bench.folder / "rows.jsonl"
    with file.open("w") as lines:
        for n in range(bench.count(ROWS, QUICK_ROWS)):
            lines.write(f'{{"id": "n{n}", "text": "word {n * 7} and {"more " * 20}"}}\n')
    with opened(home, PASSPHRASE) as node:
        node.sources.import_paths([file])
        for name in ("full", "nochange"):
            before = _size(place)
            took = _timed(lambda: backing.back_up(node, str(place), lambda _done, _every: None))
            bench.figures[f"vault_{name}_seconds"] = took
            bench.figures[f"vault_{name}_mb"] = (_size(place) - before) / MB


def _same(one: Path, other: Path) -> bool:
    names = [path.relative_to(one) for path in one.rglob("*") if path.is_file()]
    there = [path for path in other.rglob("*") if path.is_file()]
    return len(there) == len(names) and all(
        filecmp.cmp(one / name, other / name, shallow=False) for name in names
    )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _version(program: str) -> str:
    word = "version" if program == "restic" else "--version"
    told = subprocess.run(  # noqa: S603  # reason: a peer of ours, by its name
        [program, word], check=True, capture_output=True, text=True
    )
    return " ".join(told.stdout.split()[:2])


def _timed(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
