"""Devices in one home network, each a process on a machine of its own: they meet, go and come."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import IO, Any

import pytest

from sealhold.bench.processes import program, surroundings
from sealhold.bench.vaults import PASSPHRASE, new_vault
from sealhold.node import opened
from sealhold.node.devicework import DeviceWork
from sealhold.node.nearwork import turn_on
from sealhold.node.pairingwork import joined
from tests.scenarios.namespaces import home_network, inside

PATIENCE = 60.0  # seconds; far more than anything here takes
STRANGER = """
import json, os, socket, ssl
from sealhold.net.mdns import browse
for _ in range(6):  # a busy machine may be slow to answer
    seen = browse(["10.77.0.3"], 5.0, enough=2)
    if len(seen) == 2:
        break
got = []
for each in seen:
    asked = b"GET /v1/health HTTP/1.1\\r\\nHost: device\\r\\n\\r\\n"
    for first in (os.urandom(64), asked + bytes(64 - len(asked))):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        line = context.wrap_socket(socket.create_connection((each.addresses[0], each.port), 10))
        line.sendall(first)
        data = b""
        try:
            while more := line.recv(4_096):
                data += more
        except OSError:
            pass
        got.append(len(data))
open_elsewhere = [
    socket.socket().connect_ex((f"20.0.0.{number}", each.port)) == 0
    for each in seen for number in (1, 2)
]
told = [[each.name, list(each.addresses)] for each in seen]
print(json.dumps({"seen": told, "got": got, "elsewhere": open_elsewhere}))
"""


class Watching:
    """A device that watches, on a machine of its own, and what it says."""

    def __init__(self, space: str, home: Path) -> None:
        words = program("--home", str(home), "--json", "device", "sync", "--watch")
        self.process = subprocess.Popen(
            inside(space, *words),
            env={**surroundings(PASSPHRASE), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        self.rounds: Queue[dict[str, Any]] = Queue()
        self._thread = Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._thread.start()

    def until(self, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first round from now on that is so; none before it had a trouble."""
        while True:
            done = self.rounds.get(timeout=PATIENCE)
            assert (done["troubles"], done["away"], done["behind"]) == ([], [], [])
            if is_so(done):
                return done

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it, by its pid."""
        self.process.send_signal(how)
        self.process.wait(PATIENCE)
        self._thread.join(PATIENCE)

    def _read(self, said: IO[bytes]) -> None:
        with said:
            for line in said:
                self.rounds.put(json.loads(line))


def paired(folder: Path) -> list[Path]:
    """Return the homes of two devices that know each other, and meet in no place."""
    homes = [new_vault(folder / name) for name in ("laptop", "phone")]
    stick = f"folder:{folder / 'stick'}"
    with opened(homes[0], PASSPHRASE) as first, opened(homes[1], PASSPHRASE) as second:
        laptop, phone = DeviceWork(first), DeviceWork(second)
        laptop.begin("laptop")
        laptop.add_carrier(stick)
        laptop.create("notes")
        joined(laptop, phone, "phone", place=stick)
        for work, name in ((laptop, "at laptop"), (phone, "at phone")):
            (folder / name).mkdir()
            work.bind("notes", folder / name)
            turn_on(work)
            work.drop_carrier(stick)
    return homes


@contextmanager
def watching(space: str, home: Path) -> Iterator[Watching]:
    found = Watching(space, home)
    try:
        yield found
    finally:
        if found.process.poll() is None:
            found.end(signal.SIGKILL)


def came(path: Path, text: str) -> None:
    """Wait until a file is there."""
    ends = time.monotonic() + PATIENCE
    while not (path.exists() and path.read_text() == text):
        assert time.monotonic() < ends, path
        time.sleep(0.01)


def once(space: str, home: Path) -> list[str]:
    """Do one round, which looks for a bounded time; return who was there."""
    said = subprocess.run(
        inside(space, *program("--home", str(home), "--json", "device", "sync")),
        env=surroundings(PASSPHRASE),
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    ).stdout
    return list(json.loads(said)["near"])


@pytest.mark.threat("T506")
@pytest.mark.threat("T531")
def test_devices_meet_in_a_home_network_go_and_come_and_a_stranger_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    one, other = tmp_path / "at laptop", tmp_path / "at phone"
    with home_network("laptop", "phone", "stranger") as net, ExitStack() as stack:
        homes = paired(tmp_path)
        (one / "first.md").write_text("from the laptop")
        laptop = stack.enter_context(watching(net["laptop"], homes[0]))
        phone = stack.enter_context(watching(net["phone"], homes[1]))
        came(other / "first.md", "from the laptop")
        assert laptop.until(lambda done: bool(done["near"]))["near"] == ["phone"]
        assert phone.until(lambda done: bool(done["near"]))["near"] == ["laptop"]
        (other / "back.md").write_text("from the phone")
        came(one / "back.md", "from the phone")

        said = subprocess.run(
            inside(net["stranger"], sys.executable, "-c", STRANGER),
            check=True,
            capture_output=True,
            timeout=PATIENCE,
        ).stdout
        told = json.loads(said)
        assert sorted(at for _, [at] in told["seen"]) == ["10.77.0.1", "10.77.0.2"]
        assert told["got"] == [32] * 4  # a nonce, and nothing else
        assert told["elsewhere"] == [False] * 4  # nobody listens at a public address

        phone.end(signal.SIGKILL)  # nobody says goodbye
        (one / "alone.md").write_text("while the phone is away")
        laptop.until(lambda done: bool(done["given"]) and not done["near"])
        again = stack.enter_context(watching(net["phone"], homes[1]))
        came(other / "alone.md", "while the phone is away")

        laptop.end()
        assert laptop.process.returncode == 130
        (one / "once.md").write_text("by one round")
        tries = (once(net["laptop"], homes[0]) for _ in range(4))  # as above
        assert any(found == ["phone"] for found in tries)
        came(other / "once.md", "by one round")
        again.end()
