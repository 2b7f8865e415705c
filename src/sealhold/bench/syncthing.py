"""Syncthing as a peer: two of them on this machine, which find each other by address alone.

- No discovery, no relay, no telemetry, no upgrade: nothing leaves the machine. The delay of the
  watcher is one second, the least that it takes; rescans are off.
- What it does is in clear, between two folders; that is what ours is compared with.

Source: docs/benchmarks.md; the configuration and REST pages of docs.syncthing.net.
"""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket
from types import TracebackType
from typing import Any, Final, Self

FOLDER: Final = "bench"
PATIENCE: Final = 120.0  # seconds
LOOK: Final = 0.02  # seconds between two looks
START: Final = 1.0  # seconds in which its watchers begin


def version() -> str | None:
    """Return which Syncthing is installed; None if none is."""
    if shutil.which("syncthing") is None:
        return None
    told = subprocess.run(["syncthing", "--version"], capture_output=True, check=True)  # noqa: S607
    return told.stdout.decode().split()[1]


class Pair:
    """Two running Syncthings that share one folder; a context manager."""

    def __init__(self, room: Path, source: Path, target: Path) -> None:
        """Prepare both in `room`; `source` is filled, `target` empty."""
        self._homes = [room / "first", room / "second"]
        self._folders = [source, target]
        self._ports = [(free_port(), free_port()) for _ in self._homes]
        self._running: list[subprocess.Popen[bytes]] = []
        for home, (gui, listens) in zip(self._homes, self._ports, strict=True):
            _generate(home, gui, listens)
        self._ids = [_device_id(home) for home in self._homes]
        self._keys = [_key(home) for home in self._homes]

    def __enter__(self) -> Self:
        """Start both and make them known to each other; nothing is shared yet."""
        for home in self._homes:
            command = ["syncthing", "serve", f"--home={home}", "--no-browser", "--no-restart"]
            self._running.append(
                subprocess.Popen(  # noqa: S603  # reason: a peer of the bench
                    command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            )
        for number in (0, 1):
            self._until(lambda at=number: self._get(at, "system/ping") is not None, "start")
        for number in (0, 1):
            other = 1 - number
            self._put(
                number,
                f"config/devices/{self._ids[other]}",
                {
                    "deviceID": self._ids[other],
                    "addresses": [f"tcp://127.0.0.1:{self._ports[other][1]}"],
                },
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop both, by their pids."""
        for each in self._running:
            each.terminate()
        for each in self._running:
            try:
                each.wait(20)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()

    def connected(self) -> None:
        """Wait until both talk to each other."""
        for number in (0, 1):
            self._until(lambda at=number: self._is_connected(at), "connect")

    def share(self) -> None:
        """Share the folder; each looks through its own at once and watches it from then on."""
        for number in (0, 1):
            self._put(
                number,
                f"config/folders/{FOLDER}",
                {
                    "id": FOLDER,
                    "path": str(self._folders[number]),
                    "type": "sendreceive",
                    "devices": [{"deviceID": each} for each in self._ids],
                    "fsWatcherEnabled": True,
                    "fsWatcherDelayS": 1,
                    "rescanIntervalS": 0,
                },
            )

    def watched(self) -> None:
        """Wait until both looked through the folder and have nothing to do."""
        for number in (0, 1):
            self._until(lambda at=number: self._is_idle(at), "look")
        time.sleep(START)

    def _is_idle(self, number: int) -> bool:
        told = self._get(number, f"db/status?folder={FOLDER}")
        return told is not None and told.get("state") == "idle" and told.get("needBytes") == 0

    def _is_connected(self, number: int) -> bool:
        told = self._get(number, "system/connections")
        other = self._ids[1 - number]
        return bool(told and told["connections"].get(other, {}).get("connected"))

    def _until(self, holds: Any, what: str) -> None:  # noqa: ANN401  # reason: a question
        end = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError(f"syncthing did not {what}")
            time.sleep(LOOK)

    def _get(self, number: int, path: str) -> Mapping[str, Any] | None:
        try:
            return self._call(number, "GET", path, None)
        except (OSError, urllib.error.URLError):
            return None

    def _put(self, number: int, path: str, body: Mapping[str, Any]) -> None:
        self._call(number, "PUT", path, json.dumps(body).encode())

    def _call(self, number: int, method: str, path: str, body: bytes | None) -> Mapping[str, Any]:
        address = f"http://127.0.0.1:{self._ports[number][0]}/rest/{path}"
        request = urllib.request.Request(  # reason: an address of ours
            address, data=body, method=method, headers={"X-API-Key": self._keys[number]}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            told: bytes = answer.read()
        found: Mapping[str, Any] = json.loads(told) if told.strip() else {}
        return found


def _generate(home: Path, gui: int, listens: int) -> None:
    """Write the configuration of one, without a folder and without any host outside.

    Raises:
        ValueError: what the peer wrote is not of the form that is known here.
    """
    subprocess.run(  # noqa: S603
        ["syncthing", "generate", f"--home={home}", "--no-default-folder"],  # noqa: S607
        check=True,
        capture_output=True,
    )
    path = home / "config.xml"
    tree = ET.parse(path)  # noqa: S314  # reason: a file that the peer just wrote
    root = tree.getroot()
    _set(root, "gui/address", f"127.0.0.1:{gui}")
    options = root.find("options")
    if options is None:
        raise ValueError("a configuration without options")
    for each in options.findall("listenAddress"):
        options.remove(each)
    ET.SubElement(options, "listenAddress").text = f"tcp://127.0.0.1:{listens}"
    for name, value in _QUIET.items():
        found = options.find(name)
        if found is None:
            found = ET.SubElement(options, name)
        found.text = value
    tree.write(path)


_QUIET: Final = {
    "globalAnnounceEnabled": "false",
    "localAnnounceEnabled": "false",
    "relaysEnabled": "false",
    "natEnabled": "false",
    "urAccepted": "-1",
    "autoUpgradeIntervalH": "0",
    "crashReportingEnabled": "false",
    "startBrowser": "false",
    "reconnectionIntervalS": "1",
}


def _set(root: "ET.Element", path: str, value: str) -> None:
    found = root.find(path)
    if found is None:
        raise ValueError(f"a configuration without {path}")
    found.text = value


def _device_id(home: Path) -> str:
    told = subprocess.run(  # noqa: S603
        ["syncthing", "--device-id", f"--home={home}"],  # noqa: S607
        check=True,
        capture_output=True,
    )
    return told.stdout.decode().strip()


def _key(home: Path) -> str:
    found = ET.parse(home / "config.xml").getroot().find("gui/apikey")  # noqa: S314
    if found is None or not found.text:
        raise ValueError("a configuration without a key")
    return found.text


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket(AF_INET, SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def answers(address: str, patience: float) -> None:
    """Wait until something answers at an address of this machine.

    Raises:
        TimeoutError: nothing does.
    """
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=1):  # noqa: S310  # reason: of ours
                return
        except OSError:
            time.sleep(LOOK)
    raise TimeoutError("nothing answers there")
