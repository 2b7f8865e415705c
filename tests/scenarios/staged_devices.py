"""Five devices with homes and folders of their own, paired, and kept to begin schedules from."""

import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sealhold.node import Node, Places, World, create
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork
from sealhold.node.relaying import Accounts, make
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.identity import DeviceKeys
from sealhold.sharing.devices.joinpapers import request
from tests.scenarios.device_process import FILES, Hatchery, world
from tests.scenarios.vaults import PASSPHRASE
from tests.transcripts.cli import inside
from tests.unit.budget_devices import charged

DEVICES = 5


@dataclass(frozen=True)
class Stage:
    """Devices that are paired, kept as they were, and where schedules run from a copy of them."""

    folder: Path
    hatchery: Hatchery
    port: int = 0  # of the relay; 0 without

    @property
    def kept(self) -> Path:
        return self.folder / "kept"

    @property
    def run(self) -> Path:
        return self.folder / "run"


@contextmanager
def staged(folder: Path, *, with_relay: bool = False) -> Iterator[Stage]:
    """Return devices that were paired, over two folders or over a folder and a relay."""
    with Hatchery(folder) as hatchery:
        stage = Stage(folder, hatchery, free_port() if with_relay else 0)
        stage.run.mkdir()
        ways = [("folder:stick0", "")]
        relay = None
        if with_relay:
            make(stage.run / "relay", Places(), World())
            _, token = Accounts(stage.run / "relay").add(1 << 30, World().entropy)
            relay = hatchery.relay(stage.run / "relay", stage.port)
            ways.append((f"http://127.0.0.1:{stage.port}", token))
        else:
            ways.append(("folder:stick1", ""))
        _pair(stage, ways)
        if relay is not None:
            hatchery.forget(relay)
        shutil.copytree(stage.run, stage.kept, symlinks=True)
        yield stage


def _pair(stage: Stage, ways: Sequence[tuple[str, str]]) -> None:
    """Make homes, and have the first device take the others in."""
    nodes: list[tuple[Path, Node, DeviceWork]] = []
    for at in range(DEVICES):
        mine = stage.run / f"device{at}"
        for name in (FILES, "outside"):
            (mine / name).mkdir(parents=True)
        for number in range(2):
            (stage.run / f"carrier{number}").mkdir(exist_ok=True)
            (mine / f"stick{number}").symlink_to(stage.run / f"carrier{number}")
        surroundings = world(mine, f"begin {at}", [0])
        create(mine / "home", PASSPHRASE, headless=True, world=surroundings)
        node = Node(mine / "home", surroundings)
        node.unlock(PASSPHRASE)
        nodes.append((mine, node, DeviceWork(node)))
    (folder, _, first), *others = nodes
    with inside(folder):
        first.begin("device 0")
        for address, token in ways:
            first.add_carrier(address, token)
        first.create(FILES)
        for at, (_, node, work) in enumerate(others, 1):
            role = Role.ADMIN if at == 1 else Role.FULL
            keys = DeviceKeys.generate(node.parts.core.clock(), node.parts.core.entropy)
            public = keys.signer.public + keys.box.public
            asked = request(f"device {at}", keys.published())
            payload = first.certify(public, asked, role.value, ())
            theirs, entropy = first.introduction(), node.parts.core.entropy
            for way in joining.accept(work.devices, keys, f"device {at}", theirs, payload, entropy):
                work.keep_carrier(way)
    for is_short in (False, True, False):  # of budgets, of which each device lacks some at first
        _meet(nodes, is_short=is_short)
    for mine, node, work in nodes:
        work.bind(FILES, mine / FILES)
        node.lock()


def _meet(nodes: Sequence[tuple[Path, Node, DeviceWork]], *, is_short: bool) -> None:
    for mine, _, work in nodes:
        if is_short:
            charged(work.core, 9)
        with inside(mine), Rounds(work) as rounds:
            rounds.run()


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
