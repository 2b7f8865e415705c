"""Five devices as processes in the midst of a schedule, each with a home and a folder, and the end.

- A user works in the folders, as users do; the devices are told to sync, and die.
- Devices charge answers to budgets that they share, also after they were put back: what all told
  of in a year is never above the cap, but for what a machine that was put back whole cannot know.
- Whatever a user wrote and did not undo before a sync ended well must be there in the end: as a
  file, as a version beside it, or in the history. Each text is written once, so it can be told.
- What the numbers of a step choose among is what there is at that point, so any part of a schedule
  is a schedule: a failing one is cut down by `tests.property.schedules`.
"""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sealhold.model.shown.devices import RoundView
from tests.property.scheduled_devices import LONG, YEAR, Step
from tests.scenarios.device_process import FILES, Process
from tests.scenarios.spent_processes import Purse, troubles_of
from tests.scenarios.staged_devices import DEVICES, Stage

MOST_ROUNDS = 12
MOST_WRITES = 60  # a kill comes at one of so many durable writes, if a sync has so many
LONGEST = 0.12  # seconds after which a kill comes at a random moment
OWN = ".sealhold"  # how names begin that are none of the user's

OFTEN = {
    "write": 6,
    "edit": 6,
    "rename": 2,
    "move": 3,
    "folder": 2,
    "delete": 3,
    "sync": 12,
    "spend": 7,
    "away": 2,
    "back": 3,
    "clock": 1,
    "again": 1,
    "killed_at_write": 5,
    "killed_at_moment": 3,
    "copy": 2,
    "restore": 2,
    "remove": 0.2,
}


@dataclass
class User:
    """What somebody wrote on one device."""

    unsaid: set[bytes] = field(default_factory=set)  # not undone, and no sync ended since
    safe: set[bytes] = field(default_factory=set)  # a sync ended well since
    given: set[bytes] = field(default_factory=set)  # of those: and reached all carriers


@dataclass
class Scene:
    """Devices in the midst of a schedule."""

    stage: Stage
    seed: int
    alive: dict[int, Process] = field(default_factory=dict)
    lives: int = 0
    users: list[User] = field(default_factory=lambda: [User() for _ in range(DEVICES)])
    copies: dict[int, set[bytes]] = field(default_factory=dict)  # and what was safe then
    clocks: list[int] = field(default_factory=lambda: [0] * DEVICES)
    here: set[int] = field(default_factory=lambda: set(range(DEVICES)))
    texts: int = 0
    kills: int = 0
    purse: Purse = field(default_factory=Purse)
    relay: Process | None = None
    cut: set[int] = field(default_factory=set)  # devices that reach no relay
    last: list[RoundView] = field(default_factory=list)  # of each device

    def begin(self) -> None:
        """Lay the devices down as they were paired."""
        shutil.rmtree(self.stage.run)
        shutil.copytree(self.stage.kept, self.stage.run, symlinks=True)
        if self.stage.port:
            self.relay = self.stage.hatchery.relay(self.stage.run / "relay", self.stage.port)

    def end(self) -> None:
        """Kill all processes."""
        for process in [*self.alive.values(), *([self.relay] if self.relay else [])]:
            self.stage.hatchery.forget(process)
        self.alive.clear()

    def run(self, steps: Sequence[Step]) -> None:
        """Do all steps."""
        for step in steps:
            who = sorted(self.here)[step.who % len(self.here)]
            getattr(self, step.what)(who, step.one, step.two)

    # --- what a user does in a folder ---

    def write(self, who: int, one: int, two: int) -> None:
        path = self._folder(who, one) / f"name {two % 7}"
        if path.is_dir():
            return
        if path.exists():
            self._undone(who, path)
        self._write(who, path)

    def edit(self, who: int, one: int, two: int) -> None:
        path = self._one_of(self._files(who), one)
        if path is None:
            return
        self._undone(who, path)
        if two % 2:  # as editors do that write another file and put it in its place
            beside = path.with_name(f"beside {self.texts}")
            self._write(who, beside)
            beside.rename(path)
        else:
            self._write(who, path)

    def rename(self, who: int, one: int, two: int) -> None:
        path = self._one_of(self._things(who), one)
        if path is not None:
            to = path.with_name(f"name {two % 7}")
            if not to.exists():
                path.rename(to)

    def move(self, who: int, one: int, two: int) -> None:
        path = self._one_of(self._things(who), one)
        if path is not None:
            to = self._folder(who, two) / path.name
            if not to.exists() and not to.is_relative_to(path):
                path.rename(to)

    def folder(self, who: int, one: int, two: int) -> None:
        with suppress(FileExistsError):
            (self._folder(who, one) / f"folder {two % 5}").mkdir()

    def delete(self, who: int, one: int, two: int) -> None:
        del two
        path = self._one_of(self._things(who), one)
        if path is None:
            return
        for each in [path] if path.is_file() else path.rglob("*"):
            if each.is_file():
                self._undone(who, each)
        if path.is_file():
            path.unlink()
        else:
            shutil.rmtree(path)

    # --- what a device does, and what befalls it ---

    def sync(self, who: int, one: int, two: int) -> None:
        del one
        self._well(who, self._process(who).call("sync", deletes=two % 2, at=-1, is_before=False))

    def spend(self, who: int, one: int, two: int) -> None:
        """Have a device charge an answer."""
        try:
            self.purse.charge(who, self._process(who), one, two)
        except ChildProcessError:
            self.kills += 1
            self._gone(who)

    def away(self, who: int, one: int, two: int) -> None:
        del two
        if self.stage.port and one % 2:
            self.cut.add(who)
            self._process(who).call("relay_cut")
        else:
            self._stick(who, one).unlink(missing_ok=True)

    def back(self, who: int, one: int, two: int) -> None:
        del two
        if self.stage.port and one % 2:
            self.cut.discard(who)
            self._process(who).call("relay_back")
        elif not (stick := self._stick(who, one)).is_symlink():
            stick.symlink_to(self.stage.run / f"carrier{stick.name[-1]}")

    def clock(self, who: int, one: int, two: int) -> None:
        del two
        self.clocks[who] = (one % 21 - 10) * YEAR
        self._process(who).call("turned", self.clocks[who])

    def again(self, who: int, one: int, two: int) -> None:
        del two
        if one % 2:
            self._process(who).call("quit")
        self._gone(who)

    def killed_at_write(self, who: int, one: int, two: int) -> None:
        """Kill a device before or behind a durable write of its round."""
        process = self._process(who)
        try:
            done = process.call(
                "sync", deletes=False, at=one % MOST_WRITES, is_before=bool(two % 2)
            )
        except ChildProcessError:
            self.kills += 1
            self._gone(who)
        else:
            self._well(who, done)

    def killed_at_moment(self, who: int, one: int, two: int) -> None:
        """Kill a device at some moment of its round, or of its start."""
        del two
        process = self._process(who)
        process.begin("sync", deletes=False, at=-1, is_before=False)
        process.connection.poll(LONGEST * (one % 1_000) / 1_000)
        self.kills += 1
        self._gone(who)

    def copy(self, who: int, one: int, two: int) -> None:
        """Copy all that a device has, as a snapshot of its machine does."""
        del one, two
        self.copies[who] = set(self.users[who].safe)
        self.purse.copied(who)
        kept = self._kept(who)
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self._at(who), kept, symlinks=True)

    def restore(self, who: int, one: int, two: int) -> None:
        """Put back a device's home, its home and folder, or all of its machine."""
        del one
        safe = self.copies.get(who)
        if safe is None:
            return
        self._gone(who)
        for name in ("home", FILES, "outside")[: 1 + two % 3]:
            self._put_back(who, name)
        if two % 3 > 1:
            self.purse.put_back(who)
        user = self.users[who]
        user.safe = user.given | safe
        user.unsaid = {each.read_bytes() for each in self._files(who)} - user.safe

    def remove(self, who: int, one: int, two: int) -> None:
        """Have an admin remove another device; what nobody had of it is not looked for."""
        del two
        others = sorted(self.here - {0, 1})
        if who not in (0, 1) or len(others) < 2:
            return
        gone = others[one % len(others)]
        device = self._process(gone).call("id")
        self._gone(gone)
        process = self._process(who)
        process.call("remove", device)
        user, had = self.users[gone], process.call("texts", near=True)
        user.unsaid, user.safe = set(), user.safe & had
        self.here.discard(gone)

    # --- the end ---

    def heal(self) -> None:
        """Let all carriers answer and all devices sync until nothing moves."""
        for who in sorted(self.here):
            self._gone(who)
            self.cut.discard(who)
            for number in range(2):
                stick = self._at(who) / f"stick{number}"
                if not stick.is_symlink():
                    stick.symlink_to(self.stage.run / f"carrier{number}")
        for _ in range(MOST_ROUNDS):
            rounds = [
                self._process(who).call("sync", deletes=True, at=-1, is_before=False)
                for who in sorted(self.here)
            ]
            for who, done in zip(sorted(self.here), rounds, strict=True):
                self._well(who, done)
            if not any(_moved(done) for done in rounds):
                self.last = rounds
                return
        raise AssertionError(f"still something to tell after {MOST_ROUNDS} rounds: {rounds}")

    def check(self) -> None:
        """See that all folders and states are equal, and that nothing that was written is lost."""
        for done in self.last:
            assert (troubles_of(done), done.away, done.behind) == ([], (), ()), done
            assert not any(each.failed or each.busy or each.held for each in done.folders), done
        first, *others = sorted(self.here)
        told, lies = self._process(first).call("told"), self._lies(first)
        for other in others:
            assert self._lies(other) == lies, f"{self._lies(other)} and {lies}"
            assert self._process(other).call("told") == told
        for who in sorted(self.here):
            assert self._process(who).call("faults") == []
        had = self._process(first).call("texts")
        lost = {each for user in self.users for each in user.unsaid | user.safe} - had
        assert not lost, f"lost: {sorted(each[:20] for each in lost)}"
        for who in sorted(self.here):
            self.purse.charge_all(who, self._process(who))

    # --- inside ---

    def _process(self, who: int) -> Process:
        if who not in self.alive:
            self.lives += 1
            seed = f"{self.seed} {who} {self.lives}"
            found = self.stage.hatchery.device(self._at(who), seed, self.clocks[who])
            self.alive[who] = found
            if who in self.cut:
                found.call("relay_cut")
        return self.alive[who]

    def _gone(self, who: int) -> None:
        if who in self.alive:
            self.stage.hatchery.forget(self.alive.pop(who))

    def _well(self, who: int, done: RoundView) -> None:
        """Take down that a round ended, and what is safe by that."""
        user = self.users[who]
        waits = [each for each in troubles_of(done) if each.startswith(str(self._at(who)))]
        if not waits and not any(each.busy for each in done.folders):
            user.safe |= user.unsaid
            user.unsaid.clear()
            if not (done.away or troubles_of(done)):
                user.given |= user.safe
                self.purse.exchanged(who)

    def _write(self, who: int, path: Path) -> None:
        text = b"text %d by %d" % (self.texts, who)
        if self.texts % 4 == 0:
            text = text.ljust(LONG, b".")
        self.texts += 1
        path.write_bytes(text)
        self.users[who].unsaid.add(text)

    def _undone(self, who: int, path: Path) -> None:
        """Take down that the user puts an end to a text on this device."""
        self.users[who].unsaid.discard(path.read_bytes())

    def _at(self, who: int) -> Path:
        return self.stage.run / f"device{who}"

    def _kept(self, who: int) -> Path:
        return self.stage.run / f"copy{who}"

    def _stick(self, who: int, one: int) -> Path:
        number = 0 if self.stage.port else one % 2
        return self._at(who) / f"stick{number}"

    def _put_back(self, who: int, name: str) -> None:
        to = self._at(who) / name
        shutil.rmtree(to)
        shutil.copytree(self._kept(who) / name, to, symlinks=True)

    def _things(self, who: int) -> list[Path]:
        files = self._at(who) / FILES
        return sorted(each for each in files.rglob("*") if not each.name.startswith(OWN))

    def _files(self, who: int) -> list[Path]:
        return [each for each in self._things(who) if each.is_file()]

    def _folder(self, who: int, one: int) -> Path:
        folders = [self._at(who) / FILES, *(each for each in self._things(who) if each.is_dir())]
        return folders[one % len(folders)]

    def _lies(self, who: int) -> dict[str, bytes | None]:
        """Return what lies in a folder, by path; folders as None."""
        root = self._at(who) / FILES
        return {
            str(each.relative_to(root)): each.read_bytes() if each.is_file() else None
            for each in self._things(who)
        }

    @staticmethod
    def _one_of(found: list[Path], one: int) -> Path | None:
        return found[one % len(found)] if found else None


def _moved(done: RoundView) -> bool:
    return bool(
        done.taken
        or done.given
        or any(
            each.created
            or each.edited
            or each.moved
            or each.deleted
            or each.written
            or each.renamed
            or each.removed
            for each in done.folders
        )
    )


def tried(stage: Stage, seed: int, steps: Sequence[Step]) -> str | None:
    """Return what is wrong at the end of a schedule; None if nothing is."""
    scene = Scene(stage, seed)
    scene.begin()
    try:
        scene.run(steps)
        scene.heal()
        scene.check()
    except Exception as err:  # noqa: BLE001  # reason: whatever goes wrong is what was looked for
        return f"{type(err).__name__}: {err}"
    finally:
        scene.end()
    return None
