"""A PostgreSQL server of the tests' own: on loopback, a free port, in a folder that goes with it.

- One serves a whole run of tests; each place gets a schema of its own in it. Child processes find
  it by `ADDRESS` in their environment.
- It is ended by its process id when the run ends.
"""

import atexit
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep

import pytest

from sealhold.model.errors import StoreUnavailableError
from sealhold.model.sqlsteps import Ask
from sealhold.net.pg import PgClient

ADDRESS = "SEALHOLD_TEST_PG"
NOBODY = "nobody"
STARTING = 30.0  # seconds
BINARIES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")


def binaries() -> Path | None:
    """Return the folder with the server's programs, None if it is not installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    rooms = [room for pattern in BINARIES for room in Path("/").glob(pattern[1:])]
    return max(rooms, default=None)


@cache
def address() -> str:
    """Return where the server of this run listens; it is started when first asked for."""
    known = os.environ.get(ADDRESS)
    if known:
        return known
    room = binaries()
    if room is None:
        pytest.skip("postgresql is not installed: tools/system-packages.txt")
    folder = Path(tempfile.mkdtemp(prefix="sealhold-pg-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    started = start(room, folder)
    os.environ[ADDRESS] = started
    return started


@dataclass
class Server:
    """A server whose files are in `folder`; it ends with this process at the latest."""

    room: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"postgresql://sealhold@127.0.0.1:{self.port}/postgres"

    def kill(self) -> None:
        """Let it end as if the machine had lost its power."""
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        """Start it on the same files and port; what it left of itself must be gone first."""
        until = monotonic() + STARTING
        while True:
            self.process = _run(self.room, self.folder, self.port)
            if _comes_up(self.port, self.process, until):
                return


def start(room: Path, folder: Path) -> str:
    """Start a server whose files are in `folder`, to end with this process; return its address."""
    return own(room, folder, fsync="off").address  # nobody kills it


def own(room: Path, folder: Path, **settings: str) -> Server:
    """Start a server whose files are in `folder`, to end with this process."""
    user = NOBODY if os.geteuid() == 0 else None  # the server refuses root
    if user is not None:
        shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
    data = folder / "data"
    subprocess.run(
        [room / "initdb", "-D", data, "-U", "sealhold", "-A", "trust", "--no-sync", "-E", "UTF8"],
        check=True,
        stdout=subprocess.DEVNULL,
        user=user,
        cwd=folder,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(room, folder, port, _run(room, folder, port, **settings))
    atexit.register(lambda: _end(server.process))
    assert _comes_up(port, server.process, monotonic() + STARTING), "the server ended"
    return server


def _run(room: Path, folder: Path, port: int, **settings: str) -> subprocess.Popen[bytes]:
    user = NOBODY if os.geteuid() == 0 else None
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": folder,
        "max_connections": 200,
        "shared_buffers": "32MB",
        **settings,
    }
    return subprocess.Popen(
        [
            room / "postgres",
            "-D",
            folder / "data",
            *(f"--{name}={value}" for name, value in options.items()),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=user,
        cwd=folder,
    )


def schema_of(folder: Path) -> str:
    """Return the schema in which the store over `folder` lives."""
    return "p" + sha256(str(folder.resolve()).encode()).hexdigest()[:24]


def client(**settings: str) -> PgClient:
    """Return a way to the server, with `settings` of its own."""
    words = "&".join(f"{name}={value}" for name, value in settings.items())
    return PgClient(f"{address()}?{words}", places=4)


def hand_over(folder: Path) -> None:
    """Let the server write to `folder`."""
    if os.geteuid() == 0:
        shutil.chown(folder, NOBODY)


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _comes_up(port: int, server: subprocess.Popen[bytes], until: float) -> bool:
    """Wait until the server answers; return whether it did not end instead."""
    probe = PgClient(f"postgresql://sealhold@127.0.0.1:{port}/postgres", places=1)
    try:
        while True:
            try:
                with probe.reading() as session:
                    session.run([Ask("SELECT 1")])
                    return True
            except StoreUnavailableError:
                if server.poll() is not None:
                    return False
                assert monotonic() < until, "the server did not start"
                sleep(0.05)
    finally:
        probe.close()
