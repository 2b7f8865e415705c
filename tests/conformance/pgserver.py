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
from functools import cache
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep

import pytest

from sealhold.model.errors import StoreUnavailableError
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


def start(room: Path, folder: Path) -> str:
    """Start a server whose files are in `folder`, to end with this process; return its address."""
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
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": folder,
        "max_connections": 200,
        "shared_buffers": "32MB",
    }
    server = subprocess.Popen(
        [room / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=user,
        cwd=folder,
    )
    atexit.register(_end, server)
    _wait_for(port, server)
    return f"postgresql://sealhold@127.0.0.1:{port}/postgres"


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


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    probe = PgClient(f"postgresql://sealhold@127.0.0.1:{port}/postgres", places=1)
    until = monotonic() + STARTING
    try:
        while True:
            try:
                with probe.reading():
                    return
            except StoreUnavailableError:
                assert server.poll() is None, "the server ended"
                assert monotonic() < until, "the server did not start"
                sleep(0.05)
    finally:
        probe.close()
