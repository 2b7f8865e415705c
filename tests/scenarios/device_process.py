"""A device in a process of its own, with its own home: it does what it is told over a pipe.

- `Hatchery` starts one process that imports everything, and has it fork a device at each call, so
  that to start one again after a kill costs little.
- Whatever is durable lies in the device's folder: `home`, `outside` (what a copied home meets
  another one of) and `files`, which is kept equal. Carriers are `stick0`, `stick1` ... below it.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from threading import Thread
from types import MappingProxyType, TracebackType
from typing import Any, Self

from sealhold.crypto.entropy import seeded
from sealhold.model.errors import CarrierAwayError, SealholdError
from sealhold.model.ids import DeviceId, Id16
from sealhold.model.quantities import Instant, year_of
from sealhold.model.shown.devices import RoundView
from sealhold.net.relay import calling
from sealhold.net.relay.server import RelayServer, bind
from sealhold.node import Node, World
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork
from sealhold.node.relaying import opened as opened_relay
from sealhold.node.world import system_clock
from sealhold.vault.budget import Budget
from sealhold.vault.caps import CapKind
from tests.property.scheduled_devices import told
from tests.recording import Recorder
from tests.scenarios.dying_process import Fate, count_writes
from tests.scenarios.vaults import PASSPHRASE, QUICK
from tests.transcripts.cli import Cli
from tests.unit.budget_devices import charged

ROOT = Path(__file__).parents[2]
FILES = "files"  # the collection, and its folder
PATIENCE = 60.0  # seconds for anything that a device is told to do


@dataclass
class Life:
    """What a process has between two calls."""

    node: Node
    work: DeviceWork
    rounds: Rounds
    fate: Fate
    clock: list[int]  # milliseconds that it is wrong by
    cut: list[bool]  # whether no relay is reached

    def sync(self, *, deletes: bool, at: int, is_before: bool) -> RoundView:
        """Do a round; it dies at a durable write, if there are so many."""
        self.fate.count, self.fate.at, self.fate.is_before = 0, at, is_before
        try:
            return self.rounds.run(deletes=deletes)
        finally:
            self.fate.at = -1

    def charge(self, bits: int, at: int, *, is_before: bool) -> tuple[int, bool]:
        """Charge an answer, in which it may die as in a round; return the year, and whether."""
        year = year_of(self.work.core.clock())
        self.fate.count, self.fate.at, self.fate.is_before = 0, at, is_before
        try:
            return year, not charged(self.work.core, bits)
        finally:
            self.fate.at = -1

    def cap(self) -> int:
        """Return what all answers for one purpose in a year may cost together, in bits."""
        core = self.work.core
        budget = Budget(core.deciding, core.keys)
        return budget.cap(CapKind.PURPOSE) // 1_000_000

    def writes(self) -> int:
        """Return how many durable writes the last round made."""
        return self.fate.count

    def turned(self, milliseconds: int) -> None:
        """Set the clock wrong by so much."""
        self.clock[0] = milliseconds

    def relay_cut(self) -> None:
        """Have no relay answer from now on."""
        self.cut[0] = True

    def relay_back(self) -> None:
        """Have relays answer again."""
        self.cut[0] = False

    def told(self) -> object:
        """Return all that the collection comes to."""
        opened = self.work.devices.collection(FILES)
        shown, standing, _, *rest = told(opened)
        contents = {
            key: repr(each) for key, each in opened.replica.state._contents.items()
        }  # no keys
        return shown, standing, contents, rest

    def texts(self, *, near: bool = False) -> set[bytes]:
        """Return each content of each version, read from where it lies; or those at hand alone."""
        opened, found = self.work.devices.collection(FILES), set[bytes]()
        for each in opened.replica.state.contents():
            try:
                found.add(b"".join(opened.bodies.read(each)))
            except SealholdError:
                if not near:
                    raise
        return found

    def faults(self) -> list[str]:
        """Return what is wrong with entries that came."""
        replica = self.work.devices.collection(FILES).replica
        found = [f"refused: {each}" for each in replica.state.refused]
        found += [f"forked: {each}" for each in replica.book.forks()]
        found += [f"behind: {each}" for each in replica.book.behind()]
        state = self.node.audit.verify()
        return found + [f"audit: {each}" for each in state.faults]

    def id(self) -> bytes:
        """Return the id of this device."""
        return bytes(self.work.devices.me.id)

    def remove(self, device: bytes) -> None:
        """Remove another device."""
        self.work.remove(DeviceId(Id16(device)))

    def quit(self) -> None:
        """Close everything, as at a clean end."""
        self.rounds.__exit__(None, None, None)
        self.node.lock()


@dataclass
class Relay:
    """What a relay was shown."""

    recorder: Recorder

    def fields(self) -> set[str]:
        """Return the names of all fields that it saw."""
        return self.recorder.fields

    def calls(self) -> int:
        """Return how many calls there were."""
        return len(self.recorder.calls)


@dataclass
class Process:
    """A device that runs, seen from outside."""

    connection: Connection
    pid: int

    def call(self, what: str, *given: object, **named: object) -> Any:  # noqa: ANN401  # reason: each call returns its own
        """Have the device do something; return what it returned.

        Raises:
            ChildProcessError: it died on the way.
            RuntimeError: it could not, with what it said.
        """
        self.begin(what, *given, **named)
        return self.ended()

    def begin(self, what: str, *given: object, **named: object) -> None:
        """Have the device do something, and do not wait for it."""
        self.connection.send((what, given, named))

    def ended(self) -> Any:  # noqa: ANN401  # reason: each call returns its own
        """Return what a call that was begun returned; raises as `call`."""
        try:
            if not self.connection.poll(PATIENCE):
                raise TimeoutError(f"nothing came from a device for {PATIENCE} s")
            found = self.connection.recv()
        except (EOFError, ConnectionResetError) as err:
            raise ChildProcessError("the device died") from err
        if isinstance(found, BaseException):
            raise found
        return found

    def kill(self) -> None:
        """Kill it with SIGKILL, and wait until it is gone."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        while self.connection.poll(PATIENCE):
            try:
                self.connection.recv()
            except (EOFError, ConnectionResetError):
                break
        self.connection.close()
        while Path(f"/proc/{self.pid}").exists():  # its locks may outlast its pipe by a moment
            time.sleep(0.001)


@dataclass(frozen=True)
class Died:
    """How a command ended that was to be killed at a durable write."""

    code: int  # -9 if it was
    writes: int  # durable ones that it made; 0 if it was killed
    out: str = ""
    err: str = ""


@dataclass
class Hatchery:
    """What starts devices, each in a process forked from one that has imported everything."""

    folder: Path
    _process: "subprocess.Popen[bytes] | None" = None
    _alive: list[Process] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import hatch; hatch()", str(self._address)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        until = time.monotonic() + PATIENCE
        while not self._address.exists():
            assert self._process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in self._alive:
            each.kill()
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def device(self, folder: Path, seed: str, clock: int = 0) -> Process:
        """Start the device of a folder."""
        return self._hatch("device", str(folder), seed, clock)

    def relay(self, folder: Path, port: int) -> Process:
        """Start a relay at a port."""
        return self._hatch("relay", str(folder), port)

    def command(
        self,
        folder: Path,
        line: str,
        at: int = -1,
        later: int = 0,
        env: Mapping[str, str] = MappingProxyType({}),
    ) -> Died:
        """Run a command in a folder, `later` milliseconds from now; `at` names when it is killed.

        It is killed behind durable write `at // 2`, or before it if `at` is odd.
        """
        words = tuple(shlex.split(line))
        process = self._hatch("command", str(folder), words, at, later, dict(env))
        try:
            found = process.ended()
        except ChildProcessError:
            found = Died(-9, 0)
        self.forget(process)
        assert isinstance(found, Died)
        return found

    def forget(self, process: Process) -> None:
        """Kill a process."""
        process.kill()
        self._alive.remove(process)

    def _hatch(self, *told: object) -> Process:
        connection = Client(str(self._address), "AF_UNIX")
        connection.send(told)
        found = Process(connection, 0)
        found.pid = found.ended()
        self._alive.append(found)
        return found

    @property
    def _address(self) -> Path:
        return self.folder / "hatch"


def world(folder: Path, seed: str, clock: list[int]) -> World:
    """Return the surroundings of a device: a clock that can be wrong, and entropy of a seed."""
    return World(
        clock=lambda: Instant(system_clock() + clock[0]),
        entropy=seeded(seed.encode()),
        stretch=QUICK,
        outside=lambda: folder / "outside",
    )


def _device(connection: Connection, folder: str, seed: str, clock: int) -> None:
    os.chdir(folder)
    fate, wrong, cut = count_writes(), [clock], [False]
    _cuttable(cut)
    with Node(Path("home"), world(Path(), seed, wrong)) as node:
        node.unlock(PASSPHRASE)
        work = DeviceWork(node)
        connection.send(os.getpid())
        with Rounds(work) as rounds:
            _serve(connection, Life(node, work, rounds, fate, wrong, cut))


def _cuttable(cut: list[bool]) -> None:
    real = calling.Caller.call

    def unless_cut(self: calling.Caller, call: calling.Call) -> calling.Reply:
        if cut[0]:
            raise CarrierAwayError("the relay does not answer")
        return real(self, call)

    calling.Caller.call = unless_cut  # type: ignore[method-assign]


def _relay(connection: Connection, folder: str, port: int) -> None:
    with opened_relay(Path(folder), World(), ranges=False) as parts:
        doors, kept = parts
        recorder = Recorder()
        server = RelayServer(
            doors, bind("127.0.0.1", port), watch=recorder, woken=kept.committing.end
        )
        Thread(target=server.run, daemon=True).start()
        connection.send(os.getpid())
        _serve(connection, Relay(recorder))


def _command(  # reason: all that a command runs by
    connection: Connection,
    folder: str,
    words: tuple[str, ...],
    at: int,
    later: int,
    env: dict[str, str],
) -> None:
    """Run one command of the program; kill it behind a durable write, or before if `at` is odd."""
    os.environ["XDG_STATE_HOME"] = folder
    cli = Cli(Path(folder))
    cli.now, cli._entropy = Instant(system_clock() + later), World().entropy  # type: ignore[assignment]
    fate = count_writes()
    fate.at, fate.is_before = (at // 2 if at >= 0 else -1), bool(at % 2)
    connection.send(os.getpid())
    ended = cli(*words, env={"SEALHOLD_PASSPHRASE": PASSPHRASE, **env})
    connection.send(Died(ended.code, fate.count, ended.out, ended.err))


def _serve(connection: Connection, life: Life | Relay) -> None:
    """Do what is told until the other end is gone or says `quit`."""
    while True:
        try:
            what, given, named = connection.recv()
        except EOFError:
            return
        try:
            done = getattr(life, what)(*given, **named)
        except (SealholdError, OSError) as err:
            done = RuntimeError(f"{type(err).__name__}: {err}")
        connection.send(done)
        if what == "quit":
            return


ROLES: dict[str, Callable[..., None]] = {"device": _device, "relay": _relay, "command": _command}


def hatch() -> None:
    """Fork a process at each call, until killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with Listener(sys.argv[1], "AF_UNIX") as listener:
        while True:
            connection = listener.accept()
            role, *given = connection.recv()
            if os.fork():
                connection.close()
                continue
            listener._listener._socket.close()  # type: ignore[attr-defined]  # the socket alone
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            code = 1
            try:
                ROLES[role](connection, *given)
                code = 0
            except Exception as err:  # noqa: BLE001  # reason: whoever hatched it is told
                with suppress(OSError):
                    connection.send(RuntimeError(f"ended: {type(err).__name__}: {err}"))
            finally:
                os._exit(code)
